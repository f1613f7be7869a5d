package lion

import "github.com/lionkernel/lion/internal/half"

// BF16 is a bfloat16: the upper half of a float32, with 8 bits of precision and
// float32's range.
type BF16 uint16

// F16 is an IEEE 754 half: 11 bits of precision, at most 65504, subnormals down
// to 2⁻²⁴.
type F16 uint16

// ToBF16 rounds x to nearest, ties to even. What is beyond the largest BF16 by
// half a unit becomes infinite, and every NaN the canonical one, 0x7fc0.
func ToBF16(x float32) BF16 { return BF16(half.ToBF16(x)) }

// Float32 returns x, exactly.
func (x BF16) Float32() float32 { return half.FromBF16(uint16(x)) }

// ToF16 rounds x to nearest, ties to even; subnormals too. From 65520 on the
// result is infinite, and for every NaN it is the canonical one, 0x7e00.
func ToF16(x float32) F16 { return F16(half.ToF16(x)) }

// Float32 returns x, exactly; a NaN becomes quiet and keeps its payload.
func (x F16) Float32() float32 { return half.FromF16(uint16(x)) }

// NarrowBF16 rounds each element of src as ToBF16 does. The slices must have one
// length and share no memory, otherwise the error wraps ErrLength or ErrOverlap and
// nothing has been written. It allocates nothing and runs on the implementation
// that LION_IMPL names, or else the best here.
func NarrowBF16(dst []BF16, src []float32) error {
	return convert(current().NarrowBF16, part(dst, "dst"), part(src, "src"))
}

// WidenBF16 widens each element of src, exactly; a NaN keeps its bits. Slices and
// errors are as for NarrowBF16.
func WidenBF16(dst []float32, src []BF16) error {
	return convert(current().WidenBF16, part(dst, "dst"), part(src, "src"))
}

// NarrowF16 rounds each element of src as ToF16 does. Slices and errors are as for
// NarrowBF16.
func NarrowF16(dst []F16, src []float32) error {
	return convert(current().NarrowF16, part(dst, "dst"), part(src, "src"))
}

// WidenF16 widens each element of src, exactly; a NaN becomes quiet and keeps its
// payload. Slices and errors are as for NarrowBF16.
func WidenF16(dst []float32, src []F16) error {
	return convert(current().WidenF16, part(dst, "dst"), part(src, "src"))
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
	return convert3(current().Split, 2, part(hi, "hi"), part(lo, "lo"), part(weight, "weight"))
}

// Join puts the halves that Split made together again: lo, sign extended, is added
// to hi, shifted up by 16 bits, as integers. Slices and errors are as for NarrowBF16.
func Join(weight []float32, hi []BF16, lo []uint16) error {
	return convert3(current().Join, 1, part(weight, "weight"), part(hi, "hi"), part(lo, "lo"))
}

// KahanBF16 rounds weight to param, as ToBF16 does, and puts what is left over,
// rounded too, into compensation: the sum is the weight to 17 bits, or to 2⁻¹³⁴.
// Beside an infinity or NaN nothing is left over. Slices and errors are as for
// NarrowBF16.
func KahanBF16(param, compensation []BF16, weight []float32) error {
	return convert3(current().SplitKahan, 2, part(param, "param"), part(compensation, "compensation"), part(weight, "weight"))
}

// current is the implementation that conversions run on: the preferred one.
func current() *half.Implementation { return implementations[preferred].half }

// convert checks the slices and converts src to dst.
func convert(f half.Converter, dst, src span) error {
	if err := checkSlices(dst, src); err != nil {
		return err
	}
	dst.memory().Writes()
	src.memory().Reads()
	f.Over(dst.at, dst.size, src.at, src.size, dst.n)
	return nil
}

// convert3 is convert for three slices, of which the first ones, so many, are written.
func convert3(f half.PairConverter, writes int, a, b, c span) error {
	parts := [...]span{a, b, c}
	if err := checkSlices(parts[:]...); err != nil {
		return err
	}
	for i, p := range parts {
		if i < writes {
			p.memory().Writes()
		} else {
			p.memory().Reads()
		}
	}
	f.Over(a.at, a.size, b.at, b.size, c.at, c.size, a.n)
	return nil
}
