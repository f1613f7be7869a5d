package prove

import "unsafe"

// Poison has the sanitizer take size bytes for memory that may not be touched, or that
// was never written.
func Poison(p unsafe.Pointer, size uintptr) { poison(p, size) }
