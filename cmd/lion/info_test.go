package main

import (
	"os"
	"runtime"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInfo(t *testing.T) {
	code, stdout, stderr := lionCommand("info")
	require.Equal(t, exitOK, code, stderr)
	assert.Empty(t, stderr)
	for _, name := range []string{"cpu", "threads", "features", "built for"} {
		assert.Regexp(t, `(?m)^`+name+` `, stdout)
	}
	assert.Contains(t, stdout, runtime.GOOS+"/"+runtime.GOARCH)
	usable := map[string]bool{}
	for _, impl := range lion.Implementations() {
		usable[impl] = true
	}
	for _, k := range known {
		want := "no: "
		if usable[k.name] {
			want = "yes$"
			delete(usable, k.name)
		}
		assert.Regexp(t, `(?m)^`+k.name+` +`+want, stdout)
	}
	assert.Empty(t, usable, "implementations that info doesn't know")
	s, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	assert.Contains(t, stdout, "implementation   "+s.Implementation()+": "+reason(os.Getenv("LION_IMPL"), os.Getenv("GODEBUG"), lion.Implementations()))
}

func TestReason(t *testing.T) {
	all := []string{"avx2", "generic"}
	for _, c := range []struct {
		impl, godebug string
		usable        []string
		want          string
	}{
		{"", "", all, "the best of avx2, generic"},
		{"", "gctrace=1", all, "the best of avx2, generic"},
		{"", "", []string{"generic"}, "the only one here"},
		{"", "cpu.avx2=off", []string{"generic"}, "the only one here (GODEBUG=cpu.avx2=off)"},
		{"generic", "", all, "LION_IMPL=generic asks for it"},
		{"avx2", "a=b,cpu.avx512f=off", all, "LION_IMPL=avx2 asks for it (GODEBUG=cpu.avx512f=off)"},
	} {
		assert.Equal(t, c.want, reason(c.impl, c.godebug, c.usable))
	}
}

func TestObstacle(t *testing.T) {
	bare := &cpuid.CPUInfo{}
	i := implementation{"avx2", runtime.GOARCH, []cpuid.FeatureID{cpuid.AVX2}}
	assert.Equal(t, "the CPU or its operating system lacks AVX2", i.obstacle(bare))
	i.features = nil
	t.Setenv("GODEBUG", "cpu.avx2=off")
	assert.Equal(t, "switched off by GODEBUG=cpu.avx2=off", i.obstacle(bare))
	i.arch = "abacus"
	assert.Equal(t, "it is for abacus", i.obstacle(bare))
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
