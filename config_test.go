package lion

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stepper makes the Stepper of a Config that is known to be good.
func stepper(cfg Config) Stepper {
	s, err := New(cfg)
	if err != nil {
		panic(err)
	}
	return s.At(3)
}

// variants are cfg with every rule, decay and scale, and without decay.
func variants(cfg Config) []Config {
	var all []Config
	for r := range numRules {
		for d := range numDecays {
			for s := range numCautiousScales {
				if s != ScaleNone && r != Cautious {
					continue
				}
				c := cfg
				c.Rule, c.Decay, c.CautiousScale = r, d, s
				if d == Independent {
					c.WeightDecay = min(c.WeightDecay, 0.25)
				}
				all = append(all, c)
				if d == Decoupled && c.WeightDecay != 0 {
					c.WeightDecay = 0
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// decaying is a Config with everything in use.
func decaying() Config {
	cfg := DefaultConfig()
	cfg.LR, cfg.WeightDecay, cfg.GradScale, cfg.Kappa = 1e-2, 0.1, 0.75, 1.5
	return cfg
}

// A setting is a Config with a name.
type setting struct {
	name string
	Config
}

// with is cfg, changed.
func with(cfg Config, change func(*Config)) Config {
	change(&cfg)
	return cfg
}

// valueConfigs are settings that drive the arithmetic into its corners.
func valueConfigs() []setting {
	decaying := decaying()
	return []setting{
		{"usual", DefaultConfig()},
		{"decaying", decaying},
		{"SignSGD", with(decaying, func(c *Config) { c.Beta1, c.Beta2 = 0, 0 })},
		{"Signum", with(decaying, func(c *Config) { c.Beta1, c.Beta2, c.GradScale = 0.9, 0.9, 1 })},
		{"halves", with(decaying, func(c *Config) { c.Beta1, c.Beta2, c.GradScale = 0.5, 0.5, 1 })}, // m = −g cancels
		{"slow", with(decaying, func(c *Config) { c.Beta1, c.Beta2 = 0.999, 1-0x1p-40 })},           // β2 is 1 in float32
		{"maximising", with(decaying, func(c *Config) { c.GradScale = -1 })},
		{"scaled up", with(decaying, func(c *Config) { c.GradScale, c.Gamma = -1e30, 1e20 })},
		{"scaled down", with(decaying, func(c *Config) { c.GradScale, c.Gamma = 0x1p-100, 0 })},
		{"LR 0", with(decaying, func(c *Config) { c.LR = 0 })},
		{"LR subnormal 32", with(decaying, func(c *Config) { c.LR, c.WeightDecay = 1e-42, 1e30 })},
		{"LR least 32", with(decaying, func(c *Config) { c.LR, c.Epsilon = 0x1p-149, 0 })},
		{"LR large", with(decaying, func(c *Config) { c.LR, c.WeightDecay, c.Kappa = 3e38, 2e-39, 1e30 })},
		{"all but decayed", with(decaying, func(c *Config) { c.LR, c.WeightDecay = 1, 1-0x1p-20 })},
	}
}

func TestNewRefuses(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	set := func(field string, v float64) Config {
		cfg := DefaultConfig()
		reflect.ValueOf(&cfg).Elem().FieldByName(field).SetFloat(v)
		return cfg
	}
	type bad struct {
		cfg   Config
		names []string // what the error must say
	}
	var all []bad
	for field, values := range map[string][]float64{
		"LR":          {-1e-9, math.Copysign(math.SmallestNonzeroFloat64, -1), inf, -inf, nan, 1e39, math.MaxFloat64, 7e-46, math.SmallestNonzeroFloat64},
		"Beta1":       {-1e-9, 1, 1.5, inf, -inf, nan},
		"Beta2":       {-1e-9, 1, 1.5, inf, -inf, nan},
		"WeightDecay": {-1e-9, inf, -inf, nan, 1e4, 1e39},
		"GradScale":   {inf, -inf, nan, 1e39, -1e39, math.MaxFloat64, 7e-46, -7e-46, 7e-45, 6e-44, math.SmallestNonzeroFloat64},
		"Gamma":       {-1e-9, inf, -inf, nan, 1e39},
		"Epsilon":     {-1e-9, inf, -inf, nan, 1e39, 7e-46, math.SmallestNonzeroFloat64},
		"Kappa":       {-1e-9, inf, -inf, nan, 1e39, 7e-46, math.SmallestNonzeroFloat64},
	} {
		for _, v := range values {
			names := []string{field, fmt.Sprint(v)}
			if strings.HasPrefix(field, "Beta") {
				names = append(names, "must be in [0, 1)")
			} else if v-v != 0 { // and not that it overflows float32
				names = append(names, "must be finite")
			}
			all = append(all, bad{set(field, v), names})
		}
	}
	with := func(change func(*Config)) Config {
		cfg := DefaultConfig()
		change(&cfg)
		return cfg
	}
	all = append(all,
		bad{with(func(c *Config) { c.Rule = numRules }), []string{"Rule", "6"}},
		bad{with(func(c *Config) { c.Rule = 255 }), []string{"Rule", "255"}},
		bad{with(func(c *Config) { c.Decay = numDecays }), []string{"Decay", "4"}},
		bad{with(func(c *Config) { c.CautiousScale = numCautiousScales }), []string{"CautiousScale", "3"}},
		bad{with(func(c *Config) { c.Rounding = numRoundings }), []string{"Rounding", "2"}},
		bad{with(func(c *Config) { c.CautiousScale = ScaleMean }), []string{"CautiousScale", "mean", "paper"}},
		bad{with(func(c *Config) { c.Decay, c.WeightDecay = Independent, 1 }), []string{"WeightDecay", "1", "Independent"}},
		bad{with(func(c *Config) { c.Beta1, c.GradScale = 0.99999, 1e-41 }), []string{"GradScale", "1e-41", "Beta1", "0.99999", "is 0 in float32"}},
		bad{with(func(c *Config) { c.Beta2, c.GradScale = 0.99999, -1e-41 }), []string{"GradScale", "-1e-41", "Beta2", "0.99999", "is 0 in float32"}},
		bad{with(func(c *Config) { c.Rule, c.GradScale = BiasCorrected, 1e-50 }), []string{"GradScale", "1e-50", "is 0 in float32"}},
		bad{with(func(c *Config) { c.LR = 1e-50 }), []string{"LR = 1e-50 is 0 in float32"}},
		bad{with(func(c *Config) { c.Epsilon = 1e-50 }), []string{"Epsilon = 1e-50 is 0 in float32"}},
		bad{with(func(c *Config) { c.Kappa = 1e-50 }), []string{"Kappa = 1e-50 is 0 in float32"}},
		bad{with(func(c *Config) { c.LR, c.WeightDecay = 0, 1e300 }), []string{"WeightDecay = 1e+300 overflows float32"}},
		bad{with(func(c *Config) { c.Decay, c.LR, c.WeightDecay = DecoupledPaper, 0, 1e300 }), []string{"WeightDecay = 1e+300 overflows float32"}},
		bad{with(func(c *Config) { c.LR, c.WeightDecay = 0.5, 2 }), []string{"WeightDecay", "2", "LR", "0.5"}},
		bad{with(func(c *Config) { c.Decay, c.LR, c.WeightDecay = DecoupledPaper, 0.5, 2 }), []string{"WeightDecay", "2", "LR", "0.5"}},
		bad{with(func(c *Config) { c.Decay, c.GradScale, c.WeightDecay = Coupled, 1e-30, 1e30 }), []string{"WeightDecay = 1e+30, divided by GradScale = 1e-30, overflows float32"}},
		bad{with(func(c *Config) { c.Decay, c.GradScale, c.WeightDecay = Coupled, 1e-300, 1e30 }), []string{"WeightDecay", "GradScale"}},
	)
	for _, b := range all {
		s, err := New(b.cfg)
		require.ErrorIs(t, err, ErrConfig, "%+v", b.cfg)
		for _, name := range b.names {
			assert.Contains(t, err.Error(), name)
		}
		// What came with the error must not step.
		assert.ErrorIs(t, s.StepF32(nil, nil, nil), ErrConfig, "the Stepper of %v", err)
	}
}

func TestNewAccepts(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) {},
		func(c *Config) { *c = Config{} },
		func(c *Config) { c.LR, c.Beta1, c.Beta2 = 0, 0, 0 },
		func(c *Config) { c.LR = math.MaxFloat32 },
		func(c *Config) { c.LR = math.SmallestNonzeroFloat32 },
		func(c *Config) { c.LR, c.Epsilon, c.Kappa = 0x1.000001p-150, 0x1.000001p-150, 0x1.000001p-150 }, // which round up
		func(c *Config) { c.Gamma, c.WeightDecay = math.SmallestNonzeroFloat64, math.SmallestNonzeroFloat64 },
		func(c *Config) { c.Beta1, c.Beta2 = math.Nextafter(1, 0), math.Nextafter(1, 0) },
		func(c *Config) { c.GradScale = -math.MaxFloat32 },
		func(c *Config) { c.GradScale = 1e-43 },
		func(c *Config) { c.Beta1, c.Beta2, c.GradScale = 0, 0, -math.SmallestNonzeroFloat32 },
		func(c *Config) { c.Rule, c.GradScale = BiasCorrected, math.SmallestNonzeroFloat32 },
		func(c *Config) { c.LR, c.WeightDecay = 1e-4, 9999 },
		func(c *Config) { c.Decay, c.LR, c.WeightDecay = Coupled, 1, 100 },
		func(c *Config) { c.Decay, c.LR, c.WeightDecay = Independent, 100, 0.99 },
		func(c *Config) { c.Gamma, c.Epsilon, c.Kappa = 0, 0, 0 },
		func(c *Config) { c.Rule, c.CautiousScale = Cautious, ScaleCount },
	} {
		cfg := DefaultConfig()
		change(&cfg)
		_, err := New(cfg)
		assert.NoError(t, err, "%+v", cfg)
	}
}

// TestLRZero: a step of no size, as Config.LR says.
func TestLRZero(t *testing.T) {
	for d := range numDecays {
		for r := range numRules {
			cfg := DefaultConfig()
			cfg.Rule, cfg.Decay, cfg.LR, cfg.WeightDecay = r, d, 0, 0.25
			p, g, m := []float32{1, -2}, []float32{0.5, 0.25}, []float32{0.125, -1}
			require.NoError(t, stepper(cfg).StepF32(p, g, m))
			want := []float32{1, -2}
			if d == Independent {
				want = []float32{0.75, -1.5}
			}
			assert.Equal(t, want, p, "%v %v", r, d)
			assert.NotEqual(t, []float32{0.125, -1}, m, "%v %v", r, d)
		}
	}
}

// TestBiasCorrectedZeros: what Config says of Epsilon and Gamma.
func TestBiasCorrectedZeros(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rule, cfg.Epsilon = BiasCorrected, 0
	p, g, m := []float32{1, 1, 1}, []float32{0, 0, 0.5}, []float32{0.5, 0, 0.5}
	require.NoError(t, stepper(cfg).StepF32(p, g, m))
	assert.True(t, math.IsInf(float64(p[0]), -1), "%v", p[0])
	assert.True(t, math.IsNaN(float64(p[1])), "%v", p[1])
	assert.True(t, p[2] < 1 && p[2] > 0, "%v", p[2])
	cfg.Gamma, cfg.Beta1 = 0, 0
	p, g, m = []float32{0, 0}, []float32{1, 1024}, []float32{0, 0}
	require.NoError(t, stepper(cfg).StepF32(p, g, m))
	assert.Equal(t, 1024*p[0], p[1], "the denominator doesn't see the gradient's size")
}

func TestDefaultConfig(t *testing.T) {
	assert.Equal(t, Config{LR: 1e-4, Beta1: 0.9, Beta2: 0.99, Gamma: 0.1, Epsilon: 1e-8, Kappa: 1}, DefaultConfig())
}

// TestDocumentedDefaults: zero stands for the default where Config says so.
func TestDocumentedDefaults(t *testing.T) {
	a, b := DefaultConfig(), DefaultConfig()
	a.GradScale, a.Kappa = 0, 0
	b.GradScale, b.Kappa = 1, 1
	assert.True(t, stepper(a) == stepper(b))
}

func TestStepperComparable(t *testing.T) {
	for _, setting := range valueConfigs() {
		for _, cfg := range variants(setting.Config) {
			assert.True(t, stepper(cfg) == stepper(cfg))
			other := cfg
			other.Beta2 = cfg.Beta2/2 + 1e-5
			assert.False(t, stepper(cfg) == stepper(other))
			asked := cfg
			asked.Implementation = stepper(cfg).Implementation()
			assert.True(t, stepper(cfg) == stepper(asked), "the default implementation, by name")
		}
	}
}

func TestAt(t *testing.T) {
	cfg := decaying()
	cfg.Rule = BiasCorrected
	s, err := New(cfg)
	require.NoError(t, err)
	x := []float32{1}
	y := []float32{1}
	z := []float32{1}
	for _, step := range []int{1, 2, 3, 10, 1000, math.MaxInt} {
		require.NoError(t, s.At(step).StepF32(x, y, z))
		assert.True(t, s.At(step) == s.At(7).At(step), "At looks at nothing but t")
		want := -math.Expm1(float64(step) * math.Log(cfg.Beta1))
		assert.InEpsilon(t, want, s.At(step).f64.bc1, 1e-14, "1−β1ᵗ, t = %d", step)
		at := s.At(step)
		assert.Equal(t, float32(at.f64.bc2), at.f32.bc2)
	}
	// The other rules don't depend on t.
	for r := range numRules {
		if r != BiasCorrected {
			cfg.Rule = r
			s, err := New(cfg)
			require.NoError(t, err)
			assert.True(t, s == s.At(3))
			assert.NoError(t, s.At(-3).StepF32(x, y, z))
		}
	}
}

// TestAtLateSteps: βᵗ has the bits that the documentation gives it, for steps whose
// upper bits count too.
func TestAtLateSteps(t *testing.T) {
	cfg := decaying()
	cfg.Rule = BiasCorrected
	for _, beta := range []float64{0.9, 0.99, 1 - 0x1p-21, 1 - 0x1p-34, 1 - 0x1p-53} {
		cfg.Beta1, cfg.Beta2 = beta, 1-(1-beta)/2
		if cfg.Beta2 == 1 {
			cfg.Beta2 = 0.999
		}
		s, err := New(cfg)
		require.NoError(t, err)
		for _, step := range []int64{1, 2, 3, 4, 7, 1000, 1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 32, 1<<32 + 3, 1<<40 + 5, math.MaxInt64} {
			if int64(int(step)) != step {
				continue // an int has 32 bits here
			}
			at := s.At(int(step))
			for _, c := range []struct{ beta, got, got32 float64 }{
				{cfg.Beta1, at.f64.bc1, float64(at.f32.bc1)}, {cfg.Beta2, at.f64.bc2, float64(at.f32.bc2)},
			} {
				want := prove.IEEE64.Sub(1, powerByProducts(c.beta, int(step)))
				assert.Equal(t, want, c.got, "1−%vᵗ, t = %d", c.beta, step)
				assert.Equal(t, float64(float32(want)), c.got32, "1−%vᵗ, t = %d", c.beta, step)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for r := range numRules {
		got, err := ParseRule(r.String())
		assert.NoError(t, err)
		assert.Equal(t, r, got)
	}
	for d := range numDecays {
		got, err := ParseDecay(d.String())
		assert.NoError(t, err)
		assert.Equal(t, d, got)
	}
	for c := range numCautiousScales {
		got, err := ParseCautiousScale(c.String())
		assert.NoError(t, err)
		assert.Equal(t, c, got)
	}
	for r := range numRoundings {
		got, err := ParseRounding(r.String())
		assert.NoError(t, err)
		assert.Equal(t, r, got)
	}
	_, err := ParseCautiousScale("Mean")
	assert.ErrorIs(t, err, ErrConfig)
	assert.ErrorContains(t, err, `"Mean"`)
	assert.ErrorContains(t, err, `"count"`)
	_, err = ParseRounding("up")
	assert.ErrorIs(t, err, ErrConfig)
	assert.ErrorContains(t, err, `"up"`)
	assert.ErrorContains(t, err, `"stochastic"`)
	_, err = ParseRule("adam")
	assert.ErrorIs(t, err, ErrConfig)
	assert.ErrorContains(t, err, `"adam"`)
	assert.ErrorContains(t, err, `"momentum-first"`)
	_, err = ParseDecay("")
	assert.ErrorIs(t, err, ErrConfig)
	assert.ErrorContains(t, err, `"independent"`)
	assert.Equal(t, "Rule(77)", Rule(77).String())
	assert.Equal(t, "Decay(77)", Decay(77).String())
	assert.Equal(t, "CautiousScale(77)", CautiousScale(77).String())
	assert.Equal(t, "none count mean", fmt.Sprint(ScaleNone, " ", ScaleCount, " ", ScaleMean))
}

func TestImplementations(t *testing.T) {
	names := Implementations()
	require.NotEmpty(t, names)
	assert.Equal(t, "generic", names[len(names)-1])
	for _, name := range names {
		cfg := DefaultConfig()
		cfg.Implementation = name
		s, err := New(cfg)
		require.NoError(t, err)
		assert.Equal(t, name, s.Implementation())
	}
	for _, im := range implementations {
		if im.missing != "" {
			cfg := DefaultConfig()
			cfg.Implementation = im.name
			_, err := New(cfg)
			assert.ErrorIs(t, err, ErrImplementation)
			assert.ErrorContains(t, err, im.missing)
			assert.Equal(t, im.missing, Unusable()[im.name])
		}
	}
	assert.Len(t, Unusable(), len(implementations)-len(names))
	for _, name := range names {
		assert.NotContains(t, Unusable(), name)
	}
	for _, name := range []string{"mmx", "AVX2", " generic", "generic,"} {
		cfg := DefaultConfig()
		cfg.Implementation = name
		_, err := New(cfg)
		assert.ErrorIs(t, err, ErrImplementation)
		assert.ErrorContains(t, err, name)
		assert.ErrorContains(t, err, `"generic"`)
	}
}

// TestCoefLayout holds the fields of coef and the indices that assembly finds
// them by together.
func TestCoefLayout(t *testing.T) {
	indices := []struct {
		name string
		i    int
	}{
		{"b1", cB1}, {"o1", cO1}, {"b2", cB2}, {"o2", cO2}, {"lr", cLR}, {"decay", cDecay}, {"wd", cWD},
		{"scale", cScale}, {"gamma", cGamma}, {"bc1", cBC1}, {"bc2", cBC2}, {"eps", cEps},
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[coef[float32]](), reflect.TypeFor[coef[float64]]()} {
		require.Equal(t, len(indices), typ.NumField(), "each field has its index")
		for _, x := range indices {
			f, ok := typ.FieldByName(x.name)
			if assert.True(t, ok, x.name) {
				assert.Equal(t, uintptr(x.i)*f.Type.Size(), f.Offset, "%v.%s", typ, x.name)
			}
		}
	}
	// Fused kernels find the first of float32's by another type, whose names are exported.
	typ := reflect.TypeFor[half.Constants]()
	for i, x := range indices[:typ.NumField()] {
		assert.True(t, strings.EqualFold(x.name, typ.Field(i).Name), x.name)
		assert.Equal(t, uintptr(x.i)*4, typ.Field(i).Offset, x.name)
	}
	for i, name := range []string{"param", "grad", "momentum", "n", "c", "ahead"} {
		f := reflect.TypeFor[args]().Field(i)
		assert.Equal(t, name, f.Name)
		assert.Equal(t, uintptr(i)*unsafe.Sizeof(uintptr(0)), f.Offset)
	}
}

// TestStepperSize: a call copies its Stepper.
func TestStepperSize(t *testing.T) {
	assert.LessOrEqual(t, unsafe.Sizeof(Stepper{}), uintptr(184))
}

// TestConstants checks the constants against the contract's words: formed in
// float64, rounded once.
func TestConstants(t *testing.T) {
	cfg := Config{LR: 0.3, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.7, GradScale: -3, Gamma: 0.1, Epsilon: 1e-8, Kappa: 1.7}
	s := stepper(cfg)
	b1, b2, lr, wd := cfg.Beta1, cfg.Beta2, cfg.LR, cfg.WeightDecay // variables, so that arithmetic is float64's
	assert.Equal(t, float32(b1), s.f32.b1)
	assert.Equal(t, float32((1-b1)*-3), s.f32.o1)
	assert.Equal(t, float32((1-b2)*-3), s.f32.o2)
	product := float64(lr * wd)
	assert.Equal(t, 1-product, s.f64.decay)
	assert.Equal(t, float32(1-product), s.f32.decay)
	assert.Equal(t, float32(0.1), stepper(DefaultConfig()).f32.o1, "float32(1−0.9) is 0.1")
	cfg.Decay = Independent
	assert.Equal(t, 1-wd, stepper(cfg).f64.decay)
	cfg.Decay = Coupled
	assert.Equal(t, wd/-3, stepper(cfg).f64.wd)
	cfg.Rule = BiasCorrected
	assert.Equal(t, -3.0, stepper(cfg).f64.scale)
	assert.Equal(t, 1-b1, stepper(cfg).f64.o1)
	cfg.Rule = Smooth
	assert.Equal(t, 1.7, stepper(cfg).f64.scale)
	assert.Equal(t, (1-b1)*-3, stepper(cfg).f64.o1)
}

// TestPlans: which kernel runs for each rule and decay, and what around it. The bits
// say nothing of that, since compositions give those of the kernels; the time does.
func TestPlans(t *testing.T) {
	type planned struct {
		op  op
		mix mix
	}
	for rule, want := range map[Rule]struct {
		without                          op // a decay
		decoupled, paper, coupled, alone planned
	}{
		Paper:         {opPaperPlain, planned{opPaper, mixNone}, planned{opPaperInside, mixNone}, planned{opPaperCoupled, mixNone}, planned{opPaper, mixNone}},
		MomentumFirst: {opMomentumFirst, planned{opMomentumFirst, mixNone}, planned{opMomentumFirst, mixInside}, planned{opMomentumFirstCoupled, mixNone}, planned{opMomentumFirst, mixNone}},
		BiasCorrected: {opBiasCorrected, planned{opBiasCorrected, mixNone}, planned{opBiasCorrected, mixInside}, planned{opBiasCorrected, mixCouple}, planned{opBiasCorrected, mixNone}},
		Cautious:      {opCautious, planned{opCautious, mixNone}, planned{opCautious, mixInside}, planned{opCautious, mixCouple}, planned{opCautious, mixNone}},
		Refined:       {opRefined, planned{opRefined, mixNone}, planned{opRefined, mixInside}, planned{opRefined, mixCouple}, planned{opRefined, mixNone}},
		Smooth:        {opSmooth, planned{opSmooth, mixNone}, planned{opSmooth, mixInside}, planned{opSmooth, mixCouple}, planned{opSmooth, mixNone}},
	} {
		for decay, w := range map[Decay]planned{Decoupled: want.decoupled, DecoupledPaper: want.paper, Coupled: want.coupled, Independent: want.alone} {
			for _, scale := range []CautiousScale{ScaleNone, ScaleCount, ScaleMean} {
				if rule != Cautious && scale != ScaleNone {
					continue
				}
				cfg := DefaultConfig()
				cfg.Rule, cfg.Decay, cfg.CautiousScale = rule, decay, scale
				for _, cfg.WeightDecay = range []float64{0, 0.1} {
					w := w
					if cfg.WeightDecay == 0 {
						w = planned{want.without, mixNone}
					}
					s, err := New(cfg)
					require.NoError(t, err)
					p := s.At(1).plan
					assert.Equal(t, w, planned{p.op, p.mix}, "%v %v %v", rule, decay, cfg.WeightDecay)
					assert.Equal(t, w.mix == mixNone && scale == ScaleNone, p.direct, "%v %v %v", rule, decay, scale)
					assert.True(t, p.ready)
					assert.Equal(t, rule != BiasCorrected, s.plan.ready)
				}
			}
		}
	}
}
