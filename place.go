package lion

import "github.com/lionkernel/lion/internal/mem"

// Alloc returns n zeros for the i-th slice of a call: 0 for its weights, 1 for the
// gradient, 2 for the momentum, 3 for a fourth. It is make, and the collector frees
// what it returns; but the slices lie where a step is fastest. No bit depends on that.
//
//   - Each begins a cache line, from 1 KiB on a page. A Zen 4 may take four times as long
//     where the begins of two slices differ, modulo 4 KiB, by 64 to 256 bytes.
//   - From 64 KiB on, no two slices of different i (modulo 4) are a multiple of 64 KiB
//     apart. On a Zen 4 a step takes 2 to 10 times as long where arrays are a multiple
//     of 2^27 bytes apart, as those of large allocations often are.
//   - From 4 MiB on they lie in large pages, if the system is Linux and lets programs
//     ask for some. In memory a step over small ones takes 1.4 times as long.
//
// It costs memory: a page for each slice from 1 KiB on, at most 112 KiB from 64 KiB on,
// 2 MiB from 4 MiB on. Like make it panics if n is negative or too large.
func Alloc[T ~float32 | ~float64 | ~uint16](n, i int) []T { return mem.Alloc[T](n, i) }
