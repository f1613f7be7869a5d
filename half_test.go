package lion

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"runtime"
	"sort"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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

// raw is a slice's memory.
func raw[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// differ says where two slices of bits first differ, and what the source was.
func differ[T, S uint16 | uint32](what string, src []S, got, want []T) error {
	if bytes.Equal(raw(got), raw(want)) {
		return nil
	}
	for i := range want {
		if got[i] != want[i] && !(what == prove.F16.Name && unsafe.Sizeof(want[0]) == 2 && prove.TieOf(math.Float32frombits(uint32(src[i])), uint16(got[i]), uint16(want[i]))) {
			return fmt.Errorf("%s of %#x is %#x, want %#x", what, src[i], got[i], want[i])
		}
	}
	return nil // but for ties
}

// TestWidenAll: all 2^16 patterns of both formats, upward.
func TestWidenAll(t *testing.T) {
	src, got, want := make([]uint16, 1<<16), make([]uint32, 1<<16), make([]uint32, 1<<16)
	for i := range src {
		src[i] = uint16(i)
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		c := &implementations[impl].convert
		for _, f := range []struct {
			*prove.Element
			widen converter
			quiet uint32
		}{{prove.BF16, c.widenBF16, 0}, {prove.F16, c.widenF16, 1 << 22}} {
			for i := range want {
				v := f.Value(uint64(i))
				want[i] = math.Float32bits(float32(v))
				require.True(t, v != v || float64(float32(v)) == v)
				if v != v { // the payload stays
					want[i] = uint32(i)>>15<<31 | 0x7f800000 | uint32(i)<<(24-f.Digits())&(1<<23-1) | f.quiet
				}
			}
			f.widen(mem.Data(got), mem.Data(src), len(src))
			assert.NoError(t, differ(f.Name, src, got, want))
		}
	})
}

// walkBlocks is how many blocks of patterns with one upper half there are.
const walkBlocks = 1 << 16

// A halfWalker takes float32 patterns through conversions.
type halfWalker struct {
	src, joined   []uint32
	got, lo       []uint16
	want, low, hi []uint16
	stairs        [2]stairs
}

func newHalfWalker() *halfWalker {
	const n = 1 << 16
	w := &halfWalker{stairs: [2]stairs{stairsOf(prove.BF16), stairsOf(prove.F16)}}
	w.src, w.joined = make([]uint32, n), make([]uint32, n)
	w.got, w.lo, w.want, w.low, w.hi = make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n)
	for i := range w.low {
		w.low[i] = uint16(i)
	}
	return w
}

// check takes all patterns with the upper half u through the conversions.
func (w *halfWalker) check(c *converters, u uint32) error {
	for i := range w.src {
		w.src[i] = u<<16 | uint32(i)
		w.hi[i] = uint16(u)
		if i >= 0x8000 {
			w.hi[i]++
		}
	}
	n := len(w.src)
	c.split(mem.Data(w.got), mem.Data(w.lo), mem.Data(w.src), n)
	if err := differ("split: hi", w.src, w.got, w.hi); err != nil {
		return err
	}
	if err := differ("split: lo", w.src, w.lo, w.low); err != nil {
		return err
	}
	c.join(mem.Data(w.joined), mem.Data(w.hi), mem.Data(w.low), n)
	if err := differ("split and join", w.src, w.joined, w.src); err != nil {
		return err
	}
	for i, f := range []*prove.Element{prove.BF16, prove.F16} {
		w.stairs[i].block(f, u<<16, w.want)
		[]converter{c.narrowBF16, c.narrowF16}[i](mem.Data(w.got), mem.Data(w.src), n)
		if err := differ(f.Name, w.src, w.got, w.want); err != nil {
			return err
		}
	}
	return nil
}

// walkHalf takes every stride-th block through the conversions.
func walkHalf(c *converters, stride int) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make(chan error, workers)
	for k := range workers {
		go func() {
			w := newHalfWalker()
			for u := k * stride; u < walkBlocks; u += workers * stride {
				if err := w.check(c, uint32(u)); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	var first error
	for range workers {
		if err := <-errs; err != nil {
			first = err
		}
	}
	return first
}

// TestWalkNarrow: float32 patterns downward, against the stairs, and through
// Split and Join; all 2^32 of them where LION_WALK=all, else a sample of blocks.
func TestWalkNarrow(t *testing.T) {
	stride := 61
	if os.Getenv("LION_WALK") != "" {
		stride = 1
	} else if !prove.Whole() {
		stride = 4093
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		assert.NoError(t, walkHalf(&implementations[impl].convert, stride))
	})
}

// TestWalkNarrowSees plants converters that are wrong for one pattern.
func TestWalkNarrowSees(t *testing.T) {
	const bad = 61*7<<16 | 0x9abc
	for what, spoil := range map[string]func(c *converters){
		"split: hi": func(c *converters) {
			c.split = func(hi, lo, weight unsafe.Pointer, n int) {
				splitGeneric(hi, lo, weight, n)
				spoilAt[uint16](weight, hi, n, bad)
			}
		},
		"split: lo": func(c *converters) {
			c.split = func(hi, lo, weight unsafe.Pointer, n int) {
				splitGeneric(hi, lo, weight, n)
				spoilAt[uint16](weight, lo, n, bad)
			}
		},
		"split and join": func(c *converters) {
			c.join = func(weight, hi, lo unsafe.Pointer, n int) {
				joinGeneric(weight, hi, lo, n)
				spoilAt[uint32](weight, weight, n, bad)
			}
		},
		"bf16": func(c *converters) {
			c.narrowBF16 = func(dst, src unsafe.Pointer, n int) {
				genericConverters.narrowBF16(dst, src, n)
				spoilAt[uint16](src, dst, n, bad)
			}
		},
		"f16": func(c *converters) {
			c.narrowF16 = func(dst, src unsafe.Pointer, n int) {
				genericConverters.narrowF16(dst, src, n)
				spoilAt[uint16](src, dst, n, bad)
			}
		},
	} {
		c := genericConverters
		assert.NoError(t, newHalfWalker().check(&c, bad>>16))
		spoil(&c)
		assert.ErrorContains(t, newHalfWalker().check(&c, bad>>16), fmt.Sprintf("%s of %#x is", what, bad))
		assert.NoError(t, newHalfWalker().check(&c, bad>>16+1))
	}
}

// spoilAt changes the element of dst where src holds a pattern.
func spoilAt[T uint16 | uint32](src, dst unsafe.Pointer, n int, pattern uint32) {
	for i, x := range unsafe.Slice((*uint32)(src), n) {
		if x == pattern {
			unsafe.Slice((*T)(dst), n)[i] ^= 1
		}
	}
}

// TestNarrowEdges: every number's rounding from both sides of its edges, in both
// formats and signs, and NaNs of every payload bit.
func TestNarrowEdges(t *testing.T) {
	var src []uint32
	for _, f := range []*prove.Element{prove.BF16, prove.F16} {
		for _, edge := range stairsOf(f) {
			src = append(src, edge-1, edge, 1<<31|edge-1, 1<<31|edge)
		}
	}
	for _, x := range []uint32{0, 0x7f800000, 0x7fffffff} {
		src = append(src, x, x|1<<31)
	}
	for bit := range 23 {
		src = append(src, 0x7f800000|1<<bit, 0xff800000|1<<bit)
	}
	got, want := make([]uint16, len(src)), make([]uint16, len(src))
	eachImplementation(t, func(t *testing.T, impl int) {
		c := &implementations[impl].convert
		for i, f := range []*prove.Element{prove.BF16, prove.F16} {
			s := stairsOf(f)
			for j, x := range src {
				s.block(f, x, want[j:j+1])
			}
			[]converter{c.narrowBF16, c.narrowF16}[i](mem.Data(got), mem.Data(src), len(src))
			assert.NoError(t, differ(f.Name, src, got, want))
		}
	})
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

// conversion is one of converters, on slices of bytes: what is written comes
// first, and how many slices that is.
type conversion struct {
	name   string
	sizes  []int // bytes of an element
	writes int
	run    func(c *converters, at []unsafe.Pointer, n int)
}

var conversions = []conversion{
	{"widenBF16", []int{4, 2}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.widenBF16(at[0], at[1], n) }},
	{"narrowBF16", []int{2, 4}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.narrowBF16(at[0], at[1], n) }},
	{"widenF16", []int{4, 2}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.widenF16(at[0], at[1], n) }},
	{"narrowF16", []int{2, 4}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.narrowF16(at[0], at[1], n) }},
	{"split", []int{2, 2, 4}, 2, func(c *converters, at []unsafe.Pointer, n int) { c.split(at[0], at[1], at[2], n) }},
	{"join", []int{4, 2, 2}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.join(at[0], at[1], at[2], n) }},
	{"stochasticBF16", []int{2, 4}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.stochasticBF16(at[0], at[1], n, draws{1, 2}) }},
	{"stochasticF16", []int{2, 4}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.stochasticF16(at[0], at[1], n, draws{3, 4}) }},
	{"splitKahan", []int{2, 2, 4}, 2, func(c *converters, at []unsafe.Pointer, n int) { c.splitKahan(at[0], at[1], at[2], n) }},
	{"joinKahan", []int{4, 2, 2}, 1, func(c *converters, at []unsafe.Pointer, n int) { c.joinKahan(at[0], at[1], at[2], n) }},
}

// TestConvertLengths: every length, each slice misaligned on its own, random
// bits, NaNs among them, and what is around the slices left alone.
func TestConvertLengths(t *testing.T) {
	const room = 70 + 2*16
	r := prove.NewRand(31)
	eachImplementation(t, func(t *testing.T, impl int) {
		for _, conv := range conversions {
			for n := range 70 {
				for off := range 16 {
					var got, want [][]uint32
					var at, ref []unsafe.Pointer
					for i, size := range conv.sizes {
						g := make([]uint32, room)
						for j := range g {
							g[j] = uint32(r.Next())
						}
						w := append([]uint32(nil), g...)
						got, want = append(got, g), append(want, w)
						o := (off*(2*i+1) + 3*i) % 16 * size
						at, ref = append(at, unsafe.Add(mem.Data(g), o)), append(ref, unsafe.Add(mem.Data(w), o))
					}
					conv.run(&implementations[impl].convert, at, n)
					conv.run(&genericConverters, ref, n)
					if conv.name == "narrowF16" {
						g, w := unsafe.Slice((*uint16)(mem.Data(got[0])), 2*room), unsafe.Slice((*uint16)(mem.Data(want[0])), 2*room)
						for j := range g {
							if prove.TieAccepted(g[j], w[j]) {
								g[j] = w[j]
							}
						}
					}
					require.Equal(t, want, got, "%s n=%d off=%d", conv.name, n, off)
				}
			}
		}
	})
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

func TestConvertRefuses(t *testing.T) {
	f, b, h, lo := make([]float32, 4), make([]BF16, 4), make([]F16, 4), make([]uint16, 4)
	assert.ErrorContains(t, WidenF16(f, h[:1]), "len(dst) = 4, len(src) = 1")
	assert.ErrorContains(t, Split(b, lo[:3], f), "len(hi) = 4, len(lo) = 3, len(weight) = 4")
	for _, err := range []error{NarrowBF16(b[:3], f), NarrowF16(h, f[:3]), WidenBF16(f, b[:3]), WidenF16(f[:3], h),
		Split(b[:3], lo, f), Split(b, lo, nil), Join(f[:1], b, lo), Join(f, b[:3], lo), Join(f, b, lo[:3])} {
		assert.ErrorIs(t, err, ErrLength)
	}
	// Views of one array: 16-bit elements before, in and behind float32s.
	array := make([]uint32, 12)
	wide := unsafe.Slice((*float32)(unsafe.Pointer(&array[4])), 4)
	narrow := func(byte int) []uint16 { return unsafe.Slice((*uint16)(unsafe.Pointer(&raw(array)[byte])), 4) }
	bf := func(byte int) []BF16 { return unsafe.Slice((*BF16)(&narrow(byte)[0]), 4) }
	half := func(byte int) []F16 { return unsafe.Slice((*F16)(&narrow(byte)[0]), 4) }
	for _, at := range []int{8, 32} {
		for _, err := range []error{NarrowBF16(bf(at), wide), NarrowF16(half(at), wide), WidenBF16(wide, bf(at)), WidenF16(wide, half(at)),
			Split(bf(at), narrow(0), wide), Split(bf(0), narrow(at), wide), Join(wide, bf(at), narrow(0)), Join(wide, bf(0), narrow(at))} {
			assert.NoError(t, err, "apart by nothing")
		}
	}
	for i := range array {
		array[i] = 0x3f800000
	}
	before := append([]uint32(nil), array...)
	for _, at := range []int{10, 16, 22, 30} {
		for _, err := range []error{NarrowBF16(bf(at), wide), NarrowF16(half(at), wide), WidenBF16(wide, bf(at)), WidenF16(wide, half(at)),
			Split(bf(at), narrow(0), wide), Split(bf(0), narrow(at), wide), Split(bf(0), narrow(6), wide),
			Join(wide, bf(at), narrow(0)), Join(wide, bf(0), narrow(at)), Join(wide, bf(0), narrow(6))} {
			assert.ErrorIs(t, err, ErrOverlap)
		}
	}
	assert.ErrorContains(t, Split(bf(0), narrow(6), wide), "hi and lo share 2 bytes")
	assert.Equal(t, before, array, "nothing was written")
	for _, err := range []error{NarrowBF16(nil, nil), NarrowF16(nil, nil), WidenBF16(nil, nil), WidenF16(nil, nil), Split(nil, nil, nil), Join(nil, nil, nil)} {
		assert.NoError(t, err)
	}
}

// TestConvertNoAllocation: conversions allocate nothing, and arrays on the stack
// stay there.
func TestConvertNoAllocation(t *testing.T) {
	if prove.Sanitized {
		prove.Skip(t, "the race detector's instrumentation allocates")
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for name, f := range map[string]func() error{
			"bf16": func() error {
				var f [40]float32
				var b [40]BF16
				return errors2(NarrowBF16(b[:], f[:]), WidenBF16(f[:], b[:]))
			},
			"f16": func() error {
				var f [40]float32
				var h [40]F16
				return errors2(NarrowF16(h[:], f[:]), WidenF16(f[:], h[:]))
			},
			"split": func() error {
				var f [40]float32
				var b [40]BF16
				var lo [40]uint16
				return errors2(Split(b[:], lo[:], f[:]), Join(f[:], b[:], lo[:]))
			},
		} {
			var err error
			assert.Zero(t, testing.AllocsPerRun(10, func() { err = f() }), name)
			assert.NoError(t, err)
		}
	})
}

func errors2(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// FuzzConvert takes raw bytes through every conversion of every implementation.
func FuzzConvert(f *testing.F) {
	f.Add(make([]byte, 4*33))
	f.Add(bytes.Repeat([]byte{0xff, 0x7f, 0x80, 0x7f, 0, 0xe0, 0x47}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := len(b) / 4
		for impl := range implementations {
			im := &implementations[impl]
			if im.missing != "" {
				continue
			}
			for _, conv := range conversions {
				var got, want [][]uint32
				var at, ref []unsafe.Pointer
				for i := range conv.sizes {
					g := make([]uint32, n+1)
					if i >= conv.writes {
						copy(raw(g), b)
					}
					w := append([]uint32(nil), g...)
					got, want = append(got, g), append(want, w)
					at, ref = append(at, mem.Data(g)), append(ref, mem.Data(w))
				}
				conv.run(&im.convert, at, n)
				conv.run(&genericConverters, ref, n)
				for i := range got {
					if !bytes.Equal(raw(want[i]), raw(got[i])) {
						t.Fatalf("%s of %s differs from generic's: %x, want %x", conv.name, im.name, got[i], want[i])
					}
				}
			}
			// And generic's from the oracles.
			for i := range n {
				x := math.Float32frombits(binary.NativeEndian.Uint32(b[4*i:]))
				if got, want := uint64(ToBF16(x)), prove.BF16.Round(float64(x)); got != want {
					t.Fatalf("bf16 of %g is %04x, want %04x", x, got, want)
				}
				if got, want := uint64(ToF16(x)), prove.F16.Round(float64(x)); got != want {
					t.Fatalf("f16 of %g is %04x, want %04x", x, got, want)
				}
			}
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

// sameHalves is assert.Equal for what floats were rounded to.
func sameHalves(t *testing.T, from []float32, got []F16, msg string) {
	t.Helper()
	for i, x := range from {
		if want := ToF16(x); got[i] != want && !prove.TieOf(x, uint16(got[i]), uint16(want)) {
			t.Errorf("%s: [%d] is %04x, want %04x, of %g", msg, i, got[i], want, x)
			return
		}
	}
	assert.Len(t, got, len(from), msg)
}
