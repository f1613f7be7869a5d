package lion

import (
	"fmt"
	"math"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"testing"
	"unsafe"

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
func randomBits(seed, step, index uint64) uint32 { return drawsOf(seed, step, index).x() >> 16 }

// drawing returns the draws with a key whose x is a given one: each line of the
// documentation, undone.
func drawing(x, key uint32) draws {
	x *= inverse(drawMul3)
	x ^= x>>15 ^ x>>30
	x *= inverse(drawMul2)
	x ^= x>>11 ^ x>>22
	x *= inverse(drawMul1)
	x ^= key
	return draws{x ^ x>>17, key}
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
		d := draws{x, key}
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
		"unmixed":  {func(seed, step, i uint64) uint32 { return drawsOf(seed, step, i).counter >> 16 }, "the correlation with 0x8 elements on"},
		"one key":  {func(seed, step, i uint64) uint32 { return randomBits(seed+step, 1, i) }, "the correlation with the last seed's next"},
		"two less": {twoMultiplications, "the distribution of lower bytes with 0x40000000 elements on"},
	} {
		odd := c.bits.oddly(1 << 15)
		assert.True(t, slices.ContainsFunc(odd, func(s string) bool { return len(s) > len(c.odd) && s[:len(c.odd)] == c.odd }), "%s: %q", name, odd)
	}
}

// twoMultiplications is a good hash of 32 bits, and yet not enough.
func twoMultiplications(seed, step, index uint64) uint32 {
	d := drawsOf(seed, step, index)
	x := d.counter ^ d.key
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
	{prove.BF16, func(w float32, r uint32) uint16 { return uint16(stochasticBF16(w, r)) }},
	{prove.F16, func(w float32, r uint32) uint16 { return uint16(stochasticF16(w, r)) }},
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
	assert.Equal(t, F16(0x7bff), stochasticF16(65504, 0xffff))
	assert.Equal(t, F16(0x7bff), stochasticF16(65520, 0x7fff))
	assert.Equal(t, F16(0x7c00), stochasticF16(65520, 0x8000))
	assert.Equal(t, F16(0x7bff), stochasticF16(math.Nextafter32(65536, 0), 0))
	assert.Equal(t, F16(0x7c00), stochasticF16(65536, 0))
	assert.Equal(t, F16(0xfc00), stochasticF16(-math.MaxFloat32, 0))
	assert.Equal(t, BF16(0x7f7f), stochasticBF16(math.MaxFloat32, 0))
	assert.Equal(t, BF16(0x7f80), stochasticBF16(math.MaxFloat32, 1))
	assert.Equal(t, BF16(0xff7f), stochasticBF16(-0x1.fep127, 0xffff))
	for _, r := range []uint32{0, 0x8000, 0xffff} {
		for _, sign := range []int{1, -1} {
			inf := float32(math.Inf(sign))
			assert.Equal(t, [2]float32{inf, inf}, [2]float32{stochasticF16(inf, r).Float32(), stochasticBF16(inf, r).Float32()})
		}
	}
}

// rounders of an implementation, beside their formats.
func roundersOf(impl int) (out [2]rounder) {
	c := &implementations[impl].convert
	return [2]rounder{c.stochasticBF16, c.stochasticF16}
}

var stochasticFormats = [2]*prove.Element{prove.BF16, prove.F16}

// TestStochasticKeeps: numbers of a format stay what they are, and their zeros'
// signs, whatever the random bits; NaNs become the canonical one.
func TestStochasticKeeps(t *testing.T) {
	src, got, want := make([]float32, 1<<16), make([]uint16, 1<<16), make([]uint16, 1<<16)
	eachImplementation(t, func(t *testing.T, impl int) {
		for k, f := range stochasticFormats {
			for i := range src {
				src[i], want[i] = float32(f.Value(uint64(i))), uint16(i)
				if i&0x7fff == 0 {
					src[i] = math.Float32frombits(uint32(i) << 16)
				} else if uint64(i)&^0x8000 > f.Inf() {
					src[i], want[i] = math.Float32frombits(uint32(i)<<16|0x7f800001), uint16(f.Canonical())
				}
			}
			for step := range 5 {
				roundersOf(impl)[k](mem.Data(got), mem.Data(src), len(src), drawsOf(3, uint64(step), 0))
				require.Equal(t, want, got, f.Name)
			}
		}
	})
}

// TestStochasticPaths: every implementation gives generic's bits: all exponents
// with extreme and random mantissas, every lane of a vector drawing the extreme
// bits; and a walk over float32, where LION_WALK=all over each.
func TestStochasticPaths(t *testing.T) {
	const n = 64
	eachImplementation(t, func(t *testing.T, impl int) {
		r := prove.NewRand(8)
		src, got, want := make([]uint32, n), make([]uint16, n), make([]uint16, n)
		check := func(src []uint32, got, want []uint16, d draws) error {
			for k, f := range stochasticFormats {
				roundersOf(impl)[k](mem.Data(got), mem.Data(src), len(src), d)
				roundersOf(genericIndex())[k](mem.Data(want), mem.Data(src), len(src), d)
				if err := differ("stochastic "+f.Name, src, got, want); err != nil {
					return err
				}
			}
			return nil
		}
		for exp := range uint32(512) {
			for _, x := range []uint32{0, 0xffffffff, 0xffff, 0x10000, 0x8000ffff, 0x7fffffff} {
				for i := range src {
					src[i] = exp<<23 | []uint32{0, 1, 0x7fffff, 0x1fff, 0x3ffff}[i%5]
					if i%5 == 0 || i%3 == 0 {
						src[i] ^= uint32(r.Next()) & 0x7fffff
					}
				}
				lane := uint32(r.Next()) % n
				require.NoError(t, check(src, got, want, drawing(x, uint32(r.Next())).after(-lane)))
			}
		}
		if impl == genericIndex() {
			return // what all are compared with
		}
		stride := 499
		if os.Getenv("LION_WALK") != "" {
			stride = 1
		} else if !prove.Whole() {
			stride = 8191
		}
		workers := runtime.GOMAXPROCS(0)
		errs := make(chan error)
		for w := range workers {
			go func() {
				var err error
				src, got, want := make([]uint32, 1<<16), make([]uint16, 1<<16), make([]uint16, 1<<16)
				for u := w * stride; u < 1<<16 && err == nil; u += workers * stride {
					for i := range src {
						src[i] = uint32(u<<16 | i)
					}
					err = check(src, got, want, drawsOf(1, 2, uint64(u)<<16))
				}
				errs <- err
			}()
		}
		for range workers {
			assert.NoError(t, <-errs)
		}
	})
}

// TestStochasticRounds: of many weights, each is rounded to one of its neighbours,
// up as often as it should be: within what chance allows each weight, and all
// together.
func TestStochasticRounds(t *testing.T) {
	total := 100_000_000
	if !prove.Whole() {
		total /= 100
	}
	const n = 1 << 12
	weights := []float32{1 + 1.0/512, 1.001, -3.7, 1e-3, -0.99999, 6e-5, 3.3e-8, -2e-8, 1e-40, 60000.5}
	rounds := total / n / len(weights) / len(stochasticFormats)
	src, dst := make([]float32, n), make([]uint16, n)
	eachImplementation(t, func(t *testing.T, impl int) {
		var surplus, variance float64
		for _, w := range weights {
			for i := range src {
				src[i] = w
			}
			for k, f := range stochasticFormats {
				down, fraction := f.Down(math.Abs(float64(w)))
				near := uint16(down)
				if w < 0 {
					near |= 0x8000
				}
				ups, round := 0, roundersOf(impl)[k]
				for i := range rounds {
					round(mem.Data(dst), mem.Data(src), n, drawsOf(uint64(math.Float32bits(w)), uint64(k), uint64(i*n)))
					for _, x := range dst {
						if x-near > 1 {
							t.Fatalf("%s of %g is %04x, not %04x or the next", f.Name, w, x, near)
						}
						ups += int(x - near)
					}
				}
				fraction = math.Floor(fraction*65536) / 65536
				all := float64(rounds * n)
				over, v := float64(ups)-all*fraction, all*fraction*(1-fraction)
				assert.LessOrEqual(t, math.Abs(over), 5*math.Sqrt(v), "%s of %g: %d of %g up", f.Name, w, ups, all)
				surplus, variance = surplus+over, variance+v
			}
		}
		assert.LessOrEqual(t, math.Abs(surplus), 5*math.Sqrt(variance))
	})
}

// stochasticStepper rounds at random.
func stochasticStepper(seed uint64) Stepper {
	cfg := DefaultConfig()
	cfg.Rounding, cfg.Seed = StochasticRounding, seed
	return stepper(cfg)
}

// TestStochasticDrifts: where nearest rounding leaves a weight stuck, random
// rounding moves it as far as it should go, in the mean.
func TestStochasticDrifts(t *testing.T) {
	s := stochasticStepper(1)
	const n, steps = 4096, 200
	p, g, m := make([]BF16, n), make([]BF16, n), make([]BF16, n)
	ph, gh, mh := make([]F16, n), make([]F16, n), make([]F16, n)
	for i := range p {
		p[i], g[i] = ToBF16(1), ToBF16(-1)
		ph[i], gh[i] = ToF16(1), ToF16(-1)
	}
	stuck := slices.Clone(p)
	nearest := stepper(DefaultConfig())
	for i := 1; i <= steps; i++ {
		require.NoError(t, s.At(i).StepBF16(p, g, m))
		require.NoError(t, s.At(i).StepF16(ph, gh, mh))
		require.NoError(t, nearest.StepBF16(stuck, g, make([]BF16, n)))
	}
	mean := func(s []float32) (sum float64) {
		for _, x := range s {
			sum += float64(x) / n
		}
		return sum
	}
	// A weight goes up by k = 200·1e-4/u units u, in the mean, so it deviates by
	// u·√k and the mean of n weights by a √n-th of that: five times as much each.
	assert.InDelta(t, 1+steps*1e-4, mean(widened(p)), 1e-3)
	assert.InDelta(t, 1+steps*1e-4, mean(widened(ph)), 3.5e-4)
	assert.Equal(t, 1.0, mean(widened(stuck)))
}

// stepping returns what a step rounds to at random on an implementation: one
// stretch from an index on for each part of n.
func stepping(t *testing.T, impl int, s Stepper, index uint64, n int, parts ...int) ([]BF16, []F16) {
	s.impl = uint8(impl)
	d := newMixedData(n, true)
	from := 0
	for _, to := range append(parts, n) {
		s := s
		s.plan.index = index + uint64(from)
		require.NoError(t, s.StepBF16(d.pb[from:to], d.gb[from:to], d.mb[from:to]))
		require.NoError(t, s.StepF16(d.ph[from:to], d.gh[from:to], d.mh[from:to]))
		from = to
	}
	return d.pb, d.ph
}

// TestStochasticSplits: steps round the float32 step by the documented bits, however
// a tensor is split, also where the upper half of the index changes.
func TestStochasticSplits(t *testing.T) {
	const n = 1500
	s := stochasticStepper(7).At(5)
	eachImplementation(t, func(t *testing.T, impl int) {
		s := s
		s.impl = uint8(impl)
		for _, index := range []uint64{0, 3, 1<<32 - 700, 1<<40 - 512, 5<<33 + 17, 1<<63 - n} {
			d := newMixedData(n, true)
			p, ph := widened(d.pb), widened(d.ph)
			require.NoError(t, s.StepF32(p, widened(d.gb), widened(d.mb)))
			require.NoError(t, s.StepF32(ph, widened(d.gh), widened(d.mh)))
			for i := range p {
				r := randomBits(7, 5, index+uint64(i))
				d.pb[i], d.ph[i] = stochasticBF16(p[i], r), stochasticF16(ph[i], r)
			}
			for _, parts := range [][]int{{}, {3, 700}, {699, 700, 701}, {512, 1024}} {
				b, h := stepping(t, impl, s, index, n, parts...)
				require.Equal(t, d.pb, b, "from %#x in parts %v", index, parts)
				require.Equal(t, d.ph, h, "from %#x in parts %v", index, parts)
			}
		}
	})
	whole, _ := stepping(t, genericIndex(), s, 0, n)
	for name, other := range map[string]Stepper{"step": s.At(6), "seed": stochasticStepper(8).At(5)} {
		b, _ := stepping(t, genericIndex(), other, 0, n)
		assert.NotEqual(t, whole, b, name)
	}
	assert.Equal(t, uint64(12), s.From(12).plan.index)
}

// TestStochasticFused compares steps that round at random in one pass with tiles, of
// the same implementation and of generic, over bits that are hard on them, and over
// chunks.
func TestStochasticFused(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	configs := valueConfigs()
	eachImplementation(t, func(t *testing.T, impl int) {
		im := &implementations[impl]
		if im.name == "generic" {
			return // rounds at random in tiles
		}
		check := func(sch storage, cfg Config, index uint64, n int, msg string) {
			cfg.Rounding, cfg.Seed, cfg.Implementation = StochasticRounding, 5, im.name
			s := stepper(cfg).At(9)
			s.plan.index = index
			in := newFusedSlices(r, sch, n)
			got, tiled, want := in.clone(), in.clone(), in.clone()
			k := im.fused.kernel(sch, &s.plan)
			require.NotNil(t, k)
			runFused(&s, im, sch, k, got.args(n), 1)
			stepTiles(&s, im, sch, tiled.args(n), 1)
			stepTiles(&s, &implementations[genericIndex()], sch, want.args(n), 1)
			require.NoError(t, sameFused(sch.atRandom(), n, &in, &want, &tiled), "%s: tiles", msg)
			require.NoError(t, sameFused(sch.atRandom(), n, &in, &want, &got), msg)
		}
		for name, sch := range map[string]storage{"BF16": storeBF16, "F16": storeF16} {
			for _, rule := range []Rule{Paper, Cautious} {
				for about, cfg := range configs {
					cfg.Rule = rule
					msg := fmt.Sprintf("%s %v, %s", name, rule, about)
					check(sch, cfg, 0, 3*tile+7, msg)
					check(sch, cfg, 1<<33-101, 101, msg+", at the last of a key")
				}
				cfg := decaying()
				cfg.Rule = rule
				check(sch, cfg, 3, 2*chunk+fusedUnit+5, name+" in chunks")
			}
		}
	})
}

func TestStochasticDoesNotAllocate(t *testing.T) {
	if prove.Sanitized {
		prove.Skip(t, "the race detector's instrumentation allocates")
	}
	s, d := stochasticStepper(1).At(1), newMixedData(600, false)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		if s.StepBF16(d.pb, d.gb, d.mb) != nil || s.StepF16(d.ph, d.gh, d.mh) != nil {
			t.Fatal()
		}
	}))
}

// BenchmarkRounding steps 16-bit formats by both roundings.
func BenchmarkRounding(b *testing.B) {
	for _, n := range []int{1 << 10, 16 << 20} {
		p, g, m := make([]uint16, n), make([]uint16, n), make([]uint16, n)
		for i, r := 0, (prove.NewRand(1)); i < n; i++ {
			x := r.Next() // of ordinary size in either format
			p[i], g[i], m[i] = uint16(0x3e80|x&0x807f), uint16(0x3e80|x>>16&0x807f), uint16(0x3e80|x>>32&0x807f)
		}
		for _, rounding := range []Rounding{NearestRounding, StochasticRounding} {
			for impl := range implementations {
				if implementations[impl].missing != "" {
					continue
				}
				cfg := DefaultConfig()
				cfg.Rounding, cfg.Implementation = rounding, implementations[impl].name
				s := stepper(cfg).At(1)
				bf := func(s []uint16) []BF16 { return unsafe.Slice((*BF16)(&s[0]), n) }
				half := func(s []uint16) []F16 { return unsafe.Slice((*F16)(&s[0]), n) }
				for name, step := range map[string]func() error{
					"bf16": func() error { return s.StepBF16(bf(p), bf(g), bf(m)) },
					"f16":  func() error { return s.StepF16(half(p), half(g), half(m)) },
				} {
					b.Run(fmt.Sprintf("fmt=%s/rounding=%v/n=%d/impl=%s", name, rounding, n, cfg.Implementation), func(b *testing.B) {
						b.SetBytes(int64(10 * n))
						for i := 0; i < b.N; i++ {
							if err := step(); err != nil {
								b.Fatal(err)
							}
						}
						b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/elem")
					})
				}
			}
		}
	}
}

// BenchmarkRounders rounds and joins tiles in the innermost cache.
func BenchmarkRounders(b *testing.B) {
	const n = tile
	w, p, c := make([]float32, n), make([]uint16, n), make([]uint16, n)
	for i, r := 0, (prove.NewRand(1)); i < n; i++ {
		w[i] = float32(int32(r.Next())) / (1 << 31)
	}
	for impl := range implementations {
		if implementations[impl].missing != "" {
			continue
		}
		convert := &implementations[impl].convert
		for name, run := range map[string]func(){
			"fmt=bf16/rounding=nearest":    func() { convert.narrowBF16(mem.Data(p), mem.Data(w), n) },
			"fmt=f16/rounding=nearest":     func() { convert.narrowF16(mem.Data(p), mem.Data(w), n) },
			"fmt=bf16/rounding=stochastic": func() { convert.stochasticBF16(mem.Data(p), mem.Data(w), n, draws{1, 2}) },
			"fmt=f16/rounding=stochastic":  func() { convert.stochasticF16(mem.Data(p), mem.Data(w), n, draws{1, 2}) },
			"fmt=kahan/split":              func() { convert.splitKahan(mem.Data(p), mem.Data(c), mem.Data(w), n) },
			"fmt=kahan/join":               func() { convert.joinKahan(mem.Data(w), mem.Data(p), mem.Data(c), n) },
		} {
			b.Run(fmt.Sprintf("%s/n=%d/impl=%s", name, n, implementations[impl].name), func(b *testing.B) {
				for i := 0; i < b.N; i++ {
					run()
				}
				b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/n, "ns/elem")
			})
		}
	}
}
