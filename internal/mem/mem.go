// Package mem is what the kernels' callers need to know of memory: pointers that
// the compiler doesn't take for kept, reports to the sanitizers, which can't look
// into assembly, and where slices lie best.
package mem

import "unsafe"

// Data returns where a slice's elements are. It hides where they come from: kernels
// keep no pointer, but the compiler can't see that through a table of functions,
// and would move callers' arrays to the heap.
func Data[T any](s []T) unsafe.Pointer {
	p := unsafe.Pointer(unsafe.SliceData(s))
	return Noescape(p)
}

// Noescape returns p and hides that it does. Whoever hides a pointer to a variable
// must call runtime.KeepAlive on that after the last use: else its place on the stack
// may be used again, or is not seen to when the stack moves.
//
// It may not grow the stack nor be instrumented, or else the stack could move while
// its address is a mere number.
//
//go:nosplit
//go:norace
//go:nocheckptr
func Noescape(p unsafe.Pointer) unsafe.Pointer {
	return pointer[unsafe.Pointer](uintptr(p))
}

// pointer makes an address a pointer again. The two conversions cancel out, so
// that what is kept in registers and on the stack is a pointer, which moves when
// the stack does. (Reading the uintptr as an unsafe.Pointer from memory doesn't do:
// the compiler, going without the memory, keeps the uintptr.) It has a type
// parameter for the sake of go vet, which takes this for a mistake.
//
//go:nosplit
//go:norace
//go:nocheckptr
func pointer[P ~unsafe.Pointer](a uintptr) P { return P(a) }

// Reads tells the sanitizer, if there is one, that assembly will read all of s.
// Without a sanitizer it does nothing, as its siblings.
func Reads[T any](s []T) {
	if Sanitizer != "" {
		Range{Data(s), len(s) * int(unsafe.Sizeof(*new(T)))}.Reads()
	}
}

// Writes tells the sanitizer that assembly will write all of s, whatever it holds.
func Writes[T any](s []T) {
	if Sanitizer != "" {
		Range{Data(s), len(s) * int(unsafe.Sizeof(*new(T)))}.Writes()
	}
}

// Updates tells the sanitizer that assembly will read all of s and write it anew.
func Updates[T any](s []T) {
	if Sanitizer != "" {
		Range{Data(s), len(s) * int(unsafe.Sizeof(*new(T)))}.Updates()
	}
}

// A Range is Size bytes at At.
type Range struct {
	At   unsafe.Pointer
	Size int
}

// Reads is like the function Reads.
func (r Range) Reads() {
	if Sanitizer != "" && r.Size > 0 {
		reads(r.At, r.Size)
	}
}

// Writes is like the function Writes.
func (r Range) Writes() {
	if Sanitizer != "" && r.Size > 0 {
		writes(r.At, r.Size)
	}
}

// Updates is like the function Updates.
func (r Range) Updates() {
	if Sanitizer != "" && r.Size > 0 {
		updates(r.At, r.Size)
	}
}
