package half

import (
	"math"
	"sort"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/require"
)

// The specification is right: plain Go against what an element is.

// Rounding is a step function of the magnitude: stairs[h] is the first float32
// pattern that rounds to more than h. The middle of two neighbours is a float32
// in both formats, and belongs to the even one.
type stairs []uint32

// stairsOf are those of a 16-bit element.
func stairsOf(f *prove.Element) stairs {
	s := make(stairs, f.Inf())
	for h := range s {
		v := f.Value(uint64(h))
		next := f.Value(uint64(h + 1))
		if math.IsInf(next, 0) {
			next = 2*v - f.Value(uint64(h-1)) // what the exponent's next power would be
		}
		middle := (v + next) / 2
		s[h] = math.Float32bits(float32(middle))
		if float64(float32(middle)) != middle {
			panic("the middle is no float32")
		}
		if h%2 == 0 {
			s[h]++
		}
	}
	return s
}

// block fills want with what the patterns from first on round to, none of which
// may differ from it in the upper half.
func (s stairs) block(f *prove.Element, first uint32, want []uint16) {
	sign, b := uint16(first>>16&0x8000), first&^(1<<31)
	h := sort.Search(len(s), func(h int) bool { return s[h] > b })
	for i := 0; i < len(want); h++ {
		at, end := b+uint32(i), uint32(0x7f800001) // Inf's last
		x := sign | uint16(h)
		if h < len(s) {
			end = s[h]
		} else if at >= end {
			x, end = uint16(f.Canonical()), 1<<31
		}
		n := min(len(want)-i, int(end-at))
		for j := range want[i : i+n] {
			want[i+j] = x
		}
		i += n
	}
}

// TestStairs holds every edge against the big float.
func TestStairs(t *testing.T) {
	for _, f := range []*prove.Element{prove.BF16, prove.F16} {
		for h, edge := range stairsOf(f) {
			below, above := f.Round(float64(math.Float32frombits(edge-1))), f.Round(float64(math.Float32frombits(edge)))
			require.Equal(t, [2]uint64{uint64(h), uint64(h + 1)}, [2]uint64{below, above}, "%s %08x", f.Name, edge)
		}
	}
}

// TestStairsBlocks holds blocks against the big float, one pattern in each
// stretch of a block.
func TestStairsBlocks(t *testing.T) {
	const n = 1 << 10
	want := make([]uint16, n)
	for _, f := range []*prove.Element{prove.BF16, prove.F16} {
		s := stairsOf(f)
		for first := uint64(0); first < 1<<32; first += 1019 * n {
			s.block(f, uint32(first), want)
			for _, i := range []uint64{0, first / n % n, n - 1} {
				x := uint32(first + i)
				require.Equal(t, f.Round(float64(math.Float32frombits(x))), uint64(want[i]), "%s %08x", f.Name, x)
			}
		}
	}
}

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
			if v := float64(FromBF16(p)); v-v != 0 {
				require.Zero(t, c)
				continue
			}
			_, e := math.Frexp(float64(w))
			off := math.Abs(float64(FromBF16(p)) + float64(FromBF16(c)) - float64(w))
			if most := math.Max(math.Ldexp(1, e-18), 0x1p-134); off > most {
				t.Fatalf("%08x is held to %g, not %g", x, off, most)
			}
		}
	}
}
