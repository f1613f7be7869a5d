package train

import (
	"errors"
	"fmt"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/optim"
)

// optimizer steps the parameters of a network, stored in a format, and keeps
// account of the time.
type optimizer struct {
	*optim.Optimizer
	stored  *storage.Stored
	bytes   int           // that a step moves
	steps   int           // that the run will take, skipped ones included
	made    int           // by this process
	elapsed time.Duration // of them alone, without conversions for the model
}

// A gradient of halves wants a loss scale. It starts high, is halved by each gradient
// that isn't finite, which makes no step, and doubles after some that were.
const (
	firstLossScale = 1 << 16
	lossScaleAfter = 200
)

// newOptimizer makes the optimizer of a network whose weights have the given parts.
func newOptimizer(o options, weight []float32, parts []storage.Part, steps int) (*optimizer, error) {
	stored, err := storage.Store(o.format.Storage, weight)
	if err != nil {
		return nil, err
	}
	x := &optimizer{stored: stored, bytes: o.format.Bytes() * len(weight), steps: steps}
	options := optim.Options{MaxNorm: o.clip, Workers: o.workers}
	if x.scales() {
		options.LossScaling = optim.LossScaling{Init: firstLossScale, Growth: 2, Backoff: 0.5, Interval: lossScaleAfter}
	}
	schedule := o.schedule.of(steps)
	x.Optimizer, err = optim.New(options, optim.Group{
		Config: o.config,
		// It goes on where a step is left out.
		Schedule: func(t int) float64 { return schedule(t + x.left()) },
		Params:   stored.Params(parts),
	})
	if err != nil {
		return nil, err
	}
	stored.Begin(x.Optimizer)
	return x, nil
}

// left is how many steps were left out.
func (o *optimizer) left() int {
	_, skipped := o.Counts()
	return skipped
}

// done is how many steps were made or left out.
func (o *optimizer) done() int {
	steps, skipped := o.Counts()
	return steps + skipped
}

// scales says whether the gradient wants a loss scale.
func (o *optimizer) scales() bool { return o.stored.HalfGrad() != nil }

// A schedule is how the learning rate changes over a run.
type schedule struct {
	name, about string
	of          func(steps int) optim.Schedule
}

// schedules are those that -schedule knows. A sign step never shrinks by itself, so that
// a constant rate leaves the weights trembling around the optimum: the first, which is the
// default, and most others fall to 0.
var schedules = []schedule{
	{"linear", "falling to 0", func(steps int) optim.Schedule { return optim.Linear(steps, 0) }},
	{"cosine", "falling to 0 as a cosine", func(steps int) optim.Schedule { return optim.Cosine(steps, 0) }},
	{"wsd", "rising for 5 %, falling to 0 in the last 20 % of the steps", func(steps int) optim.Schedule {
		rise, fall := steps/20, steps/5
		return optim.WarmupStableDecay(rise, steps-rise-fall, fall, 0)
	}},
	{"constant", "constant", func(int) optim.Schedule { return optim.Constant() }},
}

// findSchedule returns the schedule of that name.
func findSchedule(name string) (schedule, error) {
	for _, s := range schedules {
		if s.name == name {
			return s, nil
		}
	}
	return schedule{}, fmt.Errorf("want linear, cosine, wsd or constant")
}

// apply makes one step by grad, which is the gradient times the loss scale, and
// writes the new weights to param.
func (o *optimizer) apply(param, grad []float32) error {
	if err := o.stored.SetGrad(grad); err != nil {
		return err
	}
	r, err := o.Step()
	if err != nil {
		return err
	}
	if r.Skipped {
		if o.LossScale() < 1 {
			return errors.New("the gradient is infinite or NaN, without a loss scale too: try a smaller -lr")
		}
		return nil
	}
	o.made++
	o.elapsed += r.Time
	return o.stored.Load(param)
}

// bytesPerSecond is the rate at which the steps moved memory.
func (o *optimizer) bytesPerSecond() float64 {
	if o.elapsed <= 0 {
		return 0
	}
	return float64(o.made) * float64(o.bytes) / o.elapsed.Seconds()
}

// rate is the learning rate of a step, counted from 1.
func (s schedule) rate(peak float64, step, steps int) float64 { return peak * s.of(steps)(step) }

// least returns a step at which the rate is the least that isn't 0, and that rate.
func (s schedule) least(c lion.Config, steps int) (lion.Config, int) {
	best, at := c, 0
	for _, step := range []int{1, steps - 1, steps} {
		if lr := s.rate(c.LR, step, steps); step >= 1 && lr > 0 && (at == 0 || lr < best.LR) {
			best.LR, at = lr, step
		}
	}
	return best, at
}
