package lion

import (
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// TestGradStatsGuardPages: statistics read nothing outside the gradient, which
// may be read-only.
func TestGradStatsGuardPages(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for i := range gradKinds {
			k := &gradKinds[i]
			f := prove.NewFences(t, (StatsBlock+70)*k.elem.Size)[0]
			lengths := []int{tile - 1, tile, tile + 1, StatsBlock - 1, StatsBlock, StatsBlock + 1, StatsBlock + 70}
			for n := range 70 {
				lengths = append(lengths, n)
			}
			for _, n := range lengths {
				content := k.elem.Elements(prove.NewRand(uint64(n)), n+1, (*prove.Element).Ordinary)
				for _, atEnd := range []bool{false, true} {
					f.ReadOnly(false)
					grad := f.Place(n*k.elem.Size, atEnd)
					copy(unsafe.Slice((*byte)(grad), n*k.elem.Size), content)
					f.ReadOnly(true)
					assert.NoError(t, prove.Faults(func() {
						p, err := k.part(0, grad, n)
						assert.NoError(t, err)
						assert.True(t, sameStats(plainStats(k, grad, n), p.Stats()), "%s n=%d", k.name, n)
					}), "%s n=%d atEnd=%v", k.name, n, atEnd)
				}
			}
		}
	})
}
