package optim_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/limit"
	"github.com/lionkernel/lion/optim"
)

// mixed are the lengths of 200 tensors, 25 Mi elements together: matrices and vectors of
// a dozen layers.
func mixed() []int {
	var n []int
	for range 12 {
		n = append(n, 768, 768, 768*2304, 2304, 768*768, 768, 768, 768, 768, 768, 64, 256, 128, 768, 768, 1)
	}
	for len(n) < 200 {
		n = append(n, 31*len(n)%997)
	}
	return n
}

func same(count, n int) []int {
	s := make([]int, count)
	for i := range s {
		s[i] = n
	}
	return s
}

// A set is tensors of float32 for a benchmark, windows of one slice for all: what is one
// call for that slice can be a call for each.
type set struct {
	whole  [3][]float32 // weights, gradient, momentum
	slices [][3][]float32
	total  int
}

func newSet(lengths []int) (s set) {
	for _, n := range lengths {
		s.total += n
	}
	for i := range s.whole {
		s.whole[i] = lion.Alloc[float32](s.total, i)
	}
	for j := range s.whole[1] {
		s.whole[0][j], s.whole[1][j] = 0.5, float32(j%7)-3.1
	}
	at := 0
	for _, n := range lengths {
		var x [3][]float32
		for i := range x {
			x[i] = s.whole[i][at : at+n : at+n]
		}
		s.slices = append(s.slices, x)
		at += n
	}
	return s
}

func config() lion.Config {
	c := lion.DefaultConfig()
	c.WeightDecay = 0.1
	return c
}

// sets are what BenchmarkSets steps.
var sets = []struct {
	name    string
	lengths []int
}{
	{"64Ki", same(1, 64<<10)},
	{"16x4Ki", same(16, 4<<10)},
	{"5000x16", same(5000, 16)},
	{"5000x256", same(5000, 256)},
	{"mixed-25M", mixed()},
	{"64Mi", same(1, 64<<20)},
}

// BenchmarkSets steps sets of tensors by one call of optim's, by a call of lion's for
// each, and by one call for as many elements in one slice, in turns: what disturbs the
// machine disturbs them alike. It reports the least times, and the median of the rounds'
// ratios to the one call. check is the norm of all gradients alone.
//
//	go test -run NONE -bench Sets ./optim
func BenchmarkSets(b *testing.B) {
	for _, x := range sets {
		b.Run(x.name, func(b *testing.B) {
			s := newSet(x.lengths)
			names := []string{"flat", "calls", "optim", "optim-2", "clip", "check"}
			timers := s.timers(b)
			for range b.N {
				times := limit.Turns(rounds(s.total), timers)
				for i, name := range names {
					b.ReportMetric(slices.Min(times[i])/float64(len(x.lengths)), name+"-ns/tensor")
					b.ReportMetric(limit.Ratio(times[i], times[0]), name+"/flat")
				}
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// rounds is how often to run what steps n elements.
func rounds(n int) int { return max(9, min(201, 1<<28/n)) }

// timers time, in this order, what BenchmarkSets names.
func (s *set) timers(b *testing.B) []limit.Timer {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	stepper, err := lion.New(config())
	must(err)
	p, g, m := s.whole[0], s.whole[1], s.whole[2]
	timers := []limit.Timer{limit.Time(func(k int) {
		for range k {
			must(stepper.StepF32(p, g, m))
		}
	}), limit.Time(func(k int) {
		for range k {
			for i := range s.slices {
				y := &s.slices[i]
				must(stepper.StepF32(y[0], y[1], y[2]))
			}
		}
	})}
	for _, o := range []optim.Options{{Workers: 1}, {Workers: 2}, {Workers: 1, MaxNorm: 1e-3}} {
		params := make([]*optim.Param, len(s.slices))
		for i, y := range s.slices {
			params[i] = optim.F32(fmt.Sprint(i), y[0], y[1])
		}
		opt, err := optim.New(o, optim.Group{Config: config(), Params: params})
		must(err)
		timers = append(timers, limit.Time(func(k int) {
			for range k {
				_, err := opt.Step()
				must(err)
			}
		}))
		if o.MaxNorm > 0 {
			timers = append(timers, limit.Time(func(k int) {
				for range k {
					_, err := opt.Check()
					must(err)
				}
			}))
		}
	}
	return timers
}
