package half

import (
	"math"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// A Converter converts n elements.
type Converter func(dst, src unsafe.Pointer, n int)

// A PairConverter converts n elements between float32 weights and two slices that hold
// one together.
type PairConverter func(a, b, c unsafe.Pointer, n int)

// Converters are an implementation's conversions.
type Converters struct {
	WidenBF16, NarrowBF16, WidenF16, NarrowF16 Converter

	Split PairConverter // writes hi and lo, reads weight
	Join  PairConverter // writes weight, reads hi and lo

	StochasticBF16, StochasticF16 Rounder

	SplitKahan PairConverter // writes param and compensation, reads weight
	JoinKahan  PairConverter // writes weight, reads param and compensation
}

// genericConverters are the specification, in loops.
var genericConverters = Converters{
	WidenBF16:  widenBF16Generic,
	NarrowBF16: narrowBF16Generic,
	WidenF16:   widenF16Generic,
	NarrowF16:  narrowF16Generic,
	Split:      splitGeneric,
	Join:       joinGeneric,

	StochasticBF16: stochasticBF16Generic,
	StochasticF16:  stochasticF16Generic,

	SplitKahan: splitKahanGeneric,
	JoinKahan:  joinKahanGeneric,
}

// Over calls f for all of n elements in chunks, where a stop-the-world can come in.
func (f Converter) Over(dst unsafe.Pointer, dstSize int, src unsafe.Pointer, srcSize, n int) {
	for i := 0; i < n; i += chunk {
		f.chunk(unsafe.Add(dst, i*dstSize), unsafe.Add(src, i*srcSize), min(n-i, chunk))
	}
}

// Over is Converter.Over.
func (f PairConverter) Over(a unsafe.Pointer, aSize int, b unsafe.Pointer, bSize int, c unsafe.Pointer, cSize, n int) {
	for i := 0; i < n; i += chunk {
		f.chunk(unsafe.Add(a, i*aSize), unsafe.Add(b, i*bSize), unsafe.Add(c, i*cSize), min(n-i, chunk))
	}
}

// These are not inlined so that each chunk passes a stack check.

//go:noinline
func (f Converter) chunk(dst, src unsafe.Pointer, n int) { f(dst, src, n) }

//go:noinline
func (f PairConverter) chunk(a, b, c unsafe.Pointer, n int) { f(a, b, c, n) }

// TileSize is how many elements are widened at once, where that takes a copy.
const TileSize = 512

// A Tile holds widened elements.
type Tile [TileSize]float32

// Widen returns n elements as float32: those at from themselves, or converted into
// buf. low is what is stored beside them, if e has that.
func (c *Converters) Widen(e Element, from, low unsafe.Pointer, n int, buf *Tile) unsafe.Pointer {
	to := mem.Noescape(unsafe.Pointer(buf))
	switch e {
	case F32:
		return from
	case BF16:
		c.WidenBF16(to, from, n)
	case F16:
		c.WidenF16(to, from, n)
	case Split:
		c.Join(to, from, low, n)
	case Kahan:
		c.JoinKahan(to, from, low, n)
	}
	return to
}

// Narrow stores n float32, which of F32 are there already, rounded to nearest.
func (c *Converters) Narrow(e Element, to, low, from unsafe.Pointer, n int) {
	switch e {
	case BF16:
		c.NarrowBF16(to, from, n)
	case F16:
		c.NarrowF16(to, from, n)
	case Split:
		c.Split(to, low, from, n)
	case Kahan:
		c.SplitKahan(to, low, from, n)
	}
}

func widenBF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*float32)(dst), n)
	for i, x := range unsafe.Slice((*uint16)(src), n) {
		d[i] = FromBF16(x)
	}
}

func narrowBF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*uint16)(dst), n)
	for i, x := range unsafe.Slice((*float32)(src), n) {
		d[i] = ToBF16(x)
	}
}

func widenF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*float32)(dst), n)
	for i, x := range unsafe.Slice((*uint16)(src), n) {
		d[i] = FromF16(x)
	}
}

func narrowF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*uint16)(dst), n)
	for i, x := range unsafe.Slice((*float32)(src), n) {
		d[i] = ToF16(x)
	}
}

func splitGeneric(hi, lo, weight unsafe.Pointer, n int) {
	h, l := unsafe.Slice((*uint16)(hi), n), unsafe.Slice((*uint16)(lo), n)
	for i, w := range unsafe.Slice((*uint32)(weight), n) {
		h[i], l[i] = uint16((w+0x8000)>>16), uint16(w)
	}
}

func joinGeneric(weight, hi, lo unsafe.Pointer, n int) {
	h, l := unsafe.Slice((*uint16)(hi), n), unsafe.Slice((*int16)(lo), n)
	w := unsafe.Slice((*uint32)(weight), n)
	for i := range w {
		w[i] = uint32(h[i])<<16 + uint32(int32(l[i]))
	}
}

func splitKahanGeneric(param, compensation, weight unsafe.Pointer, n int) {
	ps, cs := unsafe.Slice((*uint16)(param), n), unsafe.Slice((*uint16)(compensation), n)
	for i, w := range unsafe.Slice((*float32)(weight), n) {
		ps[i], cs[i] = splitKahan(w)
	}
}

// joinKahanGeneric adds what splitKahan made; a NaN is the canonical one.
func joinKahanGeneric(weight, param, compensation unsafe.Pointer, n int) {
	ps, cs := unsafe.Slice((*uint16)(param), n), unsafe.Slice((*uint16)(compensation), n)
	ws := unsafe.Slice((*float32)(weight), n)
	for i := range ws {
		w := FromBF16(ps[i]) + FromBF16(cs[i])
		if w != w {
			w = math.Float32frombits(nanF32)
		}
		ws[i] = w
	}
}
