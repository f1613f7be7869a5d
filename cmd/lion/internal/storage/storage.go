// Package storage lists the ways in which lion's steps store weights, gradients
// and momentum. What the commands train with, verify and name comes from here: a
// new storage is a method of [Stepper] and an entry in [All].
package storage

import (
	"fmt"
	"strings"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
)

// A Storage is one way to store the numbers of a step.
type Storage struct {
	Name   string
	Alias  string // another name, or ""
	About  string
	Slices []Slice
	// Random says that weights may be rounded at random.
	Random bool
	// Step calls the method of s that steps Slices.
	Step func(s Stepper, x Values) error
	// StepRows steps rows of a table. It is nil where lion has no such method.
	StepRows func(s Stepper, x Values, width int, rows []int) error

	// param makes a parameter of optim's of the slices; own names the slice of weights,
	// if any, that optim has itself, beside the momentum.
	param func(name string, x Values, shape ...int) *optim.Param
	own   string

	// store splits weights between slices; nil if each of them has it whole.
	store func(x Values, weight []float32) error
}

// A Slice is one of the slices that a step takes.
type Slice struct {
	Name    string
	Element Element
	Role    Role
}

// A Role is what a slice holds, and so what a step does with it.
type Role int

const (
	Weight   Role = iota // what is trained, or a part of it: updated
	Grad                 // read
	Momentum             // updated
	Copy                 // of the weights, for the model: written
)

// Values are slices of numbers, in the order of a Storage's Slices.
type Values []any

// at returns slice i of x.
func at[T any](x Values, i int) []T { return x[i].([]T) }

func (x Values) f32(i int) []float32    { return at[float32](x, i) }
func (x Values) f64(i int) []float64    { return at[float64](x, i) }
func (x Values) bf16(i int) []lion.BF16 { return at[lion.BF16](x, i) }
func (x Values) f16(i int) []lion.F16   { return at[lion.F16](x, i) }
func (x Values) low(i int) []uint16     { return at[uint16](x, i) }

// Bytes is what a step moves between memory and registers for each weight.
func (s Storage) Bytes() int { return s.bytes(2) }

// Held is what the slices take for each weight.
func (s Storage) Held() int { return s.bytes(1) }

// bytes counts a slice that is updated so many times.
func (s Storage) bytes(updated int) int {
	sum := 0
	for _, x := range s.Slices {
		n := x.Element.Bytes()
		if x.Role == Weight || x.Role == Momentum {
			n *= updated
		}
		sum += n
	}
	return sum
}

// Find returns the storage of that name or alias.
func Find(name string) (Storage, error) {
	for _, s := range All {
		if name == s.Name || name == s.Alias && name != "" {
			return s, nil
		}
	}
	return Storage{}, fmt.Errorf("want one of %s", strings.Join(Names(), ", "))
}

// Names lists the names of all storages.
func Names() []string {
	var names []string
	for _, s := range All {
		names = append(names, s.Name)
	}
	return names
}
