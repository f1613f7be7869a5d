package lion

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// newFences are those of each slice.
func newFences(t *testing.T, sc *scheme, most int) []*prove.Fence {
	var sizes []int
	for _, e := range sc.elems {
		sizes = append(sizes, most*e.Size)
	}
	return prove.NewFences(t, sizes...)
}

// checkFences runs a subject with each slice flush with a fence and grad
// read-only, unless the subject writes to it, and compares it with generic.
func checkFences(f []*prove.Fence, impl int, sc *scheme, sub subject, in *inputs) (err error) {
	rig := newRig(sc, in.n)
	rig.expect(&sub, in)
	for place := range 1 << len(f) { // a bit for each slice
		var at memory
		mem := func(i int) []byte { return unsafe.Slice((*byte)(at[i]), len(in.b[i])) }
		f[iGrad].ReadOnly(false)
		for i := range f {
			at[i] = f[i].Place(len(in.b[i]), place>>i&1 == 1)
			copy(mem(i), in.b[i])
		}
		f[iGrad].ReadOnly(!sub.writesGrad)
		if err := prove.Faults(func() {
			sub.run(impl, sc, at, in.n)
		}); err != nil {
			return fmt.Errorf("%s %s n=%d, slices at the end: %04b: %w", sc.name, sub.name, in.n, place, err)
		}
		for i, e := range sc.elems {
			if !sub.loose[i] && !e.Equal(mem(i), rig.want[i]) {
				return fmt.Errorf("%s %s n=%d, slices at the end: %04b: %s is wrong", sc.name, sub.name, in.n, place, sliceNames[i])
			}
		}
	}
	return nil
}

// TestGuardPages: no kernel touches memory outside the slices, not even to read
// it or to write back what it read, and none writes to the gradient.
func TestGuardPages(t *testing.T) {
	most := 4*unrolled + 4
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		fences := newFences(t, sc, tile+most)
		all := sc.randomInputs(prove.NewRand(21), tile+most, (*prove.Element).Random)
		for n := 0; n < most; n++ {
			if !prove.Whole() && n > unrolled && n%7 != 0 && n%half.Unit != 0 {
				continue
			}
			in := sc.head(all, n)
			for _, sub := range sc.kernels(decaying()) {
				assert.NoError(t, checkFences(fences, impl, sc, sub, in))
			}
		}
		for _, n := range []int{1, 13, tile, tile + 1, tile + most} {
			for _, cfg := range sc.variants(decaying(), !prove.Whole()) {
				assert.NoError(t, checkFences(fences, impl, sc, ruleSubject(cfg), sc.head(all, n)))
			}
		}
	})
}

var sink uint64 // keeps reads from being optimised away

// TestFencesSeeFaults plants kernels that touch what is not theirs, only to
// read it, or to write back what was there.
func TestFencesSeeFaults(t *testing.T) {
	if prove.BrokenSignals != "" {
		prove.Skip(t, "%s", prove.BrokenSignals)
	}
	for name, touch := range map[string]func(sc *scheme, a args4){
		"reads behind param":     func(sc *scheme, a args4) { sink = sc.elems[iParam].Get(a.param, a.n) },
		"reads behind grad":      func(sc *scheme, a args4) { sink = sc.elems[iGrad].Get(a.grad, a.n) },
		"reads before momentum":  func(sc *scheme, a args4) { sink = sc.elems[iMomentum].Get(a.momentum, -1) },
		"reads where n is 0":     func(sc *scheme, a args4) { sink = sc.elems[iGrad].Get(a.grad, max(0, a.n-1)) },
		"writes back to grad":    func(sc *scheme, a args4) { e := sc.elems[iGrad]; e.Put(a.grad, 0, e.Get(a.grad, 0)) },
		"reads 64 bytes of tail": func(sc *scheme, a args4) { sink = sc.elems[iParam].Get(a.param, a.n/16*16+15) },
	} {
		impl := plant(t, faulty(nil, touch))
		for _, sc := range schemes {
			if !sc.bare() && name == "reads where n is 0" {
				continue // fused kernels are never called so
			}
			fences := newFences(t, sc, 8*unrolled)
			saw := false
			for n := range 70 {
				in := sc.randomInputs(prove.NewRand(22), n, (*prove.Element).Random)
				saw = saw || checkFences(fences, impl, sc, sc.kernels(decaying())[0], in) != nil
			}
			assert.True(t, saw, "%s: a kernel that %s goes unseen", sc.name, name)
		}
	}
}
