package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
)

// result is what a run leaves.
type result struct {
	history        []epoch
	curve          *recorder // for a plot, if one is wanted
	digest         string    // SHA-256 of the weights
	implementation string
	optimizer      *optimizer
	weights        int // how many
	total          time.Duration
}

// accuracy is that on the held-out images in the end, in percent.
func (r result) accuracy() float64 { return 100 * r.history[len(r.history)-1].test.accuracy }

// epoch is one line of the report.
type epoch struct {
	train score // mean over the epoch, while the weights move
	test  score // at the end of the epoch
}

// trainer is a run at work.
type trainer struct {
	options
	data   *dataset
	net    *network
	opt    *optimizer
	random rng.Source
	order  []int // of the samples
	// The batch at hand.
	pixels []float32
	labels []uint8

	curve *recorder // if a plot is wanted
}

// newTrainer prepares a run. Samples are visited in an order that depends on the
// seed alone, and nothing is computed in parallel whose order of summation could
// differ: equal options give equal parameters.
func newTrainer(o options, d *dataset, m matmul) (*trainer, error) {
	samples := len(d.train.labels)
	if err := o.check(d.inputs, d.classes, samples); err != nil {
		return nil, err
	}
	o.batch = min(o.batch, samples) // as the header says it
	t := &trainer{
		options: o, data: d, random: rng.Source(o.seed), order: make([]int, samples),
		pixels: make([]float32, 0, o.batch*d.inputs), labels: make([]uint8, 0, o.batch),
	}
	for i := range t.order {
		t.order[i] = i
	}
	sizes := slices.Concat([]int{d.inputs}, o.hidden, []int{d.classes})
	t.net = newNetwork(sizes, o.batch, m, &t.random)
	var err error
	t.opt, err = newOptimizer(o, t.net.param, t.net.parts(), o.epochs*t.batches())
	if err != nil {
		return nil, err
	}
	if o.plot != "" {
		t.curve = newRecorder(o.epochs, t.batches())
	}
	if o.resume != "" {
		if err := t.restore(); err != nil {
			return nil, err
		}
	}
	return t, t.opt.stored.Load(t.net.param)
}

// batches is how many an epoch has.
func (t *trainer) batches() int { return (len(t.order) + t.batch - 1) / t.batch }

// train runs the whole training.
func train(ctx context.Context, o options, d *dataset, m matmul, stdout, stderr io.Writer) (result, error) {
	t, err := newTrainer(o, d, m)
	if err != nil {
		return result{}, err
	}
	stepper, err := lion.New(o.config)
	if err != nil {
		return result{}, err
	}
	r := result{implementation: stepper.Implementation(), optimizer: t.opt, weights: len(t.net.param), curve: t.curve}
	printHeader(stdout, t.options, d, t.net, r.implementation)
	bar := cli.NewBar(stderr, t.opt.steps)
	defer bar.Close()
	first := t.opt.done() / t.batches()
	bar.Add(t.opt.done())
	if t.curve != nil {
		t.curve.heldOut(0, t.net.evaluate(d.test))
	}
	if err := t.saveRun(); err != nil { // rather now than after an epoch
		return r, err
	}
	start := time.Now()
	if r.history, err = t.epochs(ctx, first, bar, stdout); err != nil {
		return r, err
	}
	if first == o.epochs { // a run that had ended
		r.history = []epoch{{test: t.net.evaluate(d.test)}}
	}
	r.total = time.Since(start)
	r.digest, err = digest(t.opt.stored.Weights(t.opt.Optimizer))
	return r, err
}

// epochs trains from an epoch on, counted from 0, and reports and saves each.
func (t *trainer) epochs(ctx context.Context, first int, bar cli.Bar, stdout io.Writer) (history []epoch, err error) {
	start := time.Now()
	for e := first; e < t.options.epochs; e++ {
		bar.Describe("epoch %d/%d", e+1, t.options.epochs)
		mean, err := t.epoch(ctx, e, bar)
		stop := cli.Stopped(ctx)
		stopped := stop != nil && errors.Is(err, stop)
		if stopped {
			err = fmt.Errorf("%w in epoch %d of %d", err, e+1, t.options.epochs)
		}
		if err == nil || stopped {
			err = errors.Join(err, t.saveRun())
		}
		if err != nil {
			return history, err
		}
		line := epoch{mean, t.net.evaluate(t.data.test)}
		history = append(history, line)
		t.curve.heldOut(e+1, line.test)
		bar.Clear()
		if err := printEpoch(stdout, e+1, line, time.Since(start)); err != nil {
			return history, err // what is the use of going on?
		}
	}
	return history, nil
}

// epoch trains with each sample once, and returns the mean of their scores: with those
// that are left, where the run was resumed. It is epoch e, counted from 0.
func (t *trainer) epoch(ctx context.Context, e int, bar cli.Bar) (score, error) {
	t.random.Shuffle(t.order)
	var sum score
	begin := t.opt.done() % t.batches()
	for i := begin; i < t.batches(); i++ {
		if err := cli.Stopped(ctx); err != nil {
			return score{}, err
		}
		samples := t.order[i*t.batch : min((i+1)*t.batch, len(t.order))]
		loss, right, err := t.step(samples)
		if err != nil {
			return score{}, err
		}
		sum.add(loss, right)
		t.curve.batch(e, i, len(samples), loss, right)
		bar.Add(1)
	}
	mean := sum.mean(len(t.order) - begin*t.batch)
	if !math.IsNaN(mean.loss) {
		return mean, nil
	}
	if t.config.Rule == lion.BiasCorrected && t.config.Decay != lion.Coupled {
		return mean, errors.New("the loss isn't a number any more: under this rule a weight jumps where its gradient is zero, as a ReLU makes it; try -decay coupled")
	}
	return mean, errors.New("the loss isn't a number any more: try a smaller -lr")
}

// step makes one step by a batch of samples. It returns the sum of their losses
// and how many were told right.
func (t *trainer) step(samples []int) (loss float64, right int, err error) {
	t.pixels, t.labels = t.pixels[:0], t.labels[:0]
	for _, s := range samples {
		t.pixels = append(t.pixels, t.data.train.pixels[s*t.data.inputs:(s+1)*t.data.inputs]...)
		t.labels = append(t.labels, t.data.train.labels[s])
	}
	t.net.lossScale = t.opt.LossScale()
	loss, right = t.net.lossGrad(t.pixels, t.labels)
	return loss, right, t.opt.apply(t.net.param, t.net.grad)
}

// digest is the SHA-256 of slices of numbers as little-endian bytes.
func digest(slices []any) (string, error) {
	h := sha256.New()
	for _, s := range slices {
		if err := binary.Write(h, binary.LittleEndian, s); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
