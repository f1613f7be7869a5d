package half

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDraws: the random bits, as a program outside computed them by the
// documentation.
func TestDraws(t *testing.T) {
	for _, c := range []struct {
		seed, step, index uint64
		r                 uint32
	}{
		{0, 1, 0, 0x2811},
		{0, 1, 1, 0x9c4b},
		{0, 1, 2, 0x934e},
		{0, 2, 0, 0xd0c9},
		{1, 1, 0, 0xfaf7},
		{7, 5, 1499, 0x466c},
		{42, 1000, 0xffffffff, 0x17d8},
		{42, 1000, 0x100000000, 0x9593},
		{42, 1000, 0x100000001, 0x7a5c},
		{0xffffffffffffffff, 0x7fffffffffffffff, 0xffffffffffffffff, 0xe0d9},
		{0x123456789abcdef, 99999, 0xb3a73ce2ff2, 0xdec4},
	} {
		assert.Equal(t, c.r, randomBits(c.seed, c.step, c.index), "%+v", c)
	}
}

// randomBits are the random bits of an element.
func randomBits(seed, step, index uint64) uint32 { return DrawsOf(seed, step, index).x() >> 16 }

// drawing returns the draws with a key whose x is a given one: each line of the
// documentation, undone.
func drawing(x, key uint32) Draws {
	x *= inverse(drawMul3)
	x ^= x>>15 ^ x>>30
	x *= inverse(drawMul2)
	x ^= x>>11 ^ x>>22
	x *= inverse(drawMul1)
	x ^= key
	return Draws{x ^ x>>17, key}
}

// inverse is 1/m modulo 2³², m odd, by Newton's method.
func inverse(m uint32) uint32 {
	x := m // right in the lowest 3 bits
	for range 4 {
		x *= 2 - m*x
	}
	return x
}

// TestDrawsEquidistributed: every x comes from exactly one counter, and every
// counter from one index, so that 2³² indices draw each r equally often.
func TestDrawsEquidistributed(t *testing.T) {
	r := prove.NewRand(5)
	for range 1 << 16 {
		x, key := uint32(r.Next()), uint32(r.Next())
		require.Equal(t, x, drawing(x, key).x())
		d := Draws{x, key}
		require.Equal(t, d, drawing(d.x(), key))
	}
	g := uint32(golden32)
	assert.Equal(t, uint32(1), inverse(g)*g)
}

// A bitSource is a function that draws could be.
type bitSource func(seed, step, index uint64) uint32

// others are the elements that must have nothing in common with an element.
func others() map[string]func(seed, step, i uint64) (uint64, uint64, uint64) {
	out := map[string]func(seed, step, i uint64) (uint64, uint64, uint64){
		"the next step":           func(seed, step, i uint64) (uint64, uint64, uint64) { return seed, step + 1, i },
		"the next step but one":   func(seed, step, i uint64) (uint64, uint64, uint64) { return seed, step + 2, i },
		"a late step":             func(seed, step, i uint64) (uint64, uint64, uint64) { return seed, step + 1<<20, i },
		"the next step's next":    func(seed, step, i uint64) (uint64, uint64, uint64) { return seed, step + 1, i + 1 },
		"the next seed":           func(seed, step, i uint64) (uint64, uint64, uint64) { return seed + 1, step, i },
		"another upper half":      func(seed, step, i uint64) (uint64, uint64, uint64) { return seed ^ 1<<32, step, i },
		"another sign of a seed":  func(seed, step, i uint64) (uint64, uint64, uint64) { return seed ^ 1<<63, step, i },
		"the last seed's next":    func(seed, step, i uint64) (uint64, uint64, uint64) { return seed - 1, step + 1, i },
		"seed and step exchanged": func(seed, step, i uint64) (uint64, uint64, uint64) { return step, seed, i },
	}
	lags := []uint64{3, 5, 6, 7, 9, 11, 12, 15, 24, 48, 1<<32 + 1,
		// Where multiples of the golden ratio come near to an integer.
		233, 1597, 28657, 514229, 9227465, 102334155, 1836311903}
	for b := range 64 {
		lags = append(lags, 1<<b)
	}
	for _, lag := range lags {
		out[fmt.Sprintf("%#x elements on", lag)] = func(seed, step, i uint64) (uint64, uint64, uint64) { return seed, step, i + lag }
	}
	return out
}

// oddly returns what of the statistics of n draws deviates by more than five
// times what chance allows.
func (bits bitSource) oddly(n int) (out []string) {
	judge := func(z float64, format string, args ...any) {
		if math.Abs(z) > 5 {
			out = append(out, fmt.Sprintf(format, args...)+fmt.Sprintf(" deviates by %.1f", z))
		}
	}
	chi2 := func(cells []int, n int) float64 {
		sum, expected := 0.0, float64(n)/float64(len(cells))
		for _, c := range cells {
			sum += (float64(c) - expected) * (float64(c) - expected) / expected
		}
		free := float64(len(cells) - 1)
		return (sum - free) / math.Sqrt(2*free)
	}
	const seed, step = 1, 77
	cells := make([]int, 1<<16)
	for name, f := range map[string]func(i uint64) uint32{
		"of the elements":        func(i uint64) uint32 { return bits(seed, step, i) },
		"of an element by steps": func(i uint64) uint32 { return bits(seed, i, 5) },
		"of an element by seeds": func(i uint64) uint32 { return bits(i, step, 5) },
	} {
		clear(cells)
		for i := range uint64(4 * n) {
			cells[f(i)]++
		}
		judge(chi2(cells, 4*n), "the distribution %s", name)
	}
	mine := make([]uint32, n)
	for i := range mine {
		mine[i] = bits(seed, step, uint64(i))
	}
	upper, lower := make([]int, 1<<16), make([]int, 1<<16)
	for name, other := range others() {
		clear(upper)
		clear(lower)
		sum := 0.0
		for i, a := range mine {
			b := bits(other(seed, step, uint64(i)))
			sum += (float64(a)/65535 - 0.5) * (float64(b)/65535 - 0.5)
			upper[a&0xff00|b>>8]++
			lower[a&0xff<<8|b&0xff]++
		}
		judge(12*sum/math.Sqrt(float64(n)), "the correlation with %s", name)
		judge(chi2(upper, n), "the distribution of upper bytes with %s", name)
		judge(chi2(lower, n), "the distribution of lower bytes with %s", name)
	}
	// Each bit of what goes in changes each bit that comes out, half of the time.
	r := prove.NewRand(9)
	samples := n / 64
	for in := range 3 * 64 {
		var flips [16]int
		for range samples {
			x := [3]uint64{r.Next(), r.Next(), r.Next()}
			was := bits(x[0], x[1], x[2])
			x[in/64] ^= 1 << (in % 64)
			now := bits(x[0], x[1], x[2])
			for out := range flips {
				flips[out] += int((was ^ now) >> out & 1)
			}
		}
		for out, k := range flips {
			judge((2*float64(k)-float64(samples))/math.Sqrt(float64(samples)), "bit %d by bit %d of %s", out, in%64, []string{"seed", "step", "index"}[in/64])
		}
	}
	return out
}

// TestStochasticIndependent: the bits are evenly distributed; neighbours, far
// elements, steps and seeds have nothing in common; and each bit that goes in
// counts.
func TestStochasticIndependent(t *testing.T) {
	n := 1 << 18
	if !prove.Whole() {
		n = 1 << 15
	}
	assert.Empty(t, bitSource(randomBits).oddly(n))
}

// TestIndependentSees: worse functions are found out.
func TestIndependentSees(t *testing.T) {
	for name, c := range map[string]struct {
		bits bitSource
		odd  string
	}{
		"no step":  {func(seed, step, i uint64) uint32 { return randomBits(seed, 1, i) }, "the correlation with the next step"},
		"no seed":  {func(seed, step, i uint64) uint32 { return randomBits(1, step, i) }, "the correlation with the next seed"},
		"32 bits":  {func(seed, step, i uint64) uint32 { return randomBits(seed, step, i&(1<<32-1)) }, "the correlation with 0x100000000 elements on"},
		"pairs":    {func(seed, step, i uint64) uint32 { return randomBits(seed, step, i/2) }, "the correlation with 0x1 elements on"},
		"15 bits":  {func(seed, step, i uint64) uint32 { return randomBits(seed, step, i) &^ 1 }, "the distribution of the elements"},
		"unmixed":  {func(seed, step, i uint64) uint32 { return DrawsOf(seed, step, i).Counter >> 16 }, "the correlation with 0x8 elements on"},
		"one key":  {func(seed, step, i uint64) uint32 { return randomBits(seed+step, 1, i) }, "the correlation with the last seed's next"},
		"two less": {twoMultiplications, "the distribution of lower bytes with 0x40000000 elements on"},
	} {
		odd := c.bits.oddly(1 << 15)
		assert.True(t, slices.ContainsFunc(odd, func(s string) bool { return len(s) > len(c.odd) && s[:len(c.odd)] == c.odd }), "%s: %q", name, odd)
	}
}

// twoMultiplications is a good hash of 32 bits, and yet not enough.
func twoMultiplications(seed, step, index uint64) uint32 {
	d := DrawsOf(seed, step, index)
	x := d.Counter ^ d.Key
	x = (x ^ x>>16) * 0x21f0aaad
	return (x ^ x>>15) * 0xd35a2d97 >> 16
}

// TestDown holds the definition against the value of each pattern.
func TestDown(t *testing.T) {
	for _, f := range []*prove.Element{prove.BF16, prove.F16} {
		for p := range f.Inf() {
			v, next := f.Value(p), f.Value(p+1)
			if p+1 == f.Inf() {
				next = 2*v - f.Value(p-1)
			}
			for _, fraction := range []float64{0, 0.25, 0.875} {
				got, way := f.Down(v + fraction*(next-v))
				require.Equal(t, [2]float64{float64(p), fraction}, [2]float64{float64(got), way}, "%s %04x", f.Name, p)
			}
		}
	}
}

var stochasticOnes = []struct {
	*prove.Element
	round func(w float32, r uint32) uint16
}{
	{prove.BF16, func(w float32, r uint32) uint16 { return stochasticBF16(w, r) }},
	{prove.F16, func(w float32, r uint32) uint16 { return stochasticF16(w, r) }},
}

// checkDefinition holds patterns with upper half u against the definition, by
// random bits that just suffice to round up, one less, and others.
func checkDefinition(u uint32, lower func(i int) uint32, n int, r *prove.Rand) error {
	for i := range n {
		x := u<<16 | lower(i)
		w := math.Float32frombits(x)
		for _, f := range stochasticOnes {
			_, fraction := f.Down(math.Abs(float64(w)))
			enough := uint32(65536) // if the fraction is 0, or there is none
			if fraction > 0 {
				enough -= uint32(fraction * 65536)
			}
			for _, bits := range []uint32{enough - 1, enough & 0xffff, 0, 0xffff, uint32(r.Next()) >> 16} {
				if got, want := f.round(w, bits), uint16(f.Stochastic(w, bits)); got != want {
					return fmt.Errorf("%s of %08x by %04x is %04x, want %04x", f.Name, x, bits, got, want)
				}
			}
		}
	}
	return nil
}

// TestStochasticDefinition: rounding in integers is rounding by the definition:
// for every sign and exponent, with some fractions; where LION_WALK=all, of one of 32
// neighbouring float32, and where every, of all. So the number of r that round up is the fraction, in 65536ths, exactly.
func TestStochasticDefinition(t *testing.T) {
	if walk := os.Getenv("LION_WALK"); walk != "" {
		step := 32 // one of so many neighbours
		if walk == "every" {
			step = 1
		}
		errs := make(chan error)
		workers := runtime.GOMAXPROCS(0)
		for k := range workers {
			go func() {
				var err error
				for u := k; u < 1<<16 && err == nil; u += workers {
					r := prove.NewRand(uint64(u))
					lower := func(i int) uint32 { return uint32(i*step + int(r.Next()>>33)%step) }
					err = checkDefinition(uint32(u), lower, 1<<16/step, r)
				}
				errs <- err
			}()
		}
		for range workers {
			assert.NoError(t, <-errs)
		}
		return
	}
	stride := uint32(1)
	if !prove.Whole() {
		stride = 7
	}
	r := prove.NewRand(3)
	lower := func(i int) uint32 {
		if edges := []uint32{0, 1, 0x1000, 0x1fff, 0x7fff, 0x8000, 0xffff}; i < len(edges) {
			return edges[i]
		}
		return uint32(r.Next()) >> 16
	}
	for u := uint32(0); u < 1<<16; u += stride {
		require.NoError(t, checkDefinition(u, lower, 9, r))
	}
}

// TestStochasticOverflows: between the largest number and infinity, both come
// about; beyond, infinity alone.
func TestStochasticOverflows(t *testing.T) {
	assert.Equal(t, uint16(0x7bff), stochasticF16(65504, 0xffff))
	assert.Equal(t, uint16(0x7bff), stochasticF16(65520, 0x7fff))
	assert.Equal(t, uint16(0x7c00), stochasticF16(65520, 0x8000))
	assert.Equal(t, uint16(0x7bff), stochasticF16(math.Nextafter32(65536, 0), 0))
	assert.Equal(t, uint16(0x7c00), stochasticF16(65536, 0))
	assert.Equal(t, uint16(0xfc00), stochasticF16(-math.MaxFloat32, 0))
	assert.Equal(t, uint16(0x7f7f), stochasticBF16(math.MaxFloat32, 0))
	assert.Equal(t, uint16(0x7f80), stochasticBF16(math.MaxFloat32, 1))
	assert.Equal(t, uint16(0xff7f), stochasticBF16(-0x1.fep127, 0xffff))
	for _, r := range []uint32{0, 0x8000, 0xffff} {
		for _, sign := range []int{1, -1} {
			inf := float32(math.Inf(sign))
			assert.Equal(t, [2]float32{inf, inf}, [2]float32{FromF16(stochasticF16(inf, r)), FromBF16(stochasticBF16(inf, r))})
		}
	}
}

// BenchmarkRounders rounds and joins tiles in the innermost cache.
func BenchmarkRounders(b *testing.B) {
	const n = TileSize
	w, p, c := make([]float32, n), make([]uint16, n), make([]uint16, n)
	for i, r := 0, (prove.NewRand(1)); i < n; i++ {
		w[i] = float32(int32(r.Next())) / (1 << 31)
	}
	for _, im := range Implementations {
		if prove.Missing(im.Name) != "" {
			continue
		}
		convert := &im.Converters
		for name, run := range map[string]func(){
			"fmt=bf16/rounding=nearest":    func() { convert.NarrowBF16(mem.Data(p), mem.Data(w), n) },
			"fmt=f16/rounding=nearest":     func() { convert.NarrowF16(mem.Data(p), mem.Data(w), n) },
			"fmt=bf16/rounding=stochastic": func() { convert.StochasticBF16(mem.Data(p), mem.Data(w), n, Draws{1, 2}) },
			"fmt=f16/rounding=stochastic":  func() { convert.StochasticF16(mem.Data(p), mem.Data(w), n, Draws{1, 2}) },
			"fmt=kahan/split":              func() { convert.SplitKahan(mem.Data(p), mem.Data(c), mem.Data(w), n) },
			"fmt=kahan/join":               func() { convert.JoinKahan(mem.Data(w), mem.Data(p), mem.Data(c), n) },
		} {
			b.Run(fmt.Sprintf("%s/n=%d/impl=%s", name, n, im.Name), func(b *testing.B) {
				for i := 0; i < b.N; i++ {
					run()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/n, "ns/elem")
			})
		}
	}
}

// Properties of rounding at random.

var randomElements = [2]*prove.Element{prove.BF16, prove.F16}

// rounders of an implementation, beside their elements.
func roundersOf(im *Implementation) [2]Rounder {
	return [2]Rounder{im.StochasticBF16, im.StochasticF16}
}

// randomKeeps: numbers of an element stay what they are, and their zeros' signs, whatever
// the random bits; NaNs become the canonical one.
func randomKeeps(_ testing.TB, im *Implementation) error {
	src, got, want := make([]uint32, 1<<16), make([]uint16, 1<<16), make([]uint16, 1<<16)
	for k, e := range randomElements {
		for i := range src {
			src[i], want[i] = math.Float32bits(float32(e.Value(uint64(i)))), uint16(i)
			if i&0x7fff == 0 {
				src[i] = uint32(i) << 16
			} else if uint64(i)&^0x8000 > e.Inf() {
				src[i], want[i] = uint32(i)<<16|0x7f800001, uint16(e.Canonical())
			}
		}
		for step := range 5 {
			roundersOf(im)[k](mem.Data(got), mem.Data(src), len(src), DrawsOf(3, uint64(step), 0))
			if err := differ("stochastic "+e.Name, src, got, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// likeGeneric compares rounding at random with generic's.
func likeGeneric(im *Implementation, src []uint32, got, want []uint16, d Draws) error {
	for k, e := range randomElements {
		roundersOf(im)[k](mem.Data(got), mem.Data(src), len(src), d)
		roundersOf(generic)[k](mem.Data(want), mem.Data(src), len(src), d)
		if err := differ("stochastic "+e.Name, src, got, want); err != nil {
			return err
		}
	}
	return nil
}

// random: all exponents with extreme and random mantissas, every lane of a vector drawing
// the extreme bits, are rounded as by generic; and a walk over float32, where LION_WALK=all
// over each.
func random(_ testing.TB, im *Implementation) error {
	const n = 64
	r := prove.NewRand(8)
	src, got, want := make([]uint32, n), make([]uint16, n), make([]uint16, n)
	for exp := range uint32(512) {
		for _, x := range []uint32{0, 0xffffffff, 0xffff, 0x10000, 0x8000ffff, 0x7fffffff} {
			for i := range src {
				src[i] = exp<<23 | []uint32{0, 1, 0x7fffff, 0x1fff, 0x3ffff}[i%5]
				if i%5 == 0 || i%3 == 0 {
					src[i] ^= uint32(r.Next()) & 0x7fffff
				}
			}
			lane := uint32(r.Next()) % n
			if err := likeGeneric(im, src, got, want, drawing(x, uint32(r.Next())).After(-lane)); err != nil {
				return err
			}
		}
	}
	if im == generic {
		return nil // which is what all are compared with
	}
	type block struct {
		src       []uint32
		got, want []uint16
	}
	return strided(1<<16, stride(499, 8191), func() block {
		return block{make([]uint32, 1<<16), make([]uint16, 1<<16), make([]uint16, 1<<16)}
	}, func(b block, u uint32) error {
		for i := range b.src {
			b.src[i] = u<<16 | uint32(i)
		}
		return likeGeneric(im, b.src, b.got, b.want, DrawsOf(1, 2, uint64(u)<<16))
	})
}

// randomMean: of many weights, each is rounded to one of its neighbours, up as often as
// it should be: within what chance allows each weight, and all together.
func randomMean(_ testing.TB, im *Implementation) error {
	total := 100_000_000
	if !prove.Whole() {
		total /= 100
	}
	const n = 1 << 12
	weights := []float32{1 + 1.0/512, 1.001, -3.7, 1e-3, -0.99999, 6e-5, 3.3e-8, -2e-8, 1e-40, 60000.5}
	rounds := total / n / len(weights) / len(randomElements)
	src := make([]float32, n)
	var surplus, variance float64
	for _, w := range weights {
		for i := range src {
			src[i] = w
		}
		for k, e := range randomElements {
			ups, fraction, err := upward(roundersOf(im)[k], k, e, src, rounds)
			if err != nil {
				return err
			}
			all := float64(rounds * n)
			over, v := float64(ups)-all*fraction, all*fraction*(1-fraction)
			if math.Abs(over) > 5*math.Sqrt(v) {
				return fmt.Errorf("%s of %g: %d of %g up", e.Name, w, ups, all)
			}
			surplus, variance = surplus+over, variance+v
		}
	}
	if math.Abs(surplus) > 5*math.Sqrt(variance) {
		return fmt.Errorf("%g more than expected are rounded up", surplus)
	}
	return nil
}

// upward counts which of src, all one weight, are rounded up in so many rounds, and
// returns the fraction that should be.
func upward(round Rounder, step int, e *prove.Element, src []float32, rounds int) (ups int, fraction float64, err error) {
	w, dst := src[0], make([]uint16, len(src))
	down, fraction := e.Down(math.Abs(float64(w)))
	near := uint16(down)
	if w < 0 {
		near |= 0x8000
	}
	for i := range rounds {
		round(mem.Data(dst), mem.Data(src), len(src), DrawsOf(uint64(math.Float32bits(w)), uint64(step), uint64(i*len(src))))
		for _, x := range dst {
			if x-near > 1 {
				return 0, 0, fmt.Errorf("%s of %g is %04x, not %04x or the next", e.Name, w, x, near)
			}
			ups += int(x - near)
		}
	}
	return ups, math.Floor(fraction*65536) / 65536, nil
}
