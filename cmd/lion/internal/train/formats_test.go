package train

import (
	"math"
	"regexp"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// formatDigests are the SHA-256, abridged, of the weights after five epochs: on
// every architecture, with every implementation.
var formatDigests = map[string]string{
	"f32":             "d5b24808921c906a",
	"f64":             "5f541aeec925bd85",
	"f32m16":          "86cc560f0803c27a",
	"bf16":            "729afad347b1cacd",
	"bf16-stochastic": "e4c47939f8f3c7c5",
	"kahan":           "de086a63073a74fb",
	"split":           "54775eddf8049cd3",
	"master-bf16":     "00c2b411d8090868",
	"master-bf16-m16": "2ba758967a4e9179",
	"f16":             "365dfb56a3185b53",
	"f16-stochastic":  "8ff319bfbc4ffab0",
	"master-f16":      "abe20da1bd765a02",
}

func TestTrainFormats(t *testing.T) {
	assert.Len(t, formatDigests, len(formats()))
	impls := lion.Implementations()
	if !prove.Whole() {
		impls = impls[:1]
	}
	for _, f := range formats() {
		for _, impl := range impls {
			t.Run(f.Name+"/"+impl, func(t *testing.T) {
				got := trainOK(t, "-format", f.Name, "-epochs", "5", "-compare=false", "-impl", impl)
				assert.Equal(t, impl, got.implementation)
				assert.Equal(t, formatDigests[f.Name], got.digest[:16])
				assert.Greater(t, got.accuracy, 90.0)
			})
		}
	}
}

// The report has f32's accuracy beside the format's, where that is wanted.
func TestTrainCompares(t *testing.T) {
	f32 := regexp.MustCompile(`(?m)^accuracy +[0-9.]+ % of the held-out images \(f32: ([0-9.]+) %\)$`)
	alone := regexp.MustCompile(`(?m)^accuracy +([0-9.]+) % of the held-out images$`)
	output := func(args ...string) string {
		code, stdout, stderr := command(append([]string{"train", "-epochs", "2"}, args...)...)
		require.Equal(t, cli.OK, code, stderr)
		return stdout
	}
	of32 := alone.FindStringSubmatch(output())
	require.NotNil(t, of32)
	for _, format := range []string{"bf16-stochastic", "f16"} {
		stdout := output("-format", format)
		beside := f32.FindStringSubmatch(stdout)
		require.NotNil(t, beside, stdout)
		assert.Equal(t, of32[1], beside[1])
		assert.Contains(t, stdout, "(10 bytes × 9,610 parameters a step)")
		assert.Equal(t, format == "f16", regexp.MustCompile(`(?m)^loss scale +[1-9]`).MatchString(stdout))
	}
	assert.Regexp(t, alone, output("-format", "bf16", "-compare=false"))
}

// newTestOptimizer steps two weights as f16.
func newTestOptimizer(t *testing.T, weight []float32) *optimizer {
	f, err := findFormat("f16")
	require.NoError(t, err)
	config := lion.Config{LR: 0x1p-4, Beta1: 0.5, Beta2: 0.5}
	o, err := newOptimizer(options{config: config, format: f, schedule: schedules[0]}, weight, []storage.Part{{Name: "w", To: 2}}, 1<<20)
	require.NoError(t, err)
	return o
}

// The loss scale doesn't change a step, unless it takes the gradient where
// halves end.
func TestLossScale(t *testing.T) {
	start := []float32{1, -2}
	run := func(scale float64, grads ...float32) []float32 {
		o := newTestOptimizer(t, start)
		state := o.State()
		state.LossScale = scale
		require.NoError(t, o.Restore(state))
		weight := make([]float32, len(start))
		for _, g := range grads {
			require.NoError(t, o.apply(weight, []float32{g * float32(scale), -g * float32(scale)}))
		}
		return weight
	}
	grads := []float32{1, -0.25, -0.5, -1, 0.125}
	assert.Equal(t, run(1, grads...), run(1024, grads...))
	small := []float32{1e-8, -3e-8}
	assert.NotEqual(t, run(1, small...), run(0x1p24, small...), "too small for halves without a scale")
}

func TestLossScaleAdapts(t *testing.T) {
	o := newTestOptimizer(t, []float32{1, 1})
	weight := []float32{7, 7}
	for _, bad := range []float32{1e6, float32(math.Inf(-1)), float32(math.NaN())} {
		scale, skipped := o.LossScale(), o.left()
		require.NoError(t, o.apply(weight, []float32{bad, 0}))
		assert.Equal(t, scale/2, o.LossScale())
		assert.Equal(t, skipped+1, o.left())
		assert.Equal(t, []float32{7, 7}, weight, "nothing was stepped")
	}
	scale := o.LossScale()
	for range lossScaleAfter {
		assert.Equal(t, scale, o.LossScale())
		require.NoError(t, o.apply(weight, []float32{1, 1}))
	}
	assert.Equal(t, 2*scale, o.LossScale())
	assert.Less(t, weight[0], float32(1))
	for range 20 {
		if err := o.apply(weight, []float32{float32(math.NaN()), 0}); err != nil {
			assert.ErrorContains(t, err, "-lr")
			return
		}
	}
	t.Error("a gradient that is never finite isn't an error")
}
