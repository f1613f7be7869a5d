//go:build unix

package main

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const sample = `package lion

type pair struct{ a, b int }

const size = 7

func (p pair) sum(_ int, more ...int) (n int, ok bool) {
	n = p.a &^ size
	for _, x := range more {
		n += x
	}
	if n > 9 {
		return int(uint64(n)), true
	}
	return n, ok
}

//go:noinline
func least[T int | uint](x, y T) T { return min(x, y) }

//go:nosplit
func pinnedOne(x int) int { return x + 1 }
`

// parsed is what goMutants finds in a file of one text.
func parsed(t *testing.T, text string) (*goFile, []*goMutant) {
	t.Helper()
	files, err := parsePackage("", []string{"x.go"}, func(string) ([]byte, error) { return []byte(text), nil })
	require.NoError(t, err)
	return files[0], goMutants(files[0])
}

// TestGoMutants lists what is changed, and how.
func TestGoMutants(t *testing.T) {
	_, ms := parsed(t, sample)
	var names []string
	for _, m := range ms {
		names = append(names, strings.TrimPrefix(m.String(), "x.go"))
	}
	assert.Equal(t, strings.Split(strings.TrimSpace(`
: const size = 7 → const size = 8
: const size = 7 → const size = 6
 sum: n = p.a &^ size → deleted
 sum: for _, x := range more { → deleted
 sum: n = p.a &^ size → n = p.a & size
 sum: n = p.a &^ size → n = p.a
 sum: n = p.a &^ size → n = p.b &^ size
 sum: n += x → deleted
 sum: n += x → n -= x
 sum: if n > 9 { → if true || (n > 9) {
 sum: if n > 9 { → if false && (n > 9) {
 sum: if n > 9 { → if n >= 9 {
 sum: if n > 9 { → if n > 10 {
 sum: if n > 9 { → if n > 8 {
 sum: return int(uint64(n)), true → return *new(int), true
 sum: return int(uint64(n)), true → return int(uint64(n)), false
 sum: return int(uint64(n)), true → return int(int32(uint64(n))), true
 sum: return int(uint64(n)), true → return int(uint64(uint32(n))), true
 sum: return n, ok → return *new(int), ok
 sum: return n, ok → return n, true
 sum: return n, ok → return n, false
 least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return *new(T) }
 least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return max(x, y) }
 least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return x }
 least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return y }
 least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return min(y, y) }
 least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return min(x, x) }
 pinnedOne: func pinnedOne(x int) int { return x + 1 } → func pinnedOne(x int) int { return *new(int) }
 pinnedOne: func pinnedOne(x int) int { return x + 1 } → func pinnedOne(x int) int { return x - 1 }
 pinnedOne: func pinnedOne(x int) int { return x + 1 } → func pinnedOne(x int) int { return x + 2 }
 pinnedOne: func pinnedOne(x int) int { return x + 1 } → func pinnedOne(x int) int { return x + 0 }
`), "\n"), trimmed(names))
	for _, m := range ms {
		assert.Equal(t, strings.Contains(m.String(), " sum:") || strings.Contains(m.String(), " least:"), m.fn != nil, m)
	}
}

// trimmed undoes what a raw string's first line loses.
func trimmed(names []string) []string {
	names[0] = strings.TrimSpace(names[0])
	return names
}

// TestCoveredBlocks reads a profile.
func TestCoveredBlocks(t *testing.T) {
	bs := coveredBlocks("mode: set\nx/y.go:3.10,5.2 2 1\nx/y.go:7.1,8.2 1 0\n")
	require.Len(t, bs, 1)
	assert.Equal(t, block{"x/y.go", 3, 10, 5, 2}, bs[0])
	for _, c := range []struct {
		line, column int
		want         bool
	}{{3, 9, false}, {3, 10, true}, {4, 1, true}, {5, 2, true}, {5, 3, false}, {6, 1, false}} {
		assert.Equal(t, c.want, bs[0].holds(c.line, c.column), "%d.%d", c.line, c.column)
	}
}

const sampleTest = `package lion

import "testing"

func TestSum(t *testing.T) {
	if n, ok := (pair{9, 1}).sum(0, 2, 3); n != 13 || !ok {
		t.Fatal(n, ok)
	}
	if n, ok := (pair{9, 1}).sum(0); n != 8 || ok {
		t.Fatal(n, ok)
	}
}

func TestLeast(t *testing.T) {
	if least(2, 3) != 2 || pinnedOne(1) != 2 {
		t.Fatal()
	}
}
`

// TestGoRun tries the sample's mutants by tests that leave some holes.
func TestGoRun(t *testing.T) {
	home, err := os.Getwd()
	require.NoError(t, err)
	require.NoError(t, os.Chdir(t.TempDir()))
	t.Cleanup(func() { assert.NoError(t, os.Chdir(home)) })
	for name, text := range map[string]string{"go.mod": "module " + module + "\n\ngo 1.22\n", "x.go": sample, "x_test.go": sampleTest} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o666))
	}
	r, err := newGoRun(t.TempDir(), nil)
	require.NoError(t, err)
	r.env = environ(runtime.GOARCH) // whose cache has the standard library
	require.NoError(t, r.prepare(r.all))
	results, err := r.tryAll(r.all, 2, false)
	require.NoError(t, err)
	var left []string
	for i, m := range r.all {
		if results[i] == survived {
			left = append(left, strings.TrimPrefix(m.String(), "x.go sum: "))
		}
	}
	assert.Equal(t, []string{
		"if n > 9 { → if n >= 9 {",
		"if n > 9 { → if n > 10 {",
		"if n > 9 { → if n > 8 {",
		"return int(uint64(n)), true → return int(int32(uint64(n))), true",
		"return int(uint64(n)), true → return int(uint64(uint32(n))), true",
		"return n, ok → return n, false",
		"x.go least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return x }",
		"x.go least: func least[T int | uint](x, y T) T { return min(x, y) } → func least[T int | uint](x, y T) T { return min(x, x) }",
	}, left)
}

func TestOtherData(t *testing.T) {
	for _, c := range []struct {
		entry string
		size  int
		want  string
	}{{"0x0f1e", 8, "0xf1f"}, {"7", 4, "0x6"}, {"0", 4, "0x80000000"}, {"0", 8, "0x8000000000000000"}, {"-1", 4, "0x7fffffff"}, {"$-1", 8, ""}, {"-2", 8, "0xffffffffffffffff"}} {
		got, err := otherData(c.entry, c.size)
		if assert.Equal(t, c.want == "", err != nil, c.entry) && err == nil {
			assert.Equal(t, c.want, got, c.entry)
		}
	}
}
