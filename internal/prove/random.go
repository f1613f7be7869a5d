package prove

import "math/bits"

// Rand is SplitMix64 (Steele, Lea and Flood, 2014).
type Rand struct{ state uint64 }

// NewRand returns a Rand that begins with seed.
func NewRand(seed uint64) *Rand { return &Rand{seed} }

// Next returns 64 random bits.
func (r *Rand) Next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Below returns a number in [0, n).
func (r *Rand) Below(n int) int {
	hi, _ := bits.Mul64(r.Next(), uint64(n))
	return int(hi)
}
