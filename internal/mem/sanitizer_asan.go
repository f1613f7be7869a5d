//go:build asan

package mem

import (
	"runtime"
	"unsafe"
)

// Sanitizer is what the program was built with. This one knows which memory may be touched.
const Sanitizer = "asan"

func reads(p unsafe.Pointer, size int)   { runtime.ASanRead(p, size) }
func writes(p unsafe.Pointer, size int)  { runtime.ASanWrite(p, size) }
func updates(p unsafe.Pointer, size int) { runtime.ASanWrite(p, size) }
