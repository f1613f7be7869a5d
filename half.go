package lion

import (
	"math"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// BF16 is a bfloat16: the upper half of a float32, with 8 bits of precision and
// float32's range.
type BF16 uint16

// F16 is an IEEE 754 half: 11 bits of precision, at most 65504, subnormals down
// to 2⁻²⁴.
type F16 uint16

// ToBF16 rounds x to nearest, ties to even. What is beyond the largest BF16 by
// half a unit becomes infinite, and every NaN the canonical one, 0x7fc0.
func ToBF16(x float32) BF16 {
	if x != x {
		return 0x7fc0
	}
	b := math.Float32bits(x)
	return BF16((b + 0x7fff + b>>16&1) >> 16)
}

// Float32 returns x, exactly.
func (x BF16) Float32() float32 { return math.Float32frombits(uint32(x) << 16) }

// ToF16 rounds x to nearest, ties to even; subnormals too. From 65520 on the
// result is infinite, and for every NaN it is the canonical one, 0x7e00.
func ToF16(x float32) F16 {
	b := math.Float32bits(x)
	sign, b := F16(b>>16&0x8000), b&^(1<<31)
	switch {
	case b > 0x7f800000:
		return 0x7e00
	case b >= 0x47800000: // 65536
		return sign | 0x7c00
	case b < 0x38800000: // 2⁻¹⁴: the unit of 0.5 is that of F16's subnormals
		return sign | F16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	b -= 0x38000000 // the difference of the exponents' biases
	return sign | F16((b+0xfff+b>>13&1)>>13)
}

// Float32 returns x, exactly; a NaN becomes quiet and keeps its payload.
func (x F16) Float32() float32 {
	sign, b := uint32(x&0x8000)<<16, uint32(x&0x7fff)<<13
	switch {
	case b > 0x7c00<<13:
		b |= 0x7fc00000
	case b == 0x7c00<<13:
		b = 0x7f800000
	case b < 0x400<<13: // subnormal, made normal by the 2⁻¹⁴ that is added and taken away
		b = math.Float32bits(math.Float32frombits(b+0x38800000) - 0x1p-14)
	default:
		b += 0x38000000 // the difference of the exponents' biases
	}
	return math.Float32frombits(sign | b)
}

// NarrowBF16 rounds each element of src as ToBF16 does. The slices must have one
// length and share no memory, otherwise the error wraps ErrLength or ErrOverlap and
// nothing has been written. It allocates nothing and runs on the implementation
// that LION_IMPL names, or else the best here.
func NarrowBF16(dst []BF16, src []float32) error {
	return convert(current().narrowBF16, part(dst, "dst"), part(src, "src"))
}

// WidenBF16 widens each element of src, exactly; a NaN keeps its bits. Slices and
// errors are as for NarrowBF16.
func WidenBF16(dst []float32, src []BF16) error {
	return convert(current().widenBF16, part(dst, "dst"), part(src, "src"))
}

// NarrowF16 rounds each element of src as ToF16 does. Slices and errors are as for
// NarrowBF16.
func NarrowF16(dst []F16, src []float32) error {
	return convert(current().narrowF16, part(dst, "dst"), part(src, "src"))
}

// WidenF16 widens each element of src, exactly; a NaN becomes quiet and keeps its
// payload. Slices and errors are as for NarrowBF16.
func WidenF16(dst []float32, src []F16) error {
	return convert(current().widenF16, part(dst, "dst"), part(src, "src"))
}

// Split stores each weight in two halves: hi is the weight rounded to the nearest
// BF16, ties away from zero, and lo its lower 16 bits. Nothing is lost: Join
// gives the same float32, whatever it was, NaNs too. Of a NaN, hi alone may be
// anything, an infinity or a zero even; of the canonical one, which is all that
// steps write, it is 0x7fc0. Slices and errors are as for NarrowBF16.
//
// Ties go away from zero so that lo alone says what hi was: if its highest bit is set, hi
// was counted up by one. Ties to even would not do: 65,537 floats round to each even
// neighbour then, and lo tells 65,536 apart.
//
// As integers, lo is the lower half of the float32's bits, and hi the upper half plus
// the highest bit of lo, modulo 2¹⁶. That is the layout of the "parameter remainders" of
// NVIDIA's apex and TransformerEngine, whose int16 remainder is lo: such checkpoints
// need no conversion.
func Split(hi []BF16, lo []uint16, weight []float32) error {
	n := len(weight)
	if err := checkSlices(part(hi, "hi"), part(lo, "lo"), part(weight, "weight")); err != nil {
		return err
	}
	mem.Writes(hi)
	mem.Writes(lo)
	mem.Reads(weight)
	for i := 0; i < n; i += chunk {
		halves(current().split, unsafe.Add(mem.Data(hi), 2*i), unsafe.Add(mem.Data(lo), 2*i), unsafe.Add(mem.Data(weight), 4*i), min(n-i, chunk))
	}
	return nil
}

// Join puts the halves that Split made together again: lo, sign extended, is added
// to hi, shifted up by 16 bits, as integers. Slices and errors are as for NarrowBF16.
func Join(weight []float32, hi []BF16, lo []uint16) error {
	n := len(weight)
	if err := checkSlices(part(weight, "weight"), part(hi, "hi"), part(lo, "lo")); err != nil {
		return err
	}
	mem.Writes(weight)
	mem.Reads(hi)
	mem.Reads(lo)
	for i := 0; i < n; i += chunk {
		halves(current().join, unsafe.Add(mem.Data(weight), 4*i), unsafe.Add(mem.Data(hi), 2*i), unsafe.Add(mem.Data(lo), 2*i), min(n-i, chunk))
	}
	return nil
}

// A converter converts n elements.
type converter func(dst, src unsafe.Pointer, n int)

// converters are an implementation's conversions; split writes its first two
// operands, join its first.
type converters struct {
	widenBF16, narrowBF16, widenF16, narrowF16 converter
	split                                      func(hi, lo, weight unsafe.Pointer, n int)
	join                                       func(weight, hi, lo unsafe.Pointer, n int)
	stochasticBF16, stochasticF16              rounder

	splitKahan func(param, compensation, weight unsafe.Pointer, n int) // writes the first two
	joinKahan  func(weight, param, compensation unsafe.Pointer, n int) // writes the first
}

// current are the conversions of the preferred implementation.
func current() *converters { return &implementations[preferred].convert }

// convert checks the slices and runs f over chunks, where a stop-the-world can
// come in.
func convert(f converter, dst, src span) error {
	if err := checkSlices(dst, src); err != nil {
		return err
	}
	dst.memory().Writes()
	src.memory().Reads()
	for i := 0; i < dst.n; i += chunk {
		convertChunk(f, dst.from(i), src.from(i), min(dst.n-i, chunk))
	}
	return nil
}

//go:noinline
func convertChunk(f converter, dst, src unsafe.Pointer, n int) { f(dst, src, n) }

//go:noinline
func halves(f func(a, b, c unsafe.Pointer, n int), a, b, c unsafe.Pointer, n int) { f(a, b, c, n) }

// genericConverters are the specification, in loops.
var genericConverters = converters{
	widenBF16:  widenBF16Generic,
	narrowBF16: narrowBF16Generic,
	widenF16:   widenF16Generic,
	narrowF16:  narrowF16Generic,
	split:      splitGeneric,
	join:       joinGeneric,

	stochasticBF16: stochasticBF16Generic,
	stochasticF16:  stochasticF16Generic,

	splitKahan: splitKahanGeneric,
	joinKahan:  joinKahanGeneric,
}

func widenBF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*float32)(dst), n)
	for i, x := range unsafe.Slice((*BF16)(src), n) {
		d[i] = x.Float32()
	}
}

func narrowBF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*BF16)(dst), n)
	for i, x := range unsafe.Slice((*float32)(src), n) {
		d[i] = ToBF16(x)
	}
}

func widenF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*float32)(dst), n)
	for i, x := range unsafe.Slice((*F16)(src), n) {
		d[i] = x.Float32()
	}
}

func narrowF16Generic(dst, src unsafe.Pointer, n int) {
	d := unsafe.Slice((*F16)(dst), n)
	for i, x := range unsafe.Slice((*float32)(src), n) {
		d[i] = ToF16(x)
	}
}

func splitGeneric(hi, lo, weight unsafe.Pointer, n int) {
	h, l := unsafe.Slice((*BF16)(hi), n), unsafe.Slice((*uint16)(lo), n)
	for i, w := range unsafe.Slice((*uint32)(weight), n) {
		h[i], l[i] = BF16((w+0x8000)>>16), uint16(w)
	}
}

func joinGeneric(weight, hi, lo unsafe.Pointer, n int) {
	h, l := unsafe.Slice((*BF16)(hi), n), unsafe.Slice((*int16)(lo), n)
	w := unsafe.Slice((*uint32)(weight), n)
	for i := range w {
		w[i] = uint32(h[i])<<16 + uint32(int32(l[i]))
	}
}
