// Package prove is what the tests of all packages stand on: the elements as bits,
// random ones, memory that notices what is done beside it, and what a test says
// that can't run here. Only tests, and the command that proves a build on its
// user's machine, may import it.
package prove

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lionkernel/lion/internal/mem"
)

// Sanitized says whether this is a build for the race detector or another
// sanitizer: slower, with larger frames, and locals on the heap.
const Sanitized = mem.Sanitizer != ""

// Whole says whether all that CI runs is asked for: LION_TEST=whole. Without it go
// test does what a user waits for, and with -short less.
func Whole() bool {
	switch v := os.Getenv("LION_TEST"); v {
	case "":
		return false
	case "whole":
		return !testing.Short()
	default:
		panic(fmt.Sprintf("LION_TEST is %q, not whole", v))
	}
}

// Main runs the tests of a package, from its TestMain, and says at the end what could
// not be tested here, which a plain go test doesn't show. (Of a package that passes,
// go test ./... shows nothing at all: LION_REQUIRE is for that.)
func Main(m *testing.M) {
	code := m.Run()
	untested.Lock()
	defer untested.Unlock()
	slices.Sort(untested.lines)
	for _, line := range slices.Compact(untested.lines) {
		fmt.Fprintln(os.Stderr, line)
	}
	os.Exit(code)
}

var untested struct {
	sync.Mutex
	lines []string
}

// Skip skips a test for which something is missing here, aloud.
func Skip(t testing.TB, format string, args ...any) {
	t.Helper()
	line := "NOT TESTED: " + fmt.Sprintf(format, args...)
	untested.Lock()
	untested.lines = append(untested.lines, line)
	untested.Unlock()
	t.Skip(line)
}

// MustRun skips a test of an implementation that can't run here, or fails it where
// LION_REQUIRE names that one.
func MustRun(t testing.TB, name, missing string) {
	t.Helper()
	if missing == "" {
		return
	}
	if slices.Contains(Required(), name) {
		t.Fatalf("LION_REQUIRE names %s, which can't run here: %s", name, missing)
	}
	Skip(t, "%s can't run here: %s", name, missing)
}

// Required are the implementations that LION_REQUIRE names, separated by
// commas: not to test one of them is a failure.
func Required() []string {
	return strings.FieldsFunc(os.Getenv("LION_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' })
}
