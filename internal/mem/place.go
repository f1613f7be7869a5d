package mem

import "unsafe"

// Where Alloc lets slices begin.
const (
	line     = 64
	page     = 4 << 10
	stagger  = 16 << 10    // between the i-th and the next, modulo block
	block    = 4 * stagger // divides 2^27
	hugePage = 2 << 20     // of amd64, and of arm64 with pages of 4 KiB
)

// multiple returns what the slices of so many bytes begin behind a multiple of.
func multiple(bytes int) int {
	switch {
	case bytes < 1<<10:
		return line
	case bytes < block:
		return page
	case bytes < 2*hugePage:
		return block
	}
	return hugePage
}

// Alloc returns n zeros for the i-th slice of those that one loop walks side by
// side; i counts modulo 4. Small slices begin a cache line, from 1 KiB on a page.
// From 64 KiB on they begin 16·i KiB behind a multiple of 64 KiB, and from 4 MiB on
// behind one of 2 MiB, in large pages where the system has them. That multiple is
// what a slice costs besides, at most, and its 16·i KiB.
//
// T holds no pointers. [lion.Alloc] says what it is good for.
func Alloc[T any](n, i int) []T {
	size := int(unsafe.Sizeof(*new(T)))
	of, offset := multiple(n*size), 0
	if of >= block {
		offset = i & 3 * stagger
	}
	whole := make([]T, n+(of+offset)/size)
	begin := int(-uintptr(unsafe.Pointer(&whole[0]))&uintptr(of-1)) / size
	if of == hugePage {
		large(asBytes(whole[begin:]))
	}
	return whole[begin+offset/size:][:n:n]
}

// asBytes returns the memory of s.
func asBytes[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}
