package half

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
)

// Properties of fused kernels: they step as it is described here, in float32.

// described steps an element: each operation rounds once, in the order written; sign(0)
// and sign(NaN) are 0; every NaN is canonical. The sign of s is that of O1.
func described(c *Constants, cautious bool, p, g, m float32) (param, momentum float32) {
	sign := func(x float32) float32 {
		switch {
		case x > 0:
			return 1
		case x < 0:
			return -1
		}
		return 0
	}
	u := float32(c.B1*m) + float32(c.O1*g)
	step := float32(c.LR * sign(u))
	if cautious && sign(u)*sign(g)*float32(math.Copysign(1, float64(c.O1))) <= 0 {
		step = 0
	}
	out := []float32{float32(p*c.Decay) - step, float32(c.B2*m) + float32(c.O2*g)}
	canonicalize(out)
	return out[0], out[1]
}

// fusedConstants are settings: betas far apart, all gradient, gradients that cancel, and
// scales, rates and decays at the ends of their ranges.
func fusedConstants() []Constants {
	set := func(b1, b2, s, lr, decay float32) Constants {
		return Constants{B1: b1, O1: (1 - b1) * s, B2: b2, O2: (1 - b2) * s, LR: lr, Decay: decay}
	}
	return []Constants{
		set(0.9, 0.99, 0.75, 1e-2, 0.999), set(0.3, 0.8, -1, 1e-2, 1), set(0, 0, 1, 1e-3, 0.5), set(0.5, 0.5, 1, 1e-4, 1),
		set(0.9, 0.99, -1e30, 1, 0x1p-20), set(0.9, 1-0x1p-24, 0x1p-100, 0, 0.9), set(0.9, 0.99, 1, 0x1p-149, 1), set(0.9, 0.99, 1, 3e38, 0.25),
	}
}

// A kind of kernel is one of those that an implementation may have.
type kindOf struct {
	id               ID
	random, cautious bool
}

// kinds are all that there are.
func kinds() (all []kindOf) {
	for id := range NumStorages {
		for _, cautious := range []bool{false, true} {
			all = append(all, kindOf{id, false, cautious})
			if Storages[id].Rounds() {
				all = append(all, kindOf{id, true, cautious})
			}
		}
	}
	return all
}

func (k kindOf) String() string {
	return fmt.Sprintf("%s random=%v cautious=%v", Storages[k.id].Name, k.random, k.cautious)
}

// of is the kernel of im, nil if it has none.
func (k kindOf) of(im *Implementation) Kernel {
	rules := &im.Fused.Nearest[k.id]
	if k.random {
		rules = &im.Fused.Random[k.id]
	}
	if k.cautious {
		return rules.Cautious
	}
	return rules.Paper
}

// The slices of a step.
const (
	atParam = iota
	atLow
	atGrad
	atMomentum
	atShadow
	numSlices
)

// elements are those of the slices, nil where there is none.
func (k kindOf) elements() (all [numSlices]*prove.Element) {
	bits := map[Element]*prove.Element{F32: prove.Float32, BF16: prove.BF16, F16: prove.F16, Split: prove.BF16, Low16: prove.LowerHalf, Kahan: prove.BF16}
	st := &Storages[k.id]
	for i, e := range []Element{st.Param, st.Low, st.Grad, st.Momentum, st.Shadow} {
		all[i] = bits[e]
	}
	return all
}

// slices are what the slices hold.
type fusedSlices [numSlices][]byte

// made are n elements each, by f.
func (k kindOf) made(r *prove.Rand, n int, f func(*prove.Element, *prove.Rand) uint64) (s fusedSlices) {
	for i, e := range k.elements() {
		if e != nil {
			s[i] = e.Elements(r, n, f)
		}
	}
	return s
}

// args are those of slices that lie at.
func (k kindOf) args(at [numSlices]unsafe.Pointer, n int, c *Constants, d Draws) *Args {
	return &Args{Param: at[atParam], Low: at[atLow], Grad: at[atGrad], Momentum: at[atMomentum], Shadow: at[atShadow], N: n, C: c, Draws: d}
}

// step steps all of a: tile by tile, widened, described and narrowed in plain Go.
func (k kindOf) step(a *Args) {
	st := &Storages[k.id]
	var p, g, m Tile
	for i := 0; i < a.N; i += TileSize {
		t := a.From(st, i, min(a.N-i, TileSize))
		wide := generic.Widen(st.Param, t.Param, t.Low, t.N, &p)
		grad := generic.Widen(st.Grad, t.Grad, nil, t.N, &g)
		momentum := generic.Widen(st.Momentum, t.Momentum, nil, t.N, &m)
		ps, gs, ms := unsafe.Slice((*float32)(wide), t.N), unsafe.Slice((*float32)(grad), t.N), unsafe.Slice((*float32)(momentum), t.N)
		for j := range ps {
			ps[j], ms[j] = described(a.C, k.cautious, ps[j], gs[j], ms[j])
		}
		if k.random {
			[2]Rounder{generic.StochasticBF16, generic.StochasticF16}[k.id](t.Param, wide, t.N, t.Draws)
		} else {
			generic.Narrow(st.Param, t.Param, t.Low, wide, t.N)
		}
		generic.Narrow(st.Momentum, t.Momentum, nil, momentum, t.N)
		generic.Narrow(st.Shadow, t.Shadow, nil, wide, t.N)
	}
	runtime.KeepAlive(&p)
	runtime.KeepAlive(&g)
	runtime.KeepAlive(&m)
}

// expected is what a step of in should give.
func (k kindOf) expected(in *fusedSlices, n int, c *Constants, d Draws) (out fusedSlices) {
	var at [numSlices]unsafe.Pointer
	for i := range in {
		out[i] = bytes.Clone(in[i])
		at[i] = unsafe.Pointer(unsafe.SliceData(out[i]))
	}
	k.step(k.args(at, n, c, d))
	return out
}

var sliceNames = [numSlices]string{"param", "low", "grad", "momentum", "shadow"}

// stepped steps in by the kernel f, with slices that begin off elements past alignment,
// and compares: without prefetching, then with it.
func (k kindOf) stepped(im *Implementation, f Kernel, in *fusedSlices, n int, off func(slice int) int, c *Constants, d Draws) error {
	want := k.expected(in, n, c, d)
	for _, ahead := range []int{0, 192} {
		if err := k.compared(im, f, in, &want, off, &Args{N: n, C: c, Draws: d, Ahead: ahead}); err != nil {
			return fmt.Errorf("prefetching %d bytes ahead: %w", ahead, err)
		}
	}
	return nil
}

// compared is one of these steps, of slices that a doesn't have yet.
func (k kindOf) compared(im *Implementation, f Kernel, in, want *fusedSlices, off func(slice int) int, a *Args) error {
	n := a.N
	var slabs [numSlices]*prove.Slab
	var at [numSlices]unsafe.Pointer
	for i, e := range k.elements() {
		if e != nil {
			slabs[i] = prove.NewSlab(len(in[i]))
			slabs[i].Load(off(i)*e.Size, in[i])
			at[i] = slabs[i].Pointer()
		}
	}
	full := k.args(at, n, a.C, a.Draws)
	full.Ahead = a.Ahead
	im.Step(f, &Storages[k.id], full)
	for i, e := range k.elements() {
		if e == nil {
			continue
		}
		if k.random && i == atParam {
			e = prove.LowerHalf // in integers, which no emulator gets wrong
		}
		got := slabs[i].Bytes()
		if !slabs[i].Intact() {
			return fmt.Errorf("%v n=%d: writes beside %s", k, n, sliceNames[i])
		}
		if e.Equal(got, want[i]) {
			continue
		}
		for j := range n {
			if g, w := e.Get(unsafe.Pointer(&got[0]), j), e.Get(unsafe.Pointer(&want[i][0]), j); g != w {
				return fmt.Errorf("%v n=%d %+v: %s[%d] = %#x, want %#x, was %#x", k, n, *a.C, sliceNames[i], j, g, w, e.Get(unsafe.Pointer(&in[i][0]), j))
			}
		}
	}
	return nil
}

// aligned begins all slices at a cache line.
func aligned(int) int { return 0 }

// fused: bits that are hard to round, with every setting.
func fused(_ testing.TB, im *Implementation) error {
	n, r := 2*Unit, prove.NewRand(1)
	if prove.Whole() {
		n = 3*TileSize + Unit
	}
	for _, k := range kinds() {
		for i, c := range fusedConstants() {
			if f := k.of(im); f != nil {
				in := k.made(r, n, (*prove.Element).Hard)
				if err := k.stepped(im, f, &in, n, aligned, &c, DrawsOf(5, 9, uint64(i)<<8)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fusedLengths: every length up to some units, which leaves a rest, each slice misaligned
// on its own, and lengths of more than a chunk.
func fusedLengths(_ testing.TB, im *Implementation) error {
	r := prove.NewRand(2)
	c := fusedConstants()
	for i, k := range kinds() {
		f := k.of(im)
		if f == nil {
			continue
		}
		for n := 1; n < 3*Unit+2; n++ {
			in := k.made(r, n, (*prove.Element).Random)
			if err := k.stepped(im, f, &in, n, func(slice int) int { return (n*(2*slice+1) + 3*slice) % 16 }, &c[0], DrawsOf(1, 2, uint64(n))); err != nil {
				return err
			}
		}
		n := 2*chunk + Unit + 5
		in := k.made(r, n, (*prove.Element).Random)
		if err := k.stepped(im, f, &in, n, aligned, &c[1], DrawsOf(3, 4, uint64(i))); err != nil {
			return err
		}
	}
	return nil
}

// fusedNaN: one NaN, in whichever lane and slice, comes out canonical, and a kernel tells
// of none where there is none. (NEON's never do: they mend their own.)
func fusedNaN(_ testing.TB, im *Implementation) error {
	const n = 2 * Unit
	r, c, payload := prove.NewRand(3), fusedConstants()[0], nanPlusOne()
	for _, k := range kinds() {
		f := k.of(im)
		if f == nil {
			continue
		}
		told := uint32(0)
		tells := func(a *Args) uint32 { x := f(a); told |= x; return x }
		in := k.made(r, n, (*prove.Element).Ordinary)
		if Storages[k.id].Param == Kahan { // its rest is small
			for i := range n {
				prove.BF16.Put(unsafe.Pointer(&in[atLow][0]), i, prove.BF16.Ordinary(r)&^0x7f80|0x3a00)
			}
		}
		if err := k.stepped(im, tells, &in, n, aligned, &c, Draws{}); err != nil {
			return err
		}
		if told != 0 {
			return fmt.Errorf("%v: tells of a NaN where there is none", k)
		}
		if err := k.eachNaN(im, f, &in, n, &c); err != nil {
			return err
		}
		if nanPlusOne() != payload {
			return fmt.Errorf("%v: NaNs differ after it", k)
		}
	}
	return nil
}

// eachNaN steps in with a NaN in each place of it.
func (k kindOf) eachNaN(im *Implementation, f Kernel, in *fusedSlices, n int, c *Constants) error {
	nans := [...]uint64{atParam: 0xffc0, atLow: 0xffc0, atGrad: 0xffc1, atMomentum: 0x7fff}
	for i, b := range nans {
		e := k.elements()[i]
		if e == nil || e.Raw {
			continue
		}
		if e.Size == 4 {
			b = 0x7f800001
		} else if e == prove.F16 {
			b = 0xfc01
		}
		for lane := range n {
			p := unsafe.Pointer(&in[i][0])
			old := e.Get(p, lane)
			e.Put(p, lane, b)
			err := k.stepped(im, f, in, n, aligned, c, Draws{})
			e.Put(p, lane, old)
			if err != nil {
				return fmt.Errorf("NaN in %s[%d]: %w", sliceNames[i], lane, err)
			}
		}
	}
	return nil
}

var payloadNaN = math.Float32frombits(0x7fc01234)

// nanPlusOne returns the bits of a sum, which depend on how the CPU is set up to
// deal with NaNs: what NEON's kernels change, and must restore.
func nanPlusOne() uint32 { return math.Float32bits(payloadNaN + 1) }

// fusedGuardPages: no kernel touches memory outside the slices, nor writes to the gradient.
func fusedGuardPages(t testing.TB, im *Implementation) error {
	fences := prove.NewFences(t, 4*4*Unit, 4*4*Unit, 4*4*Unit, 4*4*Unit, 4*4*Unit)
	c := fusedConstants()[0]
	for _, k := range kinds() {
		f := k.of(im)
		if f == nil {
			continue
		}
		for _, n := range []int{1, 2, 3, 5, 11, 17, Unit - 1, Unit, Unit + 7, 2 * Unit, 3*Unit + 31} {
			for place := range 1 << numSlices {
				var at [numSlices]unsafe.Pointer
				for i, e := range k.elements() {
					if e != nil {
						at[i] = fences[i].Place(n*e.Size, place>>i&1 == 1)
					}
				}
				fences[atGrad].ReadOnly(true)
				err := prove.Faults(func() { im.Step(f, &Storages[k.id], k.args(at, n, &c, Draws{})) })
				fences[atGrad].ReadOnly(false)
				if err != nil {
					return fmt.Errorf("%v n=%d, slices at the end: %05b: %w", k, n, place, err)
				}
			}
		}
	}
	return nil
}
