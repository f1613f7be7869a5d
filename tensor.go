package lion

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/stats"
	"github.com/lionkernel/lion/internal/tune"
)

// A Tensor is the slices of one step, checked once, in any of the storages: what
// [Stepper.StepTensors] takes many of. It refers to the slices and copies nothing, so
// that it stands for whatever they hold when it is used. It is immutable, safe to copy
// and to share between goroutines. The zero Tensor is empty.
//
// Each storage has a function that makes one, with the slices of the step of that name.
// They must have one length and share no memory, else the error wraps ErrLength or
// ErrOverlap, and the Tensor is the zero one. Empty and nil slices are fine.
type Tensor struct {
	param, grad, momentum, extra unsafe.Pointer // extra: the step's fourth slice
	n, index                     int            // index is that of the first element
	stored                       stored
}

// stored says by which step a Tensor is stepped: from halves on one of half.Storages.
type stored uint8

const (
	storedNone stored = iota
	storedF32
	storedF64
	halves
	numStored = halves + stored(half.NumStorages)
)

// half is the storage of a step of 16 bits.
func (t *Tensor) half() (half.ID, *half.Storage) {
	id := half.ID(t.stored - halves)
	return id, &half.Storages[id]
}

// storedSizes are the bytes of an element of param, grad, momentum and extra.
var storedSizes = func() (sizes [numStored][4]int) {
	sizes[storedF32], sizes[storedF64] = [4]int{4, 4, 4}, [4]int{8, 8, 8}
	for id := range half.Storages {
		st := &half.Storages[id]
		extra := st.Low
		if st.Shadow != half.None {
			extra = st.Shadow
		}
		sizes[halves+stored(id)] = [4]int{st.Param.Size(), st.Grad.Size(), st.Momentum.Size(), extra.Size()}
	}
	return sizes
}()

// at is where a slice's elements are. Unlike mem.Data it doesn't hide that from the
// compiler: a Tensor keeps it.
func at[T any](s []T) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(s)) }

// fit is t if there is nothing wrong with its slices, else the zero Tensor: whoever misses
// the error steps nothing, rather than what lies behind a slice.
func fit(t Tensor, err error) (Tensor, error) {
	if err != nil {
		return Tensor{}, err
	}
	return t, nil
}

// TensorF32 makes a Tensor of the slices of StepF32.
func TensorF32(param, grad, momentum []float32) (Tensor, error) {
	return fit(Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, storedF32},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum")))
}

// TensorF64 makes a Tensor of the slices of StepF64.
func TensorF64(param, grad, momentum []float64) (Tensor, error) {
	return fit(Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, storedF64},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum")))
}

// TensorBF16 makes a Tensor of the slices of StepBF16.
func TensorBF16(param, grad, momentum []BF16) (Tensor, error) {
	return fit(Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, halves + stored(half.StoreBF16)},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum")))
}

// TensorF16 makes a Tensor of the slices of StepF16.
func TensorF16(param, grad, momentum []F16) (Tensor, error) {
	return fit(Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, halves + stored(half.StoreF16)},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum")))
}

// TensorMasterBF16 makes a Tensor of the slices of StepMasterBF16.
func TensorMasterBF16(master []float32, grad []BF16, momentum []float32, shadow []BF16) (Tensor, error) {
	return fit(Tensor{at(master), at(grad), at(momentum), at(shadow), len(master), 0, halves + stored(half.StoreMasterBF16)},
		checkSlices(part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow")))
}

// TensorMasterBF16M16 makes a Tensor of the slices of StepMasterBF16M16.
func TensorMasterBF16M16(master []float32, grad, momentum, shadow []BF16) (Tensor, error) {
	return fit(Tensor{at(master), at(grad), at(momentum), at(shadow), len(master), 0, halves + stored(half.StoreMasterBF16M16)},
		checkSlices(part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow")))
}

// TensorMasterF16 makes a Tensor of the slices of StepMasterF16.
func TensorMasterF16(master []float32, grad []F16, momentum []float32, shadow []F16) (Tensor, error) {
	return fit(Tensor{at(master), at(grad), at(momentum), at(shadow), len(master), 0, halves + stored(half.StoreMasterF16)},
		checkSlices(part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow")))
}

// TensorF32M16 makes a Tensor of the slices of StepF32M16.
func TensorF32M16(param, grad []float32, momentum []BF16) (Tensor, error) {
	return fit(Tensor{at(param), at(grad), at(momentum), nil, len(param), 0, halves + stored(half.StoreF32M16)},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum")))
}

// TensorSplit makes a Tensor of the slices of StepSplit.
func TensorSplit(hi []BF16, lo []uint16, grad, momentum []BF16) (Tensor, error) {
	return fit(Tensor{at(hi), at(grad), at(momentum), at(lo), len(hi), 0, halves + stored(half.StoreSplit)},
		checkSlices(part(hi, "hi"), part(lo, "lo"), part(grad, "grad"), part(momentum, "momentum")))
}

// TensorBF16Kahan makes a Tensor of the slices of StepBF16Kahan.
func TensorBF16Kahan(param, grad, momentum, compensation []BF16) (Tensor, error) {
	return fit(Tensor{at(param), at(grad), at(momentum), at(compensation), len(param), 0, halves + stored(half.StoreKahan)},
		checkSlices(part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), part(compensation, "compensation")))
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
		return Tensor{stored: t.stored}
	}
	size := &storedSizes[t.stored]
	t.param, t.grad = unsafe.Add(t.param, i*size[0]), unsafe.Add(t.grad, i*size[1])
	t.momentum, t.extra = unsafe.Add(t.momentum, i*size[2]), unsafe.Add(t.extra, i*size[3])
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
	t.gradRange().Reads()
	return Stats(stats.Whole(implementations[preferred].stats, t.gradElement(), mem.Noescape(t.grad), t.n))
}

// GradStatsPart returns the statistics of t's gradient, where t is the part of a tensor
// that begins at element index: those of the function GradStatsPart, with its errors.
func (t Tensor) GradStatsPart(index int) (StatsPart, error) {
	if err := checkPart(index, t.n); err != nil {
		return StatsPart{}, err
	}
	t.gradRange().Reads()
	p := StatsPart{stats.At(index)}
	p.part.Add(implementations[preferred].stats, t.gradElement(), mem.Noescape(t.grad), t.n)
	return p, nil
}

// gradRange is where t's gradient is.
func (t *Tensor) gradRange() mem.Range {
	return mem.Range{At: mem.Noescape(t.grad), Size: t.n * storedSizes[t.stored][1]}
}

// gradElement says how t's gradient is stored.
func (t *Tensor) gradElement() stats.Element {
	switch {
	case t.stored == storedF64:
		return stats.F64
	case t.stored < halves:
		return stats.F32
	}
	_, st := t.half()
	switch st.Grad {
	case half.BF16:
		return stats.BF16
	case half.F16:
		return stats.F16
	}
	return stats.F32
}

// StepTensors steps each of ts, of any storages and lengths, in their order: the bits are
// those of a call of its own for each. For a small tensor that saves most of the cost
// of a call. A CautiousScale counts each of ts for itself. That two of them share no
// memory is the caller's to see to.
//
// The error wraps ErrConfig if s is the zero Stepper, or lacks the At or From that one of
// ts needs; then nothing has been written. It allocates nothing.
//
//go:noinline
func (s Stepper) StepTensors(ts []Tensor) error {
	if !s.plan.ready {
		return s.unready()
	}
	if s.plan.rounding == StochasticRounding {
		if err := s.checkDraws(ts); err != nil {
			return err
		}
	}
	for len(ts) > 0 {
		ts = ts[s.stepSome(ts):]
	}
	return nil
}

// checkDraws says whether there are draws for all of ts that want them.
func (s *Stepper) checkDraws(ts []Tensor) error {
	for i := range ts {
		t := &ts[i]
		if t.stored < halves {
			continue
		}
		if _, st := t.half(); s.plan.drawn(st) {
			if at := s.behind(t); !at.draws.placed() {
				return at.unready()
			}
		}
	}
	return nil
}

// behind is s for t, which has an index of its own.
func (s *Stepper) behind(t *Tensor) Stepper { return s.From(int(s.draws.index) + t.index) }

// stepSome steps the first of ts, as many as a chunk comes to, one at least, and returns
// how many. It is not inlined, so that each chunk passes a stack check, where the
// scheduler can take over.
//
//go:noinline
func (s *Stepper) stepSome(ts []Tensor) int {
	im := &implementations[s.impl]
	k32, k64, direct := im.kernels[f32][s.plan.op], im.kernels[f64][s.plan.op], s.plan.direct && mem.Sanitizer == ""
	ahead := tune.Ahead
	var a args // see StepF32
	a.ahead = ahead
	left := chunk
	for i := range ts {
		t := &ts[i]
		if left -= t.n; left < 0 && i > 0 {
			return i
		}
		if t.stored >= halves {
			s.stepHalf(im, t)
			continue
		}
		if !direct || uint(t.n-1) >= chunk {
			s.stepWhole(t)
			continue
		}
		a.param, a.grad, a.momentum, a.n = mem.Noescape(t.param), mem.Noescape(t.grad), mem.Noescape(t.momentum), t.n
		if t.stored == storedF32 {
			a.c = mem.Noescape(unsafe.Pointer(&s.f32))
			if k32((*args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
				mendNaN[float32](&a)
			}
			continue
		}
		a.c = mem.Noescape(unsafe.Pointer(&s.f64))
		if k64((*args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
			mendNaN[float64](&a)
		}
	}
	runtime.KeepAlive(&a)
	return len(ts)
}

// stepWhole steps float32 or float64 of any length by any plan.
//
//go:noinline
func (s *Stepper) stepWhole(t *Tensor) {
	if t.n == 0 {
		return
	}
	t.report()
	a := t.args()
	if ks := &implementations[s.impl].kernels; t.stored == storedF32 {
		a.c = mem.Noescape(unsafe.Pointer(&s.f32))
		run(&ks[f32], s.plan, &s.f32, s.f64.lr, s.f64.scale, a)
	} else {
		a.c = mem.Noescape(unsafe.Pointer(&s.f64))
		run(&ks[f64], s.plan, &s.f64, s.f64.lr, s.f64.scale, a)
	}
}

// stepHalf steps 16 bits.
func (s *Stepper) stepHalf(im *implementation, t *Tensor) {
	if t.n == 0 {
		return
	}
	id, st := t.half()
	t.report()
	drawn := s.plan.drawn(st)
	a := t.halfArgs(s, st)
	k := s.plan.fused(&im.half.Fused, id, drawn)
	if k == nil || t.n > chunk || im.half.Units && t.n%half.Unit != 0 || s.plan.scale != ScaleNone || drawn {
		s.stepOdd(im, st, k, &a, t)
		return
	}
	if k((*half.Args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
		im.half.Mend(st, &a)
	}
	runtime.KeepAlive(&a)
}

// stepOdd steps what needs more than a kernel.
//
//go:noinline
func (s *Stepper) stepOdd(im *implementation, st *half.Storage, k half.Kernel, a *half.Args, t *Tensor) {
	at := s.behind(t)
	a.C = (*half.Constants)(mem.Noescape(unsafe.Pointer(&at.f32)))
	run16(&at, im, st, k, a)
	runtime.KeepAlive(&at)
}

// args are t's slices for the kernels of float32 and float64.
func (t *Tensor) args() args {
	return args{param: mem.Noescape(t.param), grad: mem.Noescape(t.grad), momentum: mem.Noescape(t.momentum), n: t.n, ahead: tune.Ahead}
}

// halfArgs are t's slices for those of 16 bits, and the constants of s.
func (t *Tensor) halfArgs(s *Stepper, st *half.Storage) (a half.Args) {
	a.Param, a.Grad, a.Momentum, a.N = mem.Noescape(t.param), mem.Noescape(t.grad), mem.Noescape(t.momentum), t.n
	a.C, a.Ahead = (*half.Constants)(mem.Noescape(unsafe.Pointer(&s.f32))), tune.Ahead
	if st.Shadow != half.None {
		a.Shadow = mem.Noescape(t.extra)
	} else {
		a.Low = mem.Noescape(t.extra)
	}
	return a
}

// report tells the sanitizer, if there is one, what a step of t does.
func (t *Tensor) report() {
	if mem.Sanitizer == "" {
		return
	}
	size := &storedSizes[t.stored]
	mem.Range{At: mem.Noescape(t.param), Size: t.n * size[0]}.Updates()
	mem.Range{At: mem.Noescape(t.grad), Size: t.n * size[1]}.Reads()
	mem.Range{At: mem.Noescape(t.momentum), Size: t.n * size[2]}.Updates()
	if extra := (mem.Range{At: mem.Noescape(t.extra), Size: t.n * size[3]}); t.stored >= halves && half.Storages[t.stored-halves].Shadow != half.None {
		extra.Writes()
	} else {
		extra.Updates()
	}
}

// Agreeing returns how many elements of t the Cautious rule would step: those whose c and
// gradient are both above zero or both below, which is what a CautiousScale counts. It
// writes nothing. Counts of a tensor's parts add up to the tensor's, for Stepper.Counted.
//
// The error wraps ErrConfig if s is the zero Stepper or has another rule.
//
//go:noinline
func (s Stepper) Agreeing(t Tensor) (int, error) {
	switch {
	case !s.plan.ready:
		return 0, s.unready()
	case s.plan.rule != Cautious:
		return 0, fmt.Errorf("%w: Agreeing needs Rule Cautious, not %v", ErrConfig, s.plan.rule)
	case t.n == 0:
		return 0, nil
	}
	t.reportReads()
	im := &implementations[s.impl]
	if t.stored >= halves {
		_, st := t.half()
		a := t.halfArgs(&s, st)
		return countTiles(&s, im, st, &a), nil
	}
	a := t.args()
	if t.stored == storedF64 {
		a.c = mem.Noescape(unsafe.Pointer(&s.f64))
		return count[float64](&im.kernels[f64], s.plan, a), nil
	}
	a.c = mem.Noescape(unsafe.Pointer(&s.f32))
	return count[float32](&im.kernels[f32], s.plan, a), nil
}

// reportReads tells the sanitizer that all of t is read.
func (t *Tensor) reportReads() {
	size := &storedSizes[t.stored]
	mem.Range{At: mem.Noescape(t.param), Size: t.n * size[0]}.Reads()
	mem.Range{At: mem.Noescape(t.grad), Size: t.n * size[1]}.Reads()
	mem.Range{At: mem.Noescape(t.momentum), Size: t.n * size[2]}.Reads()
	if t.stored >= halves && half.Storages[t.stored-halves].Low != half.None {
		mem.Range{At: mem.Noescape(t.extra), Size: t.n * size[3]}.Reads()
	}
}
