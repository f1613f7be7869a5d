package mem

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// onStack skips a test of locals on the stack.
func onStack(t *testing.T) {
	if Sanitizer == "asan" {
		t.Skip("the address sanitizer has locals on the heap")
	}
}

// TestPointers: a hidden pointer is the same, and follows the stack.
func TestPointers(t *testing.T) {
	onStack(t)
	s := []uint16{1, 2, 3}
	assert.Equal(t, unsafe.Pointer(&s[0]), Data(s))
	assert.Nil(t, Data[float32](nil))
	done := make(chan bool) // a new goroutine has a small stack
	go func() {
		var local [4]uint64
		p := (*[4]uint64)(Noescape(unsafe.Pointer(&local)))
		before := uintptr(Noescape(unsafe.Pointer(&local)))
		deepen(1 << 12)
		p[2] = 7
		moved := before != uintptr(Noescape(unsafe.Pointer(&local)))
		runtime.KeepAlive(&local)
		done <- moved && local[2] == 7
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
		table[0](Noescape(unsafe.Pointer(&local)))
		table[0](Data(local[:]))
		runtime.KeepAlive(&local)
	}))
}

// bad are accesses that the sanitizer of this build must report; none elsewhere.
var bad = map[string]func(){}

// fine are accesses that none may report.
var fine = map[string]func(){
	"nothing":  func() { Reads[float64](nil); Writes([]float32{}); Updates[uint16](nil); Range{}.Updates() },
	"the heap": func() { x := make([]float32, 100); Reads(x); Writes(x); Updates(x[7:]); Reads(x[99:]) },
}

// TestReports: what is bad ends the program with a report, and nothing else does.
func TestReports(t *testing.T) {
	assert.Equal(t, Sanitizer != "", len(bad) > 0)
	child := func(name string) (string, error) {
		cmd := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
		cmd.Env = append(os.Environ(), "LION_VICTIM="+name, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for name := range bad {
		out, err := child(name)
		assert.Error(t, err, name)
		assert.Contains(t, out, report, name)
	}
	if Sanitizer == "" {
		return // of fine too there is nothing to see
	}
	for name := range fine {
		out, err := child(name)
		assert.NoError(t, err, "%s: %s", name, out)
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
