package mem

import "golang.org/x/sys/unix"

// large asks for large pages for b: zeros that begin at a multiple of 2 MiB. What the
// collector hands out again lies in small pages already: dropped, they come back
// as zeros and large. A system without large pages refuses, and nothing is lost.
func large(b []byte) {
	b = b[:len(b)&^(hugePage-1)]
	if unix.Madvise(b, unix.MADV_HUGEPAGE) == nil {
		_ = unix.Madvise(b, unix.MADV_DONTNEED)
	}
}
