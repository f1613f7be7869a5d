package stats

import (
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tests see faults, and the table is what it says.

// outside is read and written by faults.
var outside float64

// TestPropertiesSee plants a fault in a kernel of plain Go, and names a property that
// must see it.
func TestPropertiesSee(t *testing.T) {
	element := func(p unsafe.Pointer, i int) *float64 { return (*float64)(unsafe.Add(p, 8*i)) }
	for _, c := range []struct {
		name, sees string
		e          Element
		spoil      func(b *block, grad unsafe.Pointer, n int)
	}{
		{"nothing", "", F64, func(*block, unsafe.Pointer, int) {}},
		{"a sum", "briefly", F64, func(b *block, _ unsafe.Pointer, _ int) { b.sums[11] *= 1 + 0x1p-52 }},
		{"a sum", "lengths", F64, func(b *block, _ unsafe.Pointer, _ int) { b.sums[11] *= 1 + 0x1p-52 }},
		{"two sums swapped", "lengths", F64, func(b *block, _ unsafe.Pointer, _ int) { b.sums[0], b.sums[1] = b.sums[1], b.sums[0] }},
		{"the maximum", "lengths", F64, func(b *block, _ unsafe.Pointer, _ int) { b.maxAbs *= 1 + 0x1p-52 }},
		{"a NaN too many", "lengths", F64, func(b *block, _ unsafe.Pointer, _ int) { b.nans++ }},
		{"an infinity too many", "lengths", F64, func(b *block, _ unsafe.Pointer, _ int) { b.infs++ }},
		{"only where it isn't aligned", "lengths", F64, func(b *block, p unsafe.Pointer, _ int) {
			if uintptr(p)%64 == 8 {
				b.sums[0]++
			}
		}},
		{"only of a whole block", "lengths", F64, func(b *block, _ unsafe.Pointer, n int) {
			if n == Block {
				b.sums[0]++
			}
		}},
		{"the gradient is written", "guardPages", F64, func(_ *block, p unsafe.Pointer, _ int) { *element(p, 3) = 1 }},
		{"what lies before it is", "lengths", F64, func(_ *block, p unsafe.Pointer, _ int) { *element(p, -1) = 1 }},
		{"too much is read", "guardPages", F64, func(_ *block, p unsafe.Pointer, n int) { outside += *element(p, n) }},
		{"too early", "guardPages", F64, func(_ *block, p unsafe.Pointer, _ int) { outside += *element(p, -1) }},
		{"an infinity is lost in one lane", "lanes", F64, func(b *block, p unsafe.Pointer, n int) {
			if n > 37 && math.IsInf(*element(p, 37), 0) {
				b.sums[0] = 0
			}
		}},
		{"a NaN is taken for a 0", "special", F64, func(b *block, p unsafe.Pointer, n int) {
			for i := range 16 {
				if math.IsNaN(b.sums[i]) {
					b.sums[i] = 0
				}
			}
		}},
		{"a number is taken for its neighbour", "alone", BF16, func(b *block, p unsafe.Pointer, n int) {
			if *(*uint16)(p) == 0x3f1c {
				b.maxAbs = 0
			}
		}},
		{"an overflow is cut off", "extremes", F64, func(b *block, p unsafe.Pointer, n int) {
			for i := range b.sums {
				b.sums[i] = min(b.sums[i], math.MaxFloat64)
			}
		}},
		{"an underflow hides the largest", "extremes", F64, func(b *block, p unsafe.Pointer, n int) {
			b.maxAbs = math.Sqrt(b.maxAbs * b.maxAbs)
		}},
		{"plain Go has to do it", "finishes", F64, func(b *block, p unsafe.Pointer, n int) { b.sums[3] = math.Inf(1) }},
	} {
		faulty := &Implementation{Name: "faulty"}
		faulty.kernels[c.e] = func(b *block, grad unsafe.Pointer, n, _ int) {
			b.sum(c.e, grad, n)
			if b.nans+b.infs > 0 { // as kernels have it
				b.sums[0] = math.NaN()
			}
			c.spoil(b, grad, n)
		}
		t.Run(c.name+"/"+c.sees, func(t *testing.T) {
			if c.sees == "guardPages" && prove.BrokenSignals != "" {
				prove.Skip(t, "%s", prove.BrokenSignals)
			}
			for _, p := range properties {
				if c.sees == p.name {
					assert.Error(t, p.check(t, faulty, c.e), "%s: %s", p.name, c.name)
				} else if c.sees == "" {
					assert.NoError(t, p.check(t, faulty, c.e), p.name)
				}
			}
		})
	}
}

// misplaced says which kernels of an implementation are not of its name, or what it borrows.
func misplaced(im *Implementation) (out []string) {
	for e, k := range im.kernels {
		want := borrowed(im)[Element(e)]
		if want == "" {
			want = "stats" + strings.ToUpper(elements[e].Name+im.Name)
		}
		f := runtime.FuncForPC(reflect.ValueOf(k).Pointer())
		if f == nil || !strings.HasSuffix(f.Name(), "/stats."+want) {
			out = append(out, want)
		}
	}
	return out
}

// TestTable: what all other tests would pass without. Plain Go in a kernel's place gives
// the same bits, later.
func TestTable(t *testing.T) {
	last := len(Implementations) - 1
	seen := map[string]bool{}
	for i, im := range Implementations {
		assert.False(t, seen[im.Name], "%s stands twice", im.Name)
		seen[im.Name] = true
		assert.Same(t, im, Named(im.Name))
		assert.Equal(t, i == last, im.Name == "generic")
		if i == last {
			assert.Len(t, misplaced(im), int(numElements), "generic has no kernels")
			continue
		}
		require.Empty(t, misplaced(im), im.Name)
		for e := range numElements {
			spoilt := *im
			spoilt.kernels[e] = nil
			assert.Len(t, misplaced(&spoilt), 1)
			spoilt = *im
			spoilt.kernels[e], spoilt.kernels[(e+1)%numElements] = im.kernels[(e+1)%numElements], im.kernels[e]
			assert.Len(t, misplaced(&spoilt), 2)
			spoilt.kernels = Implementations[last].kernels
			assert.Len(t, misplaced(&spoilt), int(numElements))
			if other := Implementations[(i+1)%last]; other != im {
				spoilt.kernels = other.kernels
				assert.NotEmpty(t, misplaced(&spoilt))
			}
		}
	}
	assert.Nil(t, Named("mmx"))
}
