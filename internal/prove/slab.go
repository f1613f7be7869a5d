package prove

import (
	"bytes"
	"unsafe"
)

// A Slab is memory for a slice at any alignment, with sentinels on both sides.
type Slab struct {
	mem        []byte // starts at a multiple of 64
	start, end int    // of the slice
}

// margin is how many bytes of sentinel stand on each side. Its bits, taken as
// elements, are finite numbers that a step would change.
const margin = 256

var sentinel = bytes.Repeat([]byte{0xa5}, margin)

// NewSlab makes a Slab for slices of up to size bytes, and up to 128 bytes past
// alignment.
func NewSlab(size int) *Slab {
	mem := make([]byte, size+2*margin+16*8+64)
	skew := int(-uintptr(unsafe.Pointer(&mem[0])) & 63)
	return &Slab{mem: mem[skew:]}
}

// Load puts content at off bytes past alignment.
func (s *Slab) Load(off int, content []byte) {
	s.start = margin + off
	s.end = s.start + len(content)
	copy(s.mem[s.start-margin:], sentinel)
	copy(s.mem[s.start:], content)
	copy(s.mem[s.end:], sentinel)
}

// Bytes is the slice.
func (s *Slab) Bytes() []byte { return s.mem[s.start:s.end] }

// Pointer is where the slice begins, even if it is empty.
func (s *Slab) Pointer() unsafe.Pointer { return unsafe.Pointer(&s.mem[s.start]) }

// Intact says whether the sentinels are.
func (s *Slab) Intact() bool {
	return bytes.Equal(s.mem[s.start-margin:s.start], sentinel) && bytes.Equal(s.mem[s.end:s.end+margin], sentinel)
}
