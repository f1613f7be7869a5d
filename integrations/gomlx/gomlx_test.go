package gomlx

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/context/initializers"
	"github.com/gomlx/gomlx/pkg/ml/train/optimizers"
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const batch = 64

// outputs is softmax regression.
func outputs(ctx *context.Context, x *graph.Node) *graph.Node {
	zero := ctx.WithInitializer(initializers.Zero)
	w := zero.VariableWithShape("w", shapes.Make(dtypes.Float32, 64, 10)).ValueGraph(x.Graph())
	b := zero.VariableWithShape("b", shapes.Make(dtypes.Float32, 10)).ValueGraph(x.Graph())
	return graph.Add(graph.Dot(x, w), graph.ExpandAxes(b, 0))
}

// loss is the mean cross-entropy; y has a 1 for the digit.
func loss(ctx *context.Context, x, y *graph.Node) *graph.Node {
	return graph.Neg(graph.MulScalar(graph.ReduceAllSum(graph.Mul(graph.LogSoftmax(outputs(ctx, x)), y)), 1.0/batch))
}

// learn trains by what makes a step of a batch, and returns the share of the held-out
// images that are told.
func learn(t *testing.T, ctx *context.Context, backend backends.Backend, step func(x, y *tensors.Tensor)) float64 {
	images, labels := digits(t)
	held := len(labels) / 5
	for range 10 {
		for i := held; i+batch <= len(labels); i += batch {
			target := make([]float32, batch*10)
			for j := range batch {
				target[10*j+labels[i+j]] = 1
			}
			step(tensors.FromFlatDataAndDimensions(images[64*i:64*(i+batch)], batch, 64), tensors.FromFlatDataAndDimensions(target, batch, 10))
		}
	}
	exec := context.MustNewExec(backend, ctx.Reuse(), outputs)
	all, err := exec.Exec(tensors.FromFlatDataAndDimensions(images[:64*held], held, 64))
	require.NoError(t, err)
	right := 0
	tensors.MustConstFlatData(all[0], func(y []float32) {
		for i := range held {
			best := 0
			for j, v := range y[10*i : 10*i+10] {
				if v > y[10*i+best] {
					best = j
				}
			}
			if best == labels[i] {
				right++
			}
		}
	})
	return float64(right) / float64(held)
}

// TestDigits: Lion learns handwritten digits about as well as gomlx's Adam.
func TestDigits(t *testing.T) {
	backend, err := backends.NewWithConfig("go")
	require.NoError(t, err)
	ctx := context.New()
	adam := optimizers.Adam().LearningRate(1e-2).Done()
	exec := context.MustNewExec(backend, ctx, func(ctx *context.Context, x, y *graph.Node) *graph.Node {
		l := loss(ctx, x, y)
		adam.UpdateGraph(ctx, x.Graph(), l)
		return l
	})
	others := learn(t, ctx, backend, func(x, y *tensors.Tensor) {
		_, err := exec.Exec(x, y)
		require.NoError(t, err)
	})

	ctx = context.New()
	exec = context.MustNewExec(backend, ctx, func(ctx *context.Context, x, y *graph.Node) []*graph.Node {
		return Gradients(ctx, loss(ctx, x, y))
	})
	config := lion.DefaultConfig()
	config.LR = 1e-2
	var o *optim.Optimizer
	ours := learn(t, ctx, backend, func(x, y *tensors.Tensor) {
		grads, err := exec.Exec(x, y)
		require.NoError(t, err)
		if o == nil { // now there are variables
			o, err = optim.New(optim.Options{MaxNorm: 10, NonFinite: optim.Skip}, optim.Group{Config: config, Params: Params(ctx)})
			require.NoError(t, err)
		}
		r, err := Step(o, ctx, grads)
		require.NoError(t, err)
		assert.Positive(t, r.Norm)
	})
	t.Logf("held out: gomlx's Adam %.3f, Lion %.3f", others, ours)
	assert.Greater(t, ours, others-0.02)
	assert.Greater(t, ours, 0.9)
}

// digits reads the images that lion train has, 64 numbers each, and what they show.
func digits(t *testing.T) (images []float32, labels []int) {
	file, err := os.Open("../../cmd/lion/internal/train/data/digits.csv.gz")
	require.NoError(t, err)
	defer file.Close()
	z, err := gzip.NewReader(file)
	require.NoError(t, err)
	rows, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	for i := range len(rows) / 5 { // every fifth is held out, and comes first
		rows[i], rows[5*i] = rows[5*i], rows[i]
	}
	for _, row := range rows {
		for j, text := range row {
			v, err := strconv.Atoi(text)
			require.NoError(t, err)
			if j == 64 {
				labels = append(labels, v)
			} else {
				images = append(images, float32(v)/16)
			}
		}
	}
	return images, labels
}
