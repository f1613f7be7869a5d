package lion

import (
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// The tests of the tests: kernels with one fault each are planted in the table,
// and the checkers must see them.

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
			rules := &im.half.Fused.Nearest[sc.id]
			rules.Paper = f(sc, opPaper, fusedGeneric(sc, opPaper)).fused(sc.storage())
			rules.Cautious = f(sc, opCautious, fusedGeneric(sc, opCautious)).fused(sc.storage())
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

// A fault and the checkers that must see it, by name, under the schemes that can
// have it.
type fault struct {
	name string
	make func(*scheme, op, kernel4) kernel4
	seen []string
	in   func(*scheme) bool // nil for all
}

func faults() []fault {
	flip := func(e *prove.Element, p unsafe.Pointer, i int) { e.Put(p, i, e.Get(p, i)^1) }
	withExtra := func(sc *scheme) bool { return len(sc.elems) > iExtra }
	return []fault{
		{"nothing wrong", faulty(nil, nil), nil, nil},
		{"a lane is off by an ulp", faulty(nil, func(sc *scheme, a args4) {
			for i := 13; i < a.n; i += 16 {
				flip(sc.elems[iParam], a.param, i)
			}
		}), []string{"lengths", "edges", "values", "split", "NaN"}, nil},
		{"the last element is not stepped", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 { b := *a; b.n = max(0, b.n-1); return k.call(b) }
		}, []string{"lengths", "edges", "values", "split"}, nil},
		{"writes where n is 0", faulty(nil, func(sc *scheme, a args4) {
			if a.n == 0 {
				flip(sc.elems[iMomentum], a.momentum, 0)
			}
		}), []string{"lengths"}, (*scheme).bare}, // others are not called so
		{"writes one element too many", faulty(nil, func(sc *scheme, a args4) {
			flip(sc.elems[iParam], a.param, a.n)
		}), []string{"lengths", "edges"}, nil},
		{"writes one element before", faulty(nil, func(sc *scheme, a args4) {
			flip(sc.elems[iMomentum], a.momentum, -1)
		}), []string{"lengths", "edges"}, nil},
		{"writes to the gradient", faulty(nil, func(sc *scheme, a args4) {
			if a.n > 3 {
				flip(sc.elems[iGrad], a.grad, 3)
			}
		}), []string{"lengths", "edges"}, nil},
		{"a NaN keeps a payload", faulty(nil, func(sc *scheme, a args4) {
			e := sc.elems[iMomentum]
			for i := range a.n {
				if e.IsNaN(e.Get(a.momentum, i)) {
					flip(e, a.momentum, i)
				}
			}
		}), []string{"values", "NaN"}, nil},
		{"a NaN in lane 5 keeps its sign", faulty(nil, func(sc *scheme, a args4) {
			e := sc.elems[iParam]
			for i := 5; i < a.n; i += 8 {
				if b := e.Get(a.param, i); e.IsNaN(b) {
					e.Put(a.param, i, b|e.Sign())
				}
			}
		}), []string{"values", "NaN"}, nil},
		{"a NaN is mended, and its neighbour with it", faulty(nil, func(sc *scheme, a args4) {
			e := sc.elems[iParam]
			for i := 1; i < a.n; i++ {
				if e.IsNaN(e.Get(a.param, i)) {
					e.Put(a.param, i-1, e.Canonical())
				}
			}
		}), []string{"values", "NaN"}, nil},
		{"a subnormal momentum is flushed", faulty(func(sc *scheme, a args4) {
			e := sc.elems[iMomentum]
			for i := range a.n {
				if b := e.Get(a.momentum, i); b&e.Inf() == 0 {
					e.Put(a.momentum, i, b&e.Sign())
				}
			}
		}, nil), []string{"values"}, nil},
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
		}, []string{"values", "convention"}, nil},
		{"the count is off by one", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 {
				r := k(a)
				if o == opCount && a.n > 9 {
					r++
				}
				return r
			}
		}, []string{"lengths", "values"}, (*scheme).bare},
		{"a NaN is reported for nothing", func(sc *scheme, o op, k kernel4) kernel4 {
			return func(a *args4) uint32 { return k(a) | 1 }
		}, []string{"false NaN"}, nil},
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
		}, []string{"lengths", "edges", "values", "split"}, withExtra},
		{"the fourth slice is wrong in lane 30", faulty(nil, func(sc *scheme, a args4) {
			for i := 30; a.extra != nil && i < a.n; i += 32 {
				flip(sc.elems[iExtra], a.extra, i)
			}
		}), []string{"lengths", "edges", "values", "split", "NaN"}, withExtra},
		{"the fourth slice is written in front", faulty(nil, func(sc *scheme, a args4) {
			if a.extra != nil {
				flip(sc.elems[iExtra], a.extra, -1)
			}
		}), []string{"lengths", "edges"}, withExtra},
	}
}

// checkers run on all that a checker of the tests does, but with few settings;
// each returns whether it saw a fault.
var checkers = map[string]func(impl int, sc *scheme) bool{
	"lengths": func(impl int, sc *scheme) bool {
		saw := false
		for _, sub := range sc.kernels(decaying()) {
			saw = saw || checkLengths(impl, sc, sub, true) != nil
		}
		return saw
	},
	"edges": func(impl int, sc *scheme) bool {
		return checkEdges(impl, sc, ruleSubject(decaying()), false) != nil
	},
	"values": func(impl int, sc *scheme) bool {
		saw := false
		for _, sub := range sc.kernels(decaying()) {
			saw = saw || checkValues(impl, sc, sub, []int{1}) != nil
		}
		return saw
	},
	"split": func(impl int, sc *scheme) bool {
		in := sc.randomInputs(prove.NewRand(5), tile, (*prove.Element).Random)
		return checkSplit(impl, sc, decaying(), in, []int{7, tile - 1}) != nil
	},
	"NaN": func(impl int, sc *scheme) bool {
		return checkNaN(impl, sc, ruleSubject(decaying()), 40, []int{0, 1, 5, 13, 39}) != nil
	},
	"false NaN":  func(impl int, sc *scheme) bool { return checkNoFalseNaN(impl, sc, opPaper) != nil },
	"large":      func(impl int, sc *scheme) bool { return checkLargeStep(impl, chunk+77) != nil },
	"convention": func(impl int, sc *scheme) bool { return checkSignConvention(impl) != nil },
}

func TestCheckersSeeFaults(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			impl := plant(t, f.make)
			for _, sc := range schemes {
				if f.in != nil && !f.in(sc) {
					continue // it has no kernels to be wrong
				}
				if f.seen == nil {
					for name, check := range checkers {
						assert.False(t, check(impl, sc), "%s: the checker for %s sees what is not there", sc.name, name)
					}
				}
				for _, name := range f.seen {
					assert.True(t, checkers[name](impl, sc), "%s: the checker for %s is blind to it", sc.name, name)
				}
			}
		})
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
