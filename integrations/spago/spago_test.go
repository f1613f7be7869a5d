package spago

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"github.com/nlpodyssey/spago/ag"
	"github.com/nlpodyssey/spago/initializers"
	"github.com/nlpodyssey/spago/losses"
	"github.com/nlpodyssey/spago/mat"
	"github.com/nlpodyssey/spago/mat/float"
	"github.com/nlpodyssey/spago/mat/rand"
	"github.com/nlpodyssey/spago/nn"
	"github.com/nlpodyssey/spago/optimizers"
	"github.com/nlpodyssey/spago/optimizers/adam"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A perceptron with one hidden layer.
type perceptron struct {
	nn.Module
	W1, B1, W2, B2, Unused *nn.Param
}

func newPerceptron[T float.DType]() *perceptron {
	m := &perceptron{
		W1: nn.NewParam(mat.NewDense[T](mat.WithShape(32, 64))), B1: nn.NewParam(mat.NewDense[T](mat.WithShape(32))),
		W2: nn.NewParam(mat.NewDense[T](mat.WithShape(10, 32))), B2: nn.NewParam(mat.NewDense[T](mat.WithShape(10))),
		Unused: nn.NewParam(mat.NewDense[T](mat.WithShape(7))),
	}
	r := rand.NewLockedRand(42)
	initializers.XavierUniform(m.W1.Value().(mat.Matrix), 1, r)
	initializers.XavierUniform(m.W2.Value().(mat.Matrix), 1, r)
	return m
}

func (m *perceptron) forward(x mat.Tensor) mat.Tensor {
	return ag.Affine(m.B2, m.W2, ag.ReLU(ag.Affine(m.B1, m.W1, x)))
}

// learn trains m in batches, and returns the share of the held-out images that it tells.
func learn[T float.DType](t *testing.T, m *perceptron, optimize func() error) float64 {
	images, labels := digits[T](t)
	held := len(labels) / 5
	for range 10 {
		for i := held; i+16 <= len(labels); i += 16 {
			for j := i; j < i+16; j++ {
				loss := losses.CrossEntropy(m.forward(mat.NewDense[T](mat.WithBacking(images[j]))), labels[j])
				require.NoError(t, ag.Backward(ag.Div(loss, mat.Scalar(T(16)))))
			}
			require.NoError(t, optimize())
		}
	}
	right := 0
	for i := range held {
		if m.forward(mat.NewDense[T](mat.WithBacking(images[i]))).Value().(mat.Matrix).ArgMax() == labels[i] {
			right++
		}
	}
	return float64(right) / float64(held)
}

// TestDigits: Lion learns handwritten digits about as well as spago's Adam.
func TestDigits(t *testing.T) {
	t.Run("float32", both[float32])
	t.Run("float64", both[float64])
}

func both[T float.DType](t *testing.T) {
	m := newPerceptron[T]()
	spago := optimizers.New(nn.Parameters(m), adam.New(adam.NewConfig(1e-2, 0.9, 0.999, 1e-8)))
	others := learn[T](t, m, spago.Optimize)

	m = newPerceptron[T]()
	config := lion.DefaultConfig()
	config.LR = 1e-3
	o, err := New(nn.Parameters(m), optim.Options{MaxNorm: 1, NonFinite: optim.Skip}, config)
	require.NoError(t, err)
	ours := learn[T](t, m, func() error {
		r, err := o.Optimize()
		assert.Positive(t, r.Norm)
		return err
	})
	t.Logf("held out: spago's Adam %.3f, Lion %.3f", others, ours)
	assert.Greater(t, ours, others-0.02)
	assert.Greater(t, ours, 0.95)
	for _, x := range m.Unused.Data().F64() {
		assert.Zero(t, x, "has no gradient")
	}
	assert.False(t, m.W1.HasGrad())
}

// digits reads the images that lion train has, and what they show.
func digits[T float.DType](t *testing.T) (images [][]T, labels []int) {
	file, err := os.Open("../../cmd/lion/internal/train/data/digits.csv.gz")
	require.NoError(t, err)
	defer file.Close()
	z, err := gzip.NewReader(file)
	require.NoError(t, err)
	rows, err := csv.NewReader(z).ReadAll()
	require.NoError(t, err)
	for _, row := range rows {
		var image []T
		for _, text := range row {
			v, err := strconv.Atoi(text)
			require.NoError(t, err)
			image = append(image, T(v)/16)
		}
		images, labels = append(images, image[:64]), append(labels, int(image[64]*16))
	}
	for i := range len(rows) / 5 { // every fifth is held out, and comes first
		images[i], images[5*i] = images[5*i], images[i]
		labels[i], labels[5*i] = labels[5*i], labels[i]
	}
	return images, labels
}
