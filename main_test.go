package lion

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// What could not be tested here is told at the end of a plain go test too, which
// hides why tests were skipped. (Of a package that passes, go test ./... shows
// nothing at all: LION_REQUIRE is for that.)
func TestMain(m *testing.M) {
	code := m.Run()
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

// skip skips a test for which something is missing here, aloud.
func skip(t testing.TB, format string, args ...any) {
	t.Helper()
	line := "NOT TESTED: " + fmt.Sprintf(format, args...)
	untested.Lock()
	untested.lines = append(untested.lines, line)
	untested.Unlock()
	t.Skip(line)
}

// mustRun skips a test of an implementation that can't run here, or fails it where
// LION_REQUIRE names that one.
func mustRun(t testing.TB, name, missing string) {
	t.Helper()
	if missing == "" {
		return
	}
	if slices.Contains(required(), name) {
		t.Fatalf("LION_REQUIRE names %s, which can't run here: %s", name, missing)
	}
	skip(t, "%s can't run here: %s", name, missing)
}
