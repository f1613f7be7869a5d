package lion

import (
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// fusedKernels step 16-bit formats in one pass, in assembly, for Paper and Cautious
// with a factor on the weight; they want a positive multiple of fusedUnit
// elements, and get a rest that is less in a copy. What there is no kernel for
// goes through the tiles.
type fusedKernels []fusedScheme

type fusedScheme struct {
	storage
	paper, cautious kernel
}

const fusedUnit = 32

// The schemes that have kernels.
var (
	storeBF16          = storage{param: kindBF16, grad: kindBF16, momentum: kindBF16}
	storeF16           = storage{param: kindF16, grad: kindF16, momentum: kindF16}
	storeMasterBF16    = storage{param: kindF32, grad: kindBF16, momentum: kindF32, shadow: kindBF16}
	storeMasterBF16M16 = storage{param: kindF32, grad: kindBF16, momentum: kindBF16, shadow: kindBF16}
	storeMasterF16     = storage{param: kindF32, grad: kindF16, momentum: kindF32, shadow: kindF16}
	storeF32M16        = storage{param: kindF32, grad: kindF32, momentum: kindBF16}
	storeSplit         = storage{param: kindSplit, grad: kindBF16, momentum: kindBF16}
	storeKahan         = storage{param: kindKahan, grad: kindBF16, momentum: kindBF16}
)

// kernel returns the kernel for a scheme and a plan, or nil.
func (f fusedKernels) kernel(sch storage, pl *plan) kernel {
	if pl.mix != mixNone {
		return nil
	}
	sch.random = sch.drawn(pl)
	for i := range f {
		if f[i].storage != sch {
			continue
		}
		switch pl.op {
		case opPaper, opPaperPlain: // there the factor is 1
			return f[i].paper
		case opCautious:
			return f[i].cautious
		}
	}
	return nil
}

// runFused steps a by the kernel k.
func runFused(s *Stepper, im *implementation, sch storage, k kernel, a mixedArgs, unit float64) {
	c, scaled := &s.f32, s.f32
	if s.plan.scale != ScaleNone {
		scaled.lr = float32(s.f64.lr * unit)
		c = &scaled
	}
	if sch.random = sch.drawn(&s.plan); sch.random {
		a.draws = drawsOf(s.plan.seed, s.plan.step, s.plan.index)
	}
	whole := a.n - a.n%fusedUnit
	runUnits(im, sch, k, c, a, whole)
	if whole < a.n {
		runRest(im, sch, k, c, a, whole)
	}
	runtime.KeepAlive(&scaled)
}

// runUnits steps the first whole elements of a, a multiple of fusedUnit, in chunks.
func runUnits(im *implementation, sch storage, k kernel, c *coef[float32], a mixedArgs, whole int) {
	var d draws
	for i := 0; i < whole; i += chunk {
		n := min(whole-i, chunk)
		t := args{
			param:    unsafe.Add(a.param, i*sch.param.size()),
			grad:     unsafe.Add(a.grad, i*sch.grad.size()),
			momentum: unsafe.Add(a.momentum, i*sch.momentum.size()),
			n:        n,
			c:        mem.Noescape(unsafe.Pointer(c)),
		}
		switch {
		case sch.random:
			d = a.draws.after(uint32(i))
			t.extra = mem.Noescape(unsafe.Pointer(&d))
		case sch.shadow != kindNone:
			t.extra = unsafe.Add(a.shadow, i*2)
		case sch.low() != kindNone:
			t.extra = unsafe.Add(a.low, i*2)
		}
		if fusedChunk(k, t) != 0 {
			mend(im, sch, a, i, n)
		}
	}
	runtime.KeepAlive(&d)
}

// runRest steps the elements of a from i on, fewer than fusedUnit, in copies that
// zeros make up to a unit: a zero makes no NaN. It is not inlined: clearing the
// copies takes time.
//
//go:noinline
func runRest(im *implementation, sch storage, k kernel, c *coef[float32], a mixedArgs, i int) {
	var buf [4][fusedUnit]float32
	extra := mem.Noescape(unsafe.Pointer(&buf[3]))
	b := mixedArgs{
		param:    mem.Noescape(unsafe.Pointer(&buf[0])),
		grad:     mem.Noescape(unsafe.Pointer(&buf[1])),
		momentum: mem.Noescape(unsafe.Pointer(&buf[2])),
		n:        fusedUnit,
		draws:    a.draws.after(uint32(i)),
	}
	n := a.n - i
	param, momentum := unsafe.Add(a.param, i*sch.param.size()), unsafe.Add(a.momentum, i*sch.momentum.size())
	copyKind(sch.param, b.param, param, n)
	copyKind(sch.grad, b.grad, unsafe.Add(a.grad, i*sch.grad.size()), n)
	copyKind(sch.momentum, b.momentum, momentum, n)
	switch {
	case sch.shadow != kindNone:
		b.shadow = extra
		runUnits(im, sch, k, c, b, fusedUnit)
		copyKind(sch.shadow, unsafe.Add(a.shadow, i*2), extra, n)
	case sch.low() != kindNone:
		b.low = extra
		low := unsafe.Add(a.low, i*2)
		copyKind(sch.low(), extra, low, n)
		runUnits(im, sch, k, c, b, fusedUnit)
		copyKind(sch.low(), low, extra, n)
	default:
		runUnits(im, sch, k, c, b, fusedUnit)
	}
	copyKind(sch.param, param, b.param, n)
	copyKind(sch.momentum, momentum, b.momentum, n)
	runtime.KeepAlive(&buf)
}

// copyKind copies n elements of kind k.
func copyKind(k kind, to, from unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(to), n*k.size()), unsafe.Slice((*byte)(from), n*k.size()))
}

// fusedChunk is not inlined so that each chunk passes a stack check.
//
//go:noinline
func fusedChunk(k kernel, a args) uint32 {
	nan := k((*args)(mem.Noescape(unsafe.Pointer(&a))))
	runtime.KeepAlive(&a)
	return nan
}

// mend makes the NaNs canonical that a fused kernel wrote to n elements from i
// on. All are NaNs still, but for momenta whose NaN came from a float32 gradient:
// its lower bits may have carried it away. Of Kahan's weights only param is touched:
// a kernel leaves no compensation beside a NaN, and elsewhere it may be half a unit of
// param, which added up and rounded again could go the other way.
func mend(im *implementation, sch storage, a mixedArgs, i, n int) {
	var buf tiles
	if sch.param == kindKahan {
		sch.param = kindBF16
	}
	for end := i + n; i < end; i += tile {
		n := min(end-i, tile)
		p := widen(im, sch.param, a.param, a.low, i, n, &buf.p)
		m := widen(im, sch.momentum, a.momentum, nil, i, n, &buf.m)
		ps, ms := unsafe.Slice((*float32)(p), n), unsafe.Slice((*float32)(m), n)
		if sch.grad == kindF32 && sch.momentum != kindF32 {
			for j, g := range unsafe.Slice((*float32)(unsafe.Add(a.grad, 4*i)), n) {
				if g != g {
					ms[j] = g
				}
			}
		}
		canonicalize(ps)
		canonicalize(ms)
		narrow(im, sch.param, a.param, a.low, p, i, n)
		narrow(im, sch.momentum, a.momentum, nil, m, i, n)
		if sch.shadow != kindNone {
			narrow(im, sch.shadow, a.shadow, nil, p, i, n)
		}
	}
	runtime.KeepAlive(&buf)
}
