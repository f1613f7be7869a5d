//go:build !asan && !msan

package prove

import "unsafe"

func poison(unsafe.Pointer, uintptr) { panic("only the address and the memory sanitizer have poison") }
