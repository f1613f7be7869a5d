package lion

import (
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/tune"
)

// This file steps slices of 16-bit storages: arithmetic is float32 on the widened
// values, and results are rounded once when stored. Where there is a fused kernel
// it does all of that in one pass; else it goes tile by tile: widen, run the float32
// kernels of the same implementation, narrow, so that every rule and decay goes with
// every storage.

// StepBF16 is StepF32 on weights, gradients and momentum in bfloat16, with its
// conditions and errors. Each new weight and momentum is rounded once, the weight
// as Config.Rounding says; with StochasticRounding and without Stepper.At the error
// wraps ErrConfig.
//
// Rounded to nearest, a weight moves only where the step is more than half the
// distance to its neighbour: at LR 1e-4 where it is smaller than 1/32. That is
// what StochasticRounding, StepBF16Kahan, StepSplit and StepMasterBF16 are for.
func (s Stepper) StepBF16(param, grad, momentum []BF16) error {
	if n := len(param); len(grad) == n && len(momentum) == n && straight16(&s, half.StoreBF16, mem.Data(param), mem.Data(grad), mem.Data(momentum), nil, n) {
		return nil
	}
	return step16(&s, half.StoreBF16, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), span{})
}

// StepF16 is StepBF16 in IEEE half precision. What exceeds 65504 by half a unit
// or more becomes infinite, as IEEE 754 has it: GradStats finds it.
func (s Stepper) StepF16(param, grad, momentum []F16) error {
	if n := len(param); len(grad) == n && len(momentum) == n && straight16(&s, half.StoreF16, mem.Data(param), mem.Data(grad), mem.Data(momentum), nil, n) {
		return nil
	}
	return step16(&s, half.StoreF16, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), span{})
}

// StepMasterBF16 steps float32 weights by a bfloat16 gradient and writes the new
// weights, rounded to nearest, to shadow as well: the copy that the model
// computes with, in the same pass. shadow is only written; what it held is of no
// account. The four slices must have one length and share no memory, otherwise the
// error wraps ErrLength or ErrOverlap and nothing has been written.
func (s Stepper) StepMasterBF16(master []float32, grad []BF16, momentum []float32, shadow []BF16) error {
	if n := len(master); len(grad) == n && len(momentum) == n && len(shadow) == n && straight16(&s, half.StoreMasterBF16, mem.Data(master), mem.Data(grad), mem.Data(momentum), mem.Data(shadow), n) {
		return nil
	}
	return step16(&s, half.StoreMasterBF16, part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// StepMasterBF16M16 is StepMasterBF16 with its momentum in bfloat16 too.
func (s Stepper) StepMasterBF16M16(master []float32, grad, momentum, shadow []BF16) error {
	if n := len(master); len(grad) == n && len(momentum) == n && len(shadow) == n && straight16(&s, half.StoreMasterBF16M16, mem.Data(master), mem.Data(grad), mem.Data(momentum), mem.Data(shadow), n) {
		return nil
	}
	return step16(&s, half.StoreMasterBF16M16, part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// StepMasterF16 is StepMasterBF16 for IEEE half precision.
func (s Stepper) StepMasterF16(master []float32, grad []F16, momentum []float32, shadow []F16) error {
	if n := len(master); len(grad) == n && len(momentum) == n && len(shadow) == n && straight16(&s, half.StoreMasterF16, mem.Data(master), mem.Data(grad), mem.Data(momentum), mem.Data(shadow), n) {
		return nil
	}
	return step16(&s, half.StoreMasterF16, part(master, "master"), part(grad, "grad"), part(momentum, "momentum"), part(shadow, "shadow"))
}

// StepF32M16 is StepF32 with its momentum in bfloat16. That, wherever it is stored so,
// wants a Beta2 of 0.99 or less: a slower momentum's steps are less than half of a
// bfloat16's unit and vanish. With 0.998 one of 1 is still 0.977 after 1,000 steps
// without a gradient, where float32's is 0.135; with 0.999 it stays 1.
func (s Stepper) StepF32M16(param, grad []float32, momentum []BF16) error {
	if n := len(param); len(grad) == n && len(momentum) == n && straight16(&s, half.StoreF32M16, mem.Data(param), mem.Data(grad), mem.Data(momentum), nil, n) {
		return nil
	}
	return step16(&s, half.StoreF32M16, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), span{})
}

// StepSplit steps float32 weights that are stored in two halves, as Split makes
// them: hi, the weight rounded to bfloat16, which the model computes with, and
// lo. Together they are the float32 exactly: from the same gradients the weights
// are those of StepMasterBF16M16, bit for bit, in two bytes less traffic and less
// memory. (hi rounds ties away from zero, that shadow to even. A model computes
// with another number at each tie, so its gradients may differ.) Slices and errors
// are as for StepMasterBF16.
func (s Stepper) StepSplit(hi []BF16, lo []uint16, grad, momentum []BF16) error {
	if n := len(hi); len(grad) == n && len(momentum) == n && len(lo) == n && straight16(&s, half.StoreSplit, mem.Data(hi), mem.Data(grad), mem.Data(momentum), mem.Data(lo), n) {
		return nil
	}
	return step16(&s, half.StoreSplit, part(hi, "hi"), part(grad, "grad"), part(momentum, "momentum"), part(lo, "lo"))
}

// StepBF16Kahan is StepBF16 with Kahan's compensation: the weight is
// param + compensation, added in float32; what rounding the new weight to
// bfloat16 leaves over goes to compensation, itself rounded to bfloat16. Start
// it with zeros, or from float32 weights with KahanBF16.
//
// The two hold 17 bits of a weight or more, 8 in param and 9 beside it: at LR 1e-4
// a weight moves where it is smaller than 16, against 1/32 for bfloat16 alone.
// What is smaller than half of the 17th bit is lost at each step, always the same
// way. StepSplit moves as many bytes and loses nothing; compensation is for those
// whose checkpoints or other tools have it. Slices and errors are as for StepF32.
func (s Stepper) StepBF16Kahan(param, grad, momentum, compensation []BF16) error {
	if n := len(param); len(grad) == n && len(momentum) == n && len(compensation) == n && straight16(&s, half.StoreKahan, mem.Data(param), mem.Data(grad), mem.Data(momentum), mem.Data(compensation), n) {
		return nil
	}
	return step16(&s, half.StoreKahan, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), part(compensation, "compensation"))
}

// From returns s for slices that begin at element index of their tensor, ≥ 0: where
// a tensor is split over calls, StochasticRounding draws by it what one call would
// have drawn. Steps that round at random return ErrConfig if it is negative; others
// ignore it.
//
// Two tensors stepped with the same Config.Seed, step and index draw the same random
// bits, element by element. Give each tensor a seed of its own, or a range of
// indices, as if they lay one behind the other.
func (s Stepper) From(index int) Stepper {
	s.draws.index = uint64(index)
	return s
}

// drawn says whether the weights of a storage are rounded at random.
func (p *plan) drawn(st *half.Storage) bool {
	return p.rounding == StochasticRounding && st.Rounds()
}

// placed says whether At and From were given what random bits can be drawn for; a
// negative index has the highest bit.
func (p *draws) placed() bool { return p.step >= 1 && p.index>>63 == 0 }

// fused returns the kernel that makes the step of a storage in one pass, or nil.
func (p *plan) fused(f *half.Fused, id half.ID, drawn bool) half.Kernel {
	if p.mix != mixNone {
		return nil
	}
	rules := &f.Nearest[id]
	if drawn {
		rules = &f.Random[id]
	}
	switch p.op {
	case opPaper, opPaperPlain: // there the factor is 1
		return rules.Paper
	case opCautious:
		return rules.Cautious
	}
	return nil
}

// straight16 steps n elements of a storage, which its slices have alike, and says so, where
// the call is a common one: a fused kernel makes the whole step at once. Else it has done
// nothing, and step16 sees to all. extra is the shadow or what goes with param, if the
// storage has either.
//
//go:noinline
func straight16(s *Stepper, id half.ID, param, grad, momentum, extra unsafe.Pointer, n int) bool {
	st, im := &half.Storages[id], implementations[s.impl].half
	drawn := s.plan.drawn(st)
	k := s.plan.fused(&im.Fused, id, drawn)
	if k == nil || !s.plan.direct || uint(n-1) >= chunk || im.Units && n%half.Unit != 0 ||
		drawn && !(s.draws.placed() && half.OneKey(s.draws.index, n)) {
		return false
	}
	p, g, m := uintptr(n*st.Param.Size())-1, uintptr(n*st.Grad.Size())-1, uintptr(n*st.Momentum.Size())-1
	if meet(param, grad, p, g) || meet(param, momentum, p, m) || meet(grad, momentum, g, m) {
		return false
	}
	if extra != nil {
		x := uintptr(2*n) - 1
		if meet(param, extra, p, x) || meet(grad, extra, g, x) || meet(momentum, extra, m, x) {
			return false
		}
	}
	var d half.Draws
	if drawn {
		d = half.DrawsOf(s.draws.seed, s.draws.step, s.draws.index)
	}
	ahead := tune.Ahead
	var a half.Args // see StepF32
	a.Param, a.Grad, a.Momentum, a.N, a.Shadow, a.Low, a.Draws, a.Ahead = param, grad, momentum, n, extra, extra, d, ahead
	a.C = (*half.Constants)(mem.Noescape(unsafe.Pointer(&s.f32)))
	if mem.Sanitizer != "" {
		report16(st, &a)
	}
	if k((*half.Args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
		im.Mend(st, &a)
	}
	runtime.KeepAlive(&a)
	return true
}

// step16 checks the slices and steps them, by a fused kernel or by tiles. extra is as for
// straight16.
func step16(s *Stepper, id half.ID, param, grad, momentum, extra span) error {
	st := &half.Storages[id]
	drawn := s.plan.drawn(st)
	if !s.plan.ready || drawn && !s.draws.placed() {
		return s.unready()
	}
	parts := []span{param, grad, momentum, extra}
	if extra.name == "" {
		parts = parts[:3]
	}
	if err := checkSlices(parts...); err != nil || param.n == 0 {
		return err
	}
	a := half.Args{Param: param.at, Grad: grad.at, Momentum: momentum.at, Shadow: extra.at, Low: extra.at, N: param.n,
		C: (*half.Constants)(mem.Noescape(unsafe.Pointer(&s.f32))), Ahead: tune.Ahead}
	if mem.Sanitizer != "" {
		report16(st, &a)
	}
	im := &implementations[s.impl]
	run16(s, im, st, s.plan.fused(&im.half.Fused, id, drawn), &a)
	return nil
}

// report16 tells the sanitizer what a step does.
func report16(st *half.Storage, a *half.Args) {
	slice := func(at unsafe.Pointer, e half.Element) mem.Range { return mem.Range{At: at, Size: a.N * e.Size()} }
	slice(a.Param, st.Param).Updates()
	slice(a.Grad, st.Grad).Reads()
	slice(a.Momentum, st.Momentum).Updates()
	slice(a.Low, st.Low).Updates()
	slice(a.Shadow, st.Shadow).Writes()
}

// run16 steps all of a, by the kernel k if it isn't nil.
func run16(s *Stepper, im *implementation, st *half.Storage, k half.Kernel, a *half.Args) {
	unit := s.f64.scale // of Counted
	switch {
	case s.plan.scale == ScaleNone:
		unit = 1
	case !s.plan.counted:
		unit = cautiousScale(s.plan.scale, countTiles(s, im, st, a), a.N)
	}
	if k != nil && (!s.plan.drawn(st) || half.OneKey(s.draws.index, a.N)) {
		stepFused(s, im, st, k, a, unit)
	} else {
		stepTiles(s, im, st, a, unit)
	}
}

// stepFused steps all of a by the kernel k.
func stepFused(s *Stepper, im *implementation, st *half.Storage, k half.Kernel, a *half.Args, unit float64) {
	var scaled coef[float32]
	if s.plan.scale != ScaleNone {
		scaled = s.f32
		scaled.lr = float32(s.f64.lr * unit)
		a.C = (*half.Constants)(mem.Noescape(unsafe.Pointer(&scaled)))
	}
	if s.plan.drawn(st) {
		a.Draws = half.DrawsOf(s.draws.seed, s.draws.step, s.draws.index)
	}
	im.half.Step(k, st, a)
	runtime.KeepAlive(&scaled)
}

// stepTiles steps a tile by tile. It is apart from step16 since clearing the tiles
// takes time.
//
//go:noinline
func stepTiles(s *Stepper, im *implementation, st *half.Storage, a *half.Args, unit float64) {
	var buf tiles
	for i := 0; i < a.N; i += half.TileSize {
		stepTile(s, im, st, a, i, unit, &buf)
	}
}

// countTiles counts the elements of a that Cautious would step.
func countTiles(s *Stepper, im *implementation, st *half.Storage, a *half.Args) (k int) {
	var buf tiles
	for i := 0; i < a.N; i += half.TileSize {
		k += countTile(s, im, st, a, i, &buf)
	}
	return k
}

// tiles hold widened elements.
type tiles struct{ p, g, m half.Tile }

// widen is what float32 kernels get of a tile: its slices, or copies in b.
func (b *tiles) widen(s *Stepper, im *implementation, st *half.Storage, t *half.Args) args {
	return args{
		param:    im.half.Widen(st.Param, t.Param, t.Low, t.N, &b.p),
		grad:     im.half.Widen(st.Grad, t.Grad, nil, t.N, &b.g),
		momentum: im.half.Widen(st.Momentum, t.Momentum, nil, t.N, &b.m),
		n:        t.N,
		c:        mem.Noescape(unsafe.Pointer(&s.f32)),
	}
}

// stepTile steps the tile of a that begins at element i. It is not inlined, so
// that each passes a stack check.
//
//go:noinline
func stepTile(s *Stepper, im *implementation, st *half.Storage, a *half.Args, i int, unit float64, buf *tiles) {
	t := a.From(st, i, min(a.N-i, half.TileSize))
	w := buf.widen(s, im, st, &t)
	runScaled(&im.kernels[f32], s.plan, &s.f32, s.f64.lr, unit, w)
	if s.plan.drawn(st) {
		im.half.NarrowAtRandom(st.Param, t.Param, w.param, t.N, s.draws.seed, s.draws.step, s.draws.index+uint64(i))
	} else {
		im.half.Narrow(st.Param, t.Param, t.Low, w.param, t.N)
	}
	im.half.Narrow(st.Momentum, t.Momentum, nil, w.momentum, t.N)
	im.half.Narrow(st.Shadow, t.Shadow, nil, w.param, t.N)
	runtime.KeepAlive(buf)
}

// countTile counts the elements of a tile that Cautious would step.
func countTile(s *Stepper, im *implementation, st *half.Storage, a *half.Args, i int, buf *tiles) int {
	t := a.From(st, i, min(a.N-i, half.TileSize))
	k := count[float32](&im.kernels[f32], s.plan, buf.widen(s, im, st, &t))
	runtime.KeepAlive(buf)
	return k
}
