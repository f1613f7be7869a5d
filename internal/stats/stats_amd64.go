//go:build !purego && !noasm

package stats

import "unsafe"

// assembly is the implementations in assembly, best first.
func assembly() []*Implementation {
	return []*Implementation{
		{"avx512", [numElements]kernel{F32: statsF32AVX512, F64: statsF64AVX512, BF16: statsBF16AVX512, F16: statsF16AVX512}},
		{"avx2", [numElements]kernel{F32: statsF32AVX2, F64: statsF64AVX2, BF16: statsBF16AVX2, F16: statsF16AVX2}},
	}
}

func statsF32AVX512(b *block, grad unsafe.Pointer, n int)
func statsF64AVX512(b *block, grad unsafe.Pointer, n int)
func statsBF16AVX512(b *block, grad unsafe.Pointer, n int)
func statsF16AVX512(b *block, grad unsafe.Pointer, n int)

func statsF32AVX2(b *block, grad unsafe.Pointer, n int)
func statsF64AVX2(b *block, grad unsafe.Pointer, n int)
func statsBF16AVX2(b *block, grad unsafe.Pointer, n int)
func statsF16AVX2(b *block, grad unsafe.Pointer, n int)
