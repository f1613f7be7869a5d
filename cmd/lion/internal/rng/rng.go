// Package rng is lion's own generator of random numbers: its sequences are part
// of published digests, and must never change with a Go release.
package rng

import "math/bits"

// A Source is SplitMix64. Its value is the state, and so the seed.
type Source uint64

// Uint64 returns 64 random bits.
func (r *Source) Uint64() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Intn returns a number from 0 to n−1. The bias, n/2⁶⁴, doesn't matter here.
func (r *Source) Intn(n int) int {
	hi, _ := bits.Mul64(r.Uint64(), uint64(n))
	return int(hi)
}

// Float64 returns a number in [0, 1), a multiple of 2⁻⁵³.
func (r *Source) Float64() float64 {
	return float64(r.Uint64()>>11) / (1 << 53)
}

// Shuffle permutes x.
func (r *Source) Shuffle(x []int) {
	for i := len(x) - 1; i > 0; i-- {
		j := r.Intn(i + 1)
		x[i], x[j] = x[j], x[i]
	}
}
