package checkpoint

import (
	"encoding/binary"
	"math"

	"github.com/lionkernel/lion"
	"github.com/nlpodyssey/safetensors"
)

// A view is a tensor that is written.
type view struct {
	kind  safetensors.DType
	size  int
	shape []uint64
	bytes uint64
	data  any
}

func (v view) DType() safetensors.DType { return v.kind }
func (v view) Shape() []uint64          { return v.shape }
func (v view) DataLen() uint64          { return v.bytes }

// Data returns the elements as bytes, the lowest first.
func (v view) Data() []byte {
	b := make([]byte, v.bytes)
	switch s := v.data.(type) {
	case []float32:
		for i, x := range s {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
	case []float64:
		for i, x := range s {
			binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(x))
		}
	case []lion.BF16:
		put16(b, s)
	case []lion.F16:
		put16(b, s)
	case []uint16:
		put16(b, s)
	}
	return b
}

func put16[T ~uint16](b []byte, s []T) {
	for i, x := range s {
		binary.LittleEndian.PutUint16(b[2*i:], uint16(x))
	}
}

// decode is what view's Data made bytes of; nil if it is of another kind.
func decode(kind safetensors.DType, b []byte) any {
	switch kind {
	case safetensors.F32:
		s := make([]float32, len(b)/4)
		for i := range s {
			s[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return s
	case safetensors.F64:
		s := make([]float64, len(b)/8)
		for i := range s {
			s[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return s
	case safetensors.BF16:
		return get16[lion.BF16](b)
	case safetensors.F16:
		return get16[lion.F16](b)
	case safetensors.U16:
		return get16[uint16](b)
	}
	return nil
}

func get16[T ~uint16](b []byte) []T {
	s := make([]T, len(b)/2)
	for i := range s {
		s[i] = T(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return s
}
