// Package limit holds traffic limits: assembly loops that load and store what
// an optimizer step loads and stores, and do next to nothing besides. A step
// can't be faster than the loop with its byte pattern, so the ratio of the two
// times says how much of the machine the step uses. The loops are for
// benchmarks; no step runs through them. With them stands what it takes to
// compare two loops on a noisy machine.
//
// Every loop computes the same thing, on bytes, so that no value slows it down
// (no floating point, hence no subnormals) and nothing drifts however often it
// runs. Cut each array into blocks of 64 or 128 bytes, as many in every array.
// In each block, with g the gradient's bytes, G of them:
//
//	param[i], momentum[i], low[i]  ^=  g[i mod G]
//	shadow[i]                       =  g[i mod G]
//
// Two runs restore param, momentum and low. A pattern with a gradient alone is
// a bare read loop: it writes nothing.
package limit

import (
	"fmt"
	"unsafe"
)

// Pattern is the traffic of a step: bytes per element of each array, 0 for one
// that isn't there. Param, Momentum and Low are read and written, Grad is
// read, Shadow is written.
type Pattern struct {
	Param, Grad, Momentum int
	Low                   int // the low halves of split weights, or a compensation
	Shadow                int // a second, narrower copy of the new weights
}

// Bytes returns the bytes moved per element; an array that is read and written
// counts twice.
func (p Pattern) Bytes() int { return 2*(p.Param+p.Momentum+p.Low) + p.Grad + p.Shadow }

// Arrays are the memory that a loop runs over. Where the pattern has no such
// array, the slice is ignored.
type Arrays struct{ Param, Grad, Momentum, Low, Shadow []byte }

// streams is what the assembly is given; extra is low or shadow.
type streams struct{ param, grad, momentum, extra unsafe.Pointer }

// shape names a loop of the assembly: patterns that differ only in the width of
// their elements share one.
type shape int

const (
	shape111  shape = iota // param, grad, momentum of one width
	shape1111              // and low, of that width
	shape221               // momentum half as wide
	shape212s              // grad half as wide, and a shadow of its width
	shape211s              // grad and momentum half as wide, and a shadow
	shapeRead              // grad alone
	numShapes
)

// blocks gives the bytes per block of param, grad, momentum and extra.
var blocks = [numShapes][4]int{
	shape111:  {128, 128, 128, 0},
	shape1111: {64, 64, 64, 64},
	shape221:  {128, 128, 64, 0},
	shape212s: {128, 64, 128, 64},
	shape211s: {128, 64, 64, 64},
	shapeRead: {0, 128, 0, 0},
}

// widths gives each shape's pattern for its narrowest element width, 1.
var widths = [numShapes]Pattern{
	shape111:  {Param: 1, Grad: 1, Momentum: 1},
	shape1111: {Param: 1, Grad: 1, Momentum: 1, Low: 1},
	shape221:  {Param: 2, Grad: 2, Momentum: 1},
	shape212s: {Param: 2, Grad: 1, Momentum: 2, Shadow: 1},
	shape211s: {Param: 2, Grad: 1, Momentum: 1, Shadow: 1},
	shapeRead: {Grad: 1},
}

// A Loop is one traffic limit that this machine can run.
type Loop struct {
	ISA      string // "avx512", "avx2" or "neon"
	Prefetch bool   // whether it prefetches ahead in every array
	shape    shape
	run      run
}

// run does n blocks, n ≥ 1.
type run func(s *streams, n int)

// isa is one instruction set's loops: without and with prefetch.
type isa struct {
	name  string
	loops [numShapes][2]run
}

// isas holds what was built in and can run here, best first.
var isas []isa

// Loops returns the loops for a pattern that can run on this machine, best
// instruction set first, each without and then with prefetch. There are none
// on architectures without assembly and with the build tag purego or noasm, and none
// for a pattern that no loop serves.
func Loops(p Pattern) []Loop {
	var found []Loop
	for s, w := range widths {
		k := p.Grad / w.Grad
		if k == 0 || p != (Pattern{k * w.Param, k * w.Grad, k * w.Momentum, k * w.Low, k * w.Shadow}) {
			continue
		}
		for _, isa := range isas {
			for i, r := range isa.loops[s] {
				found = append(found, Loop{isa.name, i == 1, shape(s), r})
			}
		}
	}
	return found
}

// Name returns "limit-avx2" or, with prefetch, "limit-avx2-prefetch".
func (l Loop) Name() string {
	if l.Prefetch {
		return "limit-" + l.ISA + "-prefetch"
	}
	return "limit-" + l.ISA
}

// A Call is a loop bound to its arrays.
type Call struct {
	s   streams
	n   int
	run run
}

// Bind checks that a is what the loop takes: each array of its pattern a whole
// number of blocks, as many as the others, and at least one. The caller keeps
// the arrays from overlapping.
func (l Loop) Bind(a Arrays) (*Call, error) {
	c := &Call{run: l.run}
	extra, extraName := a.Low, "Low"
	if widths[l.shape].Shadow != 0 {
		extra, extraName = a.Shadow, "Shadow"
	}
	for i, x := range []struct {
		name  string
		bytes []byte
		to    *unsafe.Pointer
	}{
		{"Param", a.Param, &c.s.param},
		{"Grad", a.Grad, &c.s.grad},
		{"Momentum", a.Momentum, &c.s.momentum},
		{extraName, extra, &c.s.extra},
	} {
		block := blocks[l.shape][i]
		if block == 0 {
			continue
		}
		n := len(x.bytes) / block
		if n == 0 || n*block != len(x.bytes) {
			return nil, fmt.Errorf("limit: %s has %d bytes: not a positive multiple of its block, %d", x.name, len(x.bytes), block)
		}
		if c.n != 0 && n != c.n {
			return nil, fmt.Errorf("limit: %s has %d blocks of %d bytes, other arrays %d blocks", x.name, n, block, c.n)
		}
		c.n = n
		*x.to = unsafe.Pointer(&x.bytes[0])
	}
	return c, nil
}

// Repeat runs the loop k times, with nothing but the calls around it.
func (c *Call) Repeat(k int) {
	for range k {
		c.run(&c.s, c.n)
	}
}
