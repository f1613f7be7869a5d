package lion_test

import (
	"fmt"
	"math"

	"github.com/lionkernel/lion"
)

// The model computes with shadow; the optimizer keeps the float32 weights.
func ExampleStepper_StepMasterBF16() {
	cfg := lion.DefaultConfig() // LR 1e-4
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	master, momentum := []float32{1, -2}, []float32{0, 0}
	shadow := make([]lion.BF16, len(master))
	grad := []lion.BF16{lion.ToBF16(0.5), lion.ToBF16(-0.5)}
	for range 100 {
		if err := s.StepMasterBF16(master, grad, momentum, shadow); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%.4f %.4f\n", master[0], master[1])
	fmt.Println(shadow[0].Float32(), shadow[1].Float32()) // near 1 a BF16 is 1/256 from the next below
	// Output:
	// 0.9900 -1.9900
	// 0.98828125 -1.9921875
}

// A float32 weight in two halves, of which the model computes with the upper.
func ExampleSplit() {
	weight := []float32{math.Pi}
	hi, lo := make([]lion.BF16, 1), make([]uint16, 1)
	if err := lion.Split(hi, lo, weight); err != nil {
		panic(err)
	}
	fmt.Println(hi[0].Float32())
	back := make([]float32, 1)
	if err := lion.Join(back, hi, lo); err != nil {
		panic(err)
	}
	fmt.Println(back[0] == weight[0])
	// Output:
	// 3.140625
	// true
}

// At LR 1e-4 a bfloat16 weight of 1 never moves when it is rounded to nearest;
// rounded at random, it moves as far as it should in the mean.
func ExampleRounding() {
	for _, rounding := range []lion.Rounding{lion.NearestRounding, lion.StochasticRounding} {
		cfg := lion.DefaultConfig()
		cfg.Rounding, cfg.Seed = rounding, 1
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		const n = 4096
		param, grad, momentum := make([]lion.BF16, n), make([]lion.BF16, n), make([]lion.BF16, n)
		for i := range param {
			param[i], grad[i] = lion.ToBF16(1), lion.ToBF16(1)
		}
		for t := 1; t <= 100; t++ {
			if err := s.At(t).StepBF16(param, grad, momentum); err != nil {
				panic(err)
			}
		}
		mean := 0.0
		for _, p := range param {
			mean += float64(p.Float32()) / n
		}
		fmt.Printf("%v: %.2f\n", rounding, mean)
	}
	// Output:
	// nearest: 1.00
	// stochastic: 0.99
}

// Loss scaling and clipping to a norm of 1, both by GradScale: the gradient is
// read once, and not written.
func ExampleGradStats() {
	const lossScale = 1024.0
	cfg := lion.DefaultConfig()
	cfg.LR = 0.25
	param, momentum := []float32{1, 1}, []float32{0, 0}
	for _, grad := range [][]lion.F16{
		{lion.ToF16(3 * lossScale), lion.ToF16(-4 * lossScale)},
		{lion.ToF16(1e6), lion.ToF16(1)}, // overflows
	} {
		stats := lion.GradStats(grad)
		if stats.NaNs+stats.Infs > 0 {
			fmt.Println("not finite: the step is left out; lower the loss scale")
			continue
		}
		norm := math.Sqrt(stats.SumSquares) / lossScale
		cfg.GradScale = 1 / lossScale / math.Max(norm, 1)
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		shadow := make([]lion.F16, len(param))
		if err := s.StepMasterF16(param, grad, momentum, shadow); err != nil {
			panic(err)
		}
		fmt.Printf("norm %g: param %v, momentum %.3f\n", norm, param, momentum)
	}
	// Output:
	// norm 5: param [0.75 1.25], momentum [0.006 -0.008]
	// not finite: the step is left out; lower the loss scale
}

// Only the listed rows of an embedding table are stepped.
func ExampleStepper_StepRowsF32() {
	cfg := lion.DefaultConfig()
	cfg.LR = 0.5
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	const width = 2
	table := []float32{1, 1, 2, 2, 3, 3}
	momentum := make([]float32, len(table))
	if err := s.StepRowsF32(table, momentum, width, []int{0, 2}, []float32{1, 1, -1, 0}); err != nil {
		panic(err)
	}
	fmt.Println(table)
	fmt.Println(s.StepRowsF32(table, momentum, width, []int{1, 3}, make([]float32, 2*width)))
	// Output:
	// [0.5 0.5 2 2 3.5 3]
	// lion: bad rows: rows[1] = 3, but the table has 3
}
