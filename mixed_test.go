package lion

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

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
