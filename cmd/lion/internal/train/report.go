package train

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

func printHeader(w io.Writer, o options, d *dataset, net *network, impl string) {
	var shape []string
	for _, s := range net.sizes {
		shape = append(shape, strconv.Itoa(s))
	}
	fmt.Fprintf(w, "data             %s\n", d.name)
	fmt.Fprintf(w, "                 %s to train on, %s held out\n", cli.Count(len(d.train.labels), "image"), cli.Thousands(len(d.test.labels)))
	fmt.Fprintf(w, "network          %s, %s parameters\n", strings.Join(shape, "-"), cli.Thousands(len(net.param)))
	fmt.Fprintf(w, "format           %s: %s\n", o.format.Name, o.format.About)
	fmt.Fprintf(w, "training         %s in batches of %s, seed %d\n", cli.Count(o.epochs, "epoch"), cli.Thousands(o.batch), o.seed)
	fmt.Fprintf(w, "optimizer        Lion (%v), lr %g %s, beta1 %g, beta2 %g, %v weight decay %g\n",
		o.config.Rule, o.config.LR, o.schedule.about, o.config.Beta1, o.config.Beta2, o.config.Decay, o.config.WeightDecay)
	fmt.Fprintf(w, "implementation   %s\n\n", impl)
	fmt.Fprintln(w, "epoch   train loss     accuracy   held-out loss       accuracy        time")
}

// printEpoch writes a line of the table.
func printEpoch(w io.Writer, n int, e epoch, since time.Duration) error {
	_, err := fmt.Fprintf(w, "%5d   %10.4f   %8.2f %%   %13.4f   %10.2f %%   %7.1f s\n", n,
		e.train.loss, 100*e.train.accuracy, e.test.loss, 100*e.test.accuracy, since.Seconds())
	return err
}

// printSummary writes what a run came to; f32, if any, is one to compare it with.
func printSummary(w io.Writer, r result, f32 *result) {
	beside := ""
	if f32 != nil {
		beside = fmt.Sprintf(" (f32: %.2f %%)", f32.accuracy())
	}
	o := r.optimizer
	fmt.Fprintf(w, "\naccuracy         %.2f %% of the held-out images%s\n", r.accuracy(), beside)
	if o.scales() {
		fmt.Fprintf(w, "loss scale       %s in the end; %s skipped\n", cli.Thousands(int64(o.LossScale())), cli.Count(o.left(), "step"))
	}
	fmt.Fprintf(w, "optimizer        %s: %s, %.2f %% of %.1f s, %.1f GB/s (%d bytes × %s parameters a step)\n",
		r.implementation, cli.Count(o.made, "step"), 100*o.elapsed.Seconds()/r.total.Seconds(), r.total.Seconds(),
		o.bytesPerSecond()/1e9, o.bytes/r.weights, cli.Thousands(r.weights))
}

// printDigest writes the last line.
func printDigest(w io.Writer, r result) {
	fmt.Fprintf(w, "SHA-256          %s (weights; the same for every -impl)\n", r.digest)
}
