package lion

import (
	"math"
	"testing"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kahanPatterns are float32 with upper half u, at the edges of roundings to
// bfloat16 and within.
func kahanPatterns(u uint32, r *prove.Rand) (out []uint32) {
	for _, lower := range []uint32{0, 1, 0x7f, 0x80, 0x7fff, 0x8000, 0x8001, 0xffff, uint32(r.Next()) >> 16, uint32(r.Next()) >> 16} {
		out = append(out, u<<16|lower)
	}
	return out
}

// TestKahanHolds: param is the weight rounded, and the sum is the weight to 17
// bits, or to 2⁻¹³⁴; nothing is left over beside infinity and NaN.
func TestKahanHolds(t *testing.T) {
	r, stride := prove.NewRand(4), uint32(1)
	if !prove.Whole() {
		stride = 7
	}
	for u := uint32(0); u < 1<<16; u += stride {
		for _, x := range kahanPatterns(u, r) {
			w := math.Float32frombits(x)
			p, c := splitKahan(w)
			require.Equal(t, prove.BF16.Round(float64(w)), uint64(p))
			if v := float64(p.Float32()); v-v != 0 {
				require.Zero(t, c)
				continue
			}
			_, e := math.Frexp(float64(w))
			off := math.Abs(float64(p.Float32()) + float64(c.Float32()) - float64(w))
			if most := math.Max(math.Ldexp(1, e-18), 0x1p-134); off > most {
				t.Fatalf("%08x is held to %g, not %g", x, off, most)
			}
		}
	}
}

// TestKahanPaths: every implementation splits and joins as generic does, each sign
// and exponent, and sums of each kind with each.
func TestKahanPaths(t *testing.T) {
	kinds := []uint16{0, 1, 0x7f, 0x80, 0x3f80, 0x3f81, 0x7f7f, 0x7f80, 0x7f81, 0x7fc0, 0x7fff}
	for _, k := range kinds {
		kinds = append(kinds, k|0x8000)
	}
	var ps, cs []uint16
	for _, p := range kinds {
		for _, c := range kinds {
			ps, cs = append(ps, p), append(cs, c)
		}
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		r, convert := prove.NewRand(6), &implementations[impl].convert
		n := len(kahanPatterns(0, r)) * 64
		p, c, wantP, wantC := make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n)
		for u := uint32(0); u < 1<<16; u += 64 {
			var src []uint32
			for i := range uint32(64) {
				src = append(src, kahanPatterns(u+i, r)...)
			}
			convert.splitKahan(mem.Data(p), mem.Data(c), mem.Data(src), n)
			splitKahanGeneric(mem.Data(wantP), mem.Data(wantC), mem.Data(src), n)
			require.NoError(t, differ("param", src, p, wantP))
			require.NoError(t, differ("compensation", src, c, wantC))
			joined, want := make([]uint32, n), make([]uint32, n)
			convert.joinKahan(mem.Data(joined), mem.Data(p), mem.Data(c), n)
			joinKahanGeneric(mem.Data(want), mem.Data(p), mem.Data(c), n)
			require.NoError(t, differ("sum", p, joined, want))
		}
		joined := make([]float32, len(ps))
		convert.joinKahan(mem.Data(joined), mem.Data(ps), mem.Data(cs), len(ps))
		for i, w := range joined {
			want := float32(prove.BF16.Value(uint64(ps[i])) + prove.BF16.Value(uint64(cs[i])))
			if ps[i] == 0x8000 && cs[i] == 0x8000 {
				want = float32(math.Copysign(0, -1))
			} else if want != want {
				want = canonicalNaN[float32]()
			}
			require.Equal(t, math.Float32bits(want), math.Float32bits(w), "%04x + %04x", ps[i], cs[i])
		}
	})
}

// TestKahanMoves: at LR 1e-4 compensated weights below 16 move, whatever was left
// over before; plain ones from 1/32 on don't.
func TestKahanMoves(t *testing.T) {
	s, r := stepper(DefaultConfig()), prove.NewRand(2)
	const n = 1 << 12
	w, g, m := make([]float32, n), make([]BF16, n), make([]BF16, n)
	for i := range w {
		w[i] = math.Float32frombits(0x41700000 | uint32(r.Next())&0xfffff) // 15–16
		g[i] = 0x3f80
	}
	p, c := make([]BF16, n), make([]BF16, n)
	require.NoError(t, KahanBF16(p, c, w))
	was, now := make([]float32, n), make([]float32, n)
	joinKahanGeneric(mem.Data(was), mem.Data(p), mem.Data(c), n)
	require.NoError(t, s.StepBF16Kahan(p, g, m, c))
	joinKahanGeneric(mem.Data(now), mem.Data(p), mem.Data(c), n)
	for i := range now {
		require.Less(t, now[i], was[i])
	}
	plain := make([]BF16, n)
	for i := range plain { // from 1/64 to 1/32; odd, since a power of two has a near neighbour below
		plain[i] = 0x3c81 | BF16(r.Next())&0x7e
	}
	before := append([]BF16{}, plain...)
	require.NoError(t, s.StepBF16(plain, g, m))
	for i := range plain {
		require.NotEqual(t, before[i], plain[i], "below 1/32")
		before[i] += 0x80
	}
	plain = append(plain[:0], before...)
	require.NoError(t, s.StepBF16(plain, g, m))
	assert.Equal(t, before, plain, "from 1/32 on")
}
