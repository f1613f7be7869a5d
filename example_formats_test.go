package lion_test

import (
	"errors"
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

// Clipping to a norm of 1 by GradScale: the gradient is read once more, and not
// written. A GradScale of 0 would mean 1, so that an infinite norm is no divisor.
func ExampleGradStats() {
	cfg := lion.DefaultConfig()
	cfg.LR = 0.25
	param, momentum := []float64{1, 1}, []float64{0, 0}
	for _, grad := range [][]float64{{3, -4}, {0, 0}, {1e200, 1}, {math.NaN(), 1}} {
		stats := lion.GradStats(grad)
		norm := math.Sqrt(stats.SumSquares)
		if stats.NaNs+stats.Infs > 0 || math.IsInf(norm, 1) { // the square of a float64 may overflow
			fmt.Println("left out:", grad)
			continue
		}
		cfg.GradScale = 1 / math.Max(norm, 1)
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		if err := s.StepF64(param, grad, momentum); err != nil {
			panic(err)
		}
		fmt.Printf("norm %g: param %g, momentum %.4f\n", norm, param, momentum)
	}
	// Output:
	// norm 5: param [0.75 1.25], momentum [0.0060 -0.0080]
	// norm 0: param [0.5 1.5], momentum [0.0059 -0.0079]
	// left out: [1e+200 1]
	// left out: [NaN 1]
}

// One NaN in a gradient stays in the momentum, whose sign is 0 from then on: that
// weight never moves again. A step left out costs nothing but itself.
func ExampleGradStats_nan() {
	cfg := lion.DefaultConfig()
	cfg.LR = 0.25
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	for _, careful := range []bool{false, true} {
		param, momentum := []float32{1, 1}, []float32{0, 0}
		for _, grad := range [][]float32{{1, 1}, {float32(math.NaN()), 1}, {1, 1}, {1, 1}} {
			if stats := lion.GradStats(grad); careful && stats.NaNs+stats.Infs > 0 {
				continue
			}
			if err := s.StepF32(param, grad, momentum); err != nil {
				panic(err)
			}
		}
		fmt.Println(param, momentum)
	}
	// Output:
	// [0.75 0] [NaN 0.03940399]
	// [0.25 0.25] [0.029701 0.029701]
}

// Loss scaling: gradients come multiplied by a lossScale, which GradScale takes
// back, so that small ones don't vanish in half precision. Where one is too large
// for it, the step is left out and the scale halved.
func ExampleStepper_StepF16() {
	cfg := lion.DefaultConfig()
	cfg.LR = 0.25
	param, momentum := []lion.F16{lion.ToF16(1), lion.ToF16(1)}, make([]lion.F16, 2)
	lossScale := float32(65536)
	for range 3 {
		grad := []lion.F16{lion.ToF16(3 * lossScale), lion.ToF16(-1e-8 * lossScale)}
		if stats := lion.GradStats(grad); stats.NaNs+stats.Infs > 0 {
			lossScale /= 2
			continue
		}
		cfg.GradScale = 1 / float64(lossScale) // and by what clips, as for GradStats
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		if err := s.StepF16(param, grad, momentum); err != nil {
			panic(err)
		}
		fmt.Println(lossScale, param[0].Float32(), param[1].Float32())
	}
	fmt.Println(lion.ToF16(-1e-8).Float32()) // without a scale there is nothing to step by
	// Output:
	// 16384 0.75 1.25
	// -0
}

// The model computes with hi; hi and lo together are the float32 weights.
func ExampleStepper_StepSplit() {
	s, err := lion.New(lion.DefaultConfig()) // LR 1e-4
	if err != nil {
		panic(err)
	}
	weight := []float32{1, -2}
	hi, lo := make([]lion.BF16, 2), make([]uint16, 2)
	if err := lion.Split(hi, lo, weight); err != nil {
		panic(err)
	}
	grad, momentum := []lion.BF16{lion.ToBF16(0.5), lion.ToBF16(-0.5)}, make([]lion.BF16, 2)
	for range 100 {
		if err := s.StepSplit(hi, lo, grad, momentum); err != nil {
			panic(err)
		}
	}
	if err := lion.Join(weight, hi, lo); err != nil { // for a checkpoint, say
		panic(err)
	}
	fmt.Println(hi[0].Float32(), hi[1].Float32())
	fmt.Printf("%.4f %.4f\n", weight[0], weight[1])
	// Output:
	// 0.98828125 -1.9921875
	// 0.9900 -1.9900
}

// Float32 weights become bfloat16 with compensation, and 100 steps that are each
// too small for bfloat16 alone add up.
func ExampleStepper_StepBF16Kahan() {
	s, err := lion.New(lion.DefaultConfig()) // LR 1e-4
	if err != nil {
		panic(err)
	}
	param, compensation := make([]lion.BF16, 2), make([]lion.BF16, 2)
	if err := lion.KahanBF16(param, compensation, []float32{1, math.Pi}); err != nil {
		panic(err)
	}
	sum := func(i int) float32 { return param[i].Float32() + compensation[i].Float32() }
	fmt.Printf("%v and %.4f\n", param[1].Float32(), sum(1))
	grad, momentum := []lion.BF16{lion.ToBF16(1), lion.ToBF16(-1)}, make([]lion.BF16, 2)
	for range 100 {
		if err := s.StepBF16Kahan(param, grad, momentum, compensation); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%.3f %.3f\n", sum(0), sum(1))
	// Output:
	// 3.140625 and 3.1416
	// 0.990 3.151
}

// Half precision has 11 bits, bfloat16 has 8 and float32's range.
func ExampleNarrowF16() {
	x := []float32{1.0 / 3, 65519, 65520, 1e-8}
	half, brain := make([]lion.F16, len(x)), make([]lion.BF16, len(x))
	if err := errors.Join(lion.NarrowF16(half, x), lion.NarrowBF16(brain, x)); err != nil {
		panic(err)
	}
	fromHalf, fromBrain := make([]float32, len(x)), make([]float32, len(x))
	if err := errors.Join(lion.WidenF16(fromHalf, half), lion.WidenBF16(fromBrain, brain)); err != nil {
		panic(err)
	}
	fmt.Println(fromHalf)
	fmt.Println(fromBrain)
	// Output:
	// [0.33325195 65504 +Inf 0]
	// [0.33398438 65536 65536 1.0011718e-08]
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
	// lion: bad rows: rows[1] = 3, but the table has 3 rows
}
