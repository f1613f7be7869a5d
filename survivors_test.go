package lion

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Tests for what a mutation run (asm/mutate) found the others not to notice.

// tableEntry is a constant in assembly: its offset, its size and its bits.
var tableEntry = regexp.MustCompile(`(?m)^DATA tanh<>\+(\d+)\(SB\)/(\d), \$(0x[0-9a-f]+)`)

// checkConstants compares tanh's table in the text of an assembly source with what
// kernel_generic.go derives; an element of it is size bytes.
func checkConstants[T float](text string, c *tanhConst[T], bias uint64) error {
	size := int(unsafe.Sizeof(T(0)))
	bitsOf := func(x T) uint64 {
		if size == 4 {
			return uint64(math.Float32bits(float32(x)))
		}
		return math.Float64bits(float64(x))
	}
	want := []uint64{bitsOf(c.bound), bitsOf(c.log2e), bitsOf(c.magic), bitsOf(c.ln2hi), bitsOf(c.ln2lo), bitsOf(2), bias}
	for _, q := range c.q[:c.n] {
		want = append(want, bitsOf(q))
	}
	entries := tableEntry.FindAllStringSubmatch(text, -1)
	if len(entries) != len(want) {
		return fmt.Errorf("%d entries, want %d", len(entries), len(want))
	}
	for i, e := range entries {
		if bits, err := strconv.ParseUint(e[3], 0, 64); err != nil || e[1] != strconv.Itoa(i*size) || e[2] != strconv.Itoa(size) || bits != want[i] {
			return fmt.Errorf("%s: want %#x at %d", e[0], want[i], i*size)
		}
	}
	return nil
}

// TestTables: the last bits of tanh's coefficients change a result so seldom
// that comparing results is not enough. NEON reads kernel_generic.go's own table.
func TestTables(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(b)
	}
	single, double := read("kernel_amd64.s"), read("kernel_f64_amd64.s")
	assert.NoError(t, checkConstants(single, &tanh32, 127))
	assert.NoError(t, checkConstants(double, &tanh64, 1023))
	other := tanh64
	other.q[3] = math.Nextafter(other.q[3], 1)
	assert.Error(t, checkConstants(double, &other, 1023), "the last bit of a coefficient goes unseen")
	assert.Error(t, checkConstants(single, &tanh32, 126))
}

// checkTanh compares tanh, as the rule Smooth takes it of the gradient alone,
// with generic.
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

func TestTanh(t *testing.T) {
	eachImplementation(t, func(t *testing.T, impl int) {
		assert.NoError(t, checkTanh(impl, Stepper.StepF32, tanhInputs(&tanh32, math.Nextafter32)))
		assert.NoError(t, checkTanh(impl, Stepper.StepF64, tanhInputs(&tanh64, math.Nextafter)))
	})
}
