package lion

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The specification is right: the oracle evaluates the contract with prove.IEEE's
// arithmetic, each operation exactly and then rounded once. It shares no code with the
// kernels, is written from the formulas of Rule and Decay, and runs on no floating-point
// unit. For 16 bits it takes values by the formats' definitions; split weights are taken
// for what their words say, and not for what integers do to them.

func isNaN(x float64) bool { return math.IsNaN(x) }
func isInf(x float64) bool { return math.IsInf(x, 0) }

// An oracle steps single elements by the rule and decay of a Config.
type oracle struct {
	prove.IEEE
	cfg                  Config
	b1, o1, b2, o2, lr   float64
	factor, wd           float64
	gamma, eps, kappa    float64
	biasCorr1, biasCorr2 float64
	scale, unit          float64
}

// newOracle forms the constants: in float64, then rounded once.
func newOracle(f prove.IEEE, cfg Config, t int) *oracle {
	if cfg.GradScale == 0 {
		cfg.GradScale = 1
	}
	if cfg.Kappa == 0 {
		cfg.Kappa = 1
	}
	d := prove.IEEE64
	s := cfg.GradScale
	if cfg.Rule == BiasCorrected { // its root is of the gradient itself: s can't be folded
		s = 1
	}
	o := &oracle{IEEE: f, cfg: cfg, unit: 1,
		b1: f.Constant(cfg.Beta1), o1: f.Constant(d.Mul(d.Sub(1, cfg.Beta1), s)),
		b2: f.Constant(cfg.Beta2), o2: f.Constant(d.Mul(d.Sub(1, cfg.Beta2), s)),
		lr: f.Constant(cfg.LR), wd: f.Constant(cfg.WeightDecay), factor: 1,
		gamma: f.Constant(cfg.Gamma), eps: f.Constant(cfg.Epsilon), kappa: f.Constant(cfg.Kappa),
		scale: f.Constant(cfg.GradScale),
	}
	switch cfg.Decay {
	case Decoupled:
		o.factor = f.Constant(d.Sub(1, d.Mul(cfg.LR, cfg.WeightDecay)))
	case Independent:
		o.factor = f.Constant(d.Sub(1, cfg.WeightDecay))
	case Coupled: // g + λ·p with g = s·grad is s·(grad + (λ/s)·p)
		o.wd = f.Constant(d.Div(cfg.WeightDecay, cfg.GradScale))
	}
	o.biasCorr1 = f.Constant(d.Sub(1, powerByProducts(cfg.Beta1, t)))
	o.biasCorr2 = f.Constant(d.Sub(1, powerByProducts(cfg.Beta2, t)))
	return o
}

// powerByProducts is xᵗ as the documentation has it: the powers x, x², x⁴, … that t's
// bits name, multiplied from the lowest bit on.
func powerByProducts(x float64, t int) float64 {
	y := 1.0
	for _, bit := range bitsFromLowest(t) {
		if bit {
			y = prove.IEEE64.Mul(y, x)
		}
		x = prove.IEEE64.Mul(x, x)
	}
	return y
}

func bitsFromLowest(t int) (bits []bool) {
	for _, digit := range strconv.FormatInt(int64(t), 2) {
		bits = append([]bool{digit == '1'}, bits...)
	}
	return bits
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0 // of zeros, and of NaN
}

// gradient is the gradient with the decay in it where that is coupled.
func (o *oracle) gradient(p, g float64) float64 {
	if o.cfg.Decay == Coupled && o.cfg.WeightDecay != 0 {
		return o.Add(g, o.Mul(o.wd, p))
	}
	return g
}

// interpolation is β1·m + (1−β1)·g.
func (o *oracle) interpolation(g, m float64) float64 {
	return o.Add(o.Mul(o.b1, m), o.Mul(o.o1, g))
}

// agrees says whether Cautious steps: sign(c)·g > 0, neither being NaN.
func (o *oracle) agrees(g, m float64) bool {
	return sign(o.interpolation(g, m))*sign(g)*sign(o.cfg.GradScale) > 0
}

// scaleUnit sets what the step is multiplied by where Cautious steps k elements
// of n.
func (o *oracle) scaleUnit(k, n int) {
	switch o.cfg.CautiousScale {
	case ScaleCount: // n/(k+1)
		o.unit = prove.IEEE64.Div(float64(n), float64(k+1))
	case ScaleMean: // 1/max(k/n, 1e-3)
		o.unit = prove.IEEE64.Div(1, max(prove.IEEE64.Div(float64(k), float64(n)), 1e-3))
	}
}

// step returns param and momentum after a step.
func (o *oracle) step(p, g, m float64) (float64, float64) {
	g = o.gradient(p, g)
	var u, next float64 // the step before η, and the momentum
	signed := false     // u is a sign, which η multiplies exactly, even if it is infinite
	switch o.cfg.Rule {
	case Paper, Cautious, Refined, Smooth:
		c := o.interpolation(g, m)
		next = o.Add(o.Mul(o.b2, m), o.Mul(o.o2, g))
		switch o.cfg.Rule {
		case Paper:
			u, signed = sign(c), true
		case Cautious:
			if signed = true; o.agrees(g, m) {
				u = sign(c)
			}
		case Refined:
			if u = c; !(math.Abs(c) < 1) {
				u = sign(c)
			}
		case Smooth:
			u = o.tanh(o.Mul(o.kappa, c))
		}
	case MomentumFirst:
		next = o.interpolation(g, m)
		u, signed = sign(o.Add(o.Mul(o.b2, next), o.Mul(o.o2, g))), true
	case BiasCorrected:
		g = o.Mul(o.scale, g)
		next = o.interpolation(g, m)
		size := math.Abs(g) // √(g²) without the square
		n := o.Add(o.Mul(o.Mul(o.gamma, sign(g)), size), o.Mul(o.o2, sign(g)))
		if isNaN(g) {
			n = math.NaN()
		}
		mHat, nHat := o.Div(next, o.biasCorr1), o.Div(n, o.biasCorr2)
		u = o.Div(mHat, o.Add(o.Sqrt(math.Abs(nHat)), o.eps))
	}
	if o.cfg.Decay == DecoupledPaper && o.cfg.WeightDecay != 0 {
		if o.cfg.Rule == Cautious && u != 0 {
			u = o.Mul(u, o.Constant(o.unit))
		}
		return canonical(o.Sub(p, o.Mul(o.lr, o.Add(u, o.Mul(o.wd, p))))), canonical(next)
	}
	lr := o.lr
	if o.unit != 1 {
		lr = o.Constant(prove.IEEE64.Mul(o.cfg.LR, o.unit))
	}
	if !signed || u != 0 {
		u = o.Mul(lr, u)
	}
	return canonical(o.Sub(o.Mul(p, o.factor), u)), canonical(next)
}

func canonical(x float64) float64 {
	if isNaN(x) {
		return math.Float64frombits(0x7ff8000000000000)
	}
	return x
}

// tanh is sign(x)·E/(E+2) with E = e^{2|x|}−1 = 2ᵏ·q(r) + (2ᵏ−1), where
// 2|x| = k·ln2 + r and q(r) is the Taylor polynomial of eʳ−1, by Horner.
func (o *oracle) tanh(x float64) float64 {
	if isNaN(x) {
		return x
	}
	bound, terms, hi, lo, toInteger := 20.0, 8, 0x1.62e4p-1, o.Constant(0x1.7f7d1cf79abcap-20), 0x1.8p23
	if o.Prec == 53 {
		bound, terms, hi, lo, toInteger = 40, 14, 0x1.62e42feep-1, 0x1.a39ef35793c76p-33, 0x1.8p52
	}
	y := min(o.Add(math.Abs(x), math.Abs(x)), bound)
	k := o.Sub(o.Add(o.Mul(y, o.Constant(math.Log2E)), toInteger), toInteger)
	r := o.Sub(o.Sub(y, o.Mul(k, hi)), o.Mul(k, lo))
	q := 0.0
	for i := terms; i >= 1; i-- {
		reciprocal, _ := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).MulRange(1, int64(i))).Float64()
		q = o.Add(o.Mul(q, r), o.Constant(reciprocal))
	}
	q = o.Mul(q, r)
	power := math.Ldexp(1, int(k))
	e := o.Add(o.Mul(power, q), o.Sub(power, 1))
	return math.Copysign(o.Div(e, o.Add(e, 2)), x)
}

func toBits[T float](x T) uint64 {
	if unsafe.Sizeof(x) == 4 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(float64(x))
}

// roundedAway is the bfloat16 nearest to x, a float32 but no NaN, ties away from
// zero.
func roundedAway(x float64) uint16 {
	a := math.Abs(x)
	_, exp := math.Frexp(a)
	unit := math.Ldexp(1, max(exp-prove.BF16.Digits(), prove.BF16.Least()))
	if !isInf(a) && a != 0 {
		a = unit * math.Floor(a/unit+0.5) // exact, but for the sum, which is then no tie
	}
	b := uint16(prove.BF16.Round(a))
	if math.Signbit(x) {
		b |= 0x8000
	}
	return b
}

// joined is the float32 whose lower half is lo and that rounds to hi; NaN if
// there is none.
func joined(hi, lo uint16) float64 {
	for _, upper := range []uint16{hi, hi - 1} {
		w := float64(math.Float32frombits(uint32(upper)<<16 | uint32(lo)))
		if !isNaN(w) && roundedAway(w) == hi {
			return w
		}
	}
	return math.NaN()
}

// load is the weight of element i, and store the patterns that it is kept in: of
// param and of the fourth slice, if any.
func (sc *scheme) load(in *inputs, i int) float64 {
	p := sc.get(in, iParam, i)
	switch sc.storage().Param {
	case half.Split:
		return joined(uint16(p), uint16(sc.get(in, iExtra, i)))
	case half.Kahan:
		return prove.IEEE32.Add(prove.BF16.Value(p), prove.BF16.Value(sc.get(in, iExtra, i)))
	}
	return sc.elems[iParam].Value(p)
}

func (sc *scheme) store(w float64) (param, extra uint64) {
	switch sc.storage().Param {
	case half.Split:
		if isNaN(w) {
			return 0x7fc0, 0
		}
		return uint64(roundedAway(w)), toBits(float32(w)) & 0xffff
	case half.Kahan:
		param = prove.BF16.Round(w)
		rest := 0.0
		if p := prove.BF16.Value(param); !isInf(p) && !isNaN(p) {
			rest = prove.IEEE32.Sub(w, p)
		}
		return param, prove.BF16.Round(rest)
	}
	if len(sc.elems) > iExtra {
		extra = sc.elems[iExtra].Round(w)
	}
	return sc.elems[iParam].Round(w), extra
}

// stored is store, by StochasticRounding where cfg has it for sc: w is element i at
// step 3.
func (sc *scheme) stored(cfg Config, w float64, i uint64) (param, extra uint64) {
	param, extra = sc.store(w)
	if cfg.Rounding == StochasticRounding {
		r := oracleDraw(cfg.Seed, 3, i)
		switch sc.storage().Param {
		case half.BF16:
			param = prove.BF16.Stochastic(float32(w), r)
		case half.F16:
			param = prove.F16.Stochastic(float32(w), r)
		}
	}
	return param, extra
}

// oracleDraw are the random bits, as the documentation has them.
func oracleDraw(seed, step, i uint64) uint32 {
	mix := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	k := mix(mix(mix(seed+0x9e3779b97f4a7c15)^step) ^ i>>32)
	x := uint32(k%(1<<32) + i%(1<<32)*0x9e3779b9%(1<<32))
	x = (x ^ x>>17 ^ uint32(k>>32)) * 0xed5ad4bb
	x = (x ^ x>>11) * 0xac4c1b51
	x = (x ^ x>>15) * 0x31848bab
	return x >> 16
}

// oracleInputs are n elements, random ones and classes in turn.
func oracleInputs(sc *scheme, r *prove.Rand, n int) *inputs {
	in := sc.randomInputs(r, n, (*prove.Element).Random)
	for s, e := range sc.elems {
		classes := e.Classes()
		for i := 1; i < n; i += 2 {
			sc.set(in, s, i, classes[r.Below(len(classes))])
		}
	}
	return in
}

// checkOracle compares a step of n elements with the oracle.
func checkOracle(sc *scheme, cfg Config, impl int, n int, seed uint64) error {
	in := oracleInputs(sc, prove.NewRand(seed), n)
	arithmetic := prove.IEEE32
	if sc.format == f64 {
		arithmetic = prove.IEEE64
	}
	o := newOracle(arithmetic, cfg, 3)
	grad := func(i int) float64 { return sc.elems[iGrad].Value(sc.get(in, iGrad, i)) }
	momentum := func(i int) float64 { return sc.elems[iMomentum].Value(sc.get(in, iMomentum, i)) }
	if cfg.CautiousScale != ScaleNone {
		k := 0
		for i := range n {
			if o.agrees(o.gradient(sc.load(in, i), grad(i)), momentum(i)) {
				k++
			}
		}
		o.scaleUnit(k, n)
	}
	rig, sub := newRig(sc, n), ruleSubject(cfg)
	rig.in = in
	rig.runOn(&sub, impl, in, offsets{})
	got := func(s, i int) uint64 { return sc.elems[s].Get(rig.slabs[s].Pointer(), i) }
	for i := range n {
		w, m := o.step(sc.load(in, i), grad(i), momentum(i))
		var want [numSlices]uint64
		want[iParam], want[iExtra] = sc.stored(cfg, w, uint64(i))
		want[iGrad] = sc.get(in, iGrad, i)
		want[iMomentum] = sc.elems[iMomentum].Round(m)
		for s, e := range sc.elems {
			if g := got(s, i); g != want[s] && !(e == prove.F16 && prove.TieAccepted(uint16(g), uint16(want[s]))) {
				return fmt.Errorf("%s %s: weight %v grad %v momentum %v: %s = %#x, want %#x, for %v", sc.name, sub.name,
					sc.load(in, i), grad(i), momentum(i), sliceNames[s], g, want[s], []float64{w, grad(i), m, w}[s])
			}
		}
	}
	return nil
}

// oracles: each path equals the oracle, though it must equal generic anyway.
func oracles(_ testing.TB, impl int, sc *scheme) error {
	n := 40
	if prove.Whole() {
		n = 200
	}
	for _, cfg := range sc.variants(decaying(), true) {
		if err := checkOracle(sc, cfg, impl, n, 1); err != nil {
			return err
		}
		if cfg.Rounding, cfg.Seed = StochasticRounding, 1<<63+1; sc.storage().Rounds() {
			if err := checkOracle(sc, cfg, impl, n, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestOracle compares generic, the specification that all else is compared with, with
// the oracle: every rule and decay under every setting, for each way to store the slices.
func TestOracle(t *testing.T) {
	for i, setting := range valueConfigs() {
		t.Run(setting.name, func(t *testing.T) {
			t.Parallel()
			for j, sc := range schemes {
				for k, cfg := range sc.variants(setting.Config, setting.name != "decaying") {
					n, seed := 200, uint64(i<<16|j<<8|k)
					if sc.bare() && cfg.Rule != Smooth { // an element is some forty operations there
						n = 600
					}
					if !prove.Whole() {
						n /= 10
					}
					assert.NoError(t, checkOracle(sc, cfg, genericIndex(), n, seed))
					if cfg.Rounding, cfg.Seed = StochasticRounding, seed; sc.storage().Rounds() {
						assert.NoError(t, checkOracle(sc, cfg, genericIndex(), n, seed))
					}
				}
			}
		})
	}
}

// TestOracleJoins holds the oracle's words about halves against what integers
// do, over samples of all pairs, and both against Split and Join.
func TestOracleJoins(t *testing.T) {
	stride := uint32(16411)
	if !prove.Whole() {
		stride *= 25
	}
	hi, lo, w := make([]BF16, 1), make([]uint16, 1), make([]float32, 1)
	for b := uint32(0); ; b += stride {
		hi[0], lo[0] = BF16(b>>16), uint16(b)
		require.NoError(t, Join(w, hi, lo))
		if want := joined(uint16(hi[0]), lo[0]); math.Float32bits(w[0]) != math.Float32bits(float32(want)) && !(isNaN(want) && w[0] != w[0]) {
			t.Fatalf("%#x and %#x are %v, want %v", hi[0], lo[0], w[0], want)
		}
		h, l := hi[0], lo[0]
		require.NoError(t, Split(hi, lo, w))
		if hi[0] != h || lo[0] != l {
			t.Fatalf("%#x and %#x, joined and split: %#x and %#x", h, l, hi[0], lo[0])
		}
		if b > math.MaxUint32-stride {
			break
		}
	}
}

// TestTanhAccuracy bounds the error of tanh: in float64 against exact
// arithmetic, and in float32, where an exhaustive run found 3.26 units in the
// last place (at 0.030739876), against the library's float64.
func TestTanhAccuracy(t *testing.T) {
	n, stride := 20000, uint32(251)
	if !prove.Whole() {
		n, stride = 1000, 10007
	}
	worst := 0.0
	for b := uint32(0x38000000); b < 0x41300000; b += stride { // 2⁻¹⁵ … 11
		x := math.Float32frombits(b)
		want := math.Tanh(float64(x))
		worst = max(worst, math.Abs(float64(tanh(x))-want)/math.Ldexp(1, math.Ilogb(want)-23))
		if tanh(-x) != -tanh(x) || tanh(x) > 1 {
			t.Fatalf("tanh(%v) is not odd, or beyond 1", x)
		}
	}
	t.Logf("float32: at most %.2f ulps off", worst)
	assert.LessOrEqual(t, worst, 3.5)
	r := prove.NewRand(13)
	worst = 0
	for i := range n {
		x := math.Ldexp(1+float64(r.Next()>>12)*0x1p-52, r.Below(9)-4) // 1/16 … 32
		if i%8 == 0 {
			x = math.Ldexp(x, -r.Below(30))
		}
		worst = max(worst, ulpsOff(tanh(x), x, 53, -1074))
		if tanh(-x) != -tanh(x) || tanh(x) > 1 {
			t.Fatalf("tanh(%v) is not odd, or beyond 1", x)
		}
	}
	t.Logf("float64: at most %.2f ulps off", worst)
	assert.LessOrEqual(t, worst, 3.5)
	for _, x := range []float64{0, math.Inf(1), 1e300, 5e-324} {
		assert.Equal(t, math.Tanh(x), tanh(x))
		assert.Equal(t, -math.Tanh(x), tanh(-x))
	}
	assert.True(t, math.Signbit(tanh(math.Copysign(0, -1))))
	assert.True(t, isNaN(tanh(math.NaN())))
	assert.Equal(t, float32(1e-45), tanh(float32(1e-45)))
}

// ulpsOff is how far y is from tanh(x), x > 0, in units of the last of prec
// bits. tanh is (E−1)/(E+1) with E = e²ˣ, by the series, with 300 bits.
func ulpsOff(y, x float64, prec, least int) float64 {
	const bits = 300
	halvings := max(0, math.Ilogb(x)+10)
	z := new(big.Float).SetMantExp(prove.Exact(2*x), -halvings)
	// e^z − 1 by the series, then (1+w)² − 1 = w·(2+w) for each halving.
	w, term := new(big.Float).SetPrec(bits), new(big.Float).SetPrec(bits).SetInt64(1)
	for i := int64(1); i < 60; i++ {
		term.Mul(term, z).Quo(term, new(big.Float).SetInt64(i))
		w.Add(w, term)
	}
	two := big.NewFloat(2)
	for range halvings {
		w.Mul(w, new(big.Float).SetPrec(bits).Add(w, two))
	}
	want := new(big.Float).SetPrec(bits).Quo(w, new(big.Float).SetPrec(bits).Add(w, two))
	ulp := max(want.MantExp(nil)-prec, least)
	off := new(big.Float).SetPrec(bits).Sub(want, prove.Exact(y))
	f, _ := off.SetMantExp(off, -ulp).Float64()
	return math.Abs(f)
}
