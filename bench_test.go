package lion_test

// Benchmarks, named for benchstat: fmt=f32/n=1024/impl=avx2/decay=0.1.
//
//	BenchmarkStep          every format, size and implementation, and the traffic limits beside them
//	BenchmarkRatio         step and limit in turns, so that their ratio holds on a noisy machine
//	BenchmarkRule          the same for the other rules and decays
//	BenchmarkCall          the same for 64 elements, where the call's checks weigh most
//	BenchmarkMisaligned    misaligned slices and aligned ones in turns
//	BenchmarkGeneric       plain Go, on signs that a branch predictor knows and on signs that it can't
//	BenchmarkNew           making a Stepper
//	BenchmarkStopTheWorld  how long a step over a large slice holds up the garbage collector
//
// Bytes per second count the bytes that the format really moves. cycles/16 is
// the time of 16 elements in clock cycles, the clock taken from a chain of
// dependent instructions. x-limit is the step's time over that of the traffic
// limit: a loop with the same loads and stores and next to no arithmetic (see
// internal/limit), with or without prefetch, whichever is faster there.
//
// The three arrays are page-aligned, as Go aligns large slices. Gradients are
// random, none zero. A step's gradient is one of a ring of arrays that together
// fit the first-level cache with the rest (two of 1,024 float32): there a branch
// predictor can learn their signs. From 64 Ki elements on it can't, and
// BenchmarkGeneric shows what difference it makes. Momentum stays of the
// gradients' size, so never subnormal; with LR 1e-4 no number of steps that a
// benchmark can do makes a weight overflow.

import (
	"cmp"
	"fmt"
	"math"
	"math/rand"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
)

// benchFormats: one entry adds a format to every benchmark.
var benchFormats = []benchFormat{
	{"f32", limit.Pattern{Param: 4, Grad: 4, Momentum: 4}, benchData(lion.Stepper.StepF32)},
	{"f64", limit.Pattern{Param: 8, Grad: 8, Momentum: 8}, benchData(lion.Stepper.StepF64)},
}

type benchFormat struct {
	name    string
	pattern limit.Pattern
	// data makes the arrays for n elements, shifted from alignment by so many
	// elements each.
	data func(n int, shift shifts) benchArrays
}

type shifts struct{ param, grad, momentum int }

// benchArrays are what a step runs over: step does it k times; the traffic
// limits run over the same memory, and restore it when run twice.
type benchArrays struct {
	step   func(s lion.Stepper, k int) error
	arrays limit.Arrays
}

// benchVariant is what is run besides the format.
type benchVariant struct {
	rule        lion.Rule
	decay       lion.Decay
	weightDecay float64
}

// benchVariants are the paper's rule with and without decay.
var benchVariants = []benchVariant{
	{lion.Paper, lion.Decoupled, 0.1},
	{lion.Paper, lion.Decoupled, 0},
}

// benchRules are the other rules and decays that have kernels of their own.
var benchRules = []benchVariant{
	{lion.Paper, lion.DecoupledPaper, 0.1},
	{lion.Paper, lion.Independent, 1e-5},
	{lion.Paper, lion.Coupled, 0.1},
	{lion.MomentumFirst, lion.Decoupled, 0.1},
	{lion.MomentumFirst, lion.Coupled, 0.1},
	{lion.Cautious, lion.Decoupled, 0.1},
	{lion.BiasCorrected, lion.Decoupled, 0.1},
	{lion.Refined, lion.Decoupled, 0.1},
}

// String returns the benchmark name's last elements.
func (v benchVariant) String() string {
	if v.rule == lion.Paper && v.decay == lion.Decoupled {
		return fmt.Sprintf("decay=%g", v.weightDecay)
	}
	return fmt.Sprintf("rule=%v/decay=%v", v.rule, v.decay)
}

// stepper makes the variant's Stepper.
func (v benchVariant) stepper(b *testing.B, impl string) lion.Stepper {
	b.Helper()
	cfg := lion.DefaultConfig()
	cfg.Implementation, cfg.Rule, cfg.Decay, cfg.WeightDecay = impl, v.rule, v.decay, v.weightDecay
	s, err := lion.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	if v.rule == lion.BiasCorrected {
		return s.At(1000)
	}
	return s
}

const (
	l1Elements   = 1 << 10
	dramElements = 16 << 20
)

var benchSizes = []int{64, l1Elements, 64 << 10, 1 << 20, dramElements}

// asBytes returns the memory of x.
func asBytes[T any](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(x)*int(unsafe.Sizeof(x[0])))
}

// fillRandom gives x normally distributed values, none zero. After a million
// they repeat, which no branch predictor can notice.
func fillRandom[T float32 | float64](x []T, scale float64, seed int64) {
	const most = 1<<20 - 3
	r := rand.New(rand.NewSource(seed))
	for i := range x[:min(len(x), most)] {
		for x[i] == 0 {
			x[i] = T(scale * r.NormFloat64())
		}
	}
	for i := most; i < len(x); i += most {
		copy(x[i:], x[:most])
	}
}

// benchData makes a format's data function of its step.
func benchData[T float32 | float64](step func(s lion.Stepper, param, grad, momentum []T) error) func(int, shifts) benchArrays {
	return func(n int, shift shifts) benchArrays {
		const ringBytes = 8 << 10
		ring := make([][]T, max(1, ringBytes/(n*int(unsafe.Sizeof(*new(T))))))
		for i := range ring {
			ring[i] = limit.PageAligned[T](n, shift.grad)
			fillRandom(ring[i], 1, int64(i))
		}
		param, momentum := limit.PageAligned[T](n, shift.param), limit.PageAligned[T](n, shift.momentum)
		fillRandom(param, 0.02, -1)
		fillRandom(momentum, 0.3, -2)
		return benchArrays{
			step: func(s lion.Stepper, k int) error {
				next := 0
				for range k {
					if err := step(s, param, ring[next], momentum); err != nil {
						return err
					}
					if next++; next == len(ring) {
						next = 0
					}
				}
				return nil
			},
			arrays: limit.Arrays{Param: asBytes(param), Grad: asBytes(ring[0]), Momentum: asBytes(momentum)},
		}
	}
}

func (d benchArrays) timer(b *testing.B, s lion.Stepper) limit.Timer {
	return limit.Time(func(k int) {
		if err := d.step(s, k); err != nil {
			b.Fatal(err)
		}
	})
}

func limitTimer(b *testing.B, l limit.Loop, a limit.Arrays) limit.Timer {
	b.Helper()
	c, err := l.Bind(a)
	if err != nil {
		b.Fatal(err)
	}
	return c.Timer()
}

// limitsOf returns the limit loops of an instruction set.
func limitsOf(p limit.Pattern, isa string) []limit.Loop {
	return slices.DeleteFunc(limit.Loops(p), func(l limit.Loop) bool { return l.ISA != isa })
}

// report gives the figures of a step that took so many nanoseconds.
func report(b *testing.B, n, bytes int, ns float64) {
	b.ReportMetric(ns, "ns/op")
	b.ReportMetric(float64(n*bytes)/ns*1e3, "MB/s")
	b.ReportMetric(ns/float64(n)*16*limit.ClockGHz(), "cycles/16")
}

// turns runs the timers in b.N rounds, at least seven.
func turns(b *testing.B, timers ...limit.Timer) [][]float64 {
	b.ResetTimer()
	defer b.StopTimer()
	return limit.Turns(max(7, b.N), timers)
}

func BenchmarkStep(b *testing.B) {
	for _, f := range benchFormats {
		for _, n := range benchSizes {
			var d benchArrays // made when the first benchmark that is asked for needs it
			run := func(name string, t func(b *testing.B) limit.Timer) {
				b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s", f.name, n, name), func(b *testing.B) {
					if d.step == nil {
						d = f.data(n, shifts{})
					}
					t := t(b)
					t(1)
					b.ResetTimer()
					report(b, n, f.pattern.Bytes(), t(b.N))
				})
			}
			for _, impl := range lion.Implementations() {
				for _, v := range benchVariants {
					run(impl+"/"+v.String(), func(b *testing.B) limit.Timer { return d.timer(b, v.stepper(b, impl)) })
				}
				// With or without prefetch: the faster of the two in a short trial.
				if loops := limitsOf(f.pattern, impl); len(loops) != 0 {
					best := -1
					run("limit-"+impl, func(b *testing.B) limit.Timer {
						var timers []limit.Timer
						for _, l := range loops {
							timers = append(timers, limitTimer(b, l, d.arrays))
						}
						if best < 0 {
							best = limit.Fastest(timers)
						}
						return timers[best]
					})
				}
			}
		}
	}
}

// benchRatio compares a variant's steps with their traffic limits.
func benchRatio(b *testing.B, sizes []int, variants []benchVariant) {
	for _, f := range benchFormats {
		for _, n := range sizes {
			var d benchArrays
			for _, impl := range lion.Implementations() {
				loops := limitsOf(f.pattern, impl)
				for _, v := range variants {
					b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s/%v", f.name, n, impl, v), func(b *testing.B) {
						if d.step == nil {
							d = f.data(n, shifts{})
						}
						timers := []limit.Timer{d.timer(b, v.stepper(b, impl))}
						for _, l := range loops {
							timers = append(timers, limitTimer(b, l, d.arrays))
						}
						times := turns(b, timers...)
						report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
						// Plain Go has no loop of its own, and only its time is reported.
						if len(loops) != 0 {
							slices.SortFunc(times[1:], func(x, y []float64) int { return cmp.Compare(limit.Median(x), limit.Median(y)) })
							b.ReportMetric(limit.Median(times[1]), "limit-ns/op")
							b.ReportMetric(limit.Ratio(times[0], times[1]), "x-limit")
						}
					})
				}
			}
		}
	}
}

func BenchmarkRatio(b *testing.B) { benchRatio(b, benchSizes[1:], benchVariants) }

func BenchmarkCall(b *testing.B) { benchRatio(b, benchSizes[:1], benchVariants) }

func BenchmarkRule(b *testing.B) { benchRatio(b, []int{l1Elements, dramElements}, benchRules) }

// x-aligned is the time of misaligned slices over that of aligned ones.
func BenchmarkMisaligned(b *testing.B) {
	for _, f := range benchFormats {
		for _, n := range []int{l1Elements, dramElements} {
			var aligned benchArrays
			for _, shift := range []shifts{{0, 1, 1}, {1, 6, 11}, {15, 4, 9}} {
				var d benchArrays
				for _, impl := range lion.Implementations() {
					name := fmt.Sprintf("fmt=%s/n=%d/impl=%s/shift=%d,%d,%d", f.name, n, impl, shift.param, shift.grad, shift.momentum)
					b.Run(name, func(b *testing.B) {
						if aligned.step == nil {
							aligned = f.data(n, shifts{})
						}
						if d.step == nil {
							d = f.data(n, shift)
						}
						s := benchVariants[0].stepper(b, impl)
						times := turns(b, d.timer(b, s), aligned.timer(b, s))
						report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
						b.ReportMetric(limit.Ratio(times[0], times[1]), "x-aligned")
					})
				}
			}
		}
	}
}

// Plain Go on gradients whose signs a branch predictor can learn (the same few
// thousand again and again) and on a million in turn: code without branches on
// data takes the same time.
func BenchmarkGeneric(b *testing.B) {
	for _, v := range benchVariants {
		for _, signs := range []string{"learnt", "new"} {
			b.Run(fmt.Sprintf("fmt=f32/n=%d/signs=%s/%v", l1Elements, signs, v), func(b *testing.B) {
				grad := limit.PageAligned[float32](l1Elements, 0)
				if signs == "new" {
					grad = limit.PageAligned[float32](1<<20, 0)
				}
				fillRandom(grad, 1, 1)
				param, momentum := limit.PageAligned[float32](l1Elements, 0), limit.PageAligned[float32](l1Elements, 0)
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
				param, grad, momentum = limit.PageAligned[float32](n, 0), limit.PageAligned[float32](n, 0), limit.PageAligned[float32](n, 0)
				fillRandom(param, 0.02, 1)
				fillRandom(grad, 1, 2)
			}
			s := benchVariants[0].stepper(b, impl)
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
