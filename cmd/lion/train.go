package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lionkernel/lion"
)

// trainOptions are the flags of lion train.
type trainOptions struct {
	config lion.Config
	data   string
	epochs int
	batch  int
	hidden []int
	seed   uint64
	plot   string
}

// trainDefaults are the settings that differ between the data sets; a flag on
// the command line wins.
var trainDefaults = map[string]struct {
	epochs, batch   int
	lr, weightDecay float64
}{
	"digits": {25, 16, 2e-3, 0.3},
	"mnist":  {3, 64, 5e-4, 0.1},
}

// stepFactor is how much larger the default -lr is, and the default
// -weight-decay smaller, for the rules whose step isn't ±1 but follows the size
// of the gradient.
var stepFactor = map[lion.Rule]float64{lion.BiasCorrected: 10, lion.Refined: 250, lion.Smooth: 250}

const trainAbout = `Trains a multilayer perceptron with the Lion step and prints loss and accuracy
for each epoch. The last line is the SHA-256 of the final parameters: the same
for every -impl, since every implementation computes the same bits. With the
digits, which use no other arithmetic than portable Go, it is also the same on
every architecture.`

func trainCommand(args []string, stdout, stderr io.Writer) error {
	o, err := parseTrain(args, stdout)
	if err != nil {
		return err
	}
	// A typing error must not cost a training run.
	if _, err := lion.New(o.config); err != nil {
		return usageError{err}
	}
	if err := checkPlot(o.plot); err != nil {
		return err
	}
	d, m, err := loadData(o.data)
	if err != nil {
		return err
	}
	result, err := train(o, d, m, stdout, stderr)
	if err != nil {
		return err
	}
	if o.plot != "" {
		if err := plotTraining(o.plot, d.name, result.history); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "plot             %s\n", o.plot)
	}
	return nil
}

func parseTrain(args []string, help io.Writer) (trainOptions, error) {
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	o := trainOptions{config: lion.DefaultConfig()}
	fs.StringVar(&o.data, "data", "digits", "`SET` to train on: digits (8×8, built in), mnist (28×28, from the module\n"+mnistModule+"), or a folder with four files in MNIST's format")
	fs.StringVar(&o.config.Implementation, "impl", "", "`NAME` of the implementation: "+strings.Join(lion.Implementations(), ", ")+"\n(default: the best here, or what LION_IMPL names)")
	fs.IntVar(&o.epochs, "epochs", 0, "`N` passes over the training set (default: digits 25, mnist 3)")
	fs.Float64Var(&o.config.LR, "lr", 0, "peak learning rate `η`; it falls linearly to 0 (default: digits 0.002, mnist 0.0005;\nbias-corrected: 10 times, refined and smooth: 250 times that)")
	fs.Float64Var(&o.config.Beta1, "beta1", o.config.Beta1, "interpolation `β1`")
	fs.Float64Var(&o.config.Beta2, "beta2", o.config.Beta2, "momentum decay `β2`")
	fs.Float64Var(&o.config.WeightDecay, "weight-decay", 0, "weight decay `λ` (default: digits 0.3, mnist 0.1;\nindependent: that times η; coupled: 0.0001)")
	fs.Func("rule", "`RULE` of the update: paper, momentum-first, bias-corrected, cautious, refined\nor smooth (default paper)", func(s string) (err error) {
		o.config.Rule, err = lion.ParseRule(s)
		return err
	})
	fs.Func("decay", "`KIND` of weight decay: decoupled, decoupled-paper, independent or coupled\n(default decoupled)", func(s string) (err error) {
		o.config.Decay, err = lion.ParseDecay(s)
		return err
	})
	fs.Uint64Var(&o.seed, "seed", 1, "`SEED` of the initial weights and of the order of the samples")
	fs.IntVar(&o.batch, "batch", 0, "`N` samples in a batch (default: digits 16, mnist 64)")
	hidden := fs.String("hidden", "128", "`SIZES` of the hidden layers, such as 128 or 256,64")
	fs.StringVar(&o.plot, "plot", "", "draw loss and accuracy into `FILE.svg`")
	if err := parse(fs, trainAbout, args, help); err != nil {
		return o, err
	}
	defaults, ok := trainDefaults[o.data]
	if !ok {
		defaults = trainDefaults["mnist"]
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["epochs"] {
		o.epochs = defaults.epochs
	}
	if !given["batch"] {
		o.batch = defaults.batch
	}
	if !given["lr"] {
		o.config.LR = defaults.lr
		if f := stepFactor[o.config.Rule]; f != 0 {
			o.config.LR *= f
			defaults.weightDecay /= f
		}
	}
	if !given["weight-decay"] {
		o.config.WeightDecay = defaults.weightDecay
		switch o.config.Decay {
		case lion.Independent: // isn't multiplied by η: the same shrinking at the peak
			o.config.WeightDecay *= o.config.LR
		case lion.Coupled: // is added to the gradient: a little, not to drown it
			o.config.WeightDecay = 1e-4
		}
	}
	switch {
	case o.epochs < 1:
		return o, misuse("-epochs %d: must be at least 1", o.epochs)
	case o.batch < 1:
		return o, misuse("-batch %d: must be at least 1", o.batch)
	}
	for _, word := range strings.Split(*hidden, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || size < 1 || size > 1<<16 {
			return o, misuse("-hidden %q: want sizes from 1 to 65536, such as 128 or 256,64", *hidden)
		}
		o.hidden = append(o.hidden, size)
	}
	return o, nil
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
	history []epoch
	digest  string // SHA-256 of the parameters
}

// epoch is one line of the report.
type epoch struct {
	train score // mean over the epoch, while the weights move
	test  score // at the end of the epoch
}

// train runs the whole training. Samples are visited in an order that depends
// on the seed alone, and nothing is computed in parallel whose order of
// summation could differ: equal options give equal parameters.
func train(o trainOptions, d *dataset, m matmul, stdout, stderr io.Writer) (trainResult, error) {
	random := rng(o.seed)
	samples := len(d.train.labels)
	sizes := slices.Concat([]int{d.inputs}, o.hidden, []int{d.classes})
	batch := min(o.batch, samples)
	net := newNetwork(sizes, batch, m, &random)
	batches := (samples + batch - 1) / batch
	opt := &optimizer{config: o.config, momentum: make([]float32, len(net.param)), steps: o.epochs * batches}
	stepper, err := lion.New(o.config)
	if err != nil {
		return trainResult{}, err
	}
	printHeader(stdout, o, d, net, stepper.Implementation())

	var result trainResult
	order := make([]int, samples)
	for i := range order {
		order[i] = i
	}
	pixels := make([]float32, 0, batch*d.inputs)
	labels := make([]uint8, 0, batch)
	bar := newBar(stderr, opt.steps)
	start := time.Now()
	for e := range o.epochs {
		random.shuffle(order)
		var sum score
		bar.describe("epoch %d/%d", e+1, o.epochs)
		for i := 0; i < samples; i += batch {
			pixels, labels = pixels[:0], labels[:0]
			for _, s := range order[i:min(i+batch, samples)] {
				pixels = append(pixels, d.train.pixels[s*d.inputs:(s+1)*d.inputs]...)
				labels = append(labels, d.train.labels[s])
			}
			sum.add(net.lossGrad(pixels, labels))
			if err := opt.apply(net.param, net.grad); err != nil {
				return result, err
			}
			bar.add(1)
		}
		line := epoch{sum.mean(samples), net.evaluate(d.test)}
		if math.IsNaN(line.train.loss) {
			bar.close()
			if o.config.Rule == lion.BiasCorrected && o.config.Decay != lion.Coupled {
				return result, errors.New("the loss isn't a number any more: under this rule a weight jumps where its gradient is zero, as a ReLU makes it; try -decay coupled")
			}
			return result, errors.New("the loss isn't a number any more: try a smaller -lr")
		}
		result.history = append(result.history, line)
		bar.clear()
		fmt.Fprintf(stdout, "%5d   %10.4f   %8.2f %%   %13.4f   %10.2f %%   %7.1f s\n", e+1,
			line.train.loss, 100*line.train.accuracy, line.test.loss, 100*line.test.accuracy, time.Since(start).Seconds())
	}
	bar.close()
	result.digest = digestF32(net.param)
	printSummary(stdout, result, opt, stepper.Implementation(), time.Since(start))
	return result, nil
}

func printHeader(w io.Writer, o trainOptions, d *dataset, net *network, impl string) {
	var shape []string
	for _, s := range net.sizes {
		shape = append(shape, strconv.Itoa(s))
	}
	fmt.Fprintf(w, "data             %s\n", d.name)
	fmt.Fprintf(w, "                 %s images to train on, %s held out\n", thousands(len(d.train.labels)), thousands(len(d.test.labels)))
	fmt.Fprintf(w, "network          %s, %s parameters\n", strings.Join(shape, "-"), thousands(len(net.param)))
	fmt.Fprintf(w, "training         %d epochs in batches of %d, seed %d\n", o.epochs, o.batch, o.seed)
	fmt.Fprintf(w, "optimizer        Lion (%v), lr %g falling to 0, beta1 %g, beta2 %g, %v weight decay %g\n",
		o.config.Rule, o.config.LR, o.config.Beta1, o.config.Beta2, o.config.Decay, o.config.WeightDecay)
	fmt.Fprintf(w, "implementation   %s\n\n", impl)
	fmt.Fprintln(w, "epoch   train loss     accuracy   held-out loss       accuracy        time")
}

func printSummary(w io.Writer, r trainResult, o *optimizer, impl string, total time.Duration) {
	last := r.history[len(r.history)-1].test
	fmt.Fprintf(w, "\naccuracy         %.2f %% of the held-out images\n", 100*last.accuracy)
	fmt.Fprintf(w, "optimizer        %s: %s steps, %.2f %% of %.1f s, %.1f GB/s (%d bytes × %s parameters a step)\n",
		impl, thousands(o.step), 100*o.elapsed.Seconds()/total.Seconds(), total.Seconds(),
		o.bytesPerSecond()/1e9, bytesPerStep, thousands(len(o.momentum)))
	fmt.Fprintf(w, "SHA-256          %s (parameters; the same for every -impl)\n", r.digest)
}

// digestF32 is the SHA-256 of x as little-endian bytes.
func digestF32(x []float32) string {
	buf := make([]byte, 0, 4*len(x))
	for _, v := range x {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
	}
	return fmt.Sprintf("%x", sha256.Sum256(buf))
}

// thousands writes n with commas.
func thousands[I int | int64](n I) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
