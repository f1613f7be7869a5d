// Package verify is lion verify: it compares every implementation with the
// generic one, and the functions with a second implementation, bit by bit.
package verify

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// Command is lion verify.
var Command = cli.Command{
	Name:    "verify",
	Summary: "compare every implementation with the generic one, bit by bit",
	Run:     run,
}

const about = `Proves this machine: steps random and special values (signed zeros, subnormals,
infinities, NaNs with payloads, extremes, exact cancellation) with random
hyperparameters, lengths and alignments in every implementation, and compares
each result with the generic one's, bit by bit, until the time is up: every
storage format, every rule and decay, random rounding, rows of tables. A fixed
part comes first; the digest of its results (the start of a SHA-256) must be the
published one, whatever the machine. Exit status 1 on any mismatch. SIGINT
(Ctrl-C), SIGTERM and SIGHUP end it early, with the report of what was compared
until then and, if that was well, the exit status 130, 143 or 129.

Conversions and GradStats always run on the implementation that is preferred
here, or named by LION_IMPL (conversions of a single value are Go everywhere).
They are compared with restated, which is plain Go written anew from their
documentation. To check those of another implementation, run
LION_IMPL=NAME lion verify; with -impl NAME alone they are left out.`

// reference is what other implementations of steps are compared with.
const reference = "generic"

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("verify", flag.ContinueOnError)
	limit := fs.Duration("time", 30*time.Second, "`DURATION` to go on for; 0 runs the fixed part alone")
	seed := fs.Uint64("seed", uint64(time.Now().UnixNano()), "`SEED` of the random part (default: the time)")
	fs.Lookup("seed").DefValue = "0" // the help must not show the time
	impl := fs.String("impl", "", "`NAME` of the implementation to compare (default: all that can run here)")
	format := fs.String("format", "", "`NAME` of the format to compare (default: all):\n"+strings.Join(storage.Names(), ", "))
	if err := cli.Parse(fs, about, args, stdout); err != nil {
		return err
	}
	if *limit < 0 {
		return cli.Misusef("-time %v: must not be negative", *limit)
	}
	preferred, err := lion.New(lion.DefaultConfig())
	if err != nil {
		return err
	}
	v := verifier{
		subjects: subjectsOf(routines()), make: newStepper, impls: lion.Implementations(),
		preferred: contender{preferred.Implementation(), packageFunctions},
		workers:   runtime.GOMAXPROCS(0), seed: *seed, limit: *limit, stdout: stdout, stderr: stderr,
	}
	if *impl != "" {
		if err := v.only(*impl); err != nil {
			return err
		}
	}
	if *format != "" {
		if err := v.onlyFormat(*format); err != nil {
			return err
		}
	}
	return v.run(ctx)
}

// only leaves one implementation to be compared. Functions stay if they run on
// it.
func (v *verifier) only(impl string) error {
	if _, err := lion.New(lion.Config{Implementation: impl}); err != nil {
		return cli.Misusef("%w", err)
	}
	v.partial = true
	v.impls = []string{impl}
	if impl != reference {
		v.impls = append(v.impls, reference)
	}
	if impl != v.preferred.name {
		v.subjects = slices.DeleteFunc(v.subjects, func(s subject) bool { return s.routine.function })
	}
	return nil
}

// onlyFormat leaves one format to be compared.
func (v *verifier) onlyFormat(name string) error {
	format, err := storage.Find(name)
	if err != nil {
		return cli.Misusef("-format %q: %w", name, err)
	}
	v.partial = true
	v.subjects = slices.DeleteFunc(v.subjects, func(s subject) bool { return s.routine.storage != format.Name })
	return nil
}

// verifier is one run of lion verify.
type verifier struct {
	subjects       []subject
	make           maker
	impls          []string  // of steps, reference among them
	preferred      contender // of functions
	workers        int
	partial        bool // some subjects or implementations are left out
	seed           uint64
	limit          time.Duration
	stdout, stderr io.Writer

	bar     cli.Bar // of the part that runs
	mu      sync.Mutex
	tallies map[string]map[string]*tally // by subject, then implementation
	shown   int                          // mismatches reported in full
	err     error                        // the first error of a worker
}

// maxShown is how many mismatching trials are described; the rest are counted.
const maxShown = 10

func (v *verifier) run(ctx context.Context) error {
	if !slices.Contains(v.impls, reference) {
		return fmt.Errorf("no implementation is called %s: there is nothing to compare with", reference)
	}
	if _, err := fmt.Fprintf(v.stdout, "Comparing %s, for %v on %s, seed %d.\n\n",
		v.comparison(), v.limit, cli.Count(v.workers, "thread"), v.seed); err != nil {
		return err
	}
	start := time.Now()
	v.tallies = map[string]map[string]*tally{}
	for _, s := range v.subjects {
		v.tallies[s.String()] = v.newTallies(s)
	}
	v.fixed(ctx)
	v.random(ctx, start.Add(v.limit))
	if v.err != nil {
		return v.err
	}
	return v.print(cli.Stopped(ctx))
}

// comparison says what is compared with what.
func (v *verifier) comparison() string {
	of := func(wide bool) bool {
		return slices.ContainsFunc(v.subjects, func(s subject) bool { return s.routine.function == wide })
	}
	var parts []string
	if others := slices.DeleteFunc(slices.Clone(v.impls), func(s string) bool { return s == reference }); len(others) > 0 {
		parts = append(parts, strings.Join(others, ", ")+" with "+reference)
	} else if of(false) {
		parts = append(parts, reference+" with the published digests")
	}
	if of(true) {
		parts = append(parts, "functions on "+v.preferred.name+" with "+restatedName)
	}
	return strings.Join(parts, ", and ")
}

// contenders are those that s is compared on, the reference last.
func (v *verifier) contenders(s subject) []contender {
	if s.routine.function {
		return []contender{v.preferred, {restatedName, restated}}
	}
	var list []contender
	for _, impl := range v.impls {
		if impl != reference {
			list = append(list, contender{name: impl})
		}
	}
	return append(list, contender{name: reference})
}

func (v *verifier) newTallies(s subject) map[string]*tally {
	t := map[string]*tally{}
	for _, x := range v.contenders(s) {
		t[x.name] = &tally{}
	}
	return t
}

func (v *verifier) checker(s subject) *checker {
	return newChecker(s, v.make, v.contenders(s), v.show)
}

// each runs f on every worker, with its number, and waits for all.
func (v *verifier) each(f func(worker int)) {
	var workers sync.WaitGroup
	for w := range v.workers {
		workers.Add(1)
		go func() {
			defer workers.Done()
			f(w)
		}()
	}
	workers.Wait()
}

// fixed runs the fixed part, whose results don't depend on who does what.
func (v *verifier) fixed(ctx context.Context) {
	v.bar = cli.NewBar(v.stderr, len(v.subjects)*fixedTrials)
	defer v.bar.Close()
	v.bar.Describe("fixed part")
	todo := make(chan subject, len(v.subjects))
	for _, s := range v.subjects {
		todo <- s
	}
	close(todo)
	v.each(func(int) {
		for s := range todo {
			t := v.newTallies(s)
			if err := v.checker(s).fixed(ctx, t, func() { v.bar.Add(1) }); !v.add(s, t, err) {
				return
			}
		}
	})
}

// random runs trials in every worker until the deadline.
func (v *verifier) random(ctx context.Context, deadline time.Time) {
	if v.err != nil || ctx.Err() != nil || !time.Now().Before(deadline) {
		return
	}
	v.bar = cli.NewBar(v.stderr, int(time.Until(deadline)/time.Millisecond))
	defer v.bar.Close()
	v.bar.Describe("random part")
	done := make(chan struct{})
	go func() {
		defer close(done)
		v.each(func(w int) { v.work(ctx, rng.Source(v.seed+uint64(w)*0x632be59bd9b4e019), deadline) })
	}()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-done:
			tick.Stop()
			return
		case <-tick.C:
			v.bar.Add(100)
		}
	}
}

// work runs a trial of each subject after the other. Checkers aren't kept: the
// arrays of all would fill the memory of a machine with many cores.
func (v *verifier) work(ctx context.Context, r rng.Source, deadline time.Time) {
	for time.Now().Before(deadline) {
		for _, s := range v.subjects {
			if ctx.Err() != nil {
				return
			}
			t := v.newTallies(s)
			if err := v.checker(s).trial(&r, t); !v.add(s, t, err) {
				return
			}
		}
	}
}

// add adds what a worker found on s; it returns false if the worker should stop.
func (v *verifier) add(s subject, t map[string]*tally, err error) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for impl, add := range t {
		v.tallies[s.String()][impl].add(*add)
	}
	if v.err == nil {
		v.err = err
	}
	return v.err == nil
}

// show describes a trial that went wrong, unless there were many already.
func (v *verifier) show(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.shown < maxShown {
		v.bar.Clear()
		fmt.Fprintf(v.stderr, "mismatch: %s\n", text)
	}
	v.shown++
}
