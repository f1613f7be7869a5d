package lion

import (
	"fmt"
	"unsafe"
)

// A Tensor is the slices of one step, checked once, in any of the storages: what
// [Stepper.StepTensors] takes many of. It refers to the slices and copies nothing, so
// that it stands for whatever they hold when it is used. It is immutable, safe to copy
// and to share between goroutines. The zero Tensor is empty.
//
// Each storage has a function that makes one, with the slices of the step of that name.
// They must have one length and share no memory, else the error wraps ErrLength or
// ErrOverlap. Empty and nil slices are fine.
type Tensor struct {
	param, grad, momentum, extra unsafe.Pointer // extra: the step's fourth slice
	n, index                     int            // index is that of the first element
	storage                      tensorStorage
}

// tensorStorage says by which step a Tensor is stepped.
type tensorStorage uint8

const (
	tensorNone tensorStorage = iota
	tensorF32
	tensorF64
	tensorBF16
	tensorF16
	tensorMasterBF16
	tensorMasterBF16M16
	tensorMasterF16
	tensorF32M16
	tensorSplit
	tensorKahan
	numTensorStorages
)

// tensorSizes are the bytes of an element of param, grad, momentum and extra.
var tensorSizes = [numTensorStorages][4]uint8{
	tensorF32:           {4, 4, 4, 0},
	tensorF64:           {8, 8, 8, 0},
	tensorBF16:          {2, 2, 2, 0},
	tensorF16:           {2, 2, 2, 0},
	tensorMasterBF16:    {4, 2, 4, 2},
	tensorMasterBF16M16: {4, 2, 2, 2},
	tensorMasterF16:     {4, 2, 4, 2},
	tensorF32M16:        {4, 4, 2, 0},
	tensorSplit:         {2, 2, 2, 2},
	tensorKahan:         {2, 2, 2, 2},
}

// at is where a slice's elements are. Unlike mem.Data it doesn't hide that from the
// compiler: a Tensor keeps it.
func at[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// slice is n elements at p.
func slice[T any](p unsafe.Pointer, n int) []T { return unsafe.Slice((*T)(p), n) }

// TensorF32 makes a Tensor of the slices of StepF32.
func TensorF32(param, grad, momentum []float32) (Tensor, error) {
	return Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, tensorF32},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"))
}

// TensorF64 makes a Tensor of the slices of StepF64.
func TensorF64(param, grad, momentum []float64) (Tensor, error) {
	return Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, tensorF64},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"))
}

// TensorBF16 makes a Tensor of the slices of StepBF16.
func TensorBF16(param, grad, momentum []BF16) (Tensor, error) {
	return Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, tensorBF16},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"))
}

// TensorF16 makes a Tensor of the slices of StepF16.
func TensorF16(param, grad, momentum []F16) (Tensor, error) {
	return Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, tensorF16},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"))
}

// TensorMasterBF16 makes a Tensor of the slices of StepMasterBF16.
func TensorMasterBF16(master []float32, grad []BF16, momentum []float32, shadow []BF16) (Tensor, error) {
	return Tensor{at(master), at(grad), at(momentum), at(shadow), len(master), 0, tensorMasterBF16},
		checkSlices(part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// TensorMasterBF16M16 makes a Tensor of the slices of StepMasterBF16M16.
func TensorMasterBF16M16(master []float32, grad, momentum, shadow []BF16) (Tensor, error) {
	return Tensor{at(master), at(grad), at(momentum), at(shadow), len(master), 0, tensorMasterBF16M16},
		checkSlices(part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// TensorMasterF16 makes a Tensor of the slices of StepMasterF16.
func TensorMasterF16(master []float32, grad []F16, momentum []float32, shadow []F16) (Tensor, error) {
	return Tensor{at(master), at(grad), at(momentum), at(shadow), len(master), 0, tensorMasterF16},
		checkSlices(part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// TensorF32M16 makes a Tensor of the slices of StepF32M16.
func TensorF32M16(param, grad []float32, momentum []BF16) (Tensor, error) {
	return Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, tensorF32M16},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"))
}

// TensorSplit makes a Tensor of the slices of StepSplit.
func TensorSplit(hi []BF16, lo []uint16, grad, momentum []BF16) (Tensor, error) {
	return Tensor{at(hi), at(grad), at(momentum), at(lo), len(hi), 0, tensorSplit},
		checkSlices(part(hi, "hi"), part(lo, "lo"), part(grad, "grad"), part(momentum, "momentum"))
}

// TensorBF16Kahan makes a Tensor of the slices of StepBF16Kahan.
func TensorBF16Kahan(param, grad, momentum, compensation []BF16) (Tensor, error) {
	return Tensor{at(param), at(grad), at(momentum), at(compensation), len(param), 0, tensorKahan},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), part(compensation, "compensation"))
}

// Len returns how many elements t has.
func (t Tensor) Len() int { return t.n }

// Slice returns elements i to j−1 of t. Its first is element i to random rounding too,
// so that parts are stepped to the bits of the whole. It panics unless
// 0 ≤ i ≤ j ≤ t.Len().
func (t Tensor) Slice(i, j int) Tensor {
	if i < 0 || j < i || j > t.n {
		panic(fmt.Sprintf("lion: Tensor.Slice(%d, %d) of %d elements", i, j, t.n))
	}
	if i == j { // a pointer behind the last element would be one into what follows
		return Tensor{storage: t.storage}
	}
	size := &tensorSizes[t.storage]
	t.param = unsafe.Add(t.param, i*int(size[0]))
	t.grad = unsafe.Add(t.grad, i*int(size[1]))
	t.momentum = unsafe.Add(t.momentum, i*int(size[2]))
	t.extra = unsafe.Add(t.extra, i*int(size[3]))
	t.n, t.index = j-i, t.index+i
	return t
}

// From returns t with its first element at index, ≥ 0, for StochasticRounding: see
// Stepper.From, whose index is added to it. Tensors that are stepped by one Stepper want
// ranges of their own, or else they draw the same bits.
func (t Tensor) From(index int) Tensor {
	t.index = index
	return t
}

// GradStats returns the statistics of t's gradient: those of the function GradStats.
func (t Tensor) GradStats() Stats {
	switch tensorGrad[t.storage] {
	case tensorF32:
		return GradStats(slice[float32](t.grad, t.n))
	case tensorF64:
		return GradStats(slice[float64](t.grad, t.n))
	case tensorBF16:
		return GradStats(slice[BF16](t.grad, t.n))
	case tensorF16:
		return GradStats(slice[F16](t.grad, t.n))
	}
	return Stats{}
}

// GradStatsPart returns the statistics of t's gradient, where t is the part of a tensor
// that begins at element index: those of the function GradStatsPart, with its errors.
func (t Tensor) GradStatsPart(index int) (StatsPart, error) {
	switch tensorGrad[t.storage] {
	case tensorF64:
		return GradStatsPart(index, slice[float64](t.grad, t.n))
	case tensorBF16:
		return GradStatsPart(index, slice[BF16](t.grad, t.n))
	case tensorF16:
		return GradStatsPart(index, slice[F16](t.grad, t.n))
	}
	return GradStatsPart(index, slice[float32](t.grad, t.n))
}

// tensorGrad is the storage that is of the gradient's type altogether.
var tensorGrad = [numTensorStorages]tensorStorage{
	tensorF32: tensorF32, tensorF64: tensorF64, tensorBF16: tensorBF16, tensorF16: tensorF16,
	tensorMasterBF16: tensorBF16, tensorMasterBF16M16: tensorBF16, tensorMasterF16: tensorF16,
	tensorF32M16: tensorF32, tensorSplit: tensorBF16, tensorKahan: tensorBF16,
}

// StepTensors steps each of ts, of any storages and lengths, in their order: the bits are
// those of a call of its own for each. For a small tensor that saves most of the cost
// of a call. A CautiousScale counts each of ts for itself. That two of them share no
// memory is the caller's to see to.
//
// The error wraps ErrConfig if s is the zero Stepper, or lacks the At or From that one of
// ts needs; then nothing has been written. It allocates nothing.
func (s Stepper) StepTensors(ts []Tensor) error {
	if !s.plan.ready {
		return s.unready()
	}
	if s.plan.rounding == StochasticRounding {
		for i := range ts {
			t := &ts[i]
			if t.storage != tensorBF16 && t.storage != tensorF16 {
				continue
			}
			if at := s.From(int(s.draws.index) + t.index); !at.draws.placed() {
				return at.unready()
			}
		}
	}
	for i := range ts {
		if err := s.stepTensor(&ts[i]); err != nil {
			return err
		}
	}
	return nil
}

// stepTensor steps t by the call of its storage.
func (s *Stepper) stepTensor(t *Tensor) error {
	p, g, m, x, n := t.param, t.grad, t.momentum, t.extra, t.n
	switch t.storage {
	case tensorF32:
		return s.StepF32(slice[float32](p, n), slice[float32](g, n), slice[float32](m, n))
	case tensorF64:
		return s.StepF64(slice[float64](p, n), slice[float64](g, n), slice[float64](m, n))
	case tensorBF16:
		return s.From(int(s.draws.index)+t.index).StepBF16(slice[BF16](p, n), slice[BF16](g, n), slice[BF16](m, n))
	case tensorF16:
		return s.From(int(s.draws.index)+t.index).StepF16(slice[F16](p, n), slice[F16](g, n), slice[F16](m, n))
	case tensorMasterBF16:
		return s.StepMasterBF16(slice[float32](p, n), slice[BF16](g, n), slice[float32](m, n), slice[BF16](x, n))
	case tensorMasterBF16M16:
		return s.StepMasterBF16M16(slice[float32](p, n), slice[BF16](g, n), slice[BF16](m, n), slice[BF16](x, n))
	case tensorMasterF16:
		return s.StepMasterF16(slice[float32](p, n), slice[F16](g, n), slice[float32](m, n), slice[F16](x, n))
	case tensorF32M16:
		return s.StepF32M16(slice[float32](p, n), slice[float32](g, n), slice[BF16](m, n))
	case tensorSplit:
		return s.StepSplit(slice[BF16](p, n), slice[uint16](x, n), slice[BF16](g, n), slice[BF16](m, n))
	case tensorKahan:
		return s.StepBF16Kahan(slice[BF16](p, n), slice[BF16](g, n), slice[BF16](m, n), slice[BF16](x, n))
	}
	return nil
}
