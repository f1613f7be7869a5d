//go:build unix

package lion

import (
	"fmt"
	"os"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A fence is memory between two pages that can't be touched.
type fence struct {
	all, inside []byte
}

func newFence(t *testing.T, size int) *fence {
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Munmap(all) })
	require.NoError(t, unix.Mprotect(all[:page], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(all[page+size:], unix.PROT_NONE))
	return &fence{all, all[page : page+size : page+size]}
}

// place returns where size bytes begin, flush with the start or the end. (A slice
// of none would not point to the end.)
func (f *fence) place(size int, atEnd bool) unsafe.Pointer {
	start := unsafe.Pointer(&f.inside[0])
	if atEnd {
		return unsafe.Add(start, len(f.inside)-size)
	}
	return start
}

// newFences are those of each slice.
func newFences(t *testing.T, sc *scheme, most int) (f []*fence) {
	for _, e := range sc.elems {
		f = append(f, newFence(t, most*e.size))
	}
	return f
}

// checkFences runs a subject with each slice flush with a fence and grad
// read-only, unless the subject writes to it, and compares it with generic.
func checkFences(f []*fence, impl int, sc *scheme, sub subject, in *inputs) (err error) {
	rig := newRig(sc, in.n)
	rig.expect(&sub, in)
	for place := range 1 << len(f) { // a bit for each slice
		var at memory
		mem := func(i int) []byte { return unsafe.Slice((*byte)(at[i]), len(in.b[i])) }
		if err := unix.Mprotect(f[iGrad].inside, unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return err
		}
		for i := range f {
			at[i] = f[i].place(len(in.b[i]), place>>i&1 == 1)
			copy(mem(i), in.b[i])
		}
		if !sub.writesGrad {
			if err := unix.Mprotect(f[iGrad].inside, unix.PROT_READ); err != nil {
				return err
			}
		}
		if err := faults2error(func() {
			sub.run(impl, sc, at, in.n)
		}); err != nil {
			return fmt.Errorf("%s %s n=%d, slices at the end: %04b: %w", sc.name, sub.name, in.n, place, err)
		}
		for i, e := range sc.elems {
			if !sub.loose[i] && !e.equal(mem(i), rig.want[i]) {
				return fmt.Errorf("%s %s n=%d, slices at the end: %04b: %s is wrong", sc.name, sub.name, in.n, place, sliceNames[i])
			}
		}
	}
	return nil
}

// faults2error runs f and returns a memory fault as an error.
func faults2error(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("fault: %v", r)
		}
	}()
	f()
	return nil
}

// TestGuardPages: no kernel touches memory outside the slices, not even to read
// it or to write back what it read, and none writes to the gradient.
func TestGuardPages(t *testing.T) {
	most := 4*unrolled + 4
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		fences := newFences(t, sc, tile+most)
		all := sc.randomInputs(&prng{21}, tile+most, (*elem).random)
		for n := 0; n < most; n++ {
			if testing.Short() && n > unrolled && n%7 != 0 && n%fusedUnit != 0 {
				continue
			}
			in := sc.head(all, n)
			for _, sub := range sc.kernels(decaying()) {
				assert.NoError(t, checkFences(fences, impl, sc, sub, in))
			}
		}
		for _, n := range []int{1, 13, tile, tile + 1, tile + most} {
			for _, cfg := range sc.variants(decaying(), testing.Short()) {
				assert.NoError(t, checkFences(fences, impl, sc, ruleSubject(cfg), sc.head(all, n)))
			}
		}
	})
}

var sink uint64 // keeps reads from being optimised away

// TestFencesSeeFaults plants kernels that touch what is not theirs, only to
// read it, or to write back what was there.
func TestFencesSeeFaults(t *testing.T) {
	if brokenSignals != "" {
		skip(t, "%s", brokenSignals)
	}
	for name, touch := range map[string]func(sc *scheme, a args){
		"reads behind param":     func(sc *scheme, a args) { sink = sc.elems[iParam].get(a.param, a.n) },
		"reads behind grad":      func(sc *scheme, a args) { sink = sc.elems[iGrad].get(a.grad, a.n) },
		"reads before momentum":  func(sc *scheme, a args) { sink = sc.elems[iMomentum].get(a.momentum, -1) },
		"reads where n is 0":     func(sc *scheme, a args) { sink = sc.elems[iGrad].get(a.grad, max(0, a.n-1)) },
		"writes back to grad":    func(sc *scheme, a args) { e := sc.elems[iGrad]; e.put(a.grad, 0, e.get(a.grad, 0)) },
		"reads 64 bytes of tail": func(sc *scheme, a args) { sink = sc.elems[iParam].get(a.param, a.n/16*16+15) },
	} {
		impl := plant(t, faulty(nil, touch))
		for _, sc := range schemes {
			if !sc.bare() && name == "reads where n is 0" {
				continue // fused kernels are never called so
			}
			fences := newFences(t, sc, 8*unrolled)
			saw := false
			for n := range 70 {
				in := sc.randomInputs(&prng{22}, n, (*elem).random)
				saw = saw || checkFences(fences, impl, sc, sc.kernels(decaying())[0], in) != nil
			}
			assert.True(t, saw, "%s: a kernel that %s goes unseen", sc.name, name)
		}
	}
}
