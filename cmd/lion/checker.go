package main

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"

	"github.com/lionkernel/lion"
)

const reference = "generic"

// fixedTrials is the number of trials, the same everywhere, whose results make
// up the digest of a format and a rule.
const fixedTrials = 400

// tally is a line of the report: one implementation, one format, one rule.
type tally struct {
	elements   int64
	mismatches int64
	digest     string // of this implementation's results in the fixed part, abridged
}

func (t *tally) add(o tally) {
	t.elements += o.elements
	t.mismatches += o.mismatches
	if o.digest != "" {
		t.digest = o.digest
	}
}

// checker compares implementations for one format and one rule. It isn't safe
// for concurrent use: each worker has its own.
type checker struct {
	format format
	rule   rule
	make   maker
	impls  []string
	report func(string) // told about each trial that went wrong

	step             int // of training, in the trial at hand
	start, want, got []tensor
	hashes           map[string]hash.Hash // while the fixed part runs
	buf              []byte
}

func newChecker(f format, r rule, m maker, impls []string, report func(string)) *checker {
	return &checker{format: f, rule: r, make: m, impls: impls, report: report,
		start: f.tensors(), want: f.tensors(), got: f.tensors()}
}

// fixed runs the fixed part, which gives the digests.
func (c *checker) fixed(tallies map[string]*tally) error {
	c.hashes = map[string]hash.Hash{}
	for _, impl := range c.impls {
		c.hashes[impl] = sha256.New()
	}
	defer func() { c.hashes = nil }()
	r := rng(1)
	for range fixedTrials {
		if err := c.trial(&r, tallies); err != nil {
			return err
		}
	}
	for impl, h := range c.hashes {
		tallies[impl].digest = fmt.Sprintf("%x", h.Sum(nil))[:digestShown]
	}
	return nil
}

// trial draws hyperparameters, lengths, alignments and values from r, steps
// with every implementation, and compares each with the reference.
func (c *checker) trial(r *rng, tallies map[string]*tally) error {
	n := length(r)
	opposed := r.intn(5) == 0
	config := randomConfig(r, opposed)
	c.rule.set(&config, r)
	c.step = pick(r, 1, 2, 10, 1000, 1+r.intn(1<<20))
	seed, m := rng(r.uint64()), mix(r.intn(int(mixes)))
	offsets := make([]int, len(c.start))
	for i, t := range c.start {
		offsets[i] = r.intn(margin)
		t.place(n, offsets[i])
		t.fill(seed, m, opposed && i != c.format.grad)
		if !opposed {
			seed, m = rng(r.uint64()), mix(r.intn(int(mixes)))
		}
	}
	if err := c.run(reference, config, c.want); err != nil {
		return err
	}
	c.count(reference, n, c.want, tallies)
	for _, impl := range c.impls {
		if impl == reference {
			continue
		}
		if err := c.run(impl, config, c.got); err != nil {
			return err
		}
		c.count(impl, n, c.got, tallies)
		c.compare(impl, config, n, offsets, tallies[impl])
	}
	return nil
}

// run sets dst to the start values and steps them with impl.
func (c *checker) run(impl string, config lion.Config, dst []tensor) error {
	for i, t := range dst {
		t.copyFrom(c.start[i])
	}
	config.Implementation = impl
	s, err := c.make(config, c.step)
	if err == nil {
		err = c.format.step(s, dst)
	}
	if err != nil {
		return fmt.Errorf("%s, %s, %s, %+v: %w", impl, c.format.name, c.rule.name, config, err)
	}
	return nil
}

func (c *checker) count(impl string, n int, result []tensor, tallies map[string]*tally) {
	tallies[impl].elements += int64(n)
	h := c.hashes[impl]
	if h == nil {
		return
	}
	for i, t := range result {
		if i != c.format.grad {
			c.buf = t.appendTo(c.buf[:0])
			h.Write(c.buf)
		}
	}
}

// compare counts the elements of got that differ from want. The margins count
// too: a write outside the slices is a mismatch.
func (c *checker) compare(impl string, config lion.Config, n int, offsets []int, t *tally) {
	var where []string
	bad, element := 0, 0
	for i := range c.got {
		count, first := c.got[i].diff(c.want[i])
		if count == 0 {
			continue
		}
		bad, element = bad+count, first
		where = append(where, fmt.Sprintf("%s[%d] is %x, want %x", c.format.names[i], first, c.got[i].at(first), c.want[i].at(first)))
	}
	if bad == 0 {
		return
	}
	t.mismatches += int64(bad)
	var before []string
	for i, name := range c.format.names {
		if element >= 0 && element < n {
			before = append(before, fmt.Sprintf("%s %x", name, c.start[i].at(element)))
		}
	}
	c.report(fmt.Sprintf("%s, %s, %s: %d of %d elements differ: %s\n    before the step: %s\n    offsets %v, step %d, config %+v",
		impl, c.format.name, c.rule.name, bad, n, strings.Join(where, "; "), strings.Join(before, ", "), offsets, c.step, config))
}
