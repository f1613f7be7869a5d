package prove

import (
	"github.com/klauspost/cpuid/v2"
	"golang.org/x/sys/cpu"
)

// Missing says why the assembly of that name can't run here; "" if it can. It is for the
// tests of packages below the one that chooses, whose own tests hold the two together.
func Missing(name string) string {
	x := &cpu.X86
	avx2 := x.HasAVX && x.HasAVX2 && x.HasPOPCNT && cpuid.CPU.Supports(cpuid.AVX, cpuid.AVX2, cpuid.F16C, cpuid.POPCNT)
	avx512 := x.HasAVX512 && x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL &&
		cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512CD, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
	switch {
	case name == "avx2" && !avx2:
		return "no AVX2, F16C or POPCNT, or GODEBUG turns it off"
	case name == "avx512" && !(avx2 && avx512):
		return "no AVX-512, or GODEBUG turns it off"
	}
	return ""
}
