package lion

import (
	"errors"
	"fmt"
)

// Errors that this package returns, wrapped with what was wrong: test for them
// with errors.Is.
var (
	// ErrConfig: a hyperparameter is out of range, and the text names the field
	// and its value; or a Stepper lacks what its step needs of New, At or From.
	ErrConfig = errors.New("lion: bad config")
	// ErrLength: slices that must be of one length are not, or a table's width
	// doesn't go with them.
	ErrLength = errors.New("lion: lengths don't fit")
	// ErrOverlap: two of the slices share memory.
	ErrOverlap = errors.New("lion: slices overlap")
	// ErrRows: rows of an embedding table are out of range or named twice.
	ErrRows = errors.New("lion: bad rows")
	// ErrPart: parts of a gradient's statistics don't fit together.
	ErrPart = errors.New("lion: parts don't fit")
	// ErrImplementation: Config.Implementation is unknown or can't run here.
	ErrImplementation = errors.New("lion: no such implementation")
)

// What a Stepper lacks.
var (
	errZeroStepper = fmt.Errorf("%w: zero Stepper; make one with New", ErrConfig)
	errNoTime      = fmt.Errorf("%w: BiasCorrected needs Stepper.At(t) with t ≥ 1 for each step", ErrConfig)
	errNoStep      = fmt.Errorf("%w: StochasticRounding needs Stepper.At(t) with t ≥ 1 for each step", ErrConfig)
	errNoIndex     = fmt.Errorf("%w: StochasticRounding needs Stepper.From(index) with index ≥ 0", ErrConfig)
)
