package mem_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Sizes in bytes on both sides of each step of Alloc's, and what slices of the size
// begin behind a multiple of, and by how much for each i.
var placed = []struct{ bytes, multiple, stagger int }{
	{0, 64, 0},
	{8, 64, 0},
	{1<<10 - 8, 64, 0},
	{1 << 10, 4 << 10, 0},
	{64<<10 - 8, 4 << 10, 0},
	{64 << 10, 64 << 10, 16 << 10},
	{4<<20 - 8, 64 << 10, 16 << 10},
	{4 << 20, 2 << 20, 16 << 10},
	{9<<20 + 8, 2 << 20, 16 << 10},
}

func TestAlloc(t *testing.T) {
	for _, p := range placed {
		t.Run(fmt.Sprint(p.bytes), func(t *testing.T) {
			testAlloc[float32](t, p.bytes/4, p.multiple, p.stagger)
			testAlloc[float64](t, p.bytes/8, p.multiple, p.stagger)
			testAlloc[uint16](t, p.bytes/2, p.multiple, p.stagger)
		})
	}
}

// Slices lie where they should and are zeros, those too that were used before.
func testAlloc[T float32 | float64 | uint16](t *testing.T, n, multiple, stagger int) {
	for round := range 3 {
		for i := range 5 { // the last as the first
			s := mem.Alloc[T](n, i)
			require.Len(t, s, n)
			require.Equal(t, n, cap(s), "append must not write behind it")
			require.Equal(t, i%4*stagger, int(uintptr(unsafe.Pointer(unsafe.SliceData(s)))%uintptr(multiple)), "i = %d", i)
			for k := 0; k < n; k += 1 + n/50_000 { // in every page
				if s[k] != 0 {
					t.Fatalf("round %d, i = %d: element %d of %d is %v", round, i, k, n, s[k])
				}
				s[k] = 1
			}
		}
		runtime.GC()
	}
}

// The collector frees what Alloc made.
func TestAllocFreed(t *testing.T) {
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	const bytes = 64 << 20
	before := heap()
	s := mem.Alloc[float64](bytes/8, 3)
	with := heap()
	s[0] = 1
	runtime.KeepAlive(s)
	after := heap()
	assert.InDelta(t, bytes+2<<20, with-before, 1<<20)
	assert.InDelta(t, before, after, 1<<20)
}

// Slices that can't be made are refused by make, not made too short.
func TestAllocPanics(t *testing.T) {
	for _, n := range []int{-1, math.MinInt, math.MaxInt, math.MaxInt / 2, math.MaxInt / 4} {
		assert.Panics(t, func() { mem.Alloc[float64](n, 0) }, n)
	}
}
