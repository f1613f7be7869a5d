package half

import (
	"fmt"
	"math"
	"slices"
	"testing"

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

// A judge notes what deviates by more than five times what chance allows.
type judge struct{ odd []string }

func (j *judge) see(z float64, format string, args ...any) {
	if math.Abs(z) > 5 {
		j.odd = append(j.odd, fmt.Sprintf(format, args...)+fmt.Sprintf(" deviates by %.1f", z))
	}
}

// chi2 is how far the counts of n are from even ones.
func chi2(cells []int, n int) float64 {
	sum, expected := 0.0, float64(n)/float64(len(cells))
	for _, c := range cells {
		sum += (float64(c) - expected) * (float64(c) - expected) / expected
	}
	free := float64(len(cells) - 1)
	return (sum - free) / math.Sqrt(2*free)
}

// oddly returns what is odd about the statistics of n draws.
func (bits bitSource) oddly(n int) []string {
	var j judge
	bits.distribution(&j, n)
	bits.pairs(&j, n)
	bits.avalanche(&j, n/64)
	return j.odd
}

// The draws of one seed and step are what others are compared with.
const oneSeed, oneStep = 1, 77

// distribution: every draw is as frequent as any other.
func (bits bitSource) distribution(j *judge, n int) {
	cells := make([]int, 1<<16)
	for name, f := range map[string]func(i uint64) uint32{
		"of the elements":        func(i uint64) uint32 { return bits(oneSeed, oneStep, i) },
		"of an element by steps": func(i uint64) uint32 { return bits(oneSeed, i, 5) },
		"of an element by seeds": func(i uint64) uint32 { return bits(i, oneStep, 5) },
	} {
		clear(cells)
		for i := range uint64(4 * n) {
			cells[f(i)]++
		}
		j.see(chi2(cells, 4*n), "the distribution %s", name)
	}
}

// pairs: draws have nothing in common with others.
func (bits bitSource) pairs(j *judge, n int) {
	mine := make([]uint32, n)
	for i := range mine {
		mine[i] = bits(oneSeed, oneStep, uint64(i))
	}
	upper, lower := make([]int, 1<<16), make([]int, 1<<16)
	for name, other := range others() {
		clear(upper)
		clear(lower)
		sum := 0.0
		for i, a := range mine {
			b := bits(other(oneSeed, oneStep, uint64(i)))
			sum += (float64(a)/65535 - 0.5) * (float64(b)/65535 - 0.5)
			upper[a&0xff00|b>>8]++
			lower[a&0xff<<8|b&0xff]++
		}
		j.see(12*sum/math.Sqrt(float64(n)), "the correlation with %s", name)
		j.see(chi2(upper, n), "the distribution of upper bytes with %s", name)
		j.see(chi2(lower, n), "the distribution of lower bytes with %s", name)
	}
}

// avalanche: each bit of what goes in changes each bit that comes out, half of the time.
func (bits bitSource) avalanche(j *judge, samples int) {
	r := prove.NewRand(9)
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
			j.see((2*float64(k)-float64(samples))/math.Sqrt(float64(samples)), "bit %d by bit %d of %s", out, in%64, []string{"seed", "step", "index"}[in/64])
		}
	}
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
