//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// What an emulated machine is given: the tests, and a gob of their arguments, of
// how many mutants there are, and of each as a patch of the tests.
const (
	testsFile = "lion.test"
	batchFile = "batch"
)

// verdict is what the machine prints of a mutant.
const verdict = "mutant %d passes: %t\n"

// boot is judge in an emulated machine. A mutant that takes the machine down is
// tried again, with those after it; one that does so first of all is an error.
func (b *bench) boot(p *plan, r round, ms []mutant, alive []int, results []result) error {
	dir := filepath.Join(b.out, "within")
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o777), b.build("")); err != nil {
		return err
	}
	pristine, err := os.ReadFile(b.binary())
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, testsFile), pristine, 0o777); err != nil {
		return err
	}
	var built []int
	var patches []patch
	for _, i := range alive {
		err := b.with(ms[i], true, func() error {
			mutant, err := os.ReadFile(b.binary())
			built = append(built, i)
			patches = append(patches, difference(pristine, mutant))
			return err
		})
		if errors.Is(err, errNotBuilt) {
			results[i], err = stillborn, nil
		}
		if err != nil {
			return err
		}
	}
	for len(built) > 0 {
		if err := writeBatch(filepath.Join(dir, batchFile), r.args, patches); err != nil {
			return err
		}
		args := []string{"-m", "2048", "-t", "7200", "-d", dir, "-e", "GOTRACEBACK=none"}
		for _, e := range p.env {
			args = append(args, "-e", e)
		}
		out, failed := exec.Command(".ci/avx512.sh", append(args, b.program(), "-within")...).CombinedOutput()
		passed := verdicts(string(out))
		if len(passed) == 0 {
			return fmt.Errorf("the emulated machine judged nothing: %w\n%s", failed, out)
		}
		for i, ok := range passed {
			if !ok {
				results[built[i]] = r.name
			}
		}
		built, patches = built[len(passed):], patches[len(passed):]
	}
	return nil
}

// verdicts says of the first mutants whether they pass, from what the machine
// printed.
func verdicts(out string) (passed []bool) {
	for _, l := range strings.SplitAfter(out, "\n") {
		var i int
		var ok bool
		if n, _ := fmt.Sscanf(l, verdict, &i, &ok); n == 2 && i == len(passed) {
			passed = append(passed, ok)
		}
	}
	return passed
}

func writeBatch(path string, args []string, patches []patch) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	e := gob.NewEncoder(w)
	err = errors.Join(e.Encode(args), e.Encode(len(patches)))
	for _, p := range patches {
		err = errors.Join(err, e.Encode(p))
	}
	return errors.Join(err, w.Flush(), f.Close())
}

// program is this command as the machine runs it.
func (r *recipe) program() string { return filepath.Join(r.pristine, "within") }

func (r *recipe) buildProgram() error {
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", r.program(), "./asm/mutate")
	cmd.Env = append(environ(r.arch), "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// runBatch is what runs in the machine. What isn't mutated must pass, and says how
// long a mutant may take, or else least: the machine's clock counts instructions,
// so that nothing depends on how fast it is.
func runBatch(out io.Writer, least time.Duration) error {
	file, err := os.Open(batchFile)
	if err != nil {
		return err
	}
	defer file.Close()
	var args []string
	var n int
	d := gob.NewDecoder(bufio.NewReader(file))
	if err := errors.Join(d.Decode(&args), d.Decode(&n)); err != nil {
		return err
	}
	pristine, err := os.ReadFile(testsFile)
	if err != nil {
		return err
	}
	started := time.Now()
	if said, err := exec.Command("./"+testsFile, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("without a mutant: %w\n%s", err, said)
	}
	limit := max(3*time.Since(started), least)
	for i := range n {
		var p patch
		if err := d.Decode(&p); err != nil {
			return err
		}
		if err := p.apply(testsFile); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		err := exec.CommandContext(ctx, "./"+testsFile, args...).Run()
		cancel()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
			return err
		}
		if err := p.revert(testsFile, pristine); err != nil {
			return err
		}
		fmt.Fprintf(out, verdict, i, err == nil)
	}
	return nil
}
