package lion_test

import (
	"math"
	"math/rand"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A goldenArithmetic is how a package rounds, measured and read. The rules are
// the same as here; what is fused, the form of the averages, and what happens
// to subnormals differ.
type goldenArithmetic struct {
	lerp   bool    // averages are m + (1−β)·(g−m), not β·m + (1−β)·g
	fused  bool    // the second product of an goldenAverage, and the step, are fused with their sum
	plainC bool    // but the interpolation is not
	flush  bool    // subnormals are zero, read or written
	least  float64 // the least mean that the scale of Cautious divides by
	tanh   bool    // the step uses the package's own tanh, so that only momentum is modelled
}

// goldenModel returns a package's arithmetic.
func goldenModel(worker, variant string) *goldenArithmetic {
	a := goldenArithmetic{least: 1e-3}
	switch worker {
	case "torch-avx2":
		a.fused = true
	case "optax-float32", "optax-float64":
		a.tanh = strings.Contains(variant, "smooth")
		a.fused = strings.HasSuffix(variant, " jit")
		a.flush = true
	}
	switch {
	case strings.HasPrefix(variant, "timm"), strings.HasPrefix(variant, "pytorch-optimizer"), variant == "lion-pytorch foreach":
		a.lerp = true
	case variant == "google/automl":
		a.plainC = true
	case variant == "lion-pytorch cautious_factor=0":
		a.least = 1e-5
	}
	return &a
}

// goldenMulAdd returns x·y + z.
func goldenMulAdd[T goldenFloat](a *goldenArithmetic, fused bool, x, y, z T) T {
	x, y, z = goldenFlushed(a, x), goldenFlushed(a, y), goldenFlushed(a, z)
	if fused {
		return goldenFlushed(a, goldenFMA(x, y, z))
	}
	return goldenFlushed(a, T(goldenFlushed(a, T(x*y))+z))
}

// goldenAverage is the moving average of m and g with weight b on m.
func goldenAverage[T goldenFloat](a *goldenArithmetic, fused bool, b float64, m, g T) T {
	m, g = goldenFlushed(a, m), goldenFlushed(a, g)
	if a.lerp {
		return goldenMulAdd(a, fused, T(1-b), T(g-m), m)
	}
	return goldenMulAdd(a, fused, T(1-b), g, goldenFlushed(a, T(T(b)*m)))
}

// goldenFlushed is x as flush-to-zero hardware has it.
func goldenFlushed[T goldenFloat](a *goldenArithmetic, x T) T {
	if a.flush && math.Abs(float64(x)) < goldenLeastNormal[T]() {
		return T(math.Copysign(0, float64(x)))
	}
	return x
}

func goldenSign[T goldenFloat](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// runModel runs a case as the package does.
func runModel[T goldenFloat](a *goldenArithmetic, c *goldenCase) (param, momentum []T) {
	param, momentum = goldenInit[T](c)
	for t := range c.Steps {
		modelStep(a, c, param, goldenGrad[T](c, t), momentum)
	}
	for i := range param {
		param[i], momentum[i] = goldenCanonical(param[i]), goldenCanonical(momentum[i])
	}
	return param, momentum
}

func modelStep[T goldenFloat](a *goldenArithmetic, c *goldenCase, param, grad, momentum []T) {
	u := make([]T, c.N) // the step before η
	agreeing := 0
	for i, p := range param {
		if c.Decay == "coupled" && c.Lambda != 0 {
			grad[i] = goldenMulAdd(a, a.fused, T(c.Lambda), p, grad[i])
		}
		g, m := grad[i], momentum[i]
		if c.Rule == "momentum-first" {
			momentum[i] = goldenAverage(a, a.fused, c.Beta1, m, g)
			u[i] = goldenSign(goldenAverage(a, a.fused, c.Beta2, momentum[i], g))
			continue
		}
		x := goldenAverage(a, a.fused && !a.plainC, c.Beta1, m, g)
		momentum[i] = goldenAverage(a, a.fused, c.Beta2, m, g)
		u[i] = goldenSign(x)
		if c.Rule == "refined" && math.Abs(float64(x)) < 1 {
			u[i] = x
		}
		if strings.HasPrefix(c.Rule, "cautious") {
			if u[i]*goldenSign(g) > 0 {
				agreeing++
			} else {
				u[i] *= 0
			}
		}
	}
	scale := T(1)
	switch c.Rule {
	case "cautious-mean":
		scale = 1 / max(T(agreeing)/T(c.N), T(a.least))
	case "cautious-count":
		scale = T(T(1/T(agreeing+1)) * T(c.N))
	}
	for i, p := range param {
		switch {
		case c.Lambda == 0:
		case c.Decay == "decoupled":
			p = T(p * T(1-float64(c.LR*c.Lambda)))
		case c.Decay == "independent":
			p = T(p * T(1-c.Lambda))
		case c.Decay == "decoupled-paper":
			u[i] = goldenMulAdd(a, a.fused, T(c.Lambda), p, u[i])
		}
		param[i] = goldenMulAdd(a, a.fused, -T(c.LR), T(u[i]*scale), p)
	}
}

func goldenCanonical[T goldenFloat](x T) T {
	if x != x {
		return T(math.Float64frombits(0x7ff8000000000000)) // math.NaN has a payload
	}
	return x
}

// goldenFMA is x·y + z, rounded once.
func goldenFMA[T goldenFloat](x, y, z T) T {
	if !goldenSingle[T]() {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	// The product is exact in float64. Rounding the sum to odd there keeps
	// what rounding to float32 needs.
	p, c := float64(float64(x)*float64(y)), float64(z)
	s := p + c
	if math.IsInf(s, 0) || s != s {
		return T(s)
	}
	b := s - p
	e := (p - (s - b)) + (c - b)
	if bits := math.Float64bits(s); e != 0 && bits&1 == 0 {
		if (e > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return T(s)
}

// A half is a 16-bit element type, as lion-pytorch is modelled with it.
type half[T lion.BF16 | lion.F16] struct {
	round func(float32) T
	step  func(s lion.Stepper, param, grad, momentum []T) error
	value func(T) float32
}

// lionPytorch is a step as it stores 16 bits: each operation of the script computes
// in float32 and rounds its result.
func (h half[T]) lionPytorch(cfg lion.Config, p, g, m T) (param, momentum T) {
	f := func(x float32) float32 { return h.value(h.round(x)) }
	c := f(f(h.value(m)*float32(cfg.Beta1)) + float32(float32(1-cfg.Beta1)*h.value(g)))
	w := f(h.value(p) * float32(1-float64(cfg.LR*cfg.WeightDecay)))
	w -= float32(float32(cfg.LR) * goldenSign(c))
	next := f(h.value(m)*float32(cfg.Beta2)) + float32(float32(1-cfg.Beta2)*h.value(g))
	return h.round(w), h.round(next)
}

// differing are the shares of weights and momenta, in percent, that differ from
// lion-pytorch's after one step, of normally distributed numbers.
func (h half[T]) differing(t *testing.T, lr, weightDecay float64) (param, momentum float64) {
	const n = 1 << 17
	cfg := lion.Config{LR: lr, Beta1: 0.9, Beta2: 0.99, WeightDecay: weightDecay}
	s, err := lion.New(cfg)
	require.NoError(t, err)
	r := rand.New(rand.NewSource(1))
	var ps, gs, ms []T
	for range n {
		ps, gs, ms = append(ps, h.round(float32(r.NormFloat64()))), append(gs, h.round(float32(r.NormFloat64()))), append(ms, h.round(float32(0.3*r.NormFloat64())))
	}
	wantP, wantM := make([]T, n), make([]T, n)
	for i := range ps {
		wantP[i], wantM[i] = h.lionPytorch(cfg, ps[i], gs[i], ms[i])
	}
	require.NoError(t, h.step(s, ps, gs, ms))
	for i := range ps {
		if ps[i] != wantP[i] {
			param++
		}
		if ms[i] != wantM[i] {
			momentum++
		}
	}
	return 100 * param / n, 100 * momentum / n
}

// TestAgreement16 holds docs/agreement.md to the model.
func TestAgreement16(t *testing.T) {
	bf16 := half[lion.BF16]{lion.ToBF16, lion.Stepper.StepBF16, lion.BF16.Float32}
	f16 := half[lion.F16]{lion.ToF16, lion.Stepper.StepF16, lion.F16.Float32}
	for _, c := range []struct{ lr, weightDecay, bf16, f16 float64 }{
		{1e-4, 0, 0, 0},
		{1e-4, 0.1, 0, 0},
		{1e-3, 0.1, 9, 5},
		{1e-3, 1, 11, 11},
		{1e-2, 0.1, 22, 25},
	} {
		p, m := bf16.differing(t, c.lr, c.weightDecay)
		assert.InDelta(t, c.bf16, p, 0.6, "bf16 %+v", c)
		assert.InDelta(t, 30, m, 0.6)
		p, m = f16.differing(t, c.lr, c.weightDecay)
		assert.InDelta(t, c.f16, p, 0.6, "f16 %+v", c)
		assert.InDelta(t, 27, m, 0.6)
	}
}
