package main

import "math/bits"

// rng is SplitMix64. The command has its own generator because its sequences
// are part of published digests: they must never change with a Go release.
type rng uint64

func (r *rng) uint64() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// intn returns a number from 0 to n−1. The bias, n/2⁶⁴, doesn't matter here.
func (r *rng) intn(n int) int {
	hi, _ := bits.Mul64(r.uint64(), uint64(n))
	return int(hi)
}

// float64 returns a number in [0, 1), a multiple of 2⁻⁵³.
func (r *rng) float64() float64 {
	return float64(r.uint64()>>11) / (1 << 53)
}

// shuffle permutes x.
func (r *rng) shuffle(x []int) {
	for i := len(x) - 1; i > 0; i-- {
		j := r.intn(i + 1)
		x[i], x[j] = x[j], x[i]
	}
}
