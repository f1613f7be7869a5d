package optim

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/lionkernel/lion"
)

// ErrNotFinite: a gradient is infinite or NaN, or its norm makes a factor that float32
// can't hold, and Options.NonFinite doesn't let the step be.
var ErrNotFinite = errors.New("optim: gradient not finite")

// ErrReport: Optimizer.StepWith was given a Report that isn't of the step it would make.
var ErrReport = errors.New("optim: not the report of this step")

// Report tells what Optimizer.Check found and what a step did.
type Report struct {
	Step int // t of the step, counted from 1; a skipped one's is that of the next
	// Skipped says that the step is to be left out, or has been. Between Check and StepWith
	// it may be changed: several processes that train one model must agree.
	Skipped bool
	Skips   int // steps left out so far, this one included

	// Measured says that the gradients were looked at; else the fields below, up to
	// First, are zero.
	Measured bool
	// SumSquares is the sum of (s·s)·q over the parameters in their order, from 0, where q
	// is the SumSquares of lion.GradStats for the gradient and s the group's GradScale
	// (1 if that is 0) divided by the loss scale; each operation is rounded. Processes that
	// have a part of the model each add theirs up before StepWith.
	SumSquares float64
	// Norm is its root, before any clipping.
	Norm       float64
	NaNs, Infs int    // elements of gradients that aren't finite
	First      string // the name of the first parameter with one

	Clip      float64 // what clipping by the global norm multiplies by: 1 or less
	LossScale float64 // what the loss of this step was multiplied by
	// Rates are the learning rates of the groups. They are the optimizer's, which
	// writes the next step's to the same place.
	Rates []float64

	// Bytes were moved, for statistics and step together, as lion's table of storages
	// counts them; Time is what that took, and checks.
	Bytes int
	Time  time.Duration
}

// Step makes one step of all parameters: Check, and StepWith what it reports.
func (o *Optimizer) Step() (Report, error) {
	start := time.Now()
	r := o.report()
	err := o.check(&r)
	if err == nil {
		err = o.stepWith(&r)
	}
	r.Time = time.Since(start)
	return r, err
}

// report is what is known of the next step.
func (o *Optimizer) report() Report {
	return Report{Step: o.step + 1, Skips: o.skipped, Clip: 1, LossScale: o.scaler.scale, Rates: o.rates}
}

// Check is the first half of a step: it checks all slices, if some have changed, and
// measures the gradients, if anything wants that. It writes to none of them. The error
// wraps lion.ErrLength, lion.ErrOverlap or lion.ErrRows; a gradient that isn't finite is
// no error yet.
//
// Where several processes train one model, each calls Check, they agree on Skipped (which
// one of them having it makes it true for all) and, if each has a part of the model, on
// SumSquares, NaNs and Infs (the sums), and call StepWith with that.
func (o *Optimizer) Check() (Report, error) {
	start := time.Now()
	r := o.report()
	err := o.check(&r)
	r.Time = time.Since(start)
	return r, err
}

// check is Check.
func (o *Optimizer) check(r *Report) error {
	if o.stale {
		if err := o.prepare(); err != nil {
			return err
		}
	}
	for i := range o.groups {
		g := &o.groups[i]
		o.rates[i] = g.Config.LR
		if g.Schedule != nil {
			o.rates[i] *= g.Schedule(r.Step)
		}
	}
	if o.measures() {
		if err := o.measure(r); err != nil {
			return err
		}
		r.Skipped = o.skips() && o.tooLarge(r)
	}
	return nil
}

// measures says whether gradients must be looked at.
func (o *Optimizer) measures() bool {
	x := &o.options
	return x.Measure || x.MaxNorm > 0 || x.MaxTensorNorm > 0 || x.NonFinite != Proceed || o.scaler.on()
}

// skips says whether what isn't finite is left out.
func (o *Optimizer) skips() bool {
	return o.options.NonFinite == Skip || o.options.NonFinite == Proceed && o.scaler.on()
}

// measure fills in what the gradients come to.
func (o *Optimizer) measure(r *Report) error {
	if err := o.parallel((*Optimizer).measureJob); err != nil {
		return err
	}
	if err := o.joinParts(); err != nil {
		return err
	}
	r.Measured = true
	r.Bytes += o.grads
	for _, p := range o.params {
		if p.missing() {
			continue
		}
		q := &o.stats[p.index]
		s := o.scale(p.group)
		r.SumSquares += float64(float64(s*s) * q.SumSquares)
		r.NaNs += q.NaNs
		r.Infs += q.Infs
		if r.First == "" && q.NaNs+q.Infs > 0 {
			r.First = p.name
		}
	}
	r.Norm = math.Sqrt(r.SumSquares)
	return nil
}

// scale is what the gradients of a group are multiplied by before they are clipped.
func (o *Optimizer) scale(group int) float64 {
	s := o.groups[group].Config.GradScale
	if s == 0 {
		s = 1
	}
	return s / o.scaler.scale
}

// measureJob takes the statistics of the pieces of a job.
func (o *Optimizer) measureJob(i int) {
	j := &o.jobs[i]
	if p := j.rows; p != nil {
		if p.grad.kind == f64 {
			o.stats[p.index] = lion.GradStats(of[float64](p.grad))
		} else {
			o.stats[p.index] = lion.GradStats(of[float32](p.grad))
		}
		return
	}
	for i := j.from; i < j.to; i++ {
		t, a := &o.pieces[i], &o.about[i]
		if a.part < 0 {
			o.stats[a.param] = t.GradStats()
			continue
		}
		part, err := t.GradStatsPart(a.from)
		o.parts[a.part] = part
		o.fail(err)
	}
}

// joinParts makes the statistics of tensors that are cut.
func (o *Optimizer) joinParts() error {
	var whole lion.StatsPart
	for i := range o.about {
		a := &o.about[i]
		if a.part < 0 {
			continue
		}
		if a.from == 0 {
			whole = lion.StatsPart{}
		}
		var err error
		if whole, err = whole.Join(o.parts[a.part]); err != nil {
			return err
		}
		o.stats[a.param] = whole.Stats() // the last one's is of all
	}
	return nil
}

// tooLarge says whether r's gradients can't be stepped by.
func (o *Optimizer) tooLarge(r *Report) bool {
	return r.NaNs+r.Infs > 0 || math.IsInf(r.Norm, 0)
}

// StepWith is the second half of a step: it makes it, or leaves it out, as r says, which
// is what Check returned and what processes have agreed on. Norm and Clip are computed
// from r.SumSquares anew.
//
// The error wraps ErrReport if r is of another step, lion.ErrConfig if a learning rate is
// out of range, or ErrNotFinite; then nothing has been written, and o is as it was, but
// that a Fail lowers the loss scale, as a Skip does.
func (o *Optimizer) StepWith(r Report) (Report, error) {
	start := time.Now()
	err := o.stepWith(&r)
	r.Time += time.Since(start)
	return r, err
}

// stepWith is StepWith.
func (o *Optimizer) stepWith(r *Report) error {
	switch {
	case r.Step != o.step+1:
		return fmt.Errorf("%w: it is of step %d, the next is %d", ErrReport, r.Step, o.step+1)
	case r.LossScale != o.scaler.scale:
		return fmt.Errorf("%w: its loss scale is %v, but it should be %v", ErrReport, r.LossScale, o.scaler.scale)
	case r.Measured != o.measures():
		return fmt.Errorf("%w: Measured = %v, but it should be %v", ErrReport, r.Measured, o.measures())
	case o.stale:
		return fmt.Errorf("%w: slices or hyperparameters were set after it: Check again", ErrReport)
	}
	if err := o.settle(r); err != nil {
		return err
	}
	if r.Skipped {
		o.skipped++
		r.Skips = o.skipped
	} else {
		if err := o.apply(); err != nil {
			return err
		}
		o.step++
		r.Bytes += o.bytes
	}
	o.scaler.after(r.Skipped)
	return nil
}

// settle decides on clipping and skipping, and makes the Steppers.
func (o *Optimizer) settle(r *Report) error {
	r.Clip = 1
	if r.Measured {
		r.Norm = math.Sqrt(r.SumSquares)
		if o.options.MaxNorm > 0 && r.Norm > o.options.MaxNorm {
			r.Clip = o.options.MaxNorm / r.Norm
		}
	}
	r.Skipped = r.Skipped || r.Measured && o.skips() && o.tooLarge(r)
	if r.Skipped {
		return nil
	}
	var bad error
	if r.Measured && o.options.NonFinite == Fail && o.tooLarge(r) {
		bad = fmt.Errorf("%w: step %d: %d NaNs and %d infinities, norm %v; first in %q", ErrNotFinite, r.Step, r.NaNs, r.Infs, r.Norm, r.First)
	}
	unfit, err := o.makeSteppers(r)
	if err != nil {
		return err
	}
	if bad == nil {
		bad = unfit
	}
	if bad == nil && o.options.MaxTensorNorm > 0 {
		bad = o.checkTensors(r)
	}
	switch {
	case bad == nil:
	case o.skips():
		r.Skipped = true
	default:
		o.scaler.after(true)
		return bad
	}
	return nil
}

// makeSteppers makes those of the groups. unfit is what is wrong with clipping, err what is
// whatever the gradients.
func (o *Optimizer) makeSteppers(r *Report) (unfit, err error) {
	for i := range o.groups {
		if o.steppers[i], err = o.stepper(i, 1); err != nil {
			return nil, fmt.Errorf("group %d, step %d: %w", i, r.Step, err)
		}
		if r.Clip == 1 {
			continue
		}
		var clipped error
		if o.steppers[i], clipped = o.stepper(i, r.Clip); clipped != nil && unfit == nil {
			unfit = fmt.Errorf("%w: step %d: norm %v makes a factor that float32 can't hold: %w", ErrNotFinite, r.Step, r.Norm, clipped)
		}
	}
	return unfit, nil
}

// stepper makes the Stepper of a group, for gradients that are clipped by a factor, which
// may have come out as 0: no GradScale, where that means 1.
func (o *Optimizer) stepper(group int, clip float64) (lion.Stepper, error) {
	c := o.groups[group].Config
	c.LR = o.rates[group]
	c.GradScale = o.scale(group) * clip
	if c.GradScale == 0 {
		return lion.Stepper{}, fmt.Errorf("%w: GradScale = 0", lion.ErrConfig)
	}
	s, err := lion.New(c)
	return s.At(o.step + 1), err
}

// clip is the factor that brings a parameter's gradient to MaxTensorNorm.
func (o *Optimizer) clip(p *Param) float64 {
	s := o.scale(p.group)
	norm := math.Sqrt(float64(float64(s*s) * o.stats[p.index].SumSquares))
	if norm > o.options.MaxTensorNorm {
		return o.options.MaxTensorNorm / norm
	}
	return 1
}

// checkTensors tells whether each parameter's clipping can be.
func (o *Optimizer) checkTensors(r *Report) error {
	for _, p := range o.params {
		if p.missing() {
			continue
		}
		if _, err := o.stepper(p.group, o.clip(p)); err != nil {
			return fmt.Errorf("%w: step %d: %s: %w", ErrNotFinite, r.Step, p.name, err)
		}
	}
	return nil
}

// apply steps all parameters. Whatever could be wrong has been checked.
func (o *Optimizer) apply() error {
	if o.scaled {
		for i := range o.agree {
			o.agree[i].Store(0)
		}
		if err := o.parallel((*Optimizer).countJob); err != nil {
			return err
		}
	}
	return o.parallel((*Optimizer).stepJob)
}

// counts says whether a group has a CautiousScale.
func (o *Optimizer) counts(group int) bool {
	return o.groups[group].Config.CautiousScale != lion.ScaleNone
}

// countJob counts which elements of a job's pieces agree. Rows are counted by their step,
// which has them all.
func (o *Optimizer) countJob(i int) {
	j := &o.jobs[i]
	if j.rows != nil || !o.counts(j.group) {
		return
	}
	for i := j.from; i < j.to; i++ {
		p := o.params[o.about[i].param]
		s, err := o.stepperOf(p)
		o.fail(err)
		k, err := s.Agreeing(o.pieces[i])
		o.fail(err)
		o.agree[p.index].Add(int64(k))
	}
}

// stepJob steps the pieces of a job: all by one Stepper, if there is one for all.
func (o *Optimizer) stepJob(i int) {
	j := &o.jobs[i]
	if p := j.rows; p != nil {
		s, err := o.stepperOf(p)
		o.fail(err)
		o.fail(p.stepRows(&s))
		return
	}
	counts := o.counts(j.group)
	if !counts && o.options.MaxTensorNorm == 0 {
		o.fail(o.steppers[j.group].StepTensors(o.pieces[j.from:j.to]))
		return
	}
	for i := j.from; i < j.to; i++ {
		p := o.params[o.about[i].param]
		s, err := o.stepperOf(p)
		o.fail(err)
		if counts {
			s = s.Counted(int(o.agree[p.index].Load()), p.weights.n)
		}
		o.fail(s.StepTensors(o.pieces[i : i+1]))
	}
}

// stepperOf makes the Stepper of a parameter, which MaxTensorNorm clips for itself.
func (o *Optimizer) stepperOf(p *Param) (lion.Stepper, error) {
	if o.options.MaxTensorNorm == 0 {
		return o.steppers[p.group], nil
	}
	return o.stepper(p.group, o.clip(p))
}

// stepRows steps the rows that p's gradient is of.
func (p *Param) stepRows(s *lion.Stepper) error {
	if p.grad.kind == f64 {
		return s.StepRowsF64(of[float64](p.weights), of[float64](p.momentum), p.width, p.rows, of[float64](p.grad))
	}
	return s.StepRowsF32(of[float32](p.weights), of[float32](p.momentum), p.width, p.rows, of[float32](p.grad))
}
