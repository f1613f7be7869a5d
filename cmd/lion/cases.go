package main

import (
	"strings"

	"github.com/lionkernel/lion"
)

// stepper is what lion verify needs of a lion.Stepper. Tests put a faulty one
// in its place.
type stepper interface {
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

// maker makes the stepper of training step t, for slices that begin at element
// index: newStepper, or what a test puts in its place.
type maker func(c lion.Config, t, index int) (stepper, error)

func newStepper(c lion.Config, t, index int) (stepper, error) {
	s, err := lion.New(c)
	return s.At(t).From(index), err
}

// format is a storage format, or a function, that lion verify covers: an entry
// in formats is all that a new one takes.
type format struct {
	name     string
	operands []operand
	rules    []rule
	shape    func(r *rng, n int) shape // nil: every operand has n elements
	run      func(c call) error
	// wide: run calls functions of the package, which know no Config.
	wide bool
}

// storage is the storage format that f is about.
func (f format) storage() string {
	name, _, _ := strings.Cut(f.name, " ") // f32 rows
	return name
}

// operand is one of the slices that a call takes.
type operand struct {
	name   string
	make   func() tensor
	access access
}

type access int

const (
	written access = iota // results, or updated in place
	read
)

// shape is what a trial draws beside values and hyperparameters.
type shape struct {
	elements int   // that are computed
	lengths  []int // of the operands; nil if each is elements
	index    int   // of the first element, for random rounding
	width    int   // of a row
	rows     []int // which are stepped
	cuts     []int // where a gradient is split
}

// length is that of operand i.
func (s shape) length(i int) int {
	if s.lengths == nil {
		return s.elements
	}
	return s.lengths[i]
}

// call is what a format runs: stepper or functions is set.
type call struct {
	stepper
	functions
	shape
	operands []tensor
}

func (c call) f32(i int) []float32    { return window[float32](c.operands[i]) }
func (c call) f64(i int) []float64    { return window[float64](c.operands[i]) }
func (c call) bf16(i int) []lion.BF16 { return window[lion.BF16](c.operands[i]) }
func (c call) f16(i int) []lion.F16   { return window[lion.F16](c.operands[i]) }
func (c call) u16(i int) []uint16     { return window[uint16](c.operands[i]) }

// subject is what lines of the report are about.
type subject struct {
	format format
	rule   rule
}

func (s subject) String() string { return s.format.name + " " + s.rule.name }

// subjectsOf lists every format with each of its rules.
func subjectsOf(formats []format) []subject {
	var list []subject
	for _, f := range formats {
		for _, r := range f.rules {
			list = append(list, subject{f, r})
		}
	}
	return list
}
