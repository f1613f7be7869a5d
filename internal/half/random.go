package half

import (
	"math"
	"unsafe"
)

// The hash is one of a counter, in 32 bits since vectors multiply those; the
// multipliers but the first are those of Wellons' triple32, found by search. Each line
// can be undone, so that 2³² indices, from a multiple of 2³² on, draw each r 65,536
// times.
const (
	// golden is 2⁶⁴ over the golden ratio, which keeps seed 0 from being special;
	// golden32 is 2³² over it, which spreads the counter.
	golden   = 0x9e3779b97f4a7c15
	golden32 = 0x9e3779b9

	drawMul1 = 0xed5ad4bb
	drawMul2 = 0xac4c1b51
	drawMul3 = 0x31848bab
)

// Mix64 is a bijection that spreads each bit over all (the finaliser of
// splitmix64).
func Mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Draws stand at an element: Counter is the first x of the hash, Key the upper half
// of k. They serve elements up to the next multiple of 2³².
type Draws struct{ Counter, Key uint32 }

// DrawsOf are the draws of the element at index.
func DrawsOf(seed, step, index uint64) Draws {
	k := Mix64(Mix64(Mix64(seed+golden)^step) ^ index>>32)
	return Draws{uint32(k), uint32(k >> 32)}.After(uint32(index))
}

// OneKey says whether the draws of n elements from index on, one or more, have the
// same key.
func OneKey(index uint64, n int) bool { return index>>32 == (index+uint64(n-1))>>32 }

// After are the draws from n elements further on.
func (d Draws) After(n uint32) Draws { return Draws{d.Counter + golden32*n, d.Key} }

// x is the last x of the element, whose upper half is r.
func (d Draws) x() uint32 {
	x := d.Counter
	x = (x ^ x>>17 ^ d.Key) * drawMul1
	x = (x ^ x>>11) * drawMul2
	return (x ^ x>>15) * drawMul3
}

// stochasticBF16 rounds w by 16 random bits: up where its lower half and r carry.
func stochasticBF16(w float32, r uint32) uint16 {
	if w != w {
		return nanBF16
	}
	return uint16((math.Float32bits(w) + r) >> 16)
}

// stochasticF16 rounds w by 16 random bits: q is the bits of |w| as a half with
// 16 more bits of fraction, to which r is added. Of what is below 2⁻¹⁴, where a
// half counts units of 2⁻²⁴, q is the number of 2⁻⁴⁰ without its fraction; else
// only 13 of the 16 bits are used, and from 65536 on q is infinity.
func stochasticF16(w float32, r uint32) uint16 {
	b := math.Float32bits(w)
	sign, b := uint16(b>>16&0x8000), b&^(1<<31)
	if b > 0x7f800000 {
		return nanF16
	}
	var q uint32
	if b < 0x38800000 { // 2⁻¹⁴
		q = uint32(math.Float32frombits(b) * 0x1p40)
	} else {
		q = (min(b, 0x47800000) - 0x38000000) << 3 // the difference of the exponents' biases
	}
	return sign | uint16((q+r)>>16)
}

// A Rounder converts n float32 to 16 bits at random; d are the draws of the first,
// which serve all.
type Rounder func(dst, src unsafe.Pointer, n int, d Draws)

func stochasticBF16Generic(dst, src unsafe.Pointer, n int, d Draws) {
	ps := unsafe.Slice((*uint16)(dst), n)
	for i, w := range unsafe.Slice((*float32)(src), n) {
		ps[i] = stochasticBF16(w, d.x()>>16)
		d = d.After(1)
	}
}

func stochasticF16Generic(dst, src unsafe.Pointer, n int, d Draws) {
	ps := unsafe.Slice((*uint16)(dst), n)
	for i, w := range unsafe.Slice((*float32)(src), n) {
		ps[i] = stochasticF16(w, d.x()>>16)
		d = d.After(1)
	}
}

// NarrowAtRandom stores n float32, n > 0, as BF16 or F16, rounded at random; the first
// stands at index.
func (c *Converters) NarrowAtRandom(e Element, to, from unsafe.Pointer, n int, seed, step, index uint64) {
	round := c.StochasticBF16
	if e == F16 {
		round = c.StochasticF16
	}
	for {
		m := int(min(uint64(n), 1<<32-index&(1<<32-1)))
		round(to, from, m, DrawsOf(seed, step, index))
		if n -= m; n == 0 { // or else to and from would point behind the slices
			return
		}
		to, from = unsafe.Add(to, 2*m), unsafe.Add(from, 4*m)
		index += uint64(m)
	}
}
