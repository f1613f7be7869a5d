package lion_test

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
	"github.com/lionkernel/lion/internal/prove"
)

// x-faster is the time of float32 over that of the format.
func BenchmarkAgainstF32(b *testing.B) {
	f32 := benchFormatNamed("f32")
	for _, n := range []int{l1Elements, dramElements} {
		var whole benchArrays
		for _, f := range benchFormats {
			if f.name == "f32" || f.name == "f64" {
				continue
			}
			var d benchArrays
			for _, impl := range lion.Implementations() {
				for _, v := range f.variants {
					b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s/%v", f.name, n, impl, v), func(b *testing.B) {
						if whole.step == nil {
							whole = f32.data(n)
						}
						if d.step == nil {
							d = f.data(n)
						}
						times := turns(b, d.timer(b, v.stepper(b, impl)), whole.timer(b, benchDecay[0].stepper(b, impl)))
						report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
						b.ReportMetric(limit.Median(times[1])/float64(n), "f32-ns/elem")
						b.ReportMetric(limit.Ratio(times[1], times[0]), "x-faster")
					})
				}
			}
		}
	}
}

// A step of float32 weights that takes a 16-bit gradient and writes a 16-bit copy of
// the weights, against StepF32 and then a pass that makes the copy: saved-passes is how
// much less time the one takes than the two, over that of the pass alone; x-three is
// against a pass that widens the gradient as well. Conversions run in the preferred
// implementation, and so does the step here.
func BenchmarkShadow(b *testing.B) {
	for _, n := range []int{l1Elements, 64 << 10, dramElements} {
		for _, x := range []struct {
			name          string
			narrow, widen func(n int) func([]float32) error
		}{
			{"master-bf16", narrowTo(lion.NarrowBF16), widenFrom(lion.WidenBF16)},
			{"master-f16", narrowTo(lion.NarrowF16), widenFrom(lion.WidenF16)},
		} {
			f := benchFormatNamed(x.name)
			impl := preferred(b)
			b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s", f.name, n, impl), func(b *testing.B) {
				s := benchDecay[0].stepper(b, impl)
				one, two := f.data(n), benchFormatNamed("f32").data(n)
				narrow, widen := x.narrow(n), x.widen(n)
				weight := floats(two.arrays.Param)
				passes := func(each ...func() error) limit.Timer {
					return limit.Time(func(k int) {
						for range k {
							for _, pass := range each {
								if err := pass(); err != nil {
									b.Fatal(err)
								}
							}
						}
					})
				}
				before := func() error { return widen(floats(two.arrays.Grad)) }
				step := func() error { return two.step(s, 1) }
				after := func() error { return narrow(weight) }
				times := turns(b, one.timer(b, s), passes(step, after), passes(after), passes(before, step, after))
				report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
				b.ReportMetric(limit.Median(times[1])/float64(n), "two-passes-ns/elem")
				b.ReportMetric(limit.Median(times[2])/float64(n), "pass-ns/elem")
				b.ReportMetric(limit.Ratio(times[1], times[0]), "x-faster")
				b.ReportMetric(limit.Ratio(times[3], times[0]), "x-three")
				saved := make([]float64, len(times[0]))
				for i := range saved {
					saved[i] = (times[1][i] - times[0][i]) / times[2][i]
				}
				b.ReportMetric(limit.Median(saved), "saved-passes")
			})
		}
	}
}

// narrowTo makes a function that makes a function that narrows n elements.
func narrowTo[T element](narrow func(dst []T, src []float32) error) func(n int) func([]float32) error {
	return func(n int) func([]float32) error {
		dst := lion.Alloc[T](n, 3)
		clear(dst)
		return func(src []float32) error { return narrow(dst, src) }
	}
}

// widenFrom makes a function that makes a function that widens n elements.
func widenFrom[T element](widen func(dst []float32, src []T) error) func(n int) func([]float32) error {
	return func(n int) func([]float32) error {
		src := lion.Alloc[T](n, 3)
		fillRandom(src, 1, 0)
		return func(dst []float32) error { return widen(dst, src) }
	}
}

// floats are the float32 at b.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// preferred is the implementation that is used when nobody names one.
func preferred(b *testing.B) string { return benchDecay[0].stepper(b, "").Implementation() }

// x-fused is the time of what is composed of tiles over that of the fused kernel
// beside it, which moves the same bytes to and from memory.
func BenchmarkComposed(b *testing.B) {
	fused := func(r lion.Rule) benchVariant { return benchVariant{rule: r, weightDecay: 0.1} }
	with := func(r lion.Rule, d lion.Decay) benchVariant { return benchVariant{rule: r, decay: d, weightDecay: 0.1} }
	for _, n := range []int{l1Elements, 64 << 10, dramElements} {
		for _, x := range []struct {
			format   string
			variants [][2]benchVariant
		}{
			{"f32", [][2]benchVariant{
				{with(lion.MomentumFirst, lion.DecoupledPaper), fused(lion.MomentumFirst)},
				{with(lion.Cautious, lion.Coupled), fused(lion.Cautious)},
				{with(lion.Cautious, lion.DecoupledPaper), fused(lion.Cautious)},
				{with(lion.BiasCorrected, lion.Coupled), fused(lion.BiasCorrected)},
				{with(lion.BiasCorrected, lion.DecoupledPaper), fused(lion.BiasCorrected)},
				{with(lion.Refined, lion.Coupled), fused(lion.Refined)},
				{with(lion.Refined, lion.DecoupledPaper), fused(lion.Refined)},
				{with(lion.Smooth, lion.Coupled), fused(lion.Smooth)},
				{with(lion.Smooth, lion.DecoupledPaper), fused(lion.Smooth)},
				{fused(lion.Smooth), fused(lion.Paper)}, // fused both
			}},
			{"f64", [][2]benchVariant{
				{with(lion.Cautious, lion.Coupled), fused(lion.Cautious)},
				{with(lion.Refined, lion.DecoupledPaper), fused(lion.Refined)},
			}},
			{"bf16", [][2]benchVariant{
				{fused(lion.MomentumFirst), fused(lion.Paper)},
				{fused(lion.Refined), fused(lion.Paper)},
				{with(lion.Paper, lion.Coupled), fused(lion.Paper)},
			}},
			{"master-bf16", [][2]benchVariant{{fused(lion.MomentumFirst), fused(lion.Paper)}}},
		} {
			f := benchFormatNamed(x.format)
			var d benchArrays
			for _, impl := range assembly() {
				for _, v := range x.variants {
					b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s/rule=%v/decay=%v", f.name, n, impl, v[0].rule, v[0].decay), func(b *testing.B) {
						if d.step == nil {
							d = f.data(n)
						}
						times := turns(b, d.timer(b, v[0].stepper(b, impl)), d.timer(b, v[1].stepper(b, impl)))
						report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
						b.ReportMetric(limit.Median(times[1])/float64(n), "fused-ns/elem")
						b.ReportMetric(limit.Ratio(times[0], times[1]), "x-fused")
					})
				}
			}
		}
	}
}

func BenchmarkGradStats(b *testing.B) {
	for _, n := range []int{l1Elements, 64 << 10, dramElements} {
		benchGradStats[float32](b, "f32", n)
		benchGradStats[float64](b, "f64", n)
		benchGradStats[lion.BF16](b, "bf16", n)
		benchGradStats[lion.F16](b, "f16", n)
	}
}

func benchGradStats[T interface {
	element
	lion.Gradient
}](b *testing.B, name string, n int) {
	size := int(unsafe.Sizeof(*new(T)))
	impl := preferred(b)
	b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s", name, n, impl), func(b *testing.B) {
		grad := lion.Alloc[T](n, 0)
		fillRandom(grad, 1, 0)
		timers := []limit.Timer{limit.Time(func(k int) {
			for range k {
				statsSink = lion.GradStats(grad)
			}
		})}
		for _, l := range limitsOf(limit.Pattern{Grad: size}, impl) {
			timers = append(timers, limitTimer(b, l, limit.Arrays{Grad: asBytes(grad)}))
		}
		times := turns(b, timers...)
		report(b, n, size, limit.Median(times[0]))
		reportLimit(b, times)
	})
}

var statsSink lion.Stats

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

// BenchmarkConvert converts whole slices, with cycling implementations; bytes
// are those read and written.
func BenchmarkConvert(b *testing.B) {
	for _, n := range []int{1 << 10, 64 << 10, 16 << 20} {
		f, h, lo := make([]float32, n), make([]uint16, n), make([]uint16, n)
		for i, r := 0, (prove.NewRand(1)); i < n; i++ {
			f[i] = float32(int32(r.Next())) / (1 << 31)
		}
		bf, f16 := unsafe.Slice((*lion.BF16)(&h[0]), n), unsafe.Slice((*lion.F16)(&h[0]), n)
		for _, conv := range []struct {
			name  string
			bytes int
			run   func() error
		}{
			{"fmt=bf16/narrow", 6, func() error { return lion.NarrowBF16(bf, f) }},
			{"fmt=bf16/widen", 6, func() error { return lion.WidenBF16(f, bf) }},
			{"fmt=f16/narrow", 6, func() error { return lion.NarrowF16(f16, f) }},
			{"fmt=f16/widen", 6, func() error { return lion.WidenF16(f, f16) }},
			{"fmt=split/split", 8, func() error { return lion.Split(bf, lo, f) }},
			{"fmt=split/join", 8, func() error { return lion.Join(f, bf, lo) }},
		} {
			for _, impl := range lion.Implementations() {
				b.Run(fmt.Sprintf("%s/n=%d/impl=%s", conv.name, n, impl), func(b *testing.B) {
					lion.Prefer(b, impl)
					b.SetBytes(int64(n * conv.bytes))
					for i := 0; i < b.N; i++ {
						if err := conv.run(); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/elem")
				})
			}
		}
	}
}

// BenchmarkRounding steps 16-bit formats by both roundings.
func BenchmarkRounding(b *testing.B) {
	for _, n := range []int{1 << 10, 16 << 20} {
		p, g, m := make([]uint16, n), make([]uint16, n), make([]uint16, n)
		for i, r := 0, (prove.NewRand(1)); i < n; i++ {
			x := r.Next() // of ordinary size in either format
			p[i], g[i], m[i] = uint16(0x3e80|x&0x807f), uint16(0x3e80|x>>16&0x807f), uint16(0x3e80|x>>32&0x807f)
		}
		for _, rounding := range []lion.Rounding{lion.NearestRounding, lion.StochasticRounding} {
			for _, impl := range lion.Implementations() {
				cfg := lion.DefaultConfig()
				cfg.Rounding, cfg.Implementation = rounding, impl
				s, err := lion.New(cfg)
				if err != nil {
					b.Fatal(err)
				}
				s = s.At(1)
				bf := func(s []uint16) []lion.BF16 { return unsafe.Slice((*lion.BF16)(&s[0]), n) }
				f16 := func(s []uint16) []lion.F16 { return unsafe.Slice((*lion.F16)(&s[0]), n) }
				for name, step := range map[string]func() error{
					"bf16": func() error { return s.StepBF16(bf(p), bf(g), bf(m)) },
					"f16":  func() error { return s.StepF16(f16(p), f16(g), f16(m)) },
				} {
					b.Run(fmt.Sprintf("fmt=%s/rounding=%v/n=%d/impl=%s", name, rounding, n, cfg.Implementation), func(b *testing.B) {
						b.SetBytes(int64(10 * n))
						for i := 0; i < b.N; i++ {
							if err := step(); err != nil {
								b.Fatal(err)
							}
						}
						b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/elem")
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
