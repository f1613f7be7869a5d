package optim

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var inf, nan = math.Inf(1), math.NaN()

func floats(n int) []float32 { return make([]float32, n) }

// TestNewRefuses names what an optimizer can't be made of; what can be made after that
// must not remember it.
func TestNewRefuses(t *testing.T) {
	config := lion.DefaultConfig()
	bad := config
	bad.Beta1 = 1
	x := floats(20)
	good := F32("good", floats(3), floats(3))
	taken := F32("taken", floats(3), floats(3))
	_, err := New(Options{}, Group{Config: config, Params: []*Param{taken}})
	require.NoError(t, err)
	group := func(ps ...*Param) []Group { return []Group{{Config: config, Params: ps}} }
	for _, c := range []struct {
		options Options
		groups  []Group
		is      error
		text    string
	}{
		{Options{MaxNorm: -1}, nil, lion.ErrConfig, "MaxNorm = -1"},
		{Options{MaxNorm: nan}, nil, lion.ErrConfig, "MaxNorm = NaN"},
		{Options{MaxTensorNorm: inf}, nil, lion.ErrConfig, "MaxTensorNorm = +Inf"},
		{Options{MaxNorm: 1, MaxTensorNorm: 1}, nil, lion.ErrConfig, "choose one"},
		{Options{NonFinite: 3}, nil, lion.ErrConfig, "NonFinite = 3"},
		{Options{Workers: -1}, nil, lion.ErrConfig, "Workers = -1"},
		{Options{LossScaling: LossScaling{Growth: 2}}, nil, lion.ErrConfig, "LossScaling.Init = 0"},
		{Options{LossScaling: LossScaling{nan, 2, 0.5, 1}}, nil, lion.ErrConfig, "LossScaling.Init = NaN"},
		{Options{LossScaling: LossScaling{1, 0.5, 0.5, 1}}, nil, lion.ErrConfig, "LossScaling.Growth = 0.5"},
		{Options{LossScaling: LossScaling{1, inf, 0.5, 1}}, nil, lion.ErrConfig, "LossScaling.Growth = +Inf"},
		{Options{LossScaling: LossScaling{1, 2, 0, 1}}, nil, lion.ErrConfig, "LossScaling.Backoff = 0"},
		{Options{LossScaling: LossScaling{1, 2, 1.5, 1}}, nil, lion.ErrConfig, "LossScaling.Backoff = 1.5"},
		{Options{LossScaling: LossScaling{1, 2, 0.5, 0}}, nil, lion.ErrConfig, "LossScaling.Interval = 0"},
		{Options{}, append(group(), Group{Config: bad}), lion.ErrConfig, "group 1: "},
		{Options{}, group(nil), ErrParam, "nil"},
		{Options{}, group(&Param{}), ErrParam, "zero Param"},
		{Options{}, group(good, taken), ErrParam, "taken is in an optimizer"},
		{Options{}, group(good, good), ErrParam, "two tensors would have the name good"},
		{Options{}, group(good, F32("good.exp_avg", nil, nil)), ErrParam, "good.exp_avg"},
		{Options{}, group(F32("a.exp_avg", nil, nil), F32("a", nil, nil)), ErrParam, "a.exp_avg"},
		{Options{}, group(F32("shape", floats(6), nil, 2, 4)), ErrParam, "shape [2 4] has 8 elements, but there are 6"},
		{Options{}, group(F32("shape", floats(6), nil, -2, -3)), ErrParam, "shape [-2 -3]"},
		{Options{}, group(F32("shape", nil, nil, math.MaxInt, 3)), ErrParam, fmt.Sprintf("shape [%d 3]", math.MaxInt)},
		{Options{}, group(good, F32("long", floats(6), floats(5))), lion.ErrLength, "long: "},
		{Options{}, group(good, F32("lap", x[:6], x[5:11])), lion.ErrOverlap, "lap: "},
		{Options{}, group(F32("a", x[:6], floats(6)), good, F32("b", x[12:], x[4:12])), lion.ErrOverlap, "weights of a and grad of b share 8 bytes"},
		{Options{}, group(F32("a", floats(6), x[3:9]), F32("b", floats(8), x[2:10])), lion.ErrOverlap, "grad of b and grad of a share 24 bytes"},
		{Options{}, group(F32("a", x[:4], nil), F32("b", x[:4], nil)), lion.ErrOverlap, "share 16 bytes"},
	} {
		_, err := New(c.options, c.groups...)
		assert.ErrorIs(t, err, c.is, c.text)
		assert.ErrorContains(t, err, c.text)
		assert.Nil(t, good.owner, c.text)
	}
	_, err = New(Options{}, group(good)...)
	assert.NoError(t, err)
}

// TestNothing: no groups, no parameters, no elements.
func TestNothing(t *testing.T) {
	for _, options := range []Options{{}, {MaxNorm: 1, Workers: 3, NonFinite: Fail, LossScaling: DefaultLossScaling()}} {
		for _, groups := range [][]Group{nil, {{}}, {{Params: []*Param{F32("a", nil, nil), MasterBF16("b", nil, nil), F64("c", nil, nil, 3, 0)}}}} {
			for _, g := range groups {
				for _, p := range g.Params {
					p.owner = nil
				}
			}
			o, err := New(options, groups...)
			require.NoError(t, err)
			for k := 1; k < 3; k++ {
				r, err := o.Step()
				require.NoError(t, err)
				assert.Equal(t, k, r.Step)
				assert.Zero(t, r.Bytes)
			}
		}
	}
}

// TestStepRefuses: what is wrong with slices that are set later is found before anything
// is written, and the next good step is the one that would have been.
func TestStepRefuses(t *testing.T) {
	make := func() (*model, []float32) {
		m := newModel(t, Options{Workers: 2}, groupsOf(configs()[0]), []int{0}, []int{20000, 30, 60}, []int{0})
		m.setGrads(func(param, i int) float32 { return wave(1, param, i) })
		return m, of[float32](m.params[1].grad)
	}
	for _, c := range []struct {
		name  string
		is    error
		spoil func(m *model) error // an error that is returned at once will do
	}{
		{"another type", ErrParam, func(m *model) error { return SetGrad(m.params[1], []float64{1}) }},
		{"another type of weights", ErrParam, func(m *model) error { return SetWeights(m.params[1], []lion.BF16{1}) }},
		{"other weights", lion.ErrLength, func(m *model) error { return SetWeights(m.params[1], floats(31)) }},
		{"too short", lion.ErrLength, func(m *model) error { return SetGrad(m.params[1], floats(29)) }},
		{"another's gradient", lion.ErrOverlap, func(m *model) error { return SetGrad(m.params[1], of[float32](m.params[2].grad)[:30]) }},
		{"another's weights", lion.ErrOverlap, func(m *model) error { return SetGrad(m.params[1], of[float32](m.params[0].weights)[:30]) }},
		{"another's momentum", lion.ErrOverlap, func(m *model) error { return SetWeights(m.params[1], of[float32](m.params[0].momentum)[:30]) }},
		{"rows of a vector", ErrParam, func(m *model) error { return SetRows(m.params[1], []int{1}, floats(10)) }},
		{"rows of another type", ErrParam, func(m *model) error { return SetRows(m.params[1], []int{1}, []float64{10}) }},
	} {
		m, _ := make()
		before, weights := digest(m.opt.State()), of[float32](m.params[1].weights)
		err := c.spoil(m)
		if err == nil {
			_, err = m.opt.Step()
		}
		assert.ErrorIs(t, err, c.is, c.name)
		require.NoError(t, SetWeights(m.params[1], weights))
		assert.Equal(t, before, digest(m.opt.State()), c.name)
		assert.NoError(t, SetGrad(m.params[1], floats(30)))
		assert.Equal(t, 1, mustStep(t, m).Step)
	}
}

// TestRowsRefuse: rows out of range, or twice, or without gradients.
func TestRowsRefuse(t *testing.T) {
	for _, c := range []struct {
		rows []int
		grad int
		is   error
		text string
	}{
		{[]int{1, 2}, 7, lion.ErrLength, "len(grad) = 7"},
		{[]int{1, 200}, 6, lion.ErrRows, "table: lion: bad rows: rows[1] = 200, but the table has 200 rows"},
		{[]int{-1}, 3, lion.ErrRows, "rows[0] = -1"},
		{[]int{5, 7, 64, 7}, 12, lion.ErrRows, "rows[1] and rows[3] are both 7"},
	} {
		p := F32("table", floats(600), nil, 200, 3)
		o, err := New(Options{}, Group{Config: lion.DefaultConfig(), Params: []*Param{p}})
		require.NoError(t, err)
		err = SetRows(p, c.rows, floats(c.grad))
		if err == nil {
			_, err = o.Step()
		}
		assert.ErrorIs(t, err, c.is)
		assert.ErrorContains(t, err, c.text)
		assert.NoError(t, SetRows(p, []int{7, 64, 199}, floats(9)), "none is remembered")
		_, err = o.Step()
		assert.NoError(t, err)
		assert.NoError(t, SetRows(p, nil, floats(0)))
		_, err = o.Step()
		assert.NoError(t, err)
	}
}

// TestNoAllocation: a step allocates nothing, nor does one whose gradients move.
func TestNoAllocation(t *testing.T) {
	for _, options := range []Options{{}, {Workers: 3, MaxNorm: 0.1, LossScaling: DefaultLossScaling()}, {Workers: 2, MaxTensorNorm: 0.1, NonFinite: Skip}} {
		m := newModel(t, options, groupsOf(configs()[1], configs()[9]), []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, []int{20, 70000, 40, 50, 3000, 70, 80, 90, 100, 10, 2000}, []int{0, 1})
		m.setGrads(func(param, i int) float32 { return wave(1, param, i) })
		grads := [2][]float32{floats(20), floats(20)}
		k := 0
		step := func() {
			k++
			if SetGrad(m.params[0], grads[k%2]) != nil {
				panic("refused")
			}
			if _, err := m.opt.Step(); err != nil {
				panic(err)
			}
		}
		step()
		assert.Zero(t, testing.AllocsPerRun(50, step))
	}
}

// TestNoGoroutines: none outlives a step.
func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	m := newModel(t, Options{Workers: 5, Measure: true}, groupsOf(configs()[1]), []int{0}, []int{10 * leastUnit}, []int{0})
	for range 20 {
		mustStep(t, m)
	}
	// The last thing that a goroutine does is to say that it is done.
	assert.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+1 }, 10*time.Second, time.Millisecond) // Eventually's own
}

// TestWorkers: as many as pay.
func TestWorkers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	if runtime.GOMAXPROCS(0) < 4 {
		prove.Skip(t, "%s runs one goroutine at a time", runtime.GOARCH)
	}
	for _, c := range []struct{ elements, workers, want int }{{0, 0, 1}, {1000, 0, 1}, {400_000, 0, 1}, {420_000, 0, 2}, {1 << 20, 0, 4}, {3 << 20, 0, 4}, {1000, 7, 7}} {
		m := newModel(t, Options{Workers: c.workers}, groupsOf(configs()[0]), []int{0}, []int{c.elements}, []int{0})
		assert.Equal(t, c.want, m.opt.workers, "%v", c)
	}
}
