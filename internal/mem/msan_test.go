//go:build msan

package mem_test

import (
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
)

const report = "MemorySanitizer: use-of-uninitialized-value"

// unwritten returns 100 numbers, the last of which was never written.
func unwritten() []uint64 {
	s := make([]uint64, 100)
	prove.Poison(unsafe.Pointer(&s[99]), 8)
	return s
}

func init() {
	bytes := func() mem.Range { return mem.Range{At: unsafe.Pointer(&unwritten()[0]), Size: 800} }
	bad["reads"] = func() { mem.Reads(unwritten()) }
	bad["updates"] = func() { mem.Updates(unwritten()) }
	bad["reads range"] = func() { bytes().Reads() }
	bad["updates range"] = func() { bytes().Updates() }
	fine["writes"] = func() { s := unwritten(); mem.Writes(s); mem.Reads(s) }
	fine["updates what is written"] = func() { s := make([]uint64, 100); mem.Updates(s); mem.Reads(s) }
}
