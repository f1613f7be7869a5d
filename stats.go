package lion

import (
	"fmt"
	"math"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/stats"
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

// Add returns the statistics of two gradients together: the sums of squares and the counts
// are added, and of MaxAbs it is the larger. So the norm of a model is one of its tensors'
// statistics added up, from the first on; the sums of squares, rounded at each addition,
// depend on that order.
func (s Stats) Add(next Stats) Stats {
	return Stats{s.SumSquares + next.SumSquares, max(s.MaxAbs, next.MaxAbs), s.NaNs + next.NaNs, s.Infs + next.Infs}
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
	mem.Reads(grad)
	return Stats(stats.Whole(implementations[preferred].stats, gradientElement[T](), mem.Data(grad), len(grad)))
}

// StatsBlock is what the index of a part must be a multiple of.
const StatsBlock = stats.Block

// StatsPart holds the statistics of a part of a gradient, from which Join makes
// those of the whole, whatever the parts and whoever computed them.
type StatsPart struct {
	part stats.Part
}

// GradStatsPart is GradStats for the part of a tensor that begins at element
// index, a multiple of StatsBlock; else the error wraps ErrPart. A part that others
// follow must end at a multiple of it too. An empty part may stand anywhere, as
// where there are more workers than blocks.
func GradStatsPart[T Gradient](index int, grad []T) (StatsPart, error) {
	if err := checkPart(index, len(grad)); err != nil {
		return StatsPart{}, err
	}
	p := StatsPart{stats.At(index)}
	mem.Reads(grad)
	p.part.Add(implementations[preferred].stats, gradientElement[T](), mem.Data(grad), len(grad))
	return p, nil
}

// checkPart refuses a part of n elements that can't begin at index.
func checkPart(index, n int) error {
	if index < 0 {
		return fmt.Errorf("%w: index = %d is negative", ErrPart, index)
	}
	if index > math.MaxInt-n {
		return fmt.Errorf("%w: %d elements from index = %d end beyond the largest int, %d", ErrPart, n, index, math.MaxInt)
	}
	if n > 0 && index%StatsBlock != 0 {
		return fmt.Errorf("%w: index = %d is no multiple of StatsBlock = %d", ErrPart, index, StatsBlock)
	}
	return nil
}

// gradientElement says how a T is stored.
func gradientElement[T Gradient]() stats.Element {
	switch any(T(0)).(type) {
	case float32:
		return stats.F32
	case float64:
		return stats.F64
	case F16:
		return stats.F16
	}
	return stats.BF16
}

// Join returns the statistics of p followed by next, which must begin where p
// ends, at a multiple of StatsBlock unless one of them is empty; else the error
// wraps ErrPart. The zero StatsPart is the empty one at 0.
func (p StatsPart) Join(next StatsPart) (StatsPart, error) {
	// Where they meet is a multiple of StatsBlock, or next, which begins there, is empty.
	if next.part.First() != p.part.End() {
		return p, fmt.Errorf("%w: a part that ends at element %d and one that begins at %d", ErrPart, p.part.End(), next.part.First())
	}
	p.part.Join(&next.part)
	return p, nil
}

// Stats returns the statistics of the part.
func (p StatsPart) Stats() Stats { return Stats(p.part.Summary()) }
