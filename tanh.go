package lion

import (
	"math"
	"unsafe"
)

// tanh is sign(x)·E/(E+2) with E = e^{2|x|}−1, which has no cancellation: E is
// formed as 2ᵏ·q(r) + (2ᵏ−1), where 2|x| = k·ln2 + r, |r| ≤ ln2/2, and q is the
// Taylor polynomial of eʳ−1, long enough for the type. Beyond 2|x| = bound
// tanh is 1 to the last bit, so |x| is cut off there and k stays small.
// Adding and subtracting a magic number rounds to an integer, whose low bits
// then stand in the sum. NaN stays NaN.
func tanh[T float](x T) T {
	t := tanhOf[T]()
	y := abs(x)
	y = y + y
	if y > t.bound { // false for NaN
		y = t.bound
	}
	k := T(y*t.log2e) + t.magic
	scale := pow2(k)
	k -= t.magic
	r := y - T(k*t.ln2hi)
	r -= T(k * t.ln2lo)
	q := t.q[0]
	for _, a := range t.q[1:t.n] {
		q = T(q*r) + a
	}
	q = T(q * r)
	e := T(scale*q) + (scale - 1)
	return withSign(T(e/(e+2)), x)
}

// tanhConst are the constants of tanh in an element type.
type tanhConst[T float] struct {
	bound, log2e, magic, ln2hi, ln2lo T
	n                                 int // how many terms of q
	q                                 [14]T
}

// taylor are the coefficients 1/n! of (eʳ−1)/r, highest first.
func taylor[T float](n int) (q [14]T) {
	f := 1.0
	for i := 1; i <= n; i++ {
		f *= float64(i)
		q[n-i] = T(1 / f)
	}
	return q
}

var (
	tanh32 = tanhConst[float32]{bound: 20, log2e: math.Log2E, magic: 1.5 * (1 << 23),
		ln2hi: 0x1.62e4p-1, ln2lo: 0x1.7f7d1cf79abcap-20, n: 8, q: taylor[float32](8)}
	tanh64 = tanhConst[float64]{bound: 40, log2e: math.Log2E, magic: 1.5 * (1 << 52),
		ln2hi: 0x1.62e42feep-1, ln2lo: 0x1.a39ef35793c76p-33, n: 14, q: taylor[float64](14)}
)

func tanhOf[T float]() *tanhConst[T] {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return (*tanhConst[T])(unsafe.Pointer(&tanh32))
	}
	return (*tanhConst[T])(unsafe.Pointer(&tanh64))
}

// pow2 is 2ᵏ, where x is the magic number plus k ≥ 0.
func pow2[T float](x T) T {
	if unsafe.Sizeof(x) == 4 {
		return T(math.Float32frombits((math.Float32bits(float32(x)) + 127) << 23))
	}
	return T(math.Float64frombits((math.Float64bits(float64(x)) + 1023) << 52))
}

// withSign is x, which is ≥ 0 or NaN, with the sign of s.
func withSign[T float](x, s T) T {
	return T(math.Copysign(float64(x), float64(s)))
}
