package checks

import (
	"math"
	"os"
	"runtime"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/x448/float16"
)

// TestWidenF16: all IEEE halves upward, NaNs with their payloads.
func TestWidenF16(t *testing.T) {
	src, dst := make([]lion.F16, 1<<16), make([]float32, 1<<16)
	for i := range src {
		src[i] = lion.F16(i)
	}
	require.NoError(t, lion.WidenF16(dst, src))
	for i, x := range src {
		want := math.Float32bits(float16.Frombits(uint16(i)).Float32())
		require.Equal(t, want, math.Float32bits(x.Float32()), "%04x", i)
		require.Equal(t, want, math.Float32bits(dst[i]), "%04x", i)
	}
}

// block narrows the float32 patterns with one upper half and counts those that
// the packages narrow differently; they keep different NaNs.
func block(upper uint32, src []float32, dst []lion.F16) (differ int, err error) {
	for i := range src {
		src[i] = math.Float32frombits(upper<<16 | uint32(i))
	}
	if err := lion.NarrowF16(dst, src); err != nil {
		return 0, err
	}
	for i, x := range src {
		want := float16.Fromfloat32(x)
		if want.IsNaN() {
			want = 0x7e00
		}
		if uint16(want) != uint16(dst[i]) || lion.ToF16(x) != dst[i] {
			differ++
		}
	}
	return differ, nil
}

// TestNarrowF16: float32 patterns downward, in blocks: a sample of them, all
// where LION_WALK=all.
func TestNarrowF16(t *testing.T) {
	stride := 61
	if os.Getenv("LION_WALK") == "all" {
		stride = 1
	}
	workers := runtime.GOMAXPROCS(0)
	type result struct {
		differ int
		err    error
	}
	results := make(chan result, workers)
	for w := range workers {
		go func() {
			var r result
			src, dst := make([]float32, 1<<16), make([]lion.F16, 1<<16)
			for u := w * stride; u < 1<<16 && r.err == nil; u += workers * stride {
				var k int
				k, r.err = block(uint32(u), src, dst)
				r.differ += k
			}
			results <- r
		}()
	}
	for range workers {
		assert.Equal(t, result{}, <-results)
	}
}
