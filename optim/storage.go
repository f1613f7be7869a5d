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

// F32 returns a parameter in float32.
func F32(name string, weights, grad []float32, shape ...int) *Param {
	return newParam(name, &storageF32, arrayOf(weights), arrayOf(grad), shape)
}

// F64 returns a parameter in float64.
func F64(name string, weights, grad []float64, shape ...int) *Param {
	return newParam(name, &storageF64, arrayOf(weights), arrayOf(grad), shape)
}

// F32M16 returns a parameter in float32 whose momentum is in bfloat16.
func F32M16(name string, weights, grad []float32, shape ...int) *Param {
	return newParam(name, &storageF32M16, arrayOf(weights), arrayOf(grad), shape)
}

// BF16 returns a parameter in bfloat16.
func BF16(name string, weights, grad []lion.BF16, shape ...int) *Param {
	return newParam(name, &storageBF16, arrayOf(weights), arrayOf(grad), shape)
}

// F16 returns a parameter in IEEE halves.
func F16(name string, weights, grad []lion.F16, shape ...int) *Param {
	return newParam(name, &storageF16, arrayOf(weights), arrayOf(grad), shape)
}

// KahanBF16 returns a parameter in bfloat16 with a compensation, which begins with zeros.
func KahanBF16(name string, weights, grad []lion.BF16, shape ...int) *Param {
	return newParam(name, &storageKahan, arrayOf(weights), arrayOf(grad), shape)
}

// SplitBF16 returns a parameter whose float32 weights are stored as weights, rounded to
// bfloat16, and 16 more bits, which begin with zeros.
func SplitBF16(name string, weights, grad []lion.BF16, shape ...int) *Param {
	return newParam(name, &storageSplit, arrayOf(weights), arrayOf(grad), shape)
}

// MasterBF16 returns a parameter in bfloat16 that is the rounded copy of float32 weights,
// which begin with those that weights hold when [New] gets it.
func MasterBF16(name string, weights, grad []lion.BF16, shape ...int) *Param {
	return newParam(name, &storageMasterBF16, arrayOf(weights), arrayOf(grad), shape)
}

// MasterBF16M16 is MasterBF16 with the momentum in bfloat16.
func MasterBF16M16(name string, weights, grad []lion.BF16, shape ...int) *Param {
	return newParam(name, &storageMasterBF16M16, arrayOf(weights), arrayOf(grad), shape)
}

// MasterF16 is MasterBF16 in IEEE halves.
func MasterF16(name string, weights, grad []lion.F16, shape ...int) *Param {
	return newParam(name, &storageMasterF16, arrayOf(weights), arrayOf(grad), shape)
}

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
