package prove

import (
	"bytes"
	"math"
	"math/big"
	"slices"
	"unsafe"
)

// An Element is how one number is stored: an IEEE 754 format, or a bfloat16, seen as
// bits. What is said of it here knows nothing of how the module converts.
type Element struct {
	Name      string
	Size      int  // bytes
	Exp, Frac int  // bits of the exponent and of the fraction
	Raw       bool // no number: the lower half of one
}

// The elements.
var (
	Float32   = &Element{Name: "f32", Size: 4, Exp: 8, Frac: 23}
	Float64   = &Element{Name: "f64", Size: 8, Exp: 11, Frac: 52}
	BF16      = &Element{Name: "bf16", Size: 2, Exp: 8, Frac: 7}
	F16       = &Element{Name: "f16", Size: 2, Exp: 5, Frac: 10}
	LowerHalf = &Element{Name: "lower half", Size: 2, Exp: 8, Frac: 7, Raw: true} // any 16 bits
)

// Sign is the sign bit.
func (e *Element) Sign() uint64 { return 1 << (e.Exp + e.Frac) }

// Inf is the positive infinity.
func (e *Element) Inf() uint64 { return (1<<e.Exp - 1) << e.Frac }

// One is 1.
func (e *Element) One() uint64 { return (1<<(e.Exp-1) - 1) << e.Frac }

// Canonical is the canonical NaN.
func (e *Element) Canonical() uint64 { return e.Inf() | 1<<(e.Frac-1) }

// IsNaN says whether b is a NaN.
func (e *Element) IsNaN(b uint64) bool { return !e.Raw && b&^e.Sign() > e.Inf() }

// Signalling are signalling NaNs.
func (e *Element) Signalling() []uint64 { return []uint64{e.Inf() + 1, e.Inf() | e.Sign() | 3} }

// Digits is the precision in bits.
func (e *Element) Digits() int { return e.Frac + 1 }

// Least is the binary logarithm of the smallest subnormal number.
func (e *Element) Least() int { return 2 - 1<<(e.Exp-1) - e.Frac }

// Classes are the values that are worth crossing, of both signs.
func (e *Element) Classes() []uint64 {
	one, inf, least := e.One(), e.Inf(), uint64(1)<<e.Frac
	all := []uint64{
		0,
		1, 2, least - 1, // subnormal
		least, least + 1, // the smallest normal ones
		one - 1, one, one + 1, one + 1<<(e.Frac-1), // about 1, and 1.5
		inf - 1,                        // the largest
		inf,                            //
		e.Canonical(), inf | least - 1, // quiet NaN, without and with payload
		inf | 1, inf | (least>>1 - 1), // signalling NaN
	}
	for _, b := range slices.Clone(all) {
		all = append(all, b|e.Sign())
	}
	return all
}

// Random returns an element: mostly of ordinary size, some with any exponent,
// a few of the classes.
func (e *Element) Random(r *Rand) uint64 {
	x := r.Next()
	switch kind := x >> 56; {
	case e.Raw && kind < 240:
		return x & (e.Sign()<<1 - 1)
	case kind < 200:
		near := uint64(1)<<(e.Exp-1) - 1 - x>>48&7
		return x&(e.Sign()|1<<e.Frac-1) | near<<e.Frac
	case kind < 240:
		return x & (e.Sign()<<1 - 1)
	default:
		c := e.Classes()
		return c[int(x>>32%uint64(len(c)))]
	}
}

// Hard returns an element of at most 32 bits: what is rare among numbers, and what is
// hard to round to one of 16, as often as the rest.
func (e *Element) Hard(r *Rand) uint64 {
	x := r.Next()
	b, k := uint32(x), uint32(x>>48)
	switch x >> 32 % 8 {
	case 0, 1: // any bits
	case 2: // a tie, or next to one, of what rounds to bfloat16
		b = b&0xffff0000 | 0x7fff + k%3
	case 3: // the same of what rounds to an IEEE half
		b = b&0x8fffe000 | 0x38000000 | 0xfff + k%3
	case 4: // subnormal or zero
		b &= 0x80000000 | 0x7fffff>>(k%24)
	case 5: // infinite, NaN, or large
		b = b&0x80000000 | 0x7f7fffff + k%3 + b>>(k/3%32)&0x7fffff
	default: // as in training
		b = b&0x80ffffff | 0x3a000000 + k%4<<24
	}
	switch {
	case e.Size == 4:
		return uint64(b)
	case e.Exp == 5 && k>>15 == 0:
		return uint64(b & 0xffff)
	case e.Exp == 5:
		return uint64(b>>16&0x8000 | b>>13&0x7fff)
	}
	return uint64(b >> 16)
}

// Ordinary returns a finite element near 1, of either sign.
func (e *Element) Ordinary(r *Rand) uint64 {
	x := r.Next()
	if e.Raw {
		return x & (e.Sign()<<1 - 1)
	}
	near := uint64(1)<<(e.Exp-1) - 1 - x>>56&3
	return x&(e.Sign()|1<<e.Frac-1) | near<<e.Frac
}

// Finite returns a number of any size.
func (e *Element) Finite(r *Rand) uint64 {
	for {
		if b := r.Next() & (e.Sign()<<1 - 1); b&e.Inf() != e.Inf() {
			return b
		}
	}
}

// Elements are n elements made by f, as memory.
func (e *Element) Elements(r *Rand, n int, f func(*Element, *Rand) uint64) []byte {
	b := make([]byte, n*e.Size)
	for i := range n {
		e.Put(unsafe.Pointer(&b[0]), i, f(e, r))
	}
	return b
}

// Get returns element i of those at p.
func (e *Element) Get(p unsafe.Pointer, i int) uint64 {
	switch p = unsafe.Add(p, i*e.Size); e.Size {
	case 2:
		return uint64(*(*uint16)(p))
	case 4:
		return uint64(*(*uint32)(p))
	case 8:
		return *(*uint64)(p)
	}
	panic("unknown size")
}

// Put stores b as element i of those at p.
func (e *Element) Put(p unsafe.Pointer, i int, b uint64) {
	switch p = unsafe.Add(p, i*e.Size); e.Size {
	case 2:
		*(*uint16)(p) = uint16(b)
	case 4:
		*(*uint32)(p) = uint32(b)
	case 8:
		*(*uint64)(p) = b
	}
}

// Equal says whether two slices hold the same elements.
func (e *Element) Equal(got, want []byte) bool {
	if bytes.Equal(got, want) {
		return true
	}
	if e != F16 || len(got) != len(want) {
		return false
	}
	for i := range len(got) / 2 {
		g, w := e.Get(unsafe.Pointer(&got[0]), i), e.Get(unsafe.Pointer(&want[0]), i)
		if g != w && !TieAccepted(uint16(g), uint16(w)) {
			return false
		}
	}
	return true
}

// Value is the number of a pattern, by the format's definition.
func (e *Element) Value(b uint64) float64 {
	if e.Raw {
		panic("no number")
	}
	exp, m := int(b&^e.Sign()>>e.Frac), float64(b&(1<<e.Frac-1))
	sign := 1.0
	if b&e.Sign() != 0 {
		sign = -1
	}
	switch {
	case e.IsNaN(b):
		return math.NaN()
	case b&^e.Sign() == e.Inf():
		return math.Inf(int(sign))
	case exp == 0:
		return sign * math.Ldexp(m, e.Least())
	}
	return sign * math.Ldexp(m+float64(uint64(1)<<e.Frac), e.Least()+exp-1)
}

// Round is the pattern nearest to x, ties to even, by a big float of as many digits as
// the result has. Every NaN is the canonical one.
func (e *Element) Round(x float64) uint64 {
	switch {
	case e.Raw:
		panic("nothing to round to")
	case e.Size == 8 && x == x:
		return math.Float64bits(x)
	}
	a, sign := math.Abs(x), uint64(0)
	if math.Signbit(x) {
		sign = e.Sign()
	}
	limit := math.Ldexp(2-math.Ldexp(1, -e.Digits()), 1<<(e.Exp-1)-1) // from here on infinite
	switch {
	case x != x:
		return e.Canonical()
	case a >= limit:
		return sign | e.Inf()
	case a == 0:
		return sign
	}
	_, exp := math.Frexp(a)
	digits := min(e.Digits(), exp-e.Least())
	if digits < 1 { // below the smallest subnormal: to it, or to 0
		if a > math.Ldexp(1, e.Least()-1) {
			return sign | 1
		}
		return sign
	}
	r, _ := new(big.Float).SetPrec(uint(digits)).SetMode(big.ToNearestEven).SetFloat64(a).Float64()
	units := math.Ldexp(r, -e.Least())
	if units < math.Ldexp(1, e.Digits()) {
		return sign | uint64(units)
	}
	m, exp := math.Frexp(units)
	return sign | uint64(exp-e.Digits()+1)<<e.Frac | uint64(math.Ldexp(m, e.Digits()))&(1<<e.Frac-1)
}

// Down returns the pattern of the largest number that is not above a, which is
// not negative, and the fraction of the way from it to the next.
func (e *Element) Down(a float64) (pattern uint64, fraction float64) {
	_, exp := math.Frexp(a)
	exp = max(exp-e.Digits(), e.Least())
	if a == 0 {
		exp = e.Least()
	}
	units := math.Floor(math.Ldexp(a, -exp))
	if p := uint64(exp-e.Least())<<e.Frac + uint64(units); p < e.Inf() {
		return p, math.Ldexp(a, -exp) - units
	}
	return e.Inf(), 0
}

// Stochastic rounds x by 16 random bits in float64, by definition.
func (e *Element) Stochastic(x float32, r uint32) uint64 {
	var sign uint64
	if math.Signbit(float64(x)) {
		sign = e.Sign()
	}
	a := math.Abs(float64(x))
	if x != x {
		return e.Canonical()
	} else if math.IsInf(a, 0) {
		return sign | e.Inf()
	}
	p, fraction := e.Down(a)
	if math.Floor(fraction*65536)+float64(r) >= 65536 {
		p++
	}
	return sign | p
}
