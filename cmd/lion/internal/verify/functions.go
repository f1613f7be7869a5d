package verify

import (
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

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
func named(name string) []rule { return []rule{{name, func(*lion.Config, *rng.Source) {}}} }

var functionRoutines = []routine{
	{
		name: "bf16", storage: "bf16", rules: named("NarrowBF16"), function: true,
		operands: []operand{{"dst", storage.BF16, written}, {"src", storage.F32, read}},
		run:      func(c call) error { return c.narrowBF16(c.bf16(0), c.f32(1)) },
	},
	{
		name: "bf16", storage: "bf16", rules: named("WidenBF16"), function: true,
		operands: []operand{{"dst", storage.F32, written}, {"src", storage.BF16, read}},
		run:      func(c call) error { return c.widenBF16(c.f32(0), c.bf16(1)) },
	},
	{
		name: "f16", storage: "f16", rules: named("NarrowF16"), function: true,
		operands: []operand{{"dst", storage.F16, written}, {"src", storage.F32, read}},
		run:      func(c call) error { return c.narrowF16(c.f16(0), c.f32(1)) },
	},
	{
		name: "f16", storage: "f16", rules: named("WidenF16"), function: true,
		operands: []operand{{"dst", storage.F32, written}, {"src", storage.F16, read}},
		run:      func(c call) error { return c.widenF16(c.f32(0), c.f16(1)) },
	},
	{
		name: "bf16", storage: "bf16", rules: named("ToBF16"), function: true,
		operands: []operand{{"dst", storage.BF16, written}, {"src", storage.F32, read}},
		run:      func(c call) error { return c.toBF16(c.bf16(0), c.f32(1)) },
	},
	{
		name: "bf16", storage: "bf16", rules: named("BF16.Float32"), function: true,
		operands: []operand{{"dst", storage.F32, written}, {"src", storage.BF16, read}},
		run:      func(c call) error { return c.fromBF16(c.f32(0), c.bf16(1)) },
	},
	{
		name: "f16", storage: "f16", rules: named("ToF16"), function: true,
		operands: []operand{{"dst", storage.F16, written}, {"src", storage.F32, read}},
		run:      func(c call) error { return c.toF16(c.f16(0), c.f32(1)) },
	},
	{
		name: "f16", storage: "f16", rules: named("F16.Float32"), function: true,
		operands: []operand{{"dst", storage.F32, written}, {"src", storage.F16, read}},
		run:      func(c call) error { return c.fromF16(c.f32(0), c.f16(1)) },
	},
	{
		name: "kahan", storage: "kahan", rules: named("KahanBF16"), function: true,
		operands: []operand{{"param", storage.BF16, written}, {"compensation", storage.BF16, written}, {"weight", storage.F32, read}},
		run:      func(c call) error { return c.kahan(c.bf16(0), c.bf16(1), c.f32(2)) },
	},
	{
		name: "split", storage: "split", rules: named("Split"), function: true,
		operands: []operand{{"hi", storage.BF16, written}, {"lo", storage.Low16, written}, {"weight", storage.F32, read}},
		run:      func(c call) error { return c.split(c.bf16(0), c.low(1), c.f32(2)) },
	},
	{
		name: "split", storage: "split", rules: named("Join"), function: true,
		operands: []operand{{"weight", storage.F32, written}, {"hi", storage.BF16, read}, {"lo", storage.Low16, read}},
		run:      func(c call) error { return c.join(c.f32(0), c.bf16(1), c.low(2)) },
	},
	statsRoutine("f32", storage.F32, func(c call) (lion.Stats, error) { return c.statsF32(c.f32(1), c.cuts) }),
	statsRoutine("f64", storage.F64, func(c call) (lion.Stats, error) { return c.statsF64(c.f64(1), c.cuts) }),
	statsRoutine("bf16", storage.BF16, func(c call) (lion.Stats, error) { return c.statsBF16(c.bf16(1), c.cuts) }),
	statsRoutine("f16", storage.F16, func(c call) (lion.Stats, error) { return c.statsF16(c.f16(1), c.cuts) }),
}

// statsRoutine is GradStats of a type of gradient: its results are four numbers.
func statsRoutine(name string, grad storage.Element, stats func(call) (lion.Stats, error)) routine {
	return routine{
		name: name, storage: name, rules: named("GradStats"), function: true, shape: statsShape,
		operands: []operand{{"stats", storage.F64, written}, {"grad", grad, read}},
		run: func(c call) error {
			s, err := stats(c)
			copy(c.f64(0), []float64{s.SumSquares, s.MaxAbs, float64(s.NaNs), float64(s.Infs)})
			return err
		},
	}
}

// statsShape draws where a gradient is split, if at all.
func statsShape(r *rng.Source, n int) shape {
	s := shape{elements: n, lengths: []int{4, n}}
	if r.Intn(2) == 0 {
		return s
	}
	for at := 0; ; {
		at += lion.StatsBlock * (1 + r.Intn(8))
		if at > n {
			return s
		}
		s.cuts = append(s.cuts, at)
	}
}
