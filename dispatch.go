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

// cpuid sees what the CPU and the system offer, x/sys/cpu what GODEBUG leaves of
// it: a feature is on if both agree.
func init() {
	avx2 := implementation{name: "avx2", kernels: genericKernels}
	if !cpuid.CPU.Has(cpuid.AVX2) || !cpu.X86.HasAVX2 || !cpu.X86.HasAVX {
		avx2.missing = "the CPU has no AVX2, or GODEBUG turns it off"
	}
	avx2.kernels[f32][opPaper] = paperF32AVX2
	avx2.kernels[f32][opPaperPlain] = paperPlainF32AVX2
	avx2.kernels[f32][opPaperInside] = paperInsideF32AVX2
	avx2.kernels[f32][opPaperCoupled] = paperCoupledF32AVX2
	avx2.kernels[f32][opMomentumFirst] = momentumFirstF32AVX2
	avx2.kernels[f32][opMomentumFirstCoupled] = momentumFirstCoupledF32AVX2
	avx2.kernels[f32][opCautious] = cautiousF32AVX2
	avx2.kernels[f32][opBiasCorrected] = biasCorrectedF32AVX2
	avx2.kernels[f32][opRefined] = refinedF32AVX2
	avx2.kernels[f64][opPaper] = paperF64AVX2
	avx2.kernels[f64][opPaperPlain] = paperPlainF64AVX2
	avx2.kernels[f64][opPaperInside] = paperInsideF64AVX2
	avx2.kernels[f64][opPaperCoupled] = paperCoupledF64AVX2
	avx2.kernels[f64][opMomentumFirst] = momentumFirstF64AVX2
	avx2.kernels[f64][opMomentumFirstCoupled] = momentumFirstCoupledF64AVX2
	avx2.kernels[f64][opCautious] = cautiousF64AVX2
	avx2.kernels[f64][opBiasCorrected] = biasCorrectedF64AVX2
	avx2.kernels[f64][opRefined] = refinedF64AVX2
	implementations = append([]implementation{avx2}, implementations...)
}
