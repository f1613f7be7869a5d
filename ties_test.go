package lion

import (
	"fmt"
	"math"
	"math/bits"
	"os"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every F16 that a test compares is compared here, because of one emulator: Bochs
// 2.7 has VCVTPS2PH round exact ties away from zero, where every CPU rounds them to
// even. LION_F16_TIES=away has tests accept that, and nothing else, and say so.
var tiesAway = os.Getenv("LION_F16_TIES") == "away"

var tiesAccepted atomic.Uint64

// tieAccepted says whether got stands for want, an F16, after all: want is even,
// as a tie's result is, and got is next to it, away from zero.
func tieAccepted(got, want uint16) bool {
	if !tiesAway || want%2 != 0 || got != want+1 || want&0x7fff >= f16Format.inf {
		return false
	}
	if n := tiesAccepted.Add(1); bits.OnesCount64(n) == 1 { // the 1st, 2nd, 4th, 8th, …
		fmt.Printf("LION_F16_TIES=away: accepted %04x for %04x, a tie away from zero (%d such so far)\n", got, want, n)
	}
	return true
}

// tieOf is tieAccepted where what was rounded is known, and must be a tie.
func tieOf(x float32, got, want uint16) bool {
	if !tiesAway {
		return false
	}
	a, b := f16Format.value(want&^0x8000), f16Format.value(got&^0x8000)
	if got&^0x8000 == f16Format.inf {
		b = 65536 // what the next power would be
	}
	return math.Abs(float64(x)) == (a+b)/2 && tieAccepted(got, want)
}

// sameHalves is assert.Equal for what floats were rounded to.
func sameHalves(t *testing.T, from []float32, got []F16, msg string) {
	t.Helper()
	for i, x := range from {
		if want := ToF16(x); got[i] != want && !tieOf(x, uint16(got[i]), uint16(want)) {
			t.Errorf("%s: [%d] is %04x, want %04x, of %g", msg, i, got[i], want, x)
			return
		}
	}
	assert.Len(t, got, len(from), msg)
}

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
		assert.Equal(t, away, tieAccepted(0x2f53, 0x2f52))
		assert.Equal(t, away, tieOf(tie, 0x2f53, 0x2f52))
		assert.Equal(t, away, tieOf(-tie, 0xaf53, 0xaf52))
		assert.Equal(t, away, tieOf(0x1p-25, 1, 0), "the smallest subnormal")
		for _, x := range []float32{math.Nextafter32(tie, 0), math.Nextafter32(tie, 1), 2 * tie} {
			assert.False(t, tieOf(x, 0x2f53, 0x2f52), "%g is no tie", x)
		}
		assert.False(t, tieAccepted(0x2f51, 0x2f52), "towards zero")
		assert.False(t, tieAccepted(0x2f54, 0x2f53), "from an odd number")
		assert.False(t, tieAccepted(0x2f54, 0x2f52))
		assert.False(t, tieAccepted(0x7c01, 0x7c00), "a NaN for an infinity")
	}
}
