package limit

import (
	"math"
	"slices"
	"time"
)

// A Timer runs something k times and returns the nanoseconds of one time.
type Timer func(k int) float64

// Time makes a Timer of what runs something k times.
func Time(f func(k int)) Timer {
	return func(k int) float64 {
		start := time.Now()
		f(k)
		return float64(time.Since(start)) / float64(k)
	}
}

// Timer times the loop. It runs it twice as often as it is asked to, so that
// the arrays are afterwards what they were.
func (c *Call) Timer() Timer {
	t := Time(c.Repeat)
	return func(k int) float64 { return t(2 * k) }
}

// batch returns how often to run t, at least once, to fill the time. One trial might
// be disturbed, and so small a batch that the clock itself is timed: the best of
// several counts.
func batch(t Timer, fill time.Duration) int {
	for k := 1; ; k *= 4 {
		once := min(t(k), t(k), t(k))
		if 4*float64(k)*once >= float64(fill) {
			return max(1, int(float64(fill)/once))
		}
	}
}

// Turns runs the timers in turns, in batches of about 50 µs, and returns each
// one's times by round. What disturbs the machine for longer than a round
// disturbs them alike.
func Turns(rounds int, timers []Timer) [][]float64 {
	times := make([][]float64, len(timers))
	k := make([]int, len(timers))
	for i, t := range timers {
		k[i] = batch(t, 50*time.Microsecond)
	}
	for round := range rounds {
		for i := range timers {
			i = (i + round) % len(timers)
			times[i] = append(times[i], timers[i](k[i]))
		}
	}
	return times
}

// Fastest returns the index of the timer with the least median time.
func Fastest(timers []Timer) int {
	times := Turns(9, timers)
	best := 0
	for i := range times {
		if Median(times[i]) < Median(times[best]) {
			best = i
		}
	}
	return best
}

// Median returns the median of x, which must not be empty.
func Median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// Ratio returns the median of x[i]/y[i].
func Ratio(x, y []float64) float64 {
	r := make([]float64, len(x))
	for i := range x {
		r[i] = x[i] / y[i]
	}
	return Median(r)
}

// chain is what ClockGHz computes, kept so that the compiler must.
var chain, chainXor, chainAdd uint64 = 1, 3, 5

// ClockGHz times a chain of additions and exclusive ors, each of which waits
// for the one before: one cycle each on the CPUs that there are loops for. The
// best of a few runs counts; the others were interrupted, or the clock was
// still rising.
func ClockGHz() float64 {
	best := math.Inf(1)
	for range 9 {
		const rounds = 2000
		x, y, z := chain, chainXor, chainAdd
		start := time.Now()
		for range rounds {
			x = (x ^ y) + z
			x = (x ^ y) + z
			x = (x ^ y) + z
			x = (x ^ y) + z
			x = (x ^ y) + z
			x = (x ^ y) + z
			x = (x ^ y) + z
			x = (x ^ y) + z
		}
		best = min(best, float64(time.Since(start))/(rounds*16))
		chain = x
	}
	return 1 / best
}
