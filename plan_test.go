package lion

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPlans: which kernel runs for each rule and decay, and what around it. The bits
// say nothing of that, since compositions give those of the kernels; the time does.
func TestPlans(t *testing.T) {
	type planned struct {
		op  op
		mix mix
	}
	for rule, want := range map[Rule]struct {
		without                          op // a decay
		decoupled, paper, coupled, alone planned
	}{
		Paper:         {opPaperPlain, planned{opPaper, mixNone}, planned{opPaperInside, mixNone}, planned{opPaperCoupled, mixNone}, planned{opPaper, mixNone}},
		MomentumFirst: {opMomentumFirst, planned{opMomentumFirst, mixNone}, planned{opMomentumFirst, mixInside}, planned{opMomentumFirstCoupled, mixNone}, planned{opMomentumFirst, mixNone}},
		BiasCorrected: {opBiasCorrected, planned{opBiasCorrected, mixNone}, planned{opBiasCorrected, mixInside}, planned{opBiasCorrected, mixCouple}, planned{opBiasCorrected, mixNone}},
		Cautious:      {opCautious, planned{opCautious, mixNone}, planned{opCautious, mixInside}, planned{opCautious, mixCouple}, planned{opCautious, mixNone}},
		Refined:       {opRefined, planned{opRefined, mixNone}, planned{opRefined, mixInside}, planned{opRefined, mixCouple}, planned{opRefined, mixNone}},
		Smooth:        {opSmooth, planned{opSmooth, mixNone}, planned{opSmooth, mixInside}, planned{opSmooth, mixCouple}, planned{opSmooth, mixNone}},
	} {
		for decay, w := range map[Decay]planned{Decoupled: want.decoupled, DecoupledPaper: want.paper, Coupled: want.coupled, Independent: want.alone} {
			for _, scale := range []CautiousScale{ScaleNone, ScaleCount, ScaleMean} {
				if rule != Cautious && scale != ScaleNone {
					continue
				}
				cfg := DefaultConfig()
				cfg.Rule, cfg.Decay, cfg.CautiousScale = rule, decay, scale
				for _, cfg.WeightDecay = range []float64{0, 0.1} {
					w := w
					if cfg.WeightDecay == 0 {
						w = planned{want.without, mixNone}
					}
					s, err := New(cfg)
					require.NoError(t, err)
					p := s.At(1).plan
					assert.Equal(t, w, planned{p.op, p.mix}, "%v %v %v", rule, decay, cfg.WeightDecay)
					assert.Equal(t, w.mix == mixNone && scale == ScaleNone, p.direct, "%v %v %v", rule, decay, scale)
					assert.True(t, p.ready)
					assert.Equal(t, rule != BiasCorrected, s.plan.ready)
				}
			}
		}
	}
}
