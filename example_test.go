package lion_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/lionkernel/lion"
)

func Example() {
	cfg := lion.DefaultConfig()
	cfg.LR = 0.25
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	param := []float32{1, 1, 1}
	momentum := make([]float32, len(param)) // starts at zero
	grad := []float32{3, -0.001, 0}
	if err := s.StepF32(param, grad, momentum); err != nil {
		panic(err)
	}
	// However large a gradient is, the step is LR; without one there is none.
	fmt.Println(param)
	// Output:
	// [0.75 1.25 1]
}

func ExampleNew() {
	cfg := lion.DefaultConfig()
	cfg.Beta1 = 1.9
	_, err := lion.New(cfg)
	fmt.Println(err)
	fmt.Println(errors.Is(err, lion.ErrConfig))
	// Output:
	// lion: bad config: Beta1 = 1.9 must be in [0, 1)
	// true
}

// What can run here, and why the rest can't.
func ExampleUnusable() {
	for _, name := range lion.Implementations() {
		fmt.Println(name)
	}
	for name, why := range lion.Unusable() {
		fmt.Println("not", name+":", why)
	}
}

// A schedule makes a Stepper at every step: New costs little beside the step.
func ExampleNew_schedule() {
	cfg := lion.DefaultConfig()
	param, momentum := []float64{1}, []float64{0}
	const steps = 4
	for t := range steps {
		cfg.LR = 0.5 * (1 + math.Cos(math.Pi*float64(t)/steps)) / 2 // from 0.5 down, by a cosine
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		grad := []float64{2 * param[0]} // of param²
		if err := s.StepF64(param, grad, momentum); err != nil {
			panic(err)
		}
		fmt.Printf("LR %.3f: param %.3f\n", cfg.LR, param[0])
	}
	// Output:
	// LR 0.500: param 0.500
	// LR 0.427: param 0.073
	// LR 0.250: param -0.177
	// LR 0.073: param -0.104
}

// A negative GradScale climbs.
func ExampleConfig_maximise() {
	cfg := lion.DefaultConfig()
	cfg.LR, cfg.GradScale = 0.25, -1
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	param, grad, momentum := []float32{1, 1}, []float32{3, -3}, []float32{0, 0}
	if err := s.StepF32(param, grad, momentum); err != nil {
		panic(err)
	}
	fmt.Println(param)
	// Output:
	// [1.25 0.75]
}

// Signum is Paper with Beta1 = Beta2: the sign of the momentum as it is after
// the step. SignSGD is Paper with both zero: the sign of the gradient.
func ExampleRule_signum() {
	for _, named := range []struct {
		name string
		beta float64
	}{{"Signum", 0.5}, {"SignSGD", 0}} {
		s, err := lion.New(lion.Config{LR: 0.25, Beta1: named.beta, Beta2: named.beta})
		if err != nil {
			panic(err)
		}
		param, grad, momentum := []float32{1, 1}, []float32{1, -1}, []float32{4, 4}
		if err := s.StepF32(param, grad, momentum); err != nil {
			panic(err)
		}
		fmt.Println(named.name, param, momentum)
	}
	// Output:
	// Signum [0.75 0.75] [2.5 1.5]
	// SignSGD [0.75 1.25] [1 -1]
}

func ExampleParseRule() {
	r, err := lion.ParseRule("momentum-first")
	fmt.Println(r == lion.MomentumFirst, err)
	_, err = lion.ParseRule("adam")
	fmt.Println(err)
	// Output:
	// true <nil>
	// lion: bad config: Rule "adam" is unknown (there are ["paper" "momentum-first" "bias-corrected" "cautious" "refined" "smooth"])
}

// Where WeightDecay acts: 0.1 on weights of 1, beside steps of 0.5. Coupled, it turns
// the small gradient round.
func ExampleDecay() {
	for _, name := range []string{"decoupled", "decoupled-paper", "independent", "coupled"} {
		decay, err := lion.ParseDecay(name)
		if err != nil {
			panic(err)
		}
		cfg := lion.DefaultConfig()
		cfg.LR, cfg.WeightDecay, cfg.Decay = 0.5, 0.1, decay
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		param, grad, momentum := []float64{1, 1}, []float64{2, -0.05}, []float64{0, 0}
		if err := s.StepF64(param, grad, momentum); err != nil {
			panic(err)
		}
		fmt.Printf("%v: %.2f\n", decay, param)
	}
	// Output:
	// decoupled: [0.45 1.45]
	// decoupled-paper: [0.45 1.45]
	// independent: [0.40 1.40]
	// coupled: [0.50 0.50]
}

// Cautious steps only where the gradient agrees with the step's sign, here 2 of 4
// elements; a scale makes the others' part up to these.
func ExampleCautiousScale() {
	for _, scale := range []lion.CautiousScale{lion.ScaleNone, lion.ScaleCount, lion.ScaleMean} {
		cfg := lion.DefaultConfig()
		cfg.LR, cfg.Rule, cfg.CautiousScale = 0.375, lion.Cautious, scale
		s, err := lion.New(cfg)
		if err != nil {
			panic(err)
		}
		param, grad, momentum := make([]float32, 4), []float32{1, 1, -1, -1}, []float32{8, -8, 8, -8}
		if err := s.StepF32(param, grad, momentum); err != nil {
			panic(err)
		}
		fmt.Println(scale, param)
	}
	// Output:
	// none [-0.375 0 0 0.375]
	// count [-0.5 0 0 0.5]
	// mean [-0.75 0 0 0.75]
}

func ExampleStepper_At() {
	cfg := lion.DefaultConfig()
	cfg.Rule, cfg.LR = lion.BiasCorrected, 0.001
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	param, grad, momentum := []float64{1}, []float64{0.5}, []float64{0}
	for t := 1; t <= 2; t++ { // counted from 1
		if err := s.At(t).StepF64(param, grad, momentum); err != nil {
			panic(err)
		}
	}
	fmt.Printf("%.5f\n", param[0])
	fmt.Println(errors.Is(s.StepF64(param, grad, momentum), lion.ErrConfig)) // which step?
	// Output:
	// 0.99951
	// true
}

// The text that defines BiasCorrected has a worked example, the first step on
// f(θ) = (θ−5)² from θ = 0, with β1 = 0.9, β2 = 0.997, γ = 0.1, η = 0.001 and
// ε = 1e-8. It takes the gradient f′(0) for 50, where it is −10, and drops the
// root from its last line. Here is each of its lines from the gradient that it
// prints, then the step by the definition, and by the example.
func ExampleRule_biasCorrected() {
	const gamma, eta, eps = 0.1, 0.001, 1e-8
	cfg := lion.Config{LR: eta, Beta1: 0.9, Beta2: 0.997, Gamma: gamma, Epsilon: eps, Rule: lion.BiasCorrected}
	s, err := lion.New(cfg)
	if err != nil {
		panic(err)
	}
	step := func(g float64) (theta, m float64) {
		param, grad, momentum := []float64{0}, []float64{g}, []float64{0}
		if err := s.At(1).StepF64(param, grad, momentum); err != nil {
			panic(err)
		}
		return param[0], momentum[0]
	}

	// The lines of the example, from its gradient of 50.
	g := 50.0
	theta, m := step(g)
	n := gamma*g + (1-cfg.Beta2)*1
	mHat := m / (1 - cfg.Beta1)
	nHat := n / (1 - cfg.Beta2)
	fmt.Printf("m = %.4g, n = %.4g, m̂ = %.4g, n̂ = %.2f\n", m, n, mHat, nHat)

	fmt.Printf("by the definition, with the root: θ = %.5f\n", theta)
	fmt.Printf("by the example, without:          θ = %.5f\n", 0-eta*mHat/nHat)

	// The gradient that f has at 0 leads up, to the minimum at 5. Its n̂ is
	// negative: the text gives √n̂ no value, the step takes √|n̂|.
	theta, m = step(2 * (0 - 5))
	fmt.Printf("with f′(0) = −10: m = %.4g, θ = %.5f\n", m, theta)
	// Output:
	// m = 5, n = 5.003, m̂ = 50, n̂ = 1667.67
	// by the definition, with the root: θ = -0.00122
	// by the example, without:          θ = -0.00003
	// with f′(0) = −10: m = -1, θ = 0.00055
}

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
