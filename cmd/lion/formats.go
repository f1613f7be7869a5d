package main

import "slices"

// formats are what lion verify covers, in the order of its report.
var formats = slices.Concat(wholeFormats, halfFormats, rowFormats, functionFormats)

var wholeFormats = []format{
	{
		name: "f32", rules: rules,
		operands: []operand{{"param", arrayF32, written}, {"grad", arrayF32, read}, {"momentum", arrayF32, written}},
		run:      func(c call) error { return c.StepF32(c.f32(0), c.f32(1), c.f32(2)) },
	},
	{
		name: "f64", rules: rules,
		operands: []operand{{"param", arrayF64, written}, {"grad", arrayF64, read}, {"momentum", arrayF64, written}},
		run:      func(c call) error { return c.StepF64(c.f64(0), c.f64(1), c.f64(2)) },
	},
}

var (
	operandsBF16 = []operand{{"param", arrayBF16, written}, {"grad", arrayBF16, read}, {"momentum", arrayBF16, written}}
	operandsF16  = []operand{{"param", arrayF16, written}, {"grad", arrayF16, read}, {"momentum", arrayF16, written}}
)

func runBF16(c call) error { return c.StepBF16(c.bf16(0), c.bf16(1), c.bf16(2)) }
func runF16(c call) error  { return c.StepF16(c.f16(0), c.f16(1), c.f16(2)) }

// halfFormats are those with 16-bit slices.
var halfFormats = []format{
	{name: "bf16", rules: halfRules, operands: operandsBF16, run: runBF16},
	{name: "bf16", rules: stochasticRules, operands: operandsBF16, run: runBF16, shape: indexShape},
	{name: "f16", rules: halfRules, operands: operandsF16, run: runF16},
	{name: "f16", rules: stochasticRules, operands: operandsF16, run: runF16, shape: indexShape},
	{
		name: "master-bf16", rules: halfRules,
		operands: []operand{{"master", arrayF32, written}, {"grad", arrayBF16, read}, {"momentum", arrayF32, written}, {"shadow", arrayBF16, written}},
		run:      func(c call) error { return c.StepMasterBF16(c.f32(0), c.bf16(1), c.f32(2), c.bf16(3)) },
	},
	{
		name: "master-bf16-m16", rules: halfRules,
		operands: []operand{{"master", arrayF32, written}, {"grad", arrayBF16, read}, {"momentum", arrayBF16, written}, {"shadow", arrayBF16, written}},
		run:      func(c call) error { return c.StepMasterBF16M16(c.f32(0), c.bf16(1), c.bf16(2), c.bf16(3)) },
	},
	{
		name: "master-f16", rules: halfRules,
		operands: []operand{{"master", arrayF32, written}, {"grad", arrayF16, read}, {"momentum", arrayF32, written}, {"shadow", arrayF16, written}},
		run:      func(c call) error { return c.StepMasterF16(c.f32(0), c.f16(1), c.f32(2), c.f16(3)) },
	},
	{
		name: "f32m16", rules: halfRules,
		operands: []operand{{"param", arrayF32, written}, {"grad", arrayF32, read}, {"momentum", arrayBF16, written}},
		run:      func(c call) error { return c.StepF32M16(c.f32(0), c.f32(1), c.bf16(2)) },
	},
	{
		name: "split", rules: halfRules,
		operands: []operand{{"hi", arrayBF16, written}, {"lo", arrayU16, written}, {"grad", arrayBF16, read}, {"momentum", arrayBF16, written}},
		run:      func(c call) error { return c.StepSplit(c.bf16(0), c.u16(1), c.bf16(2), c.bf16(3)) },
	},
	{
		name: "kahan", rules: halfRules,
		operands: []operand{{"param", arrayBF16, written}, {"grad", arrayBF16, read}, {"momentum", arrayBF16, written}, {"compensation", arrayBF16, written}},
		run:      func(c call) error { return c.StepBF16Kahan(c.bf16(0), c.bf16(1), c.bf16(2), c.bf16(3)) },
	},
}

// indexShape draws where in its tensor a slice begins.
func indexShape(r *rng, n int) shape {
	return shape{elements: n, index: pick(r, 0, 0, r.intn(1<<30))}
}

// rowFormats step some rows of a table.
var rowFormats = []format{
	{
		name: "f32 rows", rules: anyRule, shape: rowShape,
		operands: []operand{{"param", arrayF32, written}, {"grad", arrayF32, read}, {"momentum", arrayF32, written}},
		run:      func(c call) error { return c.StepRowsF32(c.f32(0), c.f32(2), c.width, c.rows, c.f32(1)) },
	},
	{
		name: "f64 rows", rules: anyRule, shape: rowShape,
		operands: []operand{{"param", arrayF64, written}, {"grad", arrayF64, read}, {"momentum", arrayF64, written}},
		run:      func(c call) error { return c.StepRowsF64(c.f64(0), c.f64(2), c.width, c.rows, c.f64(1)) },
	},
}

// rowShape draws a table and rows of it with about n elements in all, in any
// order or, as often, an increasing one.
func rowShape(r *rng, n int) shape {
	width := 1 + r.intn(pick(r, 4, 40, 400))
	listed := n / width
	table := listed + r.intn(listed+2)
	all := make([]int, table)
	for i := range all {
		all[i] = i
	}
	r.shuffle(all)
	rows := all[:listed]
	if r.intn(2) == 0 {
		slices.Sort(rows)
	}
	return shape{elements: listed * width, lengths: []int{table * width, listed * width, table * width}, width: width, rows: rows}
}
