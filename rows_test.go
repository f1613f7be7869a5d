package lion

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/lionkernel/lion/internal/half"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
