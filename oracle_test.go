package lion

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The oracle evaluates the contract with math/big: each operation exactly, then
// rounded once to the format, as IEEE 754 has it. It shares no code with the
// kernels, is written from the formulas of Rule and Decay, and runs on no
// floating-point unit: numbers travel as float64, which holds either format, but
// are only taken apart and put together.

// ieee is a binary format.
type ieee struct {
	prec  int // bits of the significand
	least int // the exponent of the smallest subnormal number
	limit int // no finite number reaches 2^limit
}

var (
	ieee32 = ieee{24, -149, 128}
	ieee64 = ieee{53, -1074, 1024}
)

// ample is enough precision for any sum or product of two float64 to be exact.
const ample = 2200

// round rounds x to nearest, ties to even, with subnormals and overflow.
func (f ieee) round(x *big.Float) float64 {
	if x.Sign() == 0 {
		return zeroOf(x.Signbit())
	}
	ulp := max(x.MantExp(nil)-f.prec, f.least)
	scaled := new(big.Float).SetMantExp(x, -ulp) // x in units of ulp
	whole, _ := scaled.Int(nil)
	rest := new(big.Float).SetPrec(ample).Sub(scaled, new(big.Float).SetPrec(ample).SetInt(whole))
	up := rest.Abs(rest).Cmp(big.NewFloat(0.5))
	whole.Abs(whole)
	if up > 0 || up == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	switch {
	case whole.Sign() == 0:
		return zeroOf(x.Signbit())
	case whole.BitLen()+ulp > f.limit:
		return math.Inf(x.Sign())
	}
	y := math.Ldexp(float64(whole.Int64()), ulp) // exact: at most 53 bits, in range
	return math.Copysign(y, float64(x.Sign()))
}

func zeroOf(negative bool) float64 {
	if negative {
		return math.Copysign(0, -1)
	}
	return 0
}

func infinityOf(negative bool) float64 {
	if negative {
		return math.Inf(-1)
	}
	return math.Inf(1)
}

func isNaN(x float64) bool { return math.IsNaN(x) }
func isInf(x float64) bool { return math.IsInf(x, 0) }

func exact(x float64) *big.Float { return new(big.Float).SetPrec(ample).SetFloat64(x) }

// constant rounds a float64 to the format.
func (f ieee) constant(x float64) float64 {
	if isInf(x) || isNaN(x) {
		return x
	}
	return f.round(exact(x))
}

func (f ieee) mul(x, y float64) float64 {
	negative := math.Signbit(x) != math.Signbit(y)
	switch {
	case isNaN(x) || isNaN(y):
		return math.NaN()
	case isInf(x) || isInf(y):
		if x == 0 || y == 0 {
			return math.NaN()
		}
		return infinityOf(negative)
	case x == 0 || y == 0:
		return zeroOf(negative)
	}
	return f.round(new(big.Float).SetPrec(ample).Mul(exact(x), exact(y)))
}

func (f ieee) add(x, y float64) float64 {
	switch {
	case isNaN(x) || isNaN(y):
		return math.NaN()
	case isInf(x) && isInf(y) && math.Signbit(x) != math.Signbit(y):
		return math.NaN()
	case isInf(x):
		return x
	case isInf(y):
		return y
	case x == 0 && y == 0:
		return zeroOf(math.Signbit(x) && math.Signbit(y))
	}
	sum := new(big.Float).SetPrec(ample).Add(exact(x), exact(y))
	if sum.Sign() == 0 { // of numbers that cancel
		return 0
	}
	return f.round(sum)
}

func (f ieee) sub(x, y float64) float64 { return f.add(x, neg(y)) }

func neg(x float64) float64 { return math.Copysign(x, -math.Copysign(1, x)) }

func (f ieee) div(x, y float64) float64 {
	negative := math.Signbit(x) != math.Signbit(y)
	switch {
	case isNaN(x) || isNaN(y) || isInf(x) && isInf(y) || x == 0 && y == 0:
		return math.NaN()
	case isInf(x) || y == 0:
		return infinityOf(negative)
	case isInf(y) || x == 0:
		return zeroOf(negative)
	}
	q := new(big.Float).SetPrec(200).SetMode(big.ToZero).Quo(exact(x), exact(y))
	if q.Acc() != big.Exact {
		q = sticky(q)
	}
	return f.round(q)
}

func (f ieee) sqrt(x float64) float64 {
	switch {
	case isNaN(x) || x < 0:
		return math.NaN()
	case isInf(x) || x == 0:
		return x
	}
	// The integer root of x·2²ᵏ, cut off.
	m := new(big.Int)
	e := exact(x).MantExp(nil) - 53
	new(big.Float).SetMantExp(exact(x), -e).Int(m) // x = m·2^e
	shift := 300
	if (e-shift)%2 != 0 {
		shift++
	}
	m.Lsh(m, uint(shift))
	root := new(big.Int).Sqrt(m)
	r := new(big.Float).SetPrec(ample).SetInt(root)
	r.SetMantExp(r, (e-shift)/2)
	if new(big.Int).Mul(root, root).Cmp(m) == 0 {
		return f.round(r)
	}
	return f.round(sticky(r.SetPrec(uint(root.BitLen()))))
}

// sticky appends a one to a number that was cut off: it then rounds as the whole
// would.
func sticky(x *big.Float) *big.Float {
	tail := new(big.Float).SetMantExp(exact(0.5), x.MantExp(nil)-int(x.Prec()))
	if x.Signbit() {
		tail.Neg(tail)
	}
	return tail.Add(tail, x)
}

// An oracle steps single elements by the rule and decay of a Config.
type oracle struct {
	ieee
	cfg                  Config
	b1, o1, b2, o2, lr   float64
	factor, wd           float64
	gamma, eps, kappa    float64
	biasCorr1, biasCorr2 float64
	scale, unit          float64
}

// newOracle forms the constants: in float64, then rounded once.
func newOracle(f ieee, cfg Config, t int) *oracle {
	if cfg.GradScale == 0 {
		cfg.GradScale = 1
	}
	if cfg.Kappa == 0 {
		cfg.Kappa = 1
	}
	d := ieee64
	s := cfg.GradScale
	if cfg.Rule == BiasCorrected { // its root is of the gradient itself: s can't be folded
		s = 1
	}
	o := &oracle{ieee: f, cfg: cfg, unit: 1,
		b1: f.constant(cfg.Beta1), o1: f.constant(d.mul(d.sub(1, cfg.Beta1), s)),
		b2: f.constant(cfg.Beta2), o2: f.constant(d.mul(d.sub(1, cfg.Beta2), s)),
		lr: f.constant(cfg.LR), wd: f.constant(cfg.WeightDecay), factor: 1,
		gamma: f.constant(cfg.Gamma), eps: f.constant(cfg.Epsilon), kappa: f.constant(cfg.Kappa),
		scale: f.constant(cfg.GradScale),
	}
	switch cfg.Decay {
	case Decoupled:
		o.factor = f.constant(d.sub(1, d.mul(cfg.LR, cfg.WeightDecay)))
	case Independent:
		o.factor = f.constant(d.sub(1, cfg.WeightDecay))
	case Coupled: // g + λ·p with g = s·grad is s·(grad + (λ/s)·p)
		o.wd = f.constant(d.div(cfg.WeightDecay, cfg.GradScale))
	}
	o.biasCorr1 = f.constant(d.sub(1, powerByProducts(cfg.Beta1, t)))
	o.biasCorr2 = f.constant(d.sub(1, powerByProducts(cfg.Beta2, t)))
	return o
}

// powerByProducts is xᵗ as the documentation has it: the powers x, x², x⁴, … that t's
// bits name, multiplied from the lowest bit on.
func powerByProducts(x float64, t int) float64 {
	y := 1.0
	for _, bit := range bitsFromLowest(t) {
		if bit {
			y = ieee64.mul(y, x)
		}
		x = ieee64.mul(x, x)
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
		return o.add(g, o.mul(o.wd, p))
	}
	return g
}

// interpolation is β1·m + (1−β1)·g.
func (o *oracle) interpolation(g, m float64) float64 {
	return o.add(o.mul(o.b1, m), o.mul(o.o1, g))
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
		o.unit = ieee64.div(float64(n), float64(k+1))
	case ScaleMean: // 1/max(k/n, 1e-3)
		o.unit = ieee64.div(1, max(ieee64.div(float64(k), float64(n)), 1e-3))
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
		next = o.add(o.mul(o.b2, m), o.mul(o.o2, g))
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
			u = o.tanh(o.mul(o.kappa, c))
		}
	case MomentumFirst:
		next = o.interpolation(g, m)
		u, signed = sign(o.add(o.mul(o.b2, next), o.mul(o.o2, g))), true
	case BiasCorrected:
		g = o.mul(o.scale, g)
		next = o.interpolation(g, m)
		size := math.Abs(g) // √(g²) without the square
		n := o.add(o.mul(o.mul(o.gamma, sign(g)), size), o.mul(o.o2, sign(g)))
		if isNaN(g) {
			n = math.NaN()
		}
		mHat, nHat := o.div(next, o.biasCorr1), o.div(n, o.biasCorr2)
		u = o.div(mHat, o.add(o.sqrt(math.Abs(nHat)), o.eps))
	}
	if o.cfg.Decay == DecoupledPaper && o.cfg.WeightDecay != 0 {
		if o.cfg.Rule == Cautious && u != 0 {
			u = o.mul(u, o.constant(o.unit))
		}
		return canonical(o.sub(p, o.mul(o.lr, o.add(u, o.mul(o.wd, p))))), canonical(next)
	}
	lr := o.lr
	if o.unit != 1 {
		lr = o.constant(ieee64.mul(o.cfg.LR, o.unit))
	}
	if !signed || u != 0 {
		u = o.mul(lr, u)
	}
	return canonical(o.sub(o.mul(p, o.factor), u)), canonical(next)
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
	bound, terms, hi, lo, toInteger := 20.0, 8, 0x1.62e4p-1, o.constant(0x1.7f7d1cf79abcap-20), 0x1.8p23
	if o.prec == 53 {
		bound, terms, hi, lo, toInteger = 40, 14, 0x1.62e42feep-1, 0x1.a39ef35793c76p-33, 0x1.8p52
	}
	y := min(o.add(math.Abs(x), math.Abs(x)), bound)
	k := o.sub(o.add(o.mul(y, o.constant(math.Log2E)), toInteger), toInteger)
	r := o.sub(o.sub(y, o.mul(k, hi)), o.mul(k, lo))
	q := 0.0
	for i := terms; i >= 1; i-- {
		reciprocal, _ := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).MulRange(1, int64(i))).Float64()
		q = o.add(o.mul(q, r), o.constant(reciprocal))
	}
	q = o.mul(q, r)
	power := math.Ldexp(1, int(k))
	e := o.add(o.mul(power, q), o.sub(power, 1))
	return math.Copysign(o.div(e, o.add(e, 2)), x)
}

// oracleInputs are n elements, random and special ones in turn.
func oracleInputs[T float](sc *scheme, r *prove.Rand, n int) (param, grad, momentum []T) {
	e := sc.elems[0]
	classes := e.Classes()
	for i := range n {
		var x [3]T
		for s := range x {
			b := e.Random(r)
			if i%2 == 1 {
				b = classes[r.Below(len(classes))]
			}
			x[s] = fromBits[T](b)
		}
		param, grad, momentum = append(param, x[0]), append(grad, x[1]), append(momentum, x[2])
	}
	return param, grad, momentum
}

func fromBits[T float](b uint64) T {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return T(math.Float32frombits(uint32(b)))
	}
	return T(math.Float64frombits(b))
}

func toBits[T float](x T) uint64 {
	if unsafe.Sizeof(x) == 4 {
		return uint64(math.Float32bits(float32(x)))
	}
	return math.Float64bits(float64(x))
}

// checkOracle compares a step of generic with the oracle.
func checkOracle[T float](f ieee, sc *scheme, cfg Config, impl int, n int, seed uint64, step func(Stepper, []T, []T, []T) error) error {
	param, grad, momentum := oracleInputs[T](sc, prove.NewRand(seed), n)
	o := newOracle(f, cfg, 3)
	if cfg.CautiousScale != ScaleNone {
		k := 0
		for i := range n {
			if o.agrees(o.gradient(float64(param[i]), float64(grad[i])), float64(momentum[i])) {
				k++
			}
		}
		o.scaleUnit(k, n)
	}
	p := append([]T(nil), param...)
	g := append([]T(nil), grad...)
	m := append([]T(nil), momentum...)
	s := stepper(cfg)
	s.impl = uint8(impl)
	if err := step(s, p, g, m); err != nil {
		return err
	}
	for i := range n {
		wp, wm := o.step(float64(param[i]), float64(grad[i]), float64(momentum[i]))
		if toBits(T(wp)) != toBits(p[i]) || toBits(T(wm)) != toBits(m[i]) || toBits(g[i]) != toBits(grad[i]) {
			return fmt.Errorf("%s %v %v(%v) %v: param %v grad %v momentum %v: param = %v, momentum = %v, want %v, %v",
				sc.name, cfg.Rule, cfg.Decay, cfg.WeightDecay, cfg.CautiousScale, param[i], grad[i], momentum[i], p[i], m[i], wp, wm)
		}
	}
	return nil
}

// TestOracle compares generic, the specification that all else is compared
// with, with the oracle: every rule and decay, under every setting.
func TestOracle(t *testing.T) {
	n := 600
	if !prove.Whole() {
		n = 60
	}
	seed := uint64(1)
	for name, base := range valueConfigs() {
		seed++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, cfg := range variants(base) {
				n := n
				if cfg.Rule == Smooth {
					n /= 3 // an element is some forty operations
				}
				assert.NoError(t, checkOracle(ieee32, schemes[f32], cfg, genericIndex(), n, seed, Stepper.StepF32))
				assert.NoError(t, checkOracle(ieee64, schemes[f64], cfg, genericIndex(), n, seed, Stepper.StepF64))
			}
		})
	}
}

// TestOracleSeesFaults: an oracle that sees no fault is none. Each is planted
// in generic's results.
func TestOracleSeesFaults(t *testing.T) {
	for _, f := range faults() {
		switch f.name {
		case "a lane is off by an ulp", "a NaN keeps a payload", "a subnormal momentum is flushed", "the sign of zero is one", "writes to the gradient":
			impl := plant(t, f.make)
			assert.Error(t, checkOracle(ieee32, schemes[f32], decaying(), impl, 4000, 1, Stepper.StepF32), f.name)
			assert.Error(t, checkOracle(ieee64, schemes[f64], decaying(), impl, 4000, 1, Stepper.StepF64), f.name)
		}
	}
}

// TestOracleArithmetic compares the oracle's operations with the processor's,
// on operands whose results are of all kinds.
func TestOracleArithmetic(t *testing.T) {
	t.Run("f32", func(t *testing.T) { checkArithmetic[float32](t, ieee32, prove.Float32) })
	t.Run("f64", func(t *testing.T) { checkArithmetic[float64](t, ieee64, prove.Float64) })
}

func checkArithmetic[T float](t *testing.T, f ieee, e *prove.Element) {
	r := prove.NewRand(11)
	n := 20000
	if !prove.Whole() {
		n = 2000
	}
	for range n {
		x, y := fromBits[T](e.Random(r)), fromBits[T](e.Random(r))
		if r.Next()%4 == 0 { // close enough to cancel
			y = -x * fromBits[T](e.One()+r.Next()%3)
		}
		a, b := float64(x), float64(y)
		for _, c := range []struct {
			name      string
			want, got float64
		}{
			{"×", float64(T(x * y)), f.mul(a, b)},
			{"+", float64(x + y), f.add(a, b)},
			{"−", float64(x - y), f.sub(a, b)},
			{"/", float64(x / y), f.div(a, b)},
			{"√", float64(T(math.Sqrt(a))), f.sqrt(a)},
			{"rounded", float64(T(float32(a))), ieee32.constant(a)},
		} {
			if math.Float64bits(canonical(c.want)) != math.Float64bits(canonical(c.got)) {
				t.Fatalf("%v %s %v = %v, the processor has %v", x, c.name, y, c.got, c.want)
			}
		}
	}
}

// TestOracleRounds is for the cases that matter most, by hand.
func TestOracleRounds(t *testing.T) {
	half := func(f ieee) float64 { return math.Ldexp(1, f.least) }
	assert.Equal(t, 0.0, ieee64.mul(half(ieee64), 0.5), "a tie goes to even")
	assert.Equal(t, 2*half(ieee64), ieee64.mul(3*half(ieee64), 0.5), "and up")
	assert.Equal(t, half(ieee32), ieee32.mul(half(ieee32), 0.75))
	assert.Equal(t, math.Inf(1), ieee32.add(math.MaxFloat32, 0x1p103))
	assert.Equal(t, math.MaxFloat32, ieee32.add(math.MaxFloat32, 0x1p102))
	assert.Equal(t, 1.0, ieee32.add(1, 0x1p-24))
	assert.Equal(t, 1+0x1p-23, ieee32.add(1, 0x1.000002p-24))
	assert.True(t, math.Signbit(ieee32.mul(-0x1p-100, 0x1p-100)), "−0 keeps its sign")
	assert.False(t, math.Signbit(ieee32.sub(1, 1)))
	assert.True(t, math.Signbit(ieee32.add(neg(0), neg(0))))
	require.Equal(t, 3.0, ieee64.sqrt(9))
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
	z := new(big.Float).SetMantExp(exact(2*x), -halvings)
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
	off := new(big.Float).SetPrec(bits).Sub(want, exact(y))
	f, _ := off.SetMantExp(off, -ulp).Float64()
	return math.Abs(f)
}
