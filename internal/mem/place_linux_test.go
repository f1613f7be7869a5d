package mem_test

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Large slices lie in memory for which large pages have been asked (flag hg in
// smaps), but for what is left behind their last whole one, whether the memory is
// new or was used before. If the system has plenty, they lie in large pages.
func TestAllocLarge(t *testing.T) {
	const n, large, page = 16<<20 + 5, 2 << 20, 4 << 10
	// A kernel without large pages, or an emulator of one, keeps no such flag.
	control, err := unix.Mmap(-1, 0, 4*n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	defer unix.Munmap(control)
	_ = unix.Madvise(control, unix.MADV_HUGEPAGE)
	fill(control, page)
	asked, plenty := advised(t, uintptr(unsafe.Pointer(&control[0])), len(control))
	if asked < len(control) {
		prove.Skip(t, "this system takes no note of who asks for large pages")
	}
	// Memory of the collector's that lies in small pages, where not all are large.
	for range 4 {
		fill(make([]float32, n), page/4)
	}
	runtime.GC()
	for round := range 3 {
		for i := range 4 {
			s := mem.Alloc[float32](n, i)
			fill(s, page/4)
			asked, huge := advised(t, uintptr(unsafe.Pointer(&s[0])), 4*n)
			require.GreaterOrEqual(t, asked, 4*n-large, "round %d, i = %d", round, i)
			if plenty > 7*n/2 {
				require.GreaterOrEqual(t, huge, 7*n/2, "round %d, i = %d", round, i)
			}
			runtime.KeepAlive(s)
		}
		runtime.GC()
	}
}

// fill writes to every page of s, which begins one each so many elements.
func fill[T byte | float32](s []T, every int) {
	for i := 0; i < len(s); i += every {
		s[i] = 1
	}
}

// advised returns how many of the bytes from begin on lie in mappings with the flag,
// and how many bytes of these mappings lie in large pages.
func advised(t *testing.T, begin uintptr, bytes int) (asked, huge int) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	require.NoError(t, err)
	defer f.Close()
	overlap, anon := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var from, to uintptr
		var kB int
		line := lines.Text()
		if k, _ := fmt.Sscanf(line, "%x-%x", &from, &to); k == 2 {
			overlap = max(0, int(min(to, begin+uintptr(bytes)))-int(max(from, begin)))
		} else if k, _ := fmt.Sscanf(line, "AnonHugePages: %d kB", &kB); k == 1 {
			anon = kB << 10
		} else if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && overlap > 0 && strings.Contains(flags+" ", " hg ") {
			asked, huge = asked+overlap, huge+anon
		}
	}
	return asked, huge
}
