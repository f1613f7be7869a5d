package half

import "math"

// Canonical NaNs.
const (
	nanBF16 = 0x7fc0
	nanF16  = 0x7e00
	nanF32  = 0x7fc00000
)

// ToBF16 rounds x to the bits of a bfloat16, to nearest, ties to even. Every NaN
// becomes the canonical one.
func ToBF16(x float32) uint16 {
	if x != x {
		return nanBF16
	}
	b := math.Float32bits(x)
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// FromBF16 is the value of a bfloat16, exactly.
func FromBF16(x uint16) float32 { return math.Float32frombits(uint32(x) << 16) }

// ToF16 rounds x to the bits of an IEEE half, to nearest, ties to even, subnormals too.
// Every NaN becomes the canonical one.
func ToF16(x float32) uint16 {
	b := math.Float32bits(x)
	sign, b := uint16(b>>16&0x8000), b&^(1<<31)
	switch {
	case b > 0x7f800000:
		return nanF16
	case b >= 0x47800000: // 65536
		return sign | 0x7c00
	case b < 0x38800000: // 2⁻¹⁴: the unit of 0.5 is that of a half's subnormals
		return sign | uint16(math.Float32bits(math.Float32frombits(b)+0.5)-0x3f000000)
	}
	b -= 0x38000000 // the difference of the exponents' biases
	return sign | uint16((b+0xfff+b>>13&1)>>13)
}

// FromF16 is the value of an IEEE half, exactly; a NaN becomes quiet and keeps its
// payload.
func FromF16(x uint16) float32 {
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

// splitKahan rounds w to a bfloat16 and what is left over to another.
func splitKahan(w float32) (param, compensation uint16) {
	param = ToBF16(w)
	rest := w - FromBF16(param)
	if rest-rest != 0 { // w or param is infinite or NaN: nothing is left over
		rest = 0
	}
	return param, ToBF16(rest)
}

// canonicalize makes every NaN of s the canonical one.
func canonicalize(s []float32) {
	for i, x := range s {
		if x != x {
			s[i] = math.Float32frombits(nanF32)
		}
	}
}
