package verify

import (
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// maker makes the stepper of training step t, for slices that begin at element
// index: newStepper, or what a test puts in its place.
type maker func(c lion.Config, t, index int) (storage.Stepper, error)

func newStepper(c lion.Config, t, index int) (storage.Stepper, error) {
	s, err := lion.New(c)
	return s.At(t).From(index), err
}

// routine is what lion verify compares: a storage's step, or a function.
type routine struct {
	name     string
	storage  string // the name of the one that it is about
	operands []operand
	rules    []rule
	shape    func(r *rng.Source, n int) shape // nil: every operand has n elements
	run      func(c call) error
	// function: run calls functions of the package, which know no Config.
	function bool
}

// operand is one of the slices that a call takes.
type operand struct {
	name    string
	element storage.Element
	access  access
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

// call is what a routine runs: stepper or functions is set.
type call struct {
	stepper storage.Stepper
	functions
	shape
	operands []tensor
}

// values are the slices of all operands.
func (c call) values() storage.Values {
	var x storage.Values
	for _, o := range c.operands {
		x = append(x, o.values())
	}
	return x
}

func (c call) f32(i int) []float32    { return window[float32](c.operands[i]) }
func (c call) f64(i int) []float64    { return window[float64](c.operands[i]) }
func (c call) bf16(i int) []lion.BF16 { return window[lion.BF16](c.operands[i]) }
func (c call) f16(i int) []lion.F16   { return window[lion.F16](c.operands[i]) }
func (c call) low(i int) []uint16     { return window[uint16](c.operands[i]) }

// subject is what lines of the report are about.
type subject struct {
	routine routine
	rule    rule
}

func (s subject) String() string { return s.routine.name + " " + s.rule.name }

// subjectsOf lists every routine with each of its rules.
func subjectsOf(routines []routine) []subject {
	var list []subject
	for _, f := range routines {
		for _, r := range f.rules {
			list = append(list, subject{f, r})
		}
	}
	return list
}
