package lion

import (
	"fmt"
	"math"
	"testing"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The oracle of the 16-bit schemes: values by the formats' definitions, the float32
// oracle's step on them, and results rounded once by big floats. Split weights
// are taken for what their words say, and not for what integers do to them.

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
		return ieee32.add(prove.BF16.Value(p), prove.BF16.Value(sc.get(in, iExtra, i)))
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
			rest = ieee32.sub(w, p)
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
func (sc *scheme) stored(cfg Config, w float64, i int) (param, extra uint64) {
	param, extra = sc.store(w)
	if cfg.Rounding == StochasticRounding {
		r := oracleDraw(cfg.Seed, 3, uint64(i))
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

// oracleInputs16 are n elements, random ones and classes in turn.
func oracleInputs16(sc *scheme, r *prove.Rand, n int) *inputs {
	in := sc.randomInputs(r, n, (*prove.Element).Random)
	for s, e := range sc.elems {
		classes := e.Classes()
		for i := 1; i < n; i += 2 {
			sc.set(in, s, i, classes[r.Below(len(classes))])
		}
	}
	return in
}

// checkOracle16 compares a step of a 16-bit scheme with the oracle.
func checkOracle16(sc *scheme, cfg Config, impl int, n int, seed uint64) error {
	in := oracleInputs16(sc, prove.NewRand(seed), n)
	o := newOracle(ieee32, cfg, 3)
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
		want[iParam], want[iExtra] = sc.stored(cfg, w, i)
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

// TestOracle16 compares generic with the oracle, and every other path on one of
// the settings, though it must equal generic anyway.
func TestOracle16(t *testing.T) {
	n := 200
	if !prove.Whole() {
		n = 40
	}
	seed := uint64(1)
	for name, base := range valueConfigs() {
		for _, sc := range schemes[numElements:] {
			for _, cfg := range sc.variants(base, name != "decaying") {
				seed++
				assert.NoError(t, checkOracle16(sc, cfg, genericIndex(), n, seed), name)
				if cfg.Rounding, cfg.Seed = StochasticRounding, seed; sc.storage().Rounds() {
					assert.NoError(t, checkOracle16(sc, cfg, genericIndex(), n, seed), name)
				}
			}
		}
	}
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		for _, cfg := range sc.variants(decaying(), true) {
			if !sc.bare() && impl != genericIndex() {
				assert.NoError(t, checkOracle16(sc, cfg, impl, n, 1))
				if cfg.Rounding, cfg.Seed = StochasticRounding, 1<<63+1; sc.storage().Rounds() {
					assert.NoError(t, checkOracle16(sc, cfg, impl, n, 1))
				}
			}
		}
	})
}

// TestOracle16SeesFaults plants faults under the oracle's eyes.
func TestOracle16SeesFaults(t *testing.T) {
	for _, f := range faults() {
		switch f.name {
		case "a lane is off by an ulp", "a NaN keeps a payload", "a subnormal momentum is flushed", "the sign of zero is one",
			"writes to the gradient", "the fourth slice stays as it was", "the fourth slice is wrong in lane 30":
			impl := plant(t, f.make)
			for _, sc := range schemes[numElements:] {
				if f.in == nil || f.in(sc) {
					assert.Error(t, checkOracle16(sc, decaying(), impl, 4000, 1), "%s: %s", sc.name, f.name)
				}
			}
		}
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

// TestKahanOverflows: a weight that is finite, but too large for a bfloat16,
// becomes infinite and stays so. Were the rest −Inf, the next step would find NaN.
func TestKahanOverflows(t *testing.T) {
	p, c := make([]BF16, 2), make([]BF16, 2)
	require.NoError(t, KahanBF16(p, c, []float32{math.MaxFloat32, -0x1.ffp127}))
	assert.Equal(t, []BF16{0x7f80, 0xff80}, p)
	assert.Equal(t, []BF16{0, 0}, c)
	require.NoError(t, stepper(decaying()).StepBF16Kahan(p, []BF16{0x3f80, 0x3f80}, make([]BF16, 2), c))
	assert.Equal(t, []BF16{0x7f80, 0xff80}, p)
	assert.Equal(t, []BF16{0, 0}, c)
}
