package lion

import (
	"fmt"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// A span is a named slice without its type: n elements of size bytes.
type span struct {
	name    string
	at      unsafe.Pointer
	n, size int
}

// part names a slice, for checks.
func part[T any](s []T, name string) span {
	return span{name, mem.Data(s), len(s), int(unsafe.Sizeof(*new(T)))}
}

// bytes is the size of all of s.
func (s span) bytes() int { return s.n * s.size }

// memory is where s is.
func (s span) memory() mem.Range { return mem.Range{At: s.at, Size: s.bytes()} }

// meet says whether a to a+aLast and b to b+bLast, both ends included, have bytes in
// common, in one comparison.
func meet(a, b unsafe.Pointer, aLast, bLast uintptr) bool {
	return uintptr(a)-uintptr(b)+aLast <= aLast+bLast
}

// overlap says whether two spans share memory.
func overlap(a, b span) bool {
	return a.n > 0 && b.n > 0 && meet(a.at, b.at, uintptr(a.bytes())-1, uintptr(b.bytes())-1)
}

// checkSlices refuses slices of different lengths, and those that share memory.
func checkSlices(parts ...span) error {
	for _, p := range parts[1:] {
		if p.n != parts[0].n {
			return lengthsError(parts)
		}
	}
	return checkApart(parts...)
}

// checkApart refuses slices that share memory.
func checkApart(parts ...span) error {
	for i, b := range parts {
		for _, a := range parts[:i] {
			if overlap(a, b) {
				return overlapError(a, b)
			}
		}
	}
	return nil
}

// lengthsError names all slices and their lengths.
func lengthsError(parts []span) error {
	text := ""
	for i, p := range parts {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("len(%s) = %d", p.name, p.n)
	}
	return fmt.Errorf("%w: %s", ErrLength, text)
}

// overlapError names two slices and how many bytes they share.
func overlapError(a, b span) error {
	from := max(uintptr(a.at), uintptr(b.at))
	to := min(uintptr(a.at)+uintptr(a.bytes()), uintptr(b.at)+uintptr(b.bytes()))
	return fmt.Errorf("%w: %s and %s share %d bytes", ErrOverlap, a.name, b.name, to-from)
}
