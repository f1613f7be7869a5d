package main

import "github.com/lionkernel/lion"

// functions are those of the package that lion verify covers. They run on the
// implementation that the process prefers, and are compared with restated.
type functions struct {
	narrowBF16 func(dst []lion.BF16, src []float32) error
	narrowF16  func(dst []lion.F16, src []float32) error
	widenBF16  func(dst []float32, src []lion.BF16) error
	widenF16   func(dst []float32, src []lion.F16) error
	toBF16     func(dst []lion.BF16, src []float32) error // value by value, as the next three
	toF16      func(dst []lion.F16, src []float32) error
	fromBF16   func(dst []float32, src []lion.BF16) error
	fromF16    func(dst []float32, src []lion.F16) error
	kahan      func(param, compensation []lion.BF16, weight []float32) error
	split      func(hi []lion.BF16, lo []uint16, weight []float32) error
	join       func(weight []float32, hi []lion.BF16, lo []uint16) error
	statsF32   func(grad []float32, cuts []int) (lion.Stats, error)
	statsF64   func(grad []float64, cuts []int) (lion.Stats, error)
	statsBF16  func(grad []lion.BF16, cuts []int) (lion.Stats, error)
	statsF16   func(grad []lion.F16, cuts []int) (lion.Stats, error)
}

var packageFunctions = functions{
	lion.NarrowBF16, lion.NarrowF16, lion.WidenBF16, lion.WidenF16,
	oneByOne(lion.ToBF16), oneByOne(lion.ToF16), oneByOne(lion.BF16.Float32), oneByOne(lion.F16.Float32),
	lion.KahanBF16, lion.Split, lion.Join,
	gradStats[float32], gradStats[float64], gradStats[lion.BF16], gradStats[lion.F16],
}

// oneByOne is a conversion of slices by one of values.
func oneByOne[D, S any](convert func(S) D) func([]D, []S) error {
	return func(dst []D, src []S) error {
		for i, x := range src {
			dst[i] = convert(x)
		}
		return nil
	}
}

// gradStats returns the statistics of grad, of its parts between cuts if there
// are any.
func gradStats[T lion.Gradient](grad []T, cuts []int) (lion.Stats, error) {
	if len(cuts) == 0 {
		return lion.GradStats(grad), nil
	}
	var sum lion.StatsPart
	from := 0
	for _, to := range append(cuts, len(grad)) {
		p, err := lion.GradStatsPart(from, grad[from:to])
		if err != nil {
			return lion.Stats{}, err
		}
		if sum, err = sum.Join(p); err != nil {
			return lion.Stats{}, err
		}
		from = to
	}
	return sum.Stats(), nil
}

// named makes a rule of the name of a function, which knows no rules.
func named(name string) []rule { return []rule{{name, func(*lion.Config, *rng) {}}} }

var functionFormats = []format{
	{
		name: "bf16", rules: named("NarrowBF16"), wide: true,
		operands: []operand{{"dst", arrayBF16, written}, {"src", arrayF32, read}},
		run:      func(c call) error { return c.narrowBF16(c.bf16(0), c.f32(1)) },
	},
	{
		name: "bf16", rules: named("WidenBF16"), wide: true,
		operands: []operand{{"dst", arrayF32, written}, {"src", arrayBF16, read}},
		run:      func(c call) error { return c.widenBF16(c.f32(0), c.bf16(1)) },
	},
	{
		name: "f16", rules: named("NarrowF16"), wide: true,
		operands: []operand{{"dst", arrayF16, written}, {"src", arrayF32, read}},
		run:      func(c call) error { return c.narrowF16(c.f16(0), c.f32(1)) },
	},
	{
		name: "f16", rules: named("WidenF16"), wide: true,
		operands: []operand{{"dst", arrayF32, written}, {"src", arrayF16, read}},
		run:      func(c call) error { return c.widenF16(c.f32(0), c.f16(1)) },
	},
	{
		name: "bf16", rules: named("ToBF16"), wide: true,
		operands: []operand{{"dst", arrayBF16, written}, {"src", arrayF32, read}},
		run:      func(c call) error { return c.toBF16(c.bf16(0), c.f32(1)) },
	},
	{
		name: "bf16", rules: named("BF16.Float32"), wide: true,
		operands: []operand{{"dst", arrayF32, written}, {"src", arrayBF16, read}},
		run:      func(c call) error { return c.fromBF16(c.f32(0), c.bf16(1)) },
	},
	{
		name: "f16", rules: named("ToF16"), wide: true,
		operands: []operand{{"dst", arrayF16, written}, {"src", arrayF32, read}},
		run:      func(c call) error { return c.toF16(c.f16(0), c.f32(1)) },
	},
	{
		name: "f16", rules: named("F16.Float32"), wide: true,
		operands: []operand{{"dst", arrayF32, written}, {"src", arrayF16, read}},
		run:      func(c call) error { return c.fromF16(c.f32(0), c.f16(1)) },
	},
	{
		name: "kahan", rules: named("KahanBF16"), wide: true,
		operands: []operand{{"param", arrayBF16, written}, {"compensation", arrayBF16, written}, {"weight", arrayF32, read}},
		run:      func(c call) error { return c.kahan(c.bf16(0), c.bf16(1), c.f32(2)) },
	},
	{
		name: "split", rules: named("Split"), wide: true,
		operands: []operand{{"hi", arrayBF16, written}, {"lo", arrayU16, written}, {"weight", arrayF32, read}},
		run:      func(c call) error { return c.split(c.bf16(0), c.u16(1), c.f32(2)) },
	},
	{
		name: "split", rules: named("Join"), wide: true,
		operands: []operand{{"weight", arrayF32, written}, {"hi", arrayBF16, read}, {"lo", arrayU16, read}},
		run:      func(c call) error { return c.join(c.f32(0), c.bf16(1), c.u16(2)) },
	},
	statsFormat("f32", arrayF32, func(c call) (lion.Stats, error) { return c.statsF32(c.f32(1), c.cuts) }),
	statsFormat("f64", arrayF64, func(c call) (lion.Stats, error) { return c.statsF64(c.f64(1), c.cuts) }),
	statsFormat("bf16", arrayBF16, func(c call) (lion.Stats, error) { return c.statsBF16(c.bf16(1), c.cuts) }),
	statsFormat("f16", arrayF16, func(c call) (lion.Stats, error) { return c.statsF16(c.f16(1), c.cuts) }),
}

// statsFormat is GradStats of a type of gradient: its results are four numbers.
func statsFormat(name string, grad func() tensor, stats func(call) (lion.Stats, error)) format {
	return format{
		name: name, rules: named("GradStats"), wide: true, shape: statsShape,
		operands: []operand{{"stats", arrayF64, written}, {"grad", grad, read}},
		run: func(c call) error {
			s, err := stats(c)
			copy(c.f64(0), []float64{s.SumSquares, s.MaxAbs, float64(s.NaNs), float64(s.Infs)})
			return err
		},
	}
}

// statsShape draws where a gradient is split, if at all.
func statsShape(r *rng, n int) shape {
	s := shape{elements: n, lengths: []int{4, n}}
	if r.intn(2) == 0 {
		return s
	}
	for at := 0; ; {
		at += lion.StatsBlock * (1 + r.intn(8))
		if at > n {
			return s
		}
		s.cuts = append(s.cuts, at)
	}
}
