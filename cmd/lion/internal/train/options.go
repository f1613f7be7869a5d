package train

import (
	"flag"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// options are the flags.
type options struct {
	config  lion.Config
	format  format
	data    string
	epochs  int
	batch   int
	hidden  []int
	seed    uint64
	plot    string
	compare bool // with f32

	workers  int
	clip     float64
	schedule schedule
	save     string // a file, or ""
	resume   string
}

// defaults are the settings that differ between the data sets; a flag on the
// command line wins.
type defaults struct {
	epochs, batch   int
	lr, weightDecay float64
}

var (
	digitsDefaults = defaults{25, 16, 2e-3, 0.3}
	mnistDefaults  = defaults{3, 64, 5e-4, 0.1}
)

// stepFactor is how much larger the default -lr is, and the default
// -weight-decay smaller, for the rules whose step isn't ±1 but follows the size
// of the gradient.
var stepFactor = map[lion.Rule]float64{lion.BiasCorrected: 10, lion.Refined: 250, lion.Smooth: 250}

const about = `Trains a multilayer perceptron with the Lion step and prints loss and accuracy
for each epoch. The last line is the SHA-256 of the final weights as they are
stored: the same for every -impl, since every implementation computes the same
bits. With the digits, which use no other arithmetic than portable Go, it is also
the same on every architecture.

With -format, weights, gradients and momentum are stored in another format than
float32. The model computes in float32, with the 16-bit weights if there are any
and from gradients rounded to 16 bits. A gradient of IEEE halves is scaled: by as
much as leaves it finite; a step whose gradient isn't is skipped.`

func parse(args []string, help io.Writer) (options, error) {
	fs := flag.NewFlagSet("train", flag.ContinueOnError)
	o := options{config: lion.DefaultConfig(), format: formats()[0], schedule: schedules[0]}
	hidden := fs.String("hidden", "128", "`SIZES` of the hidden layers, such as 128 or 256,64")
	o.runFlags(fs)
	o.stepFlags(fs)
	if err := cli.Parse(fs, about, args, help); err != nil {
		return o, err
	}
	o.fillIn(fs)
	o.config.Rounding, o.config.Seed = o.format.rounding, o.seed
	switch {
	case o.epochs < 1:
		return o, cli.Misusef("-epochs %d: must be at least 1", o.epochs)
	case o.batch < 1:
		return o, cli.Misusef("-batch %d: must be at least 1", o.batch)
	case o.plot != "" && o.resume != "":
		return o, cli.Misusef("-plot with -resume: a saved run doesn't have its curve so far")
	case o.workers < 0:
		return o, cli.Misusef("-workers %d: must be at least 1, or 0 for what pays", o.workers)
	case !(o.clip >= 0) || math.IsInf(o.clip, 0):
		return o, cli.Misusef("-clip %g: must be finite and above 0, or 0 for none", o.clip)
	}
	for _, word := range strings.Split(*hidden, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || size < 1 || size > 1<<16 {
			return o, cli.Misusef("-hidden %q: want sizes from 1 to 65536, such as 128 or 256,64", *hidden)
		}
		o.hidden = append(o.hidden, size)
	}
	return o, nil
}

// runFlags defines the flags that say what is trained.
func (o *options) runFlags(fs *flag.FlagSet) {
	fs.StringVar(&o.data, "data", "digits", "`SET` to train on: digits (8×8, built in), mnist (28×28, from the module\n"+mnistModule+"), or a folder with four files in MNIST's format")
	fs.BoolVar(&o.compare, "compare", false, "with -format, train with f32 too and print its accuracy beside (default: digits true)")
	fs.IntVar(&o.epochs, "epochs", 0, "`N` passes over the training set (default: digits 25, mnist 3)")
	fs.Uint64Var(&o.seed, "seed", 1, "`SEED` of the initial weights and of the order of the samples")
	fs.IntVar(&o.batch, "batch", 0, "`N` samples in a batch (default: digits 16, mnist 64)")
	fs.StringVar(&o.plot, "plot", "", "draw loss and accuracy into `FILE.svg`")
	fs.StringVar(&o.save, "save", "", "save the run to `FILE`, a safetensors file, after each epoch and when it is interrupted")
	fs.StringVar(&o.resume, "resume", "", "go on with the run that was saved to `FILE`; the other flags must be what they were")
}

// stepFlags defines the flags that say how it is stepped.
func (o *options) stepFlags(fs *flag.FlagSet) {
	c := &o.config
	fs.StringVar(&c.Implementation, "impl", "", "`NAME` of the implementation: "+strings.Join(lion.Implementations(), ", ")+"\n(default: the best here, or what LION_IMPL names)")
	fs.Func("format", "`NAME` of the storage format (default f32), with the bytes that a step moves for\neach weight:\n"+formatHelp(), func(s string) (err error) {
		o.format, err = findFormat(s)
		return err
	})
	fs.IntVar(&o.workers, "workers", 0, "`N` goroutines that step at once; no bit depends on it (default: what pays)")
	cli.FloatVar(fs, &o.clip, "clip", 0, "clip the gradient to this `NORM` (default: no clipping)")
	fs.Func("schedule", "`NAME` of the learning rate's schedule: linear and cosine fall to 0, wsd rises for 5 %\nof the steps and falls in the last 20 %, constant stays (default linear)", func(s string) (err error) {
		o.schedule, err = findSchedule(s)
		return err
	})
	cli.FloatVar(fs, &c.LR, "lr", 0, "peak learning rate `η` (default: digits 0.002, mnist 0.0005;\nbias-corrected: 10 times, refined and smooth: 250 times that)")
	cli.FloatVar(fs, &c.Beta1, "beta1", c.Beta1, "interpolation `β1`")
	cli.FloatVar(fs, &c.Beta2, "beta2", c.Beta2, "momentum decay `β2`")
	cli.FloatVar(fs, &c.WeightDecay, "weight-decay", 0, "weight decay `λ` (default: digits 0.3, mnist 0.1;\nindependent: that times η; coupled: 0.0001)")
	fs.Func("rule", "`RULE` of the update: paper, momentum-first, bias-corrected, cautious, refined\nor smooth (default paper)", func(s string) (err error) {
		c.Rule, err = lion.ParseRule(s)
		return err
	})
	fs.Func("decay", "`KIND` of weight decay: decoupled, decoupled-paper, independent or coupled\n(default decoupled)", func(s string) (err error) {
		c.Decay, err = lion.ParseDecay(s)
		return err
	})
}

// fillIn sets what no flag has set.
func (o *options) fillIn(fs *flag.FlagSet) {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	d := mnistDefaults
	if o.data == "digits" {
		d = digitsDefaults
	}
	if !given["compare"] {
		o.compare = o.data == "digits"
	}
	if !given["epochs"] {
		o.epochs = d.epochs
	}
	if !given["batch"] {
		o.batch = d.batch
	}
	if !given["lr"] {
		o.config.LR = d.lr
		if f := stepFactor[o.config.Rule]; f != 0 {
			o.config.LR *= f
			d.weightDecay /= f
		}
	}
	if !given["weight-decay"] {
		o.config.WeightDecay = d.weightDecay
		switch o.config.Decay {
		case lion.Independent: // isn't multiplied by η: the same shrinking at the peak
			o.config.WeightDecay *= o.config.LR
		case lion.Coupled: // is added to the gradient: a little, not to drown it
			o.config.WeightDecay = 1e-4
		}
	}
}
