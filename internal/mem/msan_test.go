//go:build msan

package mem

import (
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
)

const report = "MemorySanitizer: use-of-uninitialized-value"

// unwritten returns 100 numbers, the last of which was never written.
func unwritten() []uint64 {
	s := make([]uint64, 100)
	prove.Unwrite(unsafe.Pointer(&s[99]), 8)
	return s
}

func init() {
	bytes := func() Range { return Range{unsafe.Pointer(&unwritten()[0]), 800} }
	bad["reads"] = func() { Reads(unwritten()) }
	bad["updates"] = func() { Updates(unwritten()) }
	bad["reads range"] = func() { bytes().Reads() }
	bad["updates range"] = func() { bytes().Updates() }
	fine["writes"] = func() { s := unwritten(); Writes(s); Reads(s) }
	fine["updates what is written"] = func() { s := make([]uint64, 100); Updates(s); Reads(s) }
}
