package optim

import (
	"unsafe"

	"github.com/lionkernel/lion"
)

// kind is how the elements of an array are stored.
type kind uint8

const (
	none kind = iota
	f32
	f64
	bf16
	f16
	low16 // the lower halves of Split
	numKinds
)

var kinds = [numKinds]struct {
	name string
	size int
}{none: {"nothing", 0}, f32: {"float32", 4}, f64: {"float64", 8}, bf16: {"BF16", 2}, f16: {"F16", 2}, low16: {"uint16", 2}}

func (k kind) String() string { return kinds[k].name }

// An array is a slice of some kind; its pointer keeps the memory alive.
type array struct {
	at   unsafe.Pointer
	n    int
	kind kind
}

// element is a type of number that arrays hold.
type element interface {
	float32 | float64 | lion.BF16 | lion.F16 | uint16
}

// arrayOf returns the array that is s.
func arrayOf[T element](s []T) array {
	return array{unsafe.Pointer(unsafe.SliceData(s)), len(s), kindOf[T]()}
}

func kindOf[T element]() kind {
	switch any(*new(T)).(type) {
	case float32:
		return f32
	case float64:
		return f64
	case lion.BF16:
		return bf16
	case lion.F16:
		return f16
	}
	return low16
}

// of returns a as the slice that it is.
func of[T element](a array) []T {
	if a.n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(a.at), a.n)
}

// any returns a as the slice that it is.
func (a array) any() any {
	switch a.kind {
	case f32:
		return of[float32](a)
	case f64:
		return of[float64](a)
	case bf16:
		return of[lion.BF16](a)
	case f16:
		return of[lion.F16](a)
	case low16:
		return of[uint16](a)
	}
	return nil
}

// fromAny is the array that x is, of kind none if it is no slice of numbers.
func fromAny(x any) array {
	switch s := x.(type) {
	case []float32:
		return arrayOf(s)
	case []float64:
		return arrayOf(s)
	case []lion.BF16:
		return arrayOf(s)
	case []lion.F16:
		return arrayOf(s)
	case []uint16:
		return arrayOf(s)
	}
	return array{}
}

// bytes is the size of a.
func (a array) bytes() int { return a.n * kinds[a.kind].size }

// memory returns the bytes of a.
func (a array) memory() []byte {
	if a.n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(a.at), a.bytes())
}

// same says whether a and b are the same memory.
func (a array) same(b array) bool { return a.at == b.at && a.n == b.n && a.kind == b.kind }

// newArray returns zeros that lie well as the i-th slice of a step.
func newArray(k kind, n, i int) array {
	switch k {
	case f32:
		return arrayOf(lion.Alloc[float32](n, i))
	case f64:
		return arrayOf(lion.Alloc[float64](n, i))
	case bf16:
		return arrayOf(lion.Alloc[lion.BF16](n, i))
	case f16:
		return arrayOf(lion.Alloc[lion.F16](n, i))
	case low16:
		return arrayOf(lion.Alloc[uint16](n, i))
	}
	return array{}
}

// Arrays of less than small bytes lie one behind the other, each on a line: each in
// memory of its own would begin a page, so that all want the same places of a cache.
const (
	small = 64 << 10
	line  = 64
)

// An arena holds small arrays of one kind.
type arena struct {
	slab array
	used int // of slab, or before there is one what it has to hold
}

// rounded is n elements of k in whole lines.
func rounded(k kind, n int) int {
	unit := line / kinds[k].size
	return (n + unit - 1) / unit * unit
}

// reserve makes room for n elements, before the first take.
func (m *arena) reserve(k kind, n int) {
	if n*kinds[k].size < small {
		m.used += rounded(k, n)
	}
}

// take returns n zeros for the i-th slice of a step.
func (m *arena) take(k kind, n, i int) array {
	if n == 0 || n*kinds[k].size >= small {
		return newArray(k, n, i)
	}
	if m.slab.at == nil {
		m.slab, m.used = newArray(k, m.used, i), 0
	}
	a := array{unsafe.Add(m.slab.at, m.used*kinds[k].size), n, k}
	m.used += rounded(k, n)
	return a
}
