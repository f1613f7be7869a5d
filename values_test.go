package lion

import (
	"fmt"
	"math"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// valueConfigs are settings that drive the arithmetic into its corners.
func valueConfigs() map[string]Config {
	with := func(change func(*Config)) Config {
		cfg := decaying()
		change(&cfg)
		return cfg
	}
	return map[string]Config{
		"usual":           DefaultConfig(),
		"decaying":        decaying(),
		"SignSGD":         with(func(c *Config) { c.Beta1, c.Beta2 = 0, 0 }),
		"Signum":          with(func(c *Config) { c.Beta1, c.Beta2, c.GradScale = 0.9, 0.9, 1 }),
		"halves":          with(func(c *Config) { c.Beta1, c.Beta2, c.GradScale = 0.5, 0.5, 1 }), // m = −g cancels
		"slow":            with(func(c *Config) { c.Beta1, c.Beta2 = 0.999, 1-0x1p-40 }),         // β2 is 1 in float32
		"maximising":      with(func(c *Config) { c.GradScale = -1 }),
		"scaled up":       with(func(c *Config) { c.GradScale, c.Gamma = -1e30, 1e20 }),
		"scaled down":     with(func(c *Config) { c.GradScale, c.Gamma = 0x1p-100, 0 }),
		"LR 0":            with(func(c *Config) { c.LR = 0 }),
		"LR subnormal 32": with(func(c *Config) { c.LR, c.WeightDecay = 1e-42, 1e30 }),
		"LR least 32":     with(func(c *Config) { c.LR, c.Epsilon = 0x1p-149, 0 }),
		"LR large":        with(func(c *Config) { c.LR, c.WeightDecay, c.Kappa = 3e38, 2e-39, 1e30 }),
		"all but decayed": with(func(c *Config) { c.LR, c.WeightDecay = 1, 1-0x1p-20 }),
	}
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

// checkValues compares a subject with generic over all triples of classes, so
// rotated that each comes into every lane when the rotations are all of 64.
func checkValues(impl int, sc *scheme, sub subject, rotations []int) error {
	all := sc.crossed()
	rig := newRig(sc, all.n)
	for _, k := range rotations {
		rig.expect(&sub, sc.rotated(all, k))
		if err := rig.check(&sub, impl, offsets{}); err != nil {
			return fmt.Errorf("rotated by %d: %w", k, err)
		}
	}
	return nil
}

// TestValues crosses the classes of values of param, grad and momentum, under
// each setting, rule and decay.
func TestValues(t *testing.T) {
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		if impl == genericIndex() && !sc.bare() {
			return // what the others are compared with
		}
		k := 0
		for name, cfg := range valueConfigs() {
			if !prove.Whole() && name != "halves" && (!sc.bare() || name != "decaying" && name != "scaled up") {
				continue
			}
			for _, cfg := range sc.variants(cfg, !prove.Whole() || name != "decaying") {
				k++
				assert.NoError(t, checkValues(impl, sc, ruleSubject(cfg), []int{k % 64}), name)
			}
		}
	})
}

// TestValuesInEveryLane does so in every lane, for the bare kernels.
func TestValuesInEveryLane(t *testing.T) {
	lanes := make([]int, 4*16)
	for i := range lanes {
		lanes[i] = i
	}
	if !prove.Whole() {
		lanes = []int{0, 1, 13}
	}
	eachPath(t, func(t *testing.T, impl int, sc *scheme) {
		if impl == genericIndex() {
			return // which has no lanes
		}
		for _, sub := range sc.kernels(decaying()) {
			assert.NoError(t, checkValues(impl, sc, sub, lanes))
		}
	})
}

// TestCancellation is about c = β1·m + (1−β1)·g = 0 where both are not: pairs
// that cancel exactly after their products were rounded, and their neighbours.
func TestCancellation(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		s := stepper(Config{LR: 0.125, Beta1: 0.9, Beta2: 0.99})
		s.impl = uint8(impl)
		t.Run("f32", func(t *testing.T) { checkCancellation(t, s, math.Float32frombits, math.Nextafter32, Stepper.StepF32) })
		t.Run("f64", func(t *testing.T) { checkCancellation(t, s, float64frombits32, math.Nextafter, Stepper.StepF64) })
	})
}

func float64frombits32(b uint32) float64 {
	return float64(math.Float32frombits(b)) * (1 + 0x1p-30*float64(b&0xffff))
}

func checkCancellation[T float](t *testing.T, s Stepper, frombits func(uint32) T, next func(x, y T) T, step func(Stepper, []T, []T, []T) error) {
	r := prove.NewRand(3)
	one := 1.0 // so that 1−0.9 is formed in float64, as the contract has it
	b1, o1 := T(0.9), T(one-0.9)
	var param, grad, momentum, want []T
	found := 0
	for found < 200 {
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
	require.NoError(t, step(s, param, grad, momentum))
	assert.Equal(t, want, param)
}
