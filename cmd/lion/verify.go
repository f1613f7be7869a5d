package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/lionkernel/lion"
)

const verifyAbout = `Proves this machine: steps random and special values (signed zeros, subnormals,
infinities, NaNs with payloads, extremes, exact cancellation) with random
hyperparameters, lengths and alignments in every implementation, and compares
each result with the generic one's, bit by bit, until the time is up. A fixed
part comes first; the digest of its results (the start of a SHA-256) must be the
published one, whatever the machine. Exit status 1 on any mismatch.`

func verifyCommand(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("verify", flag.ContinueOnError)
	limit := fs.Duration("time", 30*time.Second, "`DURATION` to go on for; 0 runs the fixed part alone")
	seed := fs.Uint64("seed", uint64(time.Now().UnixNano()), "`SEED` of the random part (default: the time)")
	fs.Lookup("seed").DefValue = "0" // the help must not show the time
	if err := parse(fs, verifyAbout, args, stdout); err != nil {
		return err
	}
	if *limit < 0 {
		return misuse("-time %v: must not be negative", *limit)
	}
	v := verifier{make: newStepper, impls: lion.Implementations(), rules: rules, workers: runtime.GOMAXPROCS(0),
		seed: *seed, limit: *limit, stdout: stdout, stderr: stderr}
	return v.run()
}

// verifier is one run of lion verify.
type verifier struct {
	make           maker
	impls          []string // reference among them
	rules          []rule
	workers        int
	seed           uint64
	limit          time.Duration
	stdout, stderr io.Writer

	mu      sync.Mutex
	tallies map[string]map[string]*tally // by case ("f32 paper"), then implementation
	shown   int                          // mismatches reported in full
	err     error                        // the first error of a worker
}

// maxShown is how many mismatching trials are described; the rest are counted.
const maxShown = 10

func (v *verifier) run() error {
	if !slices.Contains(v.impls, reference) {
		return fmt.Errorf("no implementation is called %s: there is nothing to compare with", reference)
	}
	fmt.Fprintf(v.stdout, "Comparing %s with %s for %v on %d threads, seed %d.\n\n",
		strings.Join(v.impls, ", "), reference, v.limit, v.workers, v.seed)
	start := time.Now()
	v.tallies = map[string]map[string]*tally{}
	if err := v.fixed(); err != nil {
		return err
	}
	v.random(start.Add(v.limit))
	if v.err != nil {
		return v.err
	}
	return v.print()
}

// each calls f with every case that is verified.
func (v *verifier) each(f func(format, rule) error) error {
	for _, fm := range formats {
		for _, r := range v.rules {
			if err := f(fm, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func caseName(f format, r rule) string { return f.name + " " + r.name }

func (v *verifier) newTallies() map[string]*tally {
	t := map[string]*tally{}
	for _, impl := range v.impls {
		t[impl] = &tally{}
	}
	return t
}

func (v *verifier) fixed() error {
	return v.each(func(f format, r rule) error {
		t := v.newTallies()
		v.tallies[caseName(f, r)] = t
		return newChecker(f, r, v.make, v.impls, v.show).fixed(t)
	})
}

// random runs trials in every worker until the deadline.
func (v *verifier) random(deadline time.Time) {
	if !time.Now().Before(deadline) {
		return
	}
	bar := newBar(v.stderr, int(time.Until(deadline)/time.Millisecond))
	bar.describe("verifying")
	var workers sync.WaitGroup
	for w := range v.workers {
		workers.Add(1)
		go func() {
			defer workers.Done()
			v.work(rng(v.seed+uint64(w)*0x632be59bd9b4e019), deadline)
		}()
	}
	done := make(chan struct{})
	go func() { workers.Wait(); close(done) }()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-done:
			tick.Stop()
			bar.close()
			return
		case <-tick.C:
			bar.add(100)
		}
	}
}

func (v *verifier) work(r rng, deadline time.Time) {
	var checkers []*checker
	v.each(func(f format, r rule) error {
		checkers = append(checkers, newChecker(f, r, v.make, v.impls, v.show))
		return nil
	})
	for time.Now().Before(deadline) {
		for _, c := range checkers {
			t := v.newTallies()
			err := c.trial(&r, t)
			v.mu.Lock()
			for impl, add := range t {
				v.tallies[caseName(c.format, c.rule)][impl].add(*add)
			}
			if err != nil && v.err == nil {
				v.err = err
			}
			failed := v.err != nil
			v.mu.Unlock()
			if failed {
				return
			}
		}
	}
}

// show describes a trial that went wrong, unless there were many already.
func (v *verifier) show(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.shown < maxShown {
		fmt.Fprintf(v.stderr, "mismatch: %s\n", text)
	}
	v.shown++
}

// print writes a line for each implementation and case, and returns an error
// if anything was wrong.
func (v *verifier) print() error {
	w := tabwriter.NewWriter(v.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "implementation\tformat\trule\telements\tmismatches\tdigest\t")
	var faults []string
	v.each(func(f format, r rule) error {
		name := caseName(f, r)
		for _, impl := range v.impls {
			t := v.tallies[name][impl]
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", impl, f.name, r.name, thousands(t.elements), thousands(t.mismatches), t.digest)
			if t.mismatches > 0 {
				faults = append(faults, fmt.Sprintf("%s, %s: %s mismatches", impl, name, thousands(t.mismatches)))
			}
			if want := published[name]; t.digest != want {
				faults = append(faults, fmt.Sprintf("%s, %s: digest %s, published %s", impl, name, t.digest, want))
			}
		}
		return nil
	})
	w.Flush()
	if len(faults) > 0 {
		return fmt.Errorf("this machine fails:\n  %s", strings.Join(faults, "\n  "))
	}
	fmt.Fprintln(v.stdout, "\nEvery implementation gives the same bits, and they are those published.")
	return nil
}
