//go:build msan

package mem

import (
	"runtime"
	"unsafe"
)

// Sanitizer is what the program was built with. This one knows which memory was ever written.
const Sanitizer = "msan"

func reads(p unsafe.Pointer, size int)  { runtime.MSanRead(p, size) }
func writes(p unsafe.Pointer, size int) { runtime.MSanWrite(p, size) }
func updates(p unsafe.Pointer, size int) {
	runtime.MSanRead(p, size)
	runtime.MSanWrite(p, size) // which makes it written: it must come second
}
