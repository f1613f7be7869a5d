//go:build (amd64 || arm64) && !purego && !noasm

package half

import "unsafe"

// Assembly that wants whole vectors of its elements is adapted here to any
// number of them: plain Go does the rest.

// sixteens makes a converter of an assembly kernel, which wants a positive
// multiple of 16 elements; rest does what is left.
func sixteens(kernel, rest Converter, dstSize, srcSize int) Converter {
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
func sixteens3(kernel, rest PairConverter, aSize, bSize, cSize int) PairConverter {
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
func sixteensAtRandom(kernel, rest Rounder) Rounder {
	return func(dst, src unsafe.Pointer, n int, d Draws) {
		whole := n &^ 15
		if whole > 0 {
			kernel(dst, src, whole, d)
		}
		if whole < n {
			rest(unsafe.Add(dst, 2*whole), unsafe.Add(src, 4*whole), n-whole, d.After(uint32(whole)))
		}
	}
}
