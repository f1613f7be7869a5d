package lion

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// Every path equals the specification: each implementation, fused and by tiles, has each
// property under each way to store the slices. Those that are about places, and NaN,
// stand here, those about values in walk_test.go. mutant_test.go plants faults before
// them.

// A property is checked of an implementation under a scheme; the error says what is
// wrong.
type property struct {
	name  string
	check func(t testing.TB, impl int, sc *scheme) error
	of    func(sc *scheme) bool // nil for all
	self  bool                  // says something of generic too, which others are compared with
}

var properties = []property{
	{name: "briefly", check: briefly},
	{name: "lengths", check: lengths, self: true},
	{name: "edges", check: edges},
	{name: "split", check: split, self: true},
	{name: "large", check: large, of: (*scheme).bare, self: true},
	{name: "guardPages", check: guardPages, self: true},
	{name: "concurrent", check: concurrent, self: true},
	{name: "NaN", check: nans, self: true},
	{name: "noFalseNaN", check: noFalseNaN, self: true},
	{name: "signs", check: signs, of: (*scheme).bare, self: true},
	{name: "cancellation", check: cancellation, of: (*scheme).bare, self: true},
	{name: "classes", check: classes},
	{name: "lanes", check: lanes},
	{name: "tanh", check: tanhs, of: (*scheme).bare},
	{name: "hard", check: hard, of: (*scheme).is16},
	{name: "float32", check: ofFloat32, of: (*scheme).is16, self: true},
	{name: "oracle", check: oracles},
	{name: "random", check: atRandom, of: func(sc *scheme) bool { return sc.storage().Rounds() }, self: true},
}

func TestPathsAgree(t *testing.T) {
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		for _, p := range properties {
			if (p.of == nil || p.of(sc)) && (p.self || implementations[impl].name != "generic") {
				t.Run(p.name, func(t *testing.T) { assert.NoError(t, p.check(t, impl, sc)) })
			}
		}
	})
}

// briefly asks every kernel what can be asked in a moment: few elements, at some lengths
// and alignments, a NaN alone in a lane of each vector, whatever stood in the registers.
// Where tests are slow, as under an emulator, most mutants (see asm/mutate) need no other
// property.
func briefly(_ testing.TB, impl int, sc *scheme) error {
	r, classes := prove.NewRand(uint64(sc.format)+61), map[*prove.Element][]uint64{}
	for _, e := range sc.elems {
		classes[e] = e.Classes()
	}
	random := sc.randomInputs(r, 4*unrolled+3, (*prove.Element).Random)
	ordinary := sc.randomInputs(r, 4*unrolled+3, (*prove.Element).Ordinary)
	all := sc.randomInputs(r, 1<<11, func(e *prove.Element, r *prove.Rand) uint64 { return classes[e][r.Below(len(classes[e]))] })
	cfg := decaying()
	cfg.Beta1, cfg.Beta2 = 0.3, 0.8 // apart, so that the signs are
	subs := sc.kernels(cfg)
	if cfg.GradScale = -1; sc.bare() {
		subs = append(subs, opSubject(opCautious, cfg))
	}
	for _, sub := range subs {
		if err := checkBriefly(impl, sc, sub.fouled(), random, ordinary, all); err != nil {
			return err
		}
	}
	return nil
}

func checkBriefly(impl int, sc *scheme, sub subject, random, ordinary, classes *inputs) error {
	rig := newRig(sc, classes.n)
	for i, n := range []int{0, 1, random.n, 16, 17, 33, unrolled, 2*unrolled - 1, 3 * unrolled} {
		rig.expect(&sub, sc.head(random, n))
		for _, off := range []offsets{{}, {i + 1, 15 - i, 2 * i % 16, (3*i + 1) % 16}} {
			if err := rig.check(&sub, impl, off); err != nil {
				return err
			}
		}
	}
	rig.expect(&sub, classes)
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

// fouled is sub after kernels that leave in the registers what no other can work with.
// Between steps with the same settings, a constant that one forgot to load would be
// there.
func (sub subject) fouled() subject {
	run, left := sub.run, uint64(0x7f617f617f617f61) // large as float64, and as two of float32
	sub.run = func(impl int, sc *scheme, at memory, n int) uint64 {
		left ^= 0x8000000080000000
		var c coef[float64]
		for i := range unsafe.Sizeof(c) / 8 {
			*(*uint64)(unsafe.Add(unsafe.Pointer(&c), 8*i)) = left
		}
		none := unsafe.Pointer(&new([3]float64)[1])
		implementations[impl].kernels[f64][opPaper](&args{param: none, grad: none, momentum: none, c: unsafe.Pointer(&c)})
		return run(impl, sc, at, n)
	}
	return sub
}

// lengths: every short length, with slices misaligned each by its own.
func lengths(_ testing.TB, impl int, sc *scheme) error {
	for _, sub := range sc.kernels(decaying()) {
		if err := checkLengths(impl, sc, sub, !prove.Whole()); err != nil {
			return err
		}
	}
	for i, cfg := range sc.variants(decaying(), !prove.Whole()) {
		if sampled(i + impl) {
			continue
		}
		if err := checkLengths(impl, sc, ruleSubject(cfg), true); err != nil {
			return err
		}
	}
	return nil
}

func checkLengths(impl int, sc *scheme, sub subject, few bool) error {
	const most = 4*unrolled + 4
	in := sc.randomInputs(prove.NewRand(uint64(sc.format)+1), most, (*prove.Element).Random)
	rig := newRig(sc, most)
	offs := allOffsets(few)
	for n := range most {
		rig.expect(&sub, sc.head(in, n))
		for _, off := range offs {
			if err := rig.check(&sub, impl, off); err != nil {
				return err
			}
		}
	}
	return nil
}

// edges: lengths about the places where a slice is cut.
func edges(_ testing.TB, impl int, sc *scheme) error {
	all := sc.variants(decaying(), true)
	if random := decaying(); sc.storage().Rounds() {
		random.Rounding = StochasticRounding
		all = append(all, random)
	}
	const most = 3*chunk + tile + 7
	in, rig := sc.randomInputs(prove.NewRand(uint64(sc.format)+11), most, (*prove.Element).Random), newRig(sc, most)
	for i, cfg := range all {
		plain := sc.bare() || cfg.Decay == Decoupled && cfg.WeightDecay != 0
		if plain || prove.Whole() {
			if err := checkEdges(rig, impl, ruleSubject(cfg), in, plain && prove.Whole(), i); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkEdges(rig *rig, impl int, sub subject, in *inputs, long bool, which int) error {
	lengths := []int{}
	for _, edge := range []int{tile, 2 * tile, 5 * tile} {
		lengths = append(lengths, edge-1, edge, edge+1, edge+unrolled+3)
	}
	lengths = append(lengths, chunk-1, chunk, chunk+1)
	if rig.sc.is16() {
		lengths = append(lengths, 2*chunk+half.Unit+5)
	}
	if long {
		for d := 2; d <= unrolled+1; d += 5 {
			lengths = append(lengths, tile-d, tile+d, chunk-d, chunk+d)
		}
		lengths = append(lengths, 2*chunk-1, 2*chunk, 2*chunk+1, in.n)
	}
	for i, n := range lengths {
		if sampled(i + which) {
			continue
		}
		rig.expect(&sub, rig.sc.head(in, n))
		for _, off := range []offsets{{}, {i % 16, (3*i + 1) % 16, (5*i + 2) % 16, (7*i + 3) % 16}} {
			if err := rig.check(&sub, impl, off); err != nil {
				return err
			}
		}
	}
	return nil
}

// split: a slice may be split over calls in any way.
func split(_ testing.TB, impl int, sc *scheme) error {
	in := sc.randomInputs(prove.NewRand(5), 2*tile+9, (*prove.Element).Random)
	for _, cfg := range sc.variants(decaying(), !prove.Whole()) {
		if cfg.CautiousScale != ScaleNone { // looks at the whole tensor
			continue
		}
		if err := checkSplit(impl, sc, cfg, in, []int{0, 1, 7, 64, 65, tile - 1, tile, tile + 1, in.n - 1, in.n}); err != nil {
			return err
		}
	}
	return nil
}

// checkSplit compares one call with two, cut at each of several places.
func checkSplit(impl int, sc *scheme, cfg Config, in *inputs, cuts []int) error {
	sub := ruleSubject(cfg)
	rig := newRig(sc, in.n)
	rig.expect(&sub, in)
	for _, cut := range cuts {
		s := stepper(cfg)
		s.impl = uint8(impl)
		at := rig.load(in, offsets{})
		rest := at
		if cut < in.n { // or else the rest would point behind the slices
			rest = sc.from(at, cut)
		}
		if err := errors.Join(sc.step(&s, at, cut), sc.step(&s, rest, in.n-cut)); err != nil {
			return err
		}
		for i := range rig.slabs {
			if err := rig.differ(&sub, i, offsets{}); err != nil {
				return fmt.Errorf("cut at %d: %w", cut, err)
			}
		}
	}
	return nil
}

// large is one step over many chunks, with the gradient the same everywhere but the
// weights not, so that each chunk shows that it was stepped once.
func large(_ testing.TB, impl int, sc *scheme) error {
	if sc.format == f32 {
		return checkLarge(impl, Stepper.StepF32)
	}
	return checkLarge(impl, Stepper.StepF64)
}

func checkLarge[T float](impl int, step func(Stepper, []T, []T, []T) error) error {
	n := 2*chunk + 77
	if prove.Whole() {
		n = 9*chunk + 77
	}
	s := stepper(Config{LR: 0.5, Beta1: 0.5, Beta2: 0.5})
	s.impl = uint8(impl)
	param, grad, momentum := make([]T, n), make([]T, n), make([]T, n)
	for i := range param {
		param[i], grad[i], momentum[i] = T(i), 1, T(i%7)
	}
	if err := step(s, param, grad, momentum); err != nil {
		return err
	}
	for i := range param {
		if param[i] != T(i)-0.5 || momentum[i] != T(i%7)/2+0.5 || grad[i] != 1 {
			return fmt.Errorf("element %d: param %v grad %v momentum %v", i, param[i], grad[i], momentum[i])
		}
	}
	return nil
}

// guardPages: nothing is touched outside of the slices, not even to read it or to write
// back what was read, and nothing is written to the gradient.
func guardPages(t testing.TB, impl int, sc *scheme) error {
	const most = 4*unrolled + 4
	fences := prove.NewFences(t, sc.sizes(tile+most)...)
	all, rig := sc.randomInputs(prove.NewRand(21), tile+most, (*prove.Element).Random), newRig(sc, tile+most)
	for n := 0; n < most; n++ {
		if !prove.Whole() && n > unrolled && n%7 != 0 && n%half.Unit != 0 {
			continue
		}
		for _, sub := range sc.kernels(decaying()) {
			if err := checkFences(fences, rig, impl, sub, sc.head(all, n)); err != nil {
				return err
			}
		}
	}
	for _, n := range []int{1, 13, tile, tile + 1, tile + most} {
		for _, cfg := range sc.variants(decaying(), !prove.Whole()) {
			if err := checkFences(fences, rig, impl, ruleSubject(cfg), sc.head(all, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkFences runs a subject with each slice flush with a fence and grad read-only,
// unless the subject writes to it, and compares it with generic.
func checkFences(f []*prove.Fence, rig *rig, impl int, sub subject, in *inputs) (err error) {
	sc := rig.sc
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

// concurrent: goroutines may share a Stepper and split the elements anyhow, though
// neighbours of 16 bits share a word of memory.
func concurrent(_ testing.TB, impl int, sc *scheme) error {
	const n, part, times = 9001, 611, 3
	s := stepper(decaying())
	s.impl = uint8(impl)
	in := sc.randomInputs(prove.NewRand(33), n, (*prove.Element).Ordinary)
	whole, parts := newRig(sc, n), newRig(sc, n)
	at := parts.load(in, offsets{1, 3, 5, 7})
	var wg sync.WaitGroup
	errs := make([]error, n/part+1)
	for k := range errs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range times {
				errs[k] = errors.Join(errs[k], sc.step(&s, sc.from(at, k*part), min(part, n-k*part)))
			}
		}()
	}
	one := whole.load(in, offsets{})
	var err error
	for range times {
		err = errors.Join(err, sc.step(&s, one, n))
	}
	wg.Wait()
	for i, slab := range parts.slabs {
		if !slab.Intact() || !slices.Equal(slab.Bytes(), whole.slabs[i].Bytes()) {
			return fmt.Errorf("%s: %s differs where goroutines stepped parts", sc.name, sliceNames[i])
		}
	}
	return errors.Join(append(errs, err)...)
}

// nans: every NaN written is canonical, and a NaN changes no other element, wherever it
// stands.
func nans(_ testing.TB, impl int, sc *scheme) error {
	const n = 4*unrolled + 3
	lanes := make([]int, n)
	for i := range lanes {
		lanes[i] = i
	}
	for i, cfg := range sc.variants(decaying(), true) {
		if cfg.CautiousScale != ScaleNone {
			continue
		}
		sub := ruleSubject(cfg)
		places := slices.DeleteFunc(slices.Clone(lanes), func(at int) bool { return sampled(at + i) })
		if err := checkNaN(impl, sc, sub, n, places); err != nil {
			return err
		}
		if prove.Whole() || sc.bare() && cfg.Rule == Paper {
			if err := checkNaN(impl, sc, sub, chunk+tile+5,
				[]int{0, tile - 1, tile, chunk - tile, chunk - 1, chunk, chunk + 1, chunk + tile + 4}); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNaN(impl int, sc *scheme, sub subject, n int, places []int) error {
	in := sc.randomInputs(prove.NewRand(7), n, (*prove.Element).Ordinary)
	rig, payload := newRig(sc, n), nanPlusOne()
	for slice, e := range sc.elems {
		if e.Raw || slice == iExtra && sc.storage().Shadow != half.None { // a shadow is only written
			continue
		}
		for j, at := range places {
			old := sc.get(in, slice, at)
			nans := append(e.Signalling(), e.Canonical()|e.Sign(), e.Inf()|e.Canonical()|5)
			sc.set(in, slice, at, nans[j%len(nans)])
			rig.expect(&sub, in)
			if err := rig.check(&sub, impl, offsets{j % 16, j % 3, j % 5, j % 7}); err != nil {
				return err
			}
			if err := rig.canonical(at); err != nil {
				return fmt.Errorf("%s: a NaN at %d of %s: %w", sub.name, at, sliceNames[slice], err)
			}
			sc.set(in, slice, at, old)
		}
	}
	if nanPlusOne() != payload {
		return errors.New("NaNs differ after it")
	}
	return nil
}

// canonical fails where a slice that was written holds a NaN elsewhere than at an
// element, or one that isn't canonical.
func (r *rig) canonical(at int) error {
	for s, e := range r.sc.elems {
		for i := 0; i < r.in.n && s != iGrad; i++ {
			if b := e.Get(r.slabs[s].Pointer(), i); e.IsNaN(b) && (b != e.Canonical() || i != at) {
				return fmt.Errorf("%s: %s[%d] = %#x", r.sc.name, sliceNames[s], i, b)
			}
		}
	}
	return nil
}

// noFalseNaN: a kernel that met no NaN doesn't report one, since the slow path that mends
// them would run for nothing, and NaNs are after it what they were before.
func noFalseNaN(_ testing.TB, impl int, sc *scheme) error {
	for o := range opCount {
		if sc.bare() || o == opPaper || o == opCautious {
			if err := checkNoFalseNaN(impl, sc, o); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNoFalseNaN(impl int, sc *scheme, o op) error {
	n := 4*unrolled + 3
	if !sc.bare() {
		n = 4 * half.Unit
	}
	in := sc.randomInputs(prove.NewRand(9), n, (*prove.Element).Ordinary)
	for i, e := range sc.elems {
		for j, b := range []uint64{0, e.Sign(), 1, e.Sign() | 1} {
			sc.set(in, i, 9*j+i, b)
			if sc.storage().Param == half.Split {
				sc.set(in, iExtra, 9*j+iParam, 0) // or else a zero would be half a NaN
			}
		}
	}
	sub := kernelSubject(o, decaying())
	rig := newRig(sc, n)
	rig.expect(&sub, in) // generic mends its own, and reports none
	payload := nanPlusOne()
	if err := rig.check(&sub, impl, offsets{}); err != nil {
		return err
	}
	if nanPlusOne() != payload {
		return errors.New("NaNs differ after it")
	}
	if !sc.bare() {
		return nil
	}
	// NaNs that the registers still hold are none of the next step's. Go's own
	// copying would write to the registers in between.
	s := stepper(decaying())
	nans := newRig(sc, 16).load(sc.randomInputs(prove.NewRand(0), 16, func(e *prove.Element, _ *prove.Rand) uint64 { return e.Canonical() }), offsets{})
	k := implementations[impl].kernels[sc.format][o]
	for n := 1; n < 5; n++ {
		before, a := sc.args(nans, 16), sc.args(rig.load(sc.head(in, n), offsets{}), n)
		before.c, a.c = sc.coef(&s), sc.coef(&s)
		k(&before.args)
		if k(&a.args) != 0 {
			return fmt.Errorf("%s %s n=%d: reports a NaN of the step before", sc.name, sub.name, n)
		}
	}
	return nil
}
