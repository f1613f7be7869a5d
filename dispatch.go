//go:build amd64 && !purego

package lion

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

//go:noescape
func paperF32AVX2(a *args) (nan uint32)

//go:noescape
func paperPlainF32AVX2(a *args) (nan uint32)

//go:noescape
func paperInsideF32AVX2(a *args) (nan uint32)

//go:noescape
func paperCoupledF32AVX2(a *args) (nan uint32)

//go:noescape
func momentumFirstF32AVX2(a *args) (nan uint32)

//go:noescape
func momentumFirstCoupledF32AVX2(a *args) (nan uint32)

//go:noescape
func cautiousF32AVX2(a *args) (nan uint32)

//go:noescape
func biasCorrectedF32AVX2(a *args) (nan uint32)

//go:noescape
func refinedF32AVX2(a *args) (nan uint32)

//go:noescape
func smoothF32AVX2(a *args) (nan uint32)

//go:noescape
func coupleF32AVX2(a *args) (nan uint32)

//go:noescape
func insideF32AVX2(a *args) (nan uint32)

//go:noescape
func countF32AVX2(a *args) (nan uint32)

//go:noescape
func paperF64AVX2(a *args) (nan uint32)

//go:noescape
func paperPlainF64AVX2(a *args) (nan uint32)

//go:noescape
func paperInsideF64AVX2(a *args) (nan uint32)

//go:noescape
func paperCoupledF64AVX2(a *args) (nan uint32)

//go:noescape
func momentumFirstF64AVX2(a *args) (nan uint32)

//go:noescape
func momentumFirstCoupledF64AVX2(a *args) (nan uint32)

//go:noescape
func cautiousF64AVX2(a *args) (nan uint32)

//go:noescape
func biasCorrectedF64AVX2(a *args) (nan uint32)

//go:noescape
func refinedF64AVX2(a *args) (nan uint32)

//go:noescape
func smoothF64AVX2(a *args) (nan uint32)

//go:noescape
func coupleF64AVX2(a *args) (nan uint32)

//go:noescape
func insideF64AVX2(a *args) (nan uint32)

//go:noescape
func countF64AVX2(a *args) (nan uint32)

//go:noescape
func paperF32AVX512(a *args) (nan uint32)

//go:noescape
func paperPlainF32AVX512(a *args) (nan uint32)

//go:noescape
func paperInsideF32AVX512(a *args) (nan uint32)

//go:noescape
func paperCoupledF32AVX512(a *args) (nan uint32)

//go:noescape
func momentumFirstF32AVX512(a *args) (nan uint32)

//go:noescape
func momentumFirstCoupledF32AVX512(a *args) (nan uint32)

//go:noescape
func cautiousF32AVX512(a *args) (nan uint32)

//go:noescape
func biasCorrectedF32AVX512(a *args) (nan uint32)

//go:noescape
func refinedF32AVX512(a *args) (nan uint32)

//go:noescape
func smoothF32AVX512(a *args) (nan uint32)

//go:noescape
func coupleF32AVX512(a *args) (nan uint32)

//go:noescape
func insideF32AVX512(a *args) (nan uint32)

//go:noescape
func countF32AVX512(a *args) (nan uint32)

//go:noescape
func paperF64AVX512(a *args) (nan uint32)

//go:noescape
func paperPlainF64AVX512(a *args) (nan uint32)

//go:noescape
func paperInsideF64AVX512(a *args) (nan uint32)

//go:noescape
func paperCoupledF64AVX512(a *args) (nan uint32)

//go:noescape
func momentumFirstF64AVX512(a *args) (nan uint32)

//go:noescape
func momentumFirstCoupledF64AVX512(a *args) (nan uint32)

//go:noescape
func cautiousF64AVX512(a *args) (nan uint32)

//go:noescape
func biasCorrectedF64AVX512(a *args) (nan uint32)

//go:noescape
func refinedF64AVX512(a *args) (nan uint32)

//go:noescape
func smoothF64AVX512(a *args) (nan uint32)

//go:noescape
func coupleF64AVX512(a *args) (nan uint32)

//go:noescape
func insideF64AVX512(a *args) (nan uint32)

//go:noescape
func countF64AVX512(a *args) (nan uint32)

// cpuid sees what the CPU and the system offer, x/sys/cpu what GODEBUG leaves of
// it: a feature is on if both agree.
func init() {
	avx2 := implementation{name: "avx2", kernels: avx2Kernels}
	if !cpuid.CPU.Supports(cpuid.AVX, cpuid.AVX2) || !cpu.X86.HasAVX || !cpu.X86.HasAVX2 {
		avx2.missing = "the CPU has no AVX2, or GODEBUG turns it off"
	}
	avx512 := implementation{name: "avx512", kernels: avx512Kernels, missing: avx2.missing}
	x := &cpu.X86
	if avx512.missing == "" && !(cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512CD, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL) &&
		x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL) {
		avx512.missing = "the CPU lacks one of AVX-512 F, CD, BW, DQ and VL, or GODEBUG turns it off"
	}
	implementations = append([]implementation{avx512, avx2}, implementations...)
}

var avx2Kernels = [numFormats][numOps]kernel{
	f32: {
		opPaper:                paperF32AVX2,
		opPaperPlain:           paperPlainF32AVX2,
		opPaperInside:          paperInsideF32AVX2,
		opPaperCoupled:         paperCoupledF32AVX2,
		opMomentumFirst:        momentumFirstF32AVX2,
		opMomentumFirstCoupled: momentumFirstCoupledF32AVX2,
		opCautious:             cautiousF32AVX2,
		opBiasCorrected:        biasCorrectedF32AVX2,
		opRefined:              refinedF32AVX2,
		opSmooth:               smoothF32AVX2,
		opCouple:               coupleF32AVX2,
		opInside:               insideF32AVX2,
		opCount:                countF32AVX2,
	},
	f64: {
		opPaper:                paperF64AVX2,
		opPaperPlain:           paperPlainF64AVX2,
		opPaperInside:          paperInsideF64AVX2,
		opPaperCoupled:         paperCoupledF64AVX2,
		opMomentumFirst:        momentumFirstF64AVX2,
		opMomentumFirstCoupled: momentumFirstCoupledF64AVX2,
		opCautious:             cautiousF64AVX2,
		opBiasCorrected:        biasCorrectedF64AVX2,
		opRefined:              refinedF64AVX2,
		opSmooth:               smoothF64AVX2,
		opCouple:               coupleF64AVX2,
		opInside:               insideF64AVX2,
		opCount:                countF64AVX2,
	},
}

var avx512Kernels = [numFormats][numOps]kernel{
	f32: {
		opPaper:                paperF32AVX512,
		opPaperPlain:           paperPlainF32AVX512,
		opPaperInside:          paperInsideF32AVX512,
		opPaperCoupled:         paperCoupledF32AVX512,
		opMomentumFirst:        momentumFirstF32AVX512,
		opMomentumFirstCoupled: momentumFirstCoupledF32AVX512,
		opCautious:             cautiousF32AVX512,
		opBiasCorrected:        biasCorrectedF32AVX512,
		opRefined:              refinedF32AVX512,
		opSmooth:               smoothF32AVX512,
		opCouple:               coupleF32AVX512,
		opInside:               insideF32AVX512,
		opCount:                countF32AVX512,
	},
	f64: {
		opPaper:                paperF64AVX512,
		opPaperPlain:           paperPlainF64AVX512,
		opPaperInside:          paperInsideF64AVX512,
		opPaperCoupled:         paperCoupledF64AVX512,
		opMomentumFirst:        momentumFirstF64AVX512,
		opMomentumFirstCoupled: momentumFirstCoupledF64AVX512,
		opCautious:             cautiousF64AVX512,
		opBiasCorrected:        biasCorrectedF64AVX512,
		opRefined:              refinedF64AVX512,
		opSmooth:               smoothF64AVX512,
		opCouple:               coupleF64AVX512,
		opInside:               insideF64AVX512,
		opCount:                countF64AVX512,
	},
}
