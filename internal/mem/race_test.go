//go:build race

package mem_test

import (
	"runtime"
	"time"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
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
	bytes := func(s []uint64) mem.Range { return mem.Range{At: unsafe.Pointer(&s[0]), Size: 8 * len(s)} }
	bad["reads, is written"] = beside(mem.Reads[uint64], write)
	bad["writes, is read"] = beside(mem.Writes[uint64], read)
	bad["writes, is written"] = beside(mem.Writes[uint64], write)
	bad["updates, is read"] = beside(mem.Updates[uint64], read)
	bad["range is written"] = beside(func(s []uint64) { bytes(s).Reads() }, write)
	bad["range is read"] = beside(func(s []uint64) { bytes(s).Writes() }, read)
	bad["updated range is read"] = beside(func(s []uint64) { bytes(s).Updates() }, read)
	fine["reads, is read"] = beside(mem.Reads[uint64], read)
}

var sink uint64
