package stats

import (
	"math"
	"math/big"
	"sync"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// The specification is right: described, what all implementations are compared with, is
// the documentation of lion.GradStats in float64; exactly is a second reading of it,
// which knows no rounding but that of an exact number.

// elements are the formats as bits, which know nothing of how this package widens.
var elements = [numElements]*prove.Element{F32: prove.Float32, F64: prove.Float64, BF16: prove.BF16, F16: prove.F16}

// described is what the documentation says of n elements, the first of which begins a
// block.
func described(e Element, grad unsafe.Pointer, n int) (s Summary) {
	var blocks []float64
	for lo := 0; lo < n; lo += Block {
		var lanes [16]float64
		for i := lo; i < min(n, lo+Block); i++ {
			switch x := math.Abs(value(e, grad, i)); {
			case math.IsNaN(x):
				s.NaNs++
			case math.IsInf(x, 0):
				s.Infs++
			default:
				lanes[(i-lo)%16] += float64(x * x)
				s.MaxAbs = max(s.MaxAbs, x)
			}
		}
		for half := 8; half > 0; half /= 2 {
			for i := range half {
				lanes[i] += lanes[half+i]
			}
		}
		blocks = append(blocks, lanes[0])
	}
	if len(blocks) > 0 {
		s.SumSquares = treeSum(blocks)
	}
	return s
}

// value is element i as float64.
func value(e Element, grad unsafe.Pointer, i int) float64 {
	b := elements[e].Get(grad, i)
	switch e {
	case F32:
		return float64(math.Float32frombits(uint32(b)))
	case F64:
		return math.Float64frombits(b)
	}
	return values16()[e-BF16][b]
}

// values16 are those of all 16-bit numbers, by the formats' definitions.
var values16 = sync.OnceValue(func() *[2][1 << 16]float64 {
	var all [2][1 << 16]float64
	for b := range uint64(1 << 16) {
		all[0][b], all[1][b] = prove.BF16.Value(b), prove.F16.Value(b)
	}
	return &all
})

// treeSum adds the leaves of a binary tree whose left half is as large as may be.
func treeSum(leaves []float64) float64 {
	if len(leaves) == 1 {
		return leaves[0]
	}
	left := 1
	for 2*left < len(leaves) {
		left *= 2
	}
	return treeSum(leaves[:left]) + treeSum(leaves[left:])
}

// exactly is described once more, step by step as the documentation has it: each square
// and each sum is an exact number, which is then rounded to float64.
func exactly(e Element, grad unsafe.Pointer, n int) (s Summary) {
	number := func(x float64) *big.Float { return new(big.Float).SetPrec(4096).SetFloat64(x) }
	round := func(x *big.Float) float64 { r, _ := x.Float64(); return r }
	add := func(a, b float64) float64 { return round(new(big.Float).Add(number(a), number(b))) }
	blocks := make([]float64, (n+Block-1)/Block)
	for b := range blocks {
		sums := make([]float64, 16)
		for i := b * Block; i < min(n, (b+1)*Block); i++ {
			x := value(e, grad, i)
			if x != x {
				s.NaNs++
			} else if x > math.MaxFloat64 || x < -math.MaxFloat64 {
				s.Infs++
			} else {
				sums[i%16] = add(sums[i%16], round(new(big.Float).Mul(number(x), number(x))))
				s.MaxAbs = max(s.MaxAbs, x, -x)
			}
		}
		for _, apart := range []int{8, 4, 2, 1} {
			for j := range apart {
				sums[j] = add(sums[j], sums[j+apart])
			}
		}
		blocks[b] = sums[0]
	}
	// Neighbours of 2^k blocks, of which the first begins at a multiple of 2^(k+1).
	full := func(first, k int) float64 {
		level := append([]float64{}, blocks[first:first+1<<k]...)
		for ; len(level) > 1; level = level[:len(level)/2] {
			for i := range len(level) / 2 {
				level[i] = add(level[2*i], level[2*i+1])
			}
		}
		return level[0]
	}
	var left []float64 // for each bit of the number of blocks, the largest first
	for k, first := 62, 0; k >= 0; k-- {
		if len(blocks)>>k&1 == 1 {
			left = append(left, full(first, k))
			first += 1 << k
		}
	}
	for i := len(left) - 1; i >= 0; i-- {
		if i == len(left)-1 {
			s.SumSquares = left[i]
		} else {
			s.SumSquares = add(left[i], s.SumSquares)
		}
	}
	return s
}

// same compares statistics by their bits.
func same(a, b Summary) bool {
	return math.Float64bits(a.SumSquares) == math.Float64bits(b.SumSquares) && math.Float64bits(a.MaxAbs) == math.Float64bits(b.MaxAbs) &&
		a.NaNs == b.NaNs && a.Infs == b.Infs
}

// TestDescription: the two readings of the documentation agree, to the bit.
func TestDescription(t *testing.T) {
	lengths := []int{0, 1, 15, 16, 17, 100, Block - 1, Block, Block + 1, 3*Block + 100}
	if !testing.Short() {
		lengths = append(lengths, 7*Block, 11*Block+5)
	}
	for e := range numElements {
		for i, f := range []func(*prove.Element, *prove.Rand) uint64{(*prove.Element).Ordinary, (*prove.Element).Random, (*prove.Element).Finite} {
			for _, n := range lengths {
				content := elements[e].Elements(prove.NewRand(uint64(n+i)), n+1, f)
				p := unsafe.Pointer(&content[0])
				want, got := exactly(e, p, n), described(e, p, n)
				assert.True(t, same(want, got), "%s n=%d: %+v, want %+v", elements[e].Name, n, got, want)
			}
		}
	}
}

// TestNearExact: the sum is about the sum, whatever its order.
func TestNearExact(t *testing.T) {
	r := prove.NewRand(3)
	for _, n := range []int{0, 1, 15, 16, 17, 511, 4095, 4096, 4097, 40961} {
		grad := make([]float32, n+1)
		exact := new(big.Float).SetPrec(400)
		for i := range n {
			grad[i] = float32(math.Ldexp(float64(r.Next()>>40), int(r.Next()>>58)-40))
			x := new(big.Float).SetPrec(400).SetFloat64(float64(grad[i]))
			exact.Add(exact, x.Mul(x, x))
		}
		want, _ := exact.Float64()
		got := described(F32, unsafe.Pointer(&grad[0]), n).SumSquares
		assert.InEpsilon(t, want+1, got+1, 1e-14, n)
	}
}

// TestTree: the documentation's example of 11 blocks.
func TestTree(t *testing.T) {
	content := prove.Float32.Elements(prove.NewRand(5), 11*Block, (*prove.Element).Ordinary)
	at := func(i int) unsafe.Pointer { return unsafe.Pointer(&content[4*i*Block]) }
	var b [11]float64
	for i := range b {
		b[i] = described(F32, at(i), Block).SumSquares
	}
	want := (((b[0] + b[1]) + (b[2] + b[3])) + ((b[4] + b[5]) + (b[6] + b[7]))) + ((b[8] + b[9]) + b[10])
	assert.Equal(t, want, described(F32, at(0), 11*Block).SumSquares)
}
