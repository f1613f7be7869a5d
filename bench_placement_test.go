package lion_test

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
)

// x-apart is the time of a step whose arrays are a multiple of 2^27 bytes apart, and
// some bytes, over that of one whose arrays lie 20 KiB behind each other. Large
// allocations often are that far apart, and some CPUs then take their lines for
// each other's.
func BenchmarkPlacement(b *testing.B) {
	const apart, cure = 1 << 27, 20 << 10
	for _, n := range []int{16 << 10, dramElements} {
		for _, extra := range []int{0, 64, 1 << 10, cure} {
			for _, impl := range assembly() {
				b.Run(fmt.Sprintf("n=%d/impl=%s/extra=%d", n, impl, extra), func(b *testing.B) {
					memory := limit.PageAligned[byte](2*(apart+extra) + 4*n)
					far := placed(memory, n, apart+extra)
					near := placed(limit.PageAligned[byte](3*(4*n+cure)), n, 4*n+cure)
					s := benchDecay[0].stepper(b, impl)
					times := turns(b, far.timer(b, s), near.timer(b, s))
					report(b, n, 20, limit.Median(times[0]))
					b.ReportMetric(limit.Ratio(times[0], times[1]), "x-apart")
				})
			}
		}
	}
}

// placed are three float32 arrays of n that begin so many bytes from each other.
func placed(memory []byte, n, apart int) benchArrays {
	var x [3][]float32
	for i := range x {
		x[i] = unsafe.Slice((*float32)(unsafe.Pointer(&memory[i*apart])), n)
		fillRandom(x[i], 1, i)
	}
	return benchArrays{step: func(s lion.Stepper, k int) error {
		for range k {
			if err := s.StepF32(x[0], x[1], x[2]); err != nil {
				return err
			}
		}
		return nil
	}}
}
