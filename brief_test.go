package lion

import (
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/require"
)

// brief are inputs for all subjects of a scheme: of all kinds, such as training
// has, and the hardest.
func (sc *scheme) brief() (all [3]*inputs) {
	r := prove.NewRand(uint64(sc.format) + 61)
	classes := map[*prove.Element][]uint64{}
	for _, e := range sc.elems {
		classes[e] = e.Classes()
	}
	all[0] = sc.randomInputs(r, 4*unrolled+3, (*prove.Element).Random)
	all[1] = sc.randomInputs(r, 4*unrolled+3, (*prove.Element).Ordinary)
	all[2] = sc.randomInputs(r, 1<<11, func(e *prove.Element, r *prove.Rand) uint64 { return classes[e][r.Below(len(classes[e]))] })
	return all
}

// checkKernel compares a subject with generic over few elements, brief's: at some
// lengths and alignments, and with a NaN alone in a lane of each vector.
func checkKernel(impl int, sc *scheme, sub subject, brief [3]*inputs) error {
	random, ordinary, hard := brief[0], brief[1], brief[2]
	run, left := sub.run, uint64(huge)
	sub.run = func(impl int, sc *scheme, at memory, n int) uint64 {
		left ^= 0x8000000080000000
		foul(impl, left)
		return run(impl, sc, at, n)
	}
	rig := newRig(sc, hard.n)
	for i, n := range []int{0, 1, random.n, 16, 17, 33, unrolled, 2*unrolled - 1, 3 * unrolled} {
		rig.expect(&sub, sc.head(random, n))
		for _, off := range []offsets{{}, {i + 1, 15 - i, 2 * i % 16, (3*i + 1) % 16}} {
			if err := rig.check(&sub, impl, off); err != nil {
				return err
			}
		}
	}
	rig.expect(&sub, hard)
	if err := rig.check(&sub, impl, offsets{}); err != nil {
		return err
	}
	for slice, e := range sc.elems {
		for at := slice + 5; at < ordinary.n && !e.Raw; at += 16 {
			old := sc.get(ordinary, slice, at)
			sc.set(ordinary, slice, at, e.Inf()|e.Sign()|1)
			rig.expect(&sub, ordinary)
			err := rig.check(&sub, impl, offsets{})
			sc.set(ordinary, slice, at, old)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// huge is a large number as float64, and as two of float32.
const huge = 0x7f617f617f617f61

// foul has a kernel leave in the registers what no other can work with. Between
// steps with the same settings, a constant that one forgot to load would be there.
func foul(impl int, left uint64) {
	var c coef[float64]
	for i := range unsafe.Sizeof(c) / 8 {
		*(*uint64)(unsafe.Add(unsafe.Pointer(&c), 8*i)) = left
	}
	implementations[impl].kernels[f64][opPaper](&args{c: unsafe.Pointer(&c)})
}

// TestBriefly asks every kernel what can be asked in a moment, and ends with the
// first wrong answer: where tests are slow, as under an emulator, most mutants
// (see asm/mutate) need not be run for longer.
func TestBriefly(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for _, sc := range schemes {
			brief := sc.brief()
			cfg := decaying()
			cfg.Beta1, cfg.Beta2 = 0.3, 0.8 // apart, so that the signs are
			subs := sc.kernels(cfg)
			cfg.GradScale = -1
			if sc.bare() {
				subs = append(subs, opSubject(opCautious, cfg))
			}
			for _, sub := range subs {
				require.NoError(t, checkKernel(impl, sc, sub, brief))
			}
			for o := range opCount {
				if sc.bare() || o == opPaper || o == opCautious {
					require.NoError(t, checkNoFalseNaN(impl, sc, o))
				}
			}
		}
	})
}
