package main

import (
	"errors"
	"time"

	"github.com/lionkernel/lion"
)

// optimizer steps the parameters of a network, stored by a scheme, and keeps
// account of the time.
type optimizer struct {
	config  lion.Config // LR is the peak
	stored  stored
	bytes   int // that a step moves
	step    int // steps done or skipped
	steps   int // steps that the run will take
	skipped int
	elapsed time.Duration // of the steps alone, without conversions for the model

	// lossScale is what the gradient that comes next is to be multiplied by: 1,
	// or for gradients that may overflow and underflow as large as they allow.
	lossScale float64
	finite    int // steps since lossScale changed
}

// Where a gradient wants a loss scale, it starts high, is halved by each gradient
// that isn't finite, which makes no step, and doubles after some that were.
const (
	firstLossScale = 1 << 16
	lossScaleAfter = 200
)

func newOptimizer(c lion.Config, s scheme, weight []float32, steps int) (*optimizer, error) {
	st, err := s.store(weight)
	o := &optimizer{config: c, stored: st, bytes: s.bytes * len(weight), steps: steps, lossScale: 1}
	if st.stats != nil {
		o.lossScale = firstLossScale
	}
	return o, err
}

// rate is the learning rate of the next step: it falls linearly from the peak
// to zero. A sign step never shrinks by itself, so that a constant rate would
// leave the weights trembling around the optimum.
func (o *optimizer) rate() float64 {
	return o.config.LR * (float64(o.steps-o.step) / float64(o.steps))
}

// apply makes one step by grad, which is the gradient times lossScale, and
// writes the new weights to param. It calls lion.New every time, as a schedule
// does, and counts that.
func (o *optimizer) apply(param, grad []float32) error {
	if err := o.stored.setGrad(grad); err != nil {
		return err
	}
	config := o.config
	config.LR = o.rate()
	o.step++
	if o.stored.stats != nil {
		if s := o.stored.stats(); s.NaNs+s.Infs > 0 {
			return o.skip()
		}
		config.GradScale = 1 / o.lossScale
	}
	start := time.Now()
	stepper, err := lion.New(config)
	if err != nil {
		return err
	}
	if err := o.stored.step(stepper.At(o.step - o.skipped)); err != nil {
		return err
	}
	o.elapsed += time.Since(start)
	if o.finite++; o.finite == lossScaleAfter && o.stored.stats != nil {
		o.lossScale *= 2
		o.finite = 0
	}
	return o.stored.load(param)
}

// skip makes no step, since the gradient isn't finite.
func (o *optimizer) skip() error {
	o.skipped++
	o.finite = 0
	if o.lossScale /= 2; o.lossScale < 1 {
		return errors.New("the gradient is infinite or NaN, without a loss scale too: try a smaller -lr")
	}
	return nil
}

// bytesPerSecond is the rate at which the steps moved memory.
func (o *optimizer) bytesPerSecond() float64 {
	if o.elapsed <= 0 {
		return 0
	}
	return float64(o.step-o.skipped) * float64(o.bytes) / o.elapsed.Seconds()
}
