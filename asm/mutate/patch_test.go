//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPatch: a patch makes one file of the other, and what it made is undone.
func TestPatch(t *testing.T) {
	pristine := bytes.Repeat([]byte("0123456789"), 100)
	changed := func(f func(b []byte) []byte) []byte { return f(bytes.Clone(pristine)) }
	for name, mutant := range map[string][]byte{
		"the same": pristine,
		"a byte":   changed(func(b []byte) []byte { b[500]++; return b }),
		"far apart": changed(func(b []byte) []byte {
			b[0]++
			b[700]++
			b[999]++
			return b
		}),
		"longer":  changed(func(b []byte) []byte { b[3]++; return append(b, b[:333]...) }),
		"shorter": changed(func(b []byte) []byte { b[3]++; return b[:555] }),
		"empty":   {},
	} {
		path := filepath.Join(t.TempDir(), "program")
		require.NoError(t, os.WriteFile(path, pristine, 0o666))
		p := difference(pristine, mutant)
		require.NoError(t, p.apply(path))
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, mutant, got, name)
		require.NoError(t, p.revert(path, pristine))
		got, err = os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, pristine, got, name)
		size := 0
		for _, h := range p.Hunks {
			size += len(h.Text)
		}
		assert.LessOrEqual(t, size, 3*unit+max(0, len(mutant)-len(pristine)+unit), name)
	}
}
