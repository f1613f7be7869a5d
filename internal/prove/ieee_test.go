package prove

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestArithmetic compares the operations with the processor's, on operands whose results
// are of all kinds.
func TestArithmetic(t *testing.T) {
	t.Run("f32", func(t *testing.T) { checkArithmetic[float32](t, IEEE32, Float32) })
	t.Run("f64", func(t *testing.T) { checkArithmetic[float64](t, IEEE64, Float64) })
}

func checkArithmetic[T float32 | float64](t *testing.T, f IEEE, e *Element) {
	r := NewRand(11)
	n := 20000
	if !Whole() {
		n = 2000
	}
	for range n {
		x, y := fromBits[T](e.Random(r)), fromBits[T](e.Random(r))
		if r.Next()%4 == 0 { // close enough to cancel
			y = -x * fromBits[T](e.One()+r.Next()%3)
		}
		a, b := float64(x), float64(y)
		for _, c := range []struct {
			name      string
			want, got float64
		}{
			{"×", float64(T(x * y)), f.Mul(a, b)},
			{"+", float64(x + y), f.Add(a, b)},
			{"−", float64(x - y), f.Sub(a, b)},
			{"/", float64(x / y), f.Div(a, b)},
			{"√", float64(T(math.Sqrt(a))), f.Sqrt(a)},
			{"rounded", float64(T(float32(a))), IEEE32.Constant(a)},
		} {
			if math.Float64bits(c.want) != math.Float64bits(c.got) && !(isNaN(c.want) && isNaN(c.got)) {
				t.Fatalf("%v %s %v = %v, the processor has %v", x, c.name, y, c.got, c.want)
			}
		}
	}
}

func fromBits[T float32 | float64](b uint64) T {
	if unsafe.Sizeof(T(0)) == 4 {
		return T(math.Float32frombits(uint32(b)))
	}
	return T(math.Float64frombits(b))
}

// TestArithmeticByHand: the cases that matter most.
func TestArithmeticByHand(t *testing.T) {
	half := func(f IEEE) float64 { return math.Ldexp(1, f.least) }
	assert.Equal(t, 0.0, IEEE64.Mul(half(IEEE64), 0.5), "a tie goes to even")
	assert.Equal(t, 2*half(IEEE64), IEEE64.Mul(3*half(IEEE64), 0.5), "and up")
	assert.Equal(t, half(IEEE32), IEEE32.Mul(half(IEEE32), 0.75))
	assert.Equal(t, math.Inf(1), IEEE32.Add(math.MaxFloat32, 0x1p103))
	assert.Equal(t, math.MaxFloat32, IEEE32.Add(math.MaxFloat32, 0x1p102))
	assert.Equal(t, 1.0, IEEE32.Add(1, 0x1p-24))
	assert.Equal(t, 1+0x1p-23, IEEE32.Add(1, 0x1.000002p-24))
	assert.True(t, math.Signbit(IEEE32.Mul(-0x1p-100, 0x1p-100)), "−0 keeps its sign")
	assert.False(t, math.Signbit(IEEE32.Sub(1, 1)))
	assert.True(t, math.Signbit(IEEE32.Add(neg(0), neg(0))))
	require.Equal(t, 3.0, IEEE64.Sqrt(9))
}
