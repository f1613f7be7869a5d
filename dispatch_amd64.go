//go:build !purego && !noasm

package lion

import (
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/stats"
	"github.com/lionkernel/lion/internal/tune"
	"golang.org/x/sys/cpu"
)

// assembly is the implementations in assembly, best first.
func assembly() []implementation {
	return []implementation{
		{"avx512", missingAVX512(), avx512Kernels(tune.Sums), half.Named("avx512"), stats.Named("avx512")},
		{"avx2", missingAVX2(), avx2Kernels, half.Named("avx2"), stats.Named("avx2")},
	}
}

// missingAVX2 says why AVX2 can't be used, "" if it can.
func missingAVX2() string { return missing(avx2Features(offered)) }

// missingAVX512 is missingAVX2 for AVX-512.
func missingAVX512() string { return missing(avx512Features(offered)) }

// A feature is a part of the instruction set that an implementation needs. It can be
// used if cpuid sees it, which asks the CPU and the operating system, and if
// x/sys/cpu does, which obeys GODEBUG.
type feature struct {
	name    string
	offered bool   // by the CPU and the operating system
	on      bool   // GODEBUG leaves it on
	option  string // of GODEBUG
}

func offered(id cpuid.FeatureID) bool { return cpuid.CPU.Supports(id) }

// avx2Features are what the AVX2 kernels need.
func avx2Features(offered func(cpuid.FeatureID) bool) []feature {
	x := &cpu.X86
	return []feature{
		{"AVX", offered(cpuid.AVX), x.HasAVX, "cpu.avx"},
		{"AVX2", offered(cpuid.AVX2), x.HasAVX2, "cpu.avx2"},
		{"F16C", offered(cpuid.F16C), true, ""}, // GODEBUG doesn't know it
		{"POPCNT", offered(cpuid.POPCNT), x.HasPOPCNT, "cpu.popcnt"},
	}
}

// avx512Features are what the AVX-512 kernels need: AVX2, and the parts of AVX-512
// that every server CPU with it has.
func avx512Features(offered func(cpuid.FeatureID) bool) []feature {
	x := &cpu.X86
	f := offered(cpuid.AVX512F)
	return append(avx2Features(offered),
		feature{"AVX-512 F", f, x.HasAVX512, "cpu.avx512"}, // the same for the CPU, but options of their own
		feature{"AVX-512 F", f, x.HasAVX512F, "cpu.avx512f"},
		feature{"AVX-512 CD", offered(cpuid.AVX512CD), x.HasAVX512CD, "cpu.avx512cd"},
		feature{"AVX-512 BW", offered(cpuid.AVX512BW), x.HasAVX512BW, "cpu.avx512bw"},
		feature{"AVX-512 DQ", offered(cpuid.AVX512DQ), x.HasAVX512DQ, "cpu.avx512dq"},
		feature{"AVX-512 VL", offered(cpuid.AVX512VL), x.HasAVX512VL, "cpu.avx512vl"},
	)
}

// missing says which features can't be used and who says so, "" if all can.
func missing(features []feature) string {
	var lacking, off []string
	for _, f := range features {
		switch {
		case !f.offered && !slices.Contains(lacking, f.name):
			lacking = append(lacking, f.name)
		case f.offered && !f.on:
			off = append(off, f.option)
		}
	}
	var why []string
	if lacking != nil {
		why = append(why, "the CPU, or its operating system, offers no "+strings.Join(lacking, ", no "))
	}
	if off != nil {
		why = append(why, "GODEBUG turns "+strings.Join(off, " and ")+" off")
	}
	return strings.Join(why, "; ")
}

// avx512Kernels are those by masks or, where there are any, those by sums.
func avx512Kernels(sums bool) [numElements][numOps]kernel {
	ks := avx512Masks
	for e := range ks {
		for o, k := range avx512Sums[e] {
			if sums && k != nil {
				ks[e][o] = k
			}
		}
	}
	return ks
}

var avx512Masks = [numElements][numOps]kernel{
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

var avx512Sums = [numElements][numOps]kernel{
	f32: {
		opPaper:                paperSumsF32AVX512,
		opPaperPlain:           paperPlainSumsF32AVX512,
		opPaperInside:          paperInsideSumsF32AVX512,
		opPaperCoupled:         paperCoupledSumsF32AVX512,
		opMomentumFirst:        momentumFirstSumsF32AVX512,
		opMomentumFirstCoupled: momentumFirstCoupledSumsF32AVX512,
		opCautious:             cautiousSumsF32AVX512,
		opRefined:              refinedSumsF32AVX512,
	},
	f64: {
		opPaper:                paperSumsF64AVX512,
		opPaperPlain:           paperPlainSumsF64AVX512,
		opPaperInside:          paperInsideSumsF64AVX512,
		opPaperCoupled:         paperCoupledSumsF64AVX512,
		opMomentumFirst:        momentumFirstSumsF64AVX512,
		opMomentumFirstCoupled: momentumFirstCoupledSumsF64AVX512,
		opCautious:             cautiousSumsF64AVX512,
		opRefined:              refinedSumsF64AVX512,
	},
}

var avx2Kernels = [numElements][numOps]kernel{
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

// What kernel_amd64.s and kernel_f64_amd64.s hold: each is, to the bit, the loop of its
// name in kernel_generic.go. (No go:noescape: it is lost on what is called by way
// of a table.)

func paperF32AVX512(a *args) (nan uint32)
func paperPlainF32AVX512(a *args) (nan uint32)
func paperInsideF32AVX512(a *args) (nan uint32)
func paperCoupledF32AVX512(a *args) (nan uint32)
func momentumFirstF32AVX512(a *args) (nan uint32)
func momentumFirstCoupledF32AVX512(a *args) (nan uint32)
func cautiousF32AVX512(a *args) (nan uint32)
func biasCorrectedF32AVX512(a *args) (nan uint32)
func refinedF32AVX512(a *args) (nan uint32)
func smoothF32AVX512(a *args) (nan uint32)
func coupleF32AVX512(a *args) (nan uint32)
func insideF32AVX512(a *args) (nan uint32)
func countF32AVX512(a *args) (nan uint32)

func paperF64AVX512(a *args) (nan uint32)
func paperPlainF64AVX512(a *args) (nan uint32)
func paperInsideF64AVX512(a *args) (nan uint32)
func paperCoupledF64AVX512(a *args) (nan uint32)
func momentumFirstF64AVX512(a *args) (nan uint32)
func momentumFirstCoupledF64AVX512(a *args) (nan uint32)
func cautiousF64AVX512(a *args) (nan uint32)
func biasCorrectedF64AVX512(a *args) (nan uint32)
func refinedF64AVX512(a *args) (nan uint32)
func smoothF64AVX512(a *args) (nan uint32)
func coupleF64AVX512(a *args) (nan uint32)
func insideF64AVX512(a *args) (nan uint32)
func countF64AVX512(a *args) (nan uint32)

func paperSumsF32AVX512(a *args) (nan uint32)
func paperPlainSumsF32AVX512(a *args) (nan uint32)
func paperInsideSumsF32AVX512(a *args) (nan uint32)
func paperCoupledSumsF32AVX512(a *args) (nan uint32)
func momentumFirstSumsF32AVX512(a *args) (nan uint32)
func momentumFirstCoupledSumsF32AVX512(a *args) (nan uint32)
func cautiousSumsF32AVX512(a *args) (nan uint32)
func refinedSumsF32AVX512(a *args) (nan uint32)
func paperSumsF64AVX512(a *args) (nan uint32)
func paperPlainSumsF64AVX512(a *args) (nan uint32)
func paperInsideSumsF64AVX512(a *args) (nan uint32)
func paperCoupledSumsF64AVX512(a *args) (nan uint32)
func momentumFirstSumsF64AVX512(a *args) (nan uint32)
func momentumFirstCoupledSumsF64AVX512(a *args) (nan uint32)
func cautiousSumsF64AVX512(a *args) (nan uint32)
func refinedSumsF64AVX512(a *args) (nan uint32)
func paperF32AVX2(a *args) (nan uint32)
func paperPlainF32AVX2(a *args) (nan uint32)
func paperInsideF32AVX2(a *args) (nan uint32)
func paperCoupledF32AVX2(a *args) (nan uint32)
func momentumFirstF32AVX2(a *args) (nan uint32)
func momentumFirstCoupledF32AVX2(a *args) (nan uint32)
func cautiousF32AVX2(a *args) (nan uint32)
func biasCorrectedF32AVX2(a *args) (nan uint32)
func refinedF32AVX2(a *args) (nan uint32)
func smoothF32AVX2(a *args) (nan uint32)
func coupleF32AVX2(a *args) (nan uint32)
func insideF32AVX2(a *args) (nan uint32)
func countF32AVX2(a *args) (nan uint32)

func paperF64AVX2(a *args) (nan uint32)
func paperPlainF64AVX2(a *args) (nan uint32)
func paperInsideF64AVX2(a *args) (nan uint32)
func paperCoupledF64AVX2(a *args) (nan uint32)
func momentumFirstF64AVX2(a *args) (nan uint32)
func momentumFirstCoupledF64AVX2(a *args) (nan uint32)
func cautiousF64AVX2(a *args) (nan uint32)
func biasCorrectedF64AVX2(a *args) (nan uint32)
func refinedF64AVX2(a *args) (nan uint32)
func smoothF64AVX2(a *args) (nan uint32)
func coupleF64AVX2(a *args) (nan uint32)
func insideF64AVX2(a *args) (nan uint32)
func countF64AVX2(a *args) (nan uint32)
