//go:build !purego && !noasm

package stats

import (
	"unsafe"

	"github.com/lionkernel/lion/internal/tune"
)

// assembly is the implementations in assembly, best first.
func assembly() []*Implementation {
	return []*Implementation{avx512(tune.Narrow), avx2}
}

// avx512 makes the implementation for units of 512 bits or, narrow, of 256. There a
// conversion that widens to 512 bits is two, and moves its operands besides; one to 256
// bits loads them where it wants them. So AVX2's kernels of 16 bits are faster, and float32
// has one of its own.
func avx512(narrow bool) *Implementation {
	im := &Implementation{"avx512", [numElements]kernel{F32: statsF32AVX512, F64: statsF64AVX512, BF16: statsBF16AVX512, F16: statsF16AVX512}}
	if narrow {
		im.kernels = [numElements]kernel{F32: statsNarrowF32AVX512, F64: statsF64AVX512, BF16: statsBF16AVX2, F16: statsF16AVX2}
	}
	return im
}

var avx2 = &Implementation{"avx2", [numElements]kernel{F32: statsF32AVX2, F64: statsF64AVX2, BF16: statsBF16AVX2, F16: statsF16AVX2}}

func statsF32AVX512(b *block, grad unsafe.Pointer, n, ahead int)
func statsF64AVX512(b *block, grad unsafe.Pointer, n, ahead int)
func statsBF16AVX512(b *block, grad unsafe.Pointer, n, ahead int)
func statsF16AVX512(b *block, grad unsafe.Pointer, n, ahead int)

// For units of 256 bits.
func statsNarrowF32AVX512(b *block, grad unsafe.Pointer, n, ahead int)

func statsF32AVX2(b *block, grad unsafe.Pointer, n, ahead int)
func statsF64AVX2(b *block, grad unsafe.Pointer, n, ahead int)
func statsBF16AVX2(b *block, grad unsafe.Pointer, n, ahead int)
func statsF16AVX2(b *block, grad unsafe.Pointer, n, ahead int)
