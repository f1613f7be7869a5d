package checkpoint

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/lionkernel/lion/optim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if path := os.Getenv("LION_SAVE_FOR_EVER"); path != "" {
		saveForEver(path)
	}
	prove.Main(m)
}

// elements are elements that hold each value of 16 bits and more.
func elements[T any](n int, of func(i int) T) []T {
	s := make([]T, n)
	for i := range s {
		s[i] = of(i)
	}
	return s
}

// newOptimizer has a parameter of each storage, and with shapes of each kind.
func newOptimizer(t testing.TB, impl string) *optim.Optimizer {
	const n = 24
	f := func(i int) float32 { return float32(i*7%11) - 5.3 }
	bf := func(i int) lion.BF16 { return lion.ToBF16(f(i)) }
	h := func(i int) lion.F16 { return lion.ToF16(f(i)) }
	c := lion.DefaultConfig()
	c.LR, c.WeightDecay, c.Rounding, c.Implementation = 1e-2, 0.1, lion.StochasticRounding, impl
	o, err := optim.New(optim.Options{LossScaling: optim.LossScaling{Init: 8, Growth: 2, Backoff: 0.5, Interval: 2}}, optim.Group{Config: c, Params: []*optim.Param{
		optim.F32("layer.0.weight", elements(n, f), elements(n, f), 2, 3, 4),
		optim.F64("f64", elements(n, func(i int) float64 { return float64(f(i)) / 3 }), elements(n, func(i int) float64 { return float64(f(i)) })),
		optim.F32M16("f32m16", elements(n, f), elements(n, f), 24),
		optim.BF16("bf16", elements(n, bf), elements(n, bf), 4, 6),
		optim.F16("ü\"\\\n.f16", elements(n, h), elements(n, h)),
		optim.KahanBF16("kahan", elements(n, bf), elements(n, bf)),
		optim.SplitBF16("split", elements(n, bf), elements(n, bf)),
		optim.MasterBF16("master", elements(n, bf), elements(n, bf)),
		optim.MasterBF16M16("masterm16", elements(n, bf), elements(n, bf)),
		optim.MasterF16("masterf16", elements(n, h), elements(n, h)),
		optim.F32("empty", nil, nil, 3, 0),
	}})
	require.NoError(t, err)
	return o
}

func steps(t testing.TB, o *optim.Optimizer, n int) {
	for range n {
		_, err := o.Step()
		require.NoError(t, err)
	}
}

// TestSaveAndLoad: a run that is saved, and goes on elsewhere, goes on to the bit.
func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.safetensors")
	impls := lion.Implementations()
	first := newOptimizer(t, impls[0])
	steps(t, first, 3)
	require.NoError(t, Save(path, first.State(), nil))
	second := newOptimizer(t, impls[len(impls)-1])
	require.NoError(t, Load(path, second))
	assert.Equal(t, first.State(), second.State())
	steps(t, first, 3)
	steps(t, second, 3)
	assert.Equal(t, first.State(), second.State())
	require.NoError(t, Save(path, second.State(), nil), "over the old one")
	require.NoError(t, Load(path, newOptimizer(t, "")))
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1)
}

// TestLoadParts: a state without weights, and what is missing or too much.
func TestLoadParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	first := newOptimizer(t, "")
	steps(t, first, 2)
	s := first.State()
	weights := s.Weights
	s.Weights = nil
	require.NoError(t, Save(path, s, nil))
	second := newOptimizer(t, "")
	require.NoError(t, Load(path, second))
	assert.Equal(t, s.Tensors, second.State().Tensors)
	assert.Equal(t, 2, second.State().Step)

	s.Weights, s.Tensors = weights[1:], s.Tensors[1:]
	require.NoError(t, Save(path, s, nil))
	before := second.State().Tensors[0].Data.([]float32)[0]
	err := Load(path, second)
	assert.ErrorIs(t, err, optim.ErrState)
	assert.ErrorContains(t, err, "layer.0.weight.exp_avg is missing\nlayer.0.weight is missing")
	assert.Equal(t, before, second.State().Tensors[0].Data.([]float32)[0])
	assert.ErrorIs(t, Load(filepath.Join(t.TempDir(), "none"), second), os.ErrNotExist)
}

// TestBits: every element comes back as it was, NaNs with their payloads too.
func TestBits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bits")
	s := optim.State{LossScale: 0x1p-30 / 3, Step: math.MaxInt, Weights: []optim.Tensor{
		{Name: "bf16", Data: elements(1<<16, func(i int) lion.BF16 { return lion.BF16(i) })},
		{Name: "f16", Data: elements(1<<16, func(i int) lion.F16 { return lion.F16(i) })},
		{Name: "u16", Data: elements(1<<16, func(i int) uint16 { return uint16(i) }), Shape: []int{256, 256}},
		{Name: "f32", Data: elements(1<<16, func(i int) float32 { return math.Float32frombits(uint32(i)<<16 | uint32(i)) })},
		{Name: "f64", Data: elements(1<<16, func(i int) float64 { return math.Float64frombits(uint64(i)<<48 | uint64(i)) })},
		{Name: "scalar", Data: []float32{1}, Shape: []int{}},
	}}
	require.NoError(t, Save(path, s, nil))
	f, err := Read(path)
	require.NoError(t, err)
	require.Len(t, f.Tensors, len(s.Weights))
	for _, want := range s.Weights {
		i := slices.IndexFunc(f.Tensors, func(t optim.Tensor) bool { return t.Name == want.Name })
		require.GreaterOrEqual(t, i, 0, want.Name)
		if want.Shape == nil {
			want.Shape = []int{1 << 16}
		}
		assert.Equal(t, want.Shape, f.Tensors[i].Shape)
		assert.Equal(t, fmt.Sprintf("%T", want.Data), fmt.Sprintf("%T", f.Tensors[i].Data))
		a, err := viewOf(want)
		require.NoError(t, err)
		b, err := viewOf(f.Tensors[i])
		require.NoError(t, err)
		assert.Equal(t, a.Data(), b.Data(), want.Name)
	}
	assert.Equal(t, map[string]string{"format": "pt", keyStep: strconv.Itoa(math.MaxInt), keySkipped: "0", keyGood: "0", keyLossScale: strconv.FormatFloat(0x1p-30/3, 'g', -1, 64)}, f.Metadata)
}

// TestSaveRefuses: what no file can hold.
func TestSaveRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, ts := range [][]optim.Tensor{
		{{Name: "a", Data: []int{1}}},
		{{Name: "a"}},
		{{Name: "a", Data: []float32{1}}, {Name: "a", Data: []float32{1}}},
		{{Name: metadataName, Data: []float32{1}}},
		{{Name: "a", Data: []float32{1, 2}, Shape: []int{3}}},
		{{Name: "a", Data: []float32{1, 2}, Shape: []int{-1, -2}}},
	} {
		assert.ErrorIs(t, Save(path, optim.State{Tensors: ts}, nil), optim.ErrState)
		assert.NoFileExists(t, path)
	}
	assert.ErrorIs(t, Save(filepath.Join(path, "y"), optim.State{}, nil), os.ErrNotExist)
}

// TestMetadataRefused: numbers that aren't.
func TestMetadataRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	o := newOptimizer(t, "")
	s := o.State()
	for _, key := range []string{keyStep, keySkipped, keyGood, keyLossScale} {
		require.NoError(t, Save(path, s, nil))
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		value := `"` + key + `":"0"`
		if key == keyLossScale {
			value = `"` + key + `":"8"`
		}
		require.Contains(t, string(b), value)
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(string(b), value, value[:len(value)-2]+`x"`, 1)), 0o600))
		assert.ErrorIs(t, Load(path, o), ErrFormat)
	}
}

// TestPython: Python's safetensors reads what Save writes, and Load what that writes.
func TestPython(t *testing.T) {
	python := os.Getenv("LION_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import numpy, safetensors").CombinedOutput(); err != nil {
		if prove.Whole() {
			t.Fatalf("%s with numpy and safetensors (pip install numpy safetensors; LION_PYTHON names another python): %v\n%s", python, err, out)
		}
		prove.Skip(t, "%s has no numpy and safetensors", python)
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from.safetensors"), filepath.Join(dir, "to.safetensors")
	o := newOptimizer(t, "")
	steps(t, o, 3)
	require.NoError(t, Save(from, o.State(), nil))
	out, err := exec.Command(python, filepath.Join("testdata", "again.py"), from, to).Output()
	require.NoError(t, err, string(out))

	// What Python saw.
	want, err := Read(from)
	require.NoError(t, err)
	for _, x := range want.Tensors {
		v, err := viewOf(x)
		require.NoError(t, err)
		line := fmt.Sprintf("%s\t%v\t%s\t", x.Name, v.kind, strings.Trim(strings.ReplaceAll(fmt.Sprint(x.Shape), " ", ","), "[]"))
		assert.Contains(t, string(out), line)
		if s, ok := x.Data.([]float64); ok {
			sum := 0.0
			for _, e := range s {
				sum += e
			}
			_, rest, _ := strings.Cut(string(out), line)
			text, _, _ := strings.Cut(rest, "\n")
			seen, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			assert.InDelta(t, sum, seen, 1e-9, x.Name)
		}
	}
	other := newOptimizer(t, "")
	require.NoError(t, Load(to, other))
	assert.Equal(t, o.State(), other.State())
}
