package lion

import (
	"fmt"
	"math"
	"unsafe"
)

// Rounding says how StepBF16 and StepF16 round the new weights. Momentum, shadows
// and everything else is rounded to nearest.
type Rounding uint8

const (
	// NearestRounding: to nearest, ties to even.
	NearestRounding Rounding = iota

	// StochasticRounding: up or down at random, so that the mean is the exact
	// value: to 16 bits of what is rounded away. The random bits are a function
	// of Config.Seed, the step that Stepper.At names and the element's index,
	// which Stepper.From can shift; so the result doesn't depend on the path, on
	// the length or on how a tensor is split, and a run can be repeated. NaN and
	// infinities stay what they are.
	StochasticRounding

	numRoundings
)

var roundingNames = [numRoundings]string{"nearest", "stochastic"}

// String returns nearest or stochastic.
func (r Rounding) String() string { return name(roundingNames[:], int(r), "Rounding") }

var errNoStep = fmt.Errorf("%w: StochasticRounding needs Stepper.At(t) with t ≥ 1 for each step", ErrConfig)

// From returns s for slices that begin at element index of their tensor: where a
// tensor is split over calls, StochasticRounding draws by it what one call would
// have drawn. Other steps ignore it.
func (s Stepper) From(index int) Stepper {
	s.plan.index = uint64(index)
	return s
}

// narrowStochastic stores n float32 as kind k from element i on, rounded at
// random.
func (s *Stepper) narrowStochastic(k kind, to, from unsafe.Pointer, i, n int) {
	to = unsafe.Add(to, i*k.size())
	key := mix64(mix64(s.plan.seed+golden) ^ s.plan.step)
	first := s.plan.index + uint64(i)
	ws := unsafe.Slice((*float32)(from), n)
	if k == kindBF16 {
		ps := unsafe.Slice((*BF16)(to), n)
		for j, w := range ws {
			ps[j] = stochasticBF16(w, draw(key, first+uint64(j)))
		}
		return
	}
	ps := unsafe.Slice((*F16)(to), n)
	for j, w := range ws {
		ps[j] = stochasticF16(w, draw(key, first+uint64(j)))
	}
}

// golden is 2⁶⁴ over the golden ratio, which keeps seed 0 from being special.
const golden = 0x9e3779b97f4a7c15

// mix64 is a bijection that spreads each bit over all (the finaliser of
// splitmix64).
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// draw returns 16 random bits for an element.
func draw(key, index uint64) uint32 {
	return uint32(mix64(key+golden*index) >> 48)
}

// stochasticBF16 rounds w up where its lower 16 bits plus r carry.
func stochasticBF16(w float32, r uint32) BF16 {
	b := math.Float32bits(w)
	if b&0x7f800000 == 0x7f800000 { // infinite or NaN
		return ToBF16(w)
	}
	return BF16((b + r) >> 16)
}

// stochasticF16 rounds |w|, in units of the last place that an F16 of its size
// has, down after r/2¹⁶ is added. float64 holds that sum exactly, or else
// loses less of it than would matter to the integer part.
func stochasticF16(w float32, r uint32) F16 {
	if w-w != 0 {
		return ToF16(w)
	}
	_, exp := math.Frexp(float64(w))
	unit := math.Ldexp(1, max(exp-11, -24))
	x := math.Floor(math.Abs(float64(w))/unit + float64(r)/65536)
	return ToF16(float32(math.Copysign(x*unit, float64(w))))
}
