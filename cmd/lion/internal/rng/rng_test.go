package rng

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShuffle(t *testing.T) {
	r := Source(4)
	x := make([]int, 1000)
	for i := range x {
		x[i] = i
	}
	r.Shuffle(x)
	seen, moved := make([]bool, len(x)), 0
	for i, v := range x {
		require.False(t, seen[v])
		seen[v] = true
		if v != i {
			moved++
		}
	}
	assert.Greater(t, moved, 900)
}
