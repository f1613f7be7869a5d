package prove

import (
	"math"
	"math/big"
)

// IEEE is a binary format, whose operations are evaluated with math/big: each exactly, then
// rounded once, as IEEE 754 has it. They run on no floating-point unit: numbers travel as
// float64, which holds either format, but are only taken apart and put together.
type IEEE struct {
	Prec  int // bits of the significand
	least int // the exponent of the smallest subnormal number
	limit int // no finite number reaches 2^limit
}

// Float32 and float64.
var (
	IEEE32 = IEEE{24, -149, 128}
	IEEE64 = IEEE{53, -1074, 1024}
)

// ample is enough precision for any sum or product of two float64 to be exact.
const ample = 2200

// Round rounds x to nearest, ties to even, with subnormals and overflow.
func (f IEEE) Round(x *big.Float) float64 {
	if x.Sign() == 0 {
		return zeroOf(x.Signbit())
	}
	ulp := max(x.MantExp(nil)-f.Prec, f.least)
	scaled := new(big.Float).SetMantExp(x, -ulp) // x in units of ulp
	whole, _ := scaled.Int(nil)
	rest := new(big.Float).SetPrec(ample).Sub(scaled, new(big.Float).SetPrec(ample).SetInt(whole))
	up := rest.Abs(rest).Cmp(big.NewFloat(0.5))
	whole.Abs(whole)
	if up > 0 || up == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	switch {
	case whole.Sign() == 0:
		return zeroOf(x.Signbit())
	case whole.BitLen()+ulp > f.limit:
		return math.Inf(x.Sign())
	}
	y := math.Ldexp(float64(whole.Int64()), ulp) // exact: at most 53 bits, in range
	return math.Copysign(y, float64(x.Sign()))
}

func zeroOf(negative bool) float64 {
	if negative {
		return math.Copysign(0, -1)
	}
	return 0
}

func infinityOf(negative bool) float64 {
	if negative {
		return math.Inf(-1)
	}
	return math.Inf(1)
}

func isNaN(x float64) bool { return math.IsNaN(x) }
func isInf(x float64) bool { return math.IsInf(x, 0) }

// Exact is x with enough digits for any sum or product of two float64.
func Exact(x float64) *big.Float { return new(big.Float).SetPrec(ample).SetFloat64(x) }

// Constant rounds a float64 to the format.
func (f IEEE) Constant(x float64) float64 {
	if isInf(x) || isNaN(x) {
		return x
	}
	return f.Round(Exact(x))
}

// Mul is the product.
func (f IEEE) Mul(x, y float64) float64 {
	negative := math.Signbit(x) != math.Signbit(y)
	switch {
	case isNaN(x) || isNaN(y):
		return math.NaN()
	case isInf(x) || isInf(y):
		if x == 0 || y == 0 {
			return math.NaN()
		}
		return infinityOf(negative)
	case x == 0 || y == 0:
		return zeroOf(negative)
	}
	return f.Round(new(big.Float).SetPrec(ample).Mul(Exact(x), Exact(y)))
}

// Add is the sum.
func (f IEEE) Add(x, y float64) float64 {
	switch {
	case isNaN(x) || isNaN(y):
		return math.NaN()
	case isInf(x) && isInf(y) && math.Signbit(x) != math.Signbit(y):
		return math.NaN()
	case isInf(x):
		return x
	case isInf(y):
		return y
	case x == 0 && y == 0:
		return zeroOf(math.Signbit(x) && math.Signbit(y))
	}
	sum := new(big.Float).SetPrec(ample).Add(Exact(x), Exact(y))
	if sum.Sign() == 0 { // of numbers that cancel
		return 0
	}
	return f.Round(sum)
}

// Sub is the difference.
func (f IEEE) Sub(x, y float64) float64 { return f.Add(x, neg(y)) }

func neg(x float64) float64 { return math.Copysign(x, -math.Copysign(1, x)) }

// Div is the quotient.
func (f IEEE) Div(x, y float64) float64 {
	negative := math.Signbit(x) != math.Signbit(y)
	switch {
	case isNaN(x) || isNaN(y) || isInf(x) && isInf(y) || x == 0 && y == 0:
		return math.NaN()
	case isInf(x) || y == 0:
		return infinityOf(negative)
	case isInf(y) || x == 0:
		return zeroOf(negative)
	}
	q := new(big.Float).SetPrec(200).SetMode(big.ToZero).Quo(Exact(x), Exact(y))
	if q.Acc() != big.Exact {
		q = sticky(q)
	}
	return f.Round(q)
}

// Sqrt is the square root of x.
func (f IEEE) Sqrt(x float64) float64 {
	switch {
	case isNaN(x) || x < 0:
		return math.NaN()
	case isInf(x) || x == 0:
		return x
	}
	// The integer root of x·2²ᵏ, cut off.
	m := new(big.Int)
	e := Exact(x).MantExp(nil) - 53
	new(big.Float).SetMantExp(Exact(x), -e).Int(m) // x = m·2^e
	shift := 300
	if (e-shift)%2 != 0 {
		shift++
	}
	m.Lsh(m, uint(shift))
	root := new(big.Int).Sqrt(m)
	r := new(big.Float).SetPrec(ample).SetInt(root)
	r.SetMantExp(r, (e-shift)/2)
	if new(big.Int).Mul(root, root).Cmp(m) == 0 {
		return f.Round(r)
	}
	return f.Round(sticky(r.SetPrec(uint(root.BitLen()))))
}

// sticky appends a one to a number that was cut off: it then rounds as the whole
// would.
func sticky(x *big.Float) *big.Float {
	tail := new(big.Float).SetMantExp(Exact(0.5), x.MantExp(nil)-int(x.Prec()))
	if x.Signbit() {
		tail.Neg(tail)
	}
	return tail.Add(tail, x)
}
