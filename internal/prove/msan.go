//go:build msan

package prove

import "unsafe"

// Unwrite has the memory sanitizer take size bytes for memory that was never written.
func Unwrite(p unsafe.Pointer, size uintptr) { free(p, size) }

// free is what the runtime calls for memory that it takes back. It has no body here,
// which the compiler takes only from packages with assembly: msan.s.
//
//go:linkname free runtime.msanfree
func free(p unsafe.Pointer, size uintptr)
