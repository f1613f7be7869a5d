//go:build unix

package main

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExplainedExist: each explanation is of mutants that there are. What is renamed
// leaves none behind.
func TestExplainedExist(t *testing.T) {
	home, err := os.Getwd()
	require.NoError(t, err)
	require.NoError(t, os.Chdir("../.."))
	t.Cleanup(func() { assert.NoError(t, os.Chdir(home)) })
	var all []fmt.Stringer
	for _, p := range []*plan{{arch: "amd64", sets: []string{"avx2", "avx512"}}, {arch: "arm64", sets: []string{"neon"}}} {
		ms, _, err := collect(p, nil)
		require.NoError(t, err)
		for _, m := range ms {
			all = append(all, m)
		}
	}
	r, err := newGoRun(t.TempDir(), nil)
	require.NoError(t, err)
	for _, m := range r.all {
		all = append(all, m)
	}
	for _, e := range slices.Concat(explained, goExplained) {
		assert.True(t, slices.ContainsFunc(all, func(m fmt.Stringer) bool { return explanations{e}.of(m) >= 0 }), e.mutants)
	}
}

// TestTrying: an excuse that names an instruction set ends where that one is tried.
func TestTrying(t *testing.T) {
	has := func(why string, sets ...string) bool {
		return slices.ContainsFunc(explained.trying(sets), func(x explanation) bool { return x.why == why })
	}
	assert.True(t, has(onlyAVX512, "avx2"))
	assert.False(t, has(onlyAVX512, "avx2", "avx512"))
	assert.False(t, has(onlyAVX512, "avx512"))
	assert.True(t, has(onlyAVX2, "avx512"))
	assert.False(t, has(onlyAVX2, "avx2", "avx512"))
	assert.Less(t, len(explained.trying([]string{"avx2", "avx512"})), len(explained))
}
