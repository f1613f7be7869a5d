package lion

import (
	"math"
	"unsafe"
)

// This file is the specification: what every other implementation must give to
// the bit, and the fallback. Each product and quotient is converted
// explicitly, since the compiler may otherwise fuse it with the sum that
// follows, and does on half of Go's architectures. Nothing here branches on
// the data, but for NaN: random signs would cost a misprediction each.

var genericKernels = [numFormats][numOps]kernel{
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

// spec makes a kernel of a loop over slices.
func spec[T float](f func(param, grad, momentum []T, c *coef[T])) kernel {
	return func(a *args) uint32 {
		f(unsafe.Slice((*T)(a.param), a.n), unsafe.Slice((*T)(a.grad), a.n), unsafe.Slice((*T)(a.momentum), a.n), (*coef[T])(a.c))
		return 0
	}
}

func paper[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		param[i] = canon(T(p*c.decay) - timesSign(c.lr, u))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

func paperPlain[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		param[i] = canon(p - timesSign(c.lr, u))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

func paperInside[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := timesSign(1, T(c.b1*m)+T(c.o1*g))
		param[i] = canon(p - T(c.lr*T(u+T(c.wd*p))))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

func paperCoupled[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i]+T(c.wd*p), momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		param[i] = canon(p - timesSign(c.lr, u))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

func momentumFirst[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g := grad[i]
		m := T(c.b1*momentum[i]) + T(c.o1*g)
		u := T(c.b2*m) + T(c.o2*g)
		param[i] = canon(T(p*c.decay) - timesSign(c.lr, u))
		momentum[i] = canon(m)
	}
}

func momentumFirstCoupled[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g := grad[i] + T(c.wd*p)
		m := T(c.b1*momentum[i]) + T(c.o1*g)
		u := T(c.b2*m) + T(c.o2*g)
		param[i] = canon(p - timesSign(c.lr, u))
		momentum[i] = canon(m)
	}
}

func cautious[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		param[i] = canon(T(p*c.decay) - timesSign(c.lr, agreeing(u, g, c.flip)))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

func biasCorrected[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g := T(c.scale * grad[i])
		m := T(c.b1*momentum[i]) + T(c.o1*g)
		// n has the sign of g, and only |n| is used.
		n := T(c.gamma*abs(g)) + abs(timesSign(c.o2, g))
		u := T(T(m/c.bc1) / T(sqrt(T(n/c.bc2))+c.eps))
		param[i] = canon(T(p*c.decay) - T(c.lr*u))
		momentum[i] = canon(m)
	}
}

func refined[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		param[i] = canon(T(p*c.decay) - T(c.lr*clampToSign(u)))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

func smooth[T float](param, grad, momentum []T, c *coef[T]) {
	grad, momentum = grad[:len(param)], momentum[:len(param)]
	for i, p := range param {
		g, m := grad[i], momentum[i]
		u := T(c.b1*m) + T(c.o1*g)
		param[i] = canon(T(p*c.decay) - T(c.lr*tanh(T(c.kappa*u))))
		momentum[i] = canon(T(c.b2*m) + T(c.o2*g))
	}
}

// couple adds the decay to a tile of gradients.
func couple[T float](param, grad, _ []T, c *coef[T]) {
	grad = grad[:len(param)]
	for i, p := range param {
		grad[i] += T(c.wd * p)
	}
}

// inside steps param by η·(u + λ·p), where grad is −u.
func inside[T float](param, grad, _ []T, c *coef[T]) {
	grad = grad[:len(param)]
	for i, p := range param {
		param[i] = canon(p - T(c.lr*T(T(c.wd*p)-grad[i])))
	}
}

// countKernel returns how many elements cautious steps.
func countKernel[T float](a *args) (k uint32) {
	c, ms := (*coef[T])(a.c), unsafe.Slice((*T)(a.momentum), a.n)
	for i, g := range unsafe.Slice((*T)(a.grad), a.n) {
		u := T(c.b1*ms[i]) + T(c.o1*g)
		if agreeing(u, g, c.flip) != 0 {
			k++
		}
	}
	return k
}

// timesSign returns k·sign(u): k with the sign of u, or 0 where u is zero or
// NaN. Widening to float64 and back changes no number, and one form for both
// types is short enough to be inlined.
func timesSign[T float](k, u T) T {
	b := math.Float64bits(float64(u))
	return T(math.Float64frombits((math.Float64bits(float64(k)) ^ b&signBit) & ordinary(b)))
}

// agreeing returns u where sign(u)·g·s > 0, else 0; flip is −0 where s < 0.
func agreeing[T float](u, g, flip T) T {
	b, gb, f := math.Float64bits(float64(u)), math.Float64bits(float64(g)), math.Float64bits(float64(flip))
	same := ^uint64(int64(b^gb^f) >> 63)
	return T(math.Float64frombits(b & same & ordinary(b) & ordinary(gb)))
}

const (
	signBit = 1 << 63
	infBits = 0x7ff0000000000000
)

// ordinary is all ones unless b are the bits of a zero or a NaN: b−1 wraps to a
// negative number for zero, and only there.
func ordinary(b uint64) uint64 {
	b &^= signBit
	return uint64((int64(b-1)-infBits)>>63) &^ uint64(int64(b-1)>>63)
}

// clampToSign returns u where |u| < 1, else sign(u).
func clampToSign[T float](u T) T {
	if abs(u) < 1 {
		return u
	}
	return timesSign(1, u)
}

// canon returns x, or the canonical NaN for any NaN.
func canon[T float](x T) T {
	if x != x {
		return canonicalNaN[T]()
	}
	return x
}

func canonicalNaN[T float]() T {
	var zero T
	if unsafe.Sizeof(zero) == 4 {
		return T(math.Float32frombits(0x7fc00000))
	}
	return T(math.Float64frombits(0x7ff8000000000000))
}

// canonicalize mends a slice that an assembly kernel left NaNs in.
func canonicalize[T float](s []T) {
	for i, x := range s {
		if x != x {
			s[i] = canonicalNaN[T]()
		}
	}
}

func abs[T float](x T) T {
	return T(math.Abs(float64(x)))
}

// sqrt is correctly rounded for float32 too: the root of a float32 taken in
// float64 has digits to spare.
func sqrt[T float](x T) T {
	return T(math.Sqrt(float64(x)))
}
