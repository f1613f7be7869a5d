package lion

import (
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// This file steps slices of 16-bit formats: arithmetic is float32 on the widened
// values, and results are rounded once when stored. Where there is a fused kernel
// it does all of that in one pass (fused.go); else it goes tile by tile: widen, run
// the float32 kernels of the same implementation, narrow, so that every rule and
// decay goes with every format.

// kind is how the elements of one slice are stored.
type kind uint8

const (
	kindNone  kind = iota
	kindF32        // float32
	kindF64        // float64
	kindBF16       // BF16
	kindF16        // F16
	kindSplit      // BF16, and 16 more bits in low
	kindKahan      // BF16, and its compensation, a BF16, in low
	numKinds
)

// A storage says how the slices of a call are stored.
type storage struct {
	param, grad, momentum, shadow kind
	random                        bool // of a fused kernel: param is rounded at random
}

// mixedArgs are the slices of a mixed call; low and shadow may be nil.
type mixedArgs struct {
	param, low, grad, momentum, shadow unsafe.Pointer
	n                                  int
	draws                              draws // of the first, for a fused kernel
}

// size is the bytes of an element of kind k.
func (k kind) size() int { return int(kindSizes[k]) }

var kindSizes = [numKinds]uint8{kindF32: 4, kindF64: 8, kindBF16: 2, kindF16: 2, kindSplit: 2, kindKahan: 2}

// StepBF16 is StepF32 on weights, gradients and momentum in bfloat16, with its
// conditions and errors. Each new weight and momentum is rounded once, the weight
// as Config.Rounding says; with StochasticRounding and without Stepper.At the error
// wraps ErrConfig.
//
// Rounded to nearest, a weight moves only where the step is more than half the
// distance to its neighbour: at LR 1e-4 where it is smaller than 1/32. That is
// what StochasticRounding, StepBF16Kahan, StepSplit and StepMasterBF16 are for.
func (s Stepper) StepBF16(param, grad, momentum []BF16) error {
	return mixed(&s, storeBF16, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), span{})
}

// StepF16 is StepBF16 in IEEE half precision. What exceeds 65504 by half a unit
// or more becomes infinite, as IEEE 754 has it: GradStats finds it.
func (s Stepper) StepF16(param, grad, momentum []F16) error {
	return mixed(&s, storeF16, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), span{})
}

// StepMasterBF16 steps float32 weights by a bfloat16 gradient and writes the new
// weights, rounded to nearest, to shadow as well: the copy that the model
// computes with, in the same pass. shadow is only written; what it held is of no
// account. The four slices must have one length and share no memory, otherwise the
// error wraps ErrLength or ErrOverlap and nothing has been written.
func (s Stepper) StepMasterBF16(master []float32, grad []BF16, momentum []float32, shadow []BF16) error {
	return mixed(&s, storeMasterBF16, part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// StepMasterBF16M16 is StepMasterBF16 with its momentum in bfloat16 too.
func (s Stepper) StepMasterBF16M16(master []float32, grad, momentum, shadow []BF16) error {
	return mixed(&s, storeMasterBF16M16, part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// StepMasterF16 is StepMasterBF16 for IEEE half precision.
func (s Stepper) StepMasterF16(master []float32, grad []F16, momentum []float32, shadow []F16) error {
	return mixed(&s, storeMasterF16, part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// StepF32M16 is StepF32 with its momentum in bfloat16. That, wherever it is stored so,
// wants a Beta2 of 0.99 or less: a slower momentum's steps are less than half of a
// bfloat16's unit and vanish. With 0.998 one of 1 is still 0.977 after 1,000 steps
// without a gradient, where float32's is 0.135; with 0.999 it stays 1.
func (s Stepper) StepF32M16(param, grad []float32, momentum []BF16) error {
	return mixed(&s, storeF32M16, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), span{})
}

// StepSplit steps float32 weights that are stored in two halves, as Split makes
// them: hi, the weight rounded to bfloat16, which the model computes with, and
// lo. Together they are the float32 exactly: from the same gradients the weights
// are those of StepMasterBF16M16, bit for bit, in two bytes less traffic and less
// memory. (hi rounds ties away from zero, that shadow to even. A model computes
// with another number at each tie, so its gradients may differ.) Slices and errors
// are as for StepMasterBF16.
func (s Stepper) StepSplit(hi []BF16, lo []uint16, grad, momentum []BF16) error {
	return mixed(&s, storeSplit, part(hi, "hi"), part(grad, "grad"), part(momentum, "momentum"), part(lo, "lo"))
}

// mixed checks the slices and steps them, by a fused kernel or by tiles. extra is
// the shadow or what goes with param, if the storage has either.
func mixed(s *Stepper, sch storage, param, grad, momentum, extra span) error {
	n, drawn := param.n, sch.drawn(&s.plan)
	if !s.plan.ready || drawn && !s.plan.placed() {
		return s.unready()
	}
	parts := [...]span{param, grad, momentum, extra}
	given := parts[:]
	if extra.name == "" {
		given = parts[:3]
	}
	if err := checkSlices(given...); err != nil {
		return err
	}
	if n == 0 {
		return nil
	}
	param.memory().Updates()
	grad.memory().Reads()
	momentum.memory().Updates()
	if sch.shadow != kindNone {
		extra.memory().Writes()
	} else {
		extra.memory().Updates()
	}
	im := &implementations[s.impl]
	k := im.fused.kernel(sch, &s.plan)
	if k != nil && n <= chunk && n%fusedUnit == 0 && s.plan.scale == ScaleNone && !drawn { // the common case
		var t args // see StepF32
		t.param, t.grad, t.momentum, t.n, t.c, t.extra = param.at, grad.at, momentum.at, n, mem.Noescape(unsafe.Pointer(&s.f32)), extra.at
		if k((*args)(mem.Noescape(unsafe.Pointer(&t)))) != 0 {
			mend(im, sch, sch.args(param, grad, momentum, extra), 0, n)
		}
		runtime.KeepAlive(&t)
		return nil
	}
	a, unit := sch.args(param, grad, momentum, extra), 1.0
	if s.plan.scale != ScaleNone {
		unit = cautiousScale(s.plan.scale, countTiles(s, im, sch, a), n)
	}
	if k != nil && (!drawn || s.plan.oneKey(n)) {
		runFused(s, im, sch, k, a, unit)
	} else {
		stepTiles(s, im, sch, a, unit)
	}
	return nil
}

// args puts extra where it belongs.
func (sch storage) args(param, grad, momentum, extra span) mixedArgs {
	a := mixedArgs{param: param.at, grad: grad.at, momentum: momentum.at, n: param.n}
	if sch.shadow != kindNone {
		a.shadow = extra.at
	} else {
		a.low = extra.at
	}
	return a
}

// stepTiles steps a tile by tile. It is apart from mixed since clearing the tiles
// takes time.
//
//go:noinline
func stepTiles(s *Stepper, im *implementation, sch storage, a mixedArgs, unit float64) {
	var buf tiles
	for i := 0; i < a.n; i += tile {
		mixedTile(s, im, sch, a, i, unit, &buf)
	}
}

// countTiles counts the elements of a that Cautious would step.
func countTiles(s *Stepper, im *implementation, sch storage, a mixedArgs) (k int) {
	var buf tiles
	for i := 0; i < a.n; i += tile {
		k += countMixed(s, im, sch, a, i, &buf)
	}
	return k
}

// tiles hold widened elements.
type tiles struct{ p, g, m [tile]float32 }

// mixedTile steps the tile of a that begins at element i. It is not inlined, so
// that each passes a stack check.
//
//go:noinline
func mixedTile(s *Stepper, im *implementation, sch storage, a mixedArgs, i int, unit float64, buf *tiles) {
	n := min(a.n-i, tile)
	t := args{
		param:    widen(im, sch.param, a.param, a.low, i, n, &buf.p),
		grad:     widen(im, sch.grad, a.grad, nil, i, n, &buf.g),
		momentum: widen(im, sch.momentum, a.momentum, nil, i, n, &buf.m),
		n:        n,
		c:        mem.Noescape(unsafe.Pointer(&s.f32)),
	}
	runScaled(&im.kernels[f32], s.plan, &s.f32, s.f64.lr, unit, t)
	if s.plan.rounding == StochasticRounding && sch.rounds() {
		s.narrowStochastic(im, sch.param, a.param, t.param, i, n)
	} else {
		narrow(im, sch.param, a.param, a.low, t.param, i, n)
	}
	narrow(im, sch.momentum, a.momentum, nil, t.momentum, i, n)
	if sch.shadow != kindNone {
		narrow(im, sch.shadow, a.shadow, nil, t.param, i, n)
	}
	runtime.KeepAlive(buf)
}

// countMixed counts the elements of a tile that Cautious would step.
func countMixed(s *Stepper, im *implementation, sch storage, a mixedArgs, i int, buf *tiles) int {
	n := min(a.n-i, tile)
	k := count[float32](&im.kernels[f32], s.plan, args{
		param:    widen(im, sch.param, a.param, a.low, i, n, &buf.p),
		grad:     widen(im, sch.grad, a.grad, nil, i, n, &buf.g),
		momentum: widen(im, sch.momentum, a.momentum, nil, i, n, &buf.m),
		n:        n,
		c:        mem.Noescape(unsafe.Pointer(&s.f32)),
	})
	runtime.KeepAlive(buf)
	return k
}

// widen returns n elements as float32: those of a slice itself, from element i
// on, or converted into buf.
func widen(im *implementation, k kind, from, low unsafe.Pointer, i, n int, buf *[tile]float32) unsafe.Pointer {
	from = unsafe.Add(from, i*k.size())
	to := mem.Noescape(unsafe.Pointer(buf))
	switch k {
	case kindF32:
		return from
	case kindBF16:
		im.convert.widenBF16(to, from, n)
	case kindF16:
		im.convert.widenF16(to, from, n)
	case kindSplit:
		im.convert.join(to, from, unsafe.Add(low, i*2), n)
	case kindKahan:
		im.convert.joinKahan(to, from, unsafe.Add(low, i*2), n)
	}
	return to
}

// narrow stores n float32, which may be there already, as kind k from element i
// on, rounded to nearest.
func narrow(im *implementation, k kind, to, low, from unsafe.Pointer, i, n int) {
	to = unsafe.Add(to, i*k.size())
	switch k {
	case kindBF16:
		im.convert.narrowBF16(to, from, n)
	case kindF16:
		im.convert.narrowF16(to, from, n)
	case kindSplit:
		im.convert.split(to, unsafe.Add(low, i*2), from, n)
	case kindKahan:
		im.convert.splitKahan(to, unsafe.Add(low, i*2), from, n)
	}
}

// extra is the kind of the fourth slice, if any.
func (sch storage) extra() kind {
	if sch.shadow != kindNone {
		return sch.shadow
	}
	return sch.low()
}

// low is the kind of the slice beside param, if any.
func (sch storage) low() kind {
	if sch.param == kindSplit || sch.param == kindKahan {
		return kindBF16
	}
	return kindNone
}

// rounds says whether the weights are of a format that Config.Rounding is for.
func (sch storage) rounds() bool { return sch.param == kindBF16 || sch.param == kindF16 }
