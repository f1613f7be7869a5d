package lion_test

import (
	"math"
	"math/rand"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/require"
)

// The module once more, written from its documentation alone by the plainest
// means: one element at a time, in the order of "A step, operation by operation",
// numbers of 16 bits taken apart as numbers. It shares nothing with the package but
// its names. (The oracle in oracle_test.go is slower and trusts no floating-point unit;
// this one is fast enough for millions of elements, any t and any place in a tensor.)

// written are the constants of a Config in T.
type written[T float32 | float64] struct {
	cfg                                                            lion.Config
	b1, o1, b2, o2, lr, decay, wd, s, gamma, eps, kappa, e1, e2, k T
}

func write[T float32 | float64](cfg lion.Config, t int) *written[T] {
	if cfg.GradScale == 0 {
		cfg.GradScale = 1
	}
	if cfg.Kappa == 0 {
		cfg.Kappa = 1
	}
	s := cfg.GradScale
	if cfg.Rule == lion.BiasCorrected {
		s = 1
	}
	power := func(x float64) float64 {
		y := 1.0
		for t := t; t > 0; t >>= 1 {
			if t&1 == 1 {
				y = float64(y * x)
			}
			x = float64(x * x)
		}
		return y
	}
	w := written[T]{cfg: cfg,
		b1: T(cfg.Beta1), o1: T(float64(1-cfg.Beta1) * s), b2: T(cfg.Beta2), o2: T(float64(1-cfg.Beta2) * s),
		lr: T(cfg.LR) + 0, decay: 1, wd: T(cfg.WeightDecay), s: T(cfg.GradScale),
		gamma: T(cfg.Gamma), eps: T(cfg.Epsilon), kappa: T(cfg.Kappa),
		e1: T(1 - power(cfg.Beta1)), e2: T(1 - power(cfg.Beta2)), k: 1,
	}
	switch cfg.Decay {
	case lion.Decoupled:
		w.decay = T(1 - float64(cfg.LR*cfg.WeightDecay))
	case lion.Independent:
		w.decay = T(1 - cfg.WeightDecay)
	case lion.Coupled:
		w.wd = T(cfg.WeightDecay / cfg.GradScale)
	}
	return &w
}

// scaled takes the scale of a call in, where so many of n elements agree.
func (w *written[T]) scaled(agreeing, n int) {
	k := 1.0
	switch w.cfg.CautiousScale {
	case lion.ScaleNone:
		return
	case lion.ScaleCount:
		k = float64(n) / float64(agreeing+1)
	case lion.ScaleMean:
		k = 1 / math.Max(float64(agreeing)/float64(n), 1e-3)
	}
	if w.inside() {
		w.k = T(k)
	} else {
		w.lr = T((w.cfg.LR + 0) * k)
	}
}

func (w *written[T]) inside() bool {
	return w.cfg.Decay == lion.DecoupledPaper && w.cfg.WeightDecay != 0
}

func (w *written[T]) gradient(p, g T) T {
	if w.cfg.Decay == lion.Coupled && w.cfg.WeightDecay != 0 {
		g += T(w.wd * p)
	}
	return g
}

// agrees says whether c and s·g are on one side of zero; g is the gradient above.
func (w *written[T]) agrees(c, g T) bool {
	if w.cfg.GradScale < 0 {
		g = -g
	}
	return c > 0 && g > 0 || c < 0 && g < 0
}

func (w *written[T]) interpolated(g, m T) T { return T(w.b1*m) + T(w.o1*g) }

// step is a step of one element.
func (w *written[T]) step(p, g, m T) (T, T) {
	g = w.gradient(p, g)
	c := w.interpolated(g, m)
	next := T(w.b2*m) + T(w.o2*g)
	var u T
	switch w.cfg.Rule {
	case lion.Paper:
		u = goldenSign(c)
	case lion.MomentumFirst:
		next = c
		u = goldenSign(T(w.b2*next) + T(w.o2*g))
	case lion.BiasCorrected:
		g = T(w.s * g)
		next = w.interpolated(g, m)
		n := T(w.gamma * T(math.Abs(float64(g))))
		if g > 0 || g < 0 {
			n += w.o2
		} else {
			n += 0
		}
		root := T(math.Sqrt(float64(T(n / w.e2))))
		u = T(T(next/w.e1) / (root + w.eps))
	case lion.Cautious:
		if w.agrees(c, g) {
			u = goldenSign(c)
		}
	case lion.Refined:
		if u = goldenSign(c); math.Abs(float64(c)) < 1 {
			u = c
		}
	case lion.Smooth:
		u = writtenTanh(T(w.kappa * c))
	}
	if w.inside() {
		return p - T(w.lr*T(T(w.k*u)+T(w.wd*p))), next
	}
	step := T(w.lr * u)
	if u == 0 && w.cfg.Rule != lion.Refined && w.cfg.Rule != lion.Smooth && w.cfg.Rule != lion.BiasCorrected {
		step = 0
	}
	return T(p*w.decay) - step, next
}

// writtenTanh is Smooth's.
func writtenTanh[T float32 | float64](x T) T {
	top, n, magic, high, low := T(20), 8, T(0x1.8p23), T(0x1.62e4p-1), 0x1.7f7d1cf79abcap-20
	if !goldenSingle[T]() {
		top, n, magic, high, low = 40, 14, T(float64(0x1.8p52)), T(float64(0x1.62e42feep-1)), 0x1.a39ef35793c76p-33
	}
	y := T(math.Abs(float64(x)))
	if y += y; y > top {
		y = top
	}
	k := (T(y*T(math.Log2E)) + magic) - magic
	r := (y - T(k*high)) - T(k*T(low))
	factorial := func(i int) float64 {
		f := 1.0
		for ; i > 1; i-- {
			f *= float64(i)
		}
		return f
	}
	q := T(1 / factorial(n))
	for i := n - 1; i >= 1; i-- {
		q = T(q*r) + T(1/factorial(i))
	}
	q = T(q * r)
	power := T(math.Exp2(float64(k)))
	e := T(power*q) + (power - 1)
	return T(math.Copysign(float64(T(e/(e+2))), float64(x)))
}

// A writtenHalf is a 16-bit element: so many bits of fraction, and its smallest number
// is 2^least.
type writtenHalf struct {
	fraction, least int
	inf, nan        uint16
}

var (
	writtenBF16 = writtenHalf{7, -133, 0x7f80, 0x7fc0}
	writtenF16  = writtenHalf{10, -24, 0x7c00, 0x7e00}
)

func (h writtenHalf) value(b uint16) float64 {
	e, f := int(b&0x7fff)>>h.fraction, float64(b&(1<<h.fraction-1))
	x := math.Ldexp(f, h.least)
	switch {
	case b&0x7fff > h.inf:
		return math.NaN()
	case b&0x7fff == h.inf:
		x = math.Inf(1)
	case e > 0:
		x = math.Ldexp(f+math.Ldexp(1, h.fraction), h.least+e-1)
	}
	if b&0x8000 != 0 {
		return -x
	}
	return x
}

// rounded is x in 16 bits: toward zero, and one further where outwards says so of the
// number below and the part that is left over, in units of the last place.
func (h writtenHalf) rounded(x float64, outwards func(down uint16, left float64) bool) uint16 {
	var sign uint16
	if math.Signbit(x) {
		sign = 0x8000
	}
	a := math.Abs(x)
	if x != x {
		return h.nan
	}
	_, e := math.Frexp(a)
	unit := max(e-1-h.fraction, h.least)
	units := math.Ldexp(a, -unit)
	b := math.Floor(units) + float64(max(unit-h.least, 0))*math.Ldexp(1, h.fraction)
	if a == 0 {
		return sign
	}
	if b >= float64(h.inf) {
		return sign | h.inf
	}
	down := uint16(b)
	if outwards(down, units-math.Floor(units)) {
		down++
	}
	return sign | down
}

func toEven(down uint16, left float64) bool { return left > 0.5 || left == 0.5 && down&1 == 1 }

func awayFromZero(_ uint16, left float64) bool { return left >= 0.5 }

// atRandom are the draws of StochasticRounding.
func atRandom(seed, t, i uint64) func(uint16, float64) bool {
	mix := func(z uint64) uint64 {
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		return z ^ z>>31
	}
	k := mix(mix(mix(seed+0x9e3779b97f4a7c15)^t) ^ i>>32)
	x := uint32(k) + uint32(i)*0x9e3779b9
	x = (x ^ x>>17 ^ uint32(k>>32)) * 0xed5ad4bb
	x = (x ^ x>>11) * 0xac4c1b51
	x = (x ^ x>>15) * 0x31848bab
	return func(_ uint16, left float64) bool { return math.Floor(left*65536) >= 65536-float64(x>>16) }
}

// A writtenStorage is a call on 16-bit elements. Its slices are param, grad, momentum
// and what goes with them, each held as bits.
type writtenStorage struct {
	name string
	// load gives the weight of an element, and store the bits of a new one, rounded as
	// Config.Rounding has it; grad and momentum are of these formats, float32 where nil.
	load           func(param, extra uint32) float32
	store          func(w float32, rounding func(uint16, float64) bool) (param, extra uint32)
	grad, momentum *writtenHalf
	call           func(s lion.Stepper, slices *[4][]uint32) error
	rounds         bool
}

func writtenStorages() []writtenStorage {
	bf, f16 := &writtenBF16, &writtenF16
	plain := func(h *writtenHalf) writtenStorage {
		return writtenStorage{
			load: func(p, _ uint32) float32 { return float32(h.value(uint16(p))) },
			store: func(w float32, rounding func(uint16, float64) bool) (uint32, uint32) {
				return uint32(h.rounded(float64(w), rounding)), 0
			},
			grad: h, momentum: h, rounds: true,
		}
	}
	master := func(grad, momentum, shadow *writtenHalf) writtenStorage {
		return writtenStorage{
			load: func(p, _ uint32) float32 { return math.Float32frombits(p) },
			store: func(w float32, _ func(uint16, float64) bool) (p, x uint32) {
				if p = math.Float32bits(w); w != w {
					p = 0x7fc00000
				}
				if shadow != nil {
					x = uint32(shadow.rounded(float64(w), toEven))
				}
				return p, x
			},
			grad: grad, momentum: momentum,
		}
	}
	split := writtenStorage{
		load: func(p, x uint32) float32 { return math.Float32frombits(p<<16 + uint32(int16(x))) },
		store: func(w float32, _ func(uint16, float64) bool) (uint32, uint32) {
			return uint32(bf.rounded(float64(w), awayFromZero)), math.Float32bits(w) & 0xffff
		},
		grad: bf, momentum: bf,
	}
	kahan := writtenStorage{
		load: func(p, x uint32) float32 { return float32(bf.value(uint16(p))) + float32(bf.value(uint16(x))) },
		store: func(w float32, _ func(uint16, float64) bool) (uint32, uint32) {
			p := bf.rounded(float64(w), toEven)
			rest := float64(w - float32(bf.value(p)))
			if math.IsInf(bf.value(p), 0) || w != w {
				rest = 0
			}
			return uint32(p), uint32(bf.rounded(rest, toEven))
		},
		grad: bf, momentum: bf,
	}
	all := []struct {
		name string
		writtenStorage
		call func(s lion.Stepper, slices *[4][]uint32) error
	}{
		{"StepBF16", plain(bf), called3(lion.Stepper.StepBF16)},
		{"StepF16", plain(f16), called3(lion.Stepper.StepF16)},
		{"StepMasterBF16", master(bf, nil, bf), called4(lion.Stepper.StepMasterBF16)},
		{"StepMasterBF16M16", master(bf, bf, bf), called4(lion.Stepper.StepMasterBF16M16)},
		{"StepMasterF16", master(f16, nil, f16), called4(lion.Stepper.StepMasterF16)},
		{"StepF32M16", master(nil, bf, nil), called3(lion.Stepper.StepF32M16)},
		{"StepSplit", split, called4(func(s lion.Stepper, hi, grad, momentum []lion.BF16, lo []uint16) error {
			return s.StepSplit(hi, lo, grad, momentum)
		})},
		{"StepBF16Kahan", kahan, called4(lion.Stepper.StepBF16Kahan)},
	}
	var out []writtenStorage
	for _, x := range all {
		x.writtenStorage.name, x.writtenStorage.call = x.name, x.call
		out = append(out, x.writtenStorage)
	}
	return out
}

func called3[P, G, M any](f func(lion.Stepper, []P, []G, []M) error) func(lion.Stepper, *[4][]uint32) error {
	return called4(func(s lion.Stepper, p []P, g []G, m []M, _ []uint16) error { return f(s, p, g, m) })
}

func called4[P, G, M, X any](f func(lion.Stepper, []P, []G, []M, []X) error) func(lion.Stepper, *[4][]uint32) error {
	return func(s lion.Stepper, b *[4][]uint32) error {
		p, g, m, x := fromWords[P](b[0]), fromWords[G](b[1]), fromWords[M](b[2]), fromWords[X](b[3])
		err := f(s, p, g, m, x)
		*b = [4][]uint32{toWords(p), toWords(g), toWords(m), toWords(x)}
		return err
	}
}

func fromWords[T any](b []uint32) []T {
	out := make([]T, len(b))
	for i := range out {
		switch x := any(&out[i]).(type) {
		case *float32:
			*x = math.Float32frombits(b[i])
		case *lion.BF16:
			*x = lion.BF16(b[i])
		case *lion.F16:
			*x = lion.F16(b[i])
		case *uint16:
			*x = uint16(b[i])
		}
	}
	return out
}

func toWords[T any](s []T) []uint32 {
	out := make([]uint32, len(s))
	for i := range s {
		switch x := any(s[i]).(type) {
		case float32:
			out[i] = math.Float32bits(x)
		case lion.BF16:
			out[i] = uint32(x)
		case lion.F16:
			out[i] = uint32(x)
		case uint16:
			out[i] = uint32(x)
		}
	}
	return out
}

// element is an element's number.
func (h *writtenHalf) element(b uint32) float32 {
	if h == nil {
		return math.Float32frombits(b)
	}
	return float32(h.value(uint16(b)))
}

// stored is what a momentum is stored as.
func (h *writtenHalf) stored(m float32) uint32 {
	switch {
	case h != nil:
		return uint32(h.rounded(float64(m), toEven))
	case m != m:
		return 0x7fc00000
	}
	return math.Float32bits(m)
}

// writtenConfigs are every rule with every decay and scale, under settings of chance.
func writtenConfigs(r *rand.Rand) (out []lion.Config) {
	for rule := lion.Paper; rule <= lion.Smooth; rule++ {
		for decay := lion.Decoupled; decay <= lion.Coupled; decay++ {
			for scale := lion.ScaleNone; scale <= lion.ScaleMean; scale++ {
				if scale != lion.ScaleNone && rule != lion.Cautious {
					continue
				}
				for _, wd := range []float64{0, 0.1 * (1 + r.Float64()), 0.5 * r.Float64()} {
					cfg := lion.Config{Rule: rule, Decay: decay, CautiousScale: scale, WeightDecay: wd,
						LR: math.Exp2(-8 * r.Float64()), Beta1: r.Float64(), Beta2: 1 - math.Exp2(-10*r.Float64()),
						Gamma: r.Float64(), Epsilon: 1e-8, Kappa: 0.5 + r.Float64(), Seed: r.Uint64()}
					switch r.Intn(3) {
					case 0:
						cfg.GradScale = r.NormFloat64() + 1e-9
					case 1:
						cfg.LR = 0
					}
					out = append(out, cfg)
				}
			}
		}
	}
	return out
}

// writtenBits are bits of an element of so many bits: of ordinary size, of any,
// or special.
func writtenBits(r *rand.Rand, h *writtenHalf) uint32 {
	x := float32(r.NormFloat64() * math.Exp2(float64(r.Intn(5)-2)))
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, float32(inf), float32(-inf), float32(nan), 0x1p-149, 0x1p-24, 65519, 65520, 3.4e38}
	switch k := r.Intn(8); {
	case k == 0 && h != nil:
		return uint32(r.Intn(1 << 16))
	case k == 0:
		return r.Uint32()
	case k == 1:
		x = special[r.Intn(len(special))]
	}
	if h == nil {
		return math.Float32bits(x)
	}
	return uint32(h.rounded(float64(x), toEven))
}

// writtenCount is how many elements of a test.
func writtenCount() int {
	switch {
	case prove.Whole():
		return 20_000
	case testing.Short():
		return 75
	}
	return 500
}

// TestWritten compares every implementation with it, in float32 and float64.
func TestWritten(t *testing.T) {
	r, n := rand.New(rand.NewSource(2302)), writtenCount()
	for _, cfg := range writtenConfigs(r) {
		step := 1 + r.Intn(5000)
		var p32, g32, m32 []float32
		var p64, g64, m64 []float64
		for range n {
			p32, g32, m32 = append(p32, math.Float32frombits(writtenBits(r, nil))), append(g32, math.Float32frombits(writtenBits(r, nil))), append(m32, math.Float32frombits(writtenBits(r, nil)))
			p64, g64, m64 = append(p64, float64(p32[r.Intn(len(p32))])*r.Float64()), append(g64, r.NormFloat64()), append(m64, float64(m32[r.Intn(len(m32))]))
		}
		checkWritten(t, cfg, step, p32, g32, m32, lion.Stepper.StepF32)
		checkWritten(t, cfg, step, p64, g64, m64, lion.Stepper.StepF64)
	}
}

func checkWritten[T float32 | float64](t *testing.T, cfg lion.Config, time int, param, grad, momentum []T, step func(s lion.Stepper, param, grad, momentum []T) error) {
	w, agreeing, n := write[T](cfg, time), 0, len(param)
	for i := range n {
		if g := w.gradient(param[i], grad[i]); w.agrees(w.interpolated(g, momentum[i]), g) {
			agreeing++
		}
	}
	w.scaled(agreeing, n)
	for _, cfg.Implementation = range lion.Implementations() {
		s, err := lion.New(cfg)
		require.NoError(t, err)
		p, m := append([]T(nil), param...), append([]T(nil), momentum...)
		require.NoError(t, step(s.At(time), p, append([]T(nil), grad...), m))
		for i := range n {
			wantP, wantM := w.step(param[i], grad[i], momentum[i])
			if bitsOf(float64(p[i])) != bitsOf(float64(wantP)) || bitsOf(float64(m[i])) != bitsOf(float64(wantM)) {
				t.Fatalf("%+v t = %d: param %x grad %x momentum %x: %x and %x, want %x and %x",
					cfg, time, param[i], grad[i], momentum[i], p[i], m[i], wantP, wantM)
			}
		}
	}
}

// TestWritten16 does so for every storage of 16 bits, and both roundings.
func TestWritten16(t *testing.T) {
	n := writtenCount() / 2
	for _, st := range writtenStorages() {
		t.Run(st.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewSource(6675))
			for i, cfg := range writtenConfigs(r) {
				if i%2 == 1 && st.rounds {
					cfg.Rounding = lion.StochasticRounding
				}
				checkWritten16(t, st, cfg, r, n)
			}
		})
	}
}

func checkWritten16(t *testing.T, st writtenStorage, cfg lion.Config, r *rand.Rand, n int) {
	time, index := 1+r.Intn(5000), uint64(r.Intn(1<<20))
	if r.Intn(3) == 0 && math.MaxInt > math.MaxInt32 {
		index += 1<<32 - 1<<20 // past 2³² somewhere
	}
	var in [4][]uint32
	for range n {
		var e [4]uint32
		p := math.Float32frombits(writtenBits(r, nil))
		e[0], e[3] = st.store(p, toEven)
		if st.name == "StepBF16Kahan" && r.Intn(2) == 0 {
			e[3] = writtenBits(r, &writtenBF16)
		}
		e[1], e[2] = writtenBits(r, st.grad), writtenBits(r, st.momentum)
		for s := range in {
			in[s] = append(in[s], e[s])
		}
	}
	w, agreeing := write[float32](cfg, time), 0
	for i := range n {
		p, g, m := st.load(in[0][i], in[3][i]), st.grad.element(in[1][i]), st.momentum.element(in[2][i])
		if g = w.gradient(p, g); w.agrees(w.interpolated(g, m), g) {
			agreeing++
		}
	}
	w.scaled(agreeing, n)
	for _, cfg.Implementation = range lion.Implementations() {
		s, err := lion.New(cfg)
		require.NoError(t, err)
		got := in // the calls get copies
		require.NoError(t, st.call(s.At(time).From(int(index)), &got))
		for i := range n {
			p, m := w.step(st.load(in[0][i], in[3][i]), st.grad.element(in[1][i]), st.momentum.element(in[2][i]))
			rounding := toEven
			if cfg.Rounding == lion.StochasticRounding {
				rounding = atRandom(cfg.Seed, uint64(time), index+uint64(i))
			}
			want := [4]uint32{1: in[1][i], 2: st.momentum.stored(m)}
			want[0], want[3] = st.store(p, rounding)
			if p != p && st.name == "StepSplit" {
				want[0], want[3] = 0x7fc0, 0
			}
			have := [4]uint32{got[0][i], got[1][i], got[2][i], got[3][i]}
			for s, h := range [4]bool{cfg.Rounding == lion.NearestRounding && st.name == "StepF16", false, st.momentum == &writtenF16, st.name == "StepMasterF16"} {
				if h && have[s] != want[s] && prove.TieAccepted(uint16(have[s]), uint16(want[s])) {
					have[s] = want[s]
				}
			}
			if have != want {
				t.Fatalf("%s %+v t = %d: %x is %x, want %x", st.name, cfg, time, [4]uint32{in[0][i], in[1][i], in[2][i], in[3][i]}, have, want)
			}
		}
	}
}
