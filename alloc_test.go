package lion

import (
	"fmt"
	"math"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// TestNoAllocation: New and the steps allocate nothing, for any rule, decay and
// scale, though kernels are called through a table.
func TestNoAllocation(t *testing.T) {
	if prove.Sanitized {
		prove.Skip(t, "the race detector's instrumentation allocates")
	}
	const n = tile + 9
	var f32s [3][]float32
	var f64s [3][]float64
	for i := range f32s {
		f32s[i], f64s[i] = make([]float32, n), make([]float64, n)
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		for _, cfg := range variants(decaying()) {
			cfg.Implementation = implementations[impl].name
			var err error
			var s Stepper
			none := func(what string, f func()) {
				assert.Zero(t, testing.AllocsPerRun(10, f), "%s, %v %v %v", what, cfg.Rule, cfg.Decay, cfg.CautiousScale)
				assert.NoError(t, err)
			}
			none("New and At", func() { s, err = New(cfg); s = s.At(1) })
			none("StepF32", func() { err = s.StepF32(f32s[0], f32s[1], f32s[2]) })
			none("StepF64", func() { err = s.StepF64(f64s[0], f64s[1], f64s[2]) })
			none("StepF32 on arrays", func() { err = stepArrays32(s) })
			none("StepF64 on arrays", func() { err = stepArrays64(s) })
			none("all", func() {
				var s Stepper
				if s, err = New(cfg); err == nil {
					err = s.At(2).StepF32(f32s[0], f32s[1], f32s[2])
				}
			})
		}
	})
}

// stepArrays32 steps arrays that live on the stack if nothing escapes.
func stepArrays32(s Stepper) error {
	var param, grad, momentum [40]float32
	return s.StepF32(param[:], grad[:], momentum[:])
}

func stepArrays64(s Stepper) error {
	var param, grad, momentum [40]float64
	return s.StepF64(param[:], grad[:], momentum[:])
}

// TestStackGrowth steps arrays on goroutines' stacks, in frames ever deeper, so
// that a stack has to grow, and so to move, at any place inside the step.
func TestStackGrowth(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		depths, every := 1000, 2
		if !prove.Whole() {
			every = 7
		}
		for _, cfg := range variants(decaying()) {
			s := stepper(cfg)
			s.impl = uint8(impl)
			want := onStack(&s)
			for depth := 0; depth < depths; depth += every {
				got := make(chan [2]float64)
				go func() {
					var sum [2]float64
					deeper(depth, &s, &sum)
					got <- sum
				}()
				if got := <-got; got != want {
					t.Fatalf("%v %v %v at depth %d: %v, want %v", cfg.Rule, cfg.Decay, cfg.CautiousScale, depth, got, want)
				}
			}
		}
	})
}

// deeper calls onStack so many frames deeper, each of a few words.
//
//go:noinline
func deeper(depth int, s *Stepper, sum *[2]float64) {
	if depth > 0 {
		deeper(depth-1, s, sum)
		return
	}
	*sum = onStack(s)
}

// onStack steps arrays in its frame and sums them up.
//
//go:noinline
func onStack(s *Stepper) (sum [2]float64) {
	var p32, g32, m32 [25]float32
	var p64, g64, m64 [25]float64
	for i := range p32 {
		p32[i], g32[i], m32[i] = float32(i), float32(i%5)-2, float32(i%3)-1
		p64[i], g64[i], m64[i] = float64(i), float64(i%5)-2, float64(i%3)-1
	}
	if err := s.StepF32(p32[:], g32[:], m32[:]); err != nil {
		panic(err)
	}
	if err := s.StepF64(p64[:], g64[:], m64[:]); err != nil {
		panic(err)
	}
	for i := range p32 {
		sum[0] += float64(p32[i])*float64(i+1) + float64(m32[i])
		sum[1] += p64[i]*float64(i+1) + m64[i]
	}
	if math.IsNaN(sum[0]) || math.IsNaN(sum[1]) {
		panic(fmt.Sprint("a NaN: ", sum))
	}
	return sum
}
