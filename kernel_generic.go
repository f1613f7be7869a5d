package lion

import (
	"math"
	"unsafe"
)

// This file is the specification: what every other implementation must give to
// the bit, and the fallback. Each product and quotient is converted
// explicitly, since the compiler may otherwise fuse it with the sum that
// follows, and does on half of Go's architectures. Nothing here branches on a
// sign: random ones would cost a misprediction each. Constants are read before
// the loop: in it they would be loaded anew for each element, since for all the
// compiler knows a store to param may have changed them. NaNs become canonical
// afterwards, by mendNaN, if the sum of what was written tells of any.

// op indexes the kernels of an element. Each is one pass over the slices.
type op uint8

const (
	opPaper                op = iota // with a factor on param: Decoupled, Independent
	opPaperPlain                     // no decay: no multiply for it
	opPaperInside                    // DecoupledPaper
	opPaperCoupled                   // Coupled
	opMomentumFirst                  // with a factor on param
	opMomentumFirstCoupled           // Coupled
	opCautious                       // with a factor on param
	opBiasCorrected                  // with a factor on param
	opRefined                        // with a factor on param
	opSmooth                         // with a factor on param
	opCouple                         // grad ← grad + wd·param, for composing
	opInside                         // param ← param − lr·(wd·param − grad), for composing
	opCount                          // returns how many elements Cautious would step
	numOps
)

var genericKernels = [numElements][numOps]kernel{
	f32: generics[float32](),
	f64: generics[float64](),
}

func generics[T float]() [numOps]kernel {
	return [numOps]kernel{
		opPaper:                spec(paper[T]),
		opPaperPlain:           spec(paperPlain[T]),
		opPaperInside:          spec(paperInside[T]),
		opPaperCoupled:         spec(paperCoupled[T]),
		opMomentumFirst:        spec(momentumFirst[T]),
		opMomentumFirstCoupled: spec(momentumFirstCoupled[T]),
		opCautious:             spec(cautious[T]),
		opBiasCorrected:        spec(biasCorrected[T]),
		opRefined:              spec(refined[T]),
		opSmooth:               spec(smooth[T]),
		opCouple:               spec(couple[T]),
		opInside:               spec(inside[T]),
		opCount:                countKernel[T],
	}
}

// spec makes a kernel of a loop over slices, which returns a sum of all that it
// wrote: NaN if any of it is.
func spec[T float](f func(param, grad, momentum []T, c *coef[T]) (sum T)) kernel {
	return func(a *args) (nan uint32) {
		sum := f(unsafe.Slice((*T)(a.param), a.n), unsafe.Slice((*T)(a.grad), a.n), unsafe.Slice((*T)(a.momentum), a.n), (*coef[T])(a.c))
		if sum != sum {
			return 1
		}
		return 0
	}
}

func paper[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	steps := bySign(c.lr)
	b1, o1, b2, o2, decay := c.b1, c.o1, c.b2, c.o2, c.decay
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(b1*m) + T(o1*g)
		p = T(p*decay) - steps[side(u)]
		m = T(b2*m) + T(o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func paperPlain[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	steps := bySign(c.lr)
	b1, o1, b2, o2 := c.b1, c.o1, c.b2, c.o2
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(b1*m) + T(o1*g)
		p -= steps[side(u)]
		m = T(b2*m) + T(o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func paperInside[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	signs := bySign[T](1)
	b1, o1, b2, o2, lr, wd := c.b1, c.o1, c.b2, c.o2, c.lr, c.wd
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(b1*m) + T(o1*g)
		p -= T(lr * T(signs[side(u)]+T(wd*p)))
		m = T(b2*m) + T(o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func paperCoupled[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	steps := bySign(c.lr)
	b1, o1, b2, o2, wd := c.b1, c.o1, c.b2, c.o2, c.wd
	for i, p := range param {
		g, m := grad[i]+T(wd*p), momentum[i]
		u := T(b1*m) + T(o1*g)
		p -= steps[side(u)]
		m = T(b2*m) + T(o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func momentumFirst[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	steps := bySign(c.lr)
	b1, o1, b2, o2, decay := c.b1, c.o1, c.b2, c.o2, c.decay
	for i, p := range param {
		g := grad[i]
		m := T(b1*momentum[i]) + T(o1*g)
		u := T(b2*m) + T(o2*g)
		p = T(p*decay) - steps[side(u)]
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func momentumFirstCoupled[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	steps := bySign(c.lr)
	b1, o1, b2, o2, wd := c.b1, c.o1, c.b2, c.o2, c.wd
	for i, p := range param {
		g := grad[i] + T(wd*p)
		m := T(b1*momentum[i]) + T(o1*g)
		u := T(b2*m) + T(o2*g)
		p -= steps[side(u)]
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func cautious[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	steps := bySign(c.lr)
	dir := withSign(1, c.o1)
	b1, o1, b2, o2, decay := c.b1, c.o1, c.b2, c.o2, c.decay
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(b1*m) + T(o1*g)
		p = T(p*decay) - steps[side(u)&side(g*dir)]
		m = T(b2*m) + T(o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func biasCorrected[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	terms := [4]T{0, c.o2, c.o2}
	for i, p := range param {
		g := T(c.scale * grad[i])
		m := T(c.b1*momentum[i]) + T(c.o1*g)
		// n has the sign of g, and only |n| is used.
		n := T(c.gamma*abs(g)) + terms[side(g)]
		u := T(T(m/c.bc1) / T(sqrt(T(n/c.bc2))+c.eps))
		p = T(p*c.decay) - T(c.lr*u)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func refined[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	b1, o1, b2, o2, lr, decay := c.b1, c.o1, c.b2, c.o2, c.lr, c.decay
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(b1*m) + T(o1*g)
		p = T(p*decay) - T(lr*clampToSign(u))
		m = T(b2*m) + T(o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

func smooth[T float](param, grad, momentum []T, c *coef[T]) (sum T) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		p = T(p*c.decay) - T(c.lr*tanh(T(c.scale*u)))
		m = T(c.b2*m) + T(c.o2*g)
		param[i], momentum[i] = p, m
		sum += p + m
	}
	return sum
}

// couple adds the decay to a tile of gradients.
func couple[T float](param, grad, _ []T, c *coef[T]) (sum T) {
	grad = grad[:len(param)]
	for i, p := range param {
		grad[i] += T(c.wd * p)
	}
	return 0
}

// inside steps param by η·(u + λ·p), where grad is −u.
func inside[T float](param, grad, _ []T, c *coef[T]) (sum T) {
	grad = grad[:len(param)]
	for i, p := range param {
		p -= T(c.lr * T(T(c.wd*p)-grad[i]))
		param[i] = p
		sum += p
	}
	return sum
}

// countKernel returns how many elements cautious steps.
func countKernel[T float](a *args) (k uint32) {
	c, ms := (*coef[T])(a.c), unsafe.Slice((*T)(a.momentum), a.n)
	dir := withSign(1, c.o1)
	agree := [4]uint8{0, 1, 1}
	for i, g := range unsafe.Slice((*T)(a.grad), a.n) {
		u := T(c.b1*ms[i]) + T(c.o1*g)
		k += uint32(agree[side(u)&side(g*dir)])
	}
	return k
}

// side is 0 for zeros and NaN, 1 above zero and 2 below: an index, by which
// what goes by sign is looked up; two signs agree where side(a)&side(b) isn't 0.
// The compiler makes it of flags, without a jump.
func side[T float](x T) uint {
	var above, below uint
	if x > 0 {
		above = 1
	}
	if x < 0 {
		below = 1
	}
	return (above | below<<1) & 3
}

// bySign are k·sign(x), by side(x).
func bySign[T float](k T) [4]T { return [4]T{0, k, -k} }

// clampToSign returns u where |u| < 1, else sign(u).
func clampToSign[T float](u T) T {
	if abs(u) < 1 {
		return u
	}
	return bySign[T](1)[side(u)]
}

func abs[T float](x T) T {
	return T(math.Abs(float64(x)))
}

// sqrt is correctly rounded for float32 too: the root of a float32 taken in
// float64 has digits to spare.
func sqrt[T float](x T) T {
	return T(math.Sqrt(float64(x)))
}

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
