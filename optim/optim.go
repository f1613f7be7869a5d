package optim

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/lionkernel/lion"
)

// Options say what an Optimizer does beside the steps. The zero Options are useful: no
// clipping, no scaling, as many workers as pay.
type Options struct {
	// MaxNorm clips by the global norm: where that is more, the gradient is multiplied
	// by MaxNorm/norm. PyTorch's clip_grad_norm_ divides by norm + 1e-6. 0 is no clipping.
	MaxNorm float64
	// MaxTensorNorm clips likewise, each parameter by its own norm. 0 is no clipping;
	// MaxNorm and MaxTensorNorm together are refused.
	MaxTensorNorm float64
	// NonFinite says what becomes of a step whose gradient is infinite or NaN.
	NonFinite NonFinite
	// Measure asks for the norm in each Report, though nothing else needs it.
	Measure bool
	// LossScaling, unless zero, is for gradients of a loss that the model multiplies
	// by Optimizer.LossScale: see [LossScaling].
	LossScaling LossScaling
	// Workers is how many goroutines step at once, the caller's included. 0 means what
	// pays: one for a small model, GOMAXPROCS, as it is when New is called, for a large
	// one. No bit of a result depends on it.
	Workers int
}

// NonFinite says what becomes of a step whose gradient, in any element, is infinite or
// NaN, or whose clipping or loss scale makes a factor that float32 can't hold.
type NonFinite uint8

const (
	// Proceed makes the step nonetheless, as PyTorch's optimizers do, and looks at no
	// gradient unless something else wants it. What isn't finite stays in the momentum for
	// good. The norm that clips is that of the finite elements.
	// With LossScaling it means Skip. A factor that float32 can't hold is an error.
	Proceed NonFinite = iota
	// Skip leaves the step out: neither weights nor state change, the step isn't
	// counted, and the Report says so.
	Skip
	// Fail leaves it out and returns an error that wraps ErrNotFinite.
	Fail
)

// A Group is parameters that are stepped alike.
type Group struct {
	Config lion.Config // its LR is what Schedule multiplies
	// Schedule multiplies the learning rate; nil is 1 at all steps.
	Schedule Schedule
	Params   []*Param
}

// SplitVectors returns two groups: g with its parameters of two and more dimensions, and
// g without weight decay and with the others, such as biases and the gains of norms.
func SplitVectors(g Group) []Group {
	matrices, vectors := g, g
	matrices.Params, vectors.Params, vectors.Config.WeightDecay = nil, nil, 0
	for _, p := range g.Params {
		if p != nil && len(p.shape) < 2 {
			vectors.Params = append(vectors.Params, p)
		} else {
			matrices.Params = append(matrices.Params, p)
		}
	}
	return []Group{matrices, vectors}
}

// An Optimizer steps the parameters of a model. It is not for several goroutines at once.
type Optimizer struct {
	options  Options
	groups   []Group
	params   []*Param // of all groups, in their order
	elements int      // of all parameters

	step    int // the last one made
	skipped int
	scaler  scaler

	stale bool // slices have changed: prepare
	plan
	steppers []lion.Stepper // of the groups, for the step at hand
	rates    []float64      // learning rates

	// What workers share.
	workers int
	phase   func(o *Optimizer, job int)
	next    atomic.Int64
	wait    sync.WaitGroup
	work    func()
	failed  atomic.Pointer[error]
}

// New returns an optimizer for the parameters of the groups, whose state it allocates:
// momenta and compensations of zeros, masters of the weights as they are. The groups may
// have no parameters, and the parameters no elements.
//
// Random rounding draws as if all parameters lay one behind the other, in the order of the
// groups and within them: with groups of one Seed no two elements draw the same bits.
// So a Param's step is that of lion's Stepper.From(i), where i is the number of elements
// before it.
//
// The error wraps lion.ErrConfig for a bad hyperparameter or option, lion.ErrLength and
// lion.ErrOverlap where slices don't fit, and ErrParam if a parameter is nil, has a shape
// that isn't that of its weights, is in an optimizer already, or has the name of another
// or of another's state.
func New(options Options, groups ...Group) (*Optimizer, error) {
	o := &Optimizer{options: options, stale: true}
	if err := options.check(); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for i, g := range groups {
		g.Params = append([]*Param(nil), g.Params...)
		o.groups = append(o.groups, g)
		if _, err := lion.New(g.Config); err != nil {
			return nil, fmt.Errorf("group %d: %w", i, err)
		}
		for _, p := range g.Params {
			if err := p.check(names); err != nil {
				return nil, err
			}
			o.params = append(o.params, p)
			if p.weights.n > math.MaxInt-o.elements {
				return nil, fmt.Errorf("%w: %s: the parameters have more elements than an int can count", lion.ErrLength, p.name)
			}
			o.elements += p.weights.n
		}
	}
	o.steppers, o.rates = make([]lion.Stepper, len(groups)), make([]float64, len(groups))
	o.scaler = newScaler(options.LossScaling)
	o.setWorkers()
	if err := o.adopt(); err != nil {
		for _, p := range o.params {
			p.owner, p.momentum, p.extra = nil, array{}, array{}
		}
		return nil, err
	}
	return o, nil
}

// check refuses options that mean nothing.
func (x *Options) check() error {
	for _, f := range []struct {
		name  string
		value float64
	}{{"MaxNorm", x.MaxNorm}, {"MaxTensorNorm", x.MaxTensorNorm}} {
		if !(f.value >= 0) || math.IsInf(f.value, 0) {
			return fmt.Errorf("%w: %s = %v must be finite and ≥ 0", lion.ErrConfig, f.name, f.value)
		}
	}
	switch {
	case x.MaxNorm > 0 && x.MaxTensorNorm > 0:
		return fmt.Errorf("%w: MaxNorm = %v with MaxTensorNorm = %v: choose one", lion.ErrConfig, x.MaxNorm, x.MaxTensorNorm)
	case x.NonFinite > Fail:
		return fmt.Errorf("%w: NonFinite = %d is unknown", lion.ErrConfig, x.NonFinite)
	case x.Workers < 0:
		return fmt.Errorf("%w: Workers = %d must be ≥ 0", lion.ErrConfig, x.Workers)
	}
	return x.LossScaling.check()
}

// check refuses what can't be a parameter of a new optimizer, whose names so far it adds
// to.
func (p *Param) check(names map[string]bool) error {
	switch {
	case p == nil || p.storage == nil:
		return fmt.Errorf("%w: nil, or the zero Param", ErrParam)
	case p.owner != nil:
		return fmt.Errorf("%w: %s is in an optimizer already", ErrParam, p.name)
	}
	n := 1
	for _, d := range p.shape {
		if d < 0 || d > 0 && n > math.MaxInt/d {
			return fmt.Errorf("%w: %s: shape %v", ErrParam, p.name, p.shape)
		}
		n *= d
	}
	if n != p.weights.n {
		return fmt.Errorf("%w: %s: shape %v has %d elements, but there are %d weights", ErrParam, p.name, p.shape, n, p.weights.n)
	}
	own := []string{p.name, p.name + "." + momentumName}
	if p.storage.extra != none {
		own = append(own, p.name+"."+p.storage.extraName)
	}
	for _, name := range own {
		if names[name] {
			return fmt.Errorf("%w: two tensors would have the name %s", ErrParam, name)
		}
		names[name] = true
	}
	return nil
}

// adopt makes the state of the parameters, and all that steps use.
func (o *Optimizer) adopt() error {
	var momenta, extras [numKinds]arena
	for _, p := range o.params {
		momenta[p.storage.momentum].reserve(p.storage.momentum, p.weights.n)
		if p.storage.extra != none {
			extras[p.storage.extra].reserve(p.storage.extra, p.weights.n)
		}
	}
	i, first := 0, 0
	for group := range o.groups {
		for _, p := range o.groups[group].Params {
			if p.owner != nil {
				return fmt.Errorf("%w: %s is given twice", ErrParam, p.name)
			}
			p.owner, p.group, p.index, p.first = o, group, i, first
			first += p.weights.n
			i++
			p.momentum = momenta[p.storage.momentum].take(p.storage.momentum, p.weights.n, 2)
			if p.storage.extra == none {
				continue
			}
			place := 3
			if p.storage.master {
				place = 0
			}
			p.extra = extras[p.storage.extra].take(p.storage.extra, p.weights.n, place)
			if p.storage.master {
				if err := p.widen(); err != nil {
					return err
				}
			}
		}
	}
	return o.prepare()
}

// Groups returns how many groups there are.
func (o *Optimizer) Groups() int { return len(o.groups) }

// Config returns the hyperparameters of a group.
func (o *Optimizer) Config(group int) lion.Config { return o.groups[group].Config }

// SetConfig gives a group other hyperparameters, from the next step on. The error wraps
// lion.ErrConfig, or lion.ErrImplementation, and then nothing has changed. They are no
// part of the state that is saved.
func (o *Optimizer) SetConfig(group int, c lion.Config) error {
	if _, err := lion.New(c); err != nil {
		return err
	}
	o.groups[group].Config = c
	o.stale = true // a CautiousScale cuts otherwise
	return nil
}

// Params returns the parameters, in the order of the groups; it must not be changed.
func (o *Optimizer) Params() []*Param { return o.params }

// Counts returns how many steps have been made, and how many left out.
func (o *Optimizer) Counts() (steps, skipped int) { return o.step, o.skipped }

// LossScale returns what the next loss is to be multiplied by: 1 without LossScaling.
func (o *Optimizer) LossScale() float64 { return o.scaler.scale }

// manyBytes is how much a step moves for each worker that pays: what takes some 50 µs in
// caches, where a goroutine's start takes a few.
const manyBytes = 4 << 20

// setWorkers says how many goroutines are worth their start.
func (o *Optimizer) setWorkers() {
	o.workers = o.options.Workers
	if o.workers == 0 {
		bytes := 0
		for _, p := range o.params {
			bytes += p.storage.bytes * p.weights.n
		}
		o.workers = max(1, min(runtime.GOMAXPROCS(0), bytes/manyBytes))
	}
	o.work = func() {
		o.drain()
		o.wait.Done()
	}
}
