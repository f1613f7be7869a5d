package verify

import (
	"bytes"
	"context"
	"io"
	"slices"
	"time"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
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
		narrowBF16: faultyConversion(f, "NarrowBF16", g.narrowBF16),
		narrowF16:  faultyConversion(f, "NarrowF16", g.narrowF16),
		widenBF16:  faultyConversion(f, "WidenBF16", g.widenBF16),
		widenF16:   faultyConversion(f, "WidenF16", g.widenF16),
		toBF16:     faultyConversion(f, "ToBF16", g.toBF16),
		toF16:      faultyConversion(f, "ToF16", g.toF16),
		fromBF16:   faultyConversion(f, "BF16.Float32", g.fromBF16),
		fromF16:    faultyConversion(f, "F16.Float32", g.fromF16),
		kahan: func(param, compensation []lion.BF16, weight []float32) error {
			defer f("KahanBF16", param, compensation, weight)
			return g.kahan(param, compensation, weight)
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

func faultyConversion[D, S any](f fault, name string, good func([]D, []S) error) func([]D, []S) error {
	return func(dst []D, src []S) error {
		defer f(name, dst, src)
		return good(dst, src)
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
	return func(c lion.Config, t, index int) (storage.Stepper, error) {
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
	subjects := slices.DeleteFunc(subjectsOf(routines()), func(s subject) bool {
		return len(names) > 0 && !slices.Contains(names, s.String())
	})
	return programOf(cli.Command{Name: "verify", Run: func(ctx context.Context, _ []string, stdout, stderr io.Writer) error {
		v := verifier{
			subjects: subjects, make: makeFaulty(f),
			impls: []string{"faulty", reference}, preferred: contender{"faulty", f.functions()},
			workers: 2, seed: 1, limit: time.Nanosecond, stdout: stdout, stderr: stderr,
		}
		return v.run(ctx)
	}})
}

// command runs a command line and returns what it printed.
func command(args ...string) (code int, stdout, stderr string) {
	return programOf(Command, args[1:]...)
}

func programOf(c cli.Command, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := cli.Program{Commands: []cli.Command{c}}
	code = p.Run(context.Background(), append([]string{c.Name}, args...), &out, &errs)
	return code, out.String(), errs.String()
}
