package half

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
