//go:build race

package mem

import (
	"runtime"
	"time"
	"unsafe"
)

const report = "WARNING: DATA RACE"

func init() {
	beside := func(f func([]uint64), other func([]uint64)) func() {
		return func() {
			s := make([]uint64, 100)
			go other(s)
			time.Sleep(time.Millisecond) // which orders nothing
			f(s)
			runtime.KeepAlive(s)
		}
	}
	read := func(s []uint64) { sink = s[99] }
	write := func(s []uint64) { s[0] = 1 }
	bytes := func(s []uint64) Range { return Range{unsafe.Pointer(&s[0]), 8 * len(s)} }
	bad["reads, is written"] = beside(Reads[uint64], write)
	bad["writes, is read"] = beside(Writes[uint64], read)
	bad["writes, is written"] = beside(Writes[uint64], write)
	bad["updates, is read"] = beside(Updates[uint64], read)
	bad["range is written"] = beside(func(s []uint64) { bytes(s).Reads() }, write)
	bad["range is read"] = beside(func(s []uint64) { bytes(s).Writes() }, read)
	bad["updated range is read"] = beside(func(s []uint64) { bytes(s).Updates() }, read)
	fine["reads, is read"] = beside(Reads[uint64], read)
}

var sink uint64
