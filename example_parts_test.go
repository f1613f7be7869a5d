package lion_test

import (
	"fmt"
	"slices"
	"sync"

	"github.com/lionkernel/lion"
)

// Goroutines step a part each. Rounding at random, a part must say where in the
// tensor it begins; then the bits are those of one call.
func ExampleStepper_From() {
	s, err := lion.New(lion.Config{LR: 1e-4, Beta1: 0.9, Beta2: 0.99, Rounding: lion.StochasticRounding})
	if err != nil {
		panic(err)
	}
	s = s.At(1)
	const n, part = 9_000, 3_000
	grad := make([]lion.BF16, n)
	for i := range grad {
		grad[i] = lion.ToBF16(float32(i))
	}
	param, momentum := slices.Clone(grad), make([]lion.BF16, n)
	var wg sync.WaitGroup
	for from := 0; from < n; from += part {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := s.From(from).StepBF16(param[from:from+part], grad[from:from+part], momentum[from:from+part]); err != nil {
				panic(err)
			}
		}()
	}
	wg.Wait()
	whole := slices.Clone(grad)
	fmt.Println(s.StepBF16(whole, grad, make([]lion.BF16, n)), slices.Equal(param, whole))
	// Output:
	// <nil> true
}

// Goroutines look at a part of a gradient each, which begins at a multiple of
// StatsBlock. Joined in their order, the statistics have the bits of GradStats.
func ExampleStatsPart_Join() {
	grad := make([]float32, 100_000)
	for i := range grad {
		grad[i] = 1 / float32(i+1)
	}
	const size = 8 * lion.StatsBlock
	parts := make([]lion.StatsPart, (len(grad)+size-1)/size)
	errs := make([]error, len(parts))
	var wg sync.WaitGroup
	for i := range parts {
		wg.Add(1)
		go func() {
			defer wg.Done()
			parts[i], errs[i] = lion.GradStatsPart(i*size, grad[i*size:min((i+1)*size, len(grad))])
		}()
	}
	wg.Wait()
	all, err := parts[0], errs[0]
	for i := 1; i < len(parts) && err == nil; i++ {
		if err = errs[i]; err == nil {
			all, err = all.Join(parts[i])
		}
	}
	fmt.Printf("%.4f %v %v\n", all.Stats().SumSquares, err, all.Stats() == lion.GradStats(grad))
	// Output:
	// 1.6449 <nil> true
}

// A master copy of the weights, gradients and a shadow in 16 bits, and the momentum:
// the slices of one call, each with its own number.
func ExampleAlloc() {
	const n = 2_000_000
	param := lion.Alloc[float32](n, 0)
	grad := lion.Alloc[lion.BF16](n, 1)
	momentum := lion.Alloc[float32](n, 2)
	shadow := lion.Alloc[lion.BF16](n, 3)
	for i := range grad {
		grad[i] = lion.ToBF16(1)
	}
	s, err := lion.New(lion.Config{LR: 0.5, Beta1: 0.9, Beta2: 0.99})
	if err != nil {
		panic(err)
	}
	fmt.Println(s.StepMasterBF16(param, grad, momentum, shadow), param[n-1], shadow[n-1].Float32())
	// Output:
	// <nil> -0.5 -0.5
}
