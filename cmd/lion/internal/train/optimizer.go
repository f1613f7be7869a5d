package train

import (
	"errors"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// optimizer steps the parameters of a network, stored in a format, and keeps
// account of the time.
type optimizer struct {
	config  lion.Config // LR is the peak
	stored  *storage.Stored
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

func newOptimizer(c lion.Config, f format, weight []float32, steps int) (*optimizer, error) {
	stored, err := storage.Store(f.Storage, weight)
	if err != nil {
		return nil, err
	}
	o := &optimizer{config: c, stored: stored, bytes: f.Bytes() * len(weight), steps: steps, lossScale: 1}
	if o.scales() {
		o.lossScale = firstLossScale
	}
	return o, nil
}

// scales says whether the gradient wants a loss scale.
func (o *optimizer) scales() bool { return o.stored.HalfGrad() != nil }

// rate is the learning rate of a step, counted from 0: it falls linearly from the
// peak to zero. A sign step never shrinks by itself, so that a constant rate would
// leave the weights trembling around the optimum.
func rate(peak float64, step, steps int) float64 {
	return peak * (float64(steps-step) / float64(steps))
}

// apply makes one step by grad, which is the gradient times lossScale, and
// writes the new weights to param. It calls lion.New every time, as a schedule
// does, and counts that.
func (o *optimizer) apply(param, grad []float32) error {
	if err := o.stored.SetGrad(grad); err != nil {
		return err
	}
	config := o.config
	config.LR = rate(config.LR, o.step, o.steps)
	o.step++
	if o.scales() {
		if s := lion.GradStats(o.stored.HalfGrad()); s.NaNs+s.Infs > 0 {
			return o.skip()
		}
		config.GradScale = 1 / o.lossScale
	}
	start := time.Now()
	stepper, err := lion.New(config)
	if err != nil {
		return err
	}
	if err := o.stored.Step(stepper.At(o.step - o.skipped)); err != nil {
		return err
	}
	o.elapsed += time.Since(start)
	if o.finite++; o.finite == lossScaleAfter && o.scales() {
		o.lossScale *= 2
		o.finite = 0
	}
	return o.stored.Load(param)
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
