package lion_test

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/lionkernel/lion"
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

// TestGradStatsOrder spells the order of summation out.
func TestGradStatsOrder(t *testing.T) {
	g := randomGrad(3*lion.StatsBlock + 100)
	var blocks []float64
	for lo := 0; lo < len(g); lo += lion.StatsBlock {
		var lanes [16]float64
		for i, x := range g[lo:min(lo+lion.StatsBlock, len(g))] {
			lanes[i%16] += float64(x) * float64(x)
		}
		a := func(i int) float64 { return lanes[i] + lanes[i+8] }
		b := func(i int) float64 { return a(i) + a(i+4) }
		blocks = append(blocks, (b(0)+b(2))+(b(1)+b(3)))
	}
	want := (blocks[0] + blocks[1]) + (blocks[2] + blocks[3])
	assert.Equal(t, want, lion.GradStats(g).SumSquares)
}

// TestGradStatsParts: any split gives the same bits.
func TestGradStatsParts(t *testing.T) {
	g := randomGrad(29*lion.StatsBlock + 77)
	whole := lion.GradStats(g)
	r := rand.New(rand.NewSource(1))
	for try := 0; try < 200; try++ {
		cuts := []int{0}
		for at := 0; at < 29; {
			at = min(29, at+r.Intn(9))
			cuts = append(cuts, at*lion.StatsBlock)
		}
		cuts = append(cuts, len(g))
		var parts []lion.StatsPart
		for i := range cuts[1:] {
			p, err := lion.GradStatsPart(cuts[i], g[cuts[i]:cuts[i+1]])
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
	clean := lion.GradStats(g)
	g[0], g[17], g[4095], g[4096], g[4999] = inf, -inf, nan, -nan, inf
	s := lion.GradStats(g)
	assert.Equal(t, 3, s.Infs)
	assert.Equal(t, 2, s.NaNs)
	assert.Equal(t, clean.SumSquares, s.SumSquares)
	assert.Equal(t, clean.MaxAbs, s.MaxAbs)
}

// TestGradStatsEmptyParts: they fit everywhere, but not beside a gap.
func TestGradStatsEmptyParts(t *testing.T) {
	part := func(index int, grad []float32) lion.StatsPart {
		p, err := lion.GradStatsPart(index, grad)
		require.NoError(t, err)
		return p
	}
	g := randomGrad(2*lion.StatsBlock + 5)
	a, b := part(0, g[:lion.StatsBlock]), part(lion.StatsBlock, g[lion.StatsBlock:])
	whole, end := lion.GradStats(g), len(g)
	for _, parts := range [][]lion.StatsPart{
		{{}, a, b},
		{a, part(lion.StatsBlock, nil), b},
		{a, b, part(end, nil), part(end, []float32{})},
		{part(0, nil), part(0, nil), a, b, part(end, nil)},
	} {
		p := parts[0]
		var err error
		for _, next := range parts[1:] {
			p, err = p.Join(next)
			require.NoError(t, err)
		}
		assert.Equal(t, whole, p.Stats())
		p, err = part(0, nil).Join(p)
		require.NoError(t, err)
		assert.Equal(t, whole, p.Stats())
	}
	none, err := part(end, nil).Join(part(end, nil))
	require.NoError(t, err)
	assert.Equal(t, lion.Stats{}, none.Stats())
	for _, at := range []int{0, lion.StatsBlock, end - 1, end + 1} {
		_, err := b.Join(part(at, nil))
		assert.ErrorIs(t, err, lion.ErrPart, "an empty part at %d", at)
	}
	_, err = lion.StatsPart{}.Join(b)
	assert.ErrorIs(t, err, lion.ErrPart)
}

// TestGradStatsTree is the example of 11 blocks that the documentation has.
func TestGradStatsTree(t *testing.T) {
	g := randomGrad(11 * lion.StatsBlock)
	var b [11]float64
	for i := range b {
		b[i] = lion.GradStats(g[i*lion.StatsBlock:][:lion.StatsBlock]).SumSquares
	}
	assert.Equal(t, (((b[0]+b[1])+(b[2]+b[3]))+((b[4]+b[5])+(b[6]+b[7])))+((b[8]+b[9])+b[10]), lion.GradStats(g).SumSquares)
}

// TestGradStatsTypes: the same numbers give the same statistics, however they are stored.
func TestGradStatsTypes(t *testing.T) {
	lion.EachImplementation(t, func(t *testing.T, _ string) {
		for _, n := range []int{0, 1, 15, 16, 17, 511, 4095, 4096, 4097, 40961} {
			g := randomGrad(n)
			wide := make([]float64, n)
			for i, x := range g {
				wide[i] = float64(x)
			}
			assert.Equal(t, lion.GradStats(wide), lion.GradStats(g))
			assert.Equal(t, lion.GradStats(widened(rounded(g, lion.ToBF16))), lion.GradStats(rounded(g, lion.ToBF16)))
			assert.Equal(t, lion.GradStats(widened(rounded(g, lion.ToF16))), lion.GradStats(rounded(g, lion.ToF16)))
		}
	})
}

func TestGradStatsRefuses(t *testing.T) {
	const last = math.MaxInt &^ (lion.StatsBlock - 1) // the last index that is a multiple
	for _, c := range []struct {
		index, n int
		says     string
	}{
		{7, 3, "index = 7 is no multiple"},
		{-1, 0, "index = -1 is negative"},
		{-lion.StatsBlock, 1, "is negative"},
		{last, lion.StatsBlock, "end beyond the largest int"},
		{math.MaxInt, 1, "end beyond the largest int"},
	} {
		p, err := lion.GradStatsPart(c.index, make([]lion.BF16, c.n))
		assert.ErrorIs(t, err, lion.ErrPart)
		assert.ErrorContains(t, err, c.says)
		assert.Equal(t, lion.StatsPart{}, p)
	}
	part := func(index, n int) lion.StatsPart {
		p, err := lion.GradStatsPart(index, make([]lion.F16, n))
		require.NoError(t, err)
		return p
	}
	a, b, short := part(0, lion.StatsBlock), part(2*lion.StatsBlock, 5), part(lion.StatsBlock, 5)
	end := part(last, lion.StatsBlock-1) // which ends with the largest int
	for _, c := range []struct {
		p, next lion.StatsPart
		says    string
	}{
		{a, b, "ends at element 4096 and one that begins at 8192"},
		{short, b, "ends at element 4101 and one that begins at 8192"}, // it must end with a block
		{b, a, "ends at element 8197 and one that begins at 0"},
		{end, a, fmt.Sprint("ends at element ", math.MaxInt)},
	} {
		p, err := c.p.Join(c.next)
		assert.ErrorIs(t, err, lion.ErrPart)
		assert.ErrorContains(t, err, c.says)
		assert.Equal(t, c.p, p)
	}
	_, err := end.Join(part(math.MaxInt, 0))
	assert.NoError(t, err)
}
