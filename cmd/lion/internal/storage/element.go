package storage

import (
	"fmt"
	"unsafe"

	"github.com/lionkernel/lion"
)

// An Element is how one number is stored.
type Element int

const (
	F32 Element = iota
	F64
	BF16
	F16
	Low16 // the lower half of a float32, which is no number by itself
)

// Bytes is what one takes.
func (e Element) Bytes() int {
	switch e {
	case F64:
		return 8
	case F32:
		return 4
	}
	return 2
}

// slice returns n zeros, for the i-th slice of a step.
func (e Element) slice(n, i int) any {
	switch e {
	case F32:
		return lion.Alloc[float32](n, i)
	case F64:
		return lion.Alloc[float64](n, i)
	case BF16:
		return lion.Alloc[lion.BF16](n, i)
	case F16:
		return lion.Alloc[lion.F16](n, i)
	}
	return lion.Alloc[uint16](n, i)
}

// memory returns the bytes of a slice of numbers.
func memory(x any) []byte {
	switch x := x.(type) {
	case []float32:
		return asBytes(x)
	case []float64:
		return asBytes(x)
	case []lion.BF16:
		return asBytes(x)
	case []lion.F16:
		return asBytes(x)
	}
	return asBytes(x.([]uint16))
}

func asBytes[T any](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(*new(T))))
}

// put rounds src to the elements of dst.
func put(dst any, src []float32) error {
	switch dst := dst.(type) {
	case []float32:
		copy(dst, src)
	case []float64:
		for i, v := range src {
			dst[i] = float64(v)
		}
	case []lion.BF16:
		return lion.NarrowBF16(dst, src)
	case []lion.F16:
		return lion.NarrowF16(dst, src)
	default:
		return fmt.Errorf("storage: can't round to %T", dst)
	}
	return nil
}

// get writes src's numbers to dst.
func get(dst []float32, src any) error {
	switch src := src.(type) {
	case []float32:
		copy(dst, src)
	case []float64:
		for i, v := range src {
			dst[i] = float32(v)
		}
	case []lion.BF16:
		return lion.WidenBF16(dst, src)
	case []lion.F16:
		return lion.WidenF16(dst, src)
	default:
		return fmt.Errorf("storage: can't read %T", src)
	}
	return nil
}
