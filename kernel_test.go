package lion

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// unrolled is the most elements that any kernel takes at a time: four vectors
// of 64 bytes of the narrowest format.
const unrolled = 32

// TestRequired fails for a name in LION_REQUIRE that is not in the table, which
// no test would otherwise miss.
func TestRequired(t *testing.T) {
	for _, name := range prove.Required() {
		i := slices.IndexFunc(implementations, func(im implementation) bool { return im.name == name })
		if assert.GreaterOrEqual(t, i, 0, "LION_REQUIRE names %q, which was not built in", name) {
			assert.Empty(t, implementations[i].missing, "LION_REQUIRE names %q", name)
		}
	}
}

// TestSchemes: each way to step has its scheme, under which all tests run.
func TestSchemes(t *testing.T) {
	methods := map[string]bool{}
	for i, sc := range schemes {
		assert.Equal(t, element(i), sc.format, sc.name)
		assert.Equal(t, i < int(numElements), sc.bare(), sc.name)
		assert.False(t, methods[sc.method], sc.method)
		methods[sc.method] = true
		if sc.bare() {
			continue
		}
		assert.Equal(t, half.ID(i-int(numElements)), sc.id, sc.name)
		assert.Equal(t, sc.method, sc.storage().Method)
		// The elements are those of the storage.
		kinds := []half.Element{sc.storage().Param, sc.storage().Grad, sc.storage().Momentum, sc.storage().Shadow}
		if sc.storage().Shadow == half.None {
			kinds[iExtra] = sc.storage().Low
		}
		for i, k := range kinds {
			if k != half.None {
				assert.Equal(t, k.Size(), sc.elems[i].Size, "%s %s", sc.name, sliceNames[i])
			} else {
				assert.Len(t, sc.elems, i, sc.name)
			}
		}
	}
	stepper := reflect.TypeOf(Stepper{})
	steps := 0
	for i := range stepper.NumMethod() {
		if name := stepper.Method(i).Name; strings.HasPrefix(name, "Step") && !strings.HasPrefix(name, "StepRows") && name != "StepTensors" { // which have tests of their own
			steps++
			assert.True(t, methods[name], "%s is in no scheme of the tests", name)
		}
	}
	assert.Len(t, schemes, steps)
	assert.Len(t, schemes, int(numElements)+int(half.NumStorages))
}

// checkLengths compares a subject with generic for every short length and for
// slices misaligned each by its own.
func checkLengths(impl int, sc *scheme, sub subject, few bool) error {
	const most = 4*unrolled + 4
	r := prove.NewRand(uint64(sc.format) + 1)
	in := sc.randomInputs(r, most, (*prove.Element).Random)
	rig := newRig(sc, most)
	offs := allOffsets(few)
	for n := range most {
		in := sc.head(in, n)
		rig.expect(&sub, in)
		for _, off := range offs {
			if err := rig.check(&sub, impl, off); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestLengths(t *testing.T) {
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		for _, sub := range sc.kernels(decaying()) {
			assert.NoError(t, checkLengths(impl, sc, sub, !prove.Whole()))
		}
		for _, cfg := range sc.variants(decaying(), !prove.Whole()) {
			assert.NoError(t, checkLengths(impl, sc, ruleSubject(cfg), true))
		}
	})
}

// checkEdges compares a subject with generic for lengths about the places where
// a slice is cut.
func checkEdges(impl int, sc *scheme, sub subject, long bool) error {
	lengths := []int{}
	for _, edge := range []int{tile, 2 * tile, 5 * tile} {
		lengths = append(lengths, edge-1, edge, edge+1, edge+unrolled+3)
	}
	lengths = append(lengths, chunk-1, chunk, chunk+1)
	if long {
		for d := 2; d <= unrolled+1; d += 5 {
			lengths = append(lengths, tile-d, tile+d, chunk-d, chunk+d)
		}
		lengths = append(lengths, 2*chunk-1, 2*chunk, 2*chunk+1, 3*chunk+tile+7)
	}
	most := slices.Max(lengths)
	r := prove.NewRand(uint64(sc.format) + 11)
	in := sc.randomInputs(r, most, (*prove.Element).Random)
	rig := newRig(sc, most)
	for i, n := range lengths {
		rig.expect(&sub, sc.head(in, n))
		for _, off := range []offsets{{}, {i % 16, (3*i + 1) % 16, (5*i + 2) % 16, (7*i + 3) % 16}} {
			if err := rig.check(&sub, impl, off); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestEdges(t *testing.T) {
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		for _, cfg := range sc.variants(decaying(), true) {
			plain := sc.bare() || cfg.Decay == Decoupled && cfg.WeightDecay != 0
			if plain || prove.Whole() {
				assert.NoError(t, checkEdges(impl, sc, ruleSubject(cfg), plain && prove.Whole()))
			}
		}
	})
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
		for i, e := range sc.elems {
			if cut < in.n { // or else the rest would point behind the slice
				rest[i] = unsafe.Add(at[i], cut*e.Size)
			}
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

// TestSplit: a slice may be split over calls in any way.
func TestSplit(t *testing.T) {
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		in := sc.randomInputs(prove.NewRand(5), 2*tile+9, (*prove.Element).Random)
		for _, cfg := range sc.variants(decaying(), !prove.Whole()) {
			if cfg.CautiousScale != ScaleNone { // looks at the whole tensor
				continue
			}
			assert.NoError(t, checkSplit(impl, sc, cfg, in, []int{0, 1, 7, 64, 65, tile - 1, tile, tile + 1, in.n - 1, in.n}))
		}
	})
}

// checkNaN checks that every NaN written is canonical and that a NaN changes no
// other element, wherever it stands.
func checkNaN(impl int, sc *scheme, sub subject, n int, places []int) error {
	in := sc.randomInputs(prove.NewRand(7), n, (*prove.Element).Ordinary)
	rig := newRig(sc, n)
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
			for s := range sc.elems {
				for i := 0; i < n && s != iGrad; i++ {
					if b := sc.elems[s].Get(rig.slabs[s].Pointer(), i); sc.elems[s].IsNaN(b) {
						if b != sc.elems[s].Canonical() {
							return fmt.Errorf("%s %s: %s[%d] = %#x is no canonical NaN", sc.name, sub.name, sliceNames[s], i, b)
						}
						if i != at {
							return fmt.Errorf("%s %s: a NaN at %d of %s made one at %d of %s", sc.name, sub.name, at, sliceNames[slice], i, sliceNames[s])
						}
					}
				}
			}
			sc.set(in, slice, at, old)
		}
	}
	return nil
}

func TestNaN(t *testing.T) {
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		const n = 4*unrolled + 3
		lanes := make([]int, n)
		for i := range lanes {
			lanes[i] = i
		}
		for _, cfg := range sc.variants(decaying(), true) {
			if cfg.CautiousScale != ScaleNone {
				continue
			}
			sub := ruleSubject(cfg)
			assert.NoError(t, checkNaN(impl, sc, sub, n, lanes))
			if prove.Whole() || sc.bare() && cfg.Rule == Paper {
				assert.NoError(t, checkNaN(impl, sc, sub, chunk+tile+5,
					[]int{0, tile - 1, tile, chunk - tile, chunk - 1, chunk, chunk + 1, chunk + tile + 4}))
			}
		}
	})
}

// checkNoFalseNaN checks that a kernel that met no NaN doesn't report one, since
// the slow path that mends them would run for nothing, and that NaNs are after it
// what they were before.
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
	s := stepper(decaying())
	sub := opSubject(o, decaying())
	sub.run = func(impl int, sc *scheme, at memory, n int) uint64 {
		s, a := s, sc.args(at, n)
		if sc.bare() {
			a.c = sc.coef(&s)
			return uint64(implementations[impl].kernels[sc.format][o](&a.args))
		}
		a.c = unsafe.Pointer(&s.f32)
		im := &implementations[impl]
		k := (&plan{op: o}).fused(&im.half.Fused, sc.id, false)
		if k == nil { // none that could report one: these are mended in tiles
			return uint64(fusedGeneric(sc, o)(&a))
		}
		h := a.half(sc.storage())
		return uint64(k(&h))
	}
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

// fusedGeneric is what a fused kernel does, in plain Go.
func fusedGeneric(sc *scheme, o op) kernel4 {
	return func(a *args4) uint32 {
		im, st := &implementations[genericIndex()], sc.storage()
		var buf tiles
		for i := 0; i < a.n; i += half.TileSize {
			h := a.half(st)
			t := h.From(st, i, min(a.n-i, half.TileSize))
			w := buf.widen(&Stepper{}, im, st, &t)
			w.c = a.c
			runChunk[float32](im.kernels[f32][o], w)
			im.half.Narrow(st.Param, t.Param, t.Low, w.param, t.N)
			im.half.Narrow(st.Momentum, t.Momentum, nil, w.momentum, t.N)
			im.half.Narrow(st.Shadow, t.Shadow, nil, w.param, t.N)
		}
		runtime.KeepAlive(&buf)
		return 0
	}
}

func TestNoFalseNaN(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		for _, sc := range schemes {
			for o := range opCount {
				if sc.bare() || o == opPaper || o == opCautious {
					assert.NoError(t, checkNoFalseNaN(impl, sc, o))
				}
			}
		}
	})
}

// checkLargeStep is one step over many chunks, with the gradient the same
// everywhere but the weights not, so that each chunk shows that it was stepped
// once.
func checkLargeStep(impl, n int) error {
	s := stepper(Config{LR: 0.5, Beta1: 0.5, Beta2: 0.5})
	s.impl = uint8(impl)
	param, grad, momentum := make([]float32, n), make([]float32, n), make([]float32, n)
	for i := range param {
		param[i], grad[i], momentum[i] = float32(i), 1, float32(i%7)
	}
	if err := s.StepF32(param, grad, momentum); err != nil {
		return err
	}
	for i := range param {
		if param[i] != float32(i)-0.5 || momentum[i] != float32(i%7)/2+0.5 || grad[i] != 1 {
			return fmt.Errorf("element %d: param %v grad %v momentum %v", i, param[i], grad[i], momentum[i])
		}
	}
	return nil
}

func TestLargeStep(t *testing.T) {
	n := 9*chunk + 77
	if !prove.Whole() {
		n = 2*chunk + 77
	}
	eachImplementation(t, func(t *testing.T, impl int) { assert.NoError(t, checkLargeStep(impl, n)) })
}

// checkSignConvention pins what the words of the contract say, with numbers: a
// bug that all implementations share would hide from their comparison.
func checkSignConvention(impl int) error {
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
		{name: "the smallest gradient steps", p: 0, g: math.SmallestNonzeroFloat64 * 2, m: 0, pw: -0.25, mw: math.SmallestNonzeroFloat64},
	} {
		s := stepper(Config{LR: 0.25, Beta1: 0.5, Beta2: 0.5, WeightDecay: c.wd, GradScale: c.scale})
		s.impl = uint8(impl)
		p, g, m := []float64{c.p}, []float64{c.g}, []float64{c.m}
		if err := s.StepF64(p, g, m); err != nil {
			return err
		}
		if math.Float64bits(p[0]) != math.Float64bits(c.pw) || math.Float64bits(m[0]) != math.Float64bits(c.mw) {
			return fmt.Errorf("%s: param = %v, momentum = %v, want %v, %v", c.name, p[0], m[0], c.pw, c.mw)
		}
	}
	return nil
}

func TestSignConvention(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) { assert.NoError(t, checkSignConvention(impl)) })
}

// TestConcurrent16: neighbours in a slice of 16-bit elements may share a word of
// memory, and yet be stepped by different goroutines.
func TestConcurrent16(t *testing.T) {
	const n, part = 9001, 611
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		if sc.bare() {
			return
		}
		s := stepper(decaying())
		s.impl = uint8(impl)
		in := sc.randomInputs(prove.NewRand(33), n, (*prove.Element).Ordinary)
		whole, parts := newRig(sc, n), newRig(sc, n)
		for range 3 {
			at := whole.load(in, offsets{})
			require.NoError(t, sc.step(&s, at, n))
			at = parts.load(in, offsets{1, 3, 5, 7})
			var wg sync.WaitGroup
			for from := 0; from < n; from += part {
				wg.Add(1)
				go func() {
					defer wg.Done()
					here := at
					for i, e := range sc.elems {
						here[i] = unsafe.Add(at[i], from*e.Size)
					}
					assert.NoError(t, sc.step(&s, here, min(part, n-from)))
				}()
			}
			wg.Wait()
			for i := range sc.elems {
				assert.Equal(t, whole.slabs[i].Bytes(), parts.slabs[i].Bytes(), "%s: %s", sc.name, sliceNames[i])
				assert.True(t, parts.slabs[i].Intact(), sc.name)
			}
		}
	})
}

// TestConcurrent: goroutines may share a Stepper and split the elements anyhow.
func TestConcurrent(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		s := stepper(decaying())
		s.impl = uint8(impl)
		const n = 20011
		sc := schemes[f32]
		in := sc.randomInputs(prove.NewRand(31), n, (*prove.Element).Ordinary)
		floats := func() (x [3][]float32) {
			for i := range x {
				x[i] = make([]float32, n)
				for j := range x[i] {
					x[i][j] = math.Float32frombits(uint32(sc.get(in, i, j)))
				}
			}
			return x
		}
		whole, parts := floats(), floats()
		var wg sync.WaitGroup
		for from := 0; from < n; from += 1237 {
			to := min(n, from+1237)
			wg.Add(1)
			go func() {
				defer wg.Done()
				for range 5 {
					assert.NoError(t, s.StepF32(parts[0][from:to], parts[1][from:to], parts[2][from:to]))
				}
			}()
		}
		for range 5 {
			require.NoError(t, s.StepF32(whole[0], whole[1], whole[2]))
		}
		wg.Wait()
		assert.Equal(t, whole, parts)
	})
}
