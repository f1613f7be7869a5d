package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

func printHeader(w io.Writer, o trainOptions, d *dataset, net *network, impl string) {
	var shape []string
	for _, s := range net.sizes {
		shape = append(shape, strconv.Itoa(s))
	}
	fmt.Fprintf(w, "data             %s\n", d.name)
	fmt.Fprintf(w, "                 %s to train on, %s held out\n", count(len(d.train.labels), "image"), thousands(len(d.test.labels)))
	fmt.Fprintf(w, "network          %s, %s parameters\n", strings.Join(shape, "-"), thousands(len(net.param)))
	fmt.Fprintf(w, "format           %s: %s\n", o.scheme.name, o.scheme.about)
	fmt.Fprintf(w, "training         %s in batches of %s, seed %d\n", count(o.epochs, "epoch"), thousands(o.batch), o.seed)
	fmt.Fprintf(w, "optimizer        Lion (%v), lr %g falling to 0, beta1 %g, beta2 %g, %v weight decay %g\n",
		o.config.Rule, o.config.LR, o.config.Beta1, o.config.Beta2, o.config.Decay, o.config.WeightDecay)
	fmt.Fprintf(w, "implementation   %s\n\n", impl)
	fmt.Fprintln(w, "epoch   train loss     accuracy   held-out loss       accuracy        time")
}

// printSummary writes what a run came to; f32, if any, is one to compare it with.
func printSummary(w io.Writer, r trainResult, f32 *trainResult) {
	beside := ""
	if f32 != nil {
		beside = fmt.Sprintf(" (f32: %.2f %%)", f32.accuracy())
	}
	o := r.optimizer
	fmt.Fprintf(w, "\naccuracy         %.2f %% of the held-out images%s\n", r.accuracy(), beside)
	if o.stored.stats != nil {
		fmt.Fprintf(w, "loss scale       %s in the end; %s skipped\n", thousands(int64(o.lossScale)), count(o.skipped, "step"))
	}
	fmt.Fprintf(w, "optimizer        %s: %s, %.2f %% of %.1f s, %.1f GB/s (%d bytes × %s parameters a step)\n",
		r.implementation, count(o.step-o.skipped, "step"), 100*o.elapsed.Seconds()/r.total.Seconds(), r.total.Seconds(),
		o.bytesPerSecond()/1e9, o.bytes/r.weights, thousands(r.weights))
}

// printDigest writes the last line.
func printDigest(w io.Writer, r trainResult) {
	fmt.Fprintf(w, "SHA-256          %s (weights; the same for every -impl)\n", r.digest)
}

// count writes a number of things.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands(n) + " " + thing
}

// thousands writes n with commas.
func thousands[I int | int64](n I) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
