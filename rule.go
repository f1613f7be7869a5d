package lion

import "fmt"

// Rule is one of the update rules that go by the name of Lion. In the formulas
// g is the gradient times GradScale, m the momentum before the step, m' after
// it, and η, λ, β1, β2 the Config's LR, WeightDecay, Beta1, Beta2. Weight decay
// is left out: Decay says where it goes. The package's documentation has each
// operation in its order, and the constants.
//
// Signum (Bernstein et al., arXiv 1802.04434) is Paper with Beta1 = Beta2, and
// SignSGD is Paper with both zero.
type Rule uint8

const (
	// Paper: p ← p − η·sign(β1·m + (1−β1)·g); m' = β2·m + (1−β2)·g.
	// arXiv 2302.06675, Algorithm 2.
	Paper Rule = iota

	// MomentumFirst: m' = β1·m + (1−β1)·g; p ← p − η·sign(β2·m' + (1−β2)·g).
	// In exact arithmetic it is Paper with coefficients (β1·β2, β1). Found in
	// tutorials whose listing updates the momentum first.
	MomentumFirst

	// BiasCorrected: m' = β1·m + (1−β1)·g; n = γ·|g| + (1−β2)·|sign(g)|;
	// p ← p − η·(m̂/d) with m̂ = m'/(1−β1ᵗ) and d = √(n/(1−β2ᵗ)) + ε. The quotient
	// comes before η. It needs Stepper.At(t).
	//
	// The text that defines it writes n = γ·sign(g)·√(g²) + (1−β2)·sign(g), whose
	// root has no value for a negative gradient; the n here is its magnitude, which
	// gives the same root wherever there is one. √(g²) is |g|, computed
	// without the square, which could overflow. Where the gradient is zero n is
	// zero too and the step is η·(m̂/ε): with ε = 1e-8 that is 10⁸ times the
	// momentum, so a zero gradient makes the weight jump. That is the rule as
	// written; use it on dense gradients only. GradScale can't be folded into its
	// constants: the gradient is multiplied by it first, and rounded.
	BiasCorrected

	// Cautious: Paper, but the step is zero unless c = β1·m + (1−β1)·g and g are both
	// above zero or both below. Liang et al., arXiv 2411.16085. GradScale gives g its
	// sign here and nothing else, so that a product can't underflow. With decay
	// Coupled, g is the gradient with the decay in it. CautiousScale can make
	// up for the masked elements.
	Cautious

	// Refined: p ← p − η·u with u = c where |c| < 1, else sign(c). The
	// "refined" mode of optax's scale_by_lion.
	Refined

	// Smooth: p ← p − η·tanh(κ·c). The "smooth" mode of optax's scale_by_lion.
	// The hyperbolic tangent of x is within 3.5 units in the last place, and the same
	// bits on every machine, since it is this sequence of operations, each rounded
	// to the element type:
	//
	//	y = |x| + |x|, or Y if that is more
	//	k = (y·log₂e + M) − M                     an integer
	//	r = (y − k·H) − k·L
	//	q = (…((aₙ·r + aₙ₋₁)·r + aₙ₋₂)·r … + a₁)·r
	//	E = 2ᵏ·q + (2ᵏ − 1)
	//	tanh(x) = E/(E + 2), with the sign of x
	//
	// aᵢ is 1/i!, divided in float64 and rounded to the type, as log₂e and L are.
	//
	//	          Y   n   M         H                L
	//	float32   20  8   1.5·2²³   0x1.62e4p-1      0x1.7f7d1cf79abcap-20
	//	float64   40  14  1.5·2⁵²   0x1.62e42feep-1  0x1.a39ef35793c76p-33
	//
	// Of NaN it is NaN, which makes the weight NaN too.
	Smooth

	numRules
)

var ruleNames = [numRules]string{"paper", "momentum-first", "bias-corrected", "cautious", "refined", "smooth"}

// ruleOps are the kernels of the rules where the decay is a factor on param, or is
// composed around them.
var ruleOps = [numRules]op{opPaper, opMomentumFirst, opBiasCorrected, opCautious, opRefined, opSmooth}

// String returns the rule's name as ParseRule takes it.
func (r Rule) String() string { return name(ruleNames[:], int(r), "Rule") }

// ParseRule returns the rule of that name: paper, momentum-first,
// bias-corrected, cautious, refined or smooth. The error wraps ErrConfig.
func ParseRule(s string) (Rule, error) {
	i, err := parse(ruleNames[:], s, "Rule")
	return Rule(i), err
}

// Decay says where WeightDecay acts. WeightDecay = 0 is no decay with each.
//
//	                formula                        who means it, default λ
//	Decoupled       p·(1−η·λ), then the step       lion-pytorch 0, timm 0, pytorch-optimizer 0, DeepSpeed 0, MLX 0
//	DecoupledPaper  p − η·(u + λ·p), u the step    the paper, optax.lion 1e-3, Google's TensorFlow 0
//	Independent     p·(1−λ), then the step         pytorch-optimizer with fixed_decay, MosaicML (times its schedule)
//	Coupled         g + λ·p before everything      the listings of some tutorials, pytorch-optimizer with weight_decouple off
//
// pytorch-optimizer and MosaicML have no default of their own for the last two.
type Decay uint8

const (
	// Decoupled: p·(1−η·λ), then the step.
	Decoupled Decay = iota
	// DecoupledPaper: p − η·(u + λ·p), where η·u is the step, in that rounding: λ·p
	// first, then the sum, then η. What a CautiousScale makes, f, multiplies u: η·(f·u + λ·p).
	DecoupledPaper
	// Independent: p·(1−λ), then the step; λ is not multiplied by η.
	Independent
	// Coupled: the gradient is g + λ·p before everything, classic L2. With a
	// GradScale s it is g + (λ/s)·p, where λ/s is formed in float64 and rounded
	// once, and s is in the constants as ever: λ is not scaled.
	Coupled

	numDecays
)

var decayNames = [numDecays]string{"decoupled", "decoupled-paper", "independent", "coupled"}

// String returns the decay's name as ParseDecay takes it.
func (d Decay) String() string { return name(decayNames[:], int(d), "Decay") }

// ParseDecay returns the decay of that name: decoupled, decoupled-paper,
// independent or coupled. The error wraps ErrConfig.
func ParseDecay(s string) (Decay, error) {
	i, err := parse(decayNames[:], s, "Decay")
	return Decay(i), err
}

// CautiousScale says what the Cautious rule multiplies its step by. The scales
// but ScaleNone look at the whole tensor, whose elements a first pass counts
// exactly: n elements, k of them with sign(c)·g > 0. The tensor is what one
// call gets; one that is split over calls wants [Stepper.Agreeing] of all parts and
// [Stepper.Counted] before the first. The scale is formed in float64;
// η times it is too, and rounded once to the element type. But where the decay is
// DecoupledPaper, and λ isn't 0, the scale itself is rounded to the element type and
// the step is η·(scale·sign(c) + λ·p), so that the decay isn't scaled.
type CautiousScale uint8

const (
	// ScaleNone: 1.
	ScaleNone CautiousScale = iota
	// ScaleCount: n/(k+1), as in the authors' C-Optim and pytorch-optimizer.
	ScaleCount
	// ScaleMean: 1/max(k/n, 1e-3), as in timm.
	ScaleMean

	numCautiousScales
)

var cautiousScaleNames = [numCautiousScales]string{"none", "count", "mean"}

// String returns the scale's name as ParseCautiousScale takes it.
func (c CautiousScale) String() string { return name(cautiousScaleNames[:], int(c), "CautiousScale") }

// ParseCautiousScale returns the scale of that name: none, count or mean. The error
// wraps ErrConfig.
func ParseCautiousScale(s string) (CautiousScale, error) {
	i, err := parse(cautiousScaleNames[:], s, "CautiousScale")
	return CautiousScale(i), err
}

// Rounding says how StepBF16 and StepF16 round the new weights. Momentum, shadows
// and everything else is rounded to nearest.
type Rounding uint8

const (
	// NearestRounding: to nearest, ties to even.
	NearestRounding Rounding = iota

	// StochasticRounding: to one of the two neighbours at random, the one further
	// from zero with a probability that is the fraction of the way to it, so that the
	// mean is the exact value. What an F16 or BF16 holds exactly stays, zeros with
	// their signs and infinities too; NaN is the canonical one. Between the
	// largest number and the power of two above it, the outer neighbour is
	// infinity: a weight of 65520 becomes infinite, as F16, half of the time, and one
	// from 65536 on always.
	//
	// The random bits r, 16 of them, are a function of Config.Seed, the step t that
	// Stepper.At names and the element's index i in its slice, to which
	// Stepper.From adds; so the result doesn't depend on the path, on the length or on
	// how a tensor is split, and a run can be repeated. With seed, t and i as 64 bits,
	// x as 32 bits, and sums and products modulo 2⁶⁴ or 2³²:
	//
	//	mix(z):  z = (z ^ z>>30) · 0xbf58476d1ce4e5b9
	//	         z = (z ^ z>>27) · 0x94d049bb133111eb
	//	         z ^ z>>31
	//
	//	k = mix(mix(mix(seed + 0x9e3779b97f4a7c15) ^ t) ^ i>>32)
	//	x = k mod 2³² + (i mod 2³²)·0x9e3779b9
	//	x = (x ^ x>>17 ^ k>>32) · 0xed5ad4bb
	//	x = (x ^ x>>11) · 0xac4c1b51
	//	x = (x ^ x>>15) · 0x31848bab
	//	r = x >> 16
	//
	// A weight w goes outwards where the part of |w| that the 16 bits can't hold,
	// counted in 2¹⁶ths of the way to the outer neighbour, is at least 2¹⁶ − r; else
	// inwards. As bits, a BF16 is that of w plus r, shifted right by 16. An F16
	// from 2⁻¹⁴ on has 13 bits more in a float32, so that the upper 13 bits of r
	// decide; below, where F16 counts in units of 2⁻²⁴, the fraction is cut off
	// after its 16th bit: ⌊|w|·2⁴⁰⌋ plus r, shifted right by 16, is the number of units.
	StochasticRounding

	numRoundings
)

var roundingNames = [numRoundings]string{"nearest", "stochastic"}

// String returns the rounding's name as ParseRounding takes it.
func (r Rounding) String() string { return name(roundingNames[:], int(r), "Rounding") }

// ParseRounding returns the rounding of that name: nearest or stochastic. The error
// wraps ErrConfig.
func ParseRounding(s string) (Rounding, error) {
	i, err := parse(roundingNames[:], s, "Rounding")
	return Rounding(i), err
}

func name(names []string, i int, kind string) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", kind, i)
}

func parse(names []string, s, kind string) (int, error) {
	for i, n := range names {
		if n == s {
			return i, nil
		}
	}
	return 0, fmt.Errorf("%w: %s %q is unknown (there are %q)", ErrConfig, kind, s, names)
}
