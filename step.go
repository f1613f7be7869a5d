package lion

import (
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/tune"
)

// A Stepper applies one optimizer step to slices. It is made by New, immutable,
// comparable (== is true for Steppers made of equal Configs) and safe to copy
// and to share between goroutines. The zero Stepper is not usable: its methods
// return ErrConfig.
//
// Each call copies it, which takes a good part of a small step's time: so what is here is
// what steps need, and no more.
type Stepper struct {
	f64   coef[float64]
	draws draws
	f32   coef[float32] // each rounded once
	plan  plan
	impl  uint8
}

// New checks a Config and derives the constants of the step. It does no more
// than that: calling it at every step of a schedule costs little beside the
// step. A bad hyperparameter gives an error that wraps ErrConfig and names the
// field and its value; an implementation that is unknown or can't run here
// gives one that wraps ErrImplementation.
//
// Constants must suit float32 as well, since a Stepper serves both types: an LR of
// 1e39, which overflows, is refused, and so is one of 1e-50, which would be zero.
func New(cfg Config) (Stepper, error) {
	if cfg.GradScale == 0 {
		cfg.GradScale = 1
	}
	if cfg.Kappa == 0 {
		cfg.Kappa = 1
	}
	if err := cfg.check(); err != nil {
		return Stepper{}, err
	}
	impl := preferred
	if cfg.Implementation != "" {
		i, err := findImplementation(cfg.Implementation)
		if err != nil {
			return Stepper{}, err
		}
		impl = i
	}
	s := Stepper{impl: uint8(impl), draws: draws{seed: cfg.Seed}}
	s.plan = plan{made: true, rule: cfg.Rule, scale: cfg.CautiousScale,
		rounding: cfg.Rounding}
	s.plan.op, s.plan.mix = choose(cfg.Rule, cfg.Decay, cfg.WeightDecay != 0)
	s.plan.settle(cfg.Rule != BiasCorrected)
	s.f64 = cfg.constants()
	s.f32 = round32(&s.f64)
	if err := cfg.checkRange(&s.f32); err != nil {
		return Stepper{}, err
	}
	return s, nil
}

// At returns s for step t of training, counted from 1. Two things depend on t:
// BiasCorrected, and StochasticRounding in the steps that round at random. They
// return ErrConfig unless s comes from At with t ≥ 1. The package's documentation
// says how βᵗ is formed.
func (s Stepper) At(t int) Stepper {
	if s.plan.rounding == StochasticRounding {
		s.draws.step = uint64(max(t, 0))
	}
	if s.plan.rule != BiasCorrected {
		return s
	}
	s.plan.settle(t >= 1)
	s.f64.bc1 = 1 - float64(power(s.f64.b1, t))
	s.f64.bc2 = 1 - float64(power(s.f64.b2, t))
	s.f32.bc1, s.f32.bc2 = float32(s.f64.bc1), float32(s.f64.bc2)
	return s
}

// Seed returns s with another Config.Seed.
func (s Stepper) Seed(seed uint64) Stepper {
	s.draws.seed = seed
	return s
}

// Counted returns s for the parts of a tensor of n elements, of which agree agree, as the
// parts' Stepper.Agreeing add up to: with a CautiousScale, each part is then stepped to
// the bits that one call for the whole tensor gives. Without one it returns s.
func (s Stepper) Counted(agree, n int) Stepper {
	if s.plan.scale != ScaleNone {
		s.plan.counted = true
		s.f64.scale = cautiousScale(s.plan.scale, agree, n)
	}
	return s
}

// power is xᵗ by squaring: math.Pow is not the same on every machine.
func power(x float64, t int) float64 {
	y := 1.0
	for ; t > 0; t >>= 1 {
		if t&1 != 0 {
			y *= x
		}
		x *= x
	}
	return y
}

// Implementation returns the name of the implementation that s runs, "" for the
// zero Stepper, which runs none.
func (s Stepper) Implementation() string {
	if !s.made() {
		return ""
	}
	return implementations[s.impl].name
}

// made says whether s comes from New.
func (s *Stepper) made() bool { return s.plan.made }

// unready is the error of a step by s for which something is missing.
func (s *Stepper) unready() error {
	switch {
	case !s.made():
		return errZeroStepper
	case !s.plan.ready:
		return errNoTime
	case s.draws.step < 1:
		return errNoStep
	}
	return errNoIndex
}

// StepF32 steps param and momentum in place; grad is only read. The three
// slices must have one length and share no memory, otherwise the error wraps
// ErrLength or ErrOverlap and nothing has been written. Empty and nil slices
// are fine. It allocates nothing.
//
// Elements may be split over several calls, and over goroutines, in any way:
// the bits stay the same (for rules whose step depends on the whole tensor,
// see CautiousScale).
//
//go:noinline
func (s Stepper) StepF32(param, grad, momentum []float32) error {
	n, p, g, m := len(param), mem.Data(param), mem.Data(grad), mem.Data(momentum)
	if !s.plan.direct || len(grad) != n || len(momentum) != n || !short(p, g, m, n, 4) {
		return step(&s, f32, &s.f32, param, grad, momentum)
	}
	mem.Updates(param)
	mem.Reads(grad)
	mem.Updates(momentum)
	ahead := tune.Ahead // read here, since a would be zeroed otherwise
	var a args          // a literal would be copied, in wider words than it was written in, which stalls
	a.param, a.grad, a.momentum, a.n, a.c, a.ahead = p, g, m, n, mem.Noescape(unsafe.Pointer(&s.f32)), ahead
	if implementations[s.impl].kernels[f32][s.plan.op]((*args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
		mendNaN[float32](&a)
	}
	runtime.KeepAlive(&a)
	return nil
}

// StepF64 is StepF32 for float64: constants, arithmetic and results are
// float64.
//
//go:noinline
func (s Stepper) StepF64(param, grad, momentum []float64) error {
	n, p, g, m := len(param), mem.Data(param), mem.Data(grad), mem.Data(momentum)
	if !s.plan.direct || len(grad) != n || len(momentum) != n || !short(p, g, m, n, 8) {
		return step(&s, f64, &s.f64, param, grad, momentum)
	}
	mem.Updates(param)
	mem.Reads(grad)
	mem.Updates(momentum)
	ahead := tune.Ahead
	var a args // see StepF32, which this repeats: a generic function in between would cost a call
	a.param, a.grad, a.momentum, a.n, a.c, a.ahead = p, g, m, n, mem.Noescape(unsafe.Pointer(&s.f64)), ahead
	if implementations[s.impl].kernels[f64][s.plan.op]((*args)(mem.Noescape(unsafe.Pointer(&a)))) != 0 {
		mendNaN[float64](&a)
	}
	runtime.KeepAlive(&a)
	return nil
}

// short says whether n elements at each of the places are a call's common case:
// some, no more than a kernel gets at once, and none shared.
func short(p, g, m unsafe.Pointer, n, elem int) bool {
	last := uintptr(n*elem) - 1
	return uint(n-1) < chunk && !meet(p, g, last, last) && !meet(p, m, last, last) && !meet(g, m, last, last)
}

// step checks the slices and runs the plan over them. Its callers, which see to
// the common case themselves, are not inlined: inside of another package the
// compiler would take this one, which is generic, for a function that keeps what
// it is given, and move the Stepper to the heap.
func step[T float](s *Stepper, f element, c *coef[T], param, grad, momentum []T) error {
	if !s.plan.ready {
		return s.unready()
	}
	p, g, m := part(param, "param"), part(grad, "grad"), part(momentum, "momentum")
	if err := checkSlices(p, g, m); err != nil {
		return err
	}
	if p.n == 0 {
		return nil
	}
	mem.Updates(param)
	mem.Reads(grad)
	mem.Updates(momentum)
	a := args{param: p.at, grad: g.at, momentum: m.at, n: p.n, c: mem.Noescape(unsafe.Pointer(c)), ahead: tune.Ahead}
	run(&implementations[s.impl].kernels[f], s.plan, c, s.f64.lr, s.f64.scale, a)
	return nil
}
