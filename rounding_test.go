package lion

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stochasticStepper rounds at random.
func stochasticStepper(seed uint64) Stepper {
	cfg := DefaultConfig()
	cfg.Rounding, cfg.Seed = StochasticRounding, seed
	return stepper(cfg)
}

// TestStochasticDrifts: where nearest rounding leaves a weight stuck, random
// rounding moves it as far as it should go, in the mean.
func TestStochasticDrifts(t *testing.T) {
	s := stochasticStepper(1)
	const n, steps = 4096, 200
	p, g, m := make([]BF16, n), make([]BF16, n), make([]BF16, n)
	ph, gh, mh := make([]F16, n), make([]F16, n), make([]F16, n)
	for i := range p {
		p[i], g[i] = ToBF16(1), ToBF16(-1)
		ph[i], gh[i] = ToF16(1), ToF16(-1)
	}
	stuck := slices.Clone(p)
	nearest := stepper(DefaultConfig())
	for i := 1; i <= steps; i++ {
		require.NoError(t, s.At(i).StepBF16(p, g, m))
		require.NoError(t, s.At(i).StepF16(ph, gh, mh))
		require.NoError(t, nearest.StepBF16(stuck, g, make([]BF16, n)))
	}
	mean := func(s []float32) (sum float64) {
		for _, x := range s {
			sum += float64(x) / n
		}
		return sum
	}
	// A weight goes up by k = 200·1e-4/u units u, in the mean, so it deviates by
	// u·√k and the mean of n weights by a √n-th of that: five times as much each.
	assert.InDelta(t, 1+steps*1e-4, mean(widened(p)), 1e-3)
	assert.InDelta(t, 1+steps*1e-4, mean(widened(ph)), 3.5e-4)
	assert.Equal(t, 1.0, mean(widened(stuck)))
}

// stepping returns what a step rounds to at random on an implementation: one
// stretch from an index on for each part of n.
func stepping(t *testing.T, impl int, s Stepper, index uint64, n int, parts ...int) ([]BF16, []F16) {
	s.impl = uint8(impl)
	d := newMixedData(n, true)
	from := 0
	for _, to := range append(parts, n) {
		s := s
		s.plan.index = index + uint64(from)
		require.NoError(t, s.StepBF16(d.pb[from:to], d.gb[from:to], d.mb[from:to]))
		require.NoError(t, s.StepF16(d.ph[from:to], d.gh[from:to], d.mh[from:to]))
		from = to
	}
	return d.pb, d.ph
}

// TestStochasticSplits: steps round the float32 step by the documented bits, however
// a tensor is split, also where the upper half of the index changes.
func TestStochasticSplits(t *testing.T) {
	const n = 1500
	s := stochasticStepper(7).At(5)
	eachImplementation(t, func(t *testing.T, impl int) {
		s := s
		s.impl = uint8(impl)
		for _, index := range []uint64{0, 3, 1<<32 - 700, 1<<40 - 512, 5<<33 + 17, 1<<63 - n} {
			d := newMixedData(n, true)
			p, ph := widened(d.pb), widened(d.ph)
			require.NoError(t, s.StepF32(p, widened(d.gb), widened(d.mb)))
			require.NoError(t, s.StepF32(ph, widened(d.gh), widened(d.mh)))
			for i := range p {
				r := oracleDraw(7, 5, index+uint64(i))
				d.pb[i], d.ph[i] = BF16(prove.BF16.Stochastic(p[i], r)), F16(prove.F16.Stochastic(ph[i], r))
			}
			for _, parts := range [][]int{{}, {3, 700}, {699, 700, 701}, {512, 1024}} {
				b, h := stepping(t, impl, s, index, n, parts...)
				require.Equal(t, d.pb, b, "from %#x in parts %v", index, parts)
				require.Equal(t, d.ph, h, "from %#x in parts %v", index, parts)
			}
		}
	})
	whole, _ := stepping(t, genericIndex(), s, 0, n)
	for name, other := range map[string]Stepper{"step": s.At(6), "seed": stochasticStepper(8).At(5)} {
		b, _ := stepping(t, genericIndex(), other, 0, n)
		assert.NotEqual(t, whole, b, name)
	}
	assert.Equal(t, uint64(12), s.From(12).plan.index)
}

// TestStochasticFused compares steps that round at random in one pass with tiles, of
// the same implementation and of generic, over bits that are hard on them, and over
// chunks.
func TestStochasticFused(t *testing.T) {
	r := prove.NewRand(4)
	configs := valueConfigs()
	eachImplementation(t, func(t *testing.T, impl int) {
		im := &implementations[impl]
		if im.name == "generic" {
			return // rounds at random in tiles
		}
		check := func(id half.ID, cfg Config, index uint64, n int, msg string) {
			cfg.Rounding, cfg.Seed, cfg.Implementation = StochasticRounding, 5, im.name
			s := stepper(cfg).At(9)
			s.plan.index = index
			st := &half.Storages[id]
			in := newFusedSlices(r, st, n)
			got, tiled, want := in.clone(), in.clone(), in.clone()
			k := s.plan.fused(&im.half.Fused, id, true)
			require.NotNil(t, k)
			stepFused(&s, im, st, k, got.args(n, &s), 1)
			stepTiles(&s, im, st, tiled.args(n, &s), 1)
			stepTiles(&s, &implementations[genericIndex()], st, want.args(n, &s), 1)
			require.NoError(t, sameFused(st, true, n, &in, &want, &tiled), "%s: tiles", msg)
			require.NoError(t, sameFused(st, true, n, &in, &want, &got), msg)
		}
		for _, id := range []half.ID{half.StoreBF16, half.StoreF16} {
			name := half.Storages[id].Name
			for _, rule := range []Rule{Paper, Cautious} {
				for about, cfg := range configs {
					cfg.Rule = rule
					msg := fmt.Sprintf("%s %v, %s", name, rule, about)
					check(id, cfg, 0, 3*half.TileSize+7, msg)
					check(id, cfg, 1<<33-101, 101, msg+", at the last of a key")
				}
				cfg := decaying()
				cfg.Rule = rule
				check(id, cfg, 3, 2*chunk+half.Unit+5, name+" in chunks")
			}
		}
	})
}

func TestStochasticDoesNotAllocate(t *testing.T) {
	if prove.Sanitized {
		prove.Skip(t, "the race detector's instrumentation allocates")
	}
	s, d := stochasticStepper(1).At(1), newMixedData(600, false)
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		if s.StepBF16(d.pb, d.gb, d.mb) != nil || s.StepF16(d.ph, d.gh, d.mh) != nil {
			t.Fatal()
		}
	}))
}

// BenchmarkRounding steps 16-bit formats by both roundings.
func BenchmarkRounding(b *testing.B) {
	for _, n := range []int{1 << 10, 16 << 20} {
		p, g, m := make([]uint16, n), make([]uint16, n), make([]uint16, n)
		for i, r := 0, (prove.NewRand(1)); i < n; i++ {
			x := r.Next() // of ordinary size in either format
			p[i], g[i], m[i] = uint16(0x3e80|x&0x807f), uint16(0x3e80|x>>16&0x807f), uint16(0x3e80|x>>32&0x807f)
		}
		for _, rounding := range []Rounding{NearestRounding, StochasticRounding} {
			for impl := range implementations {
				if implementations[impl].missing != "" {
					continue
				}
				cfg := DefaultConfig()
				cfg.Rounding, cfg.Implementation = rounding, implementations[impl].name
				s := stepper(cfg).At(1)
				bf := func(s []uint16) []BF16 { return unsafe.Slice((*BF16)(&s[0]), n) }
				f16 := func(s []uint16) []F16 { return unsafe.Slice((*F16)(&s[0]), n) }
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
