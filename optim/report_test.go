package optim

import (
	"math"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// one returns an optimizer of two parameters of float32 with a gradient, and of one of
// float64.
func one(t *testing.T, options Options, grads ...[]float32) (*Optimizer, []*Param) {
	var params []*Param
	for i, g := range grads {
		params = append(params, F32(string(rune('a'+i)), floats(len(g)), g))
	}
	params = append(params, F64("last", make([]float64, 3), make([]float64, 3)))
	o, err := New(options, Group{Config: lion.DefaultConfig(), Params: params})
	require.NoError(t, err)
	return o, params
}

// TestReport: what a step tells.
func TestReport(t *testing.T) {
	c := lion.DefaultConfig()
	c.GradScale = -2
	a, b := F32("a", floats(2), []float32{3, 4}), BF16("b", []lion.BF16{0}, []lion.BF16{lion.ToBF16(12)})
	o, err := New(Options{MaxNorm: 2.6}, Group{Config: c, Params: []*Param{a}, Schedule: Linear(4, 0)}, Group{Config: lion.DefaultConfig(), Params: []*Param{b}})
	require.NoError(t, err)
	r, err := o.Step()
	require.NoError(t, err)
	assert.Positive(t, r.Time)
	r.Time = 0
	assert.Equal(t, Report{Step: 1, Measured: true, SumSquares: 100 + 144, Norm: math.Sqrt(244), Clip: 2.6 / math.Sqrt(244), LossScale: 1,
		Rates: []float64{1e-4, 1e-4}, Bytes: 2*4 + 2 + 2*20 + 10}, r)
	r, err = o.Step()
	require.NoError(t, err)
	assert.Equal(t, 2, r.Step)
	assert.Equal(t, []float64{1e-4 * Linear(4, 0)(2), 1e-4}, r.Rates)

	o, _ = one(t, Options{}, []float32{1})
	r, err = o.Step()
	require.NoError(t, err)
	r.Time = 0
	assert.Equal(t, Report{Step: 1, Clip: 1, LossScale: 1, Rates: []float64{1e-4}, Bytes: 20 + 120}, r)
}

// TestNonFinite: what isn't finite is skipped, fails or is stepped by.
func TestNonFinite(t *testing.T) {
	grads := func() [][]float32 { return [][]float32{{1, 2}, {float32(nan), 1, float32(-inf)}, {float32(inf)}} }
	o, _ := one(t, Options{NonFinite: Skip}, grads()...)
	before := digest(o.State())
	for k := 1; k < 3; k++ {
		r, err := o.Step()
		require.NoError(t, err)
		assert.Equal(t, []any{1, true, k, 1, 2, "b"}, []any{r.Step, r.Skipped, r.Skips, r.NaNs, r.Infs, r.First})
		assert.Equal(t, before, digest(o.State()))
	}
	o, _ = one(t, Options{NonFinite: Fail}, grads()...)
	r, err := o.Step()
	assert.ErrorIs(t, err, ErrNotFinite)
	assert.ErrorContains(t, err, `1 NaNs and 2 infinities, norm 2.449489742783178; first in "b"`)
	assert.Equal(t, before, digest(o.State()))
	assert.Equal(t, 1, r.Step)
	for _, options := range []Options{{}, {MaxNorm: 1}} {
		o, params := one(t, options, grads()...)
		r, err := o.Step()
		require.NoError(t, err)
		assert.False(t, r.Skipped)
		assert.True(t, math.IsNaN(float64(of[float32](params[1].momentum)[0])))
	}
}

// TestHugeNorm: a factor that comes out 0, or is 0 in float32, is not 1.
func TestHugeNorm(t *testing.T) {
	for _, g := range []float64{1e300, 1e160, 1e80} { // infinite squares, the norm too, and a factor of 1e-80
		for _, options := range []Options{{MaxNorm: 1}, {MaxTensorNorm: 1}} {
			for _, policy := range []NonFinite{Proceed, Skip, Fail} {
				options.NonFinite = policy
				o, params := one(t, options, []float32{1})
				of[float64](params[1].grad)[1] = g
				before := digest(o.State())
				r, err := o.Step()
				if policy == Skip {
					require.NoError(t, err, "%v %v", g, options)
					assert.True(t, r.Skipped)
					assert.Equal(t, 1, r.Skips)
				} else {
					assert.ErrorIs(t, err, ErrNotFinite, "%v %v", g, options)
				}
				assert.Equal(t, before, digest(o.State()))
				of[float64](params[1].grad)[1] = 1
				r, err = o.Step()
				require.NoError(t, err)
				assert.Equal(t, []any{1, false}, []any{r.Step, r.Skipped})
			}
		}
	}
}

// TestLossScaling follows GradScaler: backoff at once, growth after an interval.
func TestLossScaling(t *testing.T) {
	g := []float32{1}
	o, params := one(t, Options{LossScaling: LossScaling{8, 4, 0.25, 2}}, g)
	for i, c := range []struct {
		grad   float32
		before float64
		after  float64
	}{
		{1, 8, 8}, {1, 8, 32}, {float32(inf), 32, 8}, {float32(nan), 8, 2}, {1, 2, 2}, {float32(nan), 2, 0.5}, {1, 0.5, 0.5}, {1, 0.5, 2},
	} {
		g[0] = c.grad
		weight := of[float32](params[0].weights)[0]
		assert.Equal(t, c.before, o.LossScale(), i)
		r, err := o.Step()
		require.NoError(t, err)
		assert.Equal(t, []any{c.before, c.after, c.grad != 1}, []any{r.LossScale, o.LossScale(), r.Skipped}, i)
		assert.Equal(t, r.Skipped, weight == of[float32](params[0].weights)[0])
	}
	// The momentum is that of the gradient divided by the scale.
	o, params = one(t, Options{LossScaling: LossScaling{8, 2, 0.5, 10}}, []float32{8})
	_, err := o.Step()
	require.NoError(t, err)
	assert.InDelta(t, 0.01, of[float32](params[0].momentum)[0], 1e-8)
	// It neither falls nor rises without end.
	for _, l := range []LossScaling{{0x1p-63, 2, 0.1, 1}, {0x1p63, 10, 0.5, 1}} {
		g := []float32{float32(inf)}
		if l.Init > 1 {
			g[0] = 1
		}
		o, _ := one(t, Options{LossScaling: l}, g)
		for range 3 {
			_, err := o.Step()
			require.NoError(t, err)
		}
		assert.Contains(t, []float64{leastScale, mostScale}, o.LossScale())
	}
}

// TestTwoPhases: what Check tells may be changed, and is obeyed; it is of one step alone.
func TestTwoPhases(t *testing.T) {
	o, params := one(t, Options{MaxNorm: 1, NonFinite: Skip}, []float32{3})
	before := digest(o.State())
	r, err := o.Check()
	require.NoError(t, err)
	assert.Equal(t, before, digest(o.State()))
	r.Skipped = true
	r, err = o.StepWith(r)
	require.NoError(t, err)
	assert.Equal(t, []any{1, true, 1}, []any{r.Step, r.Skipped, r.Skips})
	assert.Equal(t, before, digest(o.State()))

	r, err = o.Check()
	require.NoError(t, err)
	r.SumSquares += 16 // of another process
	r, err = o.StepWith(r)
	require.NoError(t, err)
	assert.Equal(t, []any{5.0, 0.2, false}, []any{r.Norm, r.Clip, r.Skipped})
	assert.InDelta(t, 0.01*3*0.2, of[float32](params[0].momentum)[0], 1e-8)

	_, err = o.StepWith(r)
	assert.ErrorIs(t, err, ErrReport, "of the step before")
	_, err = o.StepWith(Report{Step: 2, LossScale: 1})
	assert.ErrorIs(t, err, ErrReport, "not measured")
	assert.ErrorContains(t, err, "Measured = false, but it should be true")
	_, err = o.StepWith(Report{Step: 2, LossScale: 2})
	assert.ErrorIs(t, err, ErrReport, "of another loss scale")
	assert.ErrorContains(t, err, "its loss scale is 2, but it should be 1")
	r, err = o.Check()
	require.NoError(t, err)
	require.NoError(t, SetGrad(params[0], []float32{1}))
	_, err = o.StepWith(r)
	assert.ErrorIs(t, err, ErrReport, "of other slices")
	assert.ErrorContains(t, err, "Check again")

	r, err = o.Check()
	require.NoError(t, err)
	r.NaNs = 1 // of another process, which was to say Skipped; the step isn't made
	r, err = o.StepWith(r)
	require.NoError(t, err)
	assert.True(t, r.Skipped)
}

// TestBadRate: a schedule that is off is an error of its step, and of none after it.
func TestBadRate(t *testing.T) {
	for _, rate := range []float64{nan, inf, -1, 1e300, 1e-60} {
		bad := true
		p := F32("a", floats(2), []float32{1, 2})
		o, err := New(Options{}, Group{}, Group{Config: lion.DefaultConfig(), Params: []*Param{p}, Schedule: func(int) float64 {
			if bad {
				return rate
			}
			return 1
		}})
		require.NoError(t, err)
		before := digest(o.State())
		_, err = o.Step()
		assert.ErrorIs(t, err, lion.ErrConfig)
		assert.ErrorContains(t, err, "group 1, step 1: lion: bad config: LR")
		assert.Equal(t, before, digest(o.State()))
		bad = false
		r, err := o.Step()
		assert.NoError(t, err)
		assert.Equal(t, 1, r.Step)
	}
}

// TestSetConfig: another Config from the next step on; a bad one changes nothing.
func TestSetConfig(t *testing.T) {
	o, params := one(t, Options{}, []float32{1})
	c := o.Config(0)
	c.LR = 0.5
	require.NoError(t, o.SetConfig(0, c))
	_, err := o.Step()
	require.NoError(t, err)
	assert.Equal(t, float32(-0.5), of[float32](params[0].weights)[0])
	c.Beta1 = 2
	assert.ErrorIs(t, o.SetConfig(0, c), lion.ErrConfig)
	assert.Equal(t, 0.9, o.Config(0).Beta1)
	assert.Equal(t, 1, o.Groups())
	assert.Equal(t, params, o.Params())
}

// TestSplitVectors: what has one dimension doesn't decay.
func TestSplitVectors(t *testing.T) {
	c := lion.DefaultConfig()
	c.WeightDecay = 0.1
	w, b := F32("w", floats(6), nil, 2, 3), F32("b", floats(3), nil)
	groups := SplitVectors(Group{Config: c, Schedule: Constant(), Params: []*Param{w, b, nil}})
	require.Len(t, groups, 2)
	assert.Equal(t, []*Param{w, nil}, groups[0].Params) // New refuses the nil
	assert.Equal(t, []*Param{b}, groups[1].Params)
	assert.Equal(t, []any{0.1, 0.0, 1e-4}, []any{groups[0].Config.WeightDecay, groups[1].Config.WeightDecay, groups[1].Config.LR})
	assert.NotNil(t, groups[1].Schedule)
	assert.Equal(t, []any{"w", []int{2, 3}, 6}, []any{w.Name(), w.Shape(), w.Len()})
}
