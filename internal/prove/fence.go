package prove

import (
	"fmt"
	"runtime/debug"
	"testing"
	"unsafe"
)

// A Fence is memory between two pages that can't be touched.
type Fence struct {
	inside []byte
}

// NewFences makes a Fence for slices of up to each size, in bytes, or skips the test
// where there are none.
func NewFences(t testing.TB, sizes ...int) []*Fence {
	t.Helper()
	if noFences != "" {
		Skip(t, "guard pages: %s", noFences)
	}
	var all []*Fence
	for _, size := range sizes {
		all = append(all, &Fence{fenced(t, size)})
	}
	return all
}

// Place returns where size bytes begin, flush with the start or the end. (A slice
// of none would not point to the end.)
func (f *Fence) Place(size int, atEnd bool) unsafe.Pointer {
	start := unsafe.Pointer(&f.inside[0])
	if atEnd {
		return unsafe.Add(start, len(f.inside)-size)
	}
	return start
}

// ReadOnly lets the memory be read alone, or be written again.
func (f *Fence) ReadOnly(is bool) {
	if err := protect(f.inside, is); err != nil {
		panic(err)
	}
}

// Faults runs f and returns a memory fault as an error.
func Faults(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("fault: %v", r)
		}
	}()
	f()
	return nil
}
