package main

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerifyPasses(t *testing.T) {
	code, stdout, stderr := lionCommand("verify", "-time", "2s", "-seed", "7")
	require.Equal(t, exitOK, code, stderr)
	assert.Empty(t, stderr)
	for _, impl := range lion.Implementations() {
		for _, f := range formats {
			for _, r := range rules {
				assert.Regexp(t, `(?m)^ +`+impl+` +`+f.name+` +`+r.name+` +[1-9][0-9,]* +0 +`+published[caseName(f, r)]+`$`, stdout)
			}
		}
	}
	assert.Contains(t, stdout, "Every implementation gives the same bits")
}

// Every format and rule has a published digest, each its own.
func TestPublished(t *testing.T) {
	digests := map[string]bool{}
	all := verifier{rules: rules}
	all.each(func(f format, r rule) error {
		assert.Len(t, published[caseName(f, r)], digestShown, caseName(f, r))
		digests[published[caseName(f, r)]] = true
		return nil
	})
	assert.Len(t, digests, len(formats)*len(rules))
	assert.Len(t, published, len(formats)*len(rules))
}

// fault wraps a good stepper; after each step it may spoil something.
type fault struct {
	lion.Stepper
	f32 func(param, grad, momentum []float32)
	f64 func(param, grad, momentum []float64)
}

func (f fault) StepF32(param, grad, momentum []float32) error {
	err := f.Stepper.StepF32(param, grad, momentum)
	if f.f32 != nil {
		f.f32(param, grad, momentum)
	}
	return err
}

func (f fault) StepF64(param, grad, momentum []float64) error {
	err := f.Stepper.StepF64(param, grad, momentum)
	if f.f64 != nil {
		f.f64(param, grad, momentum)
	}
	return err
}

// verifyFaulty verifies an implementation called faulty, which is the generic
// one with a fault.
func verifyFaulty(f fault) (stdout, stderr string, err error) {
	var out, errs bytes.Buffer
	v := verifier{
		make: func(c lion.Config, t int) (stepper, error) {
			faulty := c.Implementation == "faulty"
			c.Implementation = reference
			s, err := lion.New(c)
			if !faulty {
				return s.At(t), err
			}
			f.Stepper = s.At(t)
			return f, err
		},
		impls: []string{"faulty", reference}, rules: rules[:1], workers: 2, seed: 1, limit: time.Nanosecond, stdout: &out, stderr: &errs,
	}
	err = v.run()
	return out.String(), errs.String(), err
}

func TestVerifySeesNoFault(t *testing.T) {
	stdout, stderr, err := verifyFaulty(fault{})
	require.NoError(t, err)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "faulty")
}

func TestVerifyDetects(t *testing.T) {
	for name, f := range map[string]fault{
		"a bit of a weight": {f32: func(param, _, _ []float32) {
			if len(param) > 100 {
				param[100] = math.Float32frombits(math.Float32bits(param[100]) ^ 1)
			}
		}},
		"the sign of a zero": {f64: func(_, _, momentum []float64) {
			for i, v := range momentum {
				if v == 0 {
					momentum[i] = math.Copysign(0, -math.Copysign(1, v))
				}
			}
		}},
		"the payload of a NaN": {f32: func(_, _, momentum []float32) {
			for i, v := range momentum {
				if v != v {
					momentum[i] = math.Float32frombits(0xffc00000)
				}
			}
		}},
		"a flushed subnormal": {f32: func(_, _, momentum []float32) {
			for i, v := range momentum {
				if math.Abs(float64(v)) < 0x1p-126 {
					momentum[i] = float32(math.Copysign(0, float64(v)))
				}
			}
		}},
		"a write to the gradient": {f64: func(_, grad, _ []float64) {
			if len(grad) > 0 {
				grad[0] += 1
			}
		}},
		"the last element of a long slice": {f32: func(param, _, _ []float32) {
			if n := len(param); n > 20_000 {
				param[n-1]++
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, err := verifyFaulty(f)
			require.ErrorContains(t, err, "this machine fails")
			assert.ErrorContains(t, err, "faulty, f")
			assert.NotContains(t, err.Error(), "generic, f")
			assert.Contains(t, stderr, "mismatch: faulty")
			assert.Contains(t, stderr, "before the step")
			assert.LessOrEqual(t, strings.Count(stderr, "mismatch: "), maxShown)
			assert.NotContains(t, stdout, "Every implementation gives the same bits")
			var misuse usageError
			assert.False(t, errors.As(err, &misuse), "the exit status must be 1")
		})
	}
}

// A stray write beside the slice is a mismatch: the margins are compared.
func TestDiffSeesMargins(t *testing.T) {
	for _, at := range []int{-1, 10} {
		a, b := arrayF32(), arrayF32()
		a.place(10, 3)
		a.fill(rng(1), mixed, false)
		b.copyFrom(a)
		count, _ := a.diff(b)
		require.Zero(t, count)
		all := a.(*array[float32])
		all.all[all.offset+at] = 12345
		count, first := a.diff(b)
		assert.Equal(t, 1, count)
		assert.Equal(t, at, first)
	}
}

// A digest that isn't the published one fails, even where all agree.
func TestVerifyComparesDigests(t *testing.T) {
	name := caseName(formats[0], rules[0])
	good := published[name]
	defer func() { published[name] = good }()
	published[name] = "0123456789abcdef"
	_, _, err := verifyFaulty(fault{})
	assert.ErrorContains(t, err, "published 0123456789abcdef")
}

func TestVerifyReportsErrors(t *testing.T) {
	broken := errors.New("no such luck")
	v := verifier{
		make: func(c lion.Config, t int) (stepper, error) {
			if c.Implementation == "broken" {
				return nil, broken
			}
			return newStepper(c, t)
		},
		impls: []string{"broken", reference}, rules: rules[:1], workers: 1, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{},
	}
	assert.ErrorIs(t, v.run(), broken)
	v.impls = []string{"broken"}
	assert.ErrorContains(t, v.run(), "nothing to compare with")
}

// The values hold what they promise, in every layout.
func TestValues(t *testing.T) {
	for _, l := range []layout{layoutF32, layoutF64, {16, 7}, {16, 10}} {
		r := rng(5)
		seen := map[string]bool{}
		for range 100_000 {
			v := l.value(&r, mixed)
			require.Zero(t, v>>(l.width-1)>>1, "%x has more than %d bits", v, l.width)
			magnitude := v &^ l.signBit()
			quiet := uint64(1) << (l.mantissa - 1)
			switch {
			case magnitude == 0 && v == 0:
				seen["+0"] = true
			case magnitude == 0:
				seen["-0"] = true
			case magnitude == 1:
				seen["smallest subnormal"] = true
			case magnitude == 1<<l.mantissa-1:
				seen["largest subnormal"] = true
			case magnitude == 1<<l.mantissa:
				seen["smallest normal"] = true
			case magnitude == l.inf()-1:
				seen["largest normal"] = true
			case magnitude == l.inf():
				seen["infinity"] = true
			case magnitude == l.inf()|quiet:
				seen["quiet NaN"] = true
			case magnitude > l.inf()|quiet:
				seen["quiet NaN with payload"] = true
			case magnitude > l.inf():
				seen["signalling NaN"] = true
			}
		}
		assert.Len(t, seen, 10, "%+v: %v", l, seen)
	}
}
