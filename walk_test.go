package lion

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// Properties of kernel_test.go's table that are about values, and the walk through all
// that float32 has.

// checkValues compares a subject with generic over all triples of classes, so
// rotated that each comes into every lane when the rotations are all of 64.
func checkValues(rig *rig, impl int, sub subject, all *inputs, rotations []int) error {
	for _, k := range rotations {
		rig.expect(&sub, rig.sc.rotated(all, k))
		if err := rig.check(&sub, impl, offsets{}); err != nil {
			return fmt.Errorf("rotated by %d: %w", k, err)
		}
	}
	return nil
}

// classes crosses the classes of values of param, grad and momentum, under each
// setting, rule and decay.
func classes(_ testing.TB, impl int, sc *scheme) error {
	all := sc.crossed()
	rig, k := newRig(sc, all.n), 0
	for i, setting := range valueConfigs() {
		if !prove.Whole() && setting.name != "halves" && (!sc.bare() || setting.name != "decaying" && setting.name != "scaled up") {
			continue
		}
		for _, cfg := range sc.variants(setting.Config, !prove.Whole() || setting.name != "decaying") {
			if k++; sampled(k + i) {
				continue
			}
			if err := checkValues(rig, impl, ruleSubject(cfg), all, []int{k % 64}); err != nil {
				return fmt.Errorf("%s: %w", setting.name, err)
			}
		}
	}
	return nil
}

// lanes does so in every lane, for the kernels alone.
func lanes(_ testing.TB, impl int, sc *scheme) error {
	rotations := []int{0, 1, 13}
	if prove.Whole() {
		rotations = nil
		for i := range 4 * 16 {
			rotations = append(rotations, i)
		}
	}
	all := sc.crossed()
	rig := newRig(sc, all.n)
	for _, sub := range sc.kernels(decaying()) {
		if err := checkValues(rig, impl, sub, all, rotations); err != nil {
			return err
		}
	}
	return nil
}

// hard: bits that are hard to round, of 16-bit schemes, under each setting; and where
// weights are rounded at random, by the last draws of a key.
func hard(_ testing.TB, impl int, sc *scheme) error {
	tries := 1
	if prove.Whole() {
		tries = 4
	}
	const n = 3*tile + half.Unit + 7
	r, rig := prove.NewRand(uint64(sc.format)+71), newRig(sc, n)
	check := func(sub subject, n int) error {
		rig.expect(&sub, sc.randomInputs(r, n, (*prove.Element).Hard))
		return rig.check(&sub, impl, offsets{})
	}
	for range tries {
		for _, setting := range valueConfigs() {
			for _, sub := range sc.kernels(setting.Config) {
				if err := check(sub, n); err != nil {
					return fmt.Errorf("%s: %w", setting.name, err)
				}
			}
			for _, cfg := range []Config{setting.Config, with(setting.Config, func(c *Config) { c.Rule = Cautious })} {
				if cfg.Rounding = StochasticRounding; sc.storage().Rounds() {
					s := stepper(cfg)
					s.draws.index = 1<<33 - 101
					if err := check(stepSubject("the last of a key", s), 101); err != nil {
						return fmt.Errorf("%s: %w", setting.name, err)
					}
				}
			}
		}
	}
	return nil
}

// ofFloat32: a step of 16 bits is float32's on the widened values, rounded once when
// stored.
func ofFloat32(_ testing.TB, impl int, sc *scheme) error {
	lengths := []int{37, tile + 5}
	if prove.Whole() {
		lengths = []int{1, 37, tile, 2*tile + 5}
	}
	for _, cfg := range sc.variants(decaying(), !prove.Whole()) {
		for _, n := range lengths {
			in := sc.randomInputs(prove.NewRand(uint64(n)), n, (*prove.Element).Random)
			if err := checkOfFloat32(impl, sc, cfg, in, 0, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// atRandom: where weights are rounded at random, it is by the bits that the
// documentation gives each index, however a tensor is split, also where the upper half
// of the index changes.
func atRandom(_ testing.TB, impl int, sc *scheme) error {
	const n = 1500
	in := sc.randomInputs(prove.NewRand(n), n, (*prove.Element).Random)
	for k, index := range []uint64{0, 3, 1<<32 - 700, 1<<40 - 512, 5<<33 + 17, 1<<63 - n} {
		for _, parts := range [][]int{{}, {3, 700}, {699, 700, 701}, {512, 1024}} {
			cfg := decaying()
			cfg.Rounding, cfg.Seed, cfg.Rule = StochasticRounding, 7, Rule(k)%numRules
			if err := checkOfFloat32(impl, sc, cfg, in, index, parts); err != nil {
				return fmt.Errorf("from %#x in parts %v: %w", index, parts, err)
			}
		}
	}
	return nil
}

// checkOfFloat32 compares a step that begins at an index of its tensor, split into
// parts, with float32's of the same implementation.
func checkOfFloat32(impl int, sc *scheme, cfg Config, in *inputs, index uint64, parts []int) error {
	s := stepper(cfg)
	s.impl = uint8(impl)
	p, g, m := make([]float32, in.n), make([]float32, in.n), make([]float32, in.n)
	for i := range in.n {
		p[i] = float32(sc.load(in, i))
		g[i], m[i] = float32(sc.elems[iGrad].Value(sc.get(in, iGrad, i))), float32(sc.elems[iMomentum].Value(sc.get(in, iMomentum, i)))
	}
	if err := s.StepF32(p, g, m); err != nil {
		return err
	}
	rig := newRig(sc, in.n)
	at, from := rig.load(in, offsets{}), 0
	for _, to := range append(slices.Clone(parts), in.n) {
		s.draws.index = index + uint64(from)
		if err := sc.step(&s, sc.from(at, from), to-from); err != nil {
			return err
		}
		from = to
	}
	for i := range in.n {
		var want [numSlices]uint64
		want[iParam], want[iExtra] = sc.stored(cfg, float64(p[i]), index+uint64(i))
		want[iGrad], want[iMomentum] = sc.get(in, iGrad, i), sc.elems[iMomentum].Round(float64(m[i]))
		for k, e := range sc.elems {
			if got := e.Get(at[k], i); got != want[k] && !(e == prove.F16 && prove.TieAccepted(uint16(got), uint16(want[k]))) {
				return fmt.Errorf("%s %v %v %v n=%d: %s[%d] = %#x, want %#x, for param %v, momentum %v",
					sc.name, cfg.Rule, cfg.Decay, cfg.CautiousScale, in.n, sliceNames[k], i, got, want[k], p[i], m[i])
			}
		}
	}
	return nil
}

// cancellation is about c = β1·m + (1−β1)·g = 0 where both are not: pairs that cancel
// exactly after their products were rounded, and their neighbours.
func cancellation(_ testing.TB, impl int, sc *scheme) error {
	s := stepper(Config{LR: 0.125, Beta1: 0.9, Beta2: 0.99})
	s.impl = uint8(impl)
	if sc.format == f32 {
		return checkCancellation(s, math.Float32frombits, math.Nextafter32, Stepper.StepF32)
	}
	return checkCancellation(s, float64frombits32, math.Nextafter, Stepper.StepF64)
}

func float64frombits32(b uint32) float64 {
	return float64(math.Float32frombits(b)) * (1 + 0x1p-30*float64(b&0xffff))
}

func checkCancellation[T float](s Stepper, frombits func(uint32) T, next func(x, y T) T, step func(Stepper, []T, []T, []T) error) error {
	r := prove.NewRand(3)
	one := 1.0 // so that 1−0.9 is formed in float64, as the contract has it
	b1, o1 := T(0.9), T(one-0.9)
	var param, grad, momentum, want []T
	for found := 0; found < 200; {
		g := frombits(uint32(r.Next())&0x807fffff | 0x3f000000)
		m := T(-T(o1*g) / b1)
		for _, m := range []T{m, next(m, 9), next(m, -9)} {
			// The sum of two floats is zero, or of the sign of the exact
			// sum, so comparing the products is no arithmetic.
			c, d := T(b1*m), -T(o1*g)
			w := T(1)
			switch {
			case c > d:
				w = 1 - 0.125
			case c < d:
				w = 1 + 0.125
			default:
				found++
			}
			param, grad, momentum, want = append(param, 1), append(grad, g), append(momentum, m), append(want, w)
		}
	}
	if err := step(s, param, grad, momentum); err != nil {
		return err
	}
	for i, w := range want {
		if param[i] != w {
			return fmt.Errorf("grad %v: param = %v, want %v", grad[i], param[i], w)
		}
	}
	return nil
}

// signs pins what the words of the contract say, with numbers: a bug that all
// implementations share would hide from their comparison.
func signs(_ testing.TB, impl int, sc *scheme) error {
	if sc.format == f32 {
		return checkSigns(impl, math.SmallestNonzeroFloat32, Stepper.StepF32)
	}
	return checkSigns(impl, math.SmallestNonzeroFloat64, Stepper.StepF64)
}

func checkSigns[T float](impl int, least float64, step func(Stepper, []T, []T, []T) error) error {
	inf, nan, negZero := math.Inf(1), math.Float64frombits(0x7ff8000000000000), math.Copysign(0, -1)
	for _, c := range []struct {
		name                string
		wd, p, g, m, pw, mw float64
		scale               float64
	}{
		{name: "gradient descends", p: 1, g: 2, m: 0, pw: 0.75, mw: 1},
		{name: "and ascends", p: 1, g: -2, m: 0, pw: 1.25, mw: -1},
		{name: "zero moves nothing", p: 1, g: 0, m: 0, pw: 1, mw: 0},
		{name: "negative zero neither", p: 1, g: negZero, m: negZero, pw: 1, mw: negZero},
		{name: "zero decays", wd: 1, p: 1, g: 0, m: 0, pw: 0.75, mw: 0},
		{name: "cancellation moves nothing", p: 1, g: 4, m: -4, pw: 1, mw: 0},
		{name: "a NaN gradient decays", wd: 1, p: 1, g: nan, m: 1, pw: 0.75, mw: nan},
		{name: "a NaN momentum decays", wd: 1, p: 1, g: 1, m: nan, pw: 0.75, mw: nan},
		{name: "a NaN weight stays", p: nan, g: 1, m: 1, pw: nan, mw: 1},
		{name: "inf−inf is no direction", p: 1, g: inf, m: -inf, pw: 1, mw: nan},
		{name: "infinity is one", p: 1, g: -inf, m: 1, pw: 1.25, mw: -inf},
		{name: "a negative scale maximises", scale: -1, p: 1, g: 2, m: 0, pw: 1.25, mw: -1},
		{name: "momentum outweighs", p: 0, g: 1, m: -2, pw: 0.25, mw: -0.5},
		{name: "the smallest gradient steps", p: 0, g: least * 2, m: 0, pw: -0.25, mw: least},
	} {
		s := stepper(Config{LR: 0.25, Beta1: 0.5, Beta2: 0.5, WeightDecay: c.wd, GradScale: c.scale})
		s.impl = uint8(impl)
		p, g, m := []T{T(c.p)}, []T{T(c.g)}, []T{T(c.m)}
		if err := step(s, p, g, m); err != nil {
			return err
		}
		want := func(x float64) uint64 {
			if isNaN(x) {
				return toBits(canonicalNaN[T]())
			}
			return toBits(T(x))
		}
		if toBits(p[0]) != want(c.pw) || toBits(m[0]) != want(c.mw) {
			return fmt.Errorf("%s: param = %v, momentum = %v, want %v, %v", c.name, p[0], m[0], c.pw, c.mw)
		}
	}
	return nil
}

// tanhs compares tanh, as the rule Smooth takes it of the gradient alone, with
// generic, where its coefficients count most.
func tanhs(_ testing.TB, impl int, sc *scheme) error {
	if sc.format == f32 {
		return checkTanh(impl, Stepper.StepF32, tanhInputs(&tanh32, math.Nextafter32))
	}
	return checkTanh(impl, Stepper.StepF64, tanhInputs(&tanh64, math.Nextafter))
}

func checkTanh[T float](impl int, step func(Stepper, []T, []T, []T) error, grad []T) error {
	s := stepper(Config{Rule: Smooth, LR: 1, Beta1: 0, Beta2: 0.5, Kappa: 1})
	run := func(impl int) ([]T, error) {
		s := s
		s.impl = uint8(impl)
		param, momentum := make([]T, len(grad)), make([]T, len(grad))
		return param, step(s, param, grad, momentum)
	}
	got, err := run(impl)
	if err != nil {
		return err
	}
	want, err := run(genericIndex())
	if err != nil {
		return err
	}
	for i, x := range grad {
		if got[i] != want[i] {
			return fmt.Errorf("-tanh(%v) = %v, want %v", x, got[i], want[i])
		}
	}
	return nil
}

// tanhInputs are those where 2|x| lies about a tie of its rounding to a multiple
// of ln 2, or about the bound, and many at random.
func tanhInputs[T float](c *tanhConst[T], next func(x, y T) T) (all []T) {
	for k := 0; T(k) < c.bound*c.log2e; k++ {
		for _, at := range []T{T((float64(k) + 0.5) / math.Log2E / 2), c.bound / 2} {
			x := at
			for range 8 {
				x = next(x, 0)
			}
			for range 16 {
				all = append(all, x, -x)
				x = next(x, c.bound)
			}
		}
	}
	r := prove.NewRand(17)
	for range 20000 {
		x := T(float64(r.Next()>>11) * 0x1p-53)
		all = append(all, c.bound/2*x*x)
	}
	return all
}

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
