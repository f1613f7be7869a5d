//go:build race

package mem

import (
	"runtime"
	"unsafe"
)

// Sanitizer is what the program was built with. This one finds what two goroutines do to the same memory unordered.
const Sanitizer = "race"

func reads(p unsafe.Pointer, size int)   { runtime.RaceReadRange(p, size) }
func writes(p unsafe.Pointer, size int)  { runtime.RaceWriteRange(p, size) }
func updates(p unsafe.Pointer, size int) { runtime.RaceWriteRange(p, size) }
