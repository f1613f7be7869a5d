package lion

import (
	"math"
	"math/big"
	"math/rand"
	"strconv"
	"testing"

	"github.com/lionkernel/lion/internal/mem"
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
			im.stats.f32(&got, mem.Data(g), n)
			require.Equal(t, want, got, "%s n=%d", im.name, n)
			statsGeneric(&want64, g64)
			im.stats.f64(&got64, mem.Data(g64), n)
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
	_, err = GradStatsPart(-1, []float32{})
	assert.ErrorIs(t, err, ErrPart)
	assert.ErrorContains(t, err, "index = -1 is negative")
	// Such a part can't be made, but by chance: 5 elements and then some from there.
	d := c
	d.first, d.n = StatsBlock+5, 1
	_, err = c.Join(d)
	assert.ErrorIs(t, err, ErrPart)
	assert.ErrorContains(t, err, "ends at element 4101, no multiple")
}

// TestGradStatsEmptyParts: they fit everywhere, but not beside a gap.
func TestGradStatsEmptyParts(t *testing.T) {
	part := func(index int, grad []float32) StatsPart {
		p, err := GradStatsPart(index, grad)
		require.NoError(t, err)
		return p
	}
	g := randomGrad(2*StatsBlock + 5)
	a, b := part(0, g[:StatsBlock]), part(StatsBlock, g[StatsBlock:])
	whole, end := GradStats(g), len(g)
	for _, parts := range [][]StatsPart{
		{{}, a, b},
		{a, part(StatsBlock, nil), b},
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
	assert.Equal(t, Stats{}, none.Stats())
	for _, at := range []int{0, StatsBlock, end - 1, end + 1} {
		_, err := b.Join(part(at, nil))
		assert.ErrorIs(t, err, ErrPart, "an empty part at %d", at)
	}
	_, err = StatsPart{}.Join(b)
	assert.ErrorIs(t, err, ErrPart)
}

// TestGradStatsTree: the order that GradStats describes, over any number of blocks.
func TestGradStatsTree(t *testing.T) {
	b := make([]float64, 11)
	for blocks := range len(b) + 1 {
		g := randomGrad(blocks * StatsBlock)
		for i := range blocks {
			b[i] = GradStats(g[i*StatsBlock:][:StatsBlock]).SumSquares
		}
		// full is over 2^k blocks from i on.
		var full func(i, k int) float64
		full = func(i, k int) float64 {
			if k == 0 {
				return b[i]
			}
			return full(i, k-1) + full(i+1<<(k-1), k-1)
		}
		want, end := 0.0, blocks
		for k := 0; end > 0; k++ {
			if end&(1<<k) != 0 {
				end -= 1 << k
				if sum := full(end, k); want == 0 {
					want = sum
				} else {
					want = sum + want
				}
			}
		}
		assert.Equal(t, want, GradStats(g).SumSquares, "%d blocks", blocks)
	}
	assert.Equal(t, (((b[0]+b[1])+(b[2]+b[3]))+((b[4]+b[5])+(b[6]+b[7])))+((b[8]+b[9])+b[10]), GradStats(randomGrad(11*StatsBlock)).SumSquares)
}

// TestGradStatsOverflow: finite elements whose squares aren't.
func TestGradStatsOverflow(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for _, n := range []int{1, 16, 100, StatsBlock, StatsBlock + 17} {
			for _, c := range []struct {
				x   float64
				inf bool
			}{{1.35e154, true}, {math.MaxFloat64, true}, {1e150, false}} {
				g := make([]float64, n)
				g[n-1] = -c.x
				assert.Equal(t, Stats{MaxAbs: c.x, SumSquares: c.x * c.x}, GradStats(g))
				assert.Equal(t, c.inf, math.IsInf(GradStats(g).SumSquares, 1))
			}
		}
		g := []float64{1.3e154, 1.3e154, 0, 1}
		assert.Equal(t, Stats{MaxAbs: 1.3e154, SumSquares: math.Inf(1)}, GradStats(g), "the squares are finite, but not their sum")
	})
}

func TestGradStatsDoesNotAllocate(t *testing.T) {
	g, h := randomGrad(5000), make([]F16, 5000)
	assert.Zero(t, testing.AllocsPerRun(10, func() { GradStats(g); GradStats(h) }))
}

// TestStatsPartLargest: parts of as many blocks as any address space holds, from a
// first block that leaves the most subtrees on both sides, are joined as the
// documentation adds them. They are made up.
func TestStatsPartLargest(t *testing.T) {
	levels := 57 - 1 - 12 // of addresses, elements and blocks
	if strconv.IntSize == 32 {
		levels = 31 - 12
	}
	level := func(first, k int) StatsPart { // a full subtree
		p := StatsPart{first: first * StatsBlock, n: StatsBlock << k, used: 1}
		p.nodes[0] = node{sum: 1 + float64(first%(1<<20))*0x1p-30, level: uint8(k)}
		return p
	}
	p := StatsPart{first: StatsBlock}
	var sums []float64
	join := func(k int) {
		next := level((p.first+p.n)/StatsBlock, k)
		var err error
		p, err = p.Join(next)
		require.NoError(t, err)
		sums = append(sums, next.nodes[0].sum)
		require.Equal(t, len(sums), p.used, "no two are siblings")
		require.Equal(t, uint8(k), p.nodes[p.used-1].level)
	}
	for k := 0; k < levels-1; k++ { // from block 1 to 2^(levels−1)
		join(k)
	}
	for k := levels - 3; k >= 0; k-- { // and on, as large a one as leaves one to come
		join(k)
	}
	want := 0.0
	for i := len(sums) - 1; i >= 0; i-- {
		want = sums[i] + want
	}
	assert.Equal(t, want, p.Stats().SumSquares)
	// One block more, and all those behind the middle are one subtree.
	last := level((p.first+p.n)/StatsBlock, 0)
	all, err := p.Join(last)
	require.NoError(t, err)
	assert.Equal(t, levels, all.used)
	right := last.nodes[0].sum
	for i := len(sums) - 1; i >= levels-1; i-- {
		right = sums[i] + right
	}
	assert.Equal(t, node{right, uint8(levels - 2)}, all.nodes[all.used-1])
	assert.Equal(t, (1<<(levels-1)+1<<(levels-2)-1)*StatsBlock, all.n)
	assert.Equal(t, p.n+StatsBlock, all.n)
}
