package lion

import (
	"bytes"
	"fmt"
	"math/bits"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// What every test of the kernels stands on: the implementations, the storage
// formats as bits, memory with sentinels around it, and the comparison of an
// implementation with generic.

// eachImplementation runs f for every entry of the table, by its index. One
// that can't run here is skipped aloud, or fails where LION_REQUIRE names it.
func eachImplementation(t *testing.T, f func(t *testing.T, impl int)) {
	t.Helper()
	for i := range implementations {
		im := &implementations[i]
		t.Run("impl="+im.name, func(t *testing.T) {
			mustRun(t, im.name, im.missing)
			f(t, i)
		})
	}
}

// required are the implementations that LION_REQUIRE names, separated by
// commas: not to test one of them is a failure.
func required() []string {
	return strings.FieldsFunc(os.Getenv("LION_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' })
}

func genericIndex() int {
	return slices.IndexFunc(implementations, func(im implementation) bool { return im.name == "generic" })
}

// eachPath runs f for each scheme on every implementation. One that has fused
// kernels steps the 16-bit schemes a second time without them, by tiles. Under the
// race detector, which makes all of it many times as slow, a few will do.
func eachPath(t *testing.T, f func(t *testing.T, impl int, sc *scheme)) {
	t.Helper()
	few := raceEnabled && testing.Short()
	eachImplementation(t, func(t *testing.T, impl int) {
		for i, sc := range schemes {
			if !few || i < int(numFormats)+2 || sc.storage.param == kindSplit {
				f(t, impl, sc)
			}
		}
		if implementations[impl].fused != nil && !few {
			t.Run("tiled", func(t *testing.T) {
				impl := plantTiled(t, impl)
				for _, sc := range schemes[numFormats:] {
					f(t, impl, sc)
				}
			})
		}
	})
}

// plantTiled adds a copy of an implementation that has no fused kernels to the
// table while t runs.
func plantTiled(t testing.TB, impl int) int {
	old := implementations
	t.Cleanup(func() { implementations = old })
	im := old[impl]
	im.name, im.fused = im.name+", tiled", nil
	implementations = append(slices.Clone(old), im)
	return len(old)
}

// elem is the element type of a slice: an IEEE 754 format, seen as bits.
type elem struct {
	size      int  // bytes
	exp, frac int  // bits of the exponent and of the fraction
	raw       bool // no number: the lower half of one
}

var (
	binary32  = &elem{size: 4, exp: 8, frac: 23}
	binary64  = &elem{size: 8, exp: 11, frac: 52}
	bfloat16  = &elem{size: 2, exp: 8, frac: 7}
	binary16  = &elem{size: 2, exp: 5, frac: 10}
	lowerHalf = &elem{size: 2, exp: 8, frac: 7, raw: true} // any 16 bits
)

func (e *elem) sign() uint64         { return 1 << (e.exp + e.frac) }
func (e *elem) inf() uint64          { return (1<<e.exp - 1) << e.frac }
func (e *elem) one() uint64          { return (1<<(e.exp-1) - 1) << e.frac }
func (e *elem) canonical() uint64    { return e.inf() | 1<<(e.frac-1) }
func (e *elem) isNaN(b uint64) bool  { return !e.raw && b&^e.sign() > e.inf() }
func (e *elem) signalling() []uint64 { return []uint64{e.inf() + 1, e.inf() | e.sign() | 3} }

// classes are the values that are worth crossing, of both signs.
func (e *elem) classes() []uint64 {
	one, inf, least := e.one(), e.inf(), uint64(1)<<e.frac
	all := []uint64{
		0,
		1, 2, least - 1, // subnormal
		least, least + 1, // the smallest normal ones
		one - 1, one, one + 1, one + 1<<(e.frac-1), // about 1, and 1.5
		inf - 1,                        // the largest
		inf,                            //
		e.canonical(), inf | least - 1, // quiet NaN, without and with payload
		inf | 1, inf | (least>>1 - 1), // signalling NaN
	}
	for _, b := range slices.Clone(all) {
		all = append(all, b|e.sign())
	}
	return all
}

// random returns an element: mostly of ordinary size, some with any exponent,
// a few of the classes.
func (e *elem) random(r *prng) uint64 {
	x := r.next()
	switch kind := x >> 56; {
	case e.raw && kind < 240:
		return x & (e.sign()<<1 - 1)
	case kind < 200:
		near := uint64(1)<<(e.exp-1) - 1 - x>>48&7
		return x&(e.sign()|1<<e.frac-1) | near<<e.frac
	case kind < 240:
		return x & (e.sign()<<1 - 1)
	default:
		c := e.classes()
		return c[int(x>>32%uint64(len(c)))]
	}
}

// ordinary returns a finite element near 1, of either sign.
func (e *elem) ordinary(r *prng) uint64 {
	x := r.next()
	if e.raw {
		return x & (e.sign()<<1 - 1)
	}
	near := uint64(1)<<(e.exp-1) - 1 - x>>56&3
	return x&(e.sign()|1<<e.frac-1) | near<<e.frac
}

func (e *elem) get(p unsafe.Pointer, i int) uint64 {
	switch p = unsafe.Add(p, i*e.size); e.size {
	case 2:
		return uint64(*(*uint16)(p))
	case 4:
		return uint64(*(*uint32)(p))
	case 8:
		return *(*uint64)(p)
	}
	panic("unknown size")
}

func (e *elem) put(p unsafe.Pointer, i int, b uint64) {
	switch p = unsafe.Add(p, i*e.size); e.size {
	case 2:
		*(*uint16)(p) = uint16(b)
	case 4:
		*(*uint32)(p) = uint32(b)
	case 8:
		*(*uint64)(p) = b
	}
}

// equal says whether two slices hold the same elements.
func (e *elem) equal(got, want []byte) bool {
	same := bytes.Equal(got, want)
	for i := 0; e == binary16 && !same && i < len(got)/2; i++ {
		g, w := e.get(unsafe.Pointer(&got[0]), i), e.get(unsafe.Pointer(&want[0]), i)
		if g != w && !tieAccepted(uint16(g), uint16(w)) {
			return false
		}
		same = i == len(got)/2-1
	}
	return same
}

// prng is SplitMix64 (Steele, Lea and Flood, 2014).
type prng struct{ state uint64 }

func (r *prng) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number in [0, n).
func (r *prng) below(n int) int {
	hi, _ := bits.Mul64(r.next(), uint64(n))
	return int(hi)
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
	method string // of Stepper
	format format // another for each
	elems  []*elem
	step   func(s *Stepper, at memory, n int) error

	// Of float32 and float64, which have kernels for any number of elements.
	run  func(k kernel, a args) // over chunks, mending NaNs
	coef func(s *Stepper) unsafe.Pointer

	// Of the 16-bit schemes.
	storage storage
}

// schemes are those of the formats, by their numbers, and then the 16-bit ones.
var schemes = []*scheme{
	{name: "f32", method: "StepF32", format: f32, elems: []*elem{binary32, binary32, binary32}, step: stepAt(Stepper.StepF32),
		run: runKernel[float32], coef: func(s *Stepper) unsafe.Pointer { return unsafe.Pointer(&s.f32) }},
	{name: "f64", method: "StepF64", format: f64, elems: []*elem{binary64, binary64, binary64}, step: stepAt(Stepper.StepF64),
		run: runKernel[float64], coef: func(s *Stepper) unsafe.Pointer { return unsafe.Pointer(&s.f64) }},
	{name: "bf16", method: "StepBF16", format: numFormats, elems: []*elem{bfloat16, bfloat16, bfloat16},
		step: stepAt(Stepper.StepBF16), storage: storeBF16},
	{name: "f16", method: "StepF16", format: numFormats + 1, elems: []*elem{binary16, binary16, binary16},
		step: stepAt(Stepper.StepF16), storage: storeF16},
	{name: "master bf16", method: "StepMasterBF16", format: numFormats + 2, elems: []*elem{binary32, bfloat16, binary32, bfloat16},
		step: stepAt4(Stepper.StepMasterBF16), storage: storeMasterBF16},
	{name: "master bf16 m16", method: "StepMasterBF16M16", format: numFormats + 3, elems: []*elem{binary32, bfloat16, bfloat16, bfloat16},
		step: stepAt4(Stepper.StepMasterBF16M16), storage: storeMasterBF16M16},
	{name: "master f16", method: "StepMasterF16", format: numFormats + 4, elems: []*elem{binary32, binary16, binary32, binary16},
		step: stepAt4(Stepper.StepMasterF16), storage: storeMasterF16},
	{name: "f32 m16", method: "StepF32M16", format: numFormats + 5, elems: []*elem{binary32, binary32, bfloat16},
		step: stepAt(Stepper.StepF32M16), storage: storeF32M16},
	{name: "split", method: "StepSplit", format: numFormats + 6, elems: []*elem{bfloat16, bfloat16, bfloat16, lowerHalf},
		step: stepAt4(func(s Stepper, hi, grad, momentum []BF16, lo []uint16) error {
			return s.StepSplit(hi, lo, grad, momentum)
		}),
		storage: storeSplit},
	{name: "kahan", method: "StepBF16Kahan", format: numFormats + 7, elems: []*elem{bfloat16, bfloat16, bfloat16, bfloat16},
		step: stepAt4(Stepper.StepBF16Kahan), storage: storeKahan},
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

// bare says whether sc has kernels for any number of elements.
func (sc *scheme) bare() bool { return sc.run != nil }

// args are the arguments of a kernel, but for its coefficients.
func (sc *scheme) args(at memory, n int) args {
	return args{param: at[iParam], grad: at[iGrad], momentum: at[iMomentum], extra: at[iExtra], n: n}
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
		if sc.storage.rounds() {
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
		in.b[i] = make([]byte, n*e.size)
	}
	return in
}

func (sc *scheme) set(in *inputs, slice, i int, b uint64) {
	sc.elems[slice].put(unsafe.Pointer(unsafe.SliceData(in.b[slice])), i, b)
}

func (sc *scheme) get(in *inputs, slice, i int) uint64 {
	return sc.elems[slice].get(unsafe.Pointer(unsafe.SliceData(in.b[slice])), i)
}

// randomInputs makes n elements each by f.
func (sc *scheme) randomInputs(r *prng, n int, f func(*elem, *prng) uint64) *inputs {
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
		h.b[i] = in.b[i][:n*e.size]
	}
	return h
}

// A slab is memory for a slice at any alignment, with sentinels on both sides.
type slab struct {
	mem        []byte // starts at a multiple of 64
	start, end int    // of the slice
}

// margin is how many bytes of sentinel stand on each side. Its bits, taken as
// elements, are finite numbers that a step would change.
const margin = 256

var sentinel = bytes.Repeat([]byte{0xa5}, margin)

func newSlab(size int) *slab {
	mem := make([]byte, size+2*margin+16*8+64)
	skew := int(-uintptr(unsafe.Pointer(&mem[0])) & 63)
	return &slab{mem: mem[skew:]}
}

// load puts content at off bytes past alignment.
func (s *slab) load(off int, content []byte) {
	s.start = margin + off
	s.end = s.start + len(content)
	copy(s.mem[s.start-margin:], sentinel)
	copy(s.mem[s.start:], content)
	copy(s.mem[s.end:], sentinel)
}

func (s *slab) bytes() []byte           { return s.mem[s.start:s.end] }
func (s *slab) pointer() unsafe.Pointer { return unsafe.Pointer(&s.mem[s.start]) }
func (s *slab) intact() bool {
	return bytes.Equal(s.mem[s.start-margin:s.start], sentinel) && bytes.Equal(s.mem[s.end:s.end+margin], sentinel)
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
			return uint64(k(&a))
		}
		sc.run(k, a)
		return 0
	}
	return sub
}

// ruleSubject is a whole step, as callers have it.
func ruleSubject(cfg Config) subject {
	s := stepper(cfg)
	name := fmt.Sprintf("rule=%v/decay=%v(%v)", cfg.Rule, cfg.Decay, cfg.WeightDecay)
	if cfg.CautiousScale != ScaleNone {
		name += "/scale=" + cfg.CautiousScale.String()
	}
	if cfg.Rounding != NearestRounding {
		name += "/rounding=" + cfg.Rounding.String()
	}
	return subject{name: name, run: func(impl int, sc *scheme, at memory, n int) uint64 {
		s := s
		s.impl = uint8(impl)
		if err := sc.step(&s, at, n); err != nil {
			panic(fmt.Sprintf("%v: %v", cfg, err))
		}
		return 0
	}}
}

// stepper makes the Stepper of a Config that is known to be good.
func stepper(cfg Config) Stepper {
	s, err := New(cfg)
	if err != nil {
		panic(err)
	}
	return s.At(3)
}

// variants are cfg with every rule, decay and scale, and without decay.
func variants(cfg Config) []Config {
	var all []Config
	for r := range numRules {
		for d := range numDecays {
			for s := range numCautiousScales {
				if s != ScaleNone && r != Cautious {
					continue
				}
				c := cfg
				c.Rule, c.Decay, c.CautiousScale = r, d, s
				if d == Independent {
					c.WeightDecay = min(c.WeightDecay, 0.25)
				}
				all = append(all, c)
				if d == Decoupled && c.WeightDecay != 0 {
					c.WeightDecay = 0
					all = append(all, c)
				}
			}
		}
	}
	return all
}

// decaying is a Config with everything in use.
func decaying() Config {
	cfg := DefaultConfig()
	cfg.LR, cfg.WeightDecay, cfg.GradScale, cfg.Kappa = 1e-2, 0.1, 0.75, 1.5
	return cfg
}

// A rig runs a subject on an implementation and compares it with generic.
type rig struct {
	sc     *scheme
	in     *inputs
	want   [numSlices][]byte
	number uint64
	slabs  []*slab // of sc.elems
}

func newRig(sc *scheme, most int) *rig {
	r := &rig{sc: sc}
	for _, e := range sc.elems {
		r.slabs = append(r.slabs, newSlab(most*e.size))
	}
	return r
}

func (r *rig) runOn(sub *subject, impl int, in *inputs, off offsets) uint64 {
	return sub.run(impl, r.sc, r.load(in, off), in.n)
}

// load puts in into memory.
func (r *rig) load(in *inputs, off offsets) (at memory) {
	for i, s := range r.slabs {
		s.load(off[i]*r.sc.elems[i].size, in.b[i])
		at[i] = s.pointer()
	}
	return at
}

// expect runs generic and keeps what it gives.
func (r *rig) expect(sub *subject, in *inputs) {
	r.in = in
	r.number = r.runOn(sub, genericIndex(), in, offsets{})
	for i, s := range r.slabs {
		r.want[i] = append(r.want[i][:0], s.bytes()...)
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
		if !s.intact() {
			return fmt.Errorf("%s %s n=%d off=%v: %s: wrote outside the slice", r.sc.name, sub.name, r.in.n, off, sliceNames[i])
		}
		if !bytes.Equal(s.bytes(), r.want[i]) {
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
	got, want := r.slabs[slice].pointer(), unsafe.Pointer(unsafe.SliceData(r.want[slice]))
	for i := range r.in.n {
		g, w := e.get(got, i), e.get(want, i)
		if g == w || sub.loose[slice] && e.isNaN(g) && e.isNaN(w) || e == binary16 && tieAccepted(uint16(g), uint16(w)) {
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
