package optim

import "github.com/lionkernel/lion"

// The names of what the optimizer adds to a parameter's.
const (
	momentumName     = "exp_avg" // as PyTorch's optimizers have it
	masterName       = "master"
	lowName          = "lo"
	compensationName = "compensation"
)

// The storages. The bytes are those of lion's documentation.
var (
	storageF32 = storage{name: "F32", weights: f32, grad: f32, momentum: f32, bytes: 20,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorF32(of[float32](p.weights), of[float32](p.grad), of[float32](p.momentum))
		}}
	storageF64 = storage{name: "F64", weights: f64, grad: f64, momentum: f64, bytes: 40,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorF64(of[float64](p.weights), of[float64](p.grad), of[float64](p.momentum))
		}}
	storageF32M16 = storage{name: "F32M16", weights: f32, grad: f32, momentum: bf16, bytes: 16,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorF32M16(of[float32](p.weights), of[float32](p.grad), of[lion.BF16](p.momentum))
		}}
	storageBF16 = storage{name: "BF16", weights: bf16, grad: bf16, momentum: bf16, bytes: 10, random: true,
		tensor: func(p *Param) (lion.Tensor, error) {
			t, err := lion.TensorBF16(of[lion.BF16](p.weights), of[lion.BF16](p.grad), of[lion.BF16](p.momentum))
			return t.From(p.first), err
		}}
	storageF16 = storage{name: "F16", weights: f16, grad: f16, momentum: f16, bytes: 10, random: true,
		tensor: func(p *Param) (lion.Tensor, error) {
			t, err := lion.TensorF16(of[lion.F16](p.weights), of[lion.F16](p.grad), of[lion.F16](p.momentum))
			return t.From(p.first), err
		}}
	storageKahan = storage{name: "KahanBF16", weights: bf16, grad: bf16, momentum: bf16, extra: bf16, extraName: compensationName, bytes: 14,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorBF16Kahan(of[lion.BF16](p.weights), of[lion.BF16](p.grad), of[lion.BF16](p.momentum), of[lion.BF16](p.extra))
		}}
	storageSplit = storage{name: "SplitBF16", weights: bf16, grad: bf16, momentum: bf16, extra: low16, extraName: lowName, bytes: 14,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorSplit(of[lion.BF16](p.weights), of[uint16](p.extra), of[lion.BF16](p.grad), of[lion.BF16](p.momentum))
		}}
	storageMasterBF16 = storage{name: "MasterBF16", weights: bf16, grad: bf16, momentum: f32, extra: f32, extraName: masterName, bytes: 20, master: true,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorMasterBF16(of[float32](p.extra), of[lion.BF16](p.grad), of[float32](p.momentum), of[lion.BF16](p.weights))
		}}
	storageMasterBF16M16 = storage{name: "MasterBF16M16", weights: bf16, grad: bf16, momentum: bf16, extra: f32, extraName: masterName, bytes: 16, master: true,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorMasterBF16M16(of[float32](p.extra), of[lion.BF16](p.grad), of[lion.BF16](p.momentum), of[lion.BF16](p.weights))
		}}
	storageMasterF16 = storage{name: "MasterF16", weights: f16, grad: f16, momentum: f32, extra: f32, extraName: masterName, bytes: 20, master: true,
		tensor: func(p *Param) (lion.Tensor, error) {
			return lion.TensorMasterF16(of[float32](p.extra), of[lion.F16](p.grad), of[float32](p.momentum), of[lion.F16](p.weights))
		}}
)

// widen makes the master of p what its weights are.
func (p *Param) widen() error {
	if p.weights.kind == f16 {
		return lion.WidenF16(of[float32](p.extra), of[lion.F16](p.weights))
	}
	return lion.WidenBF16(of[float32](p.extra), of[lion.BF16](p.weights))
}

// narrow makes p's weights what its master is, rounded.
func (p *Param) narrow() error {
	if p.weights.kind == f16 {
		return lion.NarrowF16(of[lion.F16](p.weights), of[float32](p.extra))
	}
	return lion.NarrowBF16(of[lion.BF16](p.weights), of[float32](p.extra))
}
