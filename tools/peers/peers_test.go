//go:build cgo

package peers

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand"
	"os"
	"slices"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
)

const lr, beta1, beta2, weightDecay = 1e-4, 0.9, 0.99, 0.1

// constants are those of the numeric contract, each rounded once.
func constants[T float32 | float64](decay bool) *[6]T {
	wd := 0.0
	if decay {
		wd = weightDecay
	}
	b1, b2 := float64(beta1), float64(beta2)
	return &[6]T{T(b1), T(1 - b1), T(b2), T(1 - b2), T(lr), T(1 - float64(lr)*wd)}
}

func stepper(tb testing.TB, impl string, decay bool) lion.Stepper {
	tb.Helper()
	cfg := lion.DefaultConfig()
	cfg.LR, cfg.Beta1, cfg.Beta2, cfg.Implementation = lr, beta1, beta2, impl
	if decay {
		cfg.WeightDecay = weightDecay
	}
	s, err := lion.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// data is a set of arrays in an element type.
type data[T float32 | float64] struct{ param, grad, momentum []T }

func newData[T float32 | float64](n int) data[T] {
	d := data[T]{lion.Alloc[T](n, 0), lion.Alloc[T](n, 1), lion.Alloc[T](n, 2)}
	r := rand.New(rand.NewSource(int64(n)))
	for i := range n {
		d.param[i], d.grad[i], d.momentum[i] = T(0.02*r.NormFloat64()), T(r.NormFloat64()), T(0.3*r.NormFloat64())
	}
	return d
}

// format gives the tests and benchmarks what differs between float32 and float64.
type format struct {
	name, ctype string
	bytes       int
	check       func(t *testing.T, l loop, exact, decay bool)
	timers      func(tb testing.TB, n int, decay bool) (ours func(impl string) limit.Timer, peer func(l loop) limit.Timer)
}

var formats = []format{
	{"f32", "float", 20, check(lion.Stepper.StepF32), timers(lion.Stepper.StepF32)},
	{"f64", "double", 40, check(lion.Stepper.StepF64), timers(lion.Stepper.StepF64)},
}

type stepFunc[T float32 | float64] func(s lion.Stepper, param, grad, momentum []T) error

// check holds ten steps of the C loop against ours: the same bits, or, where
// the compiler may fuse, weights that differ by a sign step here and there and
// momentum that differs in its last bits.
func check[T float32 | float64](step stepFunc[T]) func(*testing.T, loop, bool, bool) {
	return func(t *testing.T, l loop, exact, decay bool) {
		const n, steps = 10007, 10
		x := newData[T](n)
		x.grad[1], x.momentum[1] = 0, 0 // sign(0)
		y := data[T]{slices.Clone(x.param), x.grad, slices.Clone(x.momentum)}
		s := stepper(t, "generic", decay)
		for range steps {
			if err := step(s, x.param, x.grad, x.momentum); err != nil {
				t.Fatal(err)
			}
		}
		repeat(l, y.param, y.grad, y.momentum, constants[T](decay), steps)
		if exact {
			if !slices.Equal(x.param, y.param) || !slices.Equal(x.momentum, y.momentum) {
				t.Error("not the same bits")
			}
			return
		}
		ulp := 2.3e-16
		if T(1)+T(ulp) == 1 {
			ulp = 1.2e-7
		}
		for i := range n {
			if math.Abs(float64(x.momentum[i]-y.momentum[i])) > 100*ulp || math.Abs(float64(x.param[i]-y.param[i])) > 2.1*lr*steps {
				t.Fatalf("element %d: ours %v, %v; theirs %v, %v", i, x.param[i], x.momentum[i], y.param[i], y.momentum[i])
			}
		}
		if near := agree(x.param, y.param); near < n*99/100 {
			t.Errorf("only %d of %d weights agree", near, n)
		}
	}
}

// agree counts the weights that differ by less than half a sign step.
func agree[T float32 | float64](x, y []T) (n int) {
	for i := range x {
		if math.Abs(float64(x[i]-y[i])) < lr/2 {
			n++
		}
	}
	return n
}

// timers gives the two sides a timer each, over the same arrays.
func timers[T float32 | float64](step stepFunc[T]) func(testing.TB, int, bool) (func(string) limit.Timer, func(loop) limit.Timer) {
	return func(tb testing.TB, n int, decay bool) (func(string) limit.Timer, func(loop) limit.Timer) {
		d := newData[T](n)
		ours := func(impl string) limit.Timer {
			s := stepper(tb, impl, decay)
			return limit.Time(func(k int) {
				for range k {
					if err := step(s, d.param, d.grad, d.momentum); err != nil {
						tb.Fatal(err)
					}
				}
			})
		}
		peer := func(l loop) limit.Timer {
			k6 := constants[T](decay)
			return limit.Time(func(k int) { repeat(l, d.param, d.grad, d.momentum, k6, k) })
		}
		return ours, peer
	}
}

// each runs f over every compiler, build, phrasing and decay of a format.
func each[B interface {
	Run(string, func(B)) bool
	TempDir() string
	Fatal(...any)
	Skip(...any)
}](tb B, prefix string, ctype string, f func(tb B, b build, l loop, decay bool)) {
	ccs := compilers()
	if len(ccs) == 0 {
		tb.Skip("NOT TESTED: no C compiler: set CC, or install clang or gcc")
	}
	for _, cc := range ccs {
		for _, b := range builds() {
			for i, phrase := range phrases {
				for _, decay := range []bool{true, false} {
					wd := 0.0
					if decay {
						wd = weightDecay
					}
					tb.Run(fmt.Sprintf("%scc=%s/flags=%s/sign=%s/decay=%g", prefix, cc, b.name, phrase, wd), func(tb B) {
						l, err := compile(tb.TempDir(), cc, b, i, ctype, decay)
						if err != nil {
							tb.Fatal(err)
						}
						f(tb, b, l, decay)
					})
				}
			}
		}
	}
}

// The peers compute the paper's Lion, so their times mean something.
func TestPeers(t *testing.T) {
	for _, f := range formats {
		each(t, "fmt="+f.name+"/", f.ctype, func(t *testing.T, b build, l loop, decay bool) { f.check(t, l, b.exact, decay) })
	}
}

// BenchmarkBest times ours beside the fastest of a compiler's loops, with decay: of
// those that compute our bits, and of all. x-best is our time over its: below 1, ours
// is faster. Which loop it is, -v tells.
func BenchmarkBest(b *testing.B) {
	for _, f := range formats {
		for _, impl := range lion.Implementations() {
			if impl == "generic" {
				continue
			}
			for _, cc := range compilers() {
				for _, exact := range []bool{true, false} {
					var loops []named // compiled when the first benchmark that is asked for needs them
					for _, n := range []int{64, 1 << 10, 64 << 10, 1 << 20, 16 << 20} {
						b.Run(fmt.Sprintf("fmt=%s/impl=%s/cc=%s/exact=%v/n=%d", f.name, impl, cc, exact, n), func(b *testing.B) {
							if loops == nil {
								loops = candidates(b, cc, f.ctype, impl, exact)
							}
							benchBest(b, f, impl, loops, n)
						})
					}
				}
			}
		}
	}
}

// named is a loop and how it was made.
type named struct {
	loop
	name string
}

// candidates compiles every loop with decay that may use an implementation's
// instructions, and more only if it is the best that there is.
func candidates(b *testing.B, cc, ctype, impl string, exact bool) (loops []named) {
	for _, how := range builds() {
		of := how.isa
		if of == "" {
			of = lion.Implementations()[0]
		}
		if of != impl || exact && !how.exact {
			continue
		}
		for i, phrase := range phrases {
			l, err := compile(b.TempDir(), cc, how, i, ctype, true)
			if err != nil {
				b.Fatal(err)
			}
			loops = append(loops, named{l, how.name + " " + phrase})
		}
	}
	if len(loops) == 0 {
		b.Skipf("NOT TESTED: no flags for %s", impl)
	}
	return loops
}

// benchBest times ours and the fastest of the loops over n elements.
func benchBest(b *testing.B, f format, impl string, loops []named, n int) {
	ours, peer := f.timers(b, n, true)
	var peers []limit.Timer
	for _, l := range loops {
		peers = append(peers, peer(l.loop))
	}
	best := 0
	if len(peers) > 1 {
		best = limit.Fastest(peers)
	}
	b.Log(loops[best].name)
	b.ResetTimer()
	times := limit.Turns(max(7, b.N), []limit.Timer{ours(impl), peers[best]})
	b.StopTimer()
	b.ReportMetric(limit.Median(times[0]), "ns/op")
	b.ReportMetric(limit.Median(times[0])/float64(n), "ns/elem")
	b.ReportMetric(limit.Median(times[1])/float64(n), "best-ns/elem")
	b.ReportMetric(limit.Ratio(times[0], times[1]), "x-best")
}

func BenchmarkPeers(b *testing.B) {
	for _, f := range formats {
		for _, n := range []int{1 << 10, 64 << 10, 16 << 20} {
			each(b, fmt.Sprintf("fmt=%s/n=%d/", f.name, n), f.ctype, func(b *testing.B, how build, l loop, decay bool) {
				impl := how.isa
				if impl == "" {
					impl = lion.Implementations()[0]
				}
				if !slices.Contains(lion.Implementations(), impl) {
					b.Skipf("NOT TESTED: %s can't run here", impl)
				}
				ours, peer := f.timers(b, n, decay)
				b.ResetTimer()
				times := limit.Turns(max(7, b.N), []limit.Timer{peer(l), ours(impl)})
				b.StopTimer()
				theirs := limit.Median(times[0])
				b.ReportMetric(theirs, "ns/op")
				b.ReportMetric(theirs/float64(n)*16*limit.ClockGHz(), "cycles/16")
				b.ReportMetric(limit.Median(times[1]), "ours-ns/op")
				b.ReportMetric(limit.Ratio(times[0], times[1]), "x-ours")
			})
		}
	}
}

var rows = flag.String("rows", "", "file that BenchmarkCurve appends its times to, for lion bench -from")

// BenchmarkCurve times the best of all compilers' float32 loops with decay, fused
// operations or not, at every power of two: what lion bench -plot draws beside ours.
func BenchmarkCurve(b *testing.B) {
	type candidate struct {
		named
		ns float64
	}
	const n, kept = 4 << 10, 6
	f := formats[0]
	_, peer := f.timers(b, n, true)
	var all []candidate
	for _, cc := range compilers() {
		for _, impl := range lion.Implementations() {
			if impl == "generic" {
				continue
			}
			for _, l := range candidates(b, cc, f.ctype, impl, false) {
				ns := limit.Median(limit.Turns(9, []limit.Timer{peer(l.loop)})[0])
				all = append(all, candidate{named{l.loop, cc + " " + l.name}, ns})
			}
		}
	}
	slices.SortFunc(all, func(x, y candidate) int { return cmp.Compare(x.ns, y.ns) })
	all = all[:min(kept, len(all))]
	for n := 64; n <= 16<<20; n *= 2 {
		b.Run(fmt.Sprintf("fmt=f32/n=%d", n), func(b *testing.B) {
			_, peer := f.timers(b, n, true)
			var timers []limit.Timer
			for _, c := range all {
				timers = append(timers, peer(c.loop))
			}
			b.ResetTimer()
			best, name := math.Inf(1), ""
			for i, times := range limit.Turns(max(7, b.N), timers) {
				if ns := limit.Median(times) / float64(n); ns < best {
					best, name = ns, all[i].name
				}
			}
			b.StopTimer()
			b.Log(name)
			b.ReportMetric(best, "ns/elem")
			if *rows != "" {
				if err := appendRow(*rows, n, best); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// appendRow appends a time to measurements as lion bench -save writes them.
func appendRow(name string, n int, ns float64) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "best C loop\t%d\t%.4g\n", n, ns)
	return errors.Join(err, f.Close())
}
