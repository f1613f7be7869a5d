package optim

import (
	"errors"
	"fmt"

	"github.com/lionkernel/lion"
)

// ErrParam: a parameter is not what an optimizer can work with, or the parameters don't
// go together. Test for it with errors.Is; lengths and overlaps are lion.ErrLength and
// lion.ErrOverlap, hyperparameters lion.ErrConfig.
var ErrParam = errors.New("optim: bad parameter")

// storage is a way to store weights, gradient and state; its step is that of lion's
// Stepper that has its name.
type storage struct {
	name           string
	weights, grad  kind
	momentum       kind
	extra          kind // a state beside the momentum
	extraName      string
	bytes          int // that a step moves for each element
	master, random bool
	tensor         func(p *Param) (lion.Tensor, error)
}

// Param is a parameter of a model: a name, a shape, and slices of weights and gradient,
// which it refers to and doesn't copy. A function for each storage makes one:
//
//	function       weights            gradient  state that the optimizer adds       a step is
//	F32            float32            float32   exp_avg float32                     StepF32
//	F64            float64            float64   exp_avg float64                     StepF64
//	F32M16         float32            float32   exp_avg BF16                        StepF32M16
//	BF16           BF16               BF16      exp_avg BF16                        StepBF16
//	F16            F16                F16       exp_avg F16                         StepF16
//	KahanBF16      BF16               BF16      exp_avg BF16, compensation BF16     StepBF16Kahan
//	SplitBF16      BF16               BF16      exp_avg BF16, lo uint16             StepSplit
//	MasterBF16     BF16, the shadow   BF16      exp_avg float32, master float32     StepMasterBF16
//	MasterBF16M16  BF16, the shadow   BF16      exp_avg BF16, master float32        StepMasterBF16M16
//	MasterF16      F16, the shadow    F16       exp_avg float32, master float32     StepMasterF16
//
// exp_avg, PyTorch's name, is the momentum. BF16 and F16 round the weights as
// lion.Config.Rounding says. weights are those that the model computes with.
//
// Without a shape it is a vector. Else the product of shape must be the number of
// weights, which [New] checks with all the rest. A nil gradient is one that is missing:
// see [SetGrad]. A Param belongs to one optimizer.
type Param struct {
	name    string
	shape   []int
	storage *storage

	weights, grad   array
	momentum, extra array

	// Sparse rows, if there are some this time: grad holds them.
	rows  []int
	width int
	seen  []uint64 // a bit for each row of the table, zero between checks

	owner *Optimizer
	group int
	index int // in the optimizer's list
	first int // the index of its first element to random rounding
}

func newParam(name string, s *storage, weights, grad array, shape []int) *Param {
	if len(shape) == 0 {
		shape = []int{weights.n}
	}
	return &Param{name: name, shape: append([]int(nil), shape...), storage: s, weights: weights, grad: grad}
}

// Name returns the name.
func (p *Param) Name() string { return p.name }

// Shape returns the shape; it must not be changed.
func (p *Param) Shape() []int { return p.shape }

// Len returns how many weights p has.
func (p *Param) Len() int { return p.weights.n }

// SetGrad makes grad the gradient of p, from the next step on; it is not copied. A nil or
// empty grad means that the gradient is missing: p is then left out of steps, without
// decay and without fading momentum, as PyTorch does where grad is None.
//
// The error wraps ErrParam if grad is not of the type of p's gradient. Lengths and
// overlaps are checked by the next step: all anew if grad lies elsewhere than the last
// one did, so it is cheapest to let gradients stay where they are.
func SetGrad[T lion.Gradient](p *Param, grad []T) error {
	a := arrayOf(grad)
	if a.kind != p.storage.grad {
		return fmt.Errorf("%w: %s: a gradient of %v, want %v", ErrParam, p.name, a.kind, p.storage.grad)
	}
	if a.n == 0 {
		a.at = nil
	}
	if p.rows != nil || !a.same(p.grad) {
		p.grad, p.rows = a, nil
		p.changed()
	}
	return nil
}

// ClearGrad makes p's gradient a missing one, as SetGrad does with nil.
func (p *Param) ClearGrad() {
	if !p.missing() {
		p.grad, p.rows = array{kind: p.storage.grad}, nil
		p.changed()
	}
}

// SetRows makes grad the sparse gradient of p, a table such as an embedding, from the
// next step on: it holds a row of the gradient for each index in rows, in that order, and
// other rows stay as they are, as lion's Stepper.StepRowsF32 has it. Neither is copied.
// No rows mean that the gradient is missing.
//
// p's first dimension counts the rows; it has two or more. The error wraps ErrParam if p
// is not such a table of F32 or F64, and lion.ErrLength if grad isn't as long as rows
// make it. Rows out of range and rows listed twice are found by the next step, with an
// error that wraps lion.ErrRows.
func SetRows[T float32 | float64](p *Param, rows []int, grad []T) error {
	a := arrayOf(grad)
	if p.storage != &storageF32 && p.storage != &storageF64 || a.kind != p.storage.grad {
		return fmt.Errorf("%w: %s: rows of %v, but the parameter is %s: only F32 and F64 have sparse rows", ErrParam, p.name, a.kind, p.storage.name)
	}
	if len(p.shape) < 2 {
		return fmt.Errorf("%w: %s: rows need a shape of two dimensions or more, not %v", ErrParam, p.name, p.shape)
	}
	width := 1
	for _, d := range p.shape[1:] {
		width *= d
	}
	if len(rows)*width != a.n {
		return fmt.Errorf("%w: %s: len(grad) = %d, but len(rows)·width = %d·%d", lion.ErrLength, p.name, a.n, len(rows), width)
	}
	if len(rows) == 0 {
		rows, a.at = nil, nil
	}
	p.grad, p.rows, p.width = a, rows, width
	p.changed()
	return nil
}

// SetWeights makes weights those of p, from the next step on; they are not copied, and the
// state stays. The error wraps ErrParam if they are of another type, and lion.ErrLength if
// they are of another length. What a Master writes into them, it doesn't read.
func SetWeights[T lion.Gradient](p *Param, weights []T) error {
	a := arrayOf(weights)
	if a.kind != p.storage.weights {
		return fmt.Errorf("%w: %s: weights of %v, want %v", ErrParam, p.name, a.kind, p.storage.weights)
	}
	if a.n != p.weights.n {
		return fmt.Errorf("%w: %s: %d weights, want %d", lion.ErrLength, p.name, a.n, p.weights.n)
	}
	if !a.same(p.weights) {
		p.weights = a
		p.changed()
	}
	return nil
}

// changed lets the next step check all slices.
func (p *Param) changed() {
	if p.owner != nil {
		p.owner.stale = true
	}
}

// missing says whether p has no gradient this time.
func (p *Param) missing() bool { return p.grad.n == 0 }
