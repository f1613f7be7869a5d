//go:build !purego && !noasm

package lion

import (
	"math"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// TestGradStatsKernelsFinish: the kernels don't leave finite numbers to plain Go,
// whose bits are the same, so that no other test would notice.
func TestGradStatsKernelsFinish(t *testing.T) {
	const n = 48
	for _, im := range []struct {
		name, missing string
		kernels       []summer
	}{
		{"avx512", missingAVX512(), []summer{statsF32AVX512, statsF64AVX512, statsBF16AVX512, statsF16AVX512}},
		{"avx2", missingAVX2(), []summer{statsF32AVX2, statsF64AVX2, statsBF16AVX2, statsF16AVX2}},
	} {
		t.Run("impl="+im.name, func(t *testing.T) {
			prove.MustRun(t, im.name, im.missing)
			for i, kernel := range im.kernels {
				k := &gradKinds[i]
				content := k.elem.Elements(prove.NewRand(53), n, (*prove.Element).Ordinary)
				p := unsafe.Pointer(&content[0])
				var b, want blockStats
				for i := range n {
					x := math.Abs(k.number(k.elem.Get(p, i)))
					want.sums[i%16] += float64(x * x)
					want.maxAbs = max(want.maxAbs, x)
				}
				kernel(&b, p, n)
				assert.Equal(t, want, b, k.name)
			}
		})
	}
}
