package half

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// The tests see faults.

var sink uint64 // keeps reads from being optimised away

// plain is what faults are planted in.
var plain = genericConverters

// flip changes a bit of element i of those of 16 bits at p.
func flip(p unsafe.Pointer, i int) { *(*uint16)(unsafe.Add(p, 2*i)) ^= 1 }

// spoilt is f, after which at is done.
func spoilt(f Converter, at Converter) Converter {
	return func(dst, src unsafe.Pointer, n int) { f(dst, src, n); at(dst, src, n) }
}

// bad is a pattern of a block that walks take.
func bad() uint32 { return uint32(7*stride(61, 4093)<<16 | 0x9abc) }

// A fault is planted in a converter; sees names the properties that must see it.
type fault struct {
	name, sees string
	spoil      func(c *Converters)
}

var faults = []fault{
	{"nothing", "", func(*Converters) {}},
	{"a lane is off", "briefly lengths narrowEdges walk", func(c *Converters) {
		c.NarrowBF16 = spoilt(plain.NarrowBF16, func(dst, _ unsafe.Pointer, n int) {
			if n > 13 {
				flip(dst, 13)
			}
		})
	}},
	{"the last one isn't converted", "briefly lengths narrowEdges walk", func(c *Converters) {
		c.NarrowF16 = func(dst, src unsafe.Pointer, n int) { plain.NarrowF16(dst, src, max(0, n-1)) }
	}},
	{"writes behind", "lengths guardPages", func(c *Converters) {
		c.NarrowBF16 = spoilt(plain.NarrowBF16, func(dst, _ unsafe.Pointer, n int) { flip(dst, n) })
	}},
	{"writes to what it reads", "lengths guardPages", func(c *Converters) {
		c.NarrowBF16 = spoilt(plain.NarrowBF16, func(_, src unsafe.Pointer, n int) {
			if n > 0 {
				flip(src, 0)
			}
		})
	}},
	{"reads behind", "guardPages", func(c *Converters) {
		c.NarrowBF16 = spoilt(plain.NarrowBF16, func(_, src unsafe.Pointer, n int) { sink = uint64(*(*uint16)(unsafe.Add(src, 4*n))) })
	}},
	{"reads before", "guardPages", func(c *Converters) {
		c.NarrowBF16 = spoilt(plain.NarrowBF16, func(_, src unsafe.Pointer, n int) { sink = uint64(*(*uint16)(unsafe.Add(src, -2))) })
	}},
	{"a number is widened wrongly", "widen", func(c *Converters) {
		c.WidenF16 = spoilt(plain.WidenF16, func(dst, src unsafe.Pointer, n int) {
			for i := range n {
				if *(*uint16)(unsafe.Add(src, 2*i)) == 0x83ff {
					flip(dst, 2*i)
				}
			}
		})
	}},
	{"of one pattern hi is wrong", "walk", func(c *Converters) {
		c.Split = func(hi, lo, weight unsafe.Pointer, n int) {
			splitGeneric(hi, lo, weight, n)
			spoilAt[uint16](weight, hi, n, bad())
		}
	}},
	{"of one pattern lo is wrong", "walk", func(c *Converters) {
		c.Split = func(hi, lo, weight unsafe.Pointer, n int) {
			splitGeneric(hi, lo, weight, n)
			spoilAt[uint16](weight, lo, n, bad())
		}
	}},
	{"one pattern is joined wrongly", "walk", func(c *Converters) {
		c.Join = func(weight, hi, lo unsafe.Pointer, n int) {
			joinGeneric(weight, hi, lo, n)
			spoilAt[uint32](weight, weight, n, bad())
		}
	}},
	{"one pattern is narrowed wrongly to bf16", "walk", func(c *Converters) {
		c.NarrowBF16 = spoilt(plain.NarrowBF16, func(dst, src unsafe.Pointer, n int) { spoilAt[uint16](src, dst, n, bad()) })
	}},
	{"one pattern is narrowed wrongly to f16", "walk", func(c *Converters) {
		c.NarrowF16 = spoilt(plain.NarrowF16, func(dst, src unsafe.Pointer, n int) { spoilAt[uint16](src, dst, n, bad()) })
	}},
	{"ties go up", "briefly narrowEdges walk", func(c *Converters) {
		c.NarrowBF16 = func(dst, src unsafe.Pointer, n int) {
			for i, x := range unsafe.Slice((*float32)(src), n) {
				b := ToBF16(x)
				if math.Float32bits(x)&0x1ffff == 0x08000 && x-x == 0 {
					b++
				}
				unsafe.Slice((*uint16)(dst), n)[i] = b
			}
		}
	}},
	{"a NaN has something left over", "briefly kahan", func(c *Converters) {
		c.SplitKahan = func(param, compensation, weight unsafe.Pointer, n int) {
			splitKahanGeneric(param, compensation, weight, n)
			for i, w := range unsafe.Slice((*float32)(weight), n) {
				if w != w {
					flip(compensation, i)
				}
			}
		}
	}},
	{"two zeros add up to −0", "kahan", func(c *Converters) {
		c.JoinKahan = func(weight, param, compensation unsafe.Pointer, n int) {
			joinKahanGeneric(weight, param, compensation, n)
			for i, w := range unsafe.Slice((*uint32)(weight), n) {
				if w == 0 {
					unsafe.Slice((*uint32)(weight), n)[i] = 1 << 31
				}
			}
		}
	}},
	{"random bits are one short", "random", func(c *Converters) {
		c.StochasticF16 = func(dst, src unsafe.Pointer, n int, d Draws) {
			for i, w := range unsafe.Slice((*float32)(src), n) {
				unsafe.Slice((*uint16)(dst), n)[i] = stochasticF16(w, d.After(uint32(i)).x()>>16&^1)
			}
		}
	}},
	{"all lanes draw alike", "random", func(c *Converters) {
		c.StochasticBF16 = func(dst, src unsafe.Pointer, n int, d Draws) {
			for i, w := range unsafe.Slice((*float32)(src), n) {
				unsafe.Slice((*uint16)(dst), n)[i] = stochasticBF16(w, d.x()>>16)
			}
		}
	}},
	{"exact numbers go up too", "randomKeeps random", func(c *Converters) {
		c.StochasticBF16 = func(dst, src unsafe.Pointer, n int, d Draws) {
			for i, w := range unsafe.Slice((*float32)(src), n) {
				unsafe.Slice((*uint16)(dst), n)[i] = stochasticBF16(w, d.After(uint32(i)).x()>>16+1)
			}
		}
	}},
	{"up too often", "randomMean random", func(c *Converters) {
		c.StochasticF16 = func(dst, src unsafe.Pointer, n int, d Draws) {
			for i, w := range unsafe.Slice((*float32)(src), n) {
				unsafe.Slice((*uint16)(dst), n)[i] = stochasticF16(w, min(0xffff, d.After(uint32(i)).x()>>16+1<<10))
			}
		}
	}},
}

// TestPropertiesSee plants faults in the converters of plain Go.
func TestPropertiesSee(t *testing.T) {
	for _, c := range faults {
		faulty := &Implementation{Name: "faulty", Converters: plain}
		c.spoil(&faulty.Converters)
		for _, p := range properties {
			sees := slices.Contains(strings.Fields(c.sees), p.name)
			if !sees && c.sees != "" {
				continue
			}
			t.Run(c.name+"/"+p.name, func(t *testing.T) { // which may be skipped
				if p.name == "guardPages" && prove.BrokenSignals != "" {
					prove.Skip(t, "%s", prove.BrokenSignals)
				}
				assert.Equal(t, sees, p.check(t, faulty) != nil)
			})
		}
	}
}

// spoilAt changes the element of dst where src holds a pattern.
func spoilAt[T uint16 | uint32](src, dst unsafe.Pointer, n int, pattern uint32) {
	for i, x := range unsafe.Slice((*uint32)(src), n) {
		if x == pattern {
			unsafe.Slice((*T)(dst), n)[i] ^= 1
		}
	}
}

// A fusedFault takes the place of a kernel: spoil steps.
type fusedFault struct {
	name, sees string
	spoil      func(k kindOf, st *Storage, a *Args) (nan uint32)
}

// none says whether kernels of the kind can't have the fault.
func (f *fusedFault) none(k kindOf) bool {
	st := &Storages[k.id]
	return f.name == "the draws stay" && !k.random || strings.HasPrefix(f.name, "the shadow") && st.Shadow == None && st.Low == None
}

var fusedFaults = []fusedFault{
	{"nothing", "", func(k kindOf, _ *Storage, a *Args) uint32 { k.step(a); return 0 }},
	{"mending is all that is left to do", "", func(k kindOf, _ *Storage, a *Args) uint32 {
		k.step(a)
		nan := false
		e := k.elements()[atMomentum]
		for i := range a.N {
			if b := e.Get(a.Momentum, i); e.IsNaN(b) {
				e.Put(a.Momentum, i, b|e.Sign())
				nan = true
			}
		}
		if nan {
			return 1
		}
		return 0
	}},
	{"a lane is off", "fused fusedLengths fusedNaN", func(k kindOf, st *Storage, a *Args) uint32 {
		k.step(a)
		flipOf(st.Param, a.Param, 21)
		return 0
	}},
	{"a rule is another", "fused fusedLengths", func(k kindOf, _ *Storage, a *Args) uint32 {
		k.cautious = !k.cautious
		k.step(a)
		return 0
	}},
	{"the last unit of a chunk is left out", "fusedLengths", func(k kindOf, _ *Storage, a *Args) uint32 {
		b := *a
		if b.N == chunk {
			b.N -= Unit
		}
		k.step(&b)
		return 0
	}},
	{"the shadow stays, or what is beside param", "fused fusedLengths", func(k kindOf, st *Storage, a *Args) uint32 {
		b, other := *a, make([]uint16, a.N)
		if st.Shadow != None {
			b.Shadow = unsafe.Pointer(&other[0])
		} else if st.Low != None {
			copy(other, unsafe.Slice((*uint16)(a.Low), a.N))
			b.Low = unsafe.Pointer(&other[0])
		}
		k.step(&b)
		return 0
	}},
	{"the draws stay", "fused fusedLengths", func(k kindOf, _ *Storage, a *Args) uint32 {
		b := *a
		b.Draws = Draws{}
		k.step(&b)
		return 0
	}},
	{"a NaN keeps its sign", "fused fusedLengths fusedNaN", func(k kindOf, _ *Storage, a *Args) uint32 {
		k.step(a)
		e := k.elements()[atMomentum]
		for i := range a.N {
			if b := e.Get(a.Momentum, i); e.IsNaN(b) {
				e.Put(a.Momentum, i, b|e.Sign())
			}
		}
		return 0
	}},
	{"it tells of NaNs for nothing", "fusedNaN", func(k kindOf, _ *Storage, a *Args) uint32 { k.step(a); return 1 }},
	{"writes behind", "fusedLengths fusedGuardPages", func(k kindOf, st *Storage, a *Args) uint32 {
		k.step(a)
		flipOf(st.Momentum, a.Momentum, a.N)
		return 0
	}},
	{"writes to the gradient", "fused fusedGuardPages", func(k kindOf, st *Storage, a *Args) uint32 {
		k.step(a)
		flipOf(st.Grad, a.Grad, 3)
		return 0
	}},
	{"reads behind the gradient", "fusedGuardPages", func(k kindOf, st *Storage, a *Args) uint32 {
		k.step(a)
		sink = uint64(*(*uint16)(unsafe.Add(a.Grad, a.N*st.Grad.Size())))
		return 0
	}},
}

// flipOf changes a bit of element i of those at p.
func flipOf(e Element, p unsafe.Pointer, i int) { *(*uint16)(unsafe.Add(p, i*e.Size())) ^= 1 }

// TestFusedPropertiesSee plants faults in fused kernels of plain Go.
func TestFusedPropertiesSee(t *testing.T) {
	for _, c := range fusedFaults {
		for _, p := range properties {
			sees := slices.Contains(strings.Fields(c.sees), p.name)
			if !strings.HasPrefix(p.name, "fused") || !sees && c.sees != "" || p.name == "fusedGuardPages" && prove.BrokenSignals != "" {
				continue
			}
			t.Run(c.name+"/"+p.name, func(t *testing.T) {
				for _, k := range kinds() {
					if c.none(k) {
						continue
					}
					faulty := &Implementation{Name: "faulty", Converters: genericConverters}
					f := Kernel(func(a *Args) uint32 { return c.spoil(k, &Storages[k.id], a) })
					k.put(&faulty.Fused, f)
					err := p.check(t, faulty)
					assert.Equal(t, sees, err != nil, "%v: %v", k, err)
				}
			})
		}
	}
}

// put makes f the kernel of its kind.
func (k kindOf) put(to *Fused, f Kernel) {
	rules := &to.Nearest[k.id]
	if k.random {
		rules = &to.Random[k.id]
	}
	if k.cautious {
		rules.Cautious = f
	} else {
		rules.Paper = f
	}
}
