package train

import "math"

// exp returns e^x for x ≤ 0, with a relative error near 1e-16.
//
// It stands in for math.Exp, which is assembly on some architectures and
// whose Go version the compiler may fuse into multiply-adds on others: its
// last bit differs, and with it every parameter of a network trained with it.
// Here each product is converted, so that each operation rounds once, the
// same way everywhere.
func exp(x float64) float64 {
	const (
		log2e = 1.44269504088896338700e+00
		ln2hi = 6.93147180369123816490e-01 // the upper bits of ln 2: k·ln2hi is exact
		ln2lo = 1.90821492927058770002e-10
	)
	if x < -700 {
		return 0 // a probability below 1e-304
	}
	k := math.Floor(float64(x*log2e) + 0.5)
	r := (x - float64(k*ln2hi)) - float64(k*ln2lo)
	// Taylor's series of degree 13: for |r| ≤ ln 2 / 2 the rest is below 5e-18.
	sum := 1.0
	for n := 13.0; n >= 1; n-- {
		sum = 1 + float64(sum*r)/n
	}
	return math.Ldexp(sum, int(k))
}
