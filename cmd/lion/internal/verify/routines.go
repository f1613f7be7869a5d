package verify

import (
	"slices"

	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// routines are what lion verify covers, in the order of its report: a step for
// each storage, those of rows, and the functions.
func routines() []routine {
	var steps, rows []routine
	for _, s := range storage.All {
		whole := routine{
			name: s.Name, storage: s.Name, rules: rulesOf(s), operands: operandsOf(s),
			run: func(c call) error { return s.Step(c.stepper, c.values()) },
		}
		steps = append(steps, whole)
		if s.Random {
			random := whole
			random.rules, random.shape = stochasticRules, indexShape
			steps = append(steps, random)
		}
		if s.StepRows != nil {
			listed := whole
			listed.name, listed.rules, listed.shape = s.Name+" rows", anyRule, rowShape(s)
			listed.run = func(c call) error { return s.StepRows(c.stepper, c.values(), c.width, c.rows) }
			rows = append(rows, listed)
		}
	}
	return slices.Concat(steps, rows, functionRoutines)
}

// rulesOf returns the rules to verify s with: one by one where each has kernels
// of its own, which is where nothing is of 16 bits.
func rulesOf(s storage.Storage) []rule {
	half := func(x storage.Slice) bool { return x.Element != storage.F32 && x.Element != storage.F64 }
	if slices.ContainsFunc(s.Slices, half) {
		return halfRules
	}
	return rules
}

func operandsOf(s storage.Storage) []operand {
	var list []operand
	for _, x := range s.Slices {
		o := operand{x.Name, x.Element, written}
		if x.Role == storage.Grad {
			o.access = read
		}
		list = append(list, o)
	}
	return list
}

// indexShape draws where in its tensor a slice begins.
func indexShape(r *rng.Source, n int) shape {
	return shape{elements: n, index: pick(r, 0, 0, r.Intn(1<<30))}
}

// rowShape draws a table and rows of it with about n elements in all, in any
// order or, as often, an increasing one. Of the slices of s, the gradient has
// those rows alone.
func rowShape(s storage.Storage) func(r *rng.Source, n int) shape {
	return func(r *rng.Source, n int) shape {
		width := 1 + r.Intn(pick(r, 4, 40, 400))
		listed := n / width
		table := listed + r.Intn(listed+2)
		all := make([]int, table)
		for i := range all {
			all[i] = i
		}
		r.Shuffle(all)
		rows := all[:listed]
		if r.Intn(2) == 0 {
			slices.Sort(rows)
		}
		var lengths []int
		for _, x := range s.Slices {
			n := table * width
			if x.Role == storage.Grad {
				n = listed * width
			}
			lengths = append(lengths, n)
		}
		return shape{elements: listed * width, lengths: lengths, width: width, rows: rows}
	}
}
