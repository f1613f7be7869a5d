package gorgonia

import (
	"compress/gzip"
	"encoding/csv"
	"os"
	"strconv"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

const batch = 64

// learn trains a classifier of digits by softmax regression, and returns the share of the
// held-out images that it tells.
func learn(t *testing.T, solver gorgonia.Solver) float64 {
	images, labels := digits(t)
	held := len(labels) / 5
	g := gorgonia.NewGraph()
	x := gorgonia.NewMatrix(g, tensor.Float64, gorgonia.WithName("x"), gorgonia.WithShape(batch, 64))
	y := gorgonia.NewMatrix(g, tensor.Float64, gorgonia.WithName("y"), gorgonia.WithShape(batch, 10))
	w := gorgonia.NewMatrix(g, tensor.Float64, gorgonia.WithName("w"), gorgonia.WithShape(64, 10), gorgonia.WithInit(gorgonia.Zeroes()))
	must := func(n *gorgonia.Node, err error) *gorgonia.Node {
		require.NoError(t, err)
		return n
	}
	p := must(gorgonia.SoftMax(must(gorgonia.Mul(x, w))))
	cost := must(gorgonia.Neg(must(gorgonia.Mean(must(gorgonia.Sum(must(gorgonia.HadamardProd(must(gorgonia.Log(p)), y)), 1))))))
	_, err := gorgonia.Grad(cost, w)
	require.NoError(t, err)
	machine := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(w))
	defer machine.Close()
	for range 10 {
		for i := held; i+batch <= len(labels); i += batch {
			target := make([]float64, batch*10)
			for j := range batch {
				target[10*j+labels[i+j]] = 1
			}
			require.NoError(t, gorgonia.Let(x, tensor.New(tensor.WithShape(batch, 64), tensor.WithBacking(images[64*i:64*(i+batch)]))))
			require.NoError(t, gorgonia.Let(y, tensor.New(tensor.WithShape(batch, 10), tensor.WithBacking(target))))
			require.NoError(t, machine.RunAll())
			require.NoError(t, solver.Step([]gorgonia.ValueGrad{w}))
			machine.Reset()
		}
	}
	weights, right := w.Value().Data().([]float64), 0
	for i := range held {
		var out [10]float64
		best := 0
		for j := range out {
			for k, v := range images[64*i : 64*i+64] {
				out[j] += v * weights[10*k+j]
			}
			if out[j] > out[best] {
				best = j
			}
		}
		if best == labels[i] {
			right++
		}
	}
	return float64(right) / float64(held)
}

// TestDigits: Lion learns handwritten digits about as well as gorgonia's Adam.
func TestDigits(t *testing.T) {
	others := learn(t, gorgonia.NewAdamSolver(gorgonia.WithLearnRate(1e-2)))
	config := lion.DefaultConfig()
	config.LR = 1e-2
	solver := &Solver{Options: optim.Options{MaxNorm: 10, NonFinite: optim.Skip}, Config: config}
	ours := learn(t, solver)
	t.Logf("held out: gorgonia's Adam %.3f, Lion %.3f", others, ours)
	assert.Greater(t, ours, others-0.02)
	assert.Greater(t, ours, 0.9)
	assert.Positive(t, solver.Report.Norm)
	assert.Equal(t, 10*22, solver.Report.Step)
}

// digits reads the images that lion train has, 64 numbers each, and what they show.
func digits(t *testing.T) (images []float64, labels []int) {
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
				images = append(images, float64(v)/16)
			}
		}
	}
	return images, labels
}
