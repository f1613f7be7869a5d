package prove

import (
	"fmt"
	"math"
	"math/bits"
	"os"
	"sync/atomic"
)

// Every F16 that a test compares is compared here, because of one emulator: Bochs
// 2.7 has VCVTPS2PH round exact ties away from zero, where every CPU rounds them to
// even. LION_F16_TIES=away has tests accept that, and nothing else, and say so.
var tiesAway = os.Getenv("LION_F16_TIES") == "away"

// TiesAway says whether such ties are accepted.
func TiesAway() bool { return tiesAway }

var tiesAccepted atomic.Uint64

// TieAccepted says whether got stands for want, an F16, after all: want is even,
// as a tie's result is, and got is next to it, away from zero.
func TieAccepted(got, want uint16) bool {
	if !tiesAway || want%2 != 0 || got != want+1 || uint64(want&0x7fff) >= F16.Inf() {
		return false
	}
	if n := tiesAccepted.Add(1); bits.OnesCount64(n) == 1 { // the 1st, 2nd, 4th, 8th, …
		fmt.Printf("LION_F16_TIES=away: accepted %04x for %04x, a tie away from zero (%d such so far)\n", got, want, n)
	}
	return true
}

// TieOf is TieAccepted where what was rounded is known, and must be a tie.
func TieOf(x float32, got, want uint16) bool {
	if !tiesAway {
		return false
	}
	a, b := F16.Value(uint64(want&^0x8000)), F16.Value(uint64(got&^0x8000))
	if uint64(got&^0x8000) == F16.Inf() {
		b = 65536 // what the next power would be
	}
	return math.Abs(float64(x)) == (a+b)/2 && TieAccepted(got, want)
}
