package lion

import (
	"fmt"
	"math"
)

// Config holds the hyperparameters, as float64, as a training script writes
// them. Start from DefaultConfig: the zero Config is valid, but with LR, Beta1 and
// Beta2 zero it steps nowhere and remembers nothing, and BiasCorrected wants
// Gamma and Epsilon too. The zero value of every other field is a useful default.
//
// Constants must suit float32 too, since a Stepper serves both types: New refuses
// an LR, WeightDecay, GradScale, Gamma, Epsilon or Kappa that makes a constant
// beyond float32's range, and an LR, GradScale, Epsilon or Kappa other than zero
// that makes one which float32 rounds to zero (below about 7e-46): that would
// silently be a different step.
type Config struct {
	// LR is η, the learning rate: finite, ≥ 0. Zero is allowed, as at the start of
	// a schedule, where some listings of Lion raise an error. The momentum is then
	// updated and the weights keep their values, NaN and infinities aside; Independent
	// still decays them, and −0 may become +0. "Zeros, infinities and NaN" in the
	// package's documentation has the details.
	LR    float64
	Beta1 float64 // β1, interpolation: in [0, 1)
	Beta2 float64 // β2, momentum decay: in [0, 1)
	// WeightDecay is λ: finite, ≥ 0; where it acts is Decay's to say. Independent's
	// must be < 1, and λ·η of Decoupled and DecoupledPaper too.
	WeightDecay float64

	// GradScale is s, by which the gradient is multiplied: loss unscaling
	// times clipping, say. Finite; 0 means 1; a negative one maximises. It is
	// folded into the constants and costs nothing. As float32, s, (1−β1)·s
	// and (1−β2)·s must be finite and not zero; for BiasCorrected, which multiplies
	// the gradient itself, s alone.
	GradScale float64

	// Rule says which of the rules called Lion is applied; zero is the paper's.
	Rule Rule
	// Decay says where WeightDecay acts; zero is PyTorch's decoupled decay.
	Decay Decay
	// CautiousScale says how the Cautious rule makes up for masked elements.
	CautiousScale CautiousScale

	// Gamma is γ of BiasCorrected, ≥ 0. Its source uses 0.1; with 0 the size of
	// the gradient plays no part in the rule's denominator.
	Gamma float64
	// Epsilon is ε of BiasCorrected, ≥ 0. Its source uses 1e-8; with 0 a zero
	// gradient divides by zero, which makes the weight infinite or, where the
	// momentum is zero too, NaN.
	Epsilon float64
	// Kappa is κ of Smooth, > 0; 0 means 1.
	Kappa float64

	// Rounding says how StepBF16 and StepF16 round new weights.
	Rounding Rounding
	// Seed seeds the random bits of StochasticRounding. Tensors with one Seed draw
	// the same bits at each step, unless Stepper.From gives each its own range of
	// indices: let each have its own seed, or its own range.
	Seed uint64

	// Implementation names one of Implementations(); "" takes the one that
	// LION_IMPL names, or else the best here.
	Implementation string
}

// DefaultConfig returns the paper's defaults: LR 1e-4, Beta1 0.9, Beta2 0.99,
// no weight decay, and for BiasCorrected Gamma 0.1 and Epsilon 1e-8.
func DefaultConfig() Config {
	return Config{LR: 1e-4, Beta1: 0.9, Beta2: 0.99, Gamma: 0.1, Epsilon: 1e-8, Kappa: 1}
}

// inRange says whether each number is one that checkNumbers lets pass, in the time that New
// can afford at each step of a schedule.
func (cfg *Config) inRange() bool {
	const most = math.MaxFloat64
	return cfg.LR >= 0 && cfg.LR <= most && cfg.Beta1 >= 0 && cfg.Beta1 < 1 && cfg.Beta2 >= 0 && cfg.Beta2 < 1 &&
		cfg.WeightDecay >= 0 && cfg.WeightDecay <= most && cfg.GradScale >= -most && cfg.GradScale <= most &&
		cfg.Gamma >= 0 && cfg.Gamma <= most && cfg.Epsilon >= 0 && cfg.Epsilon <= most && cfg.Kappa > 0 && cfg.Kappa <= most
}

// checkNumbers refuses a number that no rule can use.
func (cfg *Config) checkNumbers() error {
	for _, f := range [...]struct {
		name   string
		value  float64
		ok     bool
		wanted string
	}{
		{"LR", cfg.LR, cfg.LR >= 0, "finite and ≥ 0"},
		{"Beta1", cfg.Beta1, cfg.Beta1 >= 0 && cfg.Beta1 < 1, "in [0, 1)"},
		{"Beta2", cfg.Beta2, cfg.Beta2 >= 0 && cfg.Beta2 < 1, "in [0, 1)"},
		{"WeightDecay", cfg.WeightDecay, cfg.WeightDecay >= 0, "finite and ≥ 0"},
		{"GradScale", cfg.GradScale, true, "finite"},
		{"Gamma", cfg.Gamma, cfg.Gamma >= 0, "finite and ≥ 0"},
		{"Epsilon", cfg.Epsilon, cfg.Epsilon >= 0, "finite and ≥ 0"},
		{"Kappa", cfg.Kappa, cfg.Kappa > 0, "finite and > 0"},
	} {
		if !f.ok || math.IsInf(f.value, 0) || math.IsNaN(f.value) {
			return fmt.Errorf("%w: %s = %v must be %s", ErrConfig, f.name, f.value, f.wanted)
		}
	}
	return nil
}

// check refuses what no element can use.
func (cfg *Config) check() error {
	if !cfg.inRange() {
		if err := cfg.checkNumbers(); err != nil {
			return err
		}
	}
	switch {
	case cfg.Rule >= numRules:
		return fmt.Errorf("%w: Rule = %d is unknown", ErrConfig, cfg.Rule)
	case cfg.Decay >= numDecays:
		return fmt.Errorf("%w: Decay = %d is unknown", ErrConfig, cfg.Decay)
	case cfg.CautiousScale >= numCautiousScales:
		return fmt.Errorf("%w: CautiousScale = %d is unknown", ErrConfig, cfg.CautiousScale)
	case cfg.Rounding >= numRoundings:
		return fmt.Errorf("%w: Rounding = %d is unknown", ErrConfig, cfg.Rounding)
	case cfg.CautiousScale != ScaleNone && cfg.Rule != Cautious:
		return fmt.Errorf("%w: CautiousScale = %v needs Rule Cautious, not %v", ErrConfig, cfg.CautiousScale, cfg.Rule)
	case cfg.Decay == Independent && !(cfg.WeightDecay < 1):
		return fmt.Errorf("%w: WeightDecay = %v must be < 1 where the decay is Independent", ErrConfig, cfg.WeightDecay)
	case (cfg.Decay == Decoupled || cfg.Decay == DecoupledPaper) && !(cfg.LR*cfg.WeightDecay < 1):
		return fmt.Errorf("%w: WeightDecay = %v with LR = %v: LR·WeightDecay must be < 1", ErrConfig, cfg.WeightDecay, cfg.LR)
	}
	return nil
}

// constants forms the step's constants in float64.
func (cfg *Config) constants() coef[float64] {
	s := cfg.GradScale
	c := coef[float64]{
		b1: cfg.Beta1, o1: float64(1-cfg.Beta1) * s,
		b2: cfg.Beta2, o2: float64(1-cfg.Beta2) * s,
		lr:    math.Abs(cfg.LR), // −0 would be a step of its own
		decay: 1, wd: cfg.WeightDecay,
		scale: s, gamma: cfg.Gamma, eps: cfg.Epsilon,
		bc1: 1, bc2: 1,
	}
	switch cfg.Decay {
	case Decoupled:
		c.decay = 1 - float64(cfg.LR*cfg.WeightDecay)
	case Independent:
		c.decay = 1 - cfg.WeightDecay
	case Coupled:
		c.wd = cfg.WeightDecay / s
	}
	switch cfg.Rule {
	case BiasCorrected: // scales the gradient itself: √ can't be folded into
		c.o1, c.o2 = 1-cfg.Beta1, 1-cfg.Beta2
	case Smooth:
		c.scale = cfg.Kappa
	}
	return c
}

// round32 rounds each constant once.
func round32(c *coef[float64]) coef[float32] {
	return coef[float32]{
		b1: float32(c.b1), o1: float32(c.o1), b2: float32(c.b2), o2: float32(c.o2),
		lr: float32(c.lr), decay: float32(c.decay), wd: float32(c.wd),
		scale: float32(c.scale), gamma: float32(c.gamma),
		bc1: float32(c.bc1), bc2: float32(c.bc2), eps: float32(c.eps),
	}
}

// checkRange refuses constants that overflow float32, and those that became zero
// there where that changes the meaning. GradScale and Kappa aren't zero any more.
func (cfg *Config) checkRange(c *coef[float32]) error {
	scale, kappa := float32(cfg.GradScale), float32(cfg.Kappa)
	inf := func(x float32) bool { return math.IsInf(float64(x), 0) }
	switch {
	case inf(c.lr):
		return fmt.Errorf("%w: LR = %v overflows float32", ErrConfig, cfg.LR)
	case inf(c.wd) && cfg.Decay == Coupled:
		return fmt.Errorf("%w: WeightDecay = %v, divided by GradScale = %v, overflows float32", ErrConfig, cfg.WeightDecay, cfg.GradScale)
	case inf(c.wd):
		return fmt.Errorf("%w: WeightDecay = %v overflows float32", ErrConfig, cfg.WeightDecay)
	case inf(c.o1) || inf(c.o2) || inf(scale):
		return fmt.Errorf("%w: GradScale = %v overflows float32", ErrConfig, cfg.GradScale)
	case inf(c.gamma):
		return fmt.Errorf("%w: Gamma = %v overflows float32", ErrConfig, cfg.Gamma)
	case inf(c.eps):
		return fmt.Errorf("%w: Epsilon = %v overflows float32", ErrConfig, cfg.Epsilon)
	case inf(kappa):
		return fmt.Errorf("%w: Kappa = %v overflows float32", ErrConfig, cfg.Kappa)
	case c.lr == 0 && cfg.LR != 0:
		return fmt.Errorf("%w: LR = %v is 0 in float32", ErrConfig, cfg.LR)
	case scale == 0:
		return fmt.Errorf("%w: GradScale = %v is 0 in float32", ErrConfig, cfg.GradScale)
	case c.o1 == 0:
		return fmt.Errorf("%w: GradScale = %v with Beta1 = %v: (1−Beta1)·GradScale is 0 in float32", ErrConfig, cfg.GradScale, cfg.Beta1)
	case c.o2 == 0:
		return fmt.Errorf("%w: GradScale = %v with Beta2 = %v: (1−Beta2)·GradScale is 0 in float32", ErrConfig, cfg.GradScale, cfg.Beta2)
	case c.eps == 0 && cfg.Epsilon != 0:
		return fmt.Errorf("%w: Epsilon = %v is 0 in float32", ErrConfig, cfg.Epsilon)
	case kappa == 0:
		return fmt.Errorf("%w: Kappa = %v is 0 in float32", ErrConfig, cfg.Kappa)
	}
	return nil
}
