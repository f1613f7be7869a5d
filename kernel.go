package lion

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/stats"
)

// Errors that this package returns, wrapped with what was wrong: test for them
// with errors.Is.
var (
	// ErrConfig: a hyperparameter is out of range, and the text names the field
	// and its value; or a Stepper lacks what its step needs of New, At or From.
	ErrConfig = errors.New("lion: bad config")
	// ErrLength: slices that must be of one length are not, or a table's width
	// doesn't go with them.
	ErrLength = errors.New("lion: lengths don't fit")
	// ErrOverlap: two of the slices share memory.
	ErrOverlap = errors.New("lion: slices overlap")
	// ErrRows: rows of an embedding table are out of range or named twice.
	ErrRows = errors.New("lion: bad rows")
	// ErrPart: parts of a gradient's statistics don't fit together.
	ErrPart = errors.New("lion: parts don't fit")
	// ErrImplementation: Config.Implementation is unknown or can't run here.
	ErrImplementation = errors.New("lion: no such implementation")
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
	extra                 unsafe.Pointer // a shadow, the lower halves of param, or draws
}

// format is an element format of the three slices.
type format uint8

const (
	f32 format = iota
	f64
	numFormats
)

// An implementation is one way to run the kernels. The table of them is the
// only list: dispatch, tests, fuzzing and benchmarks range over it.
type implementation struct {
	name    string
	missing string // why it can't run here; "" if it can
	kernels [numFormats][numOps]kernel
	convert converters
	stats   *stats.Implementation
	fused   fusedKernels
}

// implementations holds every implementation that was built in, best first,
// generic last; assembly is dispatch.go's.
var implementations = append(assembly(),
	implementation{name: "generic", kernels: genericKernels, convert: genericConverters, stats: stats.Named("generic")})

// preferred indexes the implementation used when the Config names none. It is
// initialized after implementations, since chosen refers to them.
var preferred = chosen()

// Implementations returns the names of the implementations that can run on
// this machine, best first; "generic", plain Go, is always there and last.
func Implementations() []string {
	var names []string
	for _, im := range implementations {
		if im.missing == "" {
			names = append(names, im.name)
		}
	}
	return names
}

// Unusable returns the other implementations of this build by name, each with the
// reason why it can't run on this machine. With those of Implementations they are
// all that Config.Implementation and LION_IMPL know here.
func Unusable() map[string]string {
	reasons := map[string]string{}
	for _, im := range implementations {
		if im.missing != "" {
			reasons[im.name] = im.missing
		}
	}
	return reasons
}

// findImplementation returns the table index of a usable implementation.
func findImplementation(name string) (int, error) {
	for i := range implementations {
		if implementations[i].name != name {
			continue
		}
		if why := implementations[i].missing; why != "" {
			return 0, fmt.Errorf("%w: %q can't run here: %s (usable: %q)", ErrImplementation, name, why, Implementations())
		}
		return i, nil
	}
	return 0, fmt.Errorf("%w: %q is unknown (usable: %q)", ErrImplementation, name, Implementations())
}

// A Stepper applies one optimizer step to slices. It is made by New, immutable,
// comparable (== is true for Steppers made of equal Configs) and safe to copy
// and to share between goroutines. The zero Stepper is not usable: its methods
// return ErrConfig.
type Stepper struct {
	f32  coef[float32]
	f64  coef[float64]
	plan plan
	impl uint8
}

// Implementation returns the name of the implementation that s runs, "" for the
// zero Stepper, which runs none.
func (s Stepper) Implementation() string {
	if !s.made() {
		return ""
	}
	return implementations[s.impl].name
}

// made says whether s comes from New, which makes no constants without a one.
func (s *Stepper) made() bool { return s.f64.one != 0 }

// unready is the error of a step by s for which something is missing.
func (s *Stepper) unready() error {
	switch {
	case !s.made():
		return errZeroStepper
	case !s.plan.ready:
		return errNoTime
	case s.plan.step < 1:
		return errNoStep
	}
	return errNoIndex
}

// StepF32 steps param and momentum in place; grad is only read. The three
// slices must have one length and share no memory, otherwise the error wraps
// ErrLength or ErrOverlap and nothing has been written. Empty and nil slices
// are fine. It allocates nothing.
//
// Elements may be split over several calls, and over goroutines, in any way:
// the bits stay the same (for rules whose step depends on the whole tensor,
// see CautiousScale).
//
//go:noinline
func (s Stepper) StepF32(param, grad, momentum []float32) error {
	n, p, g, m := len(param), mem.Data(param), mem.Data(grad), mem.Data(momentum)
	if !s.plan.direct || len(grad) != n || len(momentum) != n || !short(p, g, m, n, 4) {
		return step(&s, f32, &s.f32, param, grad, momentum)
	}
	mem.Updates(param)
	mem.Reads(grad)
	mem.Updates(momentum)
	var a args // a literal would be copied, in wider words than it was written in, which stalls
	a.param, a.grad, a.momentum, a.n, a.c = p, g, m, n, mem.Noescape(unsafe.Pointer(&s.f32))
	if implementations[s.impl].kernels[f32][s.plan.op]((*args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
		mendNaN(param, momentum)
	}
	runtime.KeepAlive(&a)
	return nil
}

// StepF64 is StepF32 for float64: constants, arithmetic and results are
// float64.
//
//go:noinline
func (s Stepper) StepF64(param, grad, momentum []float64) error {
	n, p, g, m := len(param), mem.Data(param), mem.Data(grad), mem.Data(momentum)
	if !s.plan.direct || len(grad) != n || len(momentum) != n || !short(p, g, m, n, 8) {
		return step(&s, f64, &s.f64, param, grad, momentum)
	}
	mem.Updates(param)
	mem.Reads(grad)
	mem.Updates(momentum)
	var a args // see StepF32, which this repeats: a generic function in between would cost a call
	a.param, a.grad, a.momentum, a.n, a.c = p, g, m, n, mem.Noescape(unsafe.Pointer(&s.f64))
	if implementations[s.impl].kernels[f64][s.plan.op]((*args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
		mendNaN(param, momentum)
	}
	runtime.KeepAlive(&a)
	return nil
}

// short says whether n elements at each of the places are a call's common case:
// some, no more than a kernel gets at once, and none shared.
func short(p, g, m unsafe.Pointer, n, elem int) bool {
	last := uintptr(n*elem) - 1
	return uint(n-1) < chunk && !meet(p, g, last, last) && !meet(p, m, last, last) && !meet(g, m, last, last)
}

// step checks the slices and runs the plan over them. Its callers, which see to
// the common case themselves, are not inlined: inside of another package the
// compiler would take this one, which is generic, for a function that keeps what
// it is given, and move the Stepper to the heap.
func step[T float](s *Stepper, f format, c *coef[T], param, grad, momentum []T) error {
	if !s.plan.ready {
		return s.unready()
	}
	p, g, m := part(param, "param"), part(grad, "grad"), part(momentum, "momentum")
	if err := checkSlices(p, g, m); err != nil {
		return err
	}
	if p.n == 0 {
		return nil
	}
	mem.Updates(param)
	mem.Reads(grad)
	mem.Updates(momentum)
	a := args{param: p.at, grad: g.at, momentum: m.at, n: p.n, c: mem.Noescape(unsafe.Pointer(c))}
	run(&implementations[s.impl].kernels[f], s.plan, c, s.f64.lr, a)
	return nil
}

var (
	errZeroStepper = fmt.Errorf("%w: zero Stepper; make one with New", ErrConfig)
	errNoTime      = fmt.Errorf("%w: BiasCorrected needs Stepper.At(t) with t ≥ 1 for each step", ErrConfig)
)

// chunk is how many elements a kernel gets at once. Assembly can't be
// preempted, so a stop-the-world waits for one chunk at most (tens of
// microseconds); it is a multiple of every unroll and of a cache line.
const chunk = 16 << 10

// runKernel runs k over all of a in chunks and makes NaNs canonical.
func runKernel[T float](k kernel, a args) {
	for a.n > chunk {
		rest := a.rest(chunk, int(unsafe.Sizeof(T(0))))
		a.n = chunk
		runChunk[T](k, a)
		a = rest
	}
	runChunk[T](k, a)
}

// rest is what follows the first n elements of a.
func (a args) rest(n, size int) args {
	off := n * size
	a.param, a.grad, a.momentum = unsafe.Add(a.param, off), unsafe.Add(a.grad, off), unsafe.Add(a.momentum, off)
	a.n -= n
	return a
}

// runChunk is not inlined so that each chunk passes a stack check, where the
// scheduler can take over.
//
//go:noinline
func runChunk[T float](k kernel, a args) {
	nan := k((*args)(mem.Noescape(unsafe.Pointer(&a))))
	runtime.KeepAlive(&a) // noescape hides it: were the stack to move, a would miss it
	if nan != 0 {
		mendNaN(unsafe.Slice((*T)(a.param), a.n), unsafe.Slice((*T)(a.momentum), a.n))
	}
}

// mendNaN makes the NaNs that a kernel wrote canonical.
//
//go:noinline
func mendNaN[T float](param, momentum []T) {
	canonicalize(param)
	canonicalize(momentum)
}
