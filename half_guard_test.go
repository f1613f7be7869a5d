package lion

import (
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkConvertFences runs a conversion of n elements with each slice flush with
// a fence, and what it only reads read-only, and returns the fault, if any.
func checkConvertFences(t *testing.T, fences []*prove.Fence, c *converters, conv conversion, n, place int) error {
	at := make([]unsafe.Pointer, len(conv.sizes))
	for i, size := range conv.sizes {
		at[i] = fences[i].Place(n*size, place>>i&1 == 1)
		if i >= conv.writes {
			fences[i].ReadOnly(true)
		}
	}
	err := prove.Faults(func() { conv.run(c, at, n) })
	for _, f := range fences {
		f.ReadOnly(false)
	}
	return err
}

// TestConvertGuardPages: no conversion touches memory outside the slices, nor
// writes to what it reads.
func TestConvertGuardPages(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		fences := prove.NewFences(t, 4*70, 4*70, 4*70)
		for _, conv := range conversions {
			for n := range 70 {
				for place := range 1 << len(conv.sizes) {
					err := checkConvertFences(t, fences, &implementations[impl].convert, conv, n, place)
					require.NoError(t, err, "%s n=%d, slices at the end: %03b", conv.name, n, place)
				}
			}
		}
	})
}

// TestConvertFencesSeeFaults plants converters that read or write too much.
func TestConvertFencesSeeFaults(t *testing.T) {
	if prove.BrokenSignals != "" {
		prove.Skip(t, "%s", prove.BrokenSignals)
	}
	fences := prove.NewFences(t, 4*70, 4*70, 4*70)
	for name, k := range map[string]converter{
		"reads behind":  func(dst, src unsafe.Pointer, n int) { sink = uint64(*(*uint16)(unsafe.Add(src, 4*n))) },
		"reads before":  func(dst, src unsafe.Pointer, n int) { sink = uint64(*(*uint16)(unsafe.Add(src, -2))) },
		"writes behind": func(dst, src unsafe.Pointer, n int) { *(*uint16)(unsafe.Add(dst, 2*n)) = 0 },
		"writes to src": func(dst, src unsafe.Pointer, n int) { *(*uint16)(src) = 0 },
	} {
		c := genericConverters
		c.narrowBF16 = k
		saw := false
		for place := range 4 {
			saw = saw || checkConvertFences(t, fences, &c, conversions[1], 5, place) != nil
		}
		assert.True(t, saw, "a converter that %s goes unseen", name)
	}
}
