//go:build (amd64 || arm64) && !purego && !noasm

package lion

import "unsafe"

// Assembly that wants whole vectors of its elements is adapted here to any
// number of them: plain Go does the rest.

// sixteens makes a converter of an assembly kernel, which wants a positive
// multiple of 16 elements; rest does what is left.
func sixteens(kernel, rest converter, dstSize, srcSize int) converter {
	return func(dst, src unsafe.Pointer, n int) {
		whole := n &^ 15
		if whole > 0 {
			kernel(dst, src, whole)
		}
		if whole < n {
			rest(unsafe.Add(dst, whole*dstSize), unsafe.Add(src, whole*srcSize), n-whole)
		}
	}
}

// sixteens3 is sixteens for three slices.
func sixteens3(kernel, rest func(a, b, c unsafe.Pointer, n int), aSize, bSize, cSize int) func(a, b, c unsafe.Pointer, n int) {
	return func(a, b, c unsafe.Pointer, n int) {
		whole := n &^ 15
		if whole > 0 {
			kernel(a, b, c, whole)
		}
		if whole < n {
			rest(unsafe.Add(a, whole*aSize), unsafe.Add(b, whole*bSize), unsafe.Add(c, whole*cSize), n-whole)
		}
	}
}

// sixteensAtRandom is sixteens for rounding at random.
func sixteensAtRandom(kernel, rest rounder) rounder {
	return func(dst, src unsafe.Pointer, n int, d draws) {
		whole := n &^ 15
		if whole > 0 {
			kernel(dst, src, whole, d)
		}
		if whole < n {
			rest(unsafe.Add(dst, 2*whole), unsafe.Add(src, 4*whole), n-whole, d.after(uint32(whole)))
		}
	}
}

// wholeSummer makes a summer of an assembly kernel, which wants a block's first
// elements, a positive multiple of 16 of them, with b still zero, and finite numbers:
// without those the sums aren't finite either. rest adds what the kernel doesn't.
func wholeSummer(kernel, rest summer, size int) summer {
	return func(b *blockStats, grad unsafe.Pointer, n int) {
		whole := n &^ 15
		if whole > 0 {
			kernel(b, grad, whole)
			// A sum of squares is finite only if all its terms are.
			if x := treeOf16(&b.sums); x-x != 0 {
				*b = blockStats{}
				whole = 0
			}
		}
		if whole < n {
			rest(b, unsafe.Add(grad, whole*size), n-whole)
		}
	}
}

// kernelSummers makes summers of assembly kernels.
func kernelSummers(f32, f64, bf16, f16 summer) summers {
	generic := &genericSummers
	return summers{
		f32:  wholeSummer(f32, generic.f32, 4),
		f64:  wholeSummer(f64, generic.f64, 8),
		bf16: wholeSummer(bf16, generic.bf16, 2),
		f16:  wholeSummer(f16, generic.f16, 2),
	}
}
