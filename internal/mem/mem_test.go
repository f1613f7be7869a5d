package mem_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onStack skips a test of locals on the stack.
func onStack(t *testing.T) {
	if mem.Sanitizer == "asan" {
		prove.Skip(t, "the address sanitizer has locals on the heap")
	}
}

// TestPointers: a hidden pointer is the same, and follows the stack.
func TestPointers(t *testing.T) {
	onStack(t)
	s := []uint16{1, 2, 3}
	assert.Equal(t, unsafe.Pointer(&s[0]), mem.Data(s))
	assert.Nil(t, mem.Data[float32](nil))
	done := make(chan bool) // a new goroutine has a small stack
	go func() {
		var local [4]uint64
		p := (*[4]uint64)(mem.Noescape(unsafe.Pointer(&local)))
		before := uintptr(mem.Noescape(unsafe.Pointer(&local)))
		depth := deepen(1 << 12)
		p[2] = 7
		moved := before != uintptr(mem.Noescape(unsafe.Pointer(&local)))
		runtime.KeepAlive(&local)
		done <- moved && local[2] == 7 && depth == 1<<12
	}()
	assert.True(t, <-done, "the stack moved and p with it")
}

// deepen makes the stack grow.
//
//go:noinline
func deepen(n int) int {
	if n == 0 {
		return 0
	}
	return deepen(n-1) + 1
}

// TestNoAllocation: what is hidden stays on the stack.
func TestNoAllocation(t *testing.T) {
	onStack(t)
	keep := func(unsafe.Pointer) {}
	table := []func(unsafe.Pointer){keep}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		var local [64]float32
		table[0](mem.Noescape(unsafe.Pointer(&local)))
		table[0](mem.Data(local[:]))
		runtime.KeepAlive(&local)
	}))
}

// bad are accesses that the sanitizer of this build must report; none elsewhere.
var bad = map[string]func(){}

// fine are accesses that none may report.
var fine = map[string]func(){
	"nothing": func() {
		mem.Reads[float64](nil)
		mem.Writes([]float32{})
		mem.Updates[uint16](nil)
		mem.Range{}.Updates()
	},
	"the heap": func() { x := make([]float32, 100); mem.Reads(x); mem.Writes(x); mem.Updates(x[7:]); mem.Reads(x[99:]) },
}

// TestReports: what is bad ends the program with a report, and nothing else does.
func TestReports(t *testing.T) {
	assert.Equal(t, mem.Sanitizer != "", len(bad) > 0)
	child := func(name string) (string, int) {
		return prove.Rerun(t, "TestVictim", "LION_VICTIM="+name, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	}
	for name := range bad {
		out, status := child(name)
		assert.NotZero(t, status, name)
		assert.Contains(t, out, report, name)
	}
	if mem.Sanitizer == "" {
		return // of fine too there is nothing to see
	}
	for name := range fine {
		out, status := child(name)
		assert.Zero(t, status, "%s: %s", name, out)
	}
}

// TestVictim is for TestReports, in a process of its own.
func TestVictim(t *testing.T) {
	name := os.Getenv("LION_VICTIM")
	if name == "" {
		t.Skip("only for TestReports, which runs it")
	}
	f := bad[name]
	if f == nil {
		f = fine[name]
	}
	require.NotNil(t, f)
	f()
	fmt.Println("survived")
}

func TestMain(m *testing.M) { prove.Main(m) }
