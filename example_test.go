package lion_test

import (
	"errors"
	"fmt"
	"math"

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
