//go:build !purego

package lion

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// TestGradStatsKernelsFinish: AVX2's kernels don't leave finite numbers to plain Go,
// whose bits are the same, so that no other test would notice.
func TestGradStatsKernelsFinish(t *testing.T) {
	if missing := missingAVX2(); missing != "" {
		t.Skip(missing)
	}
	const n = 48
	for i, kernel := range []summer{statsF32AVX2, statsF64AVX2, statsBF16AVX2, statsF16AVX2} {
		k := &gradKinds[i]
		content := k.elem.randomElements(&prng{53}, n, (*elem).ordinary)
		p := unsafe.Pointer(&content[0])
		var b, want blockStats
		for i := range n {
			x := math.Abs(k.number(k.elem.get(p, i)))
			want.sums[i%16] += float64(x * x)
			want.maxAbs = max(want.maxAbs, x)
		}
		kernel(&b, p, n)
		assert.Equal(t, want, b, k.name)
	}
}
