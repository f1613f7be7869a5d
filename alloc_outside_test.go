package lion_test

import (
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
)

// TestNoAllocationOutside: nothing allocates in code of another package, into
// which the compiler inlines what it can, and arrays stay on its stack.
func TestNoAllocationOutside(t *testing.T) {
	if lion.RaceEnabled {
		lion.Skip(t, "the race detector's instrumentation allocates")
	}
	cfg := lion.DefaultConfig()
	cfg.WeightDecay = 0.1
	s, err := lion.New(cfg)
	assert.NoError(t, err)
	none := func(what string, f func() error) {
		assert.Zero(t, testing.AllocsPerRun(10, func() { assert.NoError(t, f()) }), what)
	}
	rows := []int{1, 0}
	none("StepF32", func() error {
		var param, grad, momentum [40]float32
		return s.StepF32(param[:], grad[:], momentum[:])
	})
	none("StepF64", func() error {
		var param, grad, momentum [40]float64
		return s.StepF64(param[:], grad[:], momentum[:])
	})
	none("StepRowsF32", func() error {
		var param, grad, momentum [40]float32
		return s.StepRowsF32(param[:], momentum[:], 20, rows, grad[:])
	})
	none("StepRowsF64", func() error {
		var param, grad, momentum [40]float64
		return s.StepRowsF64(param[:], momentum[:], 20, rows, grad[:])
	})
	none("StepBF16", func() error {
		var param, grad, momentum [40]lion.BF16
		return s.StepBF16(param[:], grad[:], momentum[:])
	})
	none("StepF16", func() error {
		var param, grad, momentum [40]lion.F16
		return s.StepF16(param[:], grad[:], momentum[:])
	})
	none("StepMasterBF16", func() error {
		var master, momentum [40]float32
		var grad, shadow [40]lion.BF16
		return s.StepMasterBF16(master[:], grad[:], momentum[:], shadow[:])
	})
	none("StepMasterBF16M16", func() error {
		var master [40]float32
		var grad, momentum, shadow [40]lion.BF16
		return s.StepMasterBF16M16(master[:], grad[:], momentum[:], shadow[:])
	})
	none("StepMasterF16", func() error {
		var master, momentum [40]float32
		var grad, shadow [40]lion.F16
		return s.StepMasterF16(master[:], grad[:], momentum[:], shadow[:])
	})
	none("StepF32M16", func() error {
		var param, grad [40]float32
		var momentum [40]lion.BF16
		return s.StepF32M16(param[:], grad[:], momentum[:])
	})
	none("StepSplit", func() error {
		var hi, grad, momentum [40]lion.BF16
		var lo [40]uint16
		return s.StepSplit(hi[:], lo[:], grad[:], momentum[:])
	})
	none("StepBF16Kahan", func() error {
		var param, grad, momentum, compensation [40]lion.BF16
		return s.StepBF16Kahan(param[:], grad[:], momentum[:], compensation[:])
	})
	none("KahanBF16", func() error {
		var param, compensation [40]lion.BF16
		var weight [40]float32
		return lion.KahanBF16(param[:], compensation[:], weight[:])
	})
	none("NarrowBF16", func() error {
		var dst [40]lion.BF16
		var src [40]float32
		return lion.NarrowBF16(dst[:], src[:])
	})
	none("WidenF16", func() error {
		var dst [40]float32
		var src [40]lion.F16
		return lion.WidenF16(dst[:], src[:])
	})
	none("Split", func() error {
		var hi [40]lion.BF16
		var lo [40]uint16
		var weight [40]float32
		return lion.Split(hi[:], lo[:], weight[:])
	})
	none("Join", func() error {
		var hi [40]lion.BF16
		var lo [40]uint16
		var weight [40]float32
		return lion.Join(weight[:], hi[:], lo[:])
	})
	none("GradStats", func() error {
		var f32 [40]float32
		var f64 [40]float64
		var bf16 [40]lion.BF16
		var f16 [40]lion.F16
		lion.GradStats(f32[:])
		lion.GradStats(f64[:])
		lion.GradStats(bf16[:])
		lion.GradStats(f16[:])
		return nil
	})
	none("GradStatsPart and Join", func() error {
		var grad [40]float32
		p, err := lion.GradStatsPart(0, grad[:0])
		if err != nil {
			return err
		}
		q, err := lion.GradStatsPart(0, grad[:])
		if err != nil {
			return err
		}
		p, err = p.Join(q)
		p.Stats()
		return err
	})
}
