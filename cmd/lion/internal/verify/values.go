package verify

import "github.com/lionkernel/lion/cmd/lion/internal/rng"

// layout describes a binary floating-point format by the widths of its parts.
// Everything that lion verify feeds to the kernels is made of bits through a
// layout, so that a new storage format needs no generator of its own.
type layout struct{ width, mantissa uint }

var (
	layoutF32  = layout{32, 23}
	layoutF64  = layout{64, 52}
	layoutBF16 = layout{16, 7}
	layoutF16  = layout{16, 10}
)

// bias is the exponent field of 1.
func (l layout) bias() uint64 { return 1<<(l.width-l.mantissa-2) - 1 }

// signBit is the bit of the sign.
func (l layout) signBit() uint64 { return 1 << (l.width - 1) }

// inf is +Inf.
func (l layout) inf() uint64 { return (2*l.bias() + 1) << l.mantissa }

// A mix says what values a tensor is filled with.
type mix int

const (
	ordinary mix = iota // random mantissas, magnitudes from 2⁻¹² to 16
	anyBits             // every pattern alike, NaNs with payloads among them
	special             // the edges of the format
	tiny                // subnormals and the smallest normals
	mixed               // each element from one of those above
	mixes
)

// value returns the bits of one value. Equal states of r give equal values in
// every layout, but for the lower bits of the mantissa.
func (l layout) value(r *rng.Source, m mix) uint64 {
	x := r.Uint64()
	if m == mixed {
		m = mix(x % uint64(mixed))
		x = r.Uint64()
	}
	sign := x >> 63 << (l.width - 1)
	fraction := x << 12 >> 12 >> (52 - l.mantissa)
	pick := x >> 52 & 0x7ff
	switch m {
	case ordinary:
		return sign | (l.bias()-12+pick%16)<<l.mantissa | fraction
	case anyBits:
		return x >> (64 - l.width)
	case tiny:
		return sign | pick%3<<l.mantissa | fraction
	}
	one, quiet := l.bias()<<l.mantissa, uint64(1)<<(l.mantissa-1)
	edges := [...]uint64{
		0,                          // zero
		1,                          // smallest subnormal
		1<<l.mantissa - 1,          // largest subnormal
		1 << l.mantissa,            // smallest normal
		l.inf() - 1,                // largest normal
		l.inf(),                    // infinity
		l.inf() | quiet,            // quiet NaN
		l.inf() | quiet | fraction, // quiet NaN with a payload
		l.inf() | fraction>>1 | 1,  // signalling NaN
		one, one - 1, one + 1,      // 1 and its neighbours
		one + (quiet >> 1),                     // 1.25, exact in every format
		(l.bias() + 40%l.bias()) << l.mantissa, // 2⁴⁰, or what fits
		one | fraction,                         // 1 to 2
	}
	return sign | edges[pick%uint64(len(edges))]
}

// pick returns one of choices.
func pick[T any](r *rng.Source, choices ...T) T { return choices[r.Intn(len(choices))] }

// length returns the length of a trial: mostly around the edges of vectors and
// unrolled loops, at times across a chunk.
func length(r *rng.Source) int {
	switch k := r.Intn(64); {
	case k == 0:
		return r.Intn(maxLength + 1)
	case k <= 12:
		return r.Intn(5000)
	default:
		return r.Intn(300)
	}
}

const (
	maxLength = 70_000
	margin    = 16 // elements on both sides of a slice, watched for stray writes
)
