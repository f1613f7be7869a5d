package optim

import (
	"errors"
	"fmt"
)

// ErrState: a State isn't one of this optimizer's.
var ErrState = errors.New("optim: state doesn't fit")

// Tensor is a tensor with its name.
type Tensor struct {
	Name  string // the parameter's; of a state, with "." and its own, such as "exp_avg"
	Shape []int
	Data  any // []float32, []float64, []lion.BF16, []lion.F16, or []uint16 for "lo"
}

// State is all that a run needs to go on as if it had not been broken off, beside Options,
// Groups and the gradients to come.
type State struct {
	Step      int     // the last step made
	Skipped   int     // steps left out
	LossScale float64 // 1 without LossScaling
	Good      int     // steps in a row that weren't skipped, since LossScale changed

	Weights []Tensor // of the parameters: what the model has
	Tensors []Tensor // what the optimizer adds: momenta, masters and so on
}

// State returns the state, with the parameters in their order. The tensors are views: they
// are the memory that steps work on, and must be copied or written out before the next
// step.
func (o *Optimizer) State() State {
	s := State{Step: o.step, Skipped: o.skipped, LossScale: o.scaler.scale, Good: o.scaler.good}
	for _, p := range o.params {
		s.Weights = append(s.Weights, Tensor{p.name, p.shape, p.weights.any()})
		s.Tensors = append(s.Tensors, Tensor{p.name + "." + momentumName, p.shape, p.momentum.any()})
		if p.extra.kind != none {
			s.Tensors = append(s.Tensors, Tensor{p.name + "." + p.storage.extraName, p.shape, p.extra.any()})
		}
	}
	return s
}

// Restore makes s the state: the next step is s.Step + 1. The tensors are copied, to the
// weights too; they may stand in any order. Nil Weights are left as they are, for a model
// that is restored by other means, but where there is a master, of which they become the
// rounded copy.
//
// The error wraps ErrState and names each difference: a tensor that is missing, unknown,
// named twice, of another length, shape or type, and a number that can't be. Then nothing
// has changed.
func (o *Optimizer) Restore(s State) error {
	var differences []error
	differ := func(format string, args ...any) { differences = append(differences, fmt.Errorf(format, args...)) }
	if s.Step < 0 || s.Skipped < 0 || s.Good < 0 {
		differ("Step = %d, Skipped = %d, Good = %d: none may be negative", s.Step, s.Skipped, s.Good)
	}
	if o.scaler.on() && !(s.LossScale >= leastScale && s.LossScale <= mostScale) {
		differ("LossScale = %v must be between 2⁻⁶⁴ and 2⁶⁴", s.LossScale)
	}
	if !o.scaler.on() && s.LossScale != 1 && s.LossScale != 0 {
		differ("LossScale = %v, but the optimizer has no LossScaling", s.LossScale)
	}
	own := o.State()
	copies := match(own.Tensors, s.Tensors, differ)
	if s.Weights != nil {
		copies = append(copies, match(own.Weights, s.Weights, differ)...)
	}
	if differences != nil {
		return fmt.Errorf("%w: %w", ErrState, errors.Join(differences...))
	}
	for _, c := range copies {
		copy(c.to.memory(), c.from.memory())
	}
	o.step, o.skipped, o.scaler.good = s.Step, s.Skipped, s.Good
	if o.scaler.on() {
		o.scaler.scale = s.LossScale
	}
	if s.Weights != nil {
		return nil
	}
	for _, p := range o.params {
		if p.storage.master {
			if err := p.narrow(); err != nil {
				return err
			}
		}
	}
	return nil
}

// copied is what Restore copies.
type copied struct{ to, from array }

// match finds each of own among given.
func match(own, given []Tensor, differ func(string, ...any)) []copied {
	byName := map[string]Tensor{}
	for _, t := range given {
		if _, twice := byName[t.Name]; twice {
			differ("%s stands twice", t.Name)
		}
		byName[t.Name] = t
	}
	var copies []copied
	for _, t := range own {
		g, there := byName[t.Name]
		delete(byName, t.Name)
		to, from := fromAny(t.Data), fromAny(g.Data)
		switch {
		case !there:
			differ("%s is missing", t.Name)
		case from.kind != to.kind:
			differ("%s is of %T, want %T", t.Name, g.Data, t.Data)
		case from.n != to.n:
			differ("%s has %d elements, want %d", t.Name, from.n, to.n)
		case !sameShape(g.Shape, t.Shape):
			differ("%s has the shape %v, want %v", t.Name, g.Shape, t.Shape)
		}
		copies = append(copies, copied{to, from})
	}
	for _, t := range given {
		if _, left := byName[t.Name]; left {
			differ("%s is unknown", t.Name)
			delete(byName, t.Name)
		}
	}
	return copies
}

// sameShape compares shapes; where one isn't given the other doesn't matter.
func sameShape(a, b []int) bool {
	if a == nil || b == nil {
		return true
	}
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
