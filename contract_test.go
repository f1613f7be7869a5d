package lion_test

import (
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Numbers that tell one reading of the documentation from another: each was
// computed by hand, or by a program that isn't this one. The oracle holds the whole
// of it (oracle_test.go).

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
	{name: "LR −0 is 0", param: negZero, grad: 1, wantParam: negZero, wantMoment: 0.5, cfg: lion.Config{LR: negZero, Beta2: 0.5}},
	{name: "LR −0 is 0, −0 less −0", param: negZero, grad: -1, wantParam: 0, wantMoment: -0.5, cfg: lion.Config{LR: negZero, Beta2: 0.5}},
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

// TestContractScaleMean: the mean counts as 1e-3 at least.
func TestContractScaleMean(t *testing.T) {
	for n, want := range map[int]float64{500: -500 * 0x1p-10, 999: -999 * 0x1p-10, 1001: -1000 * 0x1p-10, 4000: -1000 * 0x1p-10} {
		s, err := lion.New(lion.Config{Rule: lion.Cautious, CautiousScale: lion.ScaleMean, LR: 0x1p-10})
		require.NoError(t, err)
		p, g, m := make([]float64, n), make([]float64, n), make([]float64, n)
		g[n/2] = 1
		require.NoError(t, s.StepF64(p, g, m))
		assert.InEpsilon(t, want, p[n/2], 1e-15, "one of %d agrees", n)
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
	stride := uint32(9973) // to every upper half and to all kinds of lower ones
	if prove.Whole() {
		stride = 251
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

// The figures of docs/training.md.

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

// What is promised of 16 bits.

func made(t *testing.T, cfg lion.Config) lion.Stepper {
	s, err := lion.New(cfg)
	require.NoError(t, err)
	return s
}

func widened[T interface{ Float32() float32 }](s []T) []float32 {
	out := make([]float32, len(s))
	for i, x := range s {
		out[i] = x.Float32()
	}
	return out
}

func rounded[T any](s []float32, to func(float32) T) []T {
	out := make([]T, len(s))
	for i, x := range s {
		out[i] = to(x)
	}
	return out
}

// TestSplitIsMaster: a run in halves equals, to the bit, the run with a float32
// master, the same gradients and the same momentum.
func TestSplitIsMaster(t *testing.T) {
	cfg := lion.DefaultConfig()
	cfg.LR, cfg.WeightDecay = 1e-3, 0.1
	s := made(t, cfg)
	const n = 700
	r := rand.New(rand.NewSource(n))
	odd := []float32{0, float32(negZero), 1e-40, 65504, 7e4, 3e38, float32(inf), float32(-inf), float32(nan), 6e-8}
	numbers := func(special bool) []float32 {
		x := make([]float32, n)
		for i := range x {
			if x[i] = r.Float32() - 0.5; special && r.Intn(3) == 0 {
				x[i] = odd[r.Intn(len(odd))]
			}
		}
		return x
	}
	master, m16, shadow := numbers(true), rounded(numbers(true), lion.ToBF16), make([]lion.BF16, n)
	mb, hi, lo, joined := slices.Clone(m16), make([]lion.BF16, n), make([]uint16, n), make([]float32, n)
	require.NoError(t, lion.Split(hi, lo, master))
	for step := range 50 {
		g := rounded(numbers(step%7 == 0), lion.ToBF16)
		require.NoError(t, s.StepMasterBF16M16(master, g, m16, shadow))
		require.NoError(t, s.StepSplit(hi, lo, g, mb))
		require.NoError(t, lion.Join(joined, hi, lo))
		for i := range master {
			if math.Float32bits(master[i]) != math.Float32bits(joined[i]) || m16[i] != mb[i] {
				t.Fatalf("step %d: [%d] is %x, want %x", step, i, joined[i], master[i])
			}
		}
	}
}

// TestKahanFollows: compensated, small steps add up where plain bfloat16 is
// stuck.
func TestKahanFollows(t *testing.T) {
	cfg := lion.DefaultConfig() // LR 1e-4
	s := made(t, cfg)
	const n, steps = 64, 500
	w := make([]float32, n)
	g := make([]lion.BF16, n)
	for i := range w {
		w[i], g[i] = 1+float32(i)/64, lion.ToBF16(-1)
	}
	exact, em := append([]float32{}, w...), make([]float32, n)
	plain, pm := rounded(w, lion.ToBF16), make([]lion.BF16, n)
	p, c, m := make([]lion.BF16, n), make([]lion.BF16, n), make([]lion.BF16, n)
	require.NoError(t, lion.KahanBF16(p, c, w))
	for i := 0; i < steps; i++ {
		require.NoError(t, s.StepF32(exact, widened(g), em))
		require.NoError(t, s.StepBF16(plain, g, pm))
		require.NoError(t, s.StepBF16Kahan(p, g, m, c))
	}
	for i := range w {
		assert.Equal(t, lion.ToBF16(w[i]), plain[i], "rounded to nearest, a weight near 1 doesn't move")
		assert.InDelta(t, exact[i], p[i].Float32()+c[i].Float32(), 2e-3)
	}
}

// TestKahanMoves: at LR 1e-4 compensated weights below 16 move, whatever was left
// over before; plain ones from 1/32 on don't.
func TestKahanMoves(t *testing.T) {
	s, r := made(t, lion.DefaultConfig()), prove.NewRand(2)
	const n = 1 << 12
	w, g, m := make([]float32, n), make([]lion.BF16, n), make([]lion.BF16, n)
	for i := range w {
		w[i] = math.Float32frombits(0x41700000 | uint32(r.Next())&0xfffff) // 15–16
		g[i] = 0x3f80
	}
	p, c := make([]lion.BF16, n), make([]lion.BF16, n)
	require.NoError(t, lion.KahanBF16(p, c, w))
	was := make([]float32, n)
	for i := range was {
		was[i] = p[i].Float32() + c[i].Float32()
	}
	require.NoError(t, s.StepBF16Kahan(p, g, m, c))
	for i := range was {
		require.Less(t, p[i].Float32()+c[i].Float32(), was[i])
	}
	plain := make([]lion.BF16, n)
	for i := range plain { // from 1/64 to 1/32; odd, since a power of two has a near neighbour below
		plain[i] = 0x3c81 | lion.BF16(r.Next())&0x7e
	}
	before := append([]lion.BF16{}, plain...)
	require.NoError(t, s.StepBF16(plain, g, m))
	for i := range plain {
		require.NotEqual(t, before[i], plain[i], "below 1/32")
		before[i] += 0x80
	}
	plain = append(plain[:0], before...)
	require.NoError(t, s.StepBF16(plain, g, m))
	assert.Equal(t, before, plain, "from 1/32 on")
}

// TestStochasticDrifts: where nearest rounding leaves a weight stuck, random
// rounding moves it as far as it should go, in the mean.
func TestStochasticDrifts(t *testing.T) {
	cfg := lion.DefaultConfig()
	nearest := made(t, cfg)
	cfg.Rounding, cfg.Seed = lion.StochasticRounding, 1
	s := made(t, cfg)
	const n, steps = 4096, 200
	p, g, m := make([]lion.BF16, n), make([]lion.BF16, n), make([]lion.BF16, n)
	ph, gh, mh := make([]lion.F16, n), make([]lion.F16, n), make([]lion.F16, n)
	for i := range p {
		p[i], g[i] = lion.ToBF16(1), lion.ToBF16(-1)
		ph[i], gh[i] = lion.ToF16(1), lion.ToF16(-1)
	}
	stuck := slices.Clone(p)
	for i := 1; i <= steps; i++ {
		require.NoError(t, s.At(i).StepBF16(p, g, m))
		require.NoError(t, s.At(i).StepF16(ph, gh, mh))
		require.NoError(t, nearest.StepBF16(stuck, g, make([]lion.BF16, n)))
	}
	mean := func(s []float32) (sum float64) {
		for _, x := range s {
			sum += float64(x) / n
		}
		return sum
	}
	// A weight goes up by k = 200·1e-4/u units u, in the mean, so it deviates by
	// u·√k and the mean of n weights by a √n-th of that: five times as much each.
	assert.InDelta(t, 1+steps*1e-4, mean(widened(p)), 1e-3)
	assert.InDelta(t, 1+steps*1e-4, mean(widened(ph)), 3.5e-4)
	assert.Equal(t, 1.0, mean(widened(stuck)))
}

// TestKahanOverflows: a weight that is finite, but too large for a bfloat16,
// becomes infinite and stays so. Were the rest −Inf, the next step would find NaN.
func TestKahanOverflows(t *testing.T) {
	p, c := make([]lion.BF16, 2), make([]lion.BF16, 2)
	require.NoError(t, lion.KahanBF16(p, c, []float32{math.MaxFloat32, -0x1.ffp127}))
	assert.Equal(t, []lion.BF16{0x7f80, 0xff80}, p)
	assert.Equal(t, []lion.BF16{0, 0}, c)
	require.NoError(t, made(t, lion.DefaultConfig()).StepBF16Kahan(p, []lion.BF16{0x3f80, 0x3f80}, make([]lion.BF16, 2), c))
	assert.Equal(t, []lion.BF16{0x7f80, 0xff80}, p)
	assert.Equal(t, []lion.BF16{0, 0}, c)
}

// TestSplitRounds: hi is the weight to nearest, ties away from zero, up to the
// overflow to Inf: the weights that it stands for begin in the middle.
func TestSplitRounds(t *testing.T) {
	for h := uint16(0); h < uint16(prove.BF16.Inf()); h++ {
		v, next := prove.BF16.Value(uint64(h)), prove.BF16.Value(uint64(h+1))
		if h+1 == uint16(prove.BF16.Inf()) {
			next = 2*v - prove.BF16.Value(uint64(h-1))
		}
		middle := float32((v + next) / 2)
		for _, sign := range []float32{1, -1} {
			w := []float32{sign * math.Nextafter32(middle, 0), sign * middle}
			hi, lo := make([]lion.BF16, 2), make([]uint16, 2)
			require.NoError(t, lion.Split(hi, lo, w))
			s := lion.BF16(0)
			if sign < 0 {
				s = 0x8000
			}
			if hi[0] != s|lion.BF16(h) || hi[1] != s|lion.BF16(h+1) {
				t.Fatalf("%g: %04x, want %04x and the next", w, hi, h)
			}
		}
	}
}

// TestConvertSlices: the functions of whole slices, over several chunks, do what
// those of one value do.
func TestConvertSlices(t *testing.T) {
	const chunk = 16 << 10
	lion.EachImplementation(t, func(t *testing.T, _ string) {
		for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2*chunk + 17} {
			r, src := prove.NewRand(uint64(n)), make([]float32, n)
			for i := range src {
				src[i] = math.Float32frombits(uint32(r.Next()))
			}
			b, h, hi, lo := make([]lion.BF16, n), make([]lion.F16, n), make([]lion.BF16, n), make([]uint16, n)
			wb, wh, joined := make([]float32, n), make([]float32, n), make([]float32, n)
			for _, err := range []error{lion.NarrowBF16(b, src), lion.NarrowF16(h, src), lion.WidenBF16(wb, b), lion.WidenF16(wh, h), lion.Split(hi, lo, src), lion.Join(joined, hi, lo)} {
				require.NoError(t, err)
			}
			for i, x := range src {
				same := b[i] == lion.ToBF16(x) && (h[i] == lion.ToF16(x) || prove.TieOf(x, uint16(h[i]), uint16(lion.ToF16(x)))) &&
					math.Float32bits(b[i].Float32()) == math.Float32bits(wb[i]) && math.Float32bits(h[i].Float32()) == math.Float32bits(wh[i]) &&
					math.Float32bits(joined[i]) == math.Float32bits(x)
				if !same {
					t.Fatalf("%x is %04x and %04x, which are %x and %x, joined %x", x, b[i], h[i], wb[i], wh[i], joined[i])
				}
			}
		}
	})
}
