package storage

import (
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
)

// A Stepper is what steps storages: a lion.Stepper, or in a test something in its
// place.
type Stepper interface {
	StepF32(param, grad, momentum []float32) error
	StepF64(param, grad, momentum []float64) error
	StepBF16(param, grad, momentum []lion.BF16) error
	StepF16(param, grad, momentum []lion.F16) error
	StepMasterBF16(master []float32, grad []lion.BF16, momentum []float32, shadow []lion.BF16) error
	StepMasterBF16M16(master []float32, grad, momentum, shadow []lion.BF16) error
	StepMasterF16(master []float32, grad []lion.F16, momentum []float32, shadow []lion.F16) error
	StepF32M16(param, grad []float32, momentum []lion.BF16) error
	StepSplit(hi []lion.BF16, lo []uint16, grad, momentum []lion.BF16) error
	StepBF16Kahan(param, grad, momentum, compensation []lion.BF16) error
	StepRowsF32(param, momentum []float32, width int, rows []int, grad []float32) error
	StepRowsF64(param, momentum []float64, width int, rows []int, grad []float64) error
}

// All are the storages, float32 first. The names are those of the benchmarks.
var All = []Storage{
	{
		Name: "f32", About: "float32",
		Slices:   []Slice{{"param", F32, Weight}, {"grad", F32, Grad}, {"momentum", F32, Momentum}},
		Step:     func(s Stepper, x Values) error { return s.StepF32(x.f32(0), x.f32(1), x.f32(2)) },
		StepRows: stepRowsF32,
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.F32(name, x.f32(0), x.f32(1), shape...)
		},
	},
	{
		Name: "f64", About: "float64",
		Slices:   []Slice{{"param", F64, Weight}, {"grad", F64, Grad}, {"momentum", F64, Momentum}},
		Step:     func(s Stepper, x Values) error { return s.StepF64(x.f64(0), x.f64(1), x.f64(2)) },
		StepRows: stepRowsF64,
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.F64(name, x.f64(0), x.f64(1), shape...)
		},
	},
	{
		Name: "f32m16", Alias: "f32-m16", About: "float32, bfloat16 momentum",
		Slices: []Slice{{"param", F32, Weight}, {"grad", F32, Grad}, {"momentum", BF16, Momentum}},
		Step:   func(s Stepper, x Values) error { return s.StepF32M16(x.f32(0), x.f32(1), x.bf16(2)) },
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.F32M16(name, x.f32(0), x.f32(1), shape...)
		},
	},
	{
		Name: "bf16", About: "bfloat16", Random: true,
		Slices: []Slice{{"param", BF16, Weight}, {"grad", BF16, Grad}, {"momentum", BF16, Momentum}},
		Step:   func(s Stepper, x Values) error { return s.StepBF16(x.bf16(0), x.bf16(1), x.bf16(2)) },
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.BF16(name, x.bf16(0), x.bf16(1), shape...)
		},
	},
	{
		Name: "kahan", About: "bfloat16, weights with Kahan's compensation",
		Slices: []Slice{{"param", BF16, Weight}, {"grad", BF16, Grad}, {"momentum", BF16, Momentum}, {"compensation", BF16, Weight}},
		Step: func(s Stepper, x Values) error {
			return s.StepBF16Kahan(x.bf16(0), x.bf16(1), x.bf16(2), x.bf16(3))
		},
		store: func(x Values, weight []float32) error { return lion.KahanBF16(x.bf16(0), x.bf16(3), weight) },
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.KahanBF16(name, x.bf16(0), x.bf16(1), shape...)
		},
		own: "compensation",
	},
	{
		Name: "split", About: "float32 weights as bfloat16 and the 16 bits below, else bfloat16",
		Slices: []Slice{{"hi", BF16, Weight}, {"lo", Low16, Weight}, {"grad", BF16, Grad}, {"momentum", BF16, Momentum}},
		Step:   func(s Stepper, x Values) error { return s.StepSplit(x.bf16(0), x.low(1), x.bf16(2), x.bf16(3)) },
		store:  func(x Values, weight []float32) error { return lion.Split(x.bf16(0), x.low(1), weight) },
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.SplitBF16(name, x.bf16(0), x.bf16(2), shape...)
		},
		own: "lo",
	},
	{
		Name: "master-bf16", Alias: "master",
		About:  "float32 weights, with a bfloat16 copy, and momentum; bfloat16 gradient",
		Slices: []Slice{{"master", F32, Weight}, {"grad", BF16, Grad}, {"momentum", F32, Momentum}, {"shadow", BF16, Copy}},
		Step: func(s Stepper, x Values) error {
			return s.StepMasterBF16(x.f32(0), x.bf16(1), x.f32(2), x.bf16(3))
		},
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.MasterBF16(name, x.bf16(3), x.bf16(1), shape...)
		},
		own: "master",
	},
	{
		Name: "master-bf16-m16", Alias: "master-m16",
		About:  "float32 weights, with a bfloat16 copy; bfloat16 gradient and momentum",
		Slices: []Slice{{"master", F32, Weight}, {"grad", BF16, Grad}, {"momentum", BF16, Momentum}, {"shadow", BF16, Copy}},
		Step: func(s Stepper, x Values) error {
			return s.StepMasterBF16M16(x.f32(0), x.bf16(1), x.bf16(2), x.bf16(3))
		},
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.MasterBF16M16(name, x.bf16(3), x.bf16(1), shape...)
		},
		own: "master",
	},
	{
		Name: "f16", About: "IEEE half", Random: true,
		Slices: []Slice{{"param", F16, Weight}, {"grad", F16, Grad}, {"momentum", F16, Momentum}},
		Step:   func(s Stepper, x Values) error { return s.StepF16(x.f16(0), x.f16(1), x.f16(2)) },
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.F16(name, x.f16(0), x.f16(1), shape...)
		},
	},
	{
		Name: "master-f16", About: "float32 weights, with a copy in IEEE half, and momentum; half gradient",
		Slices: []Slice{{"master", F32, Weight}, {"grad", F16, Grad}, {"momentum", F32, Momentum}, {"shadow", F16, Copy}},
		Step: func(s Stepper, x Values) error {
			return s.StepMasterF16(x.f32(0), x.f16(1), x.f32(2), x.f16(3))
		},
		param: func(name string, x Values, shape ...int) *optim.Param {
			return optim.MasterF16(name, x.f16(3), x.f16(1), shape...)
		},
		own: "master",
	},
}

func stepRowsF32(s Stepper, x Values, width int, rows []int) error {
	return s.StepRowsF32(x.f32(0), x.f32(2), width, rows, x.f32(1))
}

func stepRowsF64(s Stepper, x Values, width int, rows []int) error {
	return s.StepRowsF64(x.f64(0), x.f64(2), width, rows, x.f64(1))
}
