//go:build asan

package mem

import "unsafe"

const report = "ERROR: AddressSanitizer"

func init() {
	long := func() []uint64 { // reaches one byte too far
		return unsafe.Slice(&make([]uint64, 100)[0], 101)
	}
	bytes := func() Range { return Range{unsafe.Pointer(&make([]byte, 100)[0]), 105} }
	bad["reads"] = func() { Reads(long()) }
	bad["writes"] = func() { Writes(long()) }
	bad["updates"] = func() { Updates(long()) }
	bad["reads range"] = func() { bytes().Reads() }
	bad["writes range"] = func() { bytes().Writes() }
	bad["updates range"] = func() { bytes().Updates() }
}
