package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
)

// fixedTrials is the number of trials, the same everywhere, whose results make
// up the digest of a subject.
const fixedTrials = 400

// tally is a line of the report: one implementation, one subject.
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

// contender is an implementation in comparison with others: of steps or, where
// the subject is a function, of functions.
type contender struct {
	name      string
	functions functions
}

// checker compares implementations on one subject: the last contender is the
// reference. It isn't safe for concurrent use: each worker has its own.
type checker struct {
	subject
	make       maker
	contenders []contender
	report     func(string) // told about each trial that went wrong

	step             int // of training, in the trial at hand
	shape            shape
	start, want, got []tensor
	hashes           map[string]hash.Hash // while the fixed part runs
	buf              []byte
}

func newChecker(s subject, m maker, contenders []contender, report func(string)) *checker {
	c := &checker{subject: s, make: m, contenders: contenders, report: report}
	for _, o := range s.routine.operands {
		e := o.element
		c.start, c.want, c.got = append(c.start, newTensor(e)), append(c.want, newTensor(e)), append(c.got, newTensor(e))
	}
	return c
}

// fixed runs the fixed part, which gives the digests unless it is interrupted;
// done is called after each trial.
func (c *checker) fixed(ctx context.Context, tallies map[string]*tally, done func()) error {
	c.hashes = map[string]hash.Hash{}
	for _, x := range c.contenders {
		c.hashes[x.name] = sha256.New()
	}
	defer func() { c.hashes = nil }()
	r := rng.Source(1)
	for range fixedTrials {
		if ctx.Err() != nil {
			return nil
		}
		if err := c.trial(&r, tallies); err != nil {
			return err
		}
		done()
	}
	for name, h := range c.hashes {
		tallies[name].digest = fmt.Sprintf("%x", h.Sum(nil))[:digestShown]
	}
	return nil
}

// trial draws hyperparameters, lengths, alignments and values from r, runs
// every implementation, and compares each with the reference.
func (c *checker) trial(r *rng.Source, tallies map[string]*tally) error {
	n := length(r)
	opposed := r.Intn(5) == 0
	config := randomConfig(r, opposed)
	c.rule.set(&config, r)
	c.step = pick(r, 1, 2, 10, 1000, 1+r.Intn(1<<20))
	c.shape = shape{elements: n}
	if c.routine.shape != nil {
		c.shape = c.routine.shape(r, n)
	}
	seed, m := rng.Source(r.Uint64()), mix(r.Intn(int(mixes)))
	offsets := make([]int, len(c.start))
	for i, t := range c.start {
		offsets[i] = r.Intn(margin)
		t.place(c.shape.length(i), offsets[i])
		t.fill(seed, m, opposed && c.routine.operands[i].access == written)
		if !opposed {
			seed, m = rng.Source(r.Uint64()), mix(r.Intn(int(mixes)))
		}
	}
	last := len(c.contenders) - 1
	reference := c.contenders[last]
	if err := c.runOn(reference, config, c.want); err != nil {
		return err
	}
	c.count(reference.name, c.want, tallies)
	for _, x := range c.contenders[:last] {
		if err := c.runOn(x, config, c.got); err != nil {
			return err
		}
		c.count(x.name, c.got, tallies)
		c.compare(x.name, config, offsets, tallies[x.name])
	}
	return nil
}

// runOn sets dst to the start values and lets x work on them.
func (c *checker) runOn(x contender, config lion.Config, dst []tensor) error {
	for i, t := range dst {
		t.copyFrom(c.start[i])
	}
	todo := call{functions: x.functions, shape: c.shape, operands: dst}
	var err error
	if !c.routine.function {
		config.Implementation = x.name
		todo.stepper, err = c.make(config, c.step, c.shape.index)
	}
	if err == nil {
		err = c.routine.run(todo)
	}
	if err != nil {
		return fmt.Errorf("%s, %v, %+v: %w", x.name, c.subject, config, err)
	}
	return nil
}

func (c *checker) count(impl string, result []tensor, tallies map[string]*tally) {
	tallies[impl].elements += int64(c.shape.elements)
	h := c.hashes[impl]
	if h == nil {
		return
	}
	for i, t := range result {
		if c.routine.operands[i].access == written {
			c.buf = t.appendTo(c.buf[:0])
			h.Write(c.buf)
		}
	}
}

// compare counts the elements of got that differ from want. The margins count
// too: a write outside the slices is a mismatch.
func (c *checker) compare(impl string, config lion.Config, offsets []int, t *tally) {
	var where []string
	bad, element := 0, 0
	for i := range c.got {
		count, first := c.got[i].diff(c.want[i])
		if count == 0 {
			continue
		}
		bad, element = bad+count, first
		where = append(where, fmt.Sprintf("%s[%d] is %x, want %x", c.routine.operands[i].name, first, c.got[i].at(first), c.want[i].at(first)))
	}
	if bad == 0 {
		return
	}
	t.mismatches += int64(bad)
	var before []string
	for i, o := range c.routine.operands {
		if element >= 0 && element < c.shape.length(i) {
			before = append(before, fmt.Sprintf("%s[%d] %x", o.name, element, c.start[i].at(element)))
		}
	}
	c.report(fmt.Sprintf("%s, %v: %d results of %d elements differ: %s\n    before: %s\n    offsets %v, step %d, shape %+v, config %+v",
		impl, c.subject, bad, c.shape.elements, strings.Join(where, "; "), strings.Join(before, ", "), offsets, c.step, c.shape, config))
}
