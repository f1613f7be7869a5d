//go:build asan

package mem_test

import (
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

const report = "ERROR: AddressSanitizer"

func init() {
	long := func() []uint64 { // reaches one byte too far
		return unsafe.Slice(&make([]uint64, 100)[0], 101)
	}
	bytes := func() mem.Range { return mem.Range{At: unsafe.Pointer(&make([]byte, 100)[0]), Size: 105} }
	bad["reads"] = func() { mem.Reads(long()) }
	bad["writes"] = func() { mem.Writes(long()) }
	bad["updates"] = func() { mem.Updates(long()) }
	bad["reads range"] = func() { bytes().Reads() }
	bad["writes range"] = func() { bytes().Writes() }
	bad["updates range"] = func() { bytes().Updates() }
}
