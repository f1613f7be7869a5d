package lion

import (
	"math"
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// plan is what a Stepper does, settled by New.
type plan struct {
	made   bool // by New
	ready  bool // and At was called where the rule needs it
	direct bool // ready, and the kernel is all there is to float32 and float64 steps
	rule   Rule
	scale  CautiousScale
	op     op  // the kernel
	mix    mix // what is composed around it

	counted  bool // Counted has been told how many elements agree
	rounding Rounding
}

// draws is where among all random draws a step's begin.
type draws struct{ seed, step, index uint64 } // step and index by At and From

// settle says whether all is known that a step needs.
func (p *plan) settle(ready bool) {
	p.ready = ready
	p.direct = ready && p.mix == mixNone && p.scale == ScaleNone
}

// mix says what is composed around a kernel that has no fused form of the
// decay, in tiles that stay in the first-level cache.
type mix uint8

const (
	mixNone   mix = iota
	mixCouple     // opCouple into a tile of gradients, then the rule on it
	mixInside     // the rule on a tile of negative zeros, then opInside
)

// choose returns the kernel and the composition for a rule and a decay.
func choose(r Rule, d Decay, decays bool) (op, mix) {
	if !decays {
		d = Decoupled
	}
	switch {
	case r == Paper && !decays:
		return opPaperPlain, mixNone
	case r == Paper && d == DecoupledPaper:
		return opPaperInside, mixNone
	case r == Paper && d == Coupled:
		return opPaperCoupled, mixNone
	case r == MomentumFirst && d == Coupled:
		return opMomentumFirstCoupled, mixNone
	}
	switch d {
	case DecoupledPaper:
		return ruleOps[r], mixInside
	case Coupled:
		return ruleOps[r], mixCouple
	}
	return ruleOps[r], mixNone
}

// cautiousScale is the factor for k agreeing elements of n.
func cautiousScale(c CautiousScale, k, n int) float64 {
	switch c {
	case ScaleCount:
		return float64(n) / float64(k+1)
	case ScaleMean:
		return 1 / math.Max(float64(k)/float64(n), 1e-3)
	}
	return 1
}

// tile is how many elements a composition works on at once: three tiles of
// float64 stay in any first-level cache.
const tile = 512

// run steps all of a by the plan. c is what a.c points to; lr is η, not yet
// rounded to T; unit is what Counted made of it.
func run[T float](ks *[numOps]kernel, pl plan, c *coef[T], lr, unit float64, a args) {
	switch {
	case pl.scale == ScaleNone:
		unit = 1
	case !pl.counted:
		unit = cautiousScale(pl.scale, count[T](ks, pl, a), a.n)
	}
	runScaled(ks, pl, c, lr, unit, a)
}

// runScaled is run with the step, but not the decay, multiplied by unit.
func runScaled[T float](ks *[numOps]kernel, pl plan, c *coef[T], lr, unit float64, a args) {
	scaled := *c
	if pl.scale != ScaleNone && pl.mix != mixInside { // which scales its unit step instead
		scaled.lr = T(lr * unit)
		a.c = mem.Noescape(unsafe.Pointer(&scaled))
	}
	switch pl.mix {
	case mixNone:
		runKernel[T](ks[pl.op], &a)
	case mixCouple:
		eachTile[T](a, func(a args) { coupleTile[T](ks, pl.op, a) })
	case mixInside:
		bare := *c
		bare.lr, bare.decay = T(unit), 1
		eachTile[T](a, func(a args) { insideTile(ks, pl.op, &bare, a) })
	}
	runtime.KeepAlive(&scaled)
}

// eachTile calls f for each tile of a.
func eachTile[T float](a args, f func(args)) {
	for n := a.n; ; {
		a.n = min(n, tile)
		f(a)
		if n -= a.n; n == 0 {
			return
		}
		a.skip(tile, int(unsafe.Sizeof(T(0))))
	}
}

// coupleTile adds the decay to the gradients, in a tile, and steps by them.
func coupleTile[T float](ks *[numOps]kernel, o op, a args) {
	var buf [tile]T
	copy(buf[:a.n], unsafe.Slice((*T)(a.grad), a.n))
	a.grad = mem.Noescape(unsafe.Pointer(&buf))
	runChunk[T](ks[opCouple], &a)
	runChunk[T](ks[o], &a)
	runtime.KeepAlive(&buf) // noescape hides it: its stack slot could be reused
}

// insideTile steps a tile of negative zeros, which gives −u, since −0 − u is −u
// for every u, zeros included; then it decays and steps the weights by it.
func insideTile[T float](ks *[numOps]kernel, o op, bare *coef[T], a args) {
	var buf [tile]T
	for i := range buf[:a.n] {
		buf[i] = T(math.Copysign(0, -1))
	}
	u := a
	u.param, u.c = mem.Noescape(unsafe.Pointer(&buf)), mem.Noescape(unsafe.Pointer(bare))
	runChunk[T](ks[o], &u)
	a.grad, a.momentum = u.param, u.param
	runChunk[T](ks[opInside], &a)
	runtime.KeepAlive(&buf)
	runtime.KeepAlive(bare)
}

// count returns how many elements of a the Cautious rule would step.
func count[T float](ks *[numOps]kernel, pl plan, a args) int {
	k := 0
	eachTile[T](a, func(a args) {
		var buf [tile]T
		if pl.mix == mixCouple {
			copy(buf[:a.n], unsafe.Slice((*T)(a.grad), a.n))
			a.grad = mem.Noescape(unsafe.Pointer(&buf))
			runChunk[T](ks[opCouple], &a)
		}
		// On the heap, a would miss that buf moves when the stack grows.
		k += int(ks[opCount]((*args)(mem.Noescape(unsafe.Pointer(&a)))))
		runtime.KeepAlive(&a)
		runtime.KeepAlive(&buf)
	})
	return k
}
