package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/klauspost/cpuid/v2"
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/internal/limit"
)

// A meter says what is measured.
type meter struct {
	storage storage.Storage
	sizes   []int // multiples of 64, which is what the limits' loops take
	passes  int   // over all sizes; a curve has the best of each
	rounds  int   // of turns in a pass
}

// sizes are the powers of two from 64 to 16 Mi.
func sizes() []int {
	var all []int
	for n := 64; n <= 16<<20; n *= 2 {
		all = append(all, n)
	}
	return all
}

// run times every implementation and every limit, for each size in turns over the
// same arrays. What disturbs the machine disturbs them alike, and what disturbs it
// for less than a pass leaves no trace.
func (m meter) run(ctx context.Context, stderr io.Writer) (*results, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cpu := cpuid.CPU
	r := &results{cpu: cpu.BrandName, format: m.storage.Name, bytes: m.storage.Bytes(), held: m.storage.Held(),
		caches: [3]int{max(0, cpu.Cache.L1D), max(0, cpu.Cache.L2), max(0, cpu.Cache.L3)}, ghz: limit.ClockGHz()}
	if r.cpu == "" {
		r.cpu = runtime.GOARCH
	}
	bar := cli.NewBar(stderr, m.passes*len(m.sizes))
	defer bar.Close()
	for range m.passes {
		for _, n := range m.sizes {
			bar.Describe("%s elements", short(n))
			if err := cli.Stopped(ctx); err != nil {
				return nil, err
			}
			if err := m.size(r, n); err != nil {
				return nil, err
			}
			bar.Add(1)
		}
	}
	return r, nil
}

// size adds the times for n elements.
func (m meter) size(r *results, n int) error {
	x, err := m.arrays(n)
	if err != nil {
		return err
	}
	step := calls[m.storage.Name]
	var names []string
	var timers []limit.Timer
	var failed error
	for _, impl := range lion.Implementations() {
		stepper, err := lion.New(lion.Config{LR: 1e-4, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1, Implementation: impl})
		if err != nil {
			return err
		}
		names = append(names, impl)
		timers = append(timers, limit.Time(func(k int) { failed = errors.Join(failed, step(stepper, x, k)) }))
	}
	pattern, arrays := m.traffic(x)
	for _, l := range limit.Loops(pattern) {
		call, err := l.Bind(arrays)
		if err != nil {
			return err
		}
		names = append(names, limitName(l.ISA))
		timers = append(timers, call.Timer())
	}
	for i, times := range limit.Turns(m.rounds, timers) {
		r.add(names[i], n, limit.Median(times)/float64(n)) // a limit's with and without prefetch have one name
	}
	return failed
}

// arrays makes what a step of n elements steps.
func (m meter) arrays(n int) (storage.Values, error) {
	random := rng.Source(1)
	noise := func(scale float32) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = scale * float32(2*random.Float64()-1)
		}
		return x
	}
	x, err := storage.Store(m.storage, noise(0.02))
	if err != nil {
		return nil, err
	}
	return x.Values(), x.SetGrad(noise(1))
}

// traffic says what a step of x moves, for the limits.
func (m meter) traffic(x storage.Values) (limit.Pattern, limit.Arrays) {
	var p limit.Pattern
	var a limit.Arrays
	for i, memory := range x.Memory() {
		width := m.storage.Slices[i].Element.Bytes()
		switch m.storage.Slices[i].Role {
		case storage.Weight:
			if p.Param == 0 {
				p.Param, a.Param = width, memory
			} else {
				p.Low, a.Low = width, memory
			}
		case storage.Grad:
			p.Grad, a.Grad = width, memory
		case storage.Momentum:
			p.Momentum, a.Momentum = width, memory
		case storage.Copy:
			p.Shadow, a.Shadow = width, memory
		}
	}
	return p, a
}

// short writes a number of elements with the prefixes of powers of 1,024.
func short(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d Mi", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d Ki", n>>10)
	}
	return fmt.Sprint(n)
}
