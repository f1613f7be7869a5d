//go:build !purego && !noasm

package stats

import "github.com/lionkernel/lion/internal/tune"

// forms are the ways in which an implementation runs, on this CPU and on others of its
// instruction set: with and without prefetching, and AVX-512 on narrow units and on wide.
func forms(im *Implementation) []form {
	here := form{im: im, ahead: tune.Ahead}
	if im.Name == "generic" {
		return []form{here} // which prefetches nothing
	}
	other := here
	other.name, other.ahead = ", prefetching", 192
	if tune.Ahead != 0 {
		other.name, other.ahead = ", not prefetching", 0
	}
	if im.Name != "avx512" {
		return []form{here, other}
	}
	kernels := avx512(!tune.Narrow)
	if tune.Narrow {
		return []form{here, other, {", wide", kernels, here.ahead}, {", wide" + other.name, kernels, other.ahead}}
	}
	return []form{here, other, {", narrow", kernels, here.ahead}, {", narrow" + other.name, kernels, other.ahead}}
}

// borrowed are the kernels of an implementation that don't bear its name.
func borrowed(im *Implementation) map[Element]string {
	if im.Name == "avx512" && tune.Narrow {
		return map[Element]string{F32: "statsNarrowF32AVX512", BF16: "statsBF16AVX2", F16: "statsF16AVX2"}
	}
	return nil
}
