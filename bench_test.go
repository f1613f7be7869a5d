package lion_test

// Benchmarks, named for benchstat: fmt=f32/n=1024/impl=avx2/decay=0.1.
//
//	BenchmarkStep          every format, size and implementation, and the traffic limits beside them
//	BenchmarkRatio         step and limit in turns, so that their ratio holds on a noisy machine
//	BenchmarkCall          the same for 64 elements, where the call's checks weigh most
//	BenchmarkRule          the same for the other rules and decays that have kernels
//	BenchmarkMisaligned    misaligned slices and aligned ones in turns
//	BenchmarkAgainstF32    16-bit formats and float32 in turns
//	BenchmarkShadow        a step that writes a 16-bit copy, and a float32 step with a pass that makes it
//	BenchmarkComposed      rules and decays made of tiles, and fused ones in turns
//	BenchmarkGradStats     statistics of a gradient, and a bare read loop in turns
//	BenchmarkPlacement     where arrays lie: made by make, by lion.Alloc, and far apart
//	BenchmarkGeneric       plain Go, on signs that a branch predictor knows and on signs that it can't
//	BenchmarkNew           making a Stepper
//	BenchmarkStopTheWorld  how long a step over a large slice holds up the garbage collector
//
// Where things run in turns there are at least seven rounds, and -benchtime 31x
// makes 31. -benchtime 1x makes one: it shows that everything runs, in a minute
// or so, and its figures mean little.
//
// Bytes per second count the bytes that the format really moves. cycles/16 is
// the time of 16 elements in clock cycles, the clock taken from a chain of
// dependent instructions. x-limit is the step's time over that of the traffic
// limit: a loop with the same loads and stores and next to no arithmetic (see
// internal/limit), with or without prefetch, whichever is faster there.
//
// The arrays lie as lion.Alloc places them: in large pages from 4 MiB on, and never
// a multiple of 64 KiB apart from that size on (BenchmarkPlacement shows what that
// is worth). Gradients are random, none zero. A step's gradient is one of a ring of arrays that together fit the
// first-level cache with the rest (two of 1,024 float32): there a branch
// predictor can learn their signs. From 64 Ki elements on it can't, and
// BenchmarkGeneric shows what difference it makes. Momentum stays of the
// gradients' size, so hardly ever subnormal; with LR 1e-4 no number of steps that
// a benchmark can do makes a weight overflow.

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
	"github.com/lionkernel/lion/internal/mem"
)

// benchVariant is what is run besides the format.
type benchVariant struct {
	rule        lion.Rule
	decay       lion.Decay
	weightDecay float64
	rounding    lion.Rounding
}

var (
	// benchDecay is the paper's rule with decay; benchPaper has it without as
	// well, for formats whose kernels differ there; benchRounded has it rounded
	// at random too, for formats whose weights can be.
	benchDecay   = []benchVariant{{lion.Paper, lion.Decoupled, 0.1, lion.NearestRounding}}
	benchPaper   = append(benchDecay[:1:1], benchVariant{lion.Paper, lion.Decoupled, 0, lion.NearestRounding})
	benchRounded = append(benchDecay[:1:1], benchVariant{lion.Paper, lion.Decoupled, 0.1, lion.StochasticRounding})

	// benchRules are the other rules and decays that have kernels of their own;
	// benchMixed are those of formats that aren't float32 or float64 alone.
	benchRules = []benchVariant{
		{rule: lion.Paper, decay: lion.DecoupledPaper, weightDecay: 0.1},
		{rule: lion.Paper, decay: lion.Independent, weightDecay: 1e-5},
		{rule: lion.Paper, decay: lion.Coupled, weightDecay: 0.1},
		{rule: lion.MomentumFirst, decay: lion.Decoupled, weightDecay: 0.1},
		{rule: lion.MomentumFirst, decay: lion.Coupled, weightDecay: 0.1},
		{rule: lion.Cautious, decay: lion.Decoupled, weightDecay: 0.1},
		{rule: lion.BiasCorrected, decay: lion.Decoupled, weightDecay: 0.1},
		{rule: lion.Refined, decay: lion.Decoupled, weightDecay: 0.1},
		{rule: lion.Smooth, decay: lion.Decoupled, weightDecay: 0.1},
	}
	benchMixed = []benchVariant{{rule: lion.Cautious, decay: lion.Decoupled, weightDecay: 0.1}}
)

// String returns the benchmark name's last elements.
func (v benchVariant) String() string {
	name := fmt.Sprintf("rule=%v/decay=%v", v.rule, v.decay)
	if v.rule == lion.Paper && v.decay == lion.Decoupled {
		name = fmt.Sprintf("decay=%g", v.weightDecay)
	}
	if v.rounding != lion.NearestRounding {
		name += fmt.Sprintf("/rounding=%v", v.rounding)
	}
	return name
}

// stepper makes the variant's Stepper.
func (v benchVariant) stepper(b *testing.B, impl string) lion.Stepper {
	b.Helper()
	cfg := lion.DefaultConfig()
	cfg.Implementation, cfg.Rule, cfg.Decay, cfg.WeightDecay, cfg.Rounding = impl, v.rule, v.decay, v.weightDecay, v.rounding
	s, err := lion.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	return s.At(1000) // which matters to BiasCorrected and to rounding at random
}

const (
	l1Elements   = 1 << 10
	dramElements = 16 << 20
)

var benchSizes = []int{64, l1Elements, 64 << 10, 1 << 20, dramElements}

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
	b.ReportMetric(ns/float64(n), "ns/elem")
	b.ReportMetric(ns/float64(n)*16*limit.ClockGHz(), "cycles/16")
}

// turns runs the timers in b.N rounds, at least seven; with -benchtime 1x, which
// only shows that everything runs, in one.
func turns(b *testing.B, timers ...limit.Timer) [][]float64 {
	rounds := max(7, b.N)
	if f := flag.Lookup("test.benchtime"); f != nil && f.Value.String() == "1x" {
		rounds = 1
	}
	b.ResetTimer()
	defer b.StopTimer()
	return limit.Turns(rounds, timers)
}

// assembly returns the implementations but plain Go.
func assembly() []string {
	return slices.DeleteFunc(lion.Implementations(), func(name string) bool { return name == "generic" })
}

func BenchmarkStep(b *testing.B) {
	for _, f := range benchFormats {
		for _, n := range benchSizes {
			var d benchArrays // made when the first benchmark that is asked for needs it
			run := func(name string, t func(b *testing.B) limit.Timer) {
				b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s", f.name, n, name), func(b *testing.B) {
					if d.step == nil {
						d = f.data(n)
					}
					t := t(b)
					t(1)
					b.ResetTimer()
					report(b, n, f.pattern.Bytes(), t(b.N))
				})
			}
			for _, impl := range lion.Implementations() {
				for _, v := range f.variants {
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

// benchRatio compares a format's steps with their traffic limits.
func benchRatio(b *testing.B, sizes []int, variants func(f benchFormat) []benchVariant) {
	for _, f := range benchFormats {
		for _, n := range sizes {
			var d benchArrays
			for _, impl := range lion.Implementations() {
				loops := limitsOf(f.pattern, impl)
				for _, v := range variants(f) {
					b.Run(fmt.Sprintf("fmt=%s/n=%d/impl=%s/%v", f.name, n, impl, v), func(b *testing.B) {
						if d.step == nil {
							d = f.data(n)
						}
						timers := []limit.Timer{d.timer(b, v.stepper(b, impl))}
						for _, l := range loops {
							timers = append(timers, limitTimer(b, l, d.arrays))
						}
						times := turns(b, timers...)
						report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
						reportLimit(b, times)
					})
				}
			}
		}
	}
}

// reportLimit gives the ratio of the first of the times to the fastest of the
// others. Plain Go has no loop to compare it with, and only its time is reported.
func reportLimit(b *testing.B, times [][]float64) {
	if len(times) > 1 {
		slices.SortFunc(times[1:], func(x, y []float64) int { return cmp.Compare(limit.Median(x), limit.Median(y)) })
		b.ReportMetric(limit.Median(times[1]), "limit-ns/op")
		b.ReportMetric(limit.Ratio(times[0], times[1]), "x-limit")
	}
}

func benchVariantsOf(f benchFormat) []benchVariant { return f.variants }

func benchRulesOf(f benchFormat) []benchVariant { return f.rules }

func BenchmarkRatio(b *testing.B) { benchRatio(b, benchSizes[1:], benchVariantsOf) }

func BenchmarkCall(b *testing.B) { benchRatio(b, benchSizes[:1], benchVariantsOf) }

func BenchmarkRule(b *testing.B) {
	benchRatio(b, []int{l1Elements, 64 << 10, dramElements}, benchRulesOf)
}

// x-aligned is the time of misaligned slices over that of aligned ones, in the
// same memory: one array in DRAM can be half again as slow as another that is
// like it but for its physical addresses.
func BenchmarkMisaligned(b *testing.B) {
	for _, f := range benchFormats {
		for _, n := range []int{l1Elements, dramElements} {
			var aligned benchArrays
			for _, shift := range []shifts{{0, 1, 1, 1}, {1, 6, 11, 3}, {15, 4, 9, 7}} {
				for _, impl := range assembly() {
					name := fmt.Sprintf("fmt=%s/n=%d/impl=%s/shift=%d,%d,%d", f.name, n, impl, shift.param, shift.grad, shift.momentum)
					b.Run(name, func(b *testing.B) {
						if aligned.step == nil {
							aligned = f.data(n)
						}
						s := benchDecay[0].stepper(b, impl)
						times := turns(b, aligned.at(shift).timer(b, s), aligned.timer(b, s))
						report(b, n, f.pattern.Bytes(), limit.Median(times[0]))
						b.ReportMetric(limit.Ratio(times[0], times[1]), "x-aligned")
					})
				}
			}
		}
	}
}

// benchFormats: one entry adds a format to every benchmark.
var benchFormats = []benchFormat{
	{"f32", limit.Pattern{Param: 4, Grad: 4, Momentum: 4}, benchPaper, benchRules, threeSlices(lion.Stepper.StepF32)},
	{"f64", limit.Pattern{Param: 8, Grad: 8, Momentum: 8}, benchPaper, benchRules, threeSlices(lion.Stepper.StepF64)},
	{"bf16", limit.Pattern{Param: 2, Grad: 2, Momentum: 2}, benchRounded, benchMixed, threeSlices(lion.Stepper.StepBF16)},
	{"f16", limit.Pattern{Param: 2, Grad: 2, Momentum: 2}, benchRounded, benchMixed, threeSlices(lion.Stepper.StepF16)},
	{"master-bf16", limit.Pattern{Param: 4, Grad: 2, Momentum: 4, Shadow: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepMasterBF16)},
	{"master-bf16-m16", limit.Pattern{Param: 4, Grad: 2, Momentum: 2, Shadow: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepMasterBF16M16)},
	{"master-f16", limit.Pattern{Param: 4, Grad: 2, Momentum: 4, Shadow: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepMasterF16)},
	{"f32m16", limit.Pattern{Param: 4, Grad: 4, Momentum: 2}, benchDecay, benchMixed, threeSlices(lion.Stepper.StepF32M16)},
	{"split", limit.Pattern{Param: 2, Grad: 2, Momentum: 2, Low: 2}, benchDecay, benchMixed,
		fourSlices(func(s lion.Stepper, hi, grad, momentum []lion.BF16, lo []uint16) error {
			return s.StepSplit(hi, lo, grad, momentum)
		})},
	{"kahan", limit.Pattern{Param: 2, Grad: 2, Momentum: 2, Low: 2}, benchDecay, benchMixed, fourSlices(lion.Stepper.StepBF16Kahan)},
}

// none is the element of an array that a format doesn't have.
type none = struct{}

// benchFormatNamed returns one of them.
func benchFormatNamed(name string) benchFormat {
	for _, f := range benchFormats {
		if f.name == name {
			return f
		}
	}
	panic(name)
}

type benchFormat struct {
	name    string
	pattern limit.Pattern
	// variants are those of BenchmarkStep, BenchmarkRatio and BenchmarkCall,
	// rules those of BenchmarkRule.
	variants, rules []benchVariant
	// data makes the arrays for n elements.
	data func(n int) benchArrays
}

// shifts are how many elements, at most maxShift, each slice begins past its
// alignment; extra is what the format has besides: a shadow, lower halves or a
// compensation.
type shifts struct{ param, grad, momentum, extra int }

const maxShift = 15

// benchArrays are what a step runs over: step does it k times; the traffic
// limits run over the same memory, and restore it when run twice.
type benchArrays struct {
	step   func(s lion.Stepper, k int) error
	at     func(shifts) benchArrays // the same, shifted
	arrays limit.Arrays
}

// element is the type of an array's elements.
type element interface {
	float32 | float64 | lion.BF16 | lion.F16
}

// asBytes returns the memory of x.
func asBytes[T any](x []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), len(x)*int(unsafe.Sizeof(*new(T))))
}

// noise is a million normally distributed values, none of them tiny.
var noise = sync.OnceValue(func() []float64 {
	x := make([]float64, 1<<20-3)
	r := rand.New(rand.NewSource(1))
	for i := range x {
		for -1e-3 < x[i] && x[i] < 1e-3 {
			x[i] = r.NormFloat64()
		}
	}
	return x
})

// fillRandom gives x values from the noise, beginning at a place that depends on
// the seed. After a million they repeat, which no branch predictor can notice.
func fillRandom[T element](x []T, scale float64, seed int) {
	from := noise()
	at := (seed + 1000) * 7919 % len(from)
	for i := range x[:min(len(x), len(from))] {
		x[i] = toElement[T](scale * from[at])
		if at++; at == len(from) {
			at = 0
		}
	}
	for i := len(from); i < len(x); i += len(from) {
		copy(x[i:], x[:len(from)])
	}
}

func toElement[T element](x float64) T {
	switch any(T(0)).(type) {
	case lion.BF16:
		return T(lion.ToBF16(float32(x)))
	case lion.F16:
		return T(lion.ToF16(float32(x)))
	}
	return T(x)
}

// steps does k steps, each with the next gradient of the ring.
type steps[P, G, M element, X any] func(s lion.Stepper, k int, param []P, ring [][]G, momentum []M, extra []X) error

// threeSlices makes a format's data function of its step, with nothing between the
// loop and the call.
func threeSlices[P, G, M element](step func(s lion.Stepper, param []P, grad []G, momentum []M) error) func(int) benchArrays {
	return benchData(func(s lion.Stepper, k int, param []P, ring [][]G, momentum []M, _ []none) error {
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
	})
}

// fourSlices is threeSlices for a format with a fourth.
func fourSlices[P, G, M element, X any](step func(s lion.Stepper, param []P, grad []G, momentum []M, extra []X) error) func(int) benchArrays {
	return benchData(func(s lion.Stepper, k int, param []P, ring [][]G, momentum []M, extra []X) error {
		next := 0
		for range k {
			if err := step(s, param, ring[next], momentum, extra); err != nil {
				return err
			}
			if next++; next == len(ring) {
				next = 0
			}
		}
		return nil
	})
}

// benchData makes a format's data function of its steps. Shadows, lower halves and
// compensations begin with zeros.
func benchData[P, G, M element, X any](f steps[P, G, M, X]) func(int) benchArrays {
	return func(n int) benchArrays {
		const ringBytes = 8 << 10
		ring := max(1, ringBytes/(n*int(unsafe.Sizeof(*new(G)))))
		grads := lion.Alloc[G](ring*n+maxShift, 1) // one after the other: a page each, they would share a few sets of the cache
		fillRandom(grads, 1, 0)
		whole := max(n+maxShift, l1Elements) // so that each begins a page: smaller ones lie where luck has it
		param, momentum := lion.Alloc[P](whole, 0), lion.Alloc[M](whole, 2)
		fillRandom(param, 0.02, -1)
		fillRandom(momentum, 0.3, -2)
		extra := make([]X, whole)
		if unsafe.Sizeof(*new(X)) != 0 {
			extra = mem.Alloc[X](whole, 3)
			clear(extra) // untouched pages would all be one page of zeros
		}
		return views(f, n, shifts{}, param, grads, momentum, extra)
	}
}

// views are n elements of each of the arrays, shifted, and of the gradients as
// many times n as there are.
func views[P, G, M element, X any](f steps[P, G, M, X], n int, shift shifts, params []P, grads []G, momenta []M, extras []X) benchArrays {
	param, momentum, extra := params[shift.param:][:n], momenta[shift.momentum:][:n], extras[shift.extra:][:n]
	var ring [][]G
	for rest := grads[shift.grad:]; len(rest) >= n; rest = rest[n:] {
		ring = append(ring, rest[:n])
	}
	return benchArrays{
		step: func(s lion.Stepper, k int) error { return f(s, k, param, ring, momentum, extra) },
		at: func(shift shifts) benchArrays {
			return views(f, n, shift, params, grads, momenta, extras)
		},
		arrays: limit.Arrays{Param: asBytes(param), Grad: asBytes(ring[0]), Momentum: asBytes(momentum), Low: asBytes(extra), Shadow: asBytes(extra)},
	}
}
