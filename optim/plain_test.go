package optim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/require"
)

// A second implementation, as plain as can be: a loop of single calls.

// A twin is a parameter of it, with slices of its own.
type twin struct {
	name                           string
	weights, grad, momentum, extra any
	step                           func(s lion.Stepper) error
	stats                          func() lion.Stats
	rows                           []int
	width                          int
	missing                        bool
	group                          int
	elements                       int
}

// A maker makes a parameter of a storage, and its twin.
type maker struct {
	name string
	make func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin)
}

func filled(n int, fill func(int) float32) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = fill(i)
	}
	return s
}

func narrowed(s []float32) []lion.BF16 {
	b := make([]lion.BF16, len(s))
	for i, x := range s {
		b[i] = lion.ToBF16(x)
	}
	return b
}

func halves(s []float32) []lion.F16 {
	b := make([]lion.F16, len(s))
	for i, x := range s {
		b[i] = lion.ToF16(x)
	}
	return b
}

func clone[T any](s []T) []T { return append([]T(nil), s...) }

var makers = []maker{
	{"F32", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		w, g := filled(n, fill), make([]float32, n)
		t := &twin{weights: clone(w), grad: clone(g), momentum: make([]float32, n)}
		t.step = func(s lion.Stepper) error {
			w, g, m := t.weights.([]float32), t.grad.([]float32), t.momentum.([]float32)
			if t.rows != nil {
				return s.StepRowsF32(w, m, t.width, t.rows, g)
			}
			return s.StepF32(w, g, m)
		}
		t.stats = func() lion.Stats { return lion.GradStats(t.grad.([]float32)) }
		return F32(name, w, g, shape...), t
	}},
	{"F64", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		w, g := make([]float64, n), make([]float64, n)
		for i, x := range filled(n, fill) {
			w[i] = float64(x) * (1 + 0x1p-40)
		}
		t := &twin{weights: clone(w), grad: clone(g), momentum: make([]float64, n)}
		t.step = func(s lion.Stepper) error {
			w, g, m := t.weights.([]float64), t.grad.([]float64), t.momentum.([]float64)
			if t.rows != nil {
				return s.StepRowsF64(w, m, t.width, t.rows, g)
			}
			return s.StepF64(w, g, m)
		}
		t.stats = func() lion.Stats { return lion.GradStats(t.grad.([]float64)) }
		return F64(name, w, g, shape...), t
	}},
	{"F32M16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		w, g := filled(n, fill), make([]float32, n)
		t := &twin{weights: clone(w), grad: clone(g), momentum: make([]lion.BF16, n)}
		t.step = func(s lion.Stepper) error {
			return s.StepF32M16(t.weights.([]float32), t.grad.([]float32), t.momentum.([]lion.BF16))
		}
		t.stats = func() lion.Stats { return lion.GradStats(t.grad.([]float32)) }
		return F32M16(name, w, g, shape...), t
	}},
	{"BF16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		p, t := twinBF16(BF16, name, n, fill, shape)
		t.step = func(s lion.Stepper) error {
			return s.StepBF16(t.weights.([]lion.BF16), t.grad.([]lion.BF16), t.momentum.([]lion.BF16))
		}
		return p, t
	}},
	{"F16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		w, g := halves(filled(n, fill)), make([]lion.F16, n)
		t := &twin{weights: clone(w), grad: clone(g), momentum: make([]lion.F16, n)}
		t.step = func(s lion.Stepper) error {
			return s.StepF16(t.weights.([]lion.F16), t.grad.([]lion.F16), t.momentum.([]lion.F16))
		}
		t.stats = func() lion.Stats { return lion.GradStats(t.grad.([]lion.F16)) }
		return F16(name, w, g, shape...), t
	}},
	{"KahanBF16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		p, t := twinBF16(KahanBF16, name, n, fill, shape)
		t.extra = make([]lion.BF16, n)
		t.step = func(s lion.Stepper) error {
			return s.StepBF16Kahan(t.weights.([]lion.BF16), t.grad.([]lion.BF16), t.momentum.([]lion.BF16), t.extra.([]lion.BF16))
		}
		return p, t
	}},
	{"SplitBF16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		p, t := twinBF16(SplitBF16, name, n, fill, shape)
		t.extra = make([]uint16, n)
		t.step = func(s lion.Stepper) error {
			return s.StepSplit(t.weights.([]lion.BF16), t.extra.([]uint16), t.grad.([]lion.BF16), t.momentum.([]lion.BF16))
		}
		return p, t
	}},
	{"MasterBF16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		p, t := twinBF16(MasterBF16, name, n, fill, shape)
		master := make([]float32, n)
		for i, x := range t.weights.([]lion.BF16) {
			master[i] = x.Float32()
		}
		t.extra, t.momentum = master, make([]float32, n)
		t.step = func(s lion.Stepper) error {
			return s.StepMasterBF16(master, t.grad.([]lion.BF16), t.momentum.([]float32), t.weights.([]lion.BF16))
		}
		return p, t
	}},
	{"MasterBF16M16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		p, t := twinBF16(MasterBF16M16, name, n, fill, shape)
		master := make([]float32, n)
		for i, x := range t.weights.([]lion.BF16) {
			master[i] = x.Float32()
		}
		t.extra = master
		t.step = func(s lion.Stepper) error {
			return s.StepMasterBF16M16(master, t.grad.([]lion.BF16), t.momentum.([]lion.BF16), t.weights.([]lion.BF16))
		}
		return p, t
	}},
	{"MasterF16", func(name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
		w, g := halves(filled(n, fill)), make([]lion.F16, n)
		t := &twin{weights: clone(w), grad: clone(g), momentum: make([]float32, n)}
		master := make([]float32, n)
		for i, x := range w {
			master[i] = x.Float32()
		}
		t.extra = master
		t.step = func(s lion.Stepper) error {
			return s.StepMasterF16(master, t.grad.([]lion.F16), t.momentum.([]float32), t.weights.([]lion.F16))
		}
		t.stats = func() lion.Stats { return lion.GradStats(t.grad.([]lion.F16)) }
		return MasterF16(name, w, g, shape...), t
	}},
}

func twinBF16(of func(string, []lion.BF16, []lion.BF16, ...int) *Param, name string, n int, fill func(int) float32, shape []int) (*Param, *twin) {
	w, g := narrowed(filled(n, fill)), make([]lion.BF16, n)
	t := &twin{weights: clone(w), grad: clone(g), momentum: make([]lion.BF16, n)}
	t.stats = func() lion.Stats { return lion.GradStats(t.grad.([]lion.BF16)) }
	return of(name, w, g, shape...), t
}

// A model is parameters and their twins, in groups.
type model struct {
	groups  []Group
	twins   []*twin
	params  []*Param
	options Options
	opt     *Optimizer

	step, skipped, good int
	scale               float64
}

// newModel makes parameters of the storages and lengths.
func newModel(t *testing.T, options Options, groups []Group, storages []int, lengths []int, inGroup []int) *model {
	m := &model{options: options, groups: groups, scale: 1}
	if options.LossScaling.Init != 0 {
		m.scale = options.LossScaling.Init
	}
	for i, n := range lengths {
		mk := makers[storages[i%len(storages)]%len(makers)]
		fill := func(j int) float32 { return wave(99, i, j) / 8 }
		name := fmt.Sprintf("p%d.%s", i, mk.name)
		p, tw := mk.make(name, n, fill, nil)
		tw.name, tw.elements, tw.group = name, n, inGroup[i%len(inGroup)]%len(groups)
		m.groups[tw.group].Params = append(m.groups[tw.group].Params, p)
		m.params, m.twins = append(m.params, p), append(m.twins, tw)
	}
	var err error
	m.opt, err = New(options, m.groups...)
	require.NoError(t, err)
	return m
}

// setGrads gives parameters and twins the same gradients.
func (m *model) setGrads(value func(param, i int) float32) {
	for k, p := range m.params {
		for _, g := range []any{p.grad.any(), m.twins[k].grad} {
			switch g := g.(type) {
			case []float32:
				for i := range g {
					g[i] = value(k, i)
				}
			case []float64:
				for i := range g {
					g[i] = float64(value(k, i))
				}
			case []lion.BF16:
				for i := range g {
					g[i] = lion.ToBF16(value(k, i))
				}
			case []lion.F16:
				for i := range g {
					g[i] = lion.ToF16(value(k, i))
				}
			}
		}
	}
}

// ordered are the twins in the order of the groups.
func (m *model) ordered() []*twin {
	var out []*twin
	for g := range m.groups {
		for _, t := range m.twins {
			if t.group == g {
				out = append(out, t)
			}
		}
	}
	return out
}

// plainStep steps the twins and returns the report's norm.
func (m *model) plainStep() (norm float64, skipped bool, err error) {
	o := &m.options
	measures := o.Measure || o.MaxNorm > 0 || o.MaxTensorNorm > 0 || o.NonFinite != Proceed || o.LossScaling.Init != 0
	base := func(t *twin) float64 {
		s := m.groups[t.group].Config.GradScale
		if s == 0 {
			s = 1
		}
		return s / m.scale
	}
	sum, bad := 0.0, 0
	if measures {
		for _, t := range m.ordered() {
			if t.missing {
				continue
			}
			q := t.stats()
			sum += float64(float64(base(t)*base(t)) * q.SumSquares)
			bad += q.NaNs + q.Infs
		}
	}
	norm = math.Sqrt(sum)
	if bad > 0 && (o.NonFinite == Skip || o.NonFinite == Proceed && o.LossScaling.Init != 0) {
		m.skipped++
		m.scale, m.good = m.scale*o.LossScaling.Backoff, 0
		if o.LossScaling.Init == 0 {
			m.scale = 1
		}
		return norm, true, nil
	}
	clip := 1.0
	if o.MaxNorm > 0 && norm > o.MaxNorm {
		clip = o.MaxNorm / norm
	}
	m.step++
	first := 0
	for _, t := range m.ordered() {
		c := m.groups[t.group].Config
		if s := m.groups[t.group].Schedule; s != nil {
			c.LR *= s(m.step)
		}
		c.GradScale = base(t) * clip
		if o.MaxTensorNorm > 0 && !t.missing {
			if own := math.Sqrt(float64(float64(base(t)*base(t)) * t.stats().SumSquares)); own > o.MaxTensorNorm {
				c.GradScale = base(t) * (o.MaxTensorNorm / own)
			}
		}
		s, err := lion.New(c)
		if err != nil {
			return norm, false, err
		}
		if !t.missing {
			if err := t.step(s.At(m.step).From(first)); err != nil {
				return norm, false, err
			}
		}
		first += t.elements
	}
	if o.LossScaling.Init != 0 {
		if m.good++; m.good == o.LossScaling.Interval {
			m.scale, m.good = m.scale*o.LossScaling.Growth, 0
		}
	}
	return norm, false, nil
}

// differences compares all memory of parameters and twins.
func (m *model) differences() error {
	for i, p := range m.params {
		t := m.twins[i]
		for _, x := range []struct {
			name      string
			got, want any
		}{{"weights", p.weights.any(), t.weights}, {"exp_avg", p.momentum.any(), t.momentum}, {"extra", p.extra.any(), t.extra}} {
			got, want := fromAny(x.got), fromAny(x.want)
			if string(got.memory()) != string(want.memory()) {
				return fmt.Errorf("%s of %s differ", x.name, p.name)
			}
		}
	}
	return nil
}

// configs are Configs that take every way through lion.
func configs() []lion.Config {
	d := lion.DefaultConfig()
	d.LR = 1e-3
	var out []lion.Config
	for i, change := range []func(c *lion.Config){
		func(c *lion.Config) {},
		func(c *lion.Config) { c.WeightDecay = 0.1 },
		func(c *lion.Config) { c.WeightDecay, c.Decay, c.GradScale = 0.1, lion.Coupled, -0.5 },
		func(c *lion.Config) { c.Rule, c.WeightDecay, c.Decay = lion.Cautious, 0.1, lion.DecoupledPaper },
		func(c *lion.Config) { c.Rule, c.CautiousScale, c.WeightDecay = lion.Cautious, lion.ScaleCount, 0.1 },
		func(c *lion.Config) { c.Rule, c.CautiousScale = lion.Cautious, lion.ScaleMean },
		func(c *lion.Config) {
			c.Rule, c.CautiousScale, c.WeightDecay, c.Decay = lion.Cautious, lion.ScaleMean, 0.1, lion.DecoupledPaper
		},
		func(c *lion.Config) { c.Rule = lion.BiasCorrected },
		func(c *lion.Config) { c.Rule = lion.Smooth },
		func(c *lion.Config) { c.Rounding, c.Seed, c.WeightDecay = lion.StochasticRounding, 7, 0.1 },
	} {
		c := d
		change(&c)
		c.LR *= float64(i + 1)
		out = append(out, c)
	}
	return out
}

// newRand returns random numbers that are the same each time.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 12)) }
