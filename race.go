//go:build race

package lion

import (
	"runtime"
	"unsafe"
)

// raceRead and raceWrite tell the race detector of accesses that it can't see
// in assembly.
func raceRead[T any](s []T) {
	if len(s) > 0 {
		runtime.RaceReadRange(unsafe.Pointer(unsafe.SliceData(s)), len(s)*int(unsafe.Sizeof(s[0])))
	}
}

func raceWrite[T any](s []T) {
	if len(s) > 0 {
		runtime.RaceWriteRange(unsafe.Pointer(unsafe.SliceData(s)), len(s)*int(unsafe.Sizeof(s[0])))
	}
}

// raceSpan is the same for a span counted in bytes.
func raceSpan(s span, write bool) {
	if s.n == 0 {
		return
	}
	if write {
		runtime.RaceWriteRange(s.p, s.n)
	} else {
		runtime.RaceReadRange(s.p, s.n)
	}
}
