package lion

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
)

// Fuzz targets, with their corpus in testdata/fuzz:
//
//	go test -run NONE -fuzz FuzzStepF32 -fuzzminimizetime 10x
//
// (Unlimited, minimising an input takes most of the time.) Those of the steps read raw
// bytes as a Config, a length, offsets and elements, and run every rule and
// decay on every implementation that can run here: 16-bit schemes fused and by
// tiles.

// A tape is what a fuzzer made up; it goes on with zeros.
type tape []byte

func (t *tape) take(n int) uint64 {
	var buf [8]byte
	*t = (*t)[copy(buf[:n], *t):]
	return binary.LittleEndian.Uint64(buf[:])
}

// unit reads a number in [0, 1), in steps fine enough to come close to 1.
func (t *tape) unit() float64 { return float64(t.take(3)) / (1 << 24) }

// positive reads a number of any size that float32 has.
func (t *tape) positive() float64 {
	return math.Ldexp(1+t.unit(), int(int16(t.take(2)))%150)
}

// config reads a Config, most of them good.
func (t *tape) config() Config {
	cfg := Config{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1, GradScale: 1, Gamma: 0.1, Epsilon: 1e-8, Kappa: 1}
	has := t.take(1)
	for i, f := range []func(){
		func() { cfg.LR = t.positive() },
		func() { cfg.Beta1 = t.unit() },
		func() { cfg.Beta2 = t.unit() },
		func() { cfg.WeightDecay = t.positive() },
		func() { cfg.GradScale = t.positive() },
		func() { cfg.GradScale = -cfg.GradScale },
		func() { cfg.Gamma, cfg.Epsilon, cfg.Kappa = t.positive(), t.positive(), t.positive() },
		func() { cfg.WeightDecay, cfg.LR = 0, 0 },
	} {
		if has>>i&1 != 0 {
			f()
		}
	}
	return cfg
}

// inputs reads up to 140 elements for each slice; where the tape has ended they
// are ordinary.
func (t *tape) inputs(sc *scheme) *inputs {
	n := int(t.take(1)) % 141
	in := sc.newInputs(n)
	r := prove.NewRand(uint64(n))
	for i := range n {
		for s, e := range sc.elems {
			b := e.Ordinary(r)
			if len(*t) > 0 {
				b = t.take(e.Size)
			}
			sc.set(in, s, i, b)
		}
	}
	return in
}

// fuzzBytes starts a target from a few tapes besides the committed corpus: each
// format's classes of values, in order and shifted, under some settings.
func fuzzBytes(f *testing.F, sc *scheme) {
	for shift := range 3 {
		f.Add(classesTape(sc, shift))
	}
}

func classesTape(sc *scheme, shift int) []byte {
	data := []byte{byte(0x20 * shift)}
	for i := range sc.elems {
		data = append(data, byte((i+1)*shift))
	}
	data = append(data, 96)
	for i := range 96 * len(sc.elems) {
		e := sc.elems[i%len(sc.elems)]
		c := e.Classes()
		var buf [8]byte
		binary.LittleEndian.PutUint64(buf[:], c[(i*(shift+1)+i/len(c))%len(c)])
		data = append(data, buf[:e.Size]...)
	}
	return data
}

// usable are the implementations that can run here, and copies without fused
// kernels of those that have some, until the target ends.
func usable(f *testing.F) (impls []int) {
	for impl := range implementations {
		if implementations[impl].missing == "" {
			impls = append(impls, impl)
			if hasFused(impl) {
				impls = append(impls, plantTiled(f, impl))
			}
		}
	}
	return impls
}

func fuzzStep(f *testing.F, sc *scheme) {
	fuzzBytes(f, sc)
	impls := usable(f)
	f.Fuzz(func(t *testing.T, data []byte) { fuzzOne(t, sc, tape(data), impls) })
}

// fuzzOne steps what is on the tape on some implementations.
func fuzzOne(t *testing.T, sc *scheme, tape tape, impls []int) {
	cfg := tape.config()
	var off offsets
	for i := range sc.elems {
		off[i] = int(tape.take(1) % 16)
	}
	in := tape.inputs(sc)
	rig := newRig(sc, in.n)
	all := variants(cfg)
	if sc.storage().Rounds() {
		cfg.Rounding, cfg.Seed = StochasticRounding, uint64(len(tape))
		all = append(all, cfg)
	}
	for _, cfg := range all {
		if _, err := New(cfg); err != nil {
			continue
		}
		sub := ruleSubject(cfg)
		rig.expect(&sub, in)
		for _, impl := range impls {
			if err := rig.check(&sub, impl, off); err != nil {
				t.Errorf("%s, %+v: %v", implementations[impl].name, cfg, err)
			}
		}
		for s, e := range sc.elems {
			for i := 0; i < in.n && s != iGrad; i++ {
				if b := e.Get(unsafe.Pointer(&rig.want[s][0]), i); e.IsNaN(b) && b != e.Canonical() {
					t.Errorf("%+v: %s[%d] = %#x is no canonical NaN", cfg, sliceNames[s], i, b)
				}
			}
		}
	}
}

func FuzzStepF32(f *testing.F) { fuzzStep(f, schemes[f32]) }
func FuzzStepF64(f *testing.F) { fuzzStep(f, schemes[f64]) }

// FuzzStep16 takes the scheme, of the 16-bit ones, from the tape.
func FuzzStep16(f *testing.F) {
	all := schemes[numElements:]
	for i, sc := range all {
		f.Add(append([]byte{byte(i)}, classesTape(sc, i%3)...))
	}
	impls := usable(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		tape := tape(data)
		fuzzOne(t, all[tape.take(1)%uint64(len(all))], tape, impls)
	})
}

// FuzzSplit: a slice may be cut anywhere.
func FuzzSplit(f *testing.F) {
	fuzzBytes(f, schemes[f32])
	fuzzBytes(f, schemes[f64])
	impls := usable(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		tape := tape(data)
		cfg := tape.config()
		cut := int(tape.take(2))
		sc := schemes[tape.take(1)%uint64(len(schemes))]
		in := tape.inputs(sc)
		for _, cfg := range variants(cfg) {
			if _, err := New(cfg); err != nil || cfg.CautiousScale != ScaleNone {
				continue // a scale looks at the whole tensor
			}
			for _, impl := range impls {
				if err := checkSplit(impl, sc, cfg, in, []int{cut % (in.n + 1)}); err != nil {
					t.Errorf("%s, %+v: %v", implementations[impl].name, cfg, err)
				}
			}
		}
	})
}

// FuzzNew: whatever is in a Config, New gives an error that says what kind it is
// and no Stepper, or one whose constants are all finite and that steps.
func FuzzNew(f *testing.F) {
	inf := math.Inf(1)
	f.Add(1e-4, 0.9, 0.99, 0.0, 0.0, 0.1, 1e-8, 0.0, uint8(0), uint8(0), uint8(0), "", 1)
	f.Add(math.MaxFloat32, 1-0x1p-53, 0.0, 5e-324, -1e38, 3e38, 0.0, 5e-324, uint8(2), uint8(3), uint8(0), "generic", math.MaxInt)
	f.Add(inf, math.NaN(), -1.0, -inf, inf, math.Copysign(0, -1), 1e300, -1.0, uint8(6), uint8(4), uint8(3), "avx1024", -1)
	f.Fuzz(func(t *testing.T, lr, beta1, beta2, decay, scale, gamma, epsilon, kappa float64, rule, where, cautious uint8, impl string, step int) {
		cfg := Config{LR: lr, Beta1: beta1, Beta2: beta2, WeightDecay: decay, GradScale: scale,
			Rule: Rule(rule), Decay: Decay(where), CautiousScale: CautiousScale(cautious),
			Gamma: gamma, Epsilon: epsilon, Kappa: kappa, Implementation: impl}
		s, err := New(cfg)
		if err != nil {
			if !errors.Is(err, ErrConfig) && !errors.Is(err, ErrImplementation) {
				t.Errorf("%+v: %v is of no kind", cfg, err)
			}
			if s != (Stepper{}) {
				t.Errorf("%+v: a Stepper came with %v", cfg, err)
			}
			return
		}
		if again, err := New(cfg); err != nil || again != s {
			t.Errorf("%+v: not the same the second time", cfg)
		}
		if c := &s.f32; (c.lr == 0) != (lr == 0) || (c.eps == 0) != (epsilon == 0) || c.o1 == 0 || c.o2 == 0 || c.scale == 0 {
			t.Errorf("%+v: a constant became zero: %+v", cfg, *c)
		}
		for _, s := range []Stepper{s, s.At(step)} {
			for _, c := range []reflect.Value{reflect.ValueOf(s.f32), reflect.ValueOf(s.f64)} {
				for i := range c.NumField() {
					if x := c.Field(i).Float(); isNaN(x) || isInf(x) {
						t.Errorf("%+v at %d: %s = %v", cfg, step, c.Type().Field(i).Name, x)
					}
				}
			}
		}
		p, g, m := []float32{1, -2, 0}, []float32{-1, 3, 0}, []float32{0.5, 0, 0}
		err = s.At(step).StepF32(p, g, m)
		if cfg.Rule == BiasCorrected && step < 1 {
			if !errors.Is(err, ErrConfig) {
				t.Errorf("step %d is none, but %v", step, err)
			}
		} else if err != nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	})
}
