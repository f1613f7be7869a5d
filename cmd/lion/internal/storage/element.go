package storage

import (
	"fmt"

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

func (e Element) bytes() int {
	switch e {
	case F64:
		return 8
	case F32:
		return 4
	}
	return 2
}

// slice returns n zeros.
func (e Element) slice(n int) any {
	switch e {
	case F32:
		return make([]float32, n)
	case F64:
		return make([]float64, n)
	case BF16:
		return make([]lion.BF16, n)
	case F16:
		return make([]lion.F16, n)
	}
	return make([]uint16, n)
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
