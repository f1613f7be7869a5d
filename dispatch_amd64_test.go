//go:build !purego && !noasm

package lion

import (
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/lionkernel/lion/internal/tune"
	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/cpu"
)

// TestMissing: each feature that the CPU or GODEBUG withholds is missed by the
// kernels that need it, by its name, on any CPU.
func TestMissing(t *testing.T) {
	old := cpu.X86
	t.Cleanup(func() { cpu.X86 = old })
	x := &cpu.X86
	on := func() {
		for _, f := range []*bool{&x.HasAVX, &x.HasAVX2, &x.HasPOPCNT, &x.HasAVX512, &x.HasAVX512F, &x.HasAVX512CD, &x.HasAVX512BW, &x.HasAVX512DQ, &x.HasAVX512VL} {
			*f = true
		}
	}
	without := func(ids ...cpuid.FeatureID) func(cpuid.FeatureID) bool {
		return func(id cpuid.FeatureID) bool {
			for _, lacking := range ids {
				if id == lacking {
					return false
				}
			}
			return true
		}
	}
	on()
	assert.Equal(t, "", missing(avx2Features(without())))
	assert.Equal(t, "", missing(avx512Features(without())))
	for _, c := range []struct {
		id     cpuid.FeatureID
		name   string
		avx2   bool // AVX2's kernels need it too
		on     *bool
		option string
	}{
		{cpuid.AVX, "AVX", true, &x.HasAVX, "cpu.avx"},
		{cpuid.AVX2, "AVX2", true, &x.HasAVX2, "cpu.avx2"},
		{cpuid.F16C, "F16C", true, nil, ""},
		{cpuid.POPCNT, "POPCNT", true, &x.HasPOPCNT, "cpu.popcnt"},
		{cpuid.AVX512F, "AVX-512 F", false, &x.HasAVX512F, "cpu.avx512f"},
		{cpuid.AVX512F, "AVX-512 F", false, &x.HasAVX512, "cpu.avx512"},
		{cpuid.AVX512CD, "AVX-512 CD", false, &x.HasAVX512CD, "cpu.avx512cd"},
		{cpuid.AVX512BW, "AVX-512 BW", false, &x.HasAVX512BW, "cpu.avx512bw"},
		{cpuid.AVX512DQ, "AVX-512 DQ", false, &x.HasAVX512DQ, "cpu.avx512dq"},
		{cpuid.AVX512VL, "AVX-512 VL", false, &x.HasAVX512VL, "cpu.avx512vl"},
	} {
		on()
		check := func(why string, offered func(cpuid.FeatureID) bool) {
			assert.Equal(t, why, missing(avx512Features(offered)), c.name)
			if !c.avx2 {
				why = ""
			}
			assert.Equal(t, why, missing(avx2Features(offered)), c.name)
		}
		check("the CPU, or its operating system, offers no "+c.name, without(c.id))
		if c.on != nil {
			*c.on = false
			check("GODEBUG turns "+c.option+" off", without())
		}
	}
	on()
	x.HasAVX, x.HasAVX2, x.HasAVX512F = false, false, false
	assert.Equal(t, "the CPU, or its operating system, offers no AVX-512 F, no AVX-512 VL; GODEBUG turns cpu.avx and cpu.avx2 off",
		missing(avx512Features(without(cpuid.AVX512F, cpuid.AVX512VL))))
}

func init() { tunings = tuningsAMD64 }

// tuningsAMD64: with or without prefetching, and AVX-512 by masks or by sums.
func tuningsAMD64(impl int) (all []tuning) {
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
