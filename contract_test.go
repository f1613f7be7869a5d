package lion_test

import (
	"math"
	"math/rand"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers that tell one reading of the documentation from another: each was
// computed by hand, or by a program that isn't this one. The oracle holds the whole
// of it (oracle_test.go, oracle16_test.go).

var (
	negZero = math.Copysign(0, -1)
	inf     = math.Inf(1)
	nan     = math.NaN()
)

// A contractCase is a step of one float64 element, and of the same as float32 where
// its numbers are float32's too.
type contractCase struct {
	name                string
	cfg                 lion.Config
	t                   int
	param, grad, moment float64
	wantParam           float64
	wantMoment          float64 // NaN where it isn't of interest
	only64              bool
}

var contractCases = []contractCase{
	{name: "the order is η·(m̂/d)", only64: true, t: 13, grad: 0.003, moment: 0.0124, wantParam: -0x1.2d75b2742fcb5p-09, wantMoment: nan,
		cfg: lion.Config{Rule: lion.BiasCorrected, LR: 0.3, Beta1: 0.5, Gamma: 3}},
	{name: "s·g is not formed", only64: true, param: 1, grad: 1e-20, moment: 1, wantParam: 0.5, wantMoment: nan,
		cfg: lion.Config{Rule: lion.Cautious, LR: 0.5, Beta1: 0.9, Beta2: 0.99, GradScale: 1e-30}},
	{name: "a negative scale turns agreement", param: 1, grad: -1, moment: 1, wantParam: 0.5, wantMoment: 1,
		cfg: lion.Config{Rule: lion.Cautious, LR: 0.5, Beta1: 0.5, Beta2: 0.5, GradScale: -1}},
	{name: "and disagreement", param: 1, grad: 1, moment: 4, wantParam: 1, wantMoment: 1.5,
		cfg: lion.Config{Rule: lion.Cautious, LR: 0.5, Beta1: 0.5, Beta2: 0.5, GradScale: -1}},

	{name: "LR 0 keeps a weight", param: 0x1.8p-1, grad: -1, wantParam: 0x1.8p-1, wantMoment: -0.5, cfg: lion.Config{Beta2: 0.5}},
	{name: "LR −0 is 0", param: 0, grad: 1, wantParam: 0, wantMoment: 0.5, cfg: lion.Config{LR: negZero, Beta2: 0.5}},
	{name: "LR 0, −0 less −0", param: negZero, grad: -1, wantParam: 0, wantMoment: -0.5, cfg: lion.Config{Beta2: 0.5}},
	{name: "LR 0, −0 less +0", param: negZero, grad: 1, wantParam: negZero, wantMoment: 0.5, cfg: lion.Config{Beta2: 0.5}},
	{name: "−0 stays where nothing moves it", param: negZero, wantParam: negZero, cfg: lion.Config{LR: 0.5, WeightDecay: 0.5}},
	{name: "LR 0 keeps an infinity", param: inf, grad: 1, wantParam: inf, wantMoment: 0.5, cfg: lion.Config{Beta2: 0.5, WeightDecay: 1}},
	{name: "LR 0, 0·∞", param: inf, grad: 1, wantParam: nan, wantMoment: 0.5,
		cfg: lion.Config{Beta2: 0.5, WeightDecay: 1, Decay: lion.DecoupledPaper}},
	{name: "LR 0, 0·∞ of any rule", param: inf, grad: 1, wantParam: nan, wantMoment: 0.5,
		cfg: lion.Config{Rule: lion.Refined, Beta2: 0.5, WeightDecay: 1, Decay: lion.DecoupledPaper}},
	{name: "without decay there is no such product", param: inf, grad: 1, wantParam: inf, wantMoment: 0.5,
		cfg: lion.Config{Beta2: 0.5, Decay: lion.DecoupledPaper}},
	{name: "LR 0, Independent decays", param: 1, grad: 1, wantParam: 0.75, wantMoment: 0.5,
		cfg: lion.Config{Beta2: 0.5, WeightDecay: 0.25, Decay: lion.Independent}},
	{name: "LR 0, Smooth of NaN", param: 1, grad: nan, wantParam: nan, wantMoment: nan, cfg: lion.Config{Rule: lion.Smooth, Beta2: 0.5}},
	{name: "LR 0, BiasCorrected of NaN", t: 1, param: 1, grad: nan, wantParam: nan, wantMoment: nan,
		cfg: lion.Config{Rule: lion.BiasCorrected, Beta2: 0.5, Epsilon: 1}},
	{name: "LR 0, BiasCorrected by 0", t: 1, param: 1, moment: 1, wantParam: nan, wantMoment: 0.5,
		cfg: lion.Config{Rule: lion.BiasCorrected, Beta1: 0.5, Beta2: 0.5}},

	{name: "sign(NaN) is 0", param: 1, grad: nan, wantParam: 0.75, wantMoment: nan, cfg: lion.Config{LR: 0.5, Beta2: 0.5, WeightDecay: 0.5}},
	{name: "Refined takes one too", param: 1, grad: nan, wantParam: 0.75, wantMoment: nan,
		cfg: lion.Config{Rule: lion.Refined, LR: 0.5, Beta2: 0.5, WeightDecay: 0.5}},
	{name: "a momentum that is NaN freezes the weight", param: 1, grad: 1, moment: nan, wantParam: 1, wantMoment: nan,
		cfg: lion.Config{LR: 0.5, Beta1: 0.5, Beta2: 0.5}},
}

// TestContractCases runs them on every implementation, each alone and in a vector.
func TestContractCases(t *testing.T) {
	for _, c := range contractCases {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range lion.Implementations() {
				c.cfg.Implementation = name
				s, err := lion.New(c.cfg)
				require.NoError(t, err)
				for _, n := range []int{1, 67} {
					checkCase(t, c, n, s.At(c.t).StepF64)
					if !c.only64 {
						checkCase(t, c, n, s.At(c.t).StepF32)
					}
				}
			}
		})
	}
}

// checkCase steps n elements that are all the case's.
func checkCase[T float32 | float64](t *testing.T, c contractCase, n int, step func(param, grad, momentum []T) error) {
	t.Helper()
	p, g, m := repeated(T(c.param), n), repeated(T(c.grad), n), repeated(T(c.moment), n)
	require.NoError(t, step(p, g, m))
	for i := range p {
		assert.Equal(t, bitsOf(c.wantParam), bitsOf(float64(p[i])), "param %v, want %v", p[i], c.wantParam)
		if !math.IsNaN(c.wantMoment) {
			assert.Equal(t, bitsOf(c.wantMoment), bitsOf(float64(m[i])), "momentum %v, want %v", m[i], c.wantMoment)
		}
	}
}

func repeated[T any](x T, n int) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = x
	}
	return s
}

// bitsOf tells zeros apart, and takes one NaN for another: widening may change one.
func bitsOf(x float64) uint64 {
	if x != x {
		x = math.NaN()
	}
	return math.Float64bits(x)
}

// TestContractCautiousScale: with DecoupledPaper the scale multiplies the sign and
// is rounded by itself, so that the decay isn't scaled; with others η times it is
// rounded, once.
func TestContractCautiousScale(t *testing.T) {
	const n, agreeing = 212, 142
	cfg := lion.Config{Rule: lion.Cautious, CautiousScale: lion.ScaleCount, LR: 1e-3, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1}
	for _, name := range lion.Implementations() {
		cfg.Implementation = name
		for decay, want := range map[lion.Decay]float32{
			lion.DecoupledPaper: 0x1.22edccp-05,
			lion.Decoupled:      0x1.22edcep-05,
		} {
			cfg.Decay = decay
			s, err := lion.New(cfg)
			require.NoError(t, err)
			p, g, m := repeated(float32(0.037), n), repeated(float32(1), n), repeated(float32(1), n)
			for i := agreeing; i < n; i++ {
				g[i] = -1 // against a momentum that outweighs it
			}
			require.NoError(t, s.StepF32(p, g, m))
			assert.Equal(t, want, p[0], "%v: %x", decay, p[0])
		}
	}
}

// TestContractPower: βᵗ is y, below, and each product rounds.
func TestContractPower(t *testing.T) {
	for _, step := range []int{1, 2, 3, 5, 13, 100, 1000, 1 << 20, 1<<20 + 1, 3 << 20, math.MaxInt32} {
		beta1, beta2 := 1-0x1.234567p-12, 1-0x1.89abcdep-22
		cfg := lion.Config{Rule: lion.BiasCorrected, LR: 1, Beta1: beta1, Beta2: beta2, Gamma: 1}
		s, err := lion.New(cfg)
		require.NoError(t, err)
		p, g, m := []float64{0}, []float64{0.3}, []float64{0.7}
		power := func(x float64) float64 {
			y := 1.0
			for t := step; t > 0; t >>= 1 {
				if t&1 == 1 {
					y = float64(y * x)
				}
				x = float64(x * x)
			}
			return y
		}
		next := float64(beta1*m[0]) + float64((1-beta1)*g[0])
		mHat := next / (1 - power(beta1))
		d := math.Sqrt((g[0] + (1 - beta2)) / (1 - power(beta2)))
		require.NoError(t, s.At(step).StepF64(p, g, m))
		assert.Equal(t, 0-mHat/d, p[0], "t = %d", step)
	}
}

// TestContractSplit: a weight in two halves lies as in the parameter remainders of
// NVIDIA's apex and TransformerEngine. The remainder is the lower half as an int16;
// where it is negative, the upper half was counted up by one, and is counted down
// to put them together again.
func TestContractSplit(t *testing.T) {
	stride := uint32(2003) // to every upper half and to all kinds of lower ones
	if testing.Short() {
		stride = 9973
	}
	var weight []float32
	for b := uint32(0); ; b += stride {
		weight = append(weight, math.Float32frombits(b&^0xffff|b*0x9e3779b9>>16), math.Float32frombits(b&^0xffff|0x8000))
		if b > math.MaxUint32-stride {
			break
		}
	}
	hi, lo, back := make([]lion.BF16, len(weight)), make([]uint16, len(weight)), make([]float32, len(weight))
	require.NoError(t, lion.Split(hi, lo, weight))
	require.NoError(t, lion.Join(back, hi, lo))
	for i, w := range weight {
		b := math.Float32bits(w)
		upper, remainder := int16(b>>16), int16(b)
		if remainder < 0 {
			upper++
		}
		if int16(hi[i]) != upper || int16(lo[i]) != remainder {
			t.Fatalf("%08x is %04x and %04x, want %04x and %04x", b, hi[i], lo[i], uint16(upper), uint16(remainder))
		}
		if remainder < 0 {
			upper--
		}
		if joined := uint32(uint16(upper))<<16 | uint32(uint16(remainder)); math.Float32bits(back[i]) != joined || joined != b {
			t.Fatalf("%08x comes back as %08x, want %08x", b, math.Float32bits(back[i]), joined)
		}
	}
}

// The figures of docs/training.md and, on 16 bits, of docs/agreement.md.

// momentumAfter is the momentum in each storage after steps by a constant gradient.
func momentumAfter(t *testing.T, beta2, start, grad float64, steps int) (f32, bf16, f16 float64) {
	s, err := lion.New(lion.Config{LR: 1e-4, Beta1: 0.9, Beta2: beta2})
	require.NoError(t, err)
	p32, g32, m32 := []float32{0}, []float32{float32(grad)}, []float32{float32(start)}
	mBF := []lion.BF16{lion.ToBF16(m32[0])}
	pF, gF, mF := []lion.F16{0}, []lion.F16{lion.ToF16(g32[0])}, []lion.F16{lion.ToF16(m32[0])}
	for range steps {
		require.NoError(t, s.StepF32(p32, g32, m32))
		require.NoError(t, s.StepF32M16(p32, g32, mBF))
		require.NoError(t, s.StepF16(pF, gF, mF))
	}
	return float64(m32[0]), float64(mBF[0].Float32()), float64(mF[0].Float32())
}

// TestSlowMomentum: near β2 = 1 a momentum of 16 bits stops before it is there.
func TestSlowMomentum(t *testing.T) {
	for _, c := range []struct {
		beta2, start, grad float64
		steps              int
		f32, bf16, f16     float64
	}{
		{0.99, 1, 0, 1000, 4.3e-05, 7.2e-05, 4.3e-05},
		{0.998, 1, 0, 1000, 0.135, 0.977, 0.140},
		{0.999, 1, 0, 1000, 0.368, 1, 0.377},
		{0.99, 0, 1, 10000, 1, 0.805, 0.976},
		{0.998, 0, 1, 10000, 1, 0.5, 0.878},
		{0.999, 0, 1, 10000, 1, 0.25, 0.756},
	} {
		f32, bf16, f16 := momentumAfter(t, c.beta2, c.start, c.grad, c.steps)
		assert.InEpsilon(t, c.f32, f32, 0.01, "%+v", c)
		assert.InEpsilon(t, c.bf16, bf16, 0.01, "%+v", c)
		assert.InEpsilon(t, c.f16, f16, 0.01, "%+v", c)
	}
}

// TestStuckMomentum: without gradients a momentum fades to a few dozen of the
// smallest subnormal number and no further, since rounding gives back what β2 takes.
// Its sign moves the weight for ever.
func TestStuckMomentum(t *testing.T) {
	s, err := lion.New(lion.Config{LR: 1e-4, Beta1: 0.9, Beta2: 0.99})
	require.NoError(t, err)
	p, g, m := []float32{0}, []float32{0}, []float32{1}
	for range 9_877 {
		require.NoError(t, s.StepF32(p, g, m))
	}
	assert.Equal(t, float32(50*0x1p-149), m[0], "7e-44")
	before := p[0]
	for range 1_000 {
		require.NoError(t, s.StepF32(p, g, m))
	}
	assert.Equal(t, float32(50*0x1p-149), m[0])
	assert.InDelta(t, -0.1, p[0]-before, 1e-4)
}

// A half is a 16-bit element type, as lion-pytorch is modelled with it.
type half[T lion.BF16 | lion.F16] struct {
	round func(float32) T
	step  func(s lion.Stepper, param, grad, momentum []T) error
	value func(T) float32
}

// lionPytorch is a step as it stores 16 bits: each operation of the script computes
// in float32 and rounds its result.
func (h half[T]) lionPytorch(cfg lion.Config, p, g, m T) (param, momentum T) {
	f := func(x float32) float32 { return h.value(h.round(x)) }
	c := f(f(h.value(m)*float32(cfg.Beta1)) + float32(float32(1-cfg.Beta1)*h.value(g)))
	w := f(h.value(p) * float32(1-float64(cfg.LR*cfg.WeightDecay)))
	w -= float32(float32(cfg.LR) * goldenSign(c))
	next := f(h.value(m)*float32(cfg.Beta2)) + float32(float32(1-cfg.Beta2)*h.value(g))
	return h.round(w), h.round(next)
}

// differing are the shares of weights and momenta, in percent, that differ from
// lion-pytorch's after one step, of normally distributed numbers.
func (h half[T]) differing(t *testing.T, lr, weightDecay float64) (param, momentum float64) {
	const n = 1 << 17
	cfg := lion.Config{LR: lr, Beta1: 0.9, Beta2: 0.99, WeightDecay: weightDecay}
	s, err := lion.New(cfg)
	require.NoError(t, err)
	r := rand.New(rand.NewSource(1))
	var ps, gs, ms []T
	for range n {
		ps, gs, ms = append(ps, h.round(float32(r.NormFloat64()))), append(gs, h.round(float32(r.NormFloat64()))), append(ms, h.round(float32(0.3*r.NormFloat64())))
	}
	wantP, wantM := make([]T, n), make([]T, n)
	for i := range ps {
		wantP[i], wantM[i] = h.lionPytorch(cfg, ps[i], gs[i], ms[i])
	}
	require.NoError(t, h.step(s, ps, gs, ms))
	for i := range ps {
		if ps[i] != wantP[i] {
			param++
		}
		if ms[i] != wantM[i] {
			momentum++
		}
	}
	return 100 * param / n, 100 * momentum / n
}

// TestAgreement16 holds docs/agreement.md to the model.
func TestAgreement16(t *testing.T) {
	bf16 := half[lion.BF16]{lion.ToBF16, lion.Stepper.StepBF16, lion.BF16.Float32}
	f16 := half[lion.F16]{lion.ToF16, lion.Stepper.StepF16, lion.F16.Float32}
	for _, c := range []struct{ lr, weightDecay, bf16, f16 float64 }{
		{1e-4, 0, 0, 0},
		{1e-4, 0.1, 0, 0},
		{1e-3, 0.1, 9, 5},
		{1e-3, 1, 11, 11},
		{1e-2, 0.1, 22, 25},
	} {
		p, m := bf16.differing(t, c.lr, c.weightDecay)
		assert.InDelta(t, c.bf16, p, 0.6, "bf16 %+v", c)
		assert.InDelta(t, 30, m, 0.6)
		p, m = f16.differing(t, c.lr, c.weightDecay)
		assert.InDelta(t, c.f16, p, 0.6, "f16 %+v", c)
		assert.InDelta(t, 27, m, 0.6)
	}
}
