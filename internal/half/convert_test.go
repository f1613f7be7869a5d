package half

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
)

// Properties of conversions to nearest.

// compare compares a conversion of n elements with generic's, for slices that begin where
// off says, in elements, and hold what f makes.
func compare(im *Implementation, conv *conversion, r *prove.Rand, n int, off func(slice int) int, f func(*prove.Element, *prove.Rand) uint64) error {
	var got, want []*prove.Slab
	var at, ref []unsafe.Pointer
	for i, e := range conv.elems {
		content := e.Elements(r, max(1, n), f)[:n*e.Size]
		g, w := prove.NewSlab(len(content)), prove.NewSlab(len(content))
		g.Load(off(i)*e.Size, content)
		w.Load(0, content)
		got, want = append(got, g), append(want, w)
		at, ref = append(at, g.Pointer()), append(ref, w.Pointer())
	}
	foul(im)
	conv.run(&im.Converters, at, n)
	conv.run(&genericConverters, ref, n)
	for i, e := range conv.elems {
		if !e.Equal(got[i].Bytes(), want[i].Bytes()) || !got[i].Intact() {
			return fmt.Errorf("%s n=%d, slice %d from %d: %x, want %x", conv.name, n, i, off(i), got[i].Bytes(), want[i].Bytes())
		}
	}
	return nil
}

// foul has a kernel leave large numbers in the registers: between two calls of the same
// conversion, a constant that one forgot to load would be there.
func foul(im *Implementation) {
	if k := im.Fused.Nearest[StoreF32M16].Paper; k != nil {
		const huge = 0x1.c2fec2p+95
		var p, g, m [Unit]float32
		c := Constants{huge, huge, huge, huge, huge, huge}
		k(&Args{Param: unsafe.Pointer(&p), Grad: unsafe.Pointer(&g), Momentum: unsafe.Pointer(&m), N: Unit, C: &c})
	}
}

// briefly: bits that are hard to round.
func briefly(_ testing.TB, im *Implementation) error {
	for i := range conversions {
		if err := compare(im, &conversions[i], prove.NewRand(6), 1022, func(int) int { return 1 }, (*prove.Element).Hard); err != nil {
			return err
		}
	}
	return nil
}

// lengths: every length, each slice misaligned on its own, NaNs among any bits, and what
// is around the slices left alone.
func lengths(_ testing.TB, im *Implementation) error {
	r := prove.NewRand(31)
	for i := range conversions {
		for n := range 70 {
			for off := range 16 {
				if err := compare(im, &conversions[i], r, n, func(i int) int { return (off*(2*i+1) + 3*i) % 16 }, (*prove.Element).Random); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// guardPages: no conversion touches memory outside the slices, nor writes to what it
// reads.
func guardPages(t testing.TB, im *Implementation) error {
	fences := prove.NewFences(t, 4*70, 4*70, 4*70)
	for _, conv := range conversions {
		for n := range 70 {
			for place := range 1 << len(conv.elems) {
				if err := fenced(fences, im, &conv, n, place); err != nil {
					return fmt.Errorf("%s n=%d, slices at the end: %03b: %w", conv.name, n, place, err)
				}
			}
		}
	}
	return nil
}

// fenced runs a conversion of n elements with each slice flush with a fence, and what it
// only reads read-only, and returns the fault, if any.
func fenced(fences []*prove.Fence, im *Implementation, conv *conversion, n, place int) error {
	at := make([]unsafe.Pointer, len(conv.elems))
	for i, e := range conv.elems {
		at[i] = fences[i].Place(n*e.Size, place>>i&1 == 1)
		if i >= conv.writes {
			fences[i].ReadOnly(true)
		}
	}
	err := prove.Faults(func() { conv.run(&im.Converters, at, n) })
	for _, f := range fences {
		f.ReadOnly(false)
	}
	return err
}

// widen: all 2^16 numbers of both elements, by their value.
func widen(_ testing.TB, im *Implementation) error {
	src, got, want := make([]uint16, 1<<16), make([]uint32, 1<<16), make([]uint32, 1<<16)
	for i := range src {
		src[i] = uint16(i)
	}
	for _, e := range []struct {
		*prove.Element
		widen Converter
		quiet uint32
	}{{prove.BF16, im.WidenBF16, 0}, {prove.F16, im.WidenF16, 1 << 22}} {
		for i := range want {
			v := e.Value(uint64(i))
			want[i] = math.Float32bits(float32(v))
			if v != v { // the payload stays
				want[i] = uint32(i)>>15<<31 | 0x7f800000 | uint32(i)<<(24-e.Digits())&(1<<23-1) | e.quiet
			} else if float64(float32(v)) != v {
				return fmt.Errorf("%s: float32 can't hold %g", e.Name, v)
			}
		}
		e.widen(mem.Data(got), mem.Data(src), len(src))
		if err := differ(e.Name, src, got, want); err != nil {
			return err
		}
	}
	return nil
}

// narrowEdges: every number's rounding from both sides of its edges, of both elements
// and signs, and NaNs of every payload bit.
func narrowEdges(_ testing.TB, im *Implementation) error {
	var src []uint32
	for _, e := range []*prove.Element{prove.BF16, prove.F16} {
		for _, edge := range stairsOf(e) {
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
	for i, e := range []*prove.Element{prove.BF16, prove.F16} {
		s := stairsOf(e)
		for j, x := range src {
			s.block(e, x, want[j:j+1])
		}
		[]Converter{im.NarrowBF16, im.NarrowF16}[i](mem.Data(got), mem.Data(src), len(src))
		if err := differ(e.Name, src, got, want); err != nil {
			return err
		}
	}
	return nil
}

// walk: float32 downward, against the stairs, and through Split and Join; all 2^32 of
// them where LION_WALK=all, else a sample of blocks.
func walk(_ testing.TB, im *Implementation) error {
	return strided(1<<16, stride(61, 4093), newWalker, func(w *walker, u uint32) error { return w.check(&im.Converters, u) })
}

// A walker takes float32 patterns through conversions.
type walker struct {
	src, joined   []uint32
	got, lo       []uint16
	want, low, hi []uint16
	stairs        [2]stairs
}

func newWalker() *walker {
	const n = 1 << 16
	w := &walker{stairs: [2]stairs{stairsOf(prove.BF16), stairsOf(prove.F16)}}
	w.src, w.joined = make([]uint32, n), make([]uint32, n)
	w.got, w.lo, w.want, w.low, w.hi = make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n)
	for i := range w.low {
		w.low[i] = uint16(i)
	}
	return w
}

// check takes all patterns with the upper half u through the conversions.
func (w *walker) check(c *Converters, u uint32) error {
	for i := range w.src {
		w.src[i] = u<<16 | uint32(i)
		w.hi[i] = uint16(u)
		if i >= 0x8000 {
			w.hi[i]++
		}
	}
	n := len(w.src)
	c.Split(mem.Data(w.got), mem.Data(w.lo), mem.Data(w.src), n)
	if err := differ("split: hi", w.src, w.got, w.hi); err != nil {
		return err
	}
	if err := differ("split: lo", w.src, w.lo, w.low); err != nil {
		return err
	}
	c.Join(mem.Data(w.joined), mem.Data(w.hi), mem.Data(w.low), n)
	if err := differ("split and join", w.src, w.joined, w.src); err != nil {
		return err
	}
	for i, e := range []*prove.Element{prove.BF16, prove.F16} {
		w.stairs[i].block(e, u<<16, w.want)
		[]Converter{c.NarrowBF16, c.NarrowF16}[i](mem.Data(w.got), mem.Data(w.src), n)
		if err := differ(e.Name, w.src, w.got, w.want); err != nil {
			return err
		}
	}
	return nil
}

// kahan: weights of each sign and exponent are split and joined as generic does, and
// sums of each kind with each are what the elements' values make.
func kahan(_ testing.TB, im *Implementation) error {
	r := prove.NewRand(6)
	n := len(kahanPatterns(0, r)) * 64
	p, c, wantP, wantC := make([]uint16, n), make([]uint16, n), make([]uint16, n), make([]uint16, n)
	joined, want := make([]uint32, n), make([]uint32, n)
	for u := uint32(0); u < 1<<16; u += 64 {
		var src []uint32
		for i := range uint32(64) {
			src = append(src, kahanPatterns(u+i, r)...)
		}
		im.SplitKahan(mem.Data(p), mem.Data(c), mem.Data(src), n)
		splitKahanGeneric(mem.Data(wantP), mem.Data(wantC), mem.Data(src), n)
		im.JoinKahan(mem.Data(joined), mem.Data(p), mem.Data(c), n)
		joinKahanGeneric(mem.Data(want), mem.Data(p), mem.Data(c), n)
		if err := errors.Join(differ("param", src, p, wantP), differ("compensation", src, c, wantC), differ("sum", p, joined, want)); err != nil {
			return err
		}
	}
	return kahanSums(im)
}

func kahanSums(im *Implementation) error {
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
	joined := make([]uint32, len(ps))
	im.JoinKahan(mem.Data(joined), mem.Data(ps), mem.Data(cs), len(ps))
	for i, got := range joined {
		want := math.Float32bits(float32(prove.BF16.Value(uint64(ps[i])) + prove.BF16.Value(uint64(cs[i]))))
		if ps[i] == 0x8000 && cs[i] == 0x8000 {
			want = 1 << 31
		} else if w := math.Float32frombits(want); w != w {
			want = uint32(prove.Float32.Canonical())
		}
		if got != want {
			return fmt.Errorf("%04x + %04x is %08x, want %08x", ps[i], cs[i], got, want)
		}
	}
	return nil
}
