package lion

import (
	"math"
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// float is an element type that the rules compute in.
type float interface{ float32 | float64 }

// A kernel steps the elements that its args name and reports whether a NaN other
// than the canonical one may stand in what it wrote: the caller then mends them
// all. Kernels keep no pointer.
type kernel func(a *args) (nan uint32)

// args is what a kernel works on; assembly reads it by the offsets in go_asm.h.
type args struct {
	param, grad, momentum unsafe.Pointer
	n                     int
	c                     unsafe.Pointer // to a coef of the compute type
	ahead                 int            // how many bytes ahead to prefetch: see tune.Ahead
}

// element is how the numbers are stored that the rules compute in.
type element uint8

const (
	f32 element = iota
	f64
	numElements
)

// coef holds a step's constants in the element type. Assembly finds them by
// the indices below, which count fields (a test holds the two together).
type coef[T float] struct {
	b1, o1 T // β1, (1−β1)·s, which has the sign of s
	b2, o2 T // β2, (1−β2)·s
	lr     T // η
	decay  T // 1−η·λ, or 1−λ
	wd     T // λ, or λ/s where the decay is coupled into the gradient
	scale  T // what BiasCorrected multiplies the gradient by, s, Smooth c, κ, and a counted Cautious its step
	gamma  T // γ
	bc1    T // 1−β1ᵗ
	bc2    T // 1−β2ᵗ
	eps    T // ε
}

// Field indices of coef, for go_asm.h.
const (
	cB1 = iota
	cO1
	cB2
	cO2
	cLR
	cDecay
	cWD
	cScale
	cGamma
	cBC1
	cBC2
	cEps
)

// chunk is how many elements a kernel gets at once. Assembly can't be
// preempted, so a stop-the-world waits for one chunk at most (tens of
// microseconds); it is a multiple of every unroll and of a cache line.
const chunk = 16 << 10

// runKernel runs k over all of a in chunks and makes NaNs canonical. It moves a on in
// place: copies are loaded wider than their fields were written, which stalls.
func runKernel[T float](k kernel, a *args) {
	for n := a.n; ; {
		a.n = min(n, chunk)
		runChunk[T](k, a)
		if n -= a.n; n == 0 {
			return
		}
		a.skip(chunk, int(unsafe.Sizeof(T(0))))
	}
}

// skip moves a's slices on by n elements.
func (a *args) skip(n, size int) {
	a.param, a.grad, a.momentum = unsafe.Add(a.param, n*size), unsafe.Add(a.grad, n*size), unsafe.Add(a.momentum, n*size)
}

// runChunk is not inlined so that each chunk passes a stack check, where the
// scheduler can take over.
//
//go:noinline
func runChunk[T float](k kernel, a *args) {
	nan := k((*args)(mem.Noescape(unsafe.Pointer(a))))
	runtime.KeepAlive(a) // Noescape hides it: were the stack to move, a would miss it
	if nan != 0 {
		mendNaN[T](a)
	}
}

// mendNaN makes the NaNs canonical that a kernel wrote.
//
//go:noinline
func mendNaN[T float](a *args) {
	canonicalize(unsafe.Slice((*T)(a.param), a.n))
	canonicalize(unsafe.Slice((*T)(a.momentum), a.n))
}

// canonicalize makes every NaN of s the canonical one.
func canonicalize[T float](s []T) {
	for i, x := range s {
		if x != x {
			s[i] = canonicalNaN[T]()
		}
	}
}

func canonicalNaN[T float]() T {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return T(math.Float32frombits(0x7fc00000))
	}
	return T(math.Float64frombits(0x7ff8000000000000))
}
