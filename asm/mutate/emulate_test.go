//go:build unix

package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBatch runs here what else runs in an emulated machine, with scripts for
// programs.
func TestBatch(t *testing.T) {
	home, err := os.Getwd()
	require.NoError(t, err)
	require.NoError(t, os.Chdir(t.TempDir()))
	t.Cleanup(func() { assert.NoError(t, os.Chdir(home)) })

	script := func(commands string) []byte { return []byte("#!/bin/sh\n" + commands + "\n") }
	pristine := script(strings.Repeat(": well\n", 100) + `[ "$1" = asked ]`)
	var patches []patch
	for _, commands := range []string{
		`[ "$1" = asked ]`,
		"exit 1",
		"kill -SEGV $$",
		"while :; do :; done",
		strings.Repeat(": longer\n", 200) + "exit 0",
		"# cut short",
		"exit 3",
	} {
		patches = append(patches, difference(pristine, script(commands)))
	}
	require.NoError(t, os.WriteFile(testsFile, pristine, 0o777))
	require.NoError(t, writeBatch(batchFile, []string{"asked"}, patches))
	var out strings.Builder
	require.NoError(t, runBatch(&out, time.Second))
	assert.Equal(t, []bool{true, false, false, false, true, true, false}, verdicts(out.String()))
	left, err := os.ReadFile(testsFile)
	require.NoError(t, err)
	assert.Equal(t, pristine, left)

	require.NoError(t, writeBatch(batchFile, []string{"nothing"}, patches))
	assert.ErrorContains(t, runBatch(&out, time.Second), "without a mutant")
}

// TestVerdicts: what a machine prints beside them, and where it broke off.
func TestVerdicts(t *testing.T) {
	assert.Equal(t, []bool{true, false}, verdicts("boots\nmutant 0 passes: true\nnoise\nmutant 1 passes: false\nmutant 2 pas"))
	assert.Empty(t, verdicts("mutant 1 passes: true\n"))
}
