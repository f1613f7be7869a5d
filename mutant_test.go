package lion

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests see faults: kernels with one fault each are planted in the table of
// implementations, and the properties of kernel_test.go, the oracle, the walk and the
// check of the table itself must see them. (asm/mutate does so with each instruction.)

// plant adds an implementation whose kernels are generic's, each changed by f,
// to the table while t runs; fused ones too, though generic has none.
func plant(t *testing.T, f func(sc *scheme, o op, k kernel4) kernel4) (impl int) {
	old := implementations
	t.Cleanup(func() { implementations = old })
	generic := &implementations[genericIndex()]
	im := implementation{name: "faulty", half: &half.Implementation{Name: "faulty", Converters: generic.half.Converters}, stats: generic.stats}
	for _, sc := range schemes {
		switch {
		case sc.bare():
			for o := range numOps {
				k := generic.kernels[sc.format][o]
				im.kernels[sc.format][o] = f(sc, o, func(a *args4) uint32 { return k(&a.args) }).bare()
			}
		default:
			fused := func(o op, drawn bool) half.Kernel { return f(sc, o, fusedGeneric(sc, o, drawn)).fused(sc.storage()) }
			im.half.Fused.Nearest[sc.id] = half.Rules{Paper: fused(opPaper, false), Cautious: fused(opCautious, false)}
			if sc.storage().Rounds() {
				im.half.Fused.Random[sc.id] = half.Rules{Paper: fused(opPaper, true), Cautious: fused(opCautious, true)}
			}
		}
	}
	implementations = append(append([]implementation(nil), old...), im)
	return len(old)
}

// faulty wraps a fault: before is called with a copy of the args, k follows on
// the args themselves, then after.
func faulty(before, after func(sc *scheme, a args4)) func(*scheme, op, kernel4) kernel4 {
	return func(sc *scheme, o op, k kernel4) kernel4 {
		return func(a *args4) uint32 {
			if before != nil {
				before(sc, *a)
			}
			r := k(a)
			if r != 0 && o != opCount { // so that nothing mends what after does
				sc.canonicalize(a)
				r = 0
			}
			if after != nil {
				after(sc, *a)
			}
			return r
		}
	}
}

// fusedGeneric is what a fused kernel does, in plain Go.
func fusedGeneric(sc *scheme, o op, drawn bool) kernel4 {
	return func(a *args4) uint32 {
		im, st := &implementations[genericIndex()], sc.storage()
		var buf tiles
		for i := 0; i < a.n; i += half.TileSize {
			part := sc.args(sc.from(memory{a.param, a.grad, a.momentum, a.extra}, i), min(a.n-i, half.TileSize))
			t := part.half(st)
			w := buf.widen(&Stepper{}, im, st, &t)
			w.c = a.c
			runChunk[float32](im.kernels[f32][o], &w)
			switch {
			case drawn && st.Param == half.BF16:
				im.half.StochasticBF16(t.Param, w.param, t.N, a.draws.After(uint32(i)))
			case drawn:
				im.half.StochasticF16(t.Param, w.param, t.N, a.draws.After(uint32(i)))
			default:
				im.half.Narrow(st.Param, t.Param, t.Low, w.param, t.N)
			}
			im.half.Narrow(st.Momentum, t.Momentum, nil, w.momentum, t.N)
			im.half.Narrow(st.Shadow, t.Shadow, nil, w.param, t.N)
		}
		runtime.KeepAlive(&buf)
		return 0
	}
}

// A fault and the properties that must see it, by name, under the schemes that can have
// it.
type fault struct {
	name string
	make func(*scheme, op, kernel4) kernel4
	seen []string
	in   func(*scheme) bool // nil for all
}

var sink uint64 // keeps reads from being optimised away

func faults() []fault {
	flip := func(e *prove.Element, p unsafe.Pointer, i int) { e.Put(p, i, e.Get(p, i)^1) }
	withExtra := func(sc *scheme) bool { return len(sc.elems) > iExtra }
	return []fault{
		{"nothing wrong", faulty(nil, nil), nil, nil},
		{"a lane is off by an ulp", faulty(nil, func(sc *scheme, a args4) {
			for i := 13; i < a.n; i += 16 {
				flip(sc.elems[iParam], a.param, i)
			}
		}), []string{"briefly", "lengths", "edges", "split", "concurrent", "NaN", "cancellation", "classes", "lanes", "tanh", "hard", "oracle", "TestOracle"}, nil},
		{"a lane of 16 bits is", func(sc *scheme, o op, k kernel4) kernel4 {
			if sc.bare() {
				return k // which storages of 16 bits are held to
			}
			return faulty(nil, func(sc *scheme, a args4) {
				for i := 13; i < a.n; i += 16 {
					flip(sc.elems[iParam], a.param, i)
				}
			})(sc, o, k)
		}, []string{"float32", "hard"}, (*scheme).is16},
		{"the last element is not stepped", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 { b := *a; b.n = max(0, b.n-1); return k.call(b) }
		}, []string{"lengths", "edges", "classes", "split", "briefly", "guardPages"}, nil},
		{"writes where n is 0", faulty(nil, func(sc *scheme, a args4) {
			if a.n == 0 {
				flip(sc.elems[iMomentum], a.momentum, 0)
			}
		}), []string{"lengths"}, (*scheme).bare}, // others are not called so
		{"writes one element too many", faulty(nil, func(sc *scheme, a args4) {
			flip(sc.elems[iParam], a.param, a.n)
		}), []string{"lengths", "edges", "briefly"}, nil},
		{"writes one element before", faulty(nil, func(sc *scheme, a args4) {
			flip(sc.elems[iMomentum], a.momentum, -1)
		}), []string{"lengths", "edges", "briefly"}, nil},
		{"writes to the gradient", faulty(nil, func(sc *scheme, a args4) {
			if a.n > 3 {
				flip(sc.elems[iGrad], a.grad, 3)
			}
		}), []string{"lengths", "edges", "TestOracle", "briefly"}, nil},
		{"a NaN keeps a payload", faulty(nil, func(sc *scheme, a args4) {
			e := sc.elems[iMomentum]
			for i := range a.n {
				if e.IsNaN(e.Get(a.momentum, i)) {
					flip(e, a.momentum, i)
				}
			}
		}), []string{"classes", "NaN", "TestOracle", "lanes", "briefly"}, nil},
		{"a NaN in lane 5 keeps its sign", faulty(nil, func(sc *scheme, a args4) {
			e := sc.elems[iParam]
			for i := 5; i < a.n; i += 8 {
				if b := e.Get(a.param, i); e.IsNaN(b) {
					e.Put(a.param, i, b|e.Sign())
				}
			}
		}), []string{"classes", "NaN", "lanes"}, nil},
		{"a NaN is mended, and its neighbour with it", faulty(nil, func(sc *scheme, a args4) {
			e := sc.elems[iParam]
			for i := 1; i < a.n; i++ {
				if e.IsNaN(e.Get(a.param, i)) {
					e.Put(a.param, i-1, e.Canonical())
				}
			}
		}), []string{"classes", "NaN"}, nil},
		{"a subnormal momentum is flushed", faulty(func(sc *scheme, a args4) {
			e := sc.elems[iMomentum]
			for i := range a.n {
				if b := e.Get(a.momentum, i); b&e.Inf() == 0 {
					e.Put(a.momentum, i, b&e.Sign())
				}
			}
		}, nil), []string{"classes", "TestOracle", "lanes"}, nil},
		{"aligned slices only", faulty(nil, func(sc *scheme, a args4) {
			if uintptr(a.grad)%64 == 28 && a.n > 0 || uintptr(a.grad)%64 == 8*3 && a.n > 0 {
				flip(sc.elems[iParam], a.param, a.n-1)
			}
		}), []string{"lengths"}, nil},
		{"a long slice overflows a counter", faulty(nil, func(sc *scheme, a args4) {
			if a.n >= chunk {
				flip(sc.elems[iMomentum], a.momentum, a.n-1)
			}
		}), []string{"edges", "large"}, nil},
		{"the sign of zero is one", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 {
				e := sc.elems[iParam]
				zero := make([]bool, a.n)
				for i := range zero {
					zero[i] = sc.elems[iGrad].Get(a.grad, i)|sc.elems[iMomentum].Get(a.momentum, i)|e.Sign() == e.Sign()
				}
				r := k(a)
				for i := range zero {
					if zero[i] && !e.IsNaN(e.Get(a.param, i)) {
						flip(e, a.param, i)
					}
				}
				return r
			}
		}, []string{"classes", "signs", "TestOracle", "lanes"}, nil},
		{"the count is off by one", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 {
				r := k(a)
				if o == opCount && a.n > 9 {
					r++
				}
				return r
			}
		}, []string{"lengths", "classes"}, (*scheme).bare},
		{"each fifth call differs", func() func(*scheme, op, kernel4) kernel4 {
			var calls atomic.Uint64
			return faulty(nil, func(sc *scheme, a args4) {
				if calls.Add(1)%5 == 0 && a.n > 0 {
					flip(sc.elems[iParam], a.param, 0)
				}
			})
		}(), []string{"lengths", "concurrent"}, nil},
		{"draws are the next element's", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 { b := *a; b.draws = b.draws.After(1); return k.call(b) }
		}, []string{"briefly", "random"}, func(sc *scheme) bool { return sc.storage().Rounds() }},
		{"a NaN is reported for nothing", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 { return k(a) | 1 }
		}, []string{"noFalseNaN"}, nil},
		{"the fourth slice stays as it was", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 {
				if a.extra == nil {
					return k(a)
				}
				extra := unsafe.Slice((*uint16)(a.extra), a.n)
				was := append([]uint16(nil), extra...)
				r := k(a)
				copy(extra, was)
				return r
			}
		}, []string{"lengths", "edges", "classes", "split", "TestOracle", "hard", "briefly"}, withExtra},
		{"the fourth slice is wrong in lane 30", faulty(nil, func(sc *scheme, a args4) {
			for i := 30; a.extra != nil && i < a.n; i += 32 {
				flip(sc.elems[iExtra], a.extra, i)
			}
		}), []string{"lengths", "edges", "classes", "split", "NaN", "TestOracle", "hard", "lanes"}, withExtra},
		{"the fourth slice is written in front", faulty(nil, func(sc *scheme, a args4) {
			if a.extra != nil {
				flip(sc.elems[iExtra], a.extra, -1)
			}
		}), []string{"lengths", "edges"}, withExtra},
		// What only reads, or writes back what was there.
		{"reads behind param", faulty(nil, func(sc *scheme, a args4) { sink = sc.elems[iParam].Get(a.param, a.n) }), []string{"guardPages"}, nil},
		{"reads behind grad", faulty(nil, func(sc *scheme, a args4) { sink = sc.elems[iGrad].Get(a.grad, a.n) }), []string{"guardPages"}, nil},
		{"reads before momentum", faulty(nil, func(sc *scheme, a args4) { sink = sc.elems[iMomentum].Get(a.momentum, -1) }), []string{"guardPages"}, nil},
		{"reads where n is 0", faulty(nil, func(sc *scheme, a args4) { sink = sc.elems[iGrad].Get(a.grad, max(0, a.n-1)) }), []string{"guardPages"}, (*scheme).bare},
		{"writes back to grad", faulty(nil, func(sc *scheme, a args4) { e := sc.elems[iGrad]; e.Put(a.grad, 0, e.Get(a.grad, 0)) }), []string{"guardPages"}, nil},
		{"reads 64 bytes of tail", faulty(nil, func(sc *scheme, a args4) { sink = sc.elems[iParam].Get(a.param, a.n/16*16+15) }), []string{"guardPages"}, nil},
	}
}

// watched are the properties, and what else is asked of an implementation.
func watched() []property {
	return append(slices.Clone(properties), property{name: "TestOracle", check: func(_ testing.TB, impl int, sc *scheme) error {
		return checkOracle(sc, decaying(), impl, 4000, 1)
	}})
}

// TestPropertiesSee: each fault is seen by the properties that it names, as they are run
// for all implementations; and where there is none, nothing is seen.
func TestPropertiesSee(t *testing.T) {
	named := map[string]bool{}
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			impl := plant(t, f.make)
			implementations[impl].half.Units = f.seen == nil // as NEON's kernels have it, and other faults don't
			for k, p := range watched() {
				if f.seen != nil && !slices.Contains(f.seen, p.name) {
					continue
				}
				named[p.name] = named[p.name] || f.seen != nil
				t.Run(p.name, func(t *testing.T) {
					if p.name == "guardPages" && f.seen != nil && prove.BrokenSignals != "" {
						prove.Skip(t, "%s", prove.BrokenSignals)
					}
					for i, sc := range schemes {
						if f.seen == nil && !prove.Whole() && (i+k)%3 != 0 {
							continue // what is seen elsewhere takes long to be looked for everywhere
						}
						if f.in != nil && !f.in(sc) || p.of != nil && !p.of(sc) {
							continue // it has no kernels to be wrong
						}
						if f.seen == nil {
							assert.NoError(t, p.check(t, impl, sc), "sees what is not there")
						} else {
							assert.Error(t, p.check(t, impl, sc), "%s: blind to it", sc.name)
						}
					}
				})
			}
		})
	}
	for _, p := range watched() {
		assert.True(t, named[p.name], "no fault is planted for %s", p.name)
	}
}

// canonicalize mends NaNs as the callers of kernels do.
func (sc *scheme) canonicalize(a *args4) {
	for _, slice := range []struct {
		e *prove.Element
		p unsafe.Pointer
	}{{sc.elems[iParam], a.param}, {sc.elems[iMomentum], a.momentum}} {
		for i := range a.n {
			if slice.e.IsNaN(slice.e.Get(slice.p, i)) {
				slice.e.Put(slice.p, i, slice.e.Canonical())
			}
		}
	}
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

// TestTableSees changes each implementation's entries as no other test would
// notice.
func TestTableSees(t *testing.T) {
	generic := implementations[genericIndex()]
	for _, im := range implementations[:genericIndex()] {
		require.NoError(t, checkEntries(&im), im.name)
		spoilt := func(what string, runs bool, spoil func(im *implementation)) {
			im := im
			spoil(&im)
			if prove.Sanitized { // whose checks of pointers would end the program
				im.missing = "a nil pointer can't be used"
			}
			if !runs || im.missing == "" {
				assert.Error(t, checkEntries(&im), "%s: %s", im.name, what)
			}
		}
		spoilt("all of it is generic", false, func(im *implementation) {
			im.kernels, im.half, im.stats = generic.kernels, generic.half, generic.stats
		})
		spoilt("a kernel is generic's", false, func(im *implementation) { im.kernels[f64][opCount] = generic.kernels[f64][opCount] })
		spoilt("a kernel is missing", false, func(im *implementation) { im.kernels[f32][opInside] = nil })
		spoilt("two kernels are swapped", false, func(im *implementation) {
			k := &im.kernels[f32]
			k[opPaper], k[opRefined] = k[opRefined], k[opPaper]
		})
		spoilt("the 16 bits are generic's", false, func(im *implementation) { im.half = generic.half })
		spoilt("there are no 16 bits", false, func(im *implementation) { im.half = nil })
		spoilt("the statistics are generic's", false, func(im *implementation) { im.stats = generic.stats })
		spoilt("there are none", false, func(im *implementation) { im.stats = nil })
		for _, other := range implementations[:genericIndex()] {
			if other.name != im.name {
				spoilt("a kernel is "+other.name+"'s", false, func(im *implementation) { im.kernels[f32][opPaper] = other.kernels[f32][opPaper] })
			}
		}
	}
}
