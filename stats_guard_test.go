//go:build unix

package lion

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestGradStatsGuardPages: statistics read nothing outside the gradient, which
// may be read-only.
func TestGradStatsGuardPages(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for i := range gradKinds {
			k := &gradKinds[i]
			f := newFence(t, (StatsBlock+70)*k.elem.size)
			lengths := []int{tile - 1, tile, tile + 1, StatsBlock - 1, StatsBlock, StatsBlock + 1, StatsBlock + 70}
			for n := range 70 {
				lengths = append(lengths, n)
			}
			for _, n := range lengths {
				content := k.elem.randomElements(&prng{uint64(n)}, n+1, (*elem).ordinary)
				for _, atEnd := range []bool{false, true} {
					require.NoError(t, unix.Mprotect(f.inside, unix.PROT_READ|unix.PROT_WRITE))
					grad := f.place(n*k.elem.size, atEnd)
					copy(unsafe.Slice((*byte)(grad), n*k.elem.size), content)
					require.NoError(t, unix.Mprotect(f.inside, unix.PROT_READ))
					assert.NoError(t, faults2error(func() {
						p, err := k.part(0, grad, n)
						assert.NoError(t, err)
						assert.True(t, sameStats(plainStats(k, grad, n), p.Stats()), "%s n=%d", k.name, n)
					}), "%s n=%d atEnd=%v", k.name, n, atEnd)
				}
			}
		}
	})
}
