package verify

import (
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
)

// rule is a way to step that lion verify covers, whatever the format: an entry
// here is all that a new one takes. set draws the settings that go with it.
type rule struct {
	name string
	set  func(c *lion.Config, r *rng.Source)
}

var rules = []rule{
	{lion.Paper.String(), func(c *lion.Config, r *rng.Source) { c.Rule = lion.Paper }},
	{lion.MomentumFirst.String(), func(c *lion.Config, r *rng.Source) { c.Rule = lion.MomentumFirst }},
	{lion.BiasCorrected.String(), func(c *lion.Config, r *rng.Source) {
		c.Rule = lion.BiasCorrected
		c.Gamma, c.Epsilon = pick(r, 0, 0.1, 0.1, 1), pick(r, 0, 1e-8, 1e-8, 1e-3)
	}},
	{lion.Cautious.String(), func(c *lion.Config, r *rng.Source) {
		c.Rule = lion.Cautious
		c.CautiousScale = pick(r, lion.ScaleNone, lion.ScaleCount, lion.ScaleMean)
	}},
	{lion.Refined.String(), func(c *lion.Config, r *rng.Source) { c.Rule = lion.Refined }},
	{lion.Smooth.String(), func(c *lion.Config, r *rng.Source) {
		c.Rule = lion.Smooth
		c.Kappa = pick(r, 1, 1, 0.25, 10, 1000)
	}},
}

// otherRules draws one of those rules that go through tiles in 16-bit formats.
var otherRules = rule{"others", func(c *lion.Config, r *rng.Source) {
	pick(r, rules[1], rules[2], rules[4], rules[5]).set(c, r)
}}

// anyRule draws one of all.
var anyRule = []rule{{"all", setAny}}

func setAny(c *lion.Config, r *rng.Source) { pick(r, rules...).set(c, r) }

// halfRules are those of the 16-bit formats: two with kernels of their own,
// and the others together.
var halfRules = []rule{rules[0], rules[3], otherRules}

// stochasticRules draws one of all and rounds weights at random.
var stochasticRules = []rule{{"stochastic", func(c *lion.Config, r *rng.Source) {
	setAny(c, r)
	c.Rounding, c.Seed = lion.StochasticRounding, r.Uint64()
}}}

// randomDecay draws a decay and its coefficient. Every rule goes with each.
func randomDecay(c *lion.Config, r *rng.Source) {
	c.Decay = pick(r, lion.Decoupled, lion.Decoupled, lion.DecoupledPaper, lion.Independent, lion.Coupled)
	c.WeightDecay = pick(r, 0, 0, 0.1, 0.01, 0.5, 1e-6, r.Float64())
	if c.Decay != lion.Independent && c.LR*c.WeightDecay >= 1 {
		c.WeightDecay = 0.5 / c.LR
	}
}

// randomConfig draws hyperparameters that New accepts. With opposed, momentum
// will be −grad, and the gradient's scale is such that the interpolation
// cancels, exactly or nearly so.
func randomConfig(r *rng.Source, opposed bool) lion.Config {
	c := lion.Config{
		LR:        pick(r, 0, 1e-4, 1e-4, 1e-3, 3e-5, 0.1, 1, 1e-40, 1e20, r.Float64()),
		Beta1:     pick(r, 0, 0.5, 0.9, 0.9, 0.95, 0.75, 1-0x1p-30, r.Float64()),
		Beta2:     pick(r, 0, 0.5, 0.99, 0.99, 0.98, 0.999, 1-0x1p-30, r.Float64()),
		GradScale: pick(r, 0, 1, 1, -1, 0x1p-16, 1024, -0.3, 1e-20, r.Float64()+0.1),
	}
	if opposed && c.Beta1 > 0 {
		c.GradScale = c.Beta1 / (1 - c.Beta1)
	}
	randomDecay(&c, r)
	return c
}
