package lion

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stepCall is one of the calls that step. Its slices have the lengths n, and share
// memory if shared; what it returns is its error.
type stepCall struct {
	name   string
	rounds bool // by Config.Rounding
	call   func(s Stepper, n [4]int, shared bool) error
}

// cut returns slices of the lengths n, the first two from the same place if shared.
func cut[T any](n [4]int, shared bool) (a, b, c, d []T) {
	mem := make([]T, 64)
	at := 8
	if shared {
		at = 0
	}
	return mem[:n[0]], mem[at:][:n[1]], mem[16:][:n[2]], mem[24:][:n[3]]
}

// stepCalls is every call that steps.
var stepCalls = []stepCall{
	{"StepF32", false, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, _ := cut[float32](n, shared)
		return s.StepF32(p, g, m)
	}},
	{"StepF64", false, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, _ := cut[float64](n, shared)
		return s.StepF64(p, g, m)
	}},
	{"StepRowsF32", false, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, _ := cut[float32](n, shared)
		return s.StepRowsF32(p, m, 1, []int{0, 2, 1}, g)
	}},
	{"StepRowsF64", false, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, _ := cut[float64](n, shared)
		return s.StepRowsF64(p, m, 1, []int{0, 2, 1}, g)
	}},
	{"StepBF16", true, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, _ := cut[BF16](n, shared)
		return s.StepBF16(p, g, m)
	}},
	{"StepF16", true, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, _ := cut[F16](n, shared)
		return s.StepF16(p, g, m)
	}},
	{"StepF32M16", false, func(s Stepper, n [4]int, shared bool) error {
		p, g, _, _ := cut[float32](n, shared)
		_, _, m, _ := cut[BF16](n, false)
		return s.StepF32M16(p, g, m)
	}},
	{"StepMasterBF16", false, func(s Stepper, n [4]int, shared bool) error {
		p, _, m, _ := cut[float32](n, false)
		shadow, g, _, _ := cut[BF16](n, shared)
		return s.StepMasterBF16(p, g, m, shadow)
	}},
	{"StepMasterBF16M16", false, func(s Stepper, n [4]int, shared bool) error {
		p, _, _, _ := cut[float32](n, false)
		shadow, g, m, _ := cut[BF16](n, shared)
		return s.StepMasterBF16M16(p, g, m, shadow)
	}},
	{"StepMasterF16", false, func(s Stepper, n [4]int, shared bool) error {
		p, _, m, _ := cut[float32](n, false)
		shadow, g, _, _ := cut[F16](n, shared)
		return s.StepMasterF16(p, g, m, shadow)
	}},
	{"StepSplit", false, func(s Stepper, n [4]int, shared bool) error {
		hi, g, m, _ := cut[BF16](n, shared)
		_, _, _, lo := cut[uint16](n, false)
		return s.StepSplit(hi, lo, g, m)
	}},
	{"StepBF16Kahan", false, func(s Stepper, n [4]int, shared bool) error {
		p, g, m, c := cut[BF16](n, shared)
		return s.StepBF16Kahan(p, g, m, c)
	}},
}

// TestRefusals: each call that steps says what is wrong in one order, whatever else
// is: a Stepper that can't step, lengths, overlaps.
func TestRefusals(t *testing.T) {
	with := func(change func(*Config)) Stepper {
		cfg := DefaultConfig()
		change(&cfg)
		s, err := New(cfg)
		require.NoError(t, err)
		return s
	}
	corrected := with(func(c *Config) { c.Rule = BiasCorrected })
	composed := with(func(c *Config) { c.Rule, c.Decay, c.WeightDecay = BiasCorrected, Coupled, 0.1 })
	random := with(func(c *Config) { c.Rounding = StochasticRounding })
	both := with(func(c *Config) { c.Rule, c.Rounding = BiasCorrected, StochasticRounding })
	const (
		zero    = "lion: bad config: zero Stepper; make one with New"
		noTime  = "lion: bad config: BiasCorrected needs Stepper.At(t) with t ≥ 1 for each step"
		noPlace = "lion: bad config: StochasticRounding needs Stepper.From(index) with index ≥ 0"
		noTime2 = "lion: bad config: StochasticRounding needs Stepper.At(t) with t ≥ 1 for each step"
	)
	for _, c := range []struct {
		name string
		s    Stepper
		want string
		all  bool // or else calls that round
	}{
		{"zero", Stepper{}, zero, true},
		{"zero, At", Stepper{}.At(1), zero, true},
		{"zero, From", Stepper{}.From(1), zero, true},
		{"no At", corrected, noTime, true},
		{"At(0)", corrected.At(0), noTime, true},
		{"At(-1)", corrected.At(-1), noTime, true},
		{"At(1).At(0)", corrected.At(1).At(0), noTime, true},
		{"At(min)", corrected.At(math.MinInt), noTime, true},
		{"composed, no At", composed, noTime, true},
		{"composed, At(0)", composed.At(0), noTime, true},
		{"both, no At", both, noTime, true},
		{"random, no At", random, noTime2, false},
		{"random, At(0)", random.At(3).At(0), noTime2, false},
		{"random, At(-1)", random.At(-1), noTime2, false},
		{"random, At(min)", random.At(math.MinInt), noTime2, false},
		{"both, At(-1)", both.At(-1), noTime, true},
		{"random, At(0), From(-1)", random.At(0).From(-1), noTime2, false},
		{"random, From(-1)", random.At(1).From(-1), noPlace, false},
		{"random, From(min)", random.From(math.MinInt).At(1), noPlace, false},
	} {
		for _, call := range stepCalls {
			if !c.all && !call.rounds {
				assert.NoError(t, call.call(c.s, [4]int{3, 3, 3, 3}, false), "%s %s", c.name, call.name)
				continue
			}
			for _, n := range [][4]int{{}, {3, 3, 3, 3}, {3, 2, 4, 5}} {
				for _, shared := range []bool{false, true} {
					err := call.call(c.s, n, shared)
					assert.ErrorIs(t, err, ErrConfig, "%s %s %v %v", c.name, call.name, n, shared)
					assert.EqualError(t, err, c.want, "%s %s %v %v", c.name, call.name, n, shared)
				}
			}
		}
	}
	for _, s := range []Stepper{stepper(DefaultConfig()), corrected.At(1), composed.At(9), random.At(1), both.At(2).From(5), random.At(1).From(-1).From(math.MaxInt - 1), composed.At(1).From(-1)} {
		for _, call := range stepCalls {
			assert.NoError(t, call.call(s, [4]int{3, 3, 3, 3}, false), call.name)
			for _, shared := range []bool{false, true} {
				assert.ErrorIs(t, call.call(s, [4]int{3, 2, 4, 5}, shared), ErrLength, call.name)
			}
			assert.ErrorIs(t, call.call(s, [4]int{3, 3, 3, 3}, true), ErrOverlap, call.name)
		}
	}
}

// TestZeroStepperImplementation: what can't step runs on nothing.
func TestZeroStepperImplementation(t *testing.T) {
	assert.Equal(t, "", Stepper{}.Implementation())
	assert.Equal(t, "", Stepper{}.At(1).From(1).Implementation())
	s, err := New(Config{LR: -1})
	assert.Error(t, err)
	assert.Equal(t, "", s.Implementation())
	cfg := DefaultConfig()
	cfg.Rule = BiasCorrected
	s, err = New(cfg)
	assert.NoError(t, err)
	assert.Equal(t, stepper(DefaultConfig()).Implementation(), s.Implementation(), "made, though it still needs its step")
}
