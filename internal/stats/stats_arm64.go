//go:build !purego && !noasm

package stats

import "unsafe"

// assembly is the implementations in assembly, best first.
func assembly() []*Implementation {
	return []*Implementation{
		{"neon", [numElements]kernel{F32: statsF32NEON, F64: statsF64NEON, BF16: statsBF16NEON, F16: statsF16NEON}},
	}
}

func statsF32NEON(b *block, grad unsafe.Pointer, n, ahead int)
func statsF64NEON(b *block, grad unsafe.Pointer, n, ahead int)
func statsBF16NEON(b *block, grad unsafe.Pointer, n, ahead int)
func statsF16NEON(b *block, grad unsafe.Pointer, n, ahead int)
