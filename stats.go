package lion

import (
	"fmt"
	"math"
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// Stats is what clipping and loss scaling want to know of a gradient. Feed what
// they make of it to Config.GradScale, which costs nothing. If NaNs or Infs isn't 0,
// leave the step out: one of them in a momentum stays there for good.
//
// SumSquares is +Inf where the sum of finite squares is beyond float64, as that of a
// float64 element beyond 1.34e154 is; Infs doesn't count such elements.
type Stats struct {
	SumSquares float64 // of the finite elements: the Euclidean norm, squared
	MaxAbs     float64 // the largest magnitude of the finite elements
	NaNs, Infs int     // how many elements are not finite
}

// Gradient is an element type of a gradient.
type Gradient interface {
	float32 | float64 | BF16 | F16
}

// GradStats returns the statistics of a gradient, from one pass over it alone.
//
// They are the same bits on every implementation, since the order of summation is
// fixed. All is float64 and rounded to nearest even; the square of an element is
// rounded before it is added, and elements that aren't finite are left out.
//
//   - The tensor is cut into blocks of StatsBlock elements, the last of which may
//     be shorter. A block has 16 partial sums, which begin with 0: the square of
//     element i is added to partial sum i mod 16, in increasing order of i.
//   - The partial sums x of a block are added in pairs that lie eight apart,
//     x[j] + x[j+8] for j < 8, then in pairs of those sums four apart, two and
//     one.
//   - The blocks' sums are the leaves of a binary tree. Two neighbours that are
//     sums over 2^k blocks each, of which the first begins at a multiple of
//     2^(k+1) blocks, are added to one over 2^(k+1), the left one first, as long
//     as there are such neighbours. What is left are full subtrees of 2^k blocks
//     for each bit of the number of blocks, the largest first. They are added from
//     the right: the last two, then the one before it to their sum, and so on.
//
// So 11 blocks give (((b0+b1)+(b2+b3))+((b4+b5)+(b6+b7))) + ((b8+b9) + b10).
// GradStatsPart gives the same for a tensor that is split.
//
// GradStats runs on the implementation chosen at start-up, the best here or that of
// LION_IMPL, as conversions do; Config.Implementation is for steps.
func GradStats[T Gradient](grad []T) Stats {
	var p StatsPart
	sumAll(&p, grad)
	return p.total()
}

// StatsBlock is what the index of a part must be a multiple of.
const StatsBlock = 4096

// StatsPart holds the statistics of a part of a gradient, from which Join makes
// those of the whole, whatever the parts and whoever computed them.
type StatsPart struct {
	stats    Stats
	first, n int
	nodes    [2 * maxLevel]node // sums over whole subtrees, from left to right
	used     int
}

// A tensor has fewer than 2^maxLevel blocks.
const maxLevel = 48

// A node is the sum over a subtree of 2^level blocks.
type node struct {
	sum   float64
	level uint8
}

// GradStatsPart is GradStats for the part of a tensor that begins at element
// index, a multiple of StatsBlock; else the error wraps ErrPart. A part that others
// follow must end at a multiple of it too. An empty part may stand anywhere, as
// where there are more workers than blocks.
func GradStatsPart[T Gradient](index int, grad []T) (StatsPart, error) {
	if index < 0 {
		return StatsPart{}, fmt.Errorf("%w: index = %d is negative", ErrPart, index)
	}
	if len(grad) > 0 && index%StatsBlock != 0 {
		return StatsPart{}, fmt.Errorf("%w: index = %d is no multiple of StatsBlock = %d", ErrPart, index, StatsBlock)
	}
	p := StatsPart{first: index}
	sumAll(&p, grad)
	return p, nil
}

// sumAll adds the elements that follow p.
func sumAll[T Gradient](p *StatsPart, grad []T) {
	mem.Reads(grad)
	for len(grad) > 0 {
		block := grad[:min(len(grad), StatsBlock)]
		var b blockStats
		sumBlock(&b, mem.Data(block), len(block), kindOf[T]())
		p.add(&b, len(block))
		grad = grad[len(block):]
	}
}

// Join returns the statistics of p followed by next, which must begin where p
// ends, at a multiple of StatsBlock unless one of them is empty; else the error
// wraps ErrPart. The zero StatsPart is the empty one at 0.
func (p StatsPart) Join(next StatsPart) (StatsPart, error) {
	end := p.first + p.n
	if next.first != end {
		return p, fmt.Errorf("%w: a part that ends at element %d and one that begins at %d", ErrPart, end, next.first)
	}
	if next.n == 0 {
		return p, nil
	}
	if end%StatsBlock != 0 {
		return p, fmt.Errorf("%w: a part that others follow ends at element %d, no multiple of StatsBlock = %d", ErrPart, end, StatsBlock)
	}
	p.stats.MaxAbs = max(p.stats.MaxAbs, next.stats.MaxAbs)
	p.stats.NaNs += next.stats.NaNs
	p.stats.Infs += next.stats.Infs
	at := next.first / StatsBlock
	for _, x := range next.nodes[:next.used] {
		p.push(x, at)
		at += 1 << x.level
	}
	p.n += next.n
	return p, nil
}

// push adds the subtree x, whose first block is at, and joins siblings.
func (p *StatsPart) push(x node, at int) {
	for p.used > 0 && p.nodes[p.used-1].level == x.level && at>>x.level&1 == 1 {
		p.used--
		x.sum = p.nodes[p.used].sum + x.sum
		at -= 1 << x.level
		x.level++
	}
	p.nodes[p.used] = x
	p.used++
}

// Stats returns the statistics of the part: the subtrees at its end, which have
// no siblings yet, are added from the right.
func (p StatsPart) Stats() Stats { return p.total() }

// total is Stats without a copy of p.
func (p *StatsPart) total() Stats {
	s := p.stats
	for i := p.used - 1; i >= 0; i-- {
		s.SumSquares = p.nodes[i].sum + s.SumSquares
	}
	return s
}

// blockStats are the running values of one block; assembly finds them by
// go_asm.h.
type blockStats struct {
	sums       [16]float64
	maxAbs     float64
	nans, infs int
}

// add adds the next block, of n elements.
func (p *StatsPart) add(b *blockStats, n int) {
	p.stats.MaxAbs = max(p.stats.MaxAbs, b.maxAbs)
	p.stats.NaNs += b.nans
	p.stats.Infs += b.infs
	p.push(node{sum: treeOf16(&b.sums)}, (p.first+p.n)/StatsBlock)
	p.n += n
}

// treeOf16 adds x in pairs that lie 8 apart, then 4, 2 and 1. It is written out since
// it is done for each block.
func treeOf16(x *[16]float64) float64 {
	a := (x[0] + x[8]) + (x[4] + x[12])
	b := (x[1] + x[9]) + (x[5] + x[13])
	c := (x[2] + x[10]) + (x[6] + x[14])
	d := (x[3] + x[11]) + (x[7] + x[15])
	return (a + c) + (b + d)
}

// kindOf is the kind that stores T.
func kindOf[T Gradient]() kind {
	switch any(T(0)).(type) {
	case float32:
		return kindF32
	case float64:
		return kindF64
	case F16:
		return kindF16
	}
	return kindBF16
}

// sumBlock adds n elements of a block to sums. It is not inlined so that each block
// passes a stack check.
//
//go:noinline
func sumBlock(sums *blockStats, grad unsafe.Pointer, n int, k kind) {
	f := &implementations[preferred].stats
	b := (*blockStats)(mem.Noescape(unsafe.Pointer(sums))) // the caller's, alive after this
	switch k {
	case kindF64:
		f.f64(b, grad, n)
	case kindF32:
		f.f32(b, grad, n)
	case kindBF16:
		f.bf16(b, grad, n)
	case kindF16:
		f.f16(b, grad, n)
	}
}

// A summer adds n elements to a block's running values; what was added before was a
// multiple of 16.
type summer func(b *blockStats, grad unsafe.Pointer, n int)

// summers are an implementation's summers of all kinds.
type summers struct{ f32, f64, bf16, f16 summer }

var genericSummers = summers{
	f32: sumGeneric[float32], f64: sumGeneric[float64],
	bf16: widenedSummer(widenBF16Generic, sumGeneric[float32]), f16: widenedSummer(widenF16Generic, sumGeneric[float32]),
}

// widenedSummer makes a summer of 16-bit elements, which are widened tile by tile.
func widenedSummer(widen converter, sum summer) summer {
	return func(b *blockStats, grad unsafe.Pointer, n int) {
		var buf [tile]float32
		to := mem.Noescape(unsafe.Pointer(&buf))
		for i := 0; i < n; i += tile {
			t := min(n-i, tile)
			widen(to, unsafe.Add(grad, 2*i), t)
			sum(b, to, t)
		}
		runtime.KeepAlive(&buf)
	}
}

func sumGeneric[T float](b *blockStats, grad unsafe.Pointer, n int) {
	statsGeneric(b, unsafe.Slice((*T)(grad), n))
}

// statsGeneric is the specification of a block's statistics: of n elements that
// begin at a multiple of 16 of the block.
func statsGeneric[T float](b *blockStats, grad []T) {
	for i, g := range grad {
		x := math.Abs(float64(g))
		switch {
		case x <= math.MaxFloat64:
			b.sums[i%16] += float64(x * x)
			b.maxAbs = max(b.maxAbs, x)
		case x != x:
			b.nans++
		default:
			b.infs++
		}
	}
}
