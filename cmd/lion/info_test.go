package main

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/internal/tune"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInfo(t *testing.T) {
	code, stdout, stderr := lionCommand("info")
	require.Equal(t, cli.OK, code, stderr)
	assert.Empty(t, stderr)
	for _, name := range []string{"cpu", "threads", "features", "built for"} {
		assert.Regexp(t, `(?m)^`+name+` `, stdout)
	}
	assert.Contains(t, stdout, runtime.GOOS+"/"+runtime.GOARCH)
	for _, name := range lion.Implementations() {
		assert.Contains(t, stdout, fmt.Sprintf("\n%-16s yes\n", name))
	}
	for name, why := range lion.Unusable() {
		assert.Contains(t, stdout, fmt.Sprintf("\n%-16s no: %s\n", name, why))
	}
	assert.Len(t, regexp.MustCompile(`(?m)^\S+ +(yes$|no: )`).FindAllString(stdout, -1), len(lion.Implementations())+len(lion.Unusable()))
	_, names, _ := strings.Cut(stdout, "\nstorage ")
	assert.Equal(t, storage.Names(), strings.Fields(names))
	s, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	assert.Contains(t, stdout, "prefetching      "+prefetching(tune.Ahead, tune.Why())+"\n")
	assert.Contains(t, stdout, "implementation   "+s.Implementation()+": "+reason(os.Getenv("LION_IMPL"), os.Getenv("GODEBUG"), lion.Implementations(), lion.Unusable()))
}

func TestPrefetching(t *testing.T) {
	assert.Equal(t, "off: for a reason", prefetching(0, "for a reason"))
	assert.Equal(t, "512 bytes ahead: for a reason", prefetching(512, "for a reason"))
}

func TestReason(t *testing.T) {
	all, one := []string{"avx2", "generic"}, []string{"generic"}
	no512, no := map[string]string{"avx512": "no"}, map[string]string{"avx512": "no", "avx2": "no"}
	for _, c := range []struct {
		impl, godebug string
		usable        []string
		unusable      map[string]string
		want          string
	}{
		{"", "", all, no512, "the best of avx2, generic"},
		{"", "gctrace=1", all, nil, "the best of avx2, generic"},
		{"", "", one, no, "the only one that can run here"},
		{"", "", one, nil, "the only one in this build"},
		{"", "cpu.avx2=off", one, no, "the only one that can run here (GODEBUG=cpu.avx2=off)"},
		{"generic", "", all, no512, "LION_IMPL=generic asks for it"},
		{"avx2", "a=b,cpu.avx512f=off", all, no512, "LION_IMPL=avx2 asks for it (GODEBUG=cpu.avx512f=off)"},
	} {
		assert.Equal(t, c.want, reason(c.impl, c.godebug, c.usable, c.unusable))
	}
}

func TestWrap(t *testing.T) {
	assert.Equal(t, "", wrap(nil, 2, 10))
	assert.Equal(t, "one two\n  three four\n  five", wrap([]string{"one", "two", "three", "four", "five"}, 2, 12))
}

func TestSize(t *testing.T) {
	for n, want := range map[int]string{-1: "unknown", 32 << 10: "32 KiB", 1 << 20: "1 MiB", 1<<20 + 512<<10: "1536 KiB"} {
		assert.Equal(t, want, size(n))
	}
}
