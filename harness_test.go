package lion

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/lionkernel/lion/internal/tune"
)

// What every test of the kernels stands on: the implementations, the storage
// formats as bits, memory with sentinels around it, and the comparison of an
// implementation with generic.

func TestMain(m *testing.M) { prove.Main(m) }

// eachImplementation runs f for every entry of the table, by its index. One
// that can't run here is skipped aloud, or fails where LION_REQUIRE names it.
func eachImplementation(t *testing.T, f func(t *testing.T, impl int)) {
	t.Helper()
	for i := range implementations {
		im := &implementations[i]
		t.Run("impl="+im.name, func(t *testing.T) {
			prove.MustRun(t, im.name, im.missing)
			f(t, i)
		})
	}
}

// sampled says whether the i-th of many is left out: with -short two of three are, so
// that together all come by.
func sampled(i int) bool { return testing.Short() && i%3 != 0 }

func genericIndex() int {
	return slices.IndexFunc(implementations, func(im implementation) bool { return im.name == "generic" })
}

// eachPath runs f for each scheme on every implementation. One that has fused
// kernels steps the 16-bit schemes a second time without them, by tiles, and float32 and
// float64 as it would on other CPUs. Under the race detector, which makes all of it many
// times as slow, a few will do.
func eachPath(t *testing.T, f func(t *testing.T, impl int, sc *scheme)) {
	t.Helper()
	few := prove.Sanitized && !prove.Whole()
	run := func(t *testing.T, impl int, schemes []*scheme) {
		for _, sc := range schemes {
			t.Run(sc.name, func(t *testing.T) { f(t, impl, sc) })
		}
	}
	eachImplementation(t, func(t *testing.T, impl int) {
		if few {
			run(t, impl, slices.DeleteFunc(slices.Clone(schemes), func(sc *scheme) bool {
				return sc.format >= numElements+2 && sc.storage().Param != half.Split
			}))
			return
		}
		run(t, impl, schemes)
	})
	if few {
		return
	}
	for impl, im := range implementations {
		if hasFused(impl) {
			t.Run("impl="+im.name+", tiled", func(t *testing.T) {
				prove.MustRun(t, im.name, im.missing)
				run(t, plantTiled(t, impl), schemes[numElements:])
			})
		}
		for _, tuned := range tunings(impl) {
			t.Run("impl="+im.name+", "+tuned.name, func(t *testing.T) {
				prove.MustRun(t, im.name, im.missing)
				run(t, tuned.plant(t), schemes[:numElements])
			})
		}
	}
}

// hasFused says whether an implementation has fused kernels: all or none.
func hasFused(impl int) bool { return implementations[impl].half.Fused.Nearest[0].Paper != nil }

// plantTiled adds a copy of an implementation that has no fused kernels to the
// table while t runs.
func plantTiled(t testing.TB, impl int) int {
	old := implementations
	t.Cleanup(func() { implementations = old })
	im := old[impl]
	im.name += ", tiled"
	im.half = &half.Implementation{Name: im.name, Converters: im.half.Converters}
	implementations = append(slices.Clone(old), im)
	return len(old)
}

// unrolled is the most elements that any kernel takes at a time: four vectors
// of 64 bytes of the narrowest format.
const unrolled = 32

// A tuning is an implementation as it would be on another CPU: see internal/tune.
type tuning struct {
	name    string
	kernels [numElements][numOps]kernel
	ahead   int
	of      int // of which implementation
}

// tunings are the ways in which an implementation runs on other CPUs, but not on this
// one. There are none but on amd64.
var tunings = func(impl int) []tuning { return nil }

// plant adds it to the table while t runs.
func (x *tuning) plant(t testing.TB) int {
	old, ahead := implementations, tune.Ahead
	t.Cleanup(func() { implementations, tune.Ahead = old, ahead })
	im := old[x.of]
	im.name, im.kernels = im.name+", "+x.name, x.kernels
	im.half = &half.Implementation{Name: im.name, Converters: im.half.Converters}
	implementations, tune.Ahead = append(slices.Clone(old), im), x.ahead
	return len(old)
}

// The slices of a step.
const (
	iParam = iota
	iGrad
	iMomentum
	iExtra // a shadow, the lower halves of param, or its compensation; not everywhere
	numSlices
)

var sliceNames = [numSlices]string{"param", "grad", "momentum", "extra"}

// memory is where the slices are.
type memory [numSlices]unsafe.Pointer

// offsets are how many elements past alignment each slice begins.
type offsets [numSlices]int

// A scheme is a storage format as the tests see it: one entry in schemes adds
// it to all of them.
type scheme struct {
	name   string
	method string  // of Stepper
	format element // another for each
	elems  []*prove.Element
	step   func(s *Stepper, at memory, n int) error

	// Of float32 and float64, which have kernels for any number of elements.
	run  func(k kernel, a args) // over chunks, mending NaNs
	coef func(s *Stepper) unsafe.Pointer

	// Of the 16-bit schemes.
	id half.ID
}

// schemes are those of the formats, by their numbers, and then the 16-bit ones.
var schemes = []*scheme{
	{name: "f32", method: "StepF32", format: f32, elems: []*prove.Element{prove.Float32, prove.Float32, prove.Float32}, step: stepAt(Stepper.StepF32),
		run: func(k kernel, a args) { runKernel[float32](k, &a) }, coef: func(s *Stepper) unsafe.Pointer { return unsafe.Pointer(&s.f32) }},
	{name: "f64", method: "StepF64", format: f64, elems: []*prove.Element{prove.Float64, prove.Float64, prove.Float64}, step: stepAt(Stepper.StepF64),
		run: func(k kernel, a args) { runKernel[float64](k, &a) }, coef: func(s *Stepper) unsafe.Pointer { return unsafe.Pointer(&s.f64) }},
	{name: "bf16", method: "StepBF16", format: numElements, elems: []*prove.Element{prove.BF16, prove.BF16, prove.BF16},
		step: stepAt(Stepper.StepBF16), id: half.StoreBF16},
	{name: "f16", method: "StepF16", format: numElements + 1, elems: []*prove.Element{prove.F16, prove.F16, prove.F16},
		step: stepAt(Stepper.StepF16), id: half.StoreF16},
	{name: "master bf16", method: "StepMasterBF16", format: numElements + 2, elems: []*prove.Element{prove.Float32, prove.BF16, prove.Float32, prove.BF16},
		step: stepAt4(Stepper.StepMasterBF16), id: half.StoreMasterBF16},
	{name: "master bf16 m16", method: "StepMasterBF16M16", format: numElements + 3, elems: []*prove.Element{prove.Float32, prove.BF16, prove.BF16, prove.BF16},
		step: stepAt4(Stepper.StepMasterBF16M16), id: half.StoreMasterBF16M16},
	{name: "master f16", method: "StepMasterF16", format: numElements + 4, elems: []*prove.Element{prove.Float32, prove.F16, prove.Float32, prove.F16},
		step: stepAt4(Stepper.StepMasterF16), id: half.StoreMasterF16},
	{name: "f32 m16", method: "StepF32M16", format: numElements + 5, elems: []*prove.Element{prove.Float32, prove.Float32, prove.BF16},
		step: stepAt(Stepper.StepF32M16), id: half.StoreF32M16},
	{name: "split", method: "StepSplit", format: numElements + 6, elems: []*prove.Element{prove.BF16, prove.BF16, prove.BF16, prove.LowerHalf},
		step: stepAt4(func(s Stepper, hi, grad, momentum []BF16, lo []uint16) error {
			return s.StepSplit(hi, lo, grad, momentum)
		}),
		id: half.StoreSplit},
	{name: "kahan", method: "StepBF16Kahan", format: numElements + 7, elems: []*prove.Element{prove.BF16, prove.BF16, prove.BF16, prove.BF16},
		step: stepAt4(Stepper.StepBF16Kahan), id: half.StoreKahan},
}

func stepAt[P, G, M any](step func(Stepper, []P, []G, []M) error) func(s *Stepper, at memory, n int) error {
	return func(s *Stepper, at memory, n int) error {
		return step(*s, unsafe.Slice((*P)(at[iParam]), n), unsafe.Slice((*G)(at[iGrad]), n), unsafe.Slice((*M)(at[iMomentum]), n))
	}
}

func stepAt4[P, G, M, E any](step func(Stepper, []P, []G, []M, []E) error) func(s *Stepper, at memory, n int) error {
	return func(s *Stepper, at memory, n int) error {
		return step(*s, unsafe.Slice((*P)(at[iParam]), n), unsafe.Slice((*G)(at[iGrad]), n), unsafe.Slice((*M)(at[iMomentum]), n),
			unsafe.Slice((*E)(at[iExtra]), n))
	}
}

// storage is how the slices are stored, of which it says nothing for bare schemes.
func (sc *scheme) storage() *half.Storage {
	if sc.bare() {
		return &half.Storage{}
	}
	return &half.Storages[sc.id]
}

// bare says whether sc has kernels for any number of elements: it is float32 or float64.
func (sc *scheme) bare() bool { return sc.run != nil }

// is16 says whether elements of sc are of 16 bits.
func (sc *scheme) is16() bool { return !sc.bare() }

// args4 are the arguments of a kernel, with a fourth slice where there is one.
type args4 struct {
	args
	extra unsafe.Pointer
	draws half.Draws // of a kernel that rounds at random
}

// kernel4 is a kernel of any scheme.
type kernel4 func(a *args4) (nan uint32)

// args are the arguments of a kernel, except its coefficients.
func (sc *scheme) args(at memory, n int) args4 {
	return args4{args{param: at[iParam], grad: at[iGrad], momentum: at[iMomentum], n: n, ahead: tune.Ahead}, at[iExtra], half.Draws{}}
}

// half are a as a fused kernel has them.
func (a *args4) half(st *half.Storage) half.Args {
	h := half.Args{Param: a.param, Grad: a.grad, Momentum: a.momentum, N: a.n, C: (*half.Constants)(a.c), Draws: a.draws}
	if st.Shadow != half.None {
		h.Shadow = a.extra
	} else {
		h.Low = a.extra
	}
	return h
}

// call runs k on a, which stays on the stack: on the heap, pointers to copies there would
// not be updated when the stack moves.
func (k kernel4) call(a args4) uint32 {
	nan := k((*args4)(mem.Noescape(unsafe.Pointer(&a))))
	runtime.KeepAlive(&a)
	return nan
}

// bare is k for a bare scheme, fused for others.
func (k kernel4) bare() kernel { return func(a *args) uint32 { return k.call(args4{args: *a}) } }

func (k kernel4) fused(st *half.Storage) half.Kernel {
	return func(h *half.Args) uint32 {
		a := args4{args{param: h.Param, grad: h.Grad, momentum: h.Momentum, n: h.N, c: unsafe.Pointer(h.C)}, h.Low, h.Draws}
		if st.Shadow != half.None {
			a.extra = h.Shadow
		}
		return k.call(a)
	}
}

// kernels are the kernels of sc as subjects: bare ones, or else the steps that
// run nothing but a fused one, those that round at random among them.
func (sc *scheme) kernels(cfg Config) []subject {
	var all []subject
	if sc.bare() {
		for o := range numOps {
			cfg := cfg
			if o == opBiasCorrected { // whose corrections are 1 under other rules
				cfg.Rule = BiasCorrected
			}
			all = append(all, opSubject(o, cfg))
		}
		return all
	}
	for _, rule := range []Rule{Paper, Cautious} {
		cfg.Rule, cfg.Rounding = rule, NearestRounding
		all = append(all, ruleSubject(cfg))
		if sc.storage().Rounds() {
			cfg.Rounding = StochasticRounding
			all = append(all, ruleSubject(cfg))
		}
	}
	return all
}

// variants are those of cfg for sc. A 16-bit scheme has kernels of its own for
// few of them, and runs float32's for the others: they are left out where few are
// wanted.
func (sc *scheme) variants(cfg Config, few bool) []Config {
	all := variants(cfg)
	if sc.bare() || !few {
		return all
	}
	return slices.DeleteFunc(all, func(c Config) bool {
		return c.Rule != Paper && c.Rule != Cautious || c.Decay != Decoupled && c.Decay != Independent ||
			c.CautiousScale != ScaleNone && (c.CautiousScale != ScaleMean || c.Decay != Independent)
	})
}

// inputs are what the slices hold before a step, as memory.
type inputs struct {
	n int
	b [numSlices][]byte
}

// newInputs makes n elements each, zero.
func (sc *scheme) newInputs(n int) *inputs {
	in := &inputs{n: n}
	for i, e := range sc.elems {
		in.b[i] = make([]byte, n*e.Size)
	}
	return in
}

// sizes are the bytes of n elements of each slice.
func (sc *scheme) sizes(n int) (all []int) {
	for _, e := range sc.elems {
		all = append(all, n*e.Size)
	}
	return all
}

func (sc *scheme) set(in *inputs, slice, i int, b uint64) {
	sc.elems[slice].Put(unsafe.Pointer(unsafe.SliceData(in.b[slice])), i, b)
}

func (sc *scheme) get(in *inputs, slice, i int) uint64 {
	return sc.elems[slice].Get(unsafe.Pointer(unsafe.SliceData(in.b[slice])), i)
}

// randomInputs makes n elements each by f.
func (sc *scheme) randomInputs(r *prove.Rand, n int, f func(*prove.Element, *prove.Rand) uint64) *inputs {
	in := sc.newInputs(n)
	for s, e := range sc.elems {
		for i := range n {
			sc.set(in, s, i, f(e, r))
		}
	}
	return in
}

// head is the first n elements of in.
func (sc *scheme) head(in *inputs, n int) *inputs {
	h := &inputs{n: n}
	for i, e := range sc.elems {
		h.b[i] = in.b[i][:n*e.Size]
	}
	return h
}

// crossed are all triples of classes; a fourth slice has classes that meet
// every class of each other slice.
func (sc *scheme) crossed() *inputs {
	c := [numSlices][]uint64{}
	n := 1
	for i, e := range sc.elems {
		c[i] = e.Classes()
		if i < iExtra {
			n *= len(c[i])
		}
	}
	in := sc.newInputs(n)
	for i := range n {
		at := i
		sum := 0
		for s := range c[:iExtra] {
			k := at % len(c[s])
			sc.set(in, s, i, c[s][k])
			sum += k
			at /= len(c[s])
		}
		if e := c[iExtra]; e != nil {
			sc.set(in, iExtra, i, e[sum%len(e)])
		}
	}
	return in
}

// rotated is in, but starting at its element k.
func (sc *scheme) rotated(in *inputs, k int) *inputs {
	r := &inputs{n: in.n}
	for i, e := range sc.elems {
		r.b[i] = append(append([]byte(nil), in.b[i][k*e.Size:]...), in.b[i][:k*e.Size]...)
	}
	return r
}

// from is memory from element i on.
func (sc *scheme) from(at memory, i int) memory {
	for s, e := range sc.elems {
		at[s] = unsafe.Add(at[s], i*e.Size)
	}
	return at
}

// A subject is what is run, on one implementation and on generic.
type subject struct {
	name string
	// run steps n elements and returns a number to compare too.
	run func(impl int, sc *scheme, at memory, n int) uint64
	// loose slices are scratch, in which any NaN is as good as another.
	loose      [numSlices]bool
	writesGrad bool
}

// opSubject is a bare kernel, over chunks.
func opSubject(o op, cfg Config) subject {
	s := stepper(cfg)
	sub := subject{name: fmt.Sprintf("op=%d", o), writesGrad: o == opCouple}
	switch o {
	case opCouple:
		sub.loose = [numSlices]bool{true, true, true}
	case opInside:
		sub.loose = [numSlices]bool{iGrad: true, iMomentum: true}
	}
	sub.run = func(impl int, sc *scheme, at memory, n int) uint64 {
		k := implementations[impl].kernels[sc.format][o]
		s := s
		a := sc.args(at, n)
		a.c = sc.coef(&s)
		if o == opCount {
			return uint64(k(&a.args))
		}
		sc.run(k, a.args)
		return 0
	}
	return sub
}

// ruleSubject is a whole step, as callers have it.
func ruleSubject(cfg Config) subject {
	name := fmt.Sprintf("rule=%v/decay=%v(%v)", cfg.Rule, cfg.Decay, cfg.WeightDecay)
	if cfg.CautiousScale != ScaleNone {
		name += "/scale=" + cfg.CautiousScale.String()
	}
	if cfg.Rounding != NearestRounding {
		name += "/rounding=" + cfg.Rounding.String()
	}
	return stepSubject(name, stepper(cfg))
}

// stepSubject is a step by s.
func stepSubject(name string, s Stepper) subject {
	return subject{name: name, run: func(impl int, sc *scheme, at memory, n int) uint64 {
		s := s
		s.impl = uint8(impl)
		if err := sc.step(&s, at, n); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		return 0
	}}
}

// kernelSubject is a kernel by itself, fused ones too, whose result is compared.
func kernelSubject(o op, cfg Config) subject {
	s := stepper(cfg)
	sub := opSubject(o, cfg)
	sub.run = func(impl int, sc *scheme, at memory, n int) uint64 {
		s, a := s, sc.args(at, n)
		if sc.bare() {
			a.c = sc.coef(&s)
			return uint64(implementations[impl].kernels[sc.format][o](&a.args))
		}
		a.c = unsafe.Pointer(&s.f32)
		k := (&plan{op: o}).fused(&implementations[impl].half.Fused, sc.id, false)
		if k == nil { // none that could report a NaN: these are mended in tiles
			return uint64(fusedGeneric(sc, o, false)(&a))
		}
		h := a.half(sc.storage())
		return uint64(k(&h))
	}
	return sub
}

// A rig runs a subject on an implementation and compares it with generic.
type rig struct {
	sc     *scheme
	in     *inputs
	want   [numSlices][]byte
	number uint64
	slabs  []*prove.Slab // of sc.elems
}

func newRig(sc *scheme, most int) *rig {
	r := &rig{sc: sc}
	for _, e := range sc.elems {
		r.slabs = append(r.slabs, prove.NewSlab(most*e.Size))
	}
	return r
}

func (r *rig) runOn(sub *subject, impl int, in *inputs, off offsets) uint64 {
	return sub.run(impl, r.sc, r.load(in, off), in.n)
}

// load puts in into memory.
func (r *rig) load(in *inputs, off offsets) (at memory) {
	for i, s := range r.slabs {
		s.Load(off[i]*r.sc.elems[i].Size, in.b[i])
		at[i] = s.Pointer()
	}
	return at
}

// expect runs generic and keeps what it gives.
func (r *rig) expect(sub *subject, in *inputs) {
	r.in = in
	r.number = r.runOn(sub, genericIndex(), in, offsets{})
	for i, s := range r.slabs {
		r.want[i] = append(r.want[i][:0], s.Bytes()...)
	}
}

// check runs impl with the slices off elements past alignment and compares it
// with what was expected.
func (r *rig) check(sub *subject, impl int, off offsets) error {
	number := r.runOn(sub, impl, r.in, off)
	if number != r.number {
		return fmt.Errorf("%s %s n=%d off=%v: returned %d, want %d", r.sc.name, sub.name, r.in.n, off, number, r.number)
	}
	for i, s := range r.slabs {
		if !s.Intact() {
			return fmt.Errorf("%s %s n=%d off=%v: %s: wrote outside the slice", r.sc.name, sub.name, r.in.n, off, sliceNames[i])
		}
		if !bytes.Equal(s.Bytes(), r.want[i]) {
			if err := r.differ(sub, i, off); err != nil {
				return err
			}
		}
	}
	return nil
}

// differ tells of the first element of a slice that is not as expected.
func (r *rig) differ(sub *subject, slice int, off offsets) error {
	e := r.sc.elems[slice]
	got, want := r.slabs[slice].Pointer(), unsafe.Pointer(unsafe.SliceData(r.want[slice]))
	for i := range r.in.n {
		g, w := e.Get(got, i), e.Get(want, i)
		if g == w || sub.loose[slice] && e.IsNaN(g) && e.IsNaN(w) || e == prove.F16 && prove.TieAccepted(uint16(g), uint16(w)) {
			continue
		}
		was := ""
		for s := range r.sc.elems {
			was += fmt.Sprintf(" %s %#x", sliceNames[s], r.sc.get(r.in, s, i))
		}
		return fmt.Errorf("%s %s n=%d off=%v: %s[%d] = %#x, want %#x; inputs%s",
			r.sc.name, sub.name, r.in.n, off, sliceNames[slice], i, g, w, was)
	}
	return nil
}

var payloadNaN = math.Float32frombits(0x7fc01234)

// nanPlusOne returns the bits of a sum, which depend on how the CPU is set up to
// deal with NaNs: what NEON's kernels change, and must restore.
func nanPlusOne() uint32 { return math.Float32bits(payloadNaN + 1) }

// allOffsets are offsets in [0, 16) in which every pair of slices takes every
// pair of them, when few is false; otherwise each slice takes every offset. They
// are points of lines in the plane over the field of 16 elements.
func allOffsets(few bool) []offsets {
	double := func(x int) int { return (x<<1 ^ x>>3*0x13) & 15 }
	var all []offsets
	for a := range 16 {
		for b := range 16 {
			if !few || b == double(a) {
				all = append(all, offsets{a, b, a ^ b, a ^ double(b)})
			}
		}
	}
	return all
}

// prefer makes an implementation the one that conversions of whole slices use.
func prefer(t testing.TB, impl int) {
	old := preferred
	t.Cleanup(func() { preferred = old })
	preferred = impl
}

// For tests outside of the package.

// EachImplementation is eachImplementation, which conversions and statistics use too
// meanwhile.
func EachImplementation(t *testing.T, f func(t *testing.T, impl string)) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		f(t, implementations[impl].name)
	})
}

// Prefer is prefer, by name.
func Prefer(t testing.TB, impl string) {
	prefer(t, slices.IndexFunc(implementations, func(im implementation) bool { return im.name == impl }))
}

// Variants are all rules, decays and scales.
func Variants() []Config { return variants(decaying()) }

// CallsOfSlices are the names of all that works on several slices. (What makes a Tensor
// keeps them.)
func CallsOfSlices(t *testing.T) (names []string) {
	for _, c := range sliceCalls(t) {
		if !c.tensor() {
			names = append(names, c.name)
		}
	}
	return names
}
