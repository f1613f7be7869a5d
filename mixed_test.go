package lion

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/lionkernel/lion/internal/half"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mixedData are inputs in every format, made of the same numbers.
type mixedData struct {
	p, g, m        []float32
	pb, gb, mb, sb []BF16
	ph, gh, mh, sh []F16
	hi, comp       []BF16
	lo             []uint16
}

func newMixedData(n int, special bool) *mixedData {
	r := rand.New(rand.NewSource(int64(n) + 1))
	d := &mixedData{
		p: make([]float32, n), g: make([]float32, n), m: make([]float32, n),
		pb: make([]BF16, n), gb: make([]BF16, n), mb: make([]BF16, n), sb: make([]BF16, n),
		ph: make([]F16, n), gh: make([]F16, n), mh: make([]F16, n), sh: make([]F16, n),
		hi: make([]BF16, n), comp: make([]BF16, n), lo: make([]uint16, n),
	}
	odd := []float32{0, float32(math.Copysign(0, -1)), 1e-40, 65504, 7e4, 3e38, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 6e-8}
	draw := func() float32 {
		if special && r.Intn(3) == 0 {
			return odd[r.Intn(len(odd))]
		}
		return r.Float32() - 0.5
	}
	for i := range d.p {
		d.p[i], d.g[i], d.m[i] = draw(), draw(), draw()*0.1
		d.pb[i], d.gb[i], d.mb[i] = ToBF16(d.p[i]), ToBF16(d.g[i]), ToBF16(d.m[i])
		d.ph[i], d.gh[i], d.mh[i] = ToF16(d.p[i]), ToF16(d.g[i]), ToF16(d.m[i])
	}
	return d
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

func sameBits(t *testing.T, want, got []float32, msg string) {
	t.Helper()
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("%s: [%d] = %x, want %x", msg, i, math.Float32bits(got[i]), math.Float32bits(want[i]))
		}
	}
}

// eachMixed calls f for every rule, decay and cautious scale on every
// implementation, with a length that ends within a tile.
func eachMixed(t *testing.T, f func(t *testing.T, s Stepper, d *mixedData, msg string)) {
	for _, name := range Implementations() {
		for rule := Paper; rule < numRules; rule++ {
			for decay := Decoupled; decay < numDecays; decay++ {
				for scale := ScaleNone; scale < numCautiousScales; scale++ {
					if scale != ScaleNone && rule != Cautious {
						continue
					}
					cfg := DefaultConfig()
					cfg.LR, cfg.WeightDecay, cfg.Rule, cfg.Decay, cfg.CautiousScale, cfg.Implementation = 0.01, 0.1, rule, decay, scale, name
					s, err := New(cfg)
					require.NoError(t, err)
					for _, n := range []int{0, 1, 37, tile, 2*tile + 5} {
						f(t, s.At(2), newMixedData(n, n%2 == 1), fmt.Sprintf("%s %v %v %v n=%d", name, rule, decay, scale, n))
					}
				}
			}
		}
	}
}

// TestMixedIsWidenStepNarrow: each format is the float32 step on widened values,
// rounded once.
func TestMixedIsWidenStepNarrow(t *testing.T) {
	eachMixed(t, func(t *testing.T, s Stepper, d *mixedData, msg string) {
		p, m := widened(d.pb), widened(d.mb)
		require.NoError(t, s.StepF32(p, widened(d.gb), m))
		require.NoError(t, s.StepBF16(d.pb, d.gb, d.mb))
		assert.Equal(t, rounded(p, ToBF16), d.pb, msg)
		assert.Equal(t, rounded(m, ToBF16), d.mb, msg)

		p, m = widened(d.ph), widened(d.mh)
		require.NoError(t, s.StepF32(p, widened(d.gh), m))
		require.NoError(t, s.StepF16(d.ph, d.gh, d.mh))
		sameHalves(t, p, d.ph, msg)
		sameHalves(t, m, d.mh, msg)
	})
}

func TestMaster(t *testing.T) {
	eachMixed(t, func(t *testing.T, s Stepper, d *mixedData, msg string) {
		clone := func(x []float32) []float32 { return append([]float32{}, x...) }
		p, m := clone(d.p), clone(d.m)
		require.NoError(t, s.StepF32(p, widened(d.gb), m))
		master, mom := clone(d.p), clone(d.m)
		require.NoError(t, s.StepMasterBF16(master, d.gb, mom, d.sb))
		sameBits(t, p, master, msg)
		sameBits(t, m, mom, msg)
		assert.Equal(t, rounded(p, ToBF16), d.sb, msg)

		p, m = clone(d.p), clone(d.m)
		require.NoError(t, s.StepF32(p, widened(d.gh), m))
		master, mom = clone(d.p), clone(d.m)
		require.NoError(t, s.StepMasterF16(master, d.gh, mom, d.sh))
		sameBits(t, p, master, msg)
		sameBits(t, m, mom, msg)
		sameHalves(t, p, d.sh, msg)

		p, m = clone(d.p), widened(d.mb)
		require.NoError(t, s.StepF32(p, widened(d.gb), m))
		master, mb := clone(d.p), append([]BF16{}, d.mb...)
		require.NoError(t, s.StepMasterBF16M16(master, d.gb, mb, d.sb))
		sameBits(t, p, master, msg)
		assert.Equal(t, rounded(m, ToBF16), mb, msg)
		assert.Equal(t, rounded(p, ToBF16), d.sb, msg)

		p, m = clone(d.p), widened(d.mb)
		require.NoError(t, s.StepF32(p, d.g, m))
		param := clone(d.p)
		require.NoError(t, s.StepF32M16(param, d.g, d.mb))
		sameBits(t, p, param, msg)
		assert.Equal(t, rounded(m, ToBF16), d.mb, msg)
	})
}

// TestSplitIsMaster: a run in halves equals, to the bit, the run with a float32
// master, the same gradients and the same momentum.
func TestSplitIsMaster(t *testing.T) {
	cfg := DefaultConfig()
	cfg.LR, cfg.WeightDecay = 1e-3, 0.1
	s, err := New(cfg)
	require.NoError(t, err)
	const n = 700
	d := newMixedData(n, true)
	master, m16 := append([]float32{}, d.p...), append([]BF16{}, d.mb...)
	require.NoError(t, Split(d.hi, d.lo, d.p))
	for step := 0; step < 50; step++ {
		g := newMixedData(n, step%7 == 0).gb
		require.NoError(t, s.StepMasterBF16M16(master, g, m16, d.sb))
		require.NoError(t, s.StepSplit(d.hi, d.lo, g, d.mb))
		joined := make([]float32, n)
		require.NoError(t, Join(joined, d.hi, d.lo))
		sameBits(t, master, joined, fmt.Sprint("step ", step))
		assert.Equal(t, m16, d.mb)
	}
}

// TestKahanFollows: compensated, small steps add up where plain bfloat16 is
// stuck.
func TestKahanFollows(t *testing.T) {
	cfg := DefaultConfig() // LR 1e-4
	s, err := New(cfg)
	require.NoError(t, err)
	const n, steps = 64, 500
	w := make([]float32, n)
	g := make([]BF16, n)
	for i := range w {
		w[i], g[i] = 1+float32(i)/64, ToBF16(-1)
	}
	exact, em := append([]float32{}, w...), make([]float32, n)
	plain, pm := rounded(w, ToBF16), make([]BF16, n)
	p, c, m := make([]BF16, n), make([]BF16, n), make([]BF16, n)
	require.NoError(t, KahanBF16(p, c, w))
	for i := 0; i < steps; i++ {
		require.NoError(t, s.StepF32(exact, widened(g), em))
		require.NoError(t, s.StepBF16(plain, g, pm))
		require.NoError(t, s.StepBF16Kahan(p, g, m, c))
	}
	for i := range w {
		assert.Equal(t, ToBF16(w[i]), plain[i], "rounded to nearest, a weight near 1 doesn't move")
		assert.InDelta(t, exact[i], p[i].Float32()+c[i].Float32(), 2e-3)
	}
}

func TestMixedRefuses(t *testing.T) {
	s, err := New(DefaultConfig())
	require.NoError(t, err)
	b, f := make([]BF16, 8), make([]float32, 8)
	assert.ErrorIs(t, s.StepBF16(b[:3], b[4:6], make([]BF16, 3)), ErrLength)
	assert.ErrorContains(t, s.StepMasterBF16(f, b, make([]float32, 8), make([]BF16, 7)), "len(shadow) = 7")
	assert.ErrorIs(t, s.StepBF16(b[:4], b[3:7], make([]BF16, 4)), ErrOverlap)
	assert.ErrorContains(t, s.StepMasterBF16(f, b, make([]float32, 8), b), "grad and shadow share 16 bytes")
	assert.ErrorIs(t, Stepper{}.StepBF16(nil, nil, nil), ErrConfig)
	assert.NoError(t, s.StepBF16(nil, nil, nil))
	cfg := DefaultConfig()
	cfg.Rounding = StochasticRounding
	s, err = New(cfg)
	require.NoError(t, err)
	assert.ErrorIs(t, s.StepBF16(nil, nil, nil), ErrConfig, "without At")
	assert.NoError(t, s.StepF32M16(nil, nil, nil))
	cfg.Rounding = numRoundings
	_, err = New(cfg)
	assert.ErrorIs(t, err, ErrConfig)
}

func TestMixedDoesNotAllocate(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Rule, cfg.CautiousScale = Cautious, ScaleMean
	s, err := New(cfg)
	require.NoError(t, err)
	d := newMixedData(600, false)
	require.NoError(t, Split(d.hi, d.lo, d.p))
	for name, step := range map[string]func() error{
		"bf16":   func() error { return s.StepBF16(d.pb, d.gb, d.mb) },
		"f16":    func() error { return s.StepF16(d.ph, d.gh, d.mh) },
		"master": func() error { return s.StepMasterBF16(d.p, d.gb, d.m, d.sb) },
		"split":  func() error { return s.StepSplit(d.hi, d.lo, d.gb, d.mb) },
		"kahan":  func() error { return s.StepBF16Kahan(d.pb, d.gb, d.mb, d.comp) },
	} {
		assert.Zero(t, testing.AllocsPerRun(10, func() {
			if err := step(); err != nil {
				t.Fatal(err)
			}
		}), name)
	}
}

// TestNegativeZeroLR: a learning rate of −0 is 0, on every path.
func TestNegativeZeroLR(t *testing.T) {
	for _, name := range Implementations() {
		s, err := New(Config{LR: math.Copysign(0, -1), Beta1: 0.9, Beta2: 0.99, Implementation: name})
		require.NoError(t, err)
		p := []float32{float32(math.Copysign(0, -1)), float32(math.Copysign(0, -1))}
		require.NoError(t, s.StepF32(p, []float32{1, -1}, []float32{1, -1}))
		assert.Equal(t, uint32(0x80000000), math.Float32bits(p[0]), name)
		assert.Equal(t, uint32(0), math.Float32bits(p[1]), name)
	}
}

// TestMixedNaNs: every NaN comes out canonical, whatever its bits were and
// whichever slice it came from.
func TestMixedNaNs(t *testing.T) {
	payloads := []uint32{0x7f800001, 0x7fffffff, 0xffffffff, 0xff800001, 0x7fc0ffff, 0xffc00000}
	for _, name := range Implementations() {
		for _, rule := range []Rule{Paper, Cautious} {
			cfg := DefaultConfig()
			cfg.WeightDecay, cfg.Rule, cfg.Implementation = 0.1, rule, name
			s, err := New(cfg)
			require.NoError(t, err)
			for i, bits := range payloads {
				nan := math.Float32frombits(bits)
				at := 3 + 7*i
				for which := 0; which < 3; which++ {
					d := newMixedData(2*half.Unit, false)
					[][]float32{d.p, d.g, d.m}[which][at] = nan
					[][]BF16{d.pb, d.gb, d.mb}[which][at] = BF16(bits>>16 | 1)
					[][]F16{d.ph, d.gh, d.mh}[which][at] = F16(bits>>31<<15 | 0x7c00 | bits&0x3ff | 1)
					if which > 0 {
						require.NoError(t, Split(d.hi, d.lo, d.p))
						mb := append([]BF16{}, d.mb...)
						require.NoError(t, s.StepSplit(d.hi, d.lo, d.gb, mb))
						assert.Equal(t, BF16(0x7fc0), mb[at])
					}
					m16, p := append([]BF16{}, d.mb...), append([]float32{}, d.p...)
					require.NoError(t, s.StepF32M16(p, d.g, m16))
					require.NoError(t, s.StepBF16(d.pb, d.gb, d.mb))
					require.NoError(t, s.StepF16(d.ph, d.gh, d.mh))
					p2, m2 := append([]float32{}, d.p...), append([]float32{}, d.m...)
					require.NoError(t, s.StepMasterF16(p2, d.gh, m2, d.sh))
					if which == 0 {
						assert.Equal(t, uint32(0x7fc00000), math.Float32bits(p[at]))
						assert.Equal(t, BF16(0x7fc0), d.pb[at])
						assert.Equal(t, F16(0x7e00), d.ph[at])
						assert.Equal(t, F16(0x7e00), d.sh[at])
						continue
					}
					assert.Equal(t, BF16(0x7fc0), m16[at], "%s %08x", name, bits)
					assert.Equal(t, BF16(0x7fc0), d.mb[at], "%s %08x", name, bits)
					assert.Equal(t, F16(0x7e00), d.mh[at], "%s %08x", name, bits)
				}
			}
		}
	}
}
