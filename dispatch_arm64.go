//go:build !purego && !noasm

package lion

import (
	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/stats"
)

// assembly is the implementations in assembly: NEON is part of the base architecture.
func assembly() []implementation {
	return []implementation{
		{"neon", "", neonKernels, half.Named("neon"), stats.Named("neon")},
	}
}

var neonKernels = [numElements][numOps]kernel{
	f32: {
		opPaper:                paperF32NEON,
		opPaperPlain:           paperPlainF32NEON,
		opPaperInside:          paperInsideF32NEON,
		opPaperCoupled:         paperCoupledF32NEON,
		opMomentumFirst:        momentumFirstF32NEON,
		opMomentumFirstCoupled: momentumFirstCoupledF32NEON,
		opCautious:             cautiousF32NEON,
		opBiasCorrected:        biasCorrectedF32NEON,
		opRefined:              refinedF32NEON,
		opSmooth:               smoothF32NEON,
		opCouple:               coupleF32NEON,
		opInside:               insideF32NEON,
		opCount:                countF32NEON,
	},
	f64: {
		opPaper:                paperF64NEON,
		opPaperPlain:           paperPlainF64NEON,
		opPaperInside:          paperInsideF64NEON,
		opPaperCoupled:         paperCoupledF64NEON,
		opMomentumFirst:        momentumFirstF64NEON,
		opMomentumFirstCoupled: momentumFirstCoupledF64NEON,
		opCautious:             cautiousF64NEON,
		opBiasCorrected:        biasCorrectedF64NEON,
		opRefined:              refinedF64NEON,
		opSmooth:               smoothF64NEON,
		opCouple:               coupleF64NEON,
		opInside:               insideF64NEON,
		opCount:                countF64NEON,
	},
}

// What kernel_arm64.s and kernel_f64_arm64.s hold: each is, to the bit, the loop of its
// name in kernel_generic.go. (No go:noescape: it is lost on what is called by way
// of a table.)

func paperF32NEON(a *args) (nan uint32)
func paperPlainF32NEON(a *args) (nan uint32)
func paperInsideF32NEON(a *args) (nan uint32)
func paperCoupledF32NEON(a *args) (nan uint32)
func momentumFirstF32NEON(a *args) (nan uint32)
func momentumFirstCoupledF32NEON(a *args) (nan uint32)
func cautiousF32NEON(a *args) (nan uint32)
func biasCorrectedF32NEON(a *args) (nan uint32)
func refinedF32NEON(a *args) (nan uint32)
func smoothF32NEON(a *args) (nan uint32)
func coupleF32NEON(a *args) (nan uint32)
func insideF32NEON(a *args) (nan uint32)
func countF32NEON(a *args) (nan uint32)

func paperF64NEON(a *args) (nan uint32)
func paperPlainF64NEON(a *args) (nan uint32)
func paperInsideF64NEON(a *args) (nan uint32)
func paperCoupledF64NEON(a *args) (nan uint32)
func momentumFirstF64NEON(a *args) (nan uint32)
func momentumFirstCoupledF64NEON(a *args) (nan uint32)
func cautiousF64NEON(a *args) (nan uint32)
func biasCorrectedF64NEON(a *args) (nan uint32)
func refinedF64NEON(a *args) (nan uint32)
func smoothF64NEON(a *args) (nan uint32)
func coupleF64NEON(a *args) (nan uint32)
func insideF64NEON(a *args) (nan uint32)
func countF64NEON(a *args) (nan uint32)
