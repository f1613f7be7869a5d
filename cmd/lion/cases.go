package main

import "github.com/lionkernel/lion"

// stepper is what lion verify needs of a lion.Stepper. Tests put a faulty one
// in its place.
type stepper interface {
	StepF32(param, grad, momentum []float32) error
	StepF64(param, grad, momentum []float64) error
}

// maker makes the stepper of training step t: newStepper, or what a test puts
// in its place.
type maker func(c lion.Config, t int) (stepper, error)

func newStepper(c lion.Config, t int) (stepper, error) {
	s, err := lion.New(c)
	return s.At(t), err
}

// format is a storage format that lion verify covers: an entry here is all
// that a new one takes.
type format struct {
	name    string
	tensors func() []tensor // in the order that step takes them
	names   []string        // what they are called
	grad    int             // which of them is only read
	step    func(s stepper, t []tensor) error
}

var formats = []format{
	{
		name:    "f32",
		tensors: func() []tensor { return []tensor{arrayF32(), arrayF32(), arrayF32()} },
		names:   []string{"param", "grad", "momentum"},
		grad:    1,
		step: func(s stepper, t []tensor) error {
			return s.StepF32(window[float32](t[0]), window[float32](t[1]), window[float32](t[2]))
		},
	},
	{
		name:    "f64",
		tensors: func() []tensor { return []tensor{arrayF64(), arrayF64(), arrayF64()} },
		names:   []string{"param", "grad", "momentum"},
		grad:    1,
		step: func(s stepper, t []tensor) error {
			return s.StepF64(window[float64](t[0]), window[float64](t[1]), window[float64](t[2]))
		},
	},
}

// rule is a way to step that lion verify covers, whatever the format: an entry
// here is all that a new one takes. set draws the settings that go with it.
type rule struct {
	name string
	set  func(c *lion.Config, r *rng)
}

var rules = []rule{
	{lion.Paper.String(), func(c *lion.Config, r *rng) { c.Rule = lion.Paper }},
	{lion.MomentumFirst.String(), func(c *lion.Config, r *rng) { c.Rule = lion.MomentumFirst }},
	{lion.BiasCorrected.String(), func(c *lion.Config, r *rng) {
		c.Rule = lion.BiasCorrected
		c.Gamma, c.Epsilon = pick(r, 0, 0.1, 0.1, 1), pick(r, 0, 1e-8, 1e-8, 1e-3)
	}},
	{lion.Cautious.String(), func(c *lion.Config, r *rng) {
		c.Rule = lion.Cautious
		c.CautiousScale = pick(r, lion.ScaleNone, lion.ScaleCount, lion.ScaleMean)
	}},
	{lion.Refined.String(), func(c *lion.Config, r *rng) { c.Rule = lion.Refined }},
	{lion.Smooth.String(), func(c *lion.Config, r *rng) {
		c.Rule = lion.Smooth
		c.Kappa = pick(r, 1, 1, 0.25, 10, 1000)
	}},
}

// randomDecay draws a decay and its coefficient. Every rule goes with each.
func randomDecay(c *lion.Config, r *rng) {
	c.Decay = pick(r, lion.Decoupled, lion.Decoupled, lion.DecoupledPaper, lion.Independent, lion.Coupled)
	c.WeightDecay = pick(r, 0, 0, 0.1, 0.01, 0.5, 1e-6, r.float64())
	if c.Decay != lion.Independent && c.LR*c.WeightDecay >= 1 {
		c.WeightDecay = 0.5 / c.LR
	}
}

// digestShown is how many hexadecimal digits of a SHA-256 are printed and
// published.
const digestShown = 16

// published are the digests of the fixed part, by format and rule. They don't
// depend on the machine: one that gets others computes something else.
var published = map[string]string{
	"f32 paper":          "a0351b325df9f780",
	"f32 momentum-first": "2af876f5c2bfb4f0",
	"f32 bias-corrected": "2cbd9ebf054d719c",
	"f32 cautious":       "78afd2fc19036e8f",
	"f32 refined":        "5a3dc8cbfc97cfcd",
	"f32 smooth":         "95e9e27c7ee74138",
	"f64 paper":          "fad08824581af5b1",
	"f64 momentum-first": "d6cfd09ec7111ec8",
	"f64 bias-corrected": "45fcff6d64cc7282",
	"f64 cautious":       "f3f4d8d8d270bb2d",
	"f64 refined":        "402a0bc1db57d353",
	"f64 smooth":         "f34513db82fb96cb",
}

// randomConfig draws hyperparameters that New accepts. With opposed, momentum
// will be −grad, and the gradient's scale is such that the interpolation
// cancels, exactly or nearly so.
func randomConfig(r *rng, opposed bool) lion.Config {
	c := lion.Config{
		LR:        pick(r, 0, 1e-4, 1e-4, 1e-3, 3e-5, 0.1, 1, 1e-40, 1e20, r.float64()),
		Beta1:     pick(r, 0, 0.5, 0.9, 0.9, 0.95, 0.75, 1-0x1p-30, r.float64()),
		Beta2:     pick(r, 0, 0.5, 0.99, 0.99, 0.98, 0.999, 1-0x1p-30, r.float64()),
		GradScale: pick(r, 0, 1, 1, -1, 0x1p-16, 1024, -0.3, 1e-20, r.float64()+0.1),
	}
	if opposed && c.Beta1 > 0 {
		c.GradScale = c.Beta1 / (1 - c.Beta1)
	}
	randomDecay(&c, r)
	return c
}
