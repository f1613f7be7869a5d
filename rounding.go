package lion

import (
	"math"
	"unsafe"
)

// Rounding says how StepBF16 and StepF16 round the new weights. Momentum, shadows
// and everything else is rounded to nearest.
type Rounding uint8

const (
	// NearestRounding: to nearest, ties to even.
	NearestRounding Rounding = iota

	// StochasticRounding: to one of the two neighbours at random, the one further
	// from zero with a probability that is the fraction of the way to it, so that the
	// mean is the exact value. What an F16 or BF16 holds exactly stays, zeros with
	// their signs and infinities too; NaN is the canonical one. Between the
	// largest number and the power of two above it, the outer neighbour is
	// infinity: a weight of 65520 becomes infinite, as F16, half of the time, and one
	// from 65536 on always.
	//
	// The random bits r, 16 of them, are a function of Config.Seed, the step t that
	// Stepper.At names and the element's index i in its slice, to which
	// Stepper.From adds; so the result doesn't depend on the path, on the length or on
	// how a tensor is split, and a run can be repeated. With seed, t and i as 64 bits,
	// x as 32 bits, and sums and products modulo 2⁶⁴ or 2³²:
	//
	//	mix(z):  z = (z ^ z>>30) · 0xbf58476d1ce4e5b9
	//	         z = (z ^ z>>27) · 0x94d049bb133111eb
	//	         z ^ z>>31
	//
	//	k = mix(mix(mix(seed + 0x9e3779b97f4a7c15) ^ t) ^ i>>32)
	//	x = k mod 2³² + (i mod 2³²)·0x9e3779b9
	//	x = (x ^ x>>17 ^ k>>32) · 0xed5ad4bb
	//	x = (x ^ x>>11) · 0xac4c1b51
	//	x = (x ^ x>>15) · 0x31848bab
	//	r = x >> 16
	//
	// A weight w goes outwards where the part of |w| that the 16 bits can't hold,
	// counted in 2¹⁶ths of the way to the outer neighbour, is at least 2¹⁶ − r; else
	// inwards. As bits, a BF16 is that of w plus r, shifted right by 16. An F16
	// from 2⁻¹⁴ on has 13 bits more in a float32, so that the upper 13 bits of r
	// decide; below, where F16 counts in units of 2⁻²⁴, the fraction is cut off
	// after its 16th bit: ⌊|w|·2⁴⁰⌋ plus r, shifted right by 16, is the number of units.
	StochasticRounding

	numRoundings
)

var roundingNames = [numRoundings]string{"nearest", "stochastic"}

// String returns the rounding's name as ParseRounding takes it.
func (r Rounding) String() string { return name(roundingNames[:], int(r), "Rounding") }

// ParseRounding returns the rounding of that name: nearest or stochastic. The error
// wraps ErrConfig.
func ParseRounding(s string) (Rounding, error) {
	i, err := parse(roundingNames[:], s, "Rounding")
	return Rounding(i), err
}

// From returns s for slices that begin at element index of their tensor, ≥ 0: where
// a tensor is split over calls, StochasticRounding draws by it what one call would
// have drawn. Steps that round at random return ErrConfig if it is negative; others
// ignore it.
//
// Two tensors stepped with the same Config.Seed, step and index draw the same random
// bits, element by element. Give each tensor a seed of its own, or a range of
// indices, as if they lay one behind the other.
func (s Stepper) From(index int) Stepper {
	s.plan.index = uint64(index)
	return s
}

// The hash that StochasticRounding documents is one of a counter, in 32 bits since
// vectors multiply those; the multipliers but the first are those of Wellons'
// triple32, found by search. Each line can be undone, so that 2³² indices, from a
// multiple of 2³² on, draw each r 65,536 times.
const (
	// golden is 2⁶⁴ over the golden ratio, which keeps seed 0 from being special;
	// golden32 is 2³² over it, which spreads the counter.
	golden   = 0x9e3779b97f4a7c15
	golden32 = 0x9e3779b9

	drawMul1 = 0xed5ad4bb
	drawMul2 = 0xac4c1b51
	drawMul3 = 0x31848bab
)

// mix64 is a bijection that spreads each bit over all (the finaliser of
// splitmix64).
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// draws stand at an element: counter is the first x of the hash, key the upper half
// of k. They serve elements up to the next multiple of 2³².
type draws struct{ counter, key uint32 }

func drawsOf(seed, step, index uint64) draws {
	k := mix64(mix64(mix64(seed+golden)^step) ^ index>>32)
	return draws{uint32(k), uint32(k >> 32)}.after(uint32(index))
}

// after are the draws from n elements further on.
func (d draws) after(n uint32) draws { return draws{d.counter + golden32*n, d.key} }

// x is the last x of the element, whose upper half is r.
func (d draws) x() uint32 {
	x := d.counter
	x = (x ^ x>>17 ^ d.key) * drawMul1
	x = (x ^ x>>11) * drawMul2
	return (x ^ x>>15) * drawMul3
}

// stochasticBF16 rounds w by 16 random bits: up where its lower half and r carry.
func stochasticBF16(w float32, r uint32) BF16 {
	if w != w {
		return 0x7fc0
	}
	return BF16((math.Float32bits(w) + r) >> 16)
}

// stochasticF16 rounds w by 16 random bits: q is the bits of |w| as an F16 with
// 16 more bits of fraction, to which r is added. Of what is below 2⁻¹⁴, where an
// F16 counts units of 2⁻²⁴, q is the number of 2⁻⁴⁰ without its fraction; else
// only 13 of the 16 bits are used, and from 65536 on q is infinity.
func stochasticF16(w float32, r uint32) F16 {
	b := math.Float32bits(w)
	sign, b := F16(b>>16&0x8000), b&^(1<<31)
	if b > 0x7f800000 {
		return 0x7e00
	}
	var q uint32
	if b < 0x38800000 { // 2⁻¹⁴
		q = uint32(math.Float32frombits(b) * 0x1p40)
	} else {
		q = (min(b, 0x47800000) - 0x38000000) << 3 // the difference of the exponents' biases
	}
	return sign | F16((q+r)>>16)
}

// narrowStochastic stores n float32, n > 0, as kind k from element i on, rounded at
// random.
func (s *Stepper) narrowStochastic(im *implementation, k kind, to, from unsafe.Pointer, i, n int) {
	round := im.convert.stochasticBF16
	if k == kindF16 {
		round = im.convert.stochasticF16
	}
	to = unsafe.Add(to, i*2)
	for index := s.plan.index + uint64(i); ; {
		m := int(min(uint64(n), 1<<32-index&(1<<32-1)))
		round(to, from, m, drawsOf(s.plan.seed, s.plan.step, index))
		if n -= m; n == 0 { // or else to and from would point behind the slices
			return
		}
		to, from = unsafe.Add(to, 2*m), unsafe.Add(from, 4*m)
		index += uint64(m)
	}
}

// drawn says whether the weights are rounded at random.
func (sch storage) drawn(p *plan) bool { return p.rounding == StochasticRounding && sch.rounds() }

// placed says whether At and From were given what random bits can be drawn for; a
// negative index has the highest bit.
func (p *plan) placed() bool { return p.step >= 1 && p.index>>63 == 0 }

// oneKey says whether the draws of n elements, one or more, have the same key.
func (p *plan) oneKey(n int) bool { return p.index>>32 == (p.index+uint64(n-1))>>32 }

// atRandom is a storage whose weights are.
func (sch storage) atRandom() storage {
	sch.random = true
	return sch
}

// A rounder converts n float32 to 16 bits at random; d are the draws of the first.
type rounder func(dst, src unsafe.Pointer, n int, d draws)

func stochasticBF16Generic(dst, src unsafe.Pointer, n int, d draws) {
	ps := unsafe.Slice((*BF16)(dst), n)
	for i, w := range unsafe.Slice((*float32)(src), n) {
		ps[i] = stochasticBF16(w, d.x()>>16)
		d = d.after(1)
	}
}

func stochasticF16Generic(dst, src unsafe.Pointer, n int, d draws) {
	ps := unsafe.Slice((*F16)(dst), n)
	for i, w := range unsafe.Slice((*float32)(src), n) {
		ps[i] = stochasticF16(w, d.x()>>16)
		d = d.after(1)
	}
}
