package prove

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

// TestFloat32: what is said of elements in general gives, for float32, what Go does.
func TestFloat32(t *testing.T) {
	same := func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b }
	r := NewRand(1)
	for _, b := range append(Float32.Classes(), randoms(Float32, r, 10000)...) {
		x := float64(math.Float32frombits(uint32(b)))
		assert.True(t, same(x, Float32.Value(b)), "%08x is %g", b, x)
		for _, y := range []float64{x, x * (1 + 0x1p-24), x * (1 - 0x1p-25), x * (1 + 0x1.00001p-24), x + 0x1p-150} {
			want := uint64(math.Float32bits(float32(y)))
			if y != y {
				want = Float32.Canonical()
			}
			assert.Equal(t, want, Float32.Round(y), "%g", y)
		}
	}
	for _, b := range Float64.Classes() {
		assert.True(t, same(math.Float64frombits(b), Float64.Value(b)), "%016x", b)
	}
	assert.Equal(t, [2]int{24, -149}, [2]int{Float32.Digits(), Float32.Least()})
	assert.Equal(t, [2]int{8, -133}, [2]int{BF16.Digits(), BF16.Least()})
	assert.Equal(t, [2]int{11, -24}, [2]int{F16.Digits(), F16.Least()})
	assert.Equal(t, uint64(0x7bff), F16.Round(65519.9))
	assert.Equal(t, uint64(0x7c00), F16.Round(65520))
	assert.Equal(t, uint64(0x7f80), BF16.Round(0x1.ffp127))
}

// TestElements: every kind of element is as it says.
func TestElements(t *testing.T) {
	r := NewRand(2)
	for _, e := range []*Element{Float32, Float64, BF16, F16, LowerHalf} {
		var kinds [3]int // finite, infinite, NaN
		const n = 5000
		random := e.Elements(r, n, (*Element).Random)
		for i := range n {
			switch b := e.Get(unsafe.Pointer(&random[0]), i); {
			case e.IsNaN(b):
				kinds[2]++
			case b&^e.Sign() == e.Inf():
				kinds[1]++
			default:
				kinds[0]++
			}
			if e.Raw {
				continue
			}
			x := e.Value(e.Ordinary(r))
			assert.True(t, math.Abs(x) >= 1./16 && math.Abs(x) < 2, "%s: ordinary %g", e.Name, x)
			x = e.Value(e.Finite(r))
			assert.Zero(t, x-x, e.Name)
		}
		assert.True(t, kinds[0] > n/2 && kinds[1] > 0 && (kinds[2] > 0 || e.Raw), "%s: %d", e.Name, kinds)
		for _, b := range e.Signalling() {
			assert.True(t, e.Raw || e.IsNaN(b) && b>>(e.Frac-1)&1 == 0, "%s: %x", e.Name, b)
		}
	}
}

// TestFences: what touches a guard page, or writes to what is read-only, is found.
func TestFences(t *testing.T) {
	if BrokenSignals != "" {
		Skip(t, "%s", BrokenSignals)
	}
	f := NewFences(t, 100)[0]
	for _, atEnd := range []bool{false, true} {
		s := unsafe.Slice((*byte)(f.Place(100, atEnd)), 100)
		assert.NoError(t, Faults(func() { s[0], s[99] = 1, 2 }))
		f.ReadOnly(true)
		assert.NoError(t, Faults(func() { sink = s[99] }))
		assert.Error(t, Faults(func() { s[99] = 1 }))
		f.ReadOnly(false)
	}
	assert.Error(t, Faults(func() { sink = *(*byte)(unsafe.Add(f.Place(100, true), 100)) }))
	assert.Error(t, Faults(func() { sink = *(*byte)(unsafe.Add(f.Place(100, false), -1)) }))
}

var sink byte

func TestMain(m *testing.M) { Main(m) }

// randoms are n random elements.
func randoms(e *Element, r *Rand, n int) []uint64 {
	all := make([]uint64, n)
	for i := range all {
		all[i] = e.Random(r)
	}
	return all
}
