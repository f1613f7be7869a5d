package lion_test

import (
	"fmt"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
)

// x-alloc is the time of a step over arrays that lie otherwise, over that of one
// whose arrays are lion.Alloc's, in turns: what Alloc is worth. The others are what
// make returns, and arrays some distance apart in large pages. Run it by itself: make
// may return memory that was Alloc's, and is in large pages still.
func BenchmarkPlacement(b *testing.B) {
	for _, p := range []struct {
		name  string
		place func(n int) benchArrays
	}{
		{"make", func(n int) benchArrays { return float32s(make([]float32, n), make([]float32, n), make([]float32, n)) }},
		{"2^27", func(n int) benchArrays { return apart(n, 1<<27) }},
		{"2^27+64", func(n int) benchArrays { return apart(n, 1<<27+64) }},
		{"2^27+1024", func(n int) benchArrays { return apart(n, 1<<27+1<<10) }},
		{"2^27+16384", func(n int) benchArrays { return apart(n, 1<<27+16<<10) }},
	} {
		for _, n := range []int{16 << 10, 1 << 20, dramElements} {
			var others, alloc benchArrays // made when the first benchmark that is asked for needs them
			for _, impl := range assembly() {
				b.Run(fmt.Sprintf("fmt=f32/place=%s/n=%d/impl=%s", p.name, n, impl), func(b *testing.B) {
					if alloc.step == nil {
						others = p.place(n)
						alloc = float32s(lion.Alloc[float32](n, 0), lion.Alloc[float32](n, 1), lion.Alloc[float32](n, 2))
					}
					s := benchDecay[0].stepper(b, impl)
					times := turns(b, others.timer(b, s), alloc.timer(b, s))
					report(b, n, 20, limit.Median(times[0]))
					b.ReportMetric(limit.Median(times[1])/float64(n), "alloc-ns/elem")
					b.ReportMetric(limit.Ratio(times[0], times[1]), "x-alloc")
				})
			}
		}
	}
}

// apart are three arrays of n float32, each so many bytes behind the one before.
func apart(n, bytes int) benchArrays {
	whole := lion.Alloc[float32](2*bytes/4+n, 0)
	return float32s(whole[:n], whole[bytes/4:][:n], whole[2*bytes/4:][:n])
}

// float32s fills a step's arrays.
func float32s(param, grad, momentum []float32) benchArrays {
	fillRandom(param, 0.02, 0)
	fillRandom(grad, 1, 1)
	fillRandom(momentum, 0.3, 2)
	return benchArrays{step: func(s lion.Stepper, k int) error {
		for range k {
			if err := s.StepF32(param, grad, momentum); err != nil {
				return err
			}
		}
		return nil
	}}
}
