// Package stats computes the statistics of a gradient: the sum of squares, whose order of
// summation is fixed, the largest magnitude, and how many elements are not finite. What
// it gives, and in which order it adds, the documentation of lion.GradStats tells.
package stats

import "unsafe"

// A Summary is what lion.Stats is.
type Summary struct {
	SumSquares float64
	MaxAbs     float64
	NaNs, Infs int
}

// Block is how many elements a leaf of the tree of sums is over.
const Block = 4096

// A Part holds the statistics of elements that follow each other in a tensor. The zero
// Part is the empty one at 0.
type Part struct {
	stats    Summary // but for the sum
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

// At returns the empty Part at an element.
func At(first int) Part { return Part{first: first} }

// First is p's first element, and End the one that follows p's last.
func (p *Part) First() int { return p.first }
func (p *Part) End() int   { return p.first + p.n }

// Len is how many elements p is about.
func (p *Part) Len() int { return p.n }

// Whole returns the statistics of a tensor, the n elements at grad.
func Whole(im *Implementation, e Element, grad unsafe.Pointer, n int) Summary {
	if n <= Block { // a tree of one leaf, which needs no memory for others
		var b block
		sum := im.sum(&b, e, grad, n)
		return Summary{SumSquares: sum, MaxAbs: b.maxAbs, NaNs: b.nans, Infs: b.infs}
	}
	var p Part
	p.Add(im, e, grad, n)
	return p.Summary()
}

// Add adds the n elements at grad, which follow those of p: p ends at a multiple of Block.
func (p *Part) Add(im *Implementation, e Element, grad unsafe.Pointer, n int) {
	for i := 0; i < n; i += Block {
		k := min(n-i, Block)
		var b block
		sum := im.sum(&b, e, unsafe.Add(grad, i*sizes[e]), k)
		p.count(b.maxAbs, b.nans, b.infs)
		p.push(node{sum: sum}, p.End()/Block)
		p.n += k
	}
}

func (p *Part) count(maxAbs float64, nans, infs int) {
	p.stats.MaxAbs = max(p.stats.MaxAbs, maxAbs)
	p.stats.NaNs += nans
	p.stats.Infs += infs
}

// Join adds next, which begins where p ends, and at a multiple of Block if it is not
// empty.
func (p *Part) Join(next *Part) {
	p.count(next.stats.MaxAbs, next.stats.NaNs, next.stats.Infs)
	at := next.first / Block
	for _, x := range next.nodes[:next.used] {
		p.push(x, at)
		at += 1 << x.level
	}
	p.n += next.n
}

// push adds the subtree x, whose first block is at, and joins siblings.
func (p *Part) push(x node, at int) {
	for p.used > 0 && p.nodes[p.used-1].level == x.level && at>>x.level&1 == 1 {
		p.used--
		x.sum = p.nodes[p.used].sum + x.sum
		at -= 1 << x.level
		x.level++
	}
	p.nodes[p.used] = x
	p.used++
}

// Summary returns the statistics: the subtrees at the end of p, which have no siblings
// yet, are added from the right.
func (p *Part) Summary() Summary {
	s := p.stats
	for i := p.used - 1; i >= 0; i-- {
		s.SumSquares = p.nodes[i].sum + s.SumSquares
	}
	return s
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
