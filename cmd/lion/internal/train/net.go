package train

import (
	"fmt"
	"math"

	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// network is a multilayer perceptron: ReLU between its layers, softmax and
// cross-entropy on top. It knows nothing of how its parameters are stepped.
type network struct {
	sizes  []int     // neurons of each layer: inputs, hidden …, classes
	param  []float32 // every layer's weights and biases, in one slice: one step for all
	grad   []float32 // of the mean loss of the batch times lossScale, laid out like param
	layers []layer
	matmul matmul

	lossScale float64 // what grad is multiplied by
}

// layer is one affine map and what the backward pass needs of it.
type layer struct {
	in, out         int
	weight, bias    []float32 // windows of param: weight is in×out
	dWeight, dBias  []float32 // windows of grad
	weightT         []float32 // weight transposed, out×in
	output, dOutput []float32 // batch×out
}

// newNetwork returns a network for batches of at most batch samples, its
// weights uniform in ±√(6/inputs) (He), its biases zero.
func newNetwork(sizes []int, batch int, m matmul, r *rng.Source) *network {
	total := 0
	for i, in := range sizes[:len(sizes)-1] {
		total += (in + 1) * sizes[i+1]
	}
	n := &network{sizes: sizes, param: make([]float32, total), grad: make([]float32, total), matmul: m, lossScale: 1}
	at := 0
	window := func(length int) (p, g []float32) {
		end := at + length
		p, g = n.param[at:end:end], n.grad[at:end:end]
		at = end
		return p, g
	}
	for i, in := range sizes[:len(sizes)-1] {
		out := sizes[i+1]
		l := layer{in: in, out: out, weightT: make([]float32, in*out),
			output: make([]float32, batch*out), dOutput: make([]float32, batch*out)}
		l.weight, l.dWeight = window(in * out)
		l.bias, l.dBias = window(out)
		bound := math.Sqrt(6 / float64(in))
		for j := range l.weight {
			l.weight[j] = float32(bound * (2*r.Float64() - 1))
		}
		n.layers = append(n.layers, l)
	}
	return n
}

// parts are the weights and biases of the layers, as they lie in param.
func (n *network) parts() []storage.Part {
	var parts []storage.Part
	at := 0
	for i := range n.layers {
		l := &n.layers[i]
		bias := at + l.in*l.out
		end := bias + l.out
		parts = append(parts,
			storage.Part{Name: fmt.Sprintf("%d.weight", i), From: at, To: bias, Shape: []int{l.in, l.out}},
			storage.Part{Name: fmt.Sprintf("%d.bias", i), From: bias, To: end, Shape: []int{l.out}})
		at = end
	}
	return parts
}

// forward computes the outputs (before the softmax) for the samples of x, of
// which there may be as many as a batch holds.
func (n *network) forward(x []float32) []float32 {
	batch := len(x) / n.sizes[0]
	for i := range n.layers {
		l := &n.layers[i]
		y := l.output[:batch*l.out]
		for s := range batch {
			copy(y[s*l.out:], l.bias)
		}
		n.matmul.mul(y, x, l.weight, batch, l.in, l.out)
		if i < len(n.layers)-1 {
			for j, v := range y {
				y[j] = max(v, 0)
			}
		}
		x = y
	}
	return x
}

// backward computes grad for the batch that forward has just seen. The
// gradient of the loss by the outputs lies in the last layer's dOutput.
func (n *network) backward(x []float32) {
	batch := len(x) / n.sizes[0]
	clear(n.grad)
	for i := len(n.layers) - 1; i >= 0; i-- {
		l := &n.layers[i]
		dy := l.dOutput[:batch*l.out]
		input := x
		if i > 0 {
			input = n.layers[i-1].output[:batch*l.in]
		}
		n.matmul.mulTransA(l.dWeight, input, dy, l.in, batch, l.out)
		for s := range batch {
			for j, d := range dy[s*l.out : (s+1)*l.out] {
				l.dBias[j] += d
			}
		}
		if i == 0 {
			break
		}
		for a := range l.in {
			for b, w := range l.weight[a*l.out : (a+1)*l.out] {
				l.weightT[b*l.in+a] = w
			}
		}
		dx := n.layers[i-1].dOutput[:batch*l.in]
		clear(dx)
		n.matmul.mul(dx, dy, l.weightT, batch, l.out, l.in)
		for j, v := range input {
			if v == 0 {
				dx[j] = 0
			}
		}
	}
}

// lossGrad runs both passes over a batch: it leaves the gradient of the mean
// loss in grad, and returns the sum of the losses and the number of samples
// whose label got the largest output.
func (n *network) lossGrad(x []float32, labels []uint8) (loss float64, right int) {
	loss, right = n.score(x, labels, true)
	n.backward(x)
	return loss, right
}

// evaluate returns the mean loss and the share of right answers over a split.
func (n *network) evaluate(s split) score {
	in := n.sizes[0]
	batch := len(n.layers[0].output) / n.layers[0].out
	var total score
	for i := 0; i < len(s.labels); i += batch {
		end := min(i+batch, len(s.labels))
		total.add(n.score(s.pixels[i*in:end*in], s.labels[i:end], false))
	}
	return total.mean(len(s.labels))
}

// score runs the forward pass and the softmax. With train it also writes the
// gradient of the mean loss by the outputs, (probability − target)/batch, times
// lossScale.
func (n *network) score(x []float32, labels []uint8, train bool) (loss float64, right int) {
	out := n.forward(x)
	top := &n.layers[len(n.layers)-1]
	prob := make([]float64, top.out)
	for s, label := range labels {
		z := out[s*top.out : (s+1)*top.out]
		best := 0
		for j, v := range z {
			if v > z[best] {
				best = j
			}
		}
		if best == int(label) {
			right++
		}
		sum := 0.0
		for j, v := range z {
			prob[j] = exp(float64(v) - float64(z[best]))
			sum += prob[j]
		}
		loss += math.Log(sum) - (float64(z[label]) - float64(z[best]))
		if !train {
			continue
		}
		for j, p := range prob {
			p /= sum
			if j == int(label) {
				p--
			}
			top.dOutput[s*top.out+j] = float32(p / float64(len(labels)) * n.lossScale)
		}
	}
	return loss, right
}

// score is a loss and an accuracy: sums while it grows, means in the end.
type score struct{ loss, accuracy float64 }

func (s *score) add(loss float64, right int) {
	s.loss += loss
	s.accuracy += float64(right)
}

func (s score) mean(samples int) score {
	return score{s.loss / float64(samples), s.accuracy / float64(samples)}
}
