package lion

import (
	"fmt"
	"math"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// onStack16 does everything that works on slices of 16-bit formats, on arrays in
// its frame: 80 elements, so that fused kernels are run and leave a rest. What it
// returns depends on all results.
//
//go:noinline
func onStack16(s *Stepper, nan bool) (sum uint64, err error) {
	const n = 80
	var f, f2 [n]float32
	var pb, gb, mb, xb [n]BF16
	var ph, gh, mh, xh [n]F16
	var lo [n]uint16
	for i := range f {
		f[i], f2[i] = float32(i)-40.25, float32(i%5)-2
		pb[i], gb[i], mb[i] = ToBF16(f[i]), ToBF16(float32(i%3)-1), ToBF16(f2[i])
		ph[i], gh[i], mh[i] = ToF16(f[i]), ToF16(float32(i%3)-1), ToF16(f2[i])
	}
	if nan {
		f[33], pb[7], ph[60] = float32(math.NaN()), 0x7fff, 0xfe01
	}
	add := func(e error) {
		if e != nil {
			err = e
		}
		for i := range f {
			for _, x := range [...]uint32{math.Float32bits(f[i]), math.Float32bits(f2[i]), uint32(pb[i]), uint32(mb[i]), uint32(xb[i]),
				uint32(ph[i]), uint32(mh[i]), uint32(xh[i]), uint32(lo[i])} {
				sum = (sum ^ uint64(x)) * 0x100000001b3
			}
		}
	}
	add(s.StepMasterBF16(f[:], gb[:], f2[:], xb[:]))
	add(s.StepMasterF16(f[:], gh[:], f2[:], xh[:]))
	add(s.StepMasterBF16M16(f[:], gb[:], mb[:], xb[:]))
	add(s.StepF32M16(f[:], f2[:], mb[:]))
	add(s.StepBF16(pb[:], gb[:], mb[:]))
	add(s.StepF16(ph[:], gh[:], mh[:]))
	add(Split(pb[:], lo[:], f[:]))
	add(s.StepSplit(pb[:], lo[:], gb[:], mb[:]))
	add(Join(f[:], pb[:], lo[:]))
	add(KahanBF16(pb[:], xb[:], f[:]))
	add(s.StepBF16Kahan(pb[:], gb[:], mb[:], xb[:]))
	add(NarrowF16(ph[:], f[:]))
	add(WidenF16(f[:], ph[:]))
	add(NarrowBF16(pb[:], f[:]))
	add(WidenBF16(f[:], pb[:]))
	for _, st := range [...]Stats{GradStats(f[:]), GradStats(gb[:]), GradStats(gh[:])} {
		sum = (sum ^ math.Float64bits(st.SumSquares) ^ math.Float64bits(st.MaxAbs) ^ uint64(st.NaNs)) * 0x100000001b3
	}
	return sum, err
}

// stacks16 runs f, onStack16 but for tests of the test, in frames ever deeper on
// fresh goroutines' stacks, and returns the depth at which it gave something else,
// or -1.
func stacks16(depths, every int, f func() uint64) int {
	want := f()
	for depth := 0; depth < depths; depth += every {
		got := make(chan uint64)
		go func() { got <- deeper16(depth, f) }()
		if <-got != want {
			return depth
		}
	}
	return -1
}

//go:noinline
func deeper16(depth int, f func() uint64) uint64 {
	if depth > 0 {
		return deeper16(depth-1, f)
	}
	return f()
}

// TestStackGrowth16: a stack may grow, and so move, at any place inside a step of
// 16-bit formats: with NaNs to be mended too, which are a frame of their own.
func TestStackGrowth16(t *testing.T) {
	every := 3
	if !prove.Whole() {
		every = 17
	}
	if prove.Sanitized { // whose frames are larger
		every *= 4
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for _, cfg := range []Config{{}, {Rule: Cautious, CautiousScale: ScaleMean}, {Rule: Smooth, Decay: Coupled}, {Decay: DecoupledPaper, Rule: Refined}, {Rounding: StochasticRounding}} {
			base := decaying()
			base.Rule, base.Decay, base.CautiousScale, base.Rounding = cfg.Rule, cfg.Decay, cfg.CautiousScale, cfg.Rounding
			base.Implementation = implementations[impl].name
			s := stepper(base)
			for _, nan := range []bool{false, true} {
				at := stacks16(1000, every, func() uint64 {
					sum, err := onStack16(&s, nan)
					if err != nil {
						panic(err)
					}
					return sum
				})
				assert.Equal(t, -1, at, "%v %v %v, NaNs: %v", base.Rule, base.Decay, base.Rounding, nan)
			}
		}
	})
}

// TestNoAllocation16: what works on 16-bit formats allocates nothing, under any
// rule, decay and scale, and arrays on the stack stay there.
func TestNoAllocation16(t *testing.T) {
	if prove.Sanitized {
		prove.Skip(t, "the race detector's instrumentation allocates")
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for _, cfg := range variants(decaying()) {
			for rounding := range numRoundings {
				cfg.Implementation, cfg.Rounding = implementations[impl].name, rounding
				s := stepper(cfg)
				var err error
				for _, nan := range []bool{false, true} {
					assert.Zero(t, testing.AllocsPerRun(3, func() { _, err = onStack16(&s, nan) }), fmt.Sprint(cfg.Rule, cfg.Decay, rounding))
					assert.NoError(t, err)
				}
			}
		}
	})
}
