//go:build !purego && !noasm

package lion

import (
	"testing"

	"github.com/lionkernel/lion/internal/tune"
	"github.com/stretchr/testify/assert"
)

// tunings are the ways in which an implementation runs on other CPUs, but not on this
// one: with or without prefetching, and AVX-512 by masks or by sums.
func tunings(impl int) (all []tuning) {
	im := implementations[impl]
	if !hasFused(impl) { // plain Go, or planted
		return nil
	}
	add := func(form string, here bool, ks [numElements][numOps]kernel) {
		if !here || tune.Ahead != 0 {
			all = append(all, tuning{form + "not prefetching", ks, 0, impl})
		}
		if !here || tune.Ahead == 0 {
			all = append(all, tuning{form + "prefetching", ks, 192, impl})
		}
	}
	if im.name == "avx512" {
		add("by masks, ", !tune.Sums, avx512Kernels(false))
		add("by sums, ", tune.Sums, avx512Kernels(true))
	} else {
		add("", true, im.kernels)
	}
	return all
}

// TestTunings: an implementation is run in every way, once as what it is here.
func TestTunings(t *testing.T) {
	for i, im := range implementations {
		want := map[string]int{"avx512": 3, "avx2": 1, "generic": 0}
		assert.Len(t, tunings(i), want[im.name], im.name)
	}
}

// TestForms: AVX-512's kernels are those of its two forms.
func TestForms(t *testing.T) {
	for _, sums := range []bool{false, true} {
		for e, ks := range avx512Kernels(sums) {
			for o, k := range ks {
				name := opNames[o]
				if sums && bySums(op(o)) {
					name += "Sums"
				}
				assert.NoError(t, named("kernels", k, name+[...]string{"F32", "F64"}[e]+"AVX512"))
			}
		}
	}
}
