package stats

import (
	"math"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/tune"
)

// An Element is how one element of a gradient is stored.
type Element uint8

// The elements.
const (
	F32 Element = iota
	F64
	BF16
	F16
	numElements
)

// sizes are their bytes.
var sizes = [numElements]int{F32: 4, F64: 8, BF16: 2, F16: 2}

// block holds the running values of one block; assembly finds them by go_asm.h.
type block struct {
	sums       [16]float64
	maxAbs     float64
	nans, infs int
}

// A kernel adds the first elements of a block to b, which is zero; n is a positive
// multiple of 16. If an element is not finite, or a sum of squares isn't, it leaves a sum
// that isn't finite either, and the rest of b as it may be. It prefetches ahead bytes
// ahead of what it reads, unless that is 0, and keeps no pointer.
type kernel func(b *block, grad unsafe.Pointer, n, ahead int)

// An Implementation is one way to sum blocks. Plain Go does what has no kernel.
type Implementation struct {
	Name    string
	kernels [numElements]kernel
}

// Implementations are those of this build, generic last. Of the others this package
// doesn't know whether the machine can run them.
var Implementations = append(assembly(), &Implementation{Name: "generic"})

// Named returns an implementation, nil if this build has none of the name.
func Named(name string) *Implementation {
	for _, im := range Implementations {
		if im.Name == name {
			return im
		}
	}
	return nil
}

// sum adds n elements to b, which is zero, and returns the sum of its partial sums. It is
// not inlined so that each block passes a stack check, where the scheduler can take over.
//
//go:noinline
func (im *Implementation) sum(b *block, e Element, grad unsafe.Pointer, n int) float64 {
	done := 0
	if k := im.kernels[e]; k != nil && n >= 16 {
		done = n &^ 15
		k((*block)(mem.Noescape(unsafe.Pointer(b))), grad, done, tune.Ahead) // b is the caller's, alive after this
		if x := treeOf16(&b.sums); x-x != 0 {
			*b = block{}
			done = 0
		} else if done == n {
			return x
		}
	}
	b.sum(e, unsafe.Add(grad, done*sizes[e]), n-done)
	return treeOf16(&b.sums)
}

// sum is for n elements what add is for one; what was added before was a multiple of 16.
func (b *block) sum(e Element, grad unsafe.Pointer, n int) {
	switch e {
	case F32:
		sumF32(b, grad, n)
	case F64:
		sumF64(b, grad, n)
	case BF16:
		sumBF16(b, grad, n)
	case F16:
		sumF16(b, grad, n)
	}
}

// add is the specification of a block's statistics: it adds element i of it.
func (b *block) add(i int, g float64) {
	x := math.Abs(g)
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

func sumF32(b *block, grad unsafe.Pointer, n int) {
	for i, g := range unsafe.Slice((*float32)(grad), n) {
		b.add(i, float64(g))
	}
}

func sumF64(b *block, grad unsafe.Pointer, n int) {
	for i, g := range unsafe.Slice((*float64)(grad), n) {
		b.add(i, g)
	}
}

func sumBF16(b *block, grad unsafe.Pointer, n int) {
	for i, g := range unsafe.Slice((*uint16)(grad), n) {
		b.add(i, float64(half.FromBF16(g)))
	}
}

func sumF16(b *block, grad unsafe.Pointer, n int) {
	for i, g := range unsafe.Slice((*uint16)(grad), n) {
		b.add(i, float64(half.FromF16(g)))
	}
}
