package lion

import (
	"math"
	"math/big"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func randomGrad(n int) []float32 {
	r := rand.New(rand.NewSource(int64(n)))
	g := make([]float32, n)
	for i := range g {
		g[i] = float32(r.NormFloat64() * math.Exp(4*r.NormFloat64()))
	}
	return g
}

// TestGradStats holds the sum against an exact one, and the rest against a plain
// count.
func TestGradStats(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 17, 511, 4095, 4096, 4097, 40961} {
		g := randomGrad(n)
		exact, largest := new(big.Float).SetPrec(400), 0.0
		for _, x := range g {
			f := new(big.Float).SetPrec(400).SetFloat64(float64(x))
			exact.Add(exact, f.Mul(f, f))
			largest = max(largest, math.Abs(float64(x)))
		}
		want, _ := exact.Float64()
		s := GradStats(g)
		assert.InEpsilon(t, want+1, s.SumSquares+1, 1e-14, n)
		assert.Equal(t, largest, s.MaxAbs)
		assert.Zero(t, s.NaNs+s.Infs)
		g64 := make([]float64, n)
		for i, x := range g {
			g64[i] = float64(x)
		}
		assert.Equal(t, s, GradStats(g64), "float64 of the same numbers")
		assert.Equal(t, GradStats(widened(rounded(g, ToBF16))), GradStats(rounded(g, ToBF16)))
		assert.Equal(t, GradStats(widened(rounded(g, ToF16))), GradStats(rounded(g, ToF16)))
	}
}

// TestGradStatsOrder spells the order of summation out.
func TestGradStatsOrder(t *testing.T) {
	g := randomGrad(3*StatsBlock + 100)
	var blocks []float64
	for lo := 0; lo < len(g); lo += StatsBlock {
		var lanes [16]float64
		for i, x := range g[lo:min(lo+StatsBlock, len(g))] {
			lanes[i%16] += float64(x) * float64(x)
		}
		a := func(i int) float64 { return lanes[i] + lanes[i+8] }
		b := func(i int) float64 { return a(i) + a(i+4) }
		blocks = append(blocks, (b(0)+b(2))+(b(1)+b(3)))
	}
	want := (blocks[0] + blocks[1]) + (blocks[2] + blocks[3])
	assert.Equal(t, want, GradStats(g).SumSquares)
}

// TestGradStatsParts: any split gives the same bits.
func TestGradStatsParts(t *testing.T) {
	g := randomGrad(29*StatsBlock + 77)
	whole := GradStats(g)
	r := rand.New(rand.NewSource(1))
	for try := 0; try < 200; try++ {
		cuts := []int{0}
		for at := 0; at < 29; {
			at = min(29, at+r.Intn(9))
			cuts = append(cuts, at*StatsBlock)
		}
		cuts = append(cuts, len(g))
		var parts []StatsPart
		for i := range cuts[1:] {
			p, err := GradStatsPart(cuts[i], g[cuts[i]:cuts[i+1]])
			require.NoError(t, err)
			parts = append(parts, p)
		}
		for len(parts) > 1 { // join neighbours in any order
			i := r.Intn(len(parts) - 1)
			p, err := parts[i].Join(parts[i+1])
			require.NoError(t, err)
			parts = append(append(parts[:i:i], p), parts[i+2:]...)
		}
		require.Equal(t, whole, parts[0].Stats(), "cuts %v", cuts)
	}
}

func TestGradStatsNotFinite(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	g := randomGrad(5000)
	for _, i := range []int{0, 17, 4095, 4096, 4999} {
		g[i] = 0
	}
	clean := GradStats(g)
	g[0], g[17], g[4095], g[4096], g[4999] = inf, -inf, nan, -nan, inf
	s := GradStats(g)
	assert.Equal(t, 3, s.Infs)
	assert.Equal(t, 2, s.NaNs)
	assert.Equal(t, clean.SumSquares, s.SumSquares)
	assert.Equal(t, clean.MaxAbs, s.MaxAbs)
}

// TestGradStatsPaths compares every implementation with the specification.
func TestGradStatsPaths(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1e-45, math.MaxFloat32, float32(math.Inf(-1)), float32(math.NaN()), 1}
	eachImplementation(t, func(t *testing.T, impl int) {
		im := &implementations[impl]
		for n := 0; n < 150; n++ {
			g := randomGrad(n)
			for j := range g {
				if (j+n)%5 == 0 {
					g[j] = special[(j*7+n)%len(special)]
				}
			}
			g64 := make([]float64, n)
			for j, x := range g {
				g64[j] = float64(x)
			}
			var want, got, want64, got64 blockStats
			statsGeneric(&want, g)
			im.stats.f32(&got, data(g), n)
			require.Equal(t, want, got, "%s n=%d", im.name, n)
			statsGeneric(&want64, g64)
			im.stats.f64(&got64, data(g64), n)
			require.Equal(t, want64, got64, "%s n=%d", im.name, n)
		}
	})
}

func TestGradStatsRefuses(t *testing.T) {
	_, err := GradStatsPart(7, make([]float32, 3))
	assert.ErrorIs(t, err, ErrPart)
	assert.ErrorContains(t, err, "index = 7")
	a, err := GradStatsPart(0, make([]BF16, StatsBlock))
	require.NoError(t, err)
	b, err := GradStatsPart(2*StatsBlock, make([]BF16, 5))
	require.NoError(t, err)
	_, err = a.Join(b)
	assert.ErrorIs(t, err, ErrPart)
	c, err := GradStatsPart(StatsBlock, make([]BF16, 5))
	require.NoError(t, err)
	_, err = c.Join(b)
	assert.ErrorIs(t, err, ErrPart, "a part that others follow ends at a block's end")
}

func TestGradStatsDoesNotAllocate(t *testing.T) {
	g, h := randomGrad(5000), make([]F16, 5000)
	assert.Zero(t, testing.AllocsPerRun(10, func() { GradStats(g); GradStats(h) }))
}
