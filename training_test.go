package lion_test

import (
	"math/rand"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The figures of docs/training.md and, on 16 bits, of docs/agreement.md.

// momentumAfter is the momentum in each storage after steps by a constant gradient.
func momentumAfter(t *testing.T, beta2, start, grad float64, steps int) (f32, bf16, f16 float64) {
	s, err := lion.New(lion.Config{LR: 1e-4, Beta1: 0.9, Beta2: beta2})
	require.NoError(t, err)
	p32, g32, m32 := []float32{0}, []float32{float32(grad)}, []float32{float32(start)}
	mBF := []lion.BF16{lion.ToBF16(m32[0])}
	pF, gF, mF := []lion.F16{0}, []lion.F16{lion.ToF16(g32[0])}, []lion.F16{lion.ToF16(m32[0])}
	for range steps {
		require.NoError(t, s.StepF32(p32, g32, m32))
		require.NoError(t, s.StepF32M16(p32, g32, mBF))
		require.NoError(t, s.StepF16(pF, gF, mF))
	}
	return float64(m32[0]), float64(mBF[0].Float32()), float64(mF[0].Float32())
}

// TestSlowMomentum: near β2 = 1 a momentum of 16 bits stops before it is there.
func TestSlowMomentum(t *testing.T) {
	for _, c := range []struct {
		beta2, start, grad float64
		steps              int
		f32, bf16, f16     float64
	}{
		{0.99, 1, 0, 1000, 4.3e-05, 7.2e-05, 4.3e-05},
		{0.998, 1, 0, 1000, 0.135, 0.977, 0.140},
		{0.999, 1, 0, 1000, 0.368, 1, 0.377},
		{0.99, 0, 1, 10000, 1, 0.805, 0.976},
		{0.998, 0, 1, 10000, 1, 0.5, 0.878},
		{0.999, 0, 1, 10000, 1, 0.25, 0.756},
	} {
		f32, bf16, f16 := momentumAfter(t, c.beta2, c.start, c.grad, c.steps)
		assert.InEpsilon(t, c.f32, f32, 0.01, "%+v", c)
		assert.InEpsilon(t, c.bf16, bf16, 0.01, "%+v", c)
		assert.InEpsilon(t, c.f16, f16, 0.01, "%+v", c)
	}
}

// TestStuckMomentum: without gradients a momentum fades to a few dozen of the
// smallest subnormal number and no further, since rounding gives back what β2 takes.
// Its sign moves the weight for ever.
func TestStuckMomentum(t *testing.T) {
	s, err := lion.New(lion.Config{LR: 1e-4, Beta1: 0.9, Beta2: 0.99})
	require.NoError(t, err)
	p, g, m := []float32{0}, []float32{0}, []float32{1}
	for range 9_877 {
		require.NoError(t, s.StepF32(p, g, m))
	}
	assert.Equal(t, float32(50*0x1p-149), m[0], "7e-44")
	before := p[0]
	for range 1_000 {
		require.NoError(t, s.StepF32(p, g, m))
	}
	assert.Equal(t, float32(50*0x1p-149), m[0])
	assert.InDelta(t, -0.1, p[0]-before, 1e-4)
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
