package verify

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// tensor is one of the arrays that a step takes, whatever its storage format:
// a window into a larger array whose margins must never change.
type tensor interface {
	place(length, offset int)
	fill(r rng.Source, m mix, negate bool)
	copyFrom(tensor)
	// diff counts the elements, margins included, whose bits differ; first is
	// the index of the first one.
	diff(want tensor) (count, first int)
	at(i int) uint64
	// values is the window, as a slice of numbers.
	values() any
	appendTo(b []byte) []byte
}

// array is a tensor of T.
type array[T any] struct {
	layout layout
	bits   func(T) uint64
	from   func(uint64) T
	raw    bool // not a number: every pattern alike, always
	store  []T
	all    []T // the part of store in use: margin, window, margin
	offset int // of the window in all
}

// newTensor returns an empty tensor of e.
func newTensor(e storage.Element) tensor {
	switch e {
	case storage.F32:
		return &array[float32]{layout: layoutF32,
			bits: func(v float32) uint64 { return uint64(math.Float32bits(v)) },
			from: func(b uint64) float32 { return math.Float32frombits(uint32(b)) }}
	case storage.F64:
		return &array[float64]{layout: layoutF64, bits: math.Float64bits, from: math.Float64frombits}
	case storage.BF16:
		return array16[lion.BF16](layoutBF16)
	case storage.F16:
		return array16[lion.F16](layoutF16)
	case storage.Low16:
		a := array16[uint16](layoutBF16)
		a.raw = true
		return a
	}
	panic(fmt.Sprintf("verify: no tensor of element %d", e))
}

func array16[T ~uint16](l layout) *array[T] {
	return &array[T]{layout: l,
		bits: func(v T) uint64 { return uint64(v) },
		from: func(b uint64) T { return T(b) }}
}

// window returns the slice that is passed to the step.
func window[T any](t tensor) []T { return t.values().([]T) }

func (a *array[T]) values() any {
	end := len(a.all) - margin
	return a.all[a.offset:end:end]
}

// place chooses a window of length elements; offset, from 0 to 15, shifts it
// from the start of the allocation, and so its alignment.
func (a *array[T]) place(length, offset int) {
	a.offset = margin + offset
	n := a.offset + length + margin
	if n > len(a.store) {
		a.store = make([]T, 1<<bits.Len(uint(n)))
	}
	a.all = a.store[:n]
}

// fill writes values from r everywhere; the window's element i has the same
// value, but for precision, in every tensor that is filled from the same r.
func (a *array[T]) fill(r rng.Source, m mix, negate bool) {
	var flip uint64
	if a.raw {
		m = anyBits
	} else if negate {
		flip = a.layout.signBit()
	}
	inner := a.all[a.offset:]
	for i := range inner {
		inner[i] = a.from(a.layout.value(&r, m) ^ flip)
	}
	outer := a.all[:a.offset]
	for i := range outer {
		outer[i] = a.from(a.layout.value(&r, m) ^ flip)
	}
}

func (a *array[T]) copyFrom(t tensor) {
	o := t.(*array[T])
	a.place(len(o.all)-o.offset-margin, o.offset-margin)
	copy(a.all, o.all)
}

func (a *array[T]) diff(want tensor) (count, first int) {
	w := want.(*array[T])
	if bytes.Equal(memory(a.all), memory(w.all)) {
		return 0, 0
	}
	for i, v := range a.all {
		if a.bits(v) != a.bits(w.all[i]) {
			if count == 0 {
				first = i - a.offset
			}
			count++
		}
	}
	return count, first
}

// memory is that of x.
func memory[T any](x []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(zero)))
}

// at returns the bits of the window's element i; margins have indices too.
func (a *array[T]) at(i int) uint64 { return a.bits(a.all[a.offset+i]) }

// appendTo appends the window to b, little-endian.
func (a *array[T]) appendTo(b []byte) []byte {
	for _, v := range window[T](a) {
		switch a.layout.width {
		case 64:
			b = binary.LittleEndian.AppendUint64(b, a.bits(v))
		case 32:
			b = binary.LittleEndian.AppendUint32(b, uint32(a.bits(v)))
		default:
			b = binary.LittleEndian.AppendUint16(b, uint16(a.bits(v)))
		}
	}
	return b
}
