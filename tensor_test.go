package lion_test

import (
	"fmt"
	"log"
	"math"
	"reflect"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A listed storage makes a Tensor of slices of n elements, and steps the like by a call
// of its own.
type listed struct {
	name   string
	random bool
	make   func(fill func(i int) float32, n int) (lion.Tensor, []any, error)
	single func(s lion.Stepper, slices []any) error
	spoilt func() (lion.Tensor, error) // of slices that differ in length
}

func f32s(fill func(int) float32, n int) []float32 {
	s := make([]float32, n)
	for i := range s {
		s[i] = fill(i)
	}
	return s
}

func f64s(fill func(int) float32, n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		s[i] = float64(fill(i)) * (1 + 0x1p-40)
	}
	return s
}

func bf16s(fill func(int) float32, n int) []lion.BF16 {
	s := make([]lion.BF16, n)
	for i := range s {
		s[i] = lion.ToBF16(fill(i))
	}
	return s
}

func f16s(fill func(int) float32, n int) []lion.F16 {
	s := make([]lion.F16, n)
	for i := range s {
		s[i] = lion.ToF16(fill(i))
	}
	return s
}

// three is a storage of three slices; four has another.
func three[P, G, M any](name string, random bool, p func(func(int) float32, int) []P, g func(func(int) float32, int) []G, m func(func(int) float32, int) []M,
	tensor func([]P, []G, []M) (lion.Tensor, error), step func(lion.Stepper, []P, []G, []M) error) listed {
	return listed{name, random, func(fill func(int) float32, n int) (lion.Tensor, []any, error) {
		param, grad, momentum := p(fill, n), g(fill, n), m(fill, n)
		t, err := tensor(param, grad, momentum)
		return t, []any{param, grad, momentum}, err
	}, func(s lion.Stepper, x []any) error {
		return step(s, x[0].([]P), x[1].([]G), x[2].([]M))
	}, func() (lion.Tensor, error) {
		return tensor(p(one, 3), g(one, 3), m(one, 2))
	}}
}

func four[P, G, M, X any](name string, p func(func(int) float32, int) []P, g func(func(int) float32, int) []G, m func(func(int) float32, int) []M, x func(func(int) float32, int) []X,
	tensor func([]P, []G, []M, []X) (lion.Tensor, error), step func(lion.Stepper, []P, []G, []M, []X) error) listed {
	return listed{name, false, func(fill func(int) float32, n int) (lion.Tensor, []any, error) {
		param, grad, momentum, extra := p(fill, n), g(fill, n), m(fill, n), x(fill, n)
		t, err := tensor(param, grad, momentum, extra)
		return t, []any{param, grad, momentum, extra}, err
	}, func(s lion.Stepper, y []any) error {
		return step(s, y[0].([]P), y[1].([]G), y[2].([]M), y[3].([]X))
	}, func() (lion.Tensor, error) {
		return tensor(p(one, 3), g(one, 3), m(one, 3), x(one, 4))
	}}
}

func one(int) float32 { return 1 }

func lows(fill func(int) float32, n int) []uint16 {
	s := make([]uint16, n)
	for i := range s {
		s[i] = uint16(math.Float32bits(fill(i)))
	}
	return s
}

var listedStorages = []listed{
	three("f32", false, f32s, f32s, f32s, lion.TensorF32, lion.Stepper.StepF32),
	three("f64", false, f64s, f64s, f64s, lion.TensorF64, lion.Stepper.StepF64),
	three("bf16", true, bf16s, bf16s, bf16s, lion.TensorBF16, lion.Stepper.StepBF16),
	three("f16", true, f16s, f16s, f16s, lion.TensorF16, lion.Stepper.StepF16),
	three("f32m16", false, f32s, f32s, bf16s, lion.TensorF32M16, lion.Stepper.StepF32M16),
	four("master-bf16", f32s, bf16s, f32s, bf16s, lion.TensorMasterBF16, lion.Stepper.StepMasterBF16),
	four("master-bf16-m16", f32s, bf16s, bf16s, bf16s, lion.TensorMasterBF16M16, lion.Stepper.StepMasterBF16M16),
	four("master-f16", f32s, f16s, f32s, f16s, lion.TensorMasterF16, lion.Stepper.StepMasterF16),
	four("kahan", bf16s, bf16s, bf16s, bf16s, lion.TensorBF16Kahan, lion.Stepper.StepBF16Kahan),
	four("split", bf16s, bf16s, bf16s, lows,
		func(hi, g, m []lion.BF16, lo []uint16) (lion.Tensor, error) { return lion.TensorSplit(hi, lo, g, m) },
		func(s lion.Stepper, hi, g, m []lion.BF16, lo []uint16) error { return s.StepSplit(hi, lo, g, m) }),
}

// listedConfigs take every way to step.
func listedConfigs() []lion.Config {
	var out []lion.Config
	for _, change := range []func(c *lion.Config){
		func(c *lion.Config) {},
		func(c *lion.Config) { c.Decay = lion.Coupled },
		func(c *lion.Config) { c.Rule, c.CautiousScale = lion.Cautious, lion.ScaleMean },
		func(c *lion.Config) { c.Rule, c.Decay = lion.Smooth, lion.DecoupledPaper },
		func(c *lion.Config) { c.Rule = lion.BiasCorrected },
		func(c *lion.Config) { c.Rounding, c.Seed = lion.StochasticRounding, 3 },
	} {
		c := lion.DefaultConfig()
		c.LR, c.WeightDecay = 1e-2, 0.1
		change(&c)
		out = append(out, c)
	}
	return out
}

// noise is some number with a sign.
func numbers(seed uint64) func(int) float32 {
	r := prove.NewRand(seed)
	return func(int) float32 { return float32(int64(r.Next())) * 0x1p-62 }
}

// odd is numbers, of which some are NaN, with a payload, or infinite.
func odd(seed uint64) func(int) float32 {
	f := numbers(seed)
	return func(i int) float32 {
		switch x := f(i); i % 53 {
		case 7:
			return math.Float32frombits(0xffc12300 | uint32(i)&0xff)
		case 31:
			return x * float32(math.Inf(1))
		default:
			return x
		}
	}
}

// raw are slices as the bits of their numbers.
func raw(slices []any) (all []any) {
	for _, s := range slices {
		switch s := s.(type) {
		case []float32:
			bits := make([]uint32, len(s))
			for i, x := range s {
				bits[i] = math.Float32bits(x)
			}
			all = append(all, bits)
		case []float64:
			bits := make([]uint64, len(s))
			for i, x := range s {
				bits[i] = math.Float64bits(x)
			}
			all = append(all, bits)
		default:
			all = append(all, s)
		}
	}
	return all
}

// A list of any storages and lengths gets the bits of single calls; so does one whose
// tensors are cut, but for a CautiousScale.
func TestTensorsAreSingleCalls(t *testing.T) {
	for k, c := range listedConfigs() {
		for _, impl := range lion.Implementations() {
			c.Implementation = impl
			s, err := lion.New(c)
			require.NoError(t, err)
			s = s.At(3).From(1 << 20)
			r := prove.NewRand(uint64(k))
			var list []lion.Tensor
			var got, want [][]any
			var of []listed
			index := 0
			for i := range 60 {
				l, fill := listedStorages[i%len(listedStorages)], numbers
				if i%3 == 0 {
					fill = odd
				}
				n := []int{0, 1, 15, 16, 32, 33, 64, 100, 256, 1000, 20000}[r.Below(11)]
				tensor, slices, err := l.make(fill(uint64(i)), n)
				require.NoError(t, err)
				require.Equal(t, n, tensor.Len())
				_, others, _ := l.make(fill(uint64(i)), n)
				of, got, want = append(of, l), append(got, slices), append(want, others)
				tensor = tensor.From(index)
				require.NoError(t, l.single(s.From(1<<20+index), others))
				index += n
				for from := 0; from < n && c.CautiousScale == lion.ScaleNone; {
					to := from + 1 + r.Below(n-from)
					list = append(list, tensor.Slice(from, to))
					from = to
				}
				if c.CautiousScale != lion.ScaleNone {
					list = append(list, tensor)
				}
			}
			require.NoError(t, s.StepTensors(list))
			for i := range of {
				require.True(t, reflect.DeepEqual(raw(want[i]), raw(got[i])), "config %d, %s, tensor %d: %s", k, impl, i, of[i].name)
			}
		}
	}
}

// What is refused is refused before anything is written, as single calls do it.
func TestTensorsRefuse(t *testing.T) {
	for _, l := range listedStorages {
		tensor, err := l.spoilt()
		assert.ErrorIs(t, err, lion.ErrLength, l.name)
		assert.Zero(t, tensor, "%s: it could write behind a slice", l.name)
	}
	x := make([]float32, 10)
	_, err := lion.TensorF32(x[:6], make([]float32, 6), x[4:])
	assert.ErrorIs(t, err, lion.ErrOverlap)
	assert.ErrorIs(t, lion.Stepper{}.StepTensors(nil), lion.ErrConfig)

	for _, rule := range []lion.Rule{lion.Paper, lion.BiasCorrected} {
		c := lion.DefaultConfig()
		c.Rule, c.Rounding = rule, lion.StochasticRounding
		s, err := lion.New(c)
		require.NoError(t, err)
		f32, slices, _ := listedStorages[0].make(numbers(1), 100)
		bf16, _, _ := listedStorages[2].make(numbers(1), 100)
		before := fmt.Sprint(slices...)
		for _, spoilt := range []error{
			s.StepTensors([]lion.Tensor{f32, bf16}),                        // no At
			s.At(1).From(-1).StepTensors([]lion.Tensor{f32, bf16}),         // a bad From
			s.At(1).StepTensors([]lion.Tensor{f32, bf16.From(-1)}),         // and of a Tensor
			s.At(1).From(3).StepTensors([]lion.Tensor{f32, bf16.From(-4)}), // and of both
		} {
			assert.ErrorIs(t, spoilt, lion.ErrConfig)
		}
		assert.Equal(t, before, fmt.Sprint(slices...), "nothing has been written")
		assert.NoError(t, s.At(1).From(4).StepTensors([]lion.Tensor{f32, bf16.From(-4), {}}))
	}
}

func TestTensorSlice(t *testing.T) {
	for _, l := range listedStorages {
		tensor, _, _ := l.make(numbers(1), 10)
		assert.Equal(t, 3, tensor.Slice(2, 5).Len())
		assert.Zero(t, tensor.Slice(10, 10).Len())
		for _, cut := range [][2]int{{-1, 3}, {4, 3}, {0, 11}, {11, 11}} {
			assert.Panics(t, func() { tensor.Slice(cut[0], cut[1]) }, "%s %v", l.name, cut)
		}
	}
	assert.Zero(t, lion.Tensor{}.Len())
}

// A Tensor's statistics are those of its gradient.
func TestTensorStats(t *testing.T) {
	const n = 2*lion.StatsBlock + 5
	for _, l := range listedStorages {
		tensor, slices, _ := l.make(numbers(4), n)
		var want lion.Stats
		switch g := slices[1].(type) {
		case []float32:
			want = lion.GradStats(g)
		case []float64:
			want = lion.GradStats(g)
		case []lion.BF16:
			want = lion.GradStats(g)
		case []lion.F16:
			want = lion.GradStats(g)
		}
		assert.Equal(t, want, tensor.GradStats(), l.name)
		var whole lion.StatsPart
		for i := 0; i < n; i += lion.StatsBlock {
			p, err := tensor.Slice(i, min(i+lion.StatsBlock, n)).GradStatsPart(i)
			require.NoError(t, err)
			whole, err = whole.Join(p)
			require.NoError(t, err)
		}
		assert.Equal(t, want, whole.Stats(), l.name)
		assert.Positive(t, want.SumSquares)
		both := want.Add(lion.Stats{SumSquares: 1, MaxAbs: 1e9, NaNs: 2, Infs: 3})
		assert.Equal(t, lion.Stats{SumSquares: want.SumSquares + 1, MaxAbs: 1e9, NaNs: 2, Infs: 3}, both)
	}
	assert.Equal(t, lion.Stats{}, lion.Tensor{}.GradStats())
}

// A list allocates nothing, and neither it nor its slices have to be on the heap.
func TestTensorsAllocate(t *testing.T) {
	s, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var p, g, m [40]float32
		a, _ := lion.TensorF32(p[:20], g[:20], m[:20])
		list := [...]lion.Tensor{a, a.Slice(3, 20)}
		if s.StepTensors(list[:]) != nil {
			panic("refused")
		}
	}))
}

// The parts of a tensor whose agreeing elements have been counted get the bits of the
// whole, in any storage.
func TestCounted(t *testing.T) {
	const n = 3000
	for _, l := range listedStorages {
		for _, decay := range []lion.Decay{lion.Decoupled, lion.DecoupledPaper, lion.Coupled} {
			for _, scale := range []lion.CautiousScale{lion.ScaleNone, lion.ScaleCount, lion.ScaleMean} {
				c := lion.DefaultConfig()
				c.LR, c.WeightDecay, c.Rule, c.Decay, c.CautiousScale = 1e-2, 0.1, lion.Cautious, decay, scale
				s, err := lion.New(c)
				require.NoError(t, err)
				tensor, got, _ := l.make(numbers(5), n)
				_, want, _ := l.make(numbers(5), n)
				for range 2 { // the second has momenta that differ
					require.NoError(t, l.single(s, want))
					r, sum := prove.NewRand(8), 0
					var parts []lion.Tensor
					for from := 0; from < n; {
						to := from + 1 + r.Below(n-from)
						parts = append(parts, tensor.Slice(from, to))
						from = to
					}
					for _, p := range parts {
						k, err := s.Agreeing(p)
						require.NoError(t, err)
						sum += k
					}
					whole, err := s.Agreeing(tensor)
					require.NoError(t, err)
					require.Equal(t, whole, sum)
					require.Positive(t, sum)
					require.NoError(t, s.Counted(sum, n).StepTensors(parts))
					require.True(t, reflect.DeepEqual(want, got), "%s, %v, %v", l.name, decay, scale)
				}
			}
		}
	}
	// Calls that aren't for lists heed it too.
	c := lion.DefaultConfig()
	c.LR, c.Rule, c.CautiousScale = 1, lion.Cautious, lion.ScaleCount
	s, err := lion.New(c)
	require.NoError(t, err)
	for _, step := range []func(s lion.Stepper, p, g, m []float32) error{
		lion.Stepper.StepF32,
		func(s lion.Stepper, p, g, m []float32) error { return s.StepRowsF32(p, m, 1, []int{0, 1}, g) },
	} {
		p := []float32{0, 0}
		require.NoError(t, step(s.Counted(3, 8), p, []float32{1, -1}, []float32{0, 0}))
		assert.Equal(t, []float32{-2, 2}, p)
	}
}

func TestAgreeingRefuses(t *testing.T) {
	tensor, _, _ := listedStorages[0].make(numbers(1), 10)
	_, err := lion.Stepper{}.Agreeing(tensor)
	assert.ErrorIs(t, err, lion.ErrConfig)
	s, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	_, err = s.Agreeing(tensor)
	assert.ErrorIs(t, err, lion.ErrConfig)
	c := lion.DefaultConfig()
	c.Rule = lion.Cautious
	s, err = lion.New(c)
	require.NoError(t, err)
	for _, nothing := range []lion.Tensor{{}, tensor.Slice(3, 3)} {
		k, err := s.Agreeing(nothing)
		assert.NoError(t, err)
		assert.Zero(t, k)
	}
}

// Seed is Config.Seed.
func TestSeed(t *testing.T) {
	c := lion.DefaultConfig()
	c.Rounding, c.Seed = lion.StochasticRounding, 7
	a, err := lion.New(c)
	require.NoError(t, err)
	c.Seed = 1 << 63
	b, err := lion.New(c)
	require.NoError(t, err)
	assert.NotEqual(t, a, b)
	assert.Equal(t, b, a.Seed(1<<63))
}

// Many tensors, of several storages, in one call.
func ExampleStepper_StepTensors() {
	step, err := lion.New(lion.Config{LR: 0.5, Beta1: 0.9, Beta2: 0.99})
	if err != nil {
		log.Fatal(err)
	}
	weight, bias := []float32{1, 2, 3}, []lion.BF16{lion.ToBF16(1)}
	a, err := lion.TensorF32(weight, []float32{1, 0, -1}, make([]float32, 3))
	if err != nil {
		log.Fatal(err)
	}
	b, err := lion.TensorBF16(bias, []lion.BF16{lion.ToBF16(7)}, make([]lion.BF16, 1))
	if err != nil {
		log.Fatal(err)
	}
	if err := step.StepTensors([]lion.Tensor{a, b}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(weight, bias[0].Float32())
	// Output: [0.5 2 3.5] 0.5
}

// Two workers step one tensor whose step looks at all of it: they count, and then step.
func ExampleStepper_Counted() {
	config := lion.DefaultConfig()
	config.LR, config.Rule, config.CautiousScale = 0.5, lion.Cautious, lion.ScaleCount
	step, err := lion.New(config)
	if err != nil {
		log.Fatal(err)
	}
	weight := []float32{0, 0, 0, 0}
	t, err := lion.TensorF32(weight, []float32{1, 1, -1, 0}, []float32{1, -1, 0, 0})
	if err != nil {
		log.Fatal(err)
	}
	parts := []lion.Tensor{t.Slice(0, 2), t.Slice(2, 4)}
	agree := 0
	for _, p := range parts { // each on a worker
		k, err := step.Agreeing(p)
		if err != nil {
			log.Fatal(err)
		}
		agree += k
	}
	if err := step.Counted(agree, t.Len()).StepTensors(parts); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d agree: %.2f\n", agree, t.Len(), weight)
	// Output: 2 of 4 agree: [-0.67 0.00 0.67 0.00]
}
