package lion_test

import (
	"testing"
	"unsafe"

	"github.com/lionkernel/lion"
)

// Alloc's slices lie where it says: at the begin of a line, of a page, and never a
// multiple of 64 KiB apart.
func TestAlloc(t *testing.T) {
	at := func(i, n int) uintptr { return uintptr(unsafe.Pointer(&lion.Alloc[float32](n, i)[0])) }
	for n, multiple := range map[int]uintptr{1: 64, 255: 64, 256: 4 << 10, 16<<10 - 1: 4 << 10, 16 << 10: 16 << 10, 3 << 20: 16 << 10} {
		for i := range 4 {
			if begin := at(i, n); begin%multiple != 0 {
				t.Errorf("n = %d, i = %d: at %#x, not at a multiple of %d", n, i, begin, multiple)
			}
		}
	}
	for _, n := range []int{16 << 10, 256 << 10, 1 << 20, 3 << 20} {
		for i := range 4 {
			for j := range i {
				if at(i, n)%(64<<10) == at(j, n)%(64<<10) {
					t.Errorf("n = %d: the slices %d and %d are a multiple of 64 KiB apart", n, i, j)
				}
			}
		}
	}
}
