package lion_test

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
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
