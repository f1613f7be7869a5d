package verify

import (
	"math"

	"github.com/lionkernel/lion"
)

// restatedName is what the report calls restated.
const restatedName = "restated"

// restated are the package's functions written anew from their documentation,
// by arithmetic on numbers where the package works on bits.
var restated = functions{
	narrowBF16: oneByOne(restatedToBF16),
	narrowF16:  oneByOne(restatedToF16),
	widenBF16:  oneByOne(restatedFromBF16),
	widenF16:   oneByOne(restatedFromF16),
	toBF16:     oneByOne(restatedToBF16),
	toF16:      oneByOne(restatedToF16),
	fromBF16:   oneByOne(restatedFromBF16),
	fromF16:    oneByOne(restatedFromF16),
	kahan: func(param, compensation []lion.BF16, weight []float32) error {
		for i, w := range weight {
			param[i] = restatedToBF16(w)
			rest := float64(w) - layoutBF16.decode(uint64(param[i])) // exact
			if rest != rest || math.IsInf(rest, 0) {
				rest = 0
			}
			compensation[i] = lion.BF16(layoutBF16.encode(rest))
		}
		return nil
	},
	split: func(hi []lion.BF16, lo []uint16, weight []float32) error {
		for i, w := range weight {
			b := math.Float32bits(w)
			hi[i], lo[i] = lion.BF16((b+0x8000)>>16), uint16(b)
		}
		return nil
	},
	join: func(weight []float32, hi []lion.BF16, lo []uint16) error {
		for i, h := range hi {
			weight[i] = math.Float32frombits(uint32(h)<<16 + uint32(int16(lo[i])))
		}
		return nil
	},
	statsF32:  statsOf(func(x float32) float64 { return float64(x) }),
	statsF64:  statsOf(func(x float64) float64 { return x }),
	statsBF16: statsOf(func(x lion.BF16) float64 { return layoutBF16.decode(uint64(x)) }),
	statsF16:  statsOf(func(x lion.F16) float64 { return layoutF16.decode(uint64(x)) }),
}

func restatedToBF16(x float32) lion.BF16 { return lion.BF16(layoutBF16.encode(float64(x))) }
func restatedToF16(x float32) lion.F16   { return lion.F16(layoutF16.encode(float64(x))) }

func restatedFromBF16(x lion.BF16) float32 { return math.Float32frombits(uint32(x) << 16) }

func restatedFromF16(x lion.F16) float32 {
	if v := layoutF16.decode(uint64(x)); v == v {
		return float32(v)
	}
	// A NaN stays quiet, its sign and payload kept.
	return math.Float32frombits(uint32(x&0x8000)<<16 | 0x7fc00000 | uint32(x&0x3ff)<<13)
}

// encode rounds x to nearest, ties to even; every NaN becomes the quiet one
// without sign or payload.
func (l layout) encode(x float64) uint64 {
	var sign uint64
	if math.Signbit(x) {
		sign = l.signBit()
	}
	switch {
	case x != x:
		return l.inf() | 1<<(l.mantissa-1)
	case x == 0:
		return sign
	case math.IsInf(x, 0):
		return sign | l.inf()
	}
	_, e := math.Frexp(x)
	lowest := 1 - int(l.bias())
	e = max(e-1, lowest) // subnormals count in the unit of the smallest normal
	units := uint64(math.RoundToEven(math.Ldexp(math.Abs(x), int(l.mantissa)-e)))
	return sign | min(uint64(e-lowest)<<l.mantissa+units, l.inf())
}

// decode is the number whose bits are b.
func (l layout) decode(b uint64) float64 {
	exponent, fraction := b&^l.signBit()>>l.mantissa, b&(1<<l.mantissa-1)
	x := math.Inf(1)
	switch {
	case exponent == l.inf()>>l.mantissa && fraction != 0:
		return math.NaN()
	case exponent == 0:
		x = math.Ldexp(float64(fraction), 1-int(l.bias()+uint64(l.mantissa)))
	case exponent < l.inf()>>l.mantissa:
		x = math.Ldexp(float64(1<<l.mantissa|fraction), int(exponent)-int(l.bias())-int(l.mantissa))
	}
	if b&l.signBit() != 0 {
		return -x
	}
	return x
}

// statsOf is GradStats over numbers that value gives. A split doesn't matter.
func statsOf[T lion.Gradient](value func(T) float64) func([]T, []int) (lion.Stats, error) {
	return func(grad []T, _ []int) (s lion.Stats, _ error) {
		var blocks []float64
		var sums [16]float64
		for i, g := range grad {
			switch x := math.Abs(value(g)); {
			case x != x:
				s.NaNs++
			case math.IsInf(x, 1):
				s.Infs++
			default:
				sums[i%16] += float64(x * x)
				s.MaxAbs = max(s.MaxAbs, x)
			}
			if i%lion.StatsBlock == lion.StatsBlock-1 || i == len(grad)-1 {
				blocks = append(blocks, folded(sums[:]))
				sums = [16]float64{}
			}
		}
		s.SumSquares = treeSum(blocks)
		return s, nil
	}
}

// folded adds the halves of x to each other until one number is left.
func folded(x []float64) float64 {
	for n := len(x) / 2; n > 0; n /= 2 {
		for i := range n {
			x[i] += x[i+n]
		}
	}
	return x[0]
}

// treeSum adds x as a binary tree does whose left subtrees are full.
func treeSum(x []float64) float64 {
	switch len(x) {
	case 0:
		return 0
	case 1:
		return x[0]
	}
	left := 1
	for 2*left < len(x) {
		left *= 2
	}
	return treeSum(x[:left]) + treeSum(x[left:])
}
