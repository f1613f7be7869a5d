package verify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerifyPasses(t *testing.T) {
	time := "100ms"
	if prove.Whole() {
		time = "2s"
	}
	code, stdout, stderr := command("verify", "-time", time, "-seed", "7")
	require.Equal(t, cli.OK, code, stderr)
	assert.Empty(t, stderr)
	preferred, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	for _, s := range subjectsOf(routines()) {
		impls := lion.Implementations()
		if s.routine.function {
			impls = []string{preferred.Implementation(), restatedName}
		}
		for _, impl := range impls {
			assert.Regexp(t, `(?m)^ +`+impl+` +`+s.routine.name+` +`+s.rule.name+` +[1-9][0-9,]* +0 +`+published[s.String()]+`$`, stdout)
		}
	}
	assert.Contains(t, stdout, "Every implementation gives the same bits")
}

// -impl and -format leave only what they name, by any of its names.
func TestVerifyFilters(t *testing.T) {
	preferred, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	line := regexp.MustCompile(`(?m)^ +(\S+) +(\S+( rows)?) +(\S+) +[0-9,]+ +0 +[0-9a-f]{16}$`)
	for _, c := range []struct {
		impl, format, want string
		functions          bool
	}{
		{"generic", "f32-m16", "f32m16", false},
		{preferred.Implementation(), "split", "split", true},
		{"generic", "f64", "f64", preferred.Implementation() == reference},
		{"", "kahan", "kahan", true},
	} {
		args := []string{"verify", "-time", "0", "-format", c.format}
		impls := lion.Implementations()
		if c.impl != "" {
			args = append(args, "-impl", c.impl)
			impls = []string{c.impl, reference}
		}
		if c.functions {
			impls = append(impls, restatedName)
		}
		code, stdout, stderr := command(args...)
		require.Equal(t, cli.OK, code, stderr)
		found := line.FindAllStringSubmatch(stdout, -1)
		seen := map[string]bool{}
		for _, f := range found {
			seen[f[1]] = true
			assert.Contains(t, impls, f[1], "%v", args)
			assert.Equal(t, c.want, strings.TrimSuffix(f[2], " rows"), "%v", args)
		}
		for _, impl := range impls {
			assert.True(t, seen[impl], "%v: %s", args, impl)
		}
		assert.Equal(t, c.functions, strings.Contains(stdout, "and functions on "+preferred.Implementation()+" with restated,"), stdout)
		assert.Contains(t, stdout, "What was compared gives the same bits")
	}
}

// Every subject has a published digest, each its own; but a conversion of single
// values does what that of slices does.
func TestPublished(t *testing.T) {
	digests := map[string]bool{}
	subjects := subjectsOf(routines())
	for _, s := range subjects {
		assert.Len(t, published[s.String()], digestShown, s)
		digests[published[s.String()]] = true
	}
	same := map[string]string{"bf16 ToBF16": "bf16 NarrowBF16", "f16 ToF16": "f16 NarrowF16",
		"bf16 BF16.Float32": "bf16 WidenBF16", "f16 F16.Float32": "f16 WidenF16"}
	for a, b := range same {
		assert.Equal(t, published[b], published[a], a)
	}
	assert.Len(t, digests, len(subjects)-len(same))
	assert.Len(t, published, len(subjects))
}

// A stray write beside the slice is a mismatch: the margins are compared.
func TestDiffSeesMargins(t *testing.T) {
	for _, at := range []int{-1, 10} {
		a, b := newTensor(storage.F32), newTensor(storage.F32)
		a.place(10, 3)
		a.fill(rng.Source(1), mixed, false)
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
	name := subjectsOf(routines())[0].String()
	good := published[name]
	defer func() { published[name] = good }()
	published[name] = "0123456789abcdef"
	code, stdout, stderr := command("verify", "-time", "0", "-format", routines()[0].storage)
	assert.Equal(t, cli.Failed, code)
	assert.Contains(t, stderr, "published 0123456789abcdef")
	assert.NotContains(t, stdout, "the same bits")
}

func TestVerifyReportsErrors(t *testing.T) {
	broken := errors.New("no such luck")
	v := verifier{
		subjects: subjectsOf(routines()),
		make: func(c lion.Config, t, index int) (storage.Stepper, error) {
			if c.Implementation == "broken" {
				return nil, broken
			}
			return newStepper(c, t, index)
		},
		impls: []string{"broken", reference}, workers: 1, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{},
	}
	assert.ErrorIs(t, v.run(context.Background()), broken)
	v.impls = []string{"broken"}
	assert.ErrorContains(t, v.run(context.Background()), "nothing to compare with")
}

// The values hold what they promise, in every layout.
func TestValues(t *testing.T) {
	for _, l := range []layout{layoutF32, layoutF64, layoutBF16, layoutF16} {
		r := rng.Source(5)
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

// The random part, interrupted: what was compared is reported, mismatches too.
func TestVerifyInterruptedLater(t *testing.T) {
	flip := fault(func(_ string, s ...any) {
		if param := s[0].([]float32); len(param) > 100 {
			param[100]++
		}
	})
	for name, f := range map[string]fault{"good": noFault, "bad": flip} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			var made int
			v := verifier{
				subjects: subjectsOf(routines())[:1], impls: []string{"faulty", reference}, workers: 1, limit: time.Hour,
				make: func(c lion.Config, t, index int) (storage.Stepper, error) {
					if made++; made > 2*(fixedTrials+50) { // two in a trial
						cancel()
					}
					return makeFaulty(f)(c, t, index)
				},
				stdout: &out, stderr: io.Discard,
			}
			err := v.run(ctx)
			if name == "good" {
				assert.Equal(t, cli.Stopped(ctx), err)
			} else {
				assert.ErrorContains(t, err, "this machine fails, even before the interrupt:\n  faulty, f32 paper: ")
			}
			assert.Regexp(t, regexp.MustCompile(`(?m)^ +generic +f32 +paper +[0-9,]+ +0 +`+published["f32 paper"]+`$`), out.String())
		})
	}
}
