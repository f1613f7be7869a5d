//go:build (amd64 || arm64) && !purego

package lion

import (
	"runtime"
	"unsafe"

	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

// This file declares the assembly of every architecture; the switch below is
// settled by the compiler, so that only this one's is linked.
func init() {
	switch runtime.GOARCH {
	case "amd64":
		implementations = append([]implementation{
			{"avx512", missingAVX512(), avx512Kernels(), avx512Converters(), summers{summer[float32](statsF32AVX512), summer[float64](statsF64AVX512)}, avx512Fused()},
			{"avx2", missingAVX2(), avx2Kernels(), avx2Converters(), summers{summer[float32](statsF32AVX2), summer[float64](statsF64AVX2)}, avx2Fused()},
		}, implementations...)
	case "arm64": // where NEON is part of the base architecture
		implementations = append([]implementation{
			{"neon", "", neonKernels(), neonConverters(), summers{summer[float32](statsF32NEON), summer[float64](statsF64NEON)}, neonFused()},
		}, implementations...)
	}
}

// missingAVX2 says why AVX2 can't be used, "" if it can. cpuid sees what the CPU
// and the system offer, x/sys/cpu what GODEBUG leaves of it: a feature is on if
// both agree.
func missingAVX2() string {
	if x := &cpu.X86; cpuid.CPU.Supports(cpuid.AVX, cpuid.AVX2, cpuid.F16C) && x.HasAVX && x.HasAVX2 {
		return ""
	}
	return "the CPU has no AVX2 with F16C, or GODEBUG turns it off"
}

// missingAVX512 is missingAVX2 for AVX-512: the parts that every such server
// CPU has.
func missingAVX512() string {
	if why := missingAVX2(); why != "" {
		return why
	}
	if x := &cpu.X86; cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512CD, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL) &&
		x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL {
		return ""
	}
	return "the CPU lacks one of AVX-512 F, CD, BW, DQ and VL, or GODEBUG turns it off"
}

func avx512Kernels() [numFormats][numOps]kernel {
	return [numFormats][numOps]kernel{
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
}

func avx2Kernels() [numFormats][numOps]kernel {
	return [numFormats][numOps]kernel{
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
}

func neonKernels() [numFormats][numOps]kernel {
	return [numFormats][numOps]kernel{
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
}

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
func paperF32NEON(a *args) (nan uint32)

//go:noescape
func paperPlainF32NEON(a *args) (nan uint32)

//go:noescape
func paperInsideF32NEON(a *args) (nan uint32)

//go:noescape
func paperCoupledF32NEON(a *args) (nan uint32)

//go:noescape
func momentumFirstF32NEON(a *args) (nan uint32)

//go:noescape
func momentumFirstCoupledF32NEON(a *args) (nan uint32)

//go:noescape
func cautiousF32NEON(a *args) (nan uint32)

//go:noescape
func biasCorrectedF32NEON(a *args) (nan uint32)

//go:noescape
func refinedF32NEON(a *args) (nan uint32)

//go:noescape
func smoothF32NEON(a *args) (nan uint32)

//go:noescape
func coupleF32NEON(a *args) (nan uint32)

//go:noescape
func insideF32NEON(a *args) (nan uint32)

//go:noescape
func countF32NEON(a *args) (nan uint32)

//go:noescape
func paperF64NEON(a *args) (nan uint32)

//go:noescape
func paperPlainF64NEON(a *args) (nan uint32)

//go:noescape
func paperInsideF64NEON(a *args) (nan uint32)

//go:noescape
func paperCoupledF64NEON(a *args) (nan uint32)

//go:noescape
func momentumFirstF64NEON(a *args) (nan uint32)

//go:noescape
func momentumFirstCoupledF64NEON(a *args) (nan uint32)

//go:noescape
func cautiousF64NEON(a *args) (nan uint32)

//go:noescape
func biasCorrectedF64NEON(a *args) (nan uint32)

//go:noescape
func refinedF64NEON(a *args) (nan uint32)

//go:noescape
func smoothF64NEON(a *args) (nan uint32)

//go:noescape
func coupleF64NEON(a *args) (nan uint32)

//go:noescape
func insideF64NEON(a *args) (nan uint32)

//go:noescape
func countF64NEON(a *args) (nan uint32)

//go:noescape
func statsF32AVX512(b *blockStats, grad unsafe.Pointer, n int)

//go:noescape
func statsF64AVX512(b *blockStats, grad unsafe.Pointer, n int)

//go:noescape
func statsF32AVX2(b *blockStats, grad unsafe.Pointer, n int)

//go:noescape
func statsF64AVX2(b *blockStats, grad unsafe.Pointer, n int)

//go:noescape
func statsF32NEON(b *blockStats, grad unsafe.Pointer, n int)

//go:noescape
func statsF64NEON(b *blockStats, grad unsafe.Pointer, n int)

func avx512Converters() converters {
	return converters{
		widenBF16:  sixteens(widenBF16AVX512, widenBF16Generic, 4, 2),
		narrowBF16: sixteens(narrowBF16AVX512, narrowBF16Generic, 2, 4),
		widenF16:   sixteens(widenF16AVX512, widenF16Generic, 4, 2),
		narrowF16:  sixteens(narrowF16AVX512, narrowF16Generic, 2, 4),
		split:      sixteens3(splitAVX512, splitGeneric, 2, 2, 4),
		join:       sixteens3(joinAVX512, joinGeneric, 4, 2, 2),

		stochasticBF16: sixteensAtRandom(stochasticBF16AVX512, stochasticBF16Generic),
		stochasticF16:  sixteensAtRandom(stochasticF16AVX512, stochasticF16Generic),

		splitKahan: sixteens3(splitKahanAVX512, splitKahanGeneric, 2, 2, 4),
		joinKahan:  sixteens3(joinKahanAVX512, joinKahanGeneric, 4, 2, 2),
	}
}

func avx2Converters() converters {
	return converters{
		widenBF16:  sixteens(widenBF16AVX2, widenBF16Generic, 4, 2),
		narrowBF16: sixteens(narrowBF16AVX2, narrowBF16Generic, 2, 4),
		widenF16:   sixteens(widenF16AVX2, widenF16Generic, 4, 2),
		narrowF16:  sixteens(narrowF16AVX2, narrowF16Generic, 2, 4),
		split:      sixteens3(splitAVX2, splitGeneric, 2, 2, 4),
		join:       sixteens3(joinAVX2, joinGeneric, 4, 2, 2),

		stochasticBF16: sixteensAtRandom(stochasticBF16AVX2, stochasticBF16Generic),
		stochasticF16:  sixteensAtRandom(stochasticF16AVX2, stochasticF16Generic),

		splitKahan: sixteens3(splitKahanAVX2, splitKahanGeneric, 2, 2, 4),
		joinKahan:  sixteens3(joinKahanAVX2, joinKahanGeneric, 4, 2, 2),
	}
}

func neonConverters() converters {
	return converters{
		widenBF16:  sixteens(widenBF16NEON, widenBF16Generic, 4, 2),
		narrowBF16: sixteens(narrowBF16NEON, narrowBF16Generic, 2, 4),
		widenF16:   sixteens(widenF16NEON, widenF16Generic, 4, 2),
		narrowF16:  sixteens(narrowF16NEON, narrowF16Generic, 2, 4),
		split:      sixteens3(splitNEON, splitGeneric, 2, 2, 4),
		join:       sixteens3(joinNEON, joinGeneric, 4, 2, 2),

		stochasticBF16: sixteensAtRandom(stochasticBF16NEON, stochasticBF16Generic),
		stochasticF16:  sixteensAtRandom(stochasticF16NEON, stochasticF16Generic),

		splitKahan: sixteens3(splitKahanNEON, splitKahanGeneric, 2, 2, 4),
		joinKahan:  sixteens3(joinKahanNEON, joinKahanGeneric, 4, 2, 2),
	}
}

//go:noescape
func widenBF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowBF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func widenF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowF16AVX512(dst, src unsafe.Pointer, n int)

//go:noescape
func splitAVX512(hi, lo, weight unsafe.Pointer, n int)

//go:noescape
func joinAVX512(weight, hi, lo unsafe.Pointer, n int)

//go:noescape
func widenBF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowBF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func widenF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowF16AVX2(dst, src unsafe.Pointer, n int)

//go:noescape
func splitAVX2(hi, lo, weight unsafe.Pointer, n int)

//go:noescape
func joinAVX2(weight, hi, lo unsafe.Pointer, n int)

//go:noescape
func widenBF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowBF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func widenF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func narrowF16NEON(dst, src unsafe.Pointer, n int)

//go:noescape
func splitNEON(hi, lo, weight unsafe.Pointer, n int)

//go:noescape
func joinNEON(weight, hi, lo unsafe.Pointer, n int)

func avx512Fused() fusedKernels {
	return fusedKernels{
		{storeBF16, paperBF16AVX512, cautiousBF16AVX512},
		{storeF16, paperF16AVX512, cautiousF16AVX512},
		{storeMasterBF16, paperMasterBF16AVX512, cautiousMasterBF16AVX512},
		{storeMasterBF16M16, paperMasterBF16M16AVX512, cautiousMasterBF16M16AVX512},
		{storeMasterF16, paperMasterF16AVX512, cautiousMasterF16AVX512},
		{storeF32M16, paperF32M16AVX512, cautiousF32M16AVX512},
		{storeSplit, paperSplitAVX512, cautiousSplitAVX512},
	}
}

func avx2Fused() fusedKernels {
	return fusedKernels{
		{storeBF16, paperBF16AVX2, cautiousBF16AVX2},
		{storeF16, paperF16AVX2, cautiousF16AVX2},
		{storeMasterBF16, paperMasterBF16AVX2, cautiousMasterBF16AVX2},
		{storeMasterBF16M16, paperMasterBF16M16AVX2, cautiousMasterBF16M16AVX2},
		{storeMasterF16, paperMasterF16AVX2, cautiousMasterF16AVX2},
		{storeF32M16, paperF32M16AVX2, cautiousF32M16AVX2},
		{storeSplit, paperSplitAVX2, cautiousSplitAVX2},
	}
}

func neonFused() fusedKernels {
	return fusedKernels{
		{storeBF16, paperBF16NEON, cautiousBF16NEON},
		{storeF16, paperF16NEON, cautiousF16NEON},
		{storeMasterBF16, paperMasterBF16NEON, cautiousMasterBF16NEON},
		{storeMasterBF16M16, paperMasterBF16M16NEON, cautiousMasterBF16M16NEON},
		{storeMasterF16, paperMasterF16NEON, cautiousMasterF16NEON},
		{storeF32M16, paperF32M16NEON, cautiousF32M16NEON},
		{storeSplit, paperSplitNEON, cautiousSplitNEON},
	}
}

//go:noescape
func paperBF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousBF16AVX512(a *args) (nan uint32)

//go:noescape
func paperF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousF16AVX512(a *args) (nan uint32)

//go:noescape
func paperMasterBF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16AVX512(a *args) (nan uint32)

//go:noescape
func paperMasterBF16M16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16M16AVX512(a *args) (nan uint32)

//go:noescape
func paperMasterF16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousMasterF16AVX512(a *args) (nan uint32)

//go:noescape
func paperF32M16AVX512(a *args) (nan uint32)

//go:noescape
func cautiousF32M16AVX512(a *args) (nan uint32)

//go:noescape
func paperSplitAVX512(a *args) (nan uint32)

//go:noescape
func cautiousSplitAVX512(a *args) (nan uint32)

//go:noescape
func paperBF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousBF16AVX2(a *args) (nan uint32)

//go:noescape
func paperF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousF16AVX2(a *args) (nan uint32)

//go:noescape
func paperMasterBF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16AVX2(a *args) (nan uint32)

//go:noescape
func paperMasterBF16M16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16M16AVX2(a *args) (nan uint32)

//go:noescape
func paperMasterF16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousMasterF16AVX2(a *args) (nan uint32)

//go:noescape
func paperF32M16AVX2(a *args) (nan uint32)

//go:noescape
func cautiousF32M16AVX2(a *args) (nan uint32)

//go:noescape
func paperSplitAVX2(a *args) (nan uint32)

//go:noescape
func cautiousSplitAVX2(a *args) (nan uint32)

//go:noescape
func paperBF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousBF16NEON(a *args) (nan uint32)

//go:noescape
func paperF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousF16NEON(a *args) (nan uint32)

//go:noescape
func paperMasterBF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16NEON(a *args) (nan uint32)

//go:noescape
func paperMasterBF16M16NEON(a *args) (nan uint32)

//go:noescape
func cautiousMasterBF16M16NEON(a *args) (nan uint32)

//go:noescape
func paperMasterF16NEON(a *args) (nan uint32)

//go:noescape
func cautiousMasterF16NEON(a *args) (nan uint32)

//go:noescape
func paperF32M16NEON(a *args) (nan uint32)

//go:noescape
func cautiousF32M16NEON(a *args) (nan uint32)

//go:noescape
func paperSplitNEON(a *args) (nan uint32)

//go:noescape
func cautiousSplitNEON(a *args) (nan uint32)

//go:noescape
func stochasticBF16AVX512(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticF16AVX512(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticBF16AVX2(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticF16AVX2(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticBF16NEON(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func stochasticF16NEON(dst, src unsafe.Pointer, n int, d draws)

//go:noescape
func splitKahanAVX512(param, compensation, weight unsafe.Pointer, n int)

//go:noescape
func joinKahanAVX512(weight, param, compensation unsafe.Pointer, n int)

//go:noescape
func splitKahanAVX2(param, compensation, weight unsafe.Pointer, n int)

//go:noescape
func joinKahanAVX2(weight, param, compensation unsafe.Pointer, n int)

//go:noescape
func splitKahanNEON(param, compensation, weight unsafe.Pointer, n int)

//go:noescape
func joinKahanNEON(weight, param, compensation unsafe.Pointer, n int)
