package lion

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raw is a slice's memory.
func raw[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
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
			hi, lo := make([]BF16, 2), make([]uint16, 2)
			require.NoError(t, Split(hi, lo, w))
			s := BF16(0)
			if sign < 0 {
				s = 0x8000
			}
			require.Equal(t, []BF16{s | BF16(h), s | BF16(h+1)}, hi, "%g", w)
		}
	}
}

// prefer makes an implementation the one that conversions of whole slices use.
func prefer(t *testing.T, impl int) {
	old := preferred
	t.Cleanup(func() { preferred = old })
	preferred = impl
}

// TestConvertSlices: the functions of whole slices, over several chunks, do what
// those of one value do.
func TestConvertSlices(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 2*chunk + 17} {
			r, src := prove.NewRand(uint64(n)), make([]float32, n)
			for i := range src {
				src[i] = math.Float32frombits(uint32(r.Next()))
			}
			b, h, hi, lo := make([]BF16, n), make([]F16, n), make([]BF16, n), make([]uint16, n)
			wb, wh, joined := make([]float32, n), make([]float32, n), make([]float32, n)
			for _, err := range []error{NarrowBF16(b, src), NarrowF16(h, src), WidenBF16(wb, b), WidenF16(wh, h), Split(hi, lo, src), Join(joined, hi, lo)} {
				require.NoError(t, err)
			}
			for i, x := range src {
				require.Equal(t, ToBF16(x), b[i])
				require.True(t, h[i] == ToF16(x) || prove.TieOf(x, uint16(h[i]), uint16(ToF16(x))), "%g is %04x, want %04x", x, h[i], ToF16(x))
				require.Equal(t, [2]uint32{math.Float32bits(b[i].Float32()), math.Float32bits(h[i].Float32())}, [2]uint32{math.Float32bits(wb[i]), math.Float32bits(wh[i])})
			}
			require.Equal(t, raw(src), raw(joined))
		}
	})
}

// BenchmarkConvert converts whole slices, with cycling implementations; bytes
// are those read and written.
func BenchmarkConvert(b *testing.B) {
	for _, n := range []int{1 << 10, 64 << 10, 16 << 20} {
		f, h, lo := make([]float32, n), make([]uint16, n), make([]uint16, n)
		for i, r := 0, (prove.NewRand(1)); i < n; i++ {
			f[i] = float32(int32(r.Next())) / (1 << 31)
		}
		bf, f16 := unsafe.Slice((*BF16)(&h[0]), n), unsafe.Slice((*F16)(&h[0]), n)
		for _, conv := range []struct {
			name  string
			bytes int
			run   func() error
		}{
			{"fmt=bf16/narrow", 6, func() error { return NarrowBF16(bf, f) }},
			{"fmt=bf16/widen", 6, func() error { return WidenBF16(f, bf) }},
			{"fmt=f16/narrow", 6, func() error { return NarrowF16(f16, f) }},
			{"fmt=f16/widen", 6, func() error { return WidenF16(f, f16) }},
			{"fmt=split/split", 8, func() error { return Split(bf, lo, f) }},
			{"fmt=split/join", 8, func() error { return Join(f, bf, lo) }},
		} {
			for impl := range implementations {
				if implementations[impl].missing != "" {
					continue
				}
				b.Run(fmt.Sprintf("%s/n=%d/impl=%s", conv.name, n, implementations[impl].name), func(b *testing.B) {
					old := preferred
					defer func() { preferred = old }()
					preferred = impl
					b.SetBytes(int64(n * conv.bytes))
					for i := 0; i < b.N; i++ {
						if err := conv.run(); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/elem")
				})
			}
		}
	}
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
	half.Named("generic").JoinKahan(mem.Data(was), mem.Data(p), mem.Data(c), n)
	require.NoError(t, s.StepBF16Kahan(p, g, m, c))
	half.Named("generic").JoinKahan(mem.Data(now), mem.Data(p), mem.Data(c), n)
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
