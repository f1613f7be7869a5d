package train

import (
	"math"
	"runtime"
	"testing"

	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExp(t *testing.T) {
	r := rng.Source(1)
	for range 100_000 {
		x := -float64(r.Intn(60)) * r.Float64()
		want := math.Exp(x)
		require.InEpsilon(t, want, exp(x), 1e-15, "exp(%v)", x)
	}
	assert.Equal(t, 1.0, exp(0))
	assert.Zero(t, exp(-1000))
	assert.Zero(t, exp(math.Inf(-1)))
	assert.True(t, math.IsNaN(exp(math.NaN())))
}

// The backward pass gives the slope of the loss.
func TestGradient(t *testing.T) {
	r := rng.Source(2)
	const batch = 5
	net := newNetwork([]int{6, 7, 5, 4}, batch, plain{}, &r)
	x := make([]float32, batch*6)
	for i := range x {
		x[i] = float32(r.Float64())
	}
	labels := []uint8{0, 1, 2, 3, 1}
	net.lossGrad(x, labels)
	grad := append([]float32(nil), net.grad...)
	nonzero := 0
	for i, p := range net.param {
		const h = 1.0 / 256
		net.param[i] = p + h
		up, _ := net.score(x, labels, false)
		net.param[i] = p - h
		down, _ := net.score(x, labels, false)
		net.param[i] = p
		assert.InDelta(t, (up-down)/(2*h)/batch, float64(grad[i]), 2e-3, "parameter %d", i)
		if grad[i] != 0 {
			nonzero++
		}
	}
	assert.Greater(t, nonzero, len(grad)/2)
}

// gonum's products agree with the plain ones, whatever the number of cores: on
// amd64, where gonum's assembly adds in the same order, to the bit.
func TestMatmul(t *testing.T) {
	r := rng.Source(3)
	random := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(r.Float64() - 0.5)
		}
		return x
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {64, 784, 128}, {200, 130, 190}} {
		m, k, n := size[0], size[1], size[2]
		a, b, c := random(m*k), random(k*n), random(m*n)
		for name, product := range map[string]func(matmul, []float32){
			"mul":       func(x matmul, c []float32) { x.mul(c, a, b, m, k, n) },
			"mulTransA": func(x matmul, c []float32) { x.mulTransA(c, a, b, m, k, n) },
		} {
			want := append([]float32(nil), c...)
			product(plain{}, want)
			var first []float32
			for _, procs := range []int{1, 2, 7} {
				runtime.GOMAXPROCS(procs)
				got := append([]float32(nil), c...)
				product(gonum{}, got)
				if first == nil {
					first = got
				}
				require.Equal(t, first, got, "%s %v on %d cores", name, size, procs)
			}
			if runtime.GOARCH == "amd64" {
				require.Equal(t, want, first, "%s %v", name, size)
				continue
			}
			for i := range want {
				require.InDelta(t, want[i], first[i], 1e-3, "%s %v", name, size)
			}
		}
	}
}

func TestDigits(t *testing.T) {
	d, err := loadDigits()
	require.NoError(t, err)
	assert.Len(t, d.train.labels, 1438)
	assert.Len(t, d.test.labels, 359)
	for _, s := range []split{d.train, d.test} {
		require.Len(t, s.pixels, 64*len(s.labels))
		for _, v := range s.pixels {
			require.True(t, v >= 0 && v <= 1)
		}
		count := make([]int, 10)
		for _, l := range s.labels {
			count[l]++
		}
		for digit, n := range count {
			assert.Greater(t, n, len(s.labels)/20, "images of %d", digit)
		}
	}
}
