package main

import (
	"time"

	"github.com/lionkernel/lion"
)

// bytesPerStep is what the float32 step moves for each element: it reads
// param, grad and momentum, and writes param and momentum.
const bytesPerStep = 5 * 4

// optimizer steps one slice of parameters and keeps account of the time.
type optimizer struct {
	config   lion.Config // LR is the peak
	momentum []float32
	step     int // steps done
	steps    int // steps that the run will take
	elapsed  time.Duration
}

// rate is the learning rate of the next step: it falls linearly from the peak
// to zero. A sign step never shrinks by itself, so that a constant rate would
// leave the weights trembling around the optimum.
func (o *optimizer) rate() float64 {
	return o.config.LR * (float64(o.steps-o.step) / float64(o.steps))
}

// apply makes one step. It calls lion.New every time, as a schedule does, and
// counts that.
func (o *optimizer) apply(param, grad []float32) error {
	start := time.Now()
	config := o.config
	config.LR = o.rate()
	stepper, err := lion.New(config)
	if err != nil {
		return err
	}
	if err := stepper.At(o.step+1).StepF32(param, grad, o.momentum); err != nil {
		return err
	}
	o.step++
	o.elapsed += time.Since(start)
	return nil
}

// bytesPerSecond is the rate at which the steps moved memory.
func (o *optimizer) bytesPerSecond() float64 {
	if o.elapsed <= 0 {
		return 0
	}
	return float64(o.step) * float64(len(o.momentum)) * bytesPerStep / o.elapsed.Seconds()
}
