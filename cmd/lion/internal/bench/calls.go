package bench

import (
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// repeat steps the slices of a storage so many times, with nothing between the loop
// and the call: through storage.Stepper a small step takes half as long again.
type repeat func(s lion.Stepper, x storage.Values, times int) error

// calls has each storage's, by its name.
var calls = map[string]repeat{
	"f32":             three(lion.Stepper.StepF32),
	"f64":             three(lion.Stepper.StepF64),
	"f32m16":          three(lion.Stepper.StepF32M16),
	"bf16":            three(lion.Stepper.StepBF16),
	"f16":             three(lion.Stepper.StepF16),
	"kahan":           four(lion.Stepper.StepBF16Kahan),
	"split":           four(lion.Stepper.StepSplit),
	"master-bf16":     four(lion.Stepper.StepMasterBF16),
	"master-bf16-m16": four(lion.Stepper.StepMasterBF16M16),
	"master-f16":      four(lion.Stepper.StepMasterF16),
}

func three[A, B, C any](step func(s lion.Stepper, a []A, b []B, c []C) error) repeat {
	return func(s lion.Stepper, x storage.Values, times int) error {
		a, b, c := x[0].([]A), x[1].([]B), x[2].([]C)
		for range times {
			if err := step(s, a, b, c); err != nil {
				return err
			}
		}
		return nil
	}
}

func four[A, B, C, D any](step func(s lion.Stepper, a []A, b []B, c []C, d []D) error) repeat {
	return func(s lion.Stepper, x storage.Values, times int) error {
		a, b, c, d := x[0].([]A), x[1].([]B), x[2].([]C), x[3].([]D)
		for range times {
			if err := step(s, a, b, c, d); err != nil {
				return err
			}
		}
		return nil
	}
}
