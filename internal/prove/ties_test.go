package prove

import (
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTies: what is accepted, and that nothing is unless it is asked for.
func TestTies(t *testing.T) {
	switch v := os.Getenv("LION_F16_TIES"); v {
	case "", "away":
	default:
		t.Errorf("LION_F16_TIES is %q, not away", v)
	}
	defer func(was bool) { tiesAway = was }(tiesAway)
	tie := math.Float32frombits(0x3dea5000)
	for _, away := range []bool{false, true} {
		tiesAway = away
		assert.Equal(t, away, TieAccepted(0x2f53, 0x2f52))
		assert.Equal(t, away, TieOf(tie, 0x2f53, 0x2f52))
		assert.Equal(t, away, TieOf(-tie, 0xaf53, 0xaf52))
		assert.Equal(t, away, TieOf(0x1p-25, 1, 0), "the smallest subnormal")
		for _, x := range []float32{math.Nextafter32(tie, 0), math.Nextafter32(tie, 1), 2 * tie} {
			assert.False(t, TieOf(x, 0x2f53, 0x2f52), "%g is no tie", x)
		}
		assert.False(t, TieAccepted(0x2f51, 0x2f52), "towards zero")
		assert.False(t, TieAccepted(0x2f54, 0x2f53), "from an odd number")
		assert.False(t, TieAccepted(0x2f54, 0x2f52))
		assert.False(t, TieAccepted(0x7c01, 0x7c00), "a NaN for an infinity")
	}
}
