//go:build !msan

package prove

import "unsafe"

// Unwrite is for the memory sanitizer.
func Unwrite(unsafe.Pointer, uintptr) {}
