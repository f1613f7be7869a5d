package main

import (
	"fmt"
	"strings"

	"github.com/lionkernel/lion"
)

// scheme is a way to store weights, gradients and momentum, as lion train has
// it: an entry in schemes is all that a new one takes.
type scheme struct {
	name     string
	bytes    int // that a step moves for each element
	about    string
	rounding lion.Rounding
	store    func(weight []float32) (stored, error)
}

// stored are the slices of a scheme. The model computes in float32, with
// weights that load gives and gradients that setGrad takes.
type stored struct {
	load    func(param []float32) error
	setGrad func(grad []float32) error
	step    func(s lion.Stepper) error
	// stats are the statistics of a gradient that may overflow, and so wants loss
	// scaling; else nil.
	stats  func() lion.Stats
	weight []any // the slices that hold the weights, for a digest
}

const stochastic = lion.StochasticRounding

// schemes are the storage schemes by name, f32 first. The names are those of the
// benchmarks and of lion verify.
var schemes = []scheme{
	{name: "f32", bytes: 20, about: "float32", store: storeF32},
	{name: "f64", bytes: 40, about: "float64", store: storeF64},
	{name: "f32m16", bytes: 16, about: "float32, bfloat16 momentum", store: storeF32M16},
	{name: "bf16", bytes: 10, about: "bfloat16, weights rounded to nearest", store: storeBF16},
	{name: "bf16-stochastic", bytes: 10, about: "bfloat16, weights rounded at random", store: storeBF16, rounding: stochastic},
	{name: "kahan", bytes: 14, about: "bfloat16, weights with Kahan's compensation", store: storeKahan},
	{name: "split", bytes: 14, about: "float32 weights as bfloat16 and the 16 bits below, else bfloat16", store: storeSplit},
	{name: "master-bf16", bytes: 20, about: "float32 weights, with a bfloat16 copy, and momentum; bfloat16 gradient", store: storeMaster},
	{name: "master-bf16-m16", bytes: 16, about: "float32 weights, with a bfloat16 copy; bfloat16 gradient and momentum", store: storeMasterM16},
	{name: "f16", bytes: 10, about: "IEEE half, weights rounded to nearest", store: storeF16},
	{name: "f16-stochastic", bytes: 10, about: "IEEE half, weights rounded at random", store: storeF16, rounding: stochastic},
	{name: "master-f16", bytes: 20, about: "float32 weights, with a copy in IEEE half, and momentum; half gradient", store: storeMasterF16},
}

// formatAliases are other names of formats.
var formatAliases = map[string]string{"master": "master-bf16", "master-m16": "master-bf16-m16", "f32-m16": "f32m16"}

// formatName returns the name of a format that has that name or alias.
func formatName(name string) string {
	if full, ok := formatAliases[name]; ok {
		return full
	}
	return name
}

// findScheme returns the scheme of that name or alias.
func findScheme(name string) (scheme, error) {
	name = formatName(name)
	for _, s := range schemes {
		if s.name == name {
			return s, nil
		}
	}
	return scheme{}, fmt.Errorf("want one of %s", strings.Join(schemeNames(), ", "))
}

// schemeHelp describes each scheme in a line.
func schemeHelp() string {
	var lines []string
	for _, s := range schemes {
		lines = append(lines, fmt.Sprintf("%-16s %2d  %s", s.name, s.bytes, s.about))
	}
	return strings.Join(lines, "\n") + "\n(master stands for master-bf16, master-m16 for master-bf16-m16, f32-m16 for f32m16)"
}

func schemeNames() []string {
	var names []string
	for _, s := range schemes {
		names = append(names, s.name)
	}
	return names
}

func slices2[T any](n int) (a, b []T)    { return make([]T, n), make([]T, n) }
func slices3[T any](n int) (a, b, c []T) { return make([]T, n), make([]T, n), make([]T, n) }

func storeF32(weight []float32) (stored, error) {
	p, g, m := slices3[float32](len(weight))
	copy(p, weight)
	return stored{
		load:    func(x []float32) error { copy(x, p); return nil },
		setGrad: func(x []float32) error { copy(g, x); return nil },
		step:    func(s lion.Stepper) error { return s.StepF32(p, g, m) },
		weight:  []any{p},
	}, nil
}

func storeF64(weight []float32) (stored, error) {
	p, g, m := slices3[float64](len(weight))
	to64(p, weight)
	return stored{
		load: func(x []float32) error {
			for i, v := range p {
				x[i] = float32(v)
			}
			return nil
		},
		setGrad: func(x []float32) error { to64(g, x); return nil },
		step:    func(s lion.Stepper) error { return s.StepF64(p, g, m) },
		weight:  []any{p},
	}, nil
}

func to64(dst []float64, src []float32) {
	for i, v := range src {
		dst[i] = float64(v)
	}
}

func storeF32M16(weight []float32) (stored, error) {
	p, g := slices2[float32](len(weight))
	m := make([]lion.BF16, len(weight))
	copy(p, weight)
	return stored{
		load:    func(x []float32) error { copy(x, p); return nil },
		setGrad: func(x []float32) error { copy(g, x); return nil },
		step:    func(s lion.Stepper) error { return s.StepF32M16(p, g, m) },
		weight:  []any{p},
	}, nil
}

func storeBF16(weight []float32) (stored, error) {
	p, g, m := slices3[lion.BF16](len(weight))
	return stored{
		load:    func(x []float32) error { return lion.WidenBF16(x, p) },
		setGrad: func(x []float32) error { return lion.NarrowBF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepBF16(p, g, m) },
		weight:  []any{p},
	}, lion.NarrowBF16(p, weight)
}

func storeKahan(weight []float32) (stored, error) {
	p, g, m := slices3[lion.BF16](len(weight))
	c := make([]lion.BF16, len(weight))
	return stored{
		load:    func(x []float32) error { return lion.WidenBF16(x, p) },
		setGrad: func(x []float32) error { return lion.NarrowBF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepBF16Kahan(p, g, m, c) },
		weight:  []any{p, c},
	}, lion.KahanBF16(p, c, weight)
}

func storeSplit(weight []float32) (stored, error) {
	hi, g, m := slices3[lion.BF16](len(weight))
	lo := make([]uint16, len(weight))
	return stored{
		load:    func(x []float32) error { return lion.WidenBF16(x, hi) },
		setGrad: func(x []float32) error { return lion.NarrowBF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepSplit(hi, lo, g, m) },
		weight:  []any{hi, lo},
	}, lion.Split(hi, lo, weight)
}

func storeMaster(weight []float32) (stored, error) {
	p, m := slices2[float32](len(weight))
	g, shadow := slices2[lion.BF16](len(weight))
	copy(p, weight)
	return stored{
		load:    func(x []float32) error { return lion.WidenBF16(x, shadow) },
		setGrad: func(x []float32) error { return lion.NarrowBF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepMasterBF16(p, g, m, shadow) },
		weight:  []any{p},
	}, lion.NarrowBF16(shadow, weight)
}

func storeMasterM16(weight []float32) (stored, error) {
	p := append([]float32(nil), weight...)
	g, m, shadow := slices3[lion.BF16](len(weight))
	return stored{
		load:    func(x []float32) error { return lion.WidenBF16(x, shadow) },
		setGrad: func(x []float32) error { return lion.NarrowBF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepMasterBF16M16(p, g, m, shadow) },
		weight:  []any{p},
	}, lion.NarrowBF16(shadow, weight)
}

func storeF16(weight []float32) (stored, error) {
	p, g, m := slices3[lion.F16](len(weight))
	return stored{
		load:    func(x []float32) error { return lion.WidenF16(x, p) },
		setGrad: func(x []float32) error { return lion.NarrowF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepF16(p, g, m) },
		stats:   func() lion.Stats { return lion.GradStats(g) },
		weight:  []any{p},
	}, lion.NarrowF16(p, weight)
}

func storeMasterF16(weight []float32) (stored, error) {
	p, m := slices2[float32](len(weight))
	g, shadow := slices2[lion.F16](len(weight))
	copy(p, weight)
	return stored{
		load:    func(x []float32) error { return lion.WidenF16(x, shadow) },
		setGrad: func(x []float32) error { return lion.NarrowF16(g, x) },
		step:    func(s lion.Stepper) error { return s.StepMasterF16(p, g, m, shadow) },
		stats:   func() lion.Stats { return lion.GradStats(g) },
		weight:  []any{p},
	}, lion.NarrowF16(shadow, weight)
}
