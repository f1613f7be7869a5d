package main

import (
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A fault may spoil the slices of a call after it is done; name is that of the
// method or function.
type fault func(name string, slices ...any)

// faulty is a good stepper with a fault.
type faulty struct {
	good lion.Stepper
	fault
}

func (f faulty) StepF32(param, grad, momentum []float32) error {
	defer f.fault("StepF32", param, grad, momentum)
	return f.good.StepF32(param, grad, momentum)
}

func (f faulty) StepF64(param, grad, momentum []float64) error {
	defer f.fault("StepF64", param, grad, momentum)
	return f.good.StepF64(param, grad, momentum)
}

func (f faulty) StepBF16(param, grad, momentum []lion.BF16) error {
	defer f.fault("StepBF16", param, grad, momentum)
	return f.good.StepBF16(param, grad, momentum)
}

func (f faulty) StepF16(param, grad, momentum []lion.F16) error {
	defer f.fault("StepF16", param, grad, momentum)
	return f.good.StepF16(param, grad, momentum)
}

func (f faulty) StepMasterBF16(master []float32, grad []lion.BF16, momentum []float32, shadow []lion.BF16) error {
	defer f.fault("StepMasterBF16", master, grad, momentum, shadow)
	return f.good.StepMasterBF16(master, grad, momentum, shadow)
}

func (f faulty) StepMasterBF16M16(master []float32, grad, momentum, shadow []lion.BF16) error {
	defer f.fault("StepMasterBF16M16", master, grad, momentum, shadow)
	return f.good.StepMasterBF16M16(master, grad, momentum, shadow)
}

func (f faulty) StepMasterF16(master []float32, grad []lion.F16, momentum []float32, shadow []lion.F16) error {
	defer f.fault("StepMasterF16", master, grad, momentum, shadow)
	return f.good.StepMasterF16(master, grad, momentum, shadow)
}

func (f faulty) StepF32M16(param, grad []float32, momentum []lion.BF16) error {
	defer f.fault("StepF32M16", param, grad, momentum)
	return f.good.StepF32M16(param, grad, momentum)
}

func (f faulty) StepSplit(hi []lion.BF16, lo []uint16, grad, momentum []lion.BF16) error {
	defer f.fault("StepSplit", hi, lo, grad, momentum)
	return f.good.StepSplit(hi, lo, grad, momentum)
}

func (f faulty) StepBF16Kahan(param, grad, momentum, compensation []lion.BF16) error {
	defer f.fault("StepBF16Kahan", param, grad, momentum, compensation)
	return f.good.StepBF16Kahan(param, grad, momentum, compensation)
}

func (f faulty) StepRowsF32(param, momentum []float32, width int, rows []int, grad []float32) error {
	defer f.fault("StepRowsF32", param, grad, momentum)
	return f.good.StepRowsF32(param, momentum, width, rows, grad)
}

func (f faulty) StepRowsF64(param, momentum []float64, width int, rows []int, grad []float64) error {
	defer f.fault("StepRowsF64", param, grad, momentum)
	return f.good.StepRowsF64(param, momentum, width, rows, grad)
}

// functions are the package's with the fault.
func (f fault) functions() functions {
	g := packageFunctions
	return functions{
		narrowBF16: func(dst []lion.BF16, src []float32) error {
			defer f("NarrowBF16", dst, src)
			return g.narrowBF16(dst, src)
		},
		narrowF16: func(dst []lion.F16, src []float32) error {
			defer f("NarrowF16", dst, src)
			return g.narrowF16(dst, src)
		},
		widenBF16: func(dst []float32, src []lion.BF16) error {
			defer f("WidenBF16", dst, src)
			return g.widenBF16(dst, src)
		},
		widenF16: func(dst []float32, src []lion.F16) error {
			defer f("WidenF16", dst, src)
			return g.widenF16(dst, src)
		},
		split: func(hi []lion.BF16, lo []uint16, weight []float32) error {
			defer f("Split", hi, lo, weight)
			return g.split(hi, lo, weight)
		},
		join: func(weight []float32, hi []lion.BF16, lo []uint16) error {
			defer f("Join", weight, hi, lo)
			return g.join(weight, hi, lo)
		},
		statsF32:  faultyStats(f, g.statsF32),
		statsF64:  faultyStats(f, g.statsF64),
		statsBF16: faultyStats(f, g.statsBF16),
		statsF16:  faultyStats(f, g.statsF16),
	}
}

// faultyStats gives the fault the numbers in a slice.
func faultyStats[T lion.Gradient](f fault, good func([]T, []int) (lion.Stats, error)) func([]T, []int) (lion.Stats, error) {
	return func(grad []T, cuts []int) (lion.Stats, error) {
		s, err := good(grad, cuts)
		numbers := []float64{s.SumSquares, s.MaxAbs, float64(s.NaNs), float64(s.Infs)}
		f("GradStats", numbers, grad)
		return lion.Stats{SumSquares: numbers[0], MaxAbs: numbers[1], NaNs: int(numbers[2]), Infs: int(numbers[3])}, err
	}
}

// makeFaulty makes steppers, those of the implementation called faulty with a
// fault.
func makeFaulty(f fault) maker {
	return func(c lion.Config, t, index int) (stepper, error) {
		if c.Implementation != "faulty" {
			return newStepper(c, t, index)
		}
		c.Implementation = reference
		s, err := lion.New(c)
		return faulty{s.At(t).From(index), f}, err
	}
}

func noFault(string, ...any) {}

// verifyFaulty runs a command that verifies an implementation called faulty,
// which is the generic one, or what the package prefers, with a fault; on those
// subjects alone that are named, if any are.
func verifyFaulty(f fault, names ...string) (code int, stdout, stderr string) {
	subjects := slices.DeleteFunc(subjectsOf(formats), func(s subject) bool {
		return len(names) > 0 && !slices.Contains(names, s.String())
	})
	good := commands
	defer func() { commands = good }()
	commands = []command{{"verify", "", func(_ []string, stdout, stderr io.Writer) error {
		v := verifier{
			subjects: subjects, make: makeFaulty(f),
			impls: []string{"faulty", reference}, preferred: contender{"faulty", f.functions()},
			workers: 2, seed: 1, limit: time.Nanosecond, stdout: stdout, stderr: stderr,
		}
		return v.run()
	}}}
	return lionCommand("verify")
}

func TestVerifySeesNoFault(t *testing.T) {
	code, stdout, stderr := verifyFaulty(noFault)
	assert.Equal(t, exitOK, code)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "faulty")
}

func TestVerifyDetects(t *testing.T) {
	for name, c := range map[string]struct {
		subject string
		fault   fault
	}{
		"a bit of a weight": {"f32 paper", func(_ string, s ...any) {
			if param := s[0].([]float32); len(param) > 100 {
				param[100] = math.Float32frombits(math.Float32bits(param[100]) ^ 1)
			}
		}},
		"the sign of a zero": {"f64 paper", func(_ string, s ...any) {
			momentum := s[2].([]float64)
			for i, v := range momentum {
				if v == 0 {
					momentum[i] = math.Copysign(0, -math.Copysign(1, v))
				}
			}
		}},
		"the payload of a NaN": {"f32 paper", func(_ string, s ...any) {
			momentum := s[2].([]float32)
			for i, v := range momentum {
				if v != v {
					momentum[i] = math.Float32frombits(0xffc00000)
				}
			}
		}},
		"a flushed subnormal": {"f32 paper", func(_ string, s ...any) {
			momentum := s[2].([]float32)
			for i, v := range momentum {
				if math.Abs(float64(v)) < 0x1p-126 {
					momentum[i] = float32(math.Copysign(0, float64(v)))
				}
			}
		}},
		"a flushed half": {"f16 cautious", func(_ string, s ...any) {
			momentum := s[2].([]lion.F16)
			for i, v := range momentum {
				if v&0x7c00 == 0 {
					momentum[i] &= 0x8000
				}
			}
		}},
		"a write to the gradient": {"f64 paper", func(_ string, s ...any) {
			if grad := s[1].([]float64); len(grad) > 0 {
				grad[0]++
			}
		}},
		"the last element of a long slice": {"f32 paper", func(_ string, s ...any) {
			if param := s[0].([]float32); len(param) > 20_000 {
				param[len(param)-1]++
			}
		}},
		"ties away from zero": {"bf16 NarrowBF16", func(_ string, s ...any) {
			for i, x := range s[1].([]float32) {
				if b := math.Float32bits(x); b&0x1ffff == 0x8000 {
					s[0].([]lion.BF16)[i] = lion.BF16(b>>16 + 1)
				}
			}
		}},
		"a NaN that isn't counted": {"f16 GradStats", func(_ string, s ...any) {
			if stats := s[0].([]float64); stats[2] > 0 {
				stats[2]--
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := verifyFaulty(c.fault, c.subject)
			assert.Equal(t, exitFail, code)
			assert.Contains(t, stderr, "this machine fails")
			assert.Contains(t, stderr, "faulty, "+c.subject+": ")
			assert.NotContains(t, stderr, "\n  generic, ")
			assert.NotContains(t, stderr, "\n  restated, ")
			assert.Contains(t, stderr, "mismatch: faulty")
			assert.Contains(t, stderr, "before: ")
			assert.LessOrEqual(t, strings.Count(stderr, "mismatch: "), maxShown)
			assert.NotContains(t, stdout, "Every implementation gives the same bits")
		})
	}
}

// A bit that flips in any slice of any call is seen, under every rule.
func TestVerifyDetectsEverywhere(t *testing.T) {
	called := map[string]bool{}
	for _, s := range subjectsOf(formats) {
		for at, o := range s.format.operands {
			if s.format.wide && o.access == read {
				continue // statistics aren't given a gradient to write to
			}
			flip := fault(func(name string, slices ...any) {
				called[name] = true
				if x := reflect.ValueOf(slices[at]); x.Len() > 0 {
					flipBit(x.Index(0))
				}
			})
			var told []string
			c := newChecker(s, makeFaulty(flip), []contender{{"faulty", flip.functions()}, {reference, restated}},
				func(text string) { told = append(told, text) })
			tallies := map[string]*tally{"faulty": {}, reference: {}}
			r := rng(1)
			for range 3 {
				require.NoError(t, c.trial(&r, tallies))
			}
			assert.Positive(t, tallies["faulty"].mismatches, "%v, %s", s, o.name)
			require.NotEmpty(t, told, "%v, %s", s, o.name)
			assert.Contains(t, told[0], o.name+"[")
		}
	}
	// Whatever steps is called.
	steps := reflect.TypeFor[lion.Stepper]()
	for i := range steps.NumMethod() {
		if name := steps.Method(i).Name; strings.HasPrefix(name, "Step") {
			assert.True(t, called[name], name)
		}
	}
}

// flipBit flips the lowest bit of a number.
func flipBit(x reflect.Value) {
	switch {
	case x.CanUint():
		x.SetUint(x.Uint() ^ 1)
	case x.Kind() == reflect.Float32:
		x.SetFloat(float64(math.Float32frombits(math.Float32bits(float32(x.Float())) ^ 1)))
	default:
		x.SetFloat(math.Float64frombits(math.Float64bits(x.Float()) ^ 1))
	}
}
