package lion

import (
	"math"
	"math/big"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// halfFormat describes a 16-bit format, for an oracle that rounds by big floats.
type halfFormat struct {
	name      string
	digits    uint
	least     int     // log2 of the smallest subnormal
	overflows float64 // from here on the result is infinite
	nan, inf  uint16
}

var (
	bf16Format = halfFormat{"bf16", 8, -133, 0x1.ffp127, 0x7fc0, 0x7f80}
	f16Format  = halfFormat{"f16", 11, -24, 65520, 0x7e00, 0x7c00}
)

// value is the number of a bit pattern, by the format's definition.
func (f halfFormat) value(b uint16) float64 {
	fraction := f.digits - 1
	e, m := int(b&^0x8000)>>fraction, float64(b&(1<<fraction-1))
	sign := 1.0
	if b&0x8000 != 0 {
		sign = -1
	}
	switch {
	case b&^0x8000 > f.inf:
		return math.NaN()
	case b&^0x8000 == f.inf:
		return math.Inf(int(sign))
	case e == 0:
		return sign * math.Ldexp(m, f.least)
	}
	return sign * math.Ldexp(m+float64(uint(1)<<fraction), f.least+e-1)
}

// round is the oracle: a big float of as many digits as the result has.
func (f halfFormat) round(x float32) uint16 {
	a := math.Abs(float64(x))
	var sign uint16
	if math.Signbit(float64(x)) {
		sign = 0x8000
	}
	switch {
	case x != x:
		return f.nan
	case a >= f.overflows:
		return sign | f.inf
	case a == 0:
		return sign
	}
	_, e := math.Frexp(a)
	digits := min(int(f.digits), e-f.least)
	if digits < 1 { // below the smallest subnormal: to it, or to 0
		if a > math.Ldexp(1, f.least-1) {
			return sign | 1
		}
		return sign
	}
	r, _ := new(big.Float).SetPrec(uint(digits)).SetMode(big.ToNearestEven).SetFloat64(a).Float64()
	units := math.Ldexp(r, -f.least)
	if units < float64(uint(1)<<f.digits) {
		return sign | uint16(units)
	}
	m, e := math.Frexp(units)
	return sign | uint16(e-int(f.digits)+1)<<(f.digits-1) | uint16(math.Ldexp(m, int(f.digits)))&(1<<(f.digits-1)-1)
}

// quick is round in float64 arithmetic, which holds every sum exactly: what the
// whole walk can afford. The walk's sample holds it against round.
func (f halfFormat) quick(x float32) uint16 {
	a := math.Abs(float64(x))
	sign := uint16(math.Float32bits(x) >> 16 & 0x8000)
	if !(a < f.overflows) {
		if a != a {
			return f.nan
		}
		return sign | f.inf
	}
	// The exponent of a, but no less than the least normal number's.
	e := max(int(math.Float64bits(a)>>52)-1023, f.least+int(f.digits)-1)
	unit := e - int(f.digits) + 1
	m := math.RoundToEven(a * math.Float64frombits(uint64(1023-unit)<<52))
	// A carry out of m goes into the exponent, as it should.
	return sign | uint16((unit-f.least)<<(f.digits-1)+int(m))
}

// eachConverters calls f for the conversions of every implementation.
func eachConverters(t *testing.T, f func(t *testing.T, c *converters)) {
	for i := range implementations {
		im := &implementations[i]
		t.Run("impl="+im.name, func(t *testing.T) {
			if im.missing != "" {
				t.Skip(im.missing)
			}
			f(t, &im.convert)
		})
	}
}

// TestWidenAll: all 2^16 patterns of both formats, upward.
func TestWidenAll(t *testing.T) {
	eachConverters(t, func(t *testing.T, c *converters) {
		src, dst := make([]uint16, 1<<16), make([]float32, 1<<16)
		for i := range src {
			src[i] = uint16(i)
		}
		for _, f := range []struct {
			halfFormat
			widen converter
		}{{bf16Format, c.widenBF16}, {f16Format, c.widenF16}} {
			f.widen(data(dst), data(src), len(src))
			for i, x := range dst {
				want := f.value(uint16(i))
				if want != want {
					require.True(t, x != x, "%s %04x", f.name, i)
				} else {
					require.Equal(t, math.Float64bits(want), math.Float64bits(float64(x)), "%s %04x gave %g, want %g", f.name, i, x, want)
				}
			}
		}
	})
}

// TestWalkNarrow: float32 patterns downward, against the oracle, and through Split
// and Join; all 2^32 of them where LION_WALK=all, else a sample.
func TestWalkNarrow(t *testing.T) {
	stride := uint64(1021)
	if os.Getenv("LION_WALK") == "all" {
		stride = 1
	} else if testing.Short() {
		stride = 1<<20 - 3
	}
	const batch = 1 << 12
	var wg sync.WaitGroup
	var mu sync.Mutex
	failed := false
	workers := runtime.GOMAXPROCS(0)
	for w := 0; w < workers; w++ {
		wg.Add(1)
		go func(w int) {
			defer wg.Done()
			src, got, lo, joined := make([]uint32, batch), make([]uint16, batch), make([]uint16, batch), make([]uint32, batch)
			wantB, wantF := make([]uint16, batch), make([]uint16, batch)
			for at := uint64(w) * batch * stride; at < 1<<32; at += uint64(workers) * batch * stride {
				n := 0
				for ; n < batch && at+uint64(n)*stride < 1<<32; n++ {
					src[n] = uint32(at + uint64(n)*stride)
					x := math.Float32frombits(src[n])
					wantB[n], wantF[n] = bf16Format.quick(x), f16Format.quick(x)
					if n%64 == 0 || stride > 1<<16 {
						if b, f := bf16Format.round(x), f16Format.round(x); b != wantB[n] || f != wantF[n] {
							t.Errorf("the oracles of %08x differ: %04x %04x, %04x %04x", src[n], wantB[n], b, wantF[n], f)
							return
						}
					}
				}
				for i := range implementations {
					im := &implementations[i]
					if im.missing != "" {
						continue
					}
					check := func(what string, ok func(j int) bool) {
						for j := 0; j < n; j++ {
							if !ok(j) {
								mu.Lock()
								if !failed {
									t.Errorf("%s %s of %08x: %04x, want %04x or %04x", im.name, what, src[j], got[j], wantB[j], wantF[j])
								}
								failed = true
								mu.Unlock()
								return
							}
						}
					}
					im.convert.narrowBF16(data(got), data(src), n)
					check("bf16", func(j int) bool { return got[j] == wantB[j] })
					im.convert.narrowF16(data(got), data(src), n)
					check("f16", func(j int) bool { return got[j] == wantF[j] })
					im.convert.split(data(got), data(lo), data(src), n)
					im.convert.join(data(joined), data(got), data(lo), n)
					check("split", func(j int) bool { return joined[j] == src[j] })
				}
			}
		}(w)
	}
	wg.Wait()
}

// TestSplitRounds: hi is the weight to nearest, ties away from zero.
func TestSplitRounds(t *testing.T) {
	for _, c := range [][2]float32{{1, 1}, {1 + 1.0/256, 1 + 1.0/128}, {1 + 1.0/257, 1}, {-1 - 1.0/256, -1 - 1.0/128}, {1 + 3.0/256, 1 + 2.0/128}, {3.4e38, float32(math.Inf(1))}} {
		hi, lo := make([]BF16, 1), make([]uint16, 1)
		require.NoError(t, Split(hi, lo, []float32{c[0]}))
		assert.Equal(t, c[1], hi[0].Float32(), "%g", c[0])
	}
}

// TestConvertLengths: every length and misalignment, with what is around left
// alone.
func TestConvertLengths(t *testing.T) {
	eachConverters(t, func(t *testing.T, c *converters) {
		for n := 0; n < 70; n++ {
			for off := 0; off < 3; off++ {
				w := randomGrad(n + 8)
				src, got, want := w[off:off+n], make([]uint16, n+8), make([]uint16, n+8)
				lo, wantLo := make([]uint16, n+8), make([]uint16, n+8)
				wide, wantWide := make([]float32, n+8), make([]float32, n+8)
				for _, s := range [][]uint16{got, want, lo, wantLo} {
					for i := range s {
						s[i] = 0xabcd
					}
				}
				for i := range wide {
					wide[i], wantWide[i] = 7, 7
				}
				at := func(s []uint16) []uint16 { return s[off+1 : off+1+n] }
				atW := func(s []float32) []float32 { return s[off+1 : off+1+n] }
				g := &genericConverters
				for _, f := range [][2]converter{{c.narrowBF16, g.narrowBF16}, {c.narrowF16, g.narrowF16}} {
					f[0](data(at(got)), data(src), n)
					f[1](data(at(want)), data(src), n)
					require.Equal(t, want, got, "n=%d off=%d", n, off)
				}
				for _, f := range [][2]converter{{c.widenBF16, g.widenBF16}, {c.widenF16, g.widenF16}} {
					f[0](data(atW(wide)), data(at(got)), n)
					f[1](data(atW(wantWide)), data(at(got)), n)
					require.Equal(t, wantWide, wide, "n=%d off=%d", n, off)
				}
				c.split(data(at(got)), data(at(lo)), data(src), n)
				g.split(data(at(want)), data(at(wantLo)), data(src), n)
				require.Equal(t, want, got)
				require.Equal(t, wantLo, lo)
				c.join(data(atW(wide)), data(at(got)), data(at(lo)), n)
				g.join(data(atW(wantWide)), data(at(got)), data(at(lo)), n)
				require.Equal(t, wantWide, wide)
			}
		}
	})
}

func TestConvertRefuses(t *testing.T) {
	f, b, h := make([]float32, 4), make([]BF16, 4), make([]F16, 4)
	assert.ErrorIs(t, NarrowBF16(b[:3], f), ErrLength)
	assert.ErrorContains(t, WidenF16(f, h[:1]), "len(dst) = 4, len(src) = 1")
	assert.ErrorIs(t, Split(b, make([]uint16, 3), f), ErrLength)
	assert.ErrorIs(t, Join(f[:1], b, make([]uint16, 4)), ErrLength)
	for _, err := range []error{NarrowBF16(b, f), NarrowF16(h, f), WidenBF16(f, b), WidenF16(f, h), NarrowBF16(nil, nil),
		Split(b, make([]uint16, 4), f), Join(f, b, make([]uint16, 4))} {
		assert.NoError(t, err)
	}
	assert.Zero(t, testing.AllocsPerRun(10, func() { _ = NarrowBF16(b, f); _ = WidenF16(f, h) }))
}
