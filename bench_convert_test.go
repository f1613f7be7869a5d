package lion

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
)

// BenchmarkConvert converts whole slices, with cycling implementations; bytes
// are those read and written.
func BenchmarkConvert(b *testing.B) {
	for _, n := range []int{1 << 10, 64 << 10, 16 << 20} {
		f, h, lo := make([]float32, n), make([]uint16, n), make([]uint16, n)
		for i, r := 0, (prove.NewRand(1)); i < n; i++ {
			f[i] = float32(int32(r.Next())) / (1 << 31)
		}
		bf, f16 := unsafe.Slice((*BF16)(&h[0]), n), unsafe.Slice((*F16)(&h[0]), n)
		for _, conv := range []struct {
			name  string
			bytes int
			run   func() error
		}{
			{"fmt=bf16/narrow", 6, func() error { return NarrowBF16(bf, f) }},
			{"fmt=bf16/widen", 6, func() error { return WidenBF16(f, bf) }},
			{"fmt=f16/narrow", 6, func() error { return NarrowF16(f16, f) }},
			{"fmt=f16/widen", 6, func() error { return WidenF16(f, f16) }},
			{"fmt=split/split", 8, func() error { return Split(bf, lo, f) }},
			{"fmt=split/join", 8, func() error { return Join(f, bf, lo) }},
		} {
			for impl := range implementations {
				if implementations[impl].missing != "" {
					continue
				}
				b.Run(fmt.Sprintf("%s/n=%d/impl=%s", conv.name, n, implementations[impl].name), func(b *testing.B) {
					old := preferred
					defer func() { preferred = old }()
					preferred = impl
					b.SetBytes(int64(n * conv.bytes))
					for i := 0; i < b.N; i++ {
						if err := conv.run(); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/float64(n), "ns/elem")
				})
			}
		}
	}
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
