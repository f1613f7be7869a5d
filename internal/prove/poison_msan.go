//go:build msan

package prove

import "unsafe"

// poison is what the runtime calls for memory that it takes back. It has no body here,
// which the compiler takes only from packages with assembly: poison.s.
//
//go:linkname poison runtime.msanfree
func poison(p unsafe.Pointer, size uintptr)
