package main

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
)

func trainCommand(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseTrain(args, stdout)
	if err != nil {
		return err
	}
	// A typing error must not cost a training run.
	if _, err := lion.New(o.config); err != nil {
		return usageError{err}
	}
	var plot *plotFile
	if o.plot != "" {
		if plot, err = openPlot(o.plot); err != nil {
			return err
		}
		defer plot.close()
	}
	d, m, err := loadData(o.data)
	if err != nil {
		return err
	}
	result, err := train(ctx, o, d, m, stdout, stderr)
	if err != nil {
		return err
	}
	// What goes wrong from here on doesn't cost the result.
	var f32 *trainResult
	var failed error
	if o.compare && o.scheme.name != "f32" {
		o := o
		o.scheme, o.config.Rounding = schemes[0], lion.NearestRounding
		if r, err := train(ctx, o, d, m, io.Discard, stderr); err != nil {
			failed = fmt.Errorf("f32, for comparison: %w", err)
		} else {
			f32 = &r
		}
	}
	printSummary(stdout, result, f32)
	if plot != nil {
		if err := plot.draw(d.name, result.history); err != nil {
			failed = errors.Join(failed, err)
		} else {
			fmt.Fprintf(stdout, "plot             %s\n", o.plot)
		}
	}
	printDigest(stdout, result)
	return failed
}

// loadData returns a data set and the matrix products that suit its size.
func loadData(name string) (*dataset, matmul, error) {
	var d *dataset
	var err error
	switch {
	case name == "digits":
		d, err = loadDigits()
		return d, plain{}, err
	case name == "mnist":
		d, err = loadMNIST("")
	case isDir(name):
		d, err = loadMNIST(name)
	default:
		err = misuse("-data %q: want digits, mnist or a folder", name)
	}
	return d, gonum{}, err
}

// trainResult is what a run leaves.
type trainResult struct {
	history        []epoch
	digest         string // SHA-256 of the weights
	implementation string
	optimizer      *optimizer
	weights        int // how many
	total          time.Duration
}

// accuracy is that on the held-out images in the end, in percent.
func (r trainResult) accuracy() float64 { return 100 * r.history[len(r.history)-1].test.accuracy }

// epoch is one line of the report.
type epoch struct {
	train score // mean over the epoch, while the weights move
	test  score // at the end of the epoch
}

// train runs the whole training. Samples are visited in an order that depends
// on the seed alone, and nothing is computed in parallel whose order of
// summation could differ: equal options give equal parameters.
func train(ctx context.Context, o trainOptions, d *dataset, m matmul, stdout, stderr io.Writer) (trainResult, error) {
	random := rng(o.seed)
	samples := len(d.train.labels)
	sizes := slices.Concat([]int{d.inputs}, o.hidden, []int{d.classes})
	batch := min(o.batch, samples)
	o.batch = batch // as the header says it
	net := newNetwork(sizes, batch, m, &random)
	batches := (samples + batch - 1) / batch
	opt, err := newOptimizer(o.config, o.scheme, net.param, o.epochs*batches)
	if err != nil {
		return trainResult{}, err
	}
	if err := opt.stored.load(net.param); err != nil {
		return trainResult{}, err
	}
	stepper, err := lion.New(o.config)
	if err != nil {
		return trainResult{}, err
	}
	printHeader(stdout, o, d, net, stepper.Implementation())

	result := trainResult{implementation: stepper.Implementation(), optimizer: opt, weights: len(net.param)}
	order := make([]int, samples)
	for i := range order {
		order[i] = i
	}
	pixels := make([]float32, 0, batch*d.inputs)
	labels := make([]uint8, 0, batch)
	bar := newBar(stderr, opt.steps)
	defer bar.close()
	start := time.Now()
	for e := range o.epochs {
		random.shuffle(order)
		var sum score
		bar.describe("epoch %d/%d", e+1, o.epochs)
		for i := 0; i < samples; i += batch {
			if ctx.Err() != nil {
				return result, fmt.Errorf("%w in epoch %d of %d", errInterrupt, e+1, o.epochs)
			}
			pixels, labels = pixels[:0], labels[:0]
			for _, s := range order[i:min(i+batch, samples)] {
				pixels = append(pixels, d.train.pixels[s*d.inputs:(s+1)*d.inputs]...)
				labels = append(labels, d.train.labels[s])
			}
			net.lossScale = opt.lossScale
			sum.add(net.lossGrad(pixels, labels))
			if err := opt.apply(net.param, net.grad); err != nil {
				return result, err
			}
			bar.add(1)
		}
		line := epoch{sum.mean(samples), net.evaluate(d.test)}
		if math.IsNaN(line.train.loss) {
			if o.config.Rule == lion.BiasCorrected && o.config.Decay != lion.Coupled {
				return result, errors.New("the loss isn't a number any more: under this rule a weight jumps where its gradient is zero, as a ReLU makes it; try -decay coupled")
			}
			return result, errors.New("the loss isn't a number any more: try a smaller -lr")
		}
		result.history = append(result.history, line)
		bar.clear()
		if _, err := fmt.Fprintf(stdout, "%5d   %10.4f   %8.2f %%   %13.4f   %10.2f %%   %7.1f s\n", e+1,
			line.train.loss, 100*line.train.accuracy, line.test.loss, 100*line.test.accuracy, time.Since(start).Seconds()); err != nil {
			return result, err // what is the use of going on?
		}
	}
	result.total = time.Since(start)
	result.digest, err = digest(opt.stored.weight)
	return result, err
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
