package lion

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"

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
