package lion_test

import (
	"math/rand"
	"sync"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
	"github.com/lionkernel/lion/internal/mem"
)

// benchFormats: one entry adds a format to every benchmark.
var benchFormats = []benchFormat{
	{"f32", limit.Pattern{Param: 4, Grad: 4, Momentum: 4}, benchPaper, benchRules, threeSlices(lion.Stepper.StepF32)},
	{"f64", limit.Pattern{Param: 8, Grad: 8, Momentum: 8}, benchPaper, benchRules, threeSlices(lion.Stepper.StepF64)},
	{"bf16", limit.Pattern{Param: 2, Grad: 2, Momentum: 2}, benchRounded, benchMixed, threeSlices(lion.Stepper.StepBF16)},
	{"f16", limit.Pattern{Param: 2, Grad: 2, Momentum: 2}, benchRounded, benchMixed, threeSlices(lion.Stepper.StepF16)},
	{"master-bf16", limit.Pattern{Param: 4, Grad: 2, Momentum: 4, Shadow: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepMasterBF16)},
	{"master-bf16-m16", limit.Pattern{Param: 4, Grad: 2, Momentum: 2, Shadow: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepMasterBF16M16)},
	{"master-f16", limit.Pattern{Param: 4, Grad: 2, Momentum: 4, Shadow: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepMasterF16)},
	{"f32m16", limit.Pattern{Param: 4, Grad: 4, Momentum: 2}, benchDecay, benchMixed, threeSlices(lion.Stepper.StepF32M16)},
	{"split", limit.Pattern{Param: 2, Grad: 2, Momentum: 2, Low: 2}, benchDecay, benchMixed,
		fourSlices(func(s lion.Stepper, hi, grad, momentum []lion.BF16, lo []uint16) error {
			return s.StepSplit(hi, lo, grad, momentum)
		})},
	{"kahan", limit.Pattern{Param: 2, Grad: 2, Momentum: 2, Low: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepBF16Kahan)},
}

// none is the element of an array that a format doesn't have.
type none = struct{}

// benchFormatNamed returns one of them.
func benchFormatNamed(name string) benchFormat {
	for _, f := range benchFormats {
		if f.name == name {
			return f
		}
	}
	panic(name)
}

type benchFormat struct {
	name    string
	pattern limit.Pattern
	// variants are those of BenchmarkStep, BenchmarkRatio and BenchmarkCall,
	// rules those of BenchmarkRule.
	variants, rules []benchVariant
	// data makes the arrays for n elements.
	data func(n int) benchArrays
}

// shifts are how many elements, at most maxShift, each slice begins past its
// alignment; extra is what the format has besides: a shadow, lower halves or a
// compensation.
type shifts struct{ param, grad, momentum, extra int }

const maxShift = 15

// benchArrays are what a step runs over: step does it k times; the traffic
// limits run over the same memory, and restore it when run twice.
type benchArrays struct {
	step   func(s lion.Stepper, k int) error
	at     func(shifts) benchArrays // the same, shifted
	arrays limit.Arrays
}

// element is the type of an array's elements.
type element interface {
	float32 | float64 | lion.BF16 | lion.F16
}

// asBytes returns the memory of x.
func asBytes[T any](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(*new(T))))
}

// noise is a million normally distributed values, none of them tiny.
var noise = sync.OnceValue(func() []float64 {
	x := make([]float64, 1<<20-3)
	r := rand.New(rand.NewSource(1))
	for i := range x {
		for -1e-3 < x[i] && x[i] < 1e-3 {
			x[i] = r.NormFloat64()
		}
	}
	return x
})

// fillRandom gives x values from the noise, beginning at a place that depends on
// the seed. After a million they repeat, which no branch predictor can notice.
func fillRandom[T element](x []T, scale float64, seed int) {
	from := noise()
	at := (seed + 1000) * 7919 % len(from)
	for i := range x[:min(len(x), len(from))] {
		x[i] = toElement[T](scale * from[at])
		if at++; at == len(from) {
			at = 0
		}
	}
	for i := len(from); i < len(x); i += len(from) {
		copy(x[i:], x[:len(from)])
	}
}

func toElement[T element](x float64) T {
	switch any(T(0)).(type) {
	case lion.BF16:
		return T(lion.ToBF16(float32(x)))
	case lion.F16:
		return T(lion.ToF16(float32(x)))
	}
	return T(x)
}

// steps does k steps, each with the next gradient of the ring.
type steps[P, G, M element, X any] func(s lion.Stepper, k int, param []P, ring [][]G, momentum []M, extra []X) error

// threeSlices makes a format's data function of its step, with nothing between the
// loop and the call.
func threeSlices[P, G, M element](step func(s lion.Stepper, param []P, grad []G, momentum []M) error) func(int) benchArrays {
	return benchData(func(s lion.Stepper, k int, param []P, ring [][]G, momentum []M, _ []none) error {
		next := 0
		for range k {
			if err := step(s, param, ring[next], momentum); err != nil {
				return err
			}
			if next++; next == len(ring) {
				next = 0
			}
		}
		return nil
	})
}

// fourSlices is threeSlices for a format with a fourth.
func fourSlices[P, G, M element, X any](step func(s lion.Stepper, param []P, grad []G, momentum []M, extra []X) error) func(int) benchArrays {
	return benchData(func(s lion.Stepper, k int, param []P, ring [][]G, momentum []M, extra []X) error {
		next := 0
		for range k {
			if err := step(s, param, ring[next], momentum, extra); err != nil {
				return err
			}
			if next++; next == len(ring) {
				next = 0
			}
		}
		return nil
	})
}

// benchData makes a format's data function of its steps. Shadows, lower halves and
// compensations begin with zeros.
func benchData[P, G, M element, X any](f steps[P, G, M, X]) func(int) benchArrays {
	return func(n int) benchArrays {
		const ringBytes = 8 << 10
		ring := max(1, ringBytes/(n*int(unsafe.Sizeof(*new(G)))))
		grads := lion.Alloc[G](ring*n+maxShift, 1) // one after the other: a page each, they would share a few sets of the cache
		fillRandom(grads, 1, 0)
		whole := max(n+maxShift, l1Elements) // so that each begins a page: smaller ones lie where luck has it
		param, momentum := lion.Alloc[P](whole, 0), lion.Alloc[M](whole, 2)
		fillRandom(param, 0.02, -1)
		fillRandom(momentum, 0.3, -2)
		extra := make([]X, whole)
		if unsafe.Sizeof(*new(X)) != 0 {
			extra = mem.Alloc[X](whole, 3)
			clear(extra) // untouched pages would all be one page of zeros
		}
		return views(f, n, shifts{}, param, grads, momentum, extra)
	}
}

// views are n elements of each of the arrays, shifted, and of the gradients as
// many times n as there are.
func views[P, G, M element, X any](f steps[P, G, M, X], n int, shift shifts, params []P, grads []G, momenta []M, extras []X) benchArrays {
	param, momentum, extra := params[shift.param:][:n], momenta[shift.momentum:][:n], extras[shift.extra:][:n]
	var ring [][]G
	for rest := grads[shift.grad:]; len(rest) >= n; rest = rest[n:] {
		ring = append(ring, rest[:n])
	}
	return benchArrays{
		step: func(s lion.Stepper, k int) error { return f(s, k, param, ring, momentum, extra) },
		at: func(shift shifts) benchArrays {
			return views(f, n, shift, params, grads, momenta, extras)
		},
		arrays: limit.Arrays{Param: asBytes(param), Grad: asBytes(ring[0]), Momentum: asBytes(momentum), Low: asBytes(extra), Shadow: asBytes(extra)},
	}
}
