package prove

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSlabSees is for the sentinels: they must not look like what is stepped.
func TestSlabSees(t *testing.T) {
	s := NewSlab(64)
	for _, off := range []int{0, 4, 60, 15 * 8} {
		s.Load(off, bytes.Repeat([]byte{1}, 64))
		assert.True(t, s.Intact())
		for _, at := range []int{s.start - 1, s.end, s.start - margin, s.end + margin - 1} {
			s.mem[at]++
			assert.False(t, s.Intact())
			s.mem[at]--
		}
	}
}
