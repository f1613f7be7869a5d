package lion_test

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lionkernel/lion"
)

// Plain Go on gradients whose signs a branch predictor can learn (the same few
// thousand again and again) and on a million in turn: code without branches on
// data takes the same time.
func BenchmarkGeneric(b *testing.B) {
	for _, v := range benchPaper {
		for _, signs := range []string{"learnt", "new"} {
			b.Run(fmt.Sprintf("fmt=f32/n=%d/signs=%s/%v", l1Elements, signs, v), func(b *testing.B) {
				grad := lion.Alloc[float32](l1Elements, 1)
				if signs == "new" {
					grad = lion.Alloc[float32](1<<20, 1)
				}
				fillRandom(grad, 1, 1)
				param, momentum := lion.Alloc[float32](l1Elements, 0), lion.Alloc[float32](l1Elements, 2)
				fillRandom(param, 0.02, 2)
				s := v.stepper(b, "generic")
				at := 0
				start := time.Now()
				for range b.N {
					if err := s.StepF32(param, grad[at:at+l1Elements], momentum); err != nil {
						b.Fatal(err)
					}
					if at += l1Elements; at == len(grad) {
						at = 0
					}
				}
				report(b, l1Elements, 20, float64(time.Since(start))/float64(b.N))
			})
		}
	}
}

func BenchmarkNew(b *testing.B) {
	cfg := lion.DefaultConfig()
	cfg.WeightDecay = 0.1
	b.ReportAllocs()
	for range b.N {
		s, err := lion.New(cfg)
		if err != nil {
			b.Fatal(err)
		}
		newSink = s
	}
}

var newSink lion.Stepper

// One goroutine steps 100 million elements over and over while another forces
// collections. stw-ms is the median, stw-max-ms the largest, of the time that
// it took to stop the world, as /sched/pauses/stopping/gc:seconds has it (the
// upper edges of its buckets).
func BenchmarkStopTheWorld(b *testing.B) {
	if runtime.GOMAXPROCS(0) < 2 {
		b.Skip("one processor: nobody can ask a running step to stop")
	}
	const n = 100e6
	var param, grad, momentum []float32
	for _, impl := range lion.Implementations() {
		b.Run("fmt=f32/n=100000000/impl="+impl, func(b *testing.B) {
			if param == nil {
				param, grad, momentum = lion.Alloc[float32](n, 0), lion.Alloc[float32](n, 1), lion.Alloc[float32](n, 2)
				fillRandom(param, 0.02, 1)
				fillRandom(grad, 1, 2)
			}
			s := benchDecay[0].stepper(b, impl)
			var stop atomic.Bool
			started, done := make(chan struct{}), make(chan error)
			go func() {
				close(started)
				for !stop.Load() {
					if err := s.StepF32(param, grad, momentum); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
			<-started
			before := pauses()
			b.ResetTimer()
			for range b.N {
				runtime.GC()
			}
			b.StopTimer()
			after := pauses()
			stop.Store(true)
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			for i := range after.Counts {
				after.Counts[i] -= before.Counts[i]
			}
			b.ReportMetric(1e3*quantile(after, 0.5), "stw-ms")
			b.ReportMetric(1e3*quantile(after, 1), "stw-max-ms")
		})
	}
}

// pauses reads how often stopping the world for the collector took how long.
func pauses() *metrics.Float64Histogram {
	sample := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(sample)
	return sample[0].Value.Float64Histogram()
}

// quantile returns the upper edge of the bucket in which the quantile lies.
func quantile(h *metrics.Float64Histogram, q float64) float64 {
	var total, sum uint64
	for _, c := range h.Counts {
		total += c
	}
	for i, c := range h.Counts {
		if sum += c; c != 0 && float64(sum) >= q*float64(total) {
			return h.Buckets[i+1]
		}
	}
	return math.NaN()
}
