package storage

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/optim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stepMethods are the names of T's methods that step.
func stepMethods[T any]() []string {
	var names []string
	for i, of := 0, reflect.TypeFor[T](); i < of.NumMethod(); i++ {
		// StepTensors is the others, for many tensors.
		if name := of.Method(i).Name; strings.HasPrefix(name, "Step") && name != "StepTensors" {
			names = append(names, name)
		}
	}
	return names
}

// A call is a step that a recorder was asked for, and the slices of numbers that
// it was given.
type call struct {
	method string
	slices []any
}

// A recorder steps nothing.
type recorder struct{ calls []call }

func (r *recorder) add(method string, slices ...any) error {
	r.calls = append(r.calls, call{method, slices})
	return nil
}

func (r *recorder) StepF32(p, g, m []float32) error    { return r.add("StepF32", p, g, m) }
func (r *recorder) StepF64(p, g, m []float64) error    { return r.add("StepF64", p, g, m) }
func (r *recorder) StepBF16(p, g, m []lion.BF16) error { return r.add("StepBF16", p, g, m) }
func (r *recorder) StepF16(p, g, m []lion.F16) error   { return r.add("StepF16", p, g, m) }
func (r *recorder) StepF32M16(p, g []float32, m []lion.BF16) error {
	return r.add("StepF32M16", p, g, m)
}
func (r *recorder) StepMasterBF16(p []float32, g []lion.BF16, m []float32, s []lion.BF16) error {
	return r.add("StepMasterBF16", p, g, m, s)
}
func (r *recorder) StepMasterBF16M16(p []float32, g, m, s []lion.BF16) error {
	return r.add("StepMasterBF16M16", p, g, m, s)
}
func (r *recorder) StepMasterF16(p []float32, g []lion.F16, m []float32, s []lion.F16) error {
	return r.add("StepMasterF16", p, g, m, s)
}
func (r *recorder) StepSplit(hi []lion.BF16, lo []uint16, g, m []lion.BF16) error {
	return r.add("StepSplit", hi, lo, g, m)
}
func (r *recorder) StepBF16Kahan(p, g, m, c []lion.BF16) error {
	return r.add("StepBF16Kahan", p, g, m, c)
}
func (r *recorder) StepRowsF32(p, m []float32, _ int, _ []int, g []float32) error {
	return r.add("StepRowsF32", p, g, m)
}
func (r *recorder) StepRowsF64(p, m []float64, _ int, _ []int, g []float64) error {
	return r.add("StepRowsF64", p, g, m)
}

// Whatever lion can step is a storage here, with its slices in their order.
func TestAllCoversLion(t *testing.T) {
	var r recorder
	for _, s := range All {
		var x Values
		for i, slice := range s.Slices {
			x = append(x, slice.Element.slice(1, i))
		}
		steps := []func() error{func() error { return s.Step(&r, x) }}
		if s.StepRows != nil {
			steps = append(steps, func() error { return s.StepRows(&r, x, 1, []int{0}) })
		}
		for _, step := range steps {
			before := len(r.calls)
			require.NoError(t, step(), s.Name)
			require.Len(t, r.calls, before+1, s.Name)
			got := r.calls[before]
			require.Len(t, got.slices, len(x), s.Name)
			for i := range x {
				assert.Equal(t, reflect.ValueOf(x[i]).Pointer(), reflect.ValueOf(got.slices[i]).Pointer(), "%s, %s", s.Name, s.Slices[i].Name)
			}
		}
	}
	var called []string
	for _, c := range r.calls {
		called = append(called, c.method)
	}
	assert.ElementsMatch(t, stepMethods[lion.Stepper](), called)
	assert.ElementsMatch(t, stepMethods[lion.Stepper](), stepMethods[Stepper]())
}

// Storages have the names of the benchmarks, each its own.
func TestNames(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "..", "bench*_test.go"))
	require.NoError(t, err)
	var benchmarks []string
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`\{"([a-z0-9-]+)", limit\.Pattern`).FindAllSubmatch(source, -1) {
			benchmarks = append(benchmarks, string(m[1]))
		}
	}
	assert.ElementsMatch(t, benchmarks, Names())

	seen := map[string]bool{"": true}
	for _, s := range All {
		for _, name := range []string{s.Name, s.Alias} {
			assert.False(t, seen[name] && name != "", "two storages are called %s", name)
			seen[name] = true
			found, err := Find(name)
			assert.Equal(t, name == "", err != nil, name)
			if name != "" {
				assert.Equal(t, s.Name, found.Name)
			}
		}
	}
}

// What lion stores in 16 bits is stored so here: the same slices by the same names.
func TestAgainstHalf(t *testing.T) {
	elements := map[half.Element]Element{half.F32: F32, half.BF16: BF16, half.F16: F16, half.Split: BF16, half.Low16: Low16, half.Kahan: BF16}
	for _, want := range half.Storages {
		s, err := Find(want.Name)
		require.NoError(t, err)
		assert.Equal(t, want.Rounds(), s.Random, s.Name)
		parts := map[Role][]Element{Weight: {elements[want.Param]}, Grad: {elements[want.Grad]}, Momentum: {elements[want.Momentum]}}
		if want.Low != half.None {
			parts[Weight] = append(parts[Weight], elements[want.Low])
		}
		if want.Shadow != half.None {
			parts[Copy] = []Element{elements[want.Shadow]}
		}
		got := map[Role][]Element{}
		for _, slice := range s.Slices {
			got[slice.Role] = append(got[slice.Role], slice.Element)
		}
		assert.Equal(t, parts, got, s.Name)
	}
	assert.Len(t, All, len(half.Storages)+2, "float32 and float64 besides")
}

func TestBytes(t *testing.T) {
	for name, want := range map[string][2]int{"f32": {20, 12}, "f64": {40, 24}, "bf16": {10, 6}, "kahan": {14, 8}, "split": {14, 8}, "master-bf16": {20, 12}, "f32m16": {16, 10}} {
		s, err := Find(name)
		require.NoError(t, err)
		assert.Equal(t, want, [2]int{s.Bytes(), s.Held()}, name)
	}
}

// whole are the weights with all that a storage and an optimizer have of them.
func whole(x *Stored, o *optim.Optimizer) []float32 {
	slices := x.Weights(o)
	all := make([]float32, 1000)
	switch first := slices[0].(type) {
	case []float32:
		all = nil
		for _, s := range slices {
			all = append(all, s.([]float32)...)
		}
	case []lion.BF16:
		if len(slices) == 1 {
			get(all, first)
			break
		}
		at := 0
		for _, s := range slices[1:] {
			part, n := all[at:], reflect.ValueOf(s).Len()
			switch s := s.(type) {
			case []uint16:
				lion.Join(part[:n], first[at:at+n], s)
			case []lion.BF16:
				for i, c := range s {
					part[i] = first[at+i].Float32() + c.Float32()
				}
			}
			at += n
		}
	default:
		get(all, first)
	}
	return all
}

// What is loaded is what was stored, rounded to the model's weights; a step moves
// it.
func TestStored(t *testing.T) {
	weight, grad := make([]float32, 1000), make([]float32, 1000)
	for i := range weight {
		weight[i] = float32(math.Sin(float64(i))) / 2
		grad[i] = float32(math.Cos(float64(i))) / 2
	}
	for _, s := range All {
		for _, rounding := range []lion.Rounding{lion.NearestRounding, lion.StochasticRounding} {
			if rounding == lion.StochasticRounding && !s.Random {
				continue
			}
			x, err := Store(s, weight)
			require.NoError(t, err)
			before, after := make([]float32, len(weight)), make([]float32, len(weight))
			require.NoError(t, x.Load(before))
			assert.InDeltaSlice(t, weight, before, 0x1p-10, s.Name)
			require.NoError(t, x.SetGrad(grad))
			o, err := optim.New(optim.Options{}, optim.Group{
				Config: lion.Config{LR: 0x1p-8, Rounding: rounding},
				Params: x.Params([]Part{{"a", 0, 300, []int{30, 10}}, {"b", 300, 300, nil}, {"c", 300, 1000, nil}}),
			})
			require.NoError(t, err)
			x.Begin(o)
			exact := float64(0) // what the weights lack of those that were stored
			for i, w := range whole(x, o) {
				exact = max(exact, math.Abs(float64(w)-float64(weight[i])))
			}
			assert.LessOrEqual(t, exact, map[bool]float64{true: 0x1p-10, false: 0x1p-17}[s.Random], s.Name)
			_, err = o.Step()
			require.NoError(t, err)
			require.NoError(t, x.Load(after))
			for i, g := range grad {
				assert.InDelta(t, before[i]-float32(math.Copysign(0x1p-8, float64(g))), after[i], 0x1p-9, s.Name)
			}
			assert.Equal(t, strings.Contains(s.Name, "f16") && !strings.Contains(s.Name, "bf16"), x.HalfGrad() != nil, s.Name)
			bytes := 0
			for _, w := range x.Weights(o) {
				bytes += reflect.ValueOf(w).Len() * int(reflect.TypeOf(w).Elem().Size())
			}
			assert.Contains(t, []int{2000, 4000, 8000}, bytes, s.Name)
		}
	}
}
