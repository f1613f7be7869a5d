package lion

import (
	"fmt"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/lionkernel/lion/internal/half"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What works on parts of a tensor: on rows of a table, and on the parts of a gradient
// whose statistics are joined.

// table makes a table of n rows, and gradient rows for some of them.
func table(n, width int, rows []int) (param, momentum, grad []float32) {
	r := rand.New(rand.NewSource(int64(n*width + len(rows))))
	fill := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = r.Float32() - 0.5
		}
		return s
	}
	return fill(n * width), fill(n * width), fill(len(rows) * width)
}

// TestRows compares listed rows with the dense step of each, and the others with
// what they were, for every rule and decay on every implementation.
func TestRows(t *testing.T) {
	const n, width = 9, 21
	rows := []int{7, 0, 8, 3}
	eachImplementation(t, func(t *testing.T, impl int) {
		for _, cfg := range variants(decaying()) {
			if cfg.CautiousScale != ScaleNone {
				continue // TestRowsScale
			}
			s := stepper(cfg)
			s.impl = uint8(impl)
			param, momentum, grad := table(n, width, rows)
			wantP, wantM := slices.Clone(param), slices.Clone(momentum)
			for i, r := range rows {
				at := r * width
				require.NoError(t, s.StepF32(wantP[at:at+width], grad[i*width:(i+1)*width], wantM[at:at+width]))
			}
			require.NoError(t, s.StepRowsF32(param, momentum, width, rows, grad))
			assert.Equal(t, wantP, param, "%v %v", cfg.Rule, cfg.Decay)
			assert.Equal(t, wantM, momentum, "%v %v", cfg.Rule, cfg.Decay)
		}
	})
}

// TestRowsScale: the tensor of a Cautious scale is the listed rows together.
func TestRowsScale(t *testing.T) {
	const n, width = 6, 5
	rows := []int{4, 1, 2}
	for _, scale := range []CautiousScale{ScaleCount, ScaleMean} {
		cfg := DefaultConfig()
		cfg.Rule, cfg.CautiousScale = Cautious, scale
		s, err := New(cfg)
		require.NoError(t, err)
		param, momentum, grad := table(n, width, rows)
		var denseP, denseM []float32
		for _, r := range rows {
			denseP = append(denseP, param[r*width:(r+1)*width]...)
			denseM = append(denseM, momentum[r*width:(r+1)*width]...)
		}
		require.NoError(t, s.StepF32(denseP, grad, denseM))
		require.NoError(t, s.StepRowsF32(param, momentum, width, rows, grad))
		for i, r := range rows {
			assert.Equal(t, denseP[i*width:(i+1)*width], param[r*width:(r+1)*width])
		}
	}
}

// TestRowsRefused: each error, before the first write.
func TestRowsRefused(t *testing.T) {
	s, err := New(DefaultConfig())
	require.NoError(t, err)
	long := make([]int, 70000)
	for i := range long {
		long[i] = len(long) - 1 - i
	}
	twiceFar := append(append([]int{}, long...), 66000)
	for _, c := range []struct {
		name     string
		n, width int
		rows     []int
		cut      int // from grad
		want     error
		text     string
	}{
		{"negative", 4, 3, []int{1, -1}, 0, ErrRows, "rows[1] = -1, but the table has 4 rows"},
		{"beyond", 4, 3, []int{4}, 0, ErrRows, "rows[0] = 4, but the table has 4 rows"},
		{"twice", 4, 3, []int{2, 0, 2}, 0, ErrRows, "rows[0] and rows[2] are both 2"},
		{"twice in turn", 4, 3, []int{1, 1}, 0, ErrRows, "rows[0] and rows[1] are both 1"},
		{"twice, far", 70000, 1, twiceFar, 0, ErrRows, "rows[3999] and rows[70000] are both 66000"},
		{"grad", 4, 3, []int{0, 1}, 1, ErrLength, "len(grad) = 5, but len(rows)·width = 2·3"},
		{"fine", 70000, 1, long, 0, nil, ""},
		{"none", 4, 3, nil, 0, nil, ""},
	} {
		param, momentum, grad := table(c.n, c.width, c.rows)
		was := append([]float32{}, param...)
		err := s.StepRowsF32(param, momentum, c.width, c.rows, grad[:len(grad)-c.cut])
		if c.want == nil {
			assert.NoError(t, err, c.name)
			continue
		}
		require.ErrorIs(t, err, c.want, c.name)
		assert.Contains(t, err.Error(), c.text, c.name)
		assert.Equal(t, was, param, c.name)
	}
	p := make([]float32, 12)
	assert.ErrorIs(t, s.StepRowsF32(p, p[:11], 3, nil, nil), ErrLength)
	assert.ErrorIs(t, s.StepRowsF32(p, make([]float32, 12), 3, []int{0, 1}, make([]float32, 7)), ErrLength, "a part of a row too much")
	for width, text := range map[int]string{
		0:  "lion: lengths don't fit: width = 0 must be at least 1",
		-3: "lion: lengths don't fit: width = -3 must be at least 1",
		5:  "lion: lengths don't fit: len(param) = 12 is no multiple of width = 5",
	} {
		err := s.StepRowsF32(p, make([]float32, 12), width, nil, nil)
		assert.ErrorIs(t, err, ErrLength)
		assert.EqualError(t, err, text)
	}
}

// TestRowsTwice holds both ways of looking for a row listed twice against a map.
func TestRowsTwice(t *testing.T) {
	const n = 1 << 20
	r := rand.New(rand.NewSource(1))
	// Rows whose hashes lie close together: more than a pass can hold.
	var close []int
	for row := 0; len(close) < 3*seenMost; row++ {
		if half.Mix64(uint64(row))>>54 == 5 {
			close = append(close, row)
		}
	}
	require.Less(t, close[len(close)-1], 1<<24)
	check := func(msg string, rows []int, n int) {
		want, at := -1, map[int]int{}
		for i, row := range rows {
			if _, ok := at[row]; ok {
				want = i
				break
			}
			at[row] = i
		}
		got := twiceByHash(rows)
		bits := twiceByBits(rows, n)
		err := checkRows(rows, n)
		if want < 0 {
			require.Equal(t, -1, got, msg)
			require.Equal(t, -1, bits, msg)
			require.NoError(t, err, msg)
			return
		}
		for _, i := range []int{got, bits} { // perhaps another pair than want's
			require.GreaterOrEqual(t, i, 0, msg)
			require.NotEqual(t, i, slices.Index(rows, rows[i]), msg)
		}
		require.ErrorIs(t, err, ErrRows, msg)
	}
	all := r.Perm(n)
	for _, k := range []int{2, 3, 100, seenRows, seenRows + 1, seenMost, seenMost + 1, 2*seenMost + 1, 20000} {
		rows := all[:k]
		r.Shuffle(k, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		check("apart", rows, n)
		for _, pair := range [][2]int{{0, 1}, {0, k - 1}, {k - 2, k - 1}, {k / 2, k/2 + 1}} {
			if pair[1] < k && pair[0] != pair[1] {
				twice := slices.Clone(rows)
				twice[pair[1]] = twice[pair[0]]
				check(fmt.Sprint(k, pair), twice, n)
			}
		}
		same := make([]int, k)
		check("all the same", same, n)
	}
	r.Shuffle(len(close), func(i, j int) { close[i], close[j] = close[j], close[i] })
	check("close", close, 1<<24)
	check("close, twice", append(slices.Clone(close), close[17]), 1<<24)
	check("close, twice", append(slices.Clone(close), close[len(close)-1]), 1<<24)
	// Among others, so that the interval grows again.
	mixed := append(slices.Clone(close), make([]int, 30000)...)
	seen := map[int]bool{}
	for _, row := range close {
		seen[row] = true
	}
	for i := len(close); i < len(mixed); {
		if row := r.Intn(1 << 24); !seen[row] {
			seen[row], mixed[i] = true, row
			i++
		}
	}
	check("close and others", mixed, 1<<24)
	for _, i := range []int{0, len(close), len(mixed) - 1} {
		check("close and others, twice", append(slices.Clone(mixed), mixed[i]), 1<<24)
	}
	// The last hash, and the first.
	check("ends", []int{n - 1, 0, n - 1}, n)
	check("ends", []int{3, 0, 1, 0}, n)
}

// TestRowsTwiceAtEdges: a row listed twice is found wherever passes over the table
// begin and end.
func TestRowsTwiceAtEdges(t *testing.T) {
	const n = 3*seenBits + 70
	for _, edge := range []int{0, seenBits, 2 * seenBits, 3 * seenBits, n} {
		for row := max(edge-66, 0); row < min(edge+66, n); row++ {
			other := (row + n/2) % n
			require.Equal(t, 2, twiceByBits([]int{other, row, row}, n), row)
			require.Equal(t, 2, twiceByBits([]int{row, other, row}, n), row)
			require.Equal(t, -1, twiceByBits([]int{row, other, (row + 1) % n}, n), row)
		}
	}
}

// BenchmarkCheckRows is what checking rows costs, beside the step itself.
func BenchmarkCheckRows(b *testing.B) {
	for _, n := range []int{64 << 10, 1 << 20, 16 << 20, 256 << 20} {
		for _, k := range []int{16, 256, 4096, 65536} {
			r := rand.New(rand.NewSource(1))
			seen, rows := map[int]bool{}, make([]int, 0, k)
			for len(rows) < k {
				if row := r.Intn(n); !seen[row] {
					seen[row] = true
					rows = append(rows, row)
				}
			}
			sorted := slices.Clone(rows)
			slices.Sort(sorted)
			for _, order := range []struct {
				name string
				rows []int
			}{{"random", rows}, {"increasing", sorted}} {
				b.Run(fmt.Sprintf("table=%d/rows=%d/order=%s", n, k, order.name), func(b *testing.B) {
					for range b.N {
						if err := checkRows(order.rows, n); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(k), "ns/row")
				})
			}
		}
	}
}

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

// TestGradStatsTree is the example of 11 blocks that the documentation has.
func TestGradStatsTree(t *testing.T) {
	g := randomGrad(11 * StatsBlock)
	var b [11]float64
	for i := range b {
		b[i] = GradStats(g[i*StatsBlock:][:StatsBlock]).SumSquares
	}
	assert.Equal(t, (((b[0]+b[1])+(b[2]+b[3]))+((b[4]+b[5])+(b[6]+b[7])))+((b[8]+b[9])+b[10]), GradStats(g).SumSquares)
}

// TestGradStatsTypes: the same numbers give the same statistics, however they are stored.
func TestGradStatsTypes(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for _, n := range []int{0, 1, 15, 16, 17, 511, 4095, 4096, 4097, 40961} {
			g := randomGrad(n)
			wide := make([]float64, n)
			for i, x := range g {
				wide[i] = float64(x)
			}
			assert.Equal(t, GradStats(wide), GradStats(g))
			assert.Equal(t, GradStats(through(g, ToBF16, BF16.Float32)), GradStats(roundedTo(g, ToBF16)))
			assert.Equal(t, GradStats(through(g, ToF16, F16.Float32)), GradStats(roundedTo(g, ToF16)))
		}
	})
}

func TestGradStatsRefuses(t *testing.T) {
	const last = math.MaxInt &^ (StatsBlock - 1) // the last index that is a multiple
	for _, c := range []struct {
		index, n int
		says     string
	}{
		{7, 3, "index = 7 is no multiple"},
		{-1, 0, "index = -1 is negative"},
		{-StatsBlock, 1, "is negative"},
		{last, StatsBlock, "end beyond the largest int"},
		{math.MaxInt, 1, "end beyond the largest int"},
	} {
		p, err := GradStatsPart(c.index, make([]BF16, c.n))
		assert.ErrorIs(t, err, ErrPart)
		assert.ErrorContains(t, err, c.says)
		assert.Equal(t, StatsPart{}, p)
	}
	part := func(index, n int) StatsPart {
		p, err := GradStatsPart(index, make([]F16, n))
		require.NoError(t, err)
		return p
	}
	a, b, short := part(0, StatsBlock), part(2*StatsBlock, 5), part(StatsBlock, 5)
	end := part(last, StatsBlock-1) // which ends with the largest int
	for _, c := range []struct {
		p, next StatsPart
		says    string
	}{
		{a, b, "ends at element 4096 and one that begins at 8192"},
		{short, b, "ends at element 4101 and one that begins at 8192"}, // it must end with a block
		{b, a, "ends at element 8197 and one that begins at 0"},
		{end, a, fmt.Sprint("ends at element ", math.MaxInt)},
	} {
		p, err := c.p.Join(c.next)
		assert.ErrorIs(t, err, ErrPart)
		assert.ErrorContains(t, err, c.says)
		assert.Equal(t, c.p, p)
	}
	_, err := end.Join(part(math.MaxInt, 0))
	assert.NoError(t, err)
}

// roundedTo is s in a format of 16 bits, and through is it widened again.
func roundedTo[T any](s []float32, to func(float32) T) (out []T) {
	for _, x := range s {
		out = append(out, to(x))
	}
	return out
}

func through[T any](s []float32, to func(float32) T, back func(T) float32) (out []float32) {
	for _, x := range s {
		out = append(out, back(to(x)))
	}
	return out
}
