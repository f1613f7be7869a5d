package lion

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A walk takes float32's bit patterns through the momentum, or through the
// gradient, of every implementation and compares it with generic: all 2³² of
// them through the paper's kernels where LION_WALK=all, through every rule's where
// LION_WALK=every, otherwise a sample.

// walkStride is odd, so that its multiples modulo 2³² are all the patterns, in
// an order that has every exponent in every block.
const walkStride = 0x9e3779b1

const walkBlock = 4096

// walk takes so many patterns through a slice and returns what each
// implementation did wrong.
func walk(o op, slice int, patterns uint64, impls []int) map[int]error {
	wrong := map[int]error{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	workers := uint64(runtime.GOMAXPROCS(0))
	blocks := patterns / walkBlock
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			wk := newWalker(o, slice)
			for b := blocks * w / workers; b < blocks*(w+1)/workers; b++ {
				wk.expect(uint32(b * walkBlock))
				for _, impl := range impls {
					if err := wk.check(impl); err != nil {
						mu.Lock()
						wrong[impl] = err
						mu.Unlock()
						return
					}
				}
			}
		}()
	}
	wg.Wait()
	return wrong
}

// A walker walks through a part of the patterns.
type walker struct {
	sub       subject
	slice     int
	others    *inputs // values for the other slices, two blocks of them
	in        *inputs // a block
	want, got [3][]byte
}

func newWalker(o op, slice int) *walker {
	sc := schemes[f32]
	wk := &walker{sub: opSubject(o, decaying()), slice: slice, in: sc.newInputs(walkBlock)}
	wk.others = sc.randomInputs(prove.NewRand(uint64(slice)), 2*walkBlock, (*prove.Element).Random)
	for i := range wk.want {
		wk.want[i], wk.got[i] = make([]byte, 4*walkBlock), make([]byte, 4*walkBlock)
	}
	return wk
}

// expect makes the block of patterns from the first on and what generic gives.
func (wk *walker) expect(first uint32) {
	x := unsafe.Slice((*uint32)(unsafe.Pointer(&wk.in.b[wk.slice][0])), walkBlock)
	p := first * walkStride
	for i := range x {
		x[i] = p
		p += walkStride
	}
	// The other slices take another stretch each time, so that a pattern's
	// neighbours don't decide what it meets.
	for i := range wk.want {
		if i != wk.slice {
			from := int(first/walkBlock*uint32(7+6*i)) % walkBlock
			copy(wk.in.b[i], wk.others.b[i][4*from:])
		}
	}
	wk.run(genericIndex(), &wk.want)
}

func (wk *walker) run(impl int, out *[3][]byte) {
	for i := range out {
		copy(out[i], wk.in.b[i])
	}
	wk.sub.run(impl, schemes[f32], memory{unsafe.Pointer(&out[0][0]), unsafe.Pointer(&out[1][0]), unsafe.Pointer(&out[2][0])}, walkBlock)
}

func (wk *walker) check(impl int) error {
	wk.run(impl, &wk.got)
	for s := range wk.got {
		if bytes.Equal(wk.got[s], wk.want[s]) {
			continue
		}
		get := func(b []byte, i int) uint64 { return prove.Float32.Get(unsafe.Pointer(&b[0]), i) }
		for i := range walkBlock {
			if g, w := get(wk.got[s], i), get(wk.want[s], i); g != w {
				return fmt.Errorf("%s, walking through %s: %s = %#x, want %#x; inputs %#x %#x %#x", wk.sub.name, sliceNames[wk.slice],
					sliceNames[s], g, w, get(wk.in.b[iParam], i), get(wk.in.b[iGrad], i), get(wk.in.b[iMomentum], i))
			}
		}
	}
	return nil
}

func TestWalk(t *testing.T) {
	paper, others := uint64(1)<<22, uint64(1)<<20
	switch all := os.Getenv("LION_WALK"); {
	case all == "every":
		paper, others = 1<<32, 1<<32
	case all == "all":
		paper, others = 1<<32, 1<<27
	case all != "":
		t.Fatalf("LION_WALK is %q, not all or every", all)
	case !prove.Whole():
		paper, others = 1<<16, 1<<14
	}
	var impls []int
	for i := range implementations {
		if implementations[i].missing == "" && i != genericIndex() {
			impls = append(impls, i)
		}
	}
	var tuned []int
	for _, i := range impls {
		for _, x := range tunings(i) {
			if x.ahead == 0 { // the loop that prefetches is made of the same macros
				tuned = append(tuned, x.plant(t))
			}
		}
	}
	impls = append(impls, tuned...)
	wrong := map[int][]error{}
	if len(impls) > 0 {
		for o := range opCouple {
			n := others
			if o == opPaper || o == opPaperPlain {
				n = paper
			}
			for _, slice := range []int{iMomentum, iGrad} {
				for impl, err := range walk(o, slice, n, impls) {
					wrong[impl] = append(wrong[impl], err)
				}
			}
		}
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		if impl == genericIndex() {
			return // what the others were compared with
		}
		for _, err := range wrong[impl] {
			assert.NoError(t, err)
		}
	})
}

// TestWalkSees plants a kernel that is wrong for one pattern.
func TestWalkSees(t *testing.T) {
	seen := uint64(walkBlock * 3)
	for _, slice := range []int{iMomentum, iGrad} {
		pattern := uint32(seen-77) * walkStride & 0xffffffff
		impl := plant(t, func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 {
				e, in := sc.elems[slice], [...]unsafe.Pointer{a.param, a.grad, a.momentum}[slice]
				at := -1
				for i := range a.n {
					if sc.format == f32 && e.Get(in, i) == uint64(pattern) {
						at = i
					}
				}
				r := k(a)
				if at >= 0 {
					e.Put(a.param, at, e.Get(a.param, at)^1)
				}
				return r
			}
		})
		wrong := walk(opPaper, slice, seen, []int{impl})
		require.Error(t, wrong[impl])
		assert.ErrorContains(t, wrong[impl], fmt.Sprintf("%#x", pattern))
		assert.Empty(t, walk(opPaper, slice, seen-walkBlock, []int{impl}), "before the pattern is reached")
	}
}

// TestWalkIsWhole: the stride reaches every pattern once.
func TestWalkIsWhole(t *testing.T) {
	stride := uint32(walkStride)
	inverse := stride // Newton's iteration doubles the bits that are right
	for range 5 {
		inverse *= 2 - stride*inverse
	}
	assert.Equal(t, uint32(1), stride*inverse, "an odd stride has an inverse modulo 2³²")
	assert.Zero(t, (1<<32)%walkBlock)
}
