package lion

import (
	"runtime"
	"unsafe"
)

// fusedKernels step 16-bit formats in one pass, in assembly, for Paper and Cautious
// with a factor on the weight; they want a positive multiple of fusedUnit
// elements. What there is no kernel for goes through the tiles.
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
)

// kernel returns the kernel for a scheme and a plan, or nil.
func (f fusedKernels) kernel(sch storage, pl *plan) kernel {
	if pl.mix != mixNone || pl.rounding == StochasticRounding && sch.rounds() {
		return nil
	}
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

// runFused steps all whole units of a, in chunks, and returns how many elements
// that was.
func runFused(s *Stepper, im *implementation, sch storage, k kernel, a mixedArgs, unit float64) int {
	c, scaled := &s.f32, s.f32
	if s.plan.scale != ScaleNone {
		scaled.lr = float32(s.f64.lr * unit)
		c = &scaled
	}
	whole := a.n - a.n%fusedUnit
	for i := 0; i < whole; i += chunk {
		n := min(whole-i, chunk)
		t := args{
			param:    unsafe.Add(a.param, i*sch.param.size()),
			grad:     unsafe.Add(a.grad, i*sch.grad.size()),
			momentum: unsafe.Add(a.momentum, i*sch.momentum.size()),
			n:        n,
			c:        noescape(unsafe.Pointer(c)),
		}
		switch {
		case sch.shadow != kindNone:
			t.extra = unsafe.Add(a.shadow, i*2)
		case sch.low() != kindNone:
			t.extra = unsafe.Add(a.low, i*2)
		}
		if fusedChunk(k, t) != 0 {
			mend(im, sch, a, i, n)
		}
	}
	runtime.KeepAlive(&scaled)
	return whole
}

// fusedChunk is not inlined so that each chunk passes a stack check.
//
//go:noinline
func fusedChunk(k kernel, a args) uint32 {
	nan := k((*args)(noescape(unsafe.Pointer(&a))))
	runtime.KeepAlive(&a)
	return nan
}

// mend makes the NaNs canonical that a fused kernel wrote to n elements from i
// on. All are NaNs still, but for momenta whose NaN came from a float32 gradient:
// its lower bits may have carried it away.
func mend(im *implementation, sch storage, a mixedArgs, i, n int) {
	var buf tiles
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
