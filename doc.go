// Package lion computes the step of the Lion optimizer (EvoLved Sign
// Momentum; Chen et al., "Symbolic Discovery of Optimization Algorithms",
// arXiv 2302.06675, Algorithm 2) over slices of numbers, in one fused pass:
//
//	c = β1·m + (1−β1)·s·g            interpolation
//	p ← p·(1−η·λ) − η·sign(c)        sign step, decoupled weight decay
//	m ← β2·m + (1−β2)·s·g            momentum
//
// where p, g and m stand for param, grad and momentum, η for Config.LR, λ for
// Config.WeightDecay and s for Config.GradScale (1 unless set). The other
// rules and placements of weight decay that go by the name of Lion are values
// of [Rule] and [Decay].
//
// The step runs in hand-written AVX-512, AVX2 or NEON assembly, chosen at
// start-up by CPU detection, or in plain Go elsewhere (and with the build tag
// purego or noasm). Every implementation gives the same bits.
//
// # The numeric contract
//
// This documentation determines every bit of a result: whoever follows it, in whatever
// language, gets the same.
//
//   - Each operation rounds once, to nearest even, in the order written. Nothing
//     is fused, nothing is reassociated.
//   - Hyperparameters are float64. The constants made of them are rounded once to
//     the element type: float32(1−0.9) is 0.1, not 1−float32(0.9).
//   - A gradient scale costs nothing, since it lives in those constants; with
//     s = 1 the bits are those of the plain formula.
//   - sign(+0) = sign(−0) = 0: a weight whose gradient and momentum are zero
//     moves by its decay only.
//   - sign(NaN) = 0, as in PyTorch: the weight only decays. BiasCorrected and
//     Smooth take no sign: there it becomes NaN. Each NaN that is written is the
//     canonical quiet one (float32 0x7fc00000, float64 0x7ff8000000000000).
//   - Subnormal numbers are kept. Go runs with them enabled; if C code in the
//     process has switched the calling thread to flush-to-zero (gcc's
//     -ffast-math does, when a shared library is linked with it), results in
//     the subnormal range may be flushed on that thread and this bullet alone
//     does not hold. C code that leaves a thread in another rounding mode breaks
//     the first one, as it does for all of Go.
//   - Position, alignment, length and chunking never change a bit: element i
//     of the result depends on element i of the inputs and on the Config; with
//     [StochasticRounding] also on the step and on i, with a [CautiousScale] on how
//     many elements agree.
//
// # Constants
//
// New forms them in float64, where each operation rounds, and then rounds each to
// the element type T, which is float32 for all 16-bit storage. β1, β2, η, λ, γ, ε and κ
// are Config's Beta1, Beta2, LR, WeightDecay, Gamma, Epsilon and Kappa; s and κ are 1
// where the field is 0.
//
//	b1     β1
//	o1     (1−β1)·s     but 1−β1 for BiasCorrected
//	b2     β2
//	o2     (1−β2)·s     but 1−β2 for BiasCorrected
//	lr     η, where −0 is 0; for a CautiousScale see below
//	decay  1−η·λ for Decoupled, 1−λ for Independent, else 1
//	wd     λ, but λ/s for Coupled
//	s      s, for BiasCorrected alone: the others have it in o1 and o2
//	γ ε κ  as they are
//	e1     1−β1ᵗ, for BiasCorrected, with the t of Stepper.At
//	e2     1−β2ᵗ
//
// βᵗ is formed in float64 by squaring, the lowest bit of t first. It is y after
//
//	y, x := 1.0, β
//	for ; t > 0; t >>= 1 {
//		if t&1 == 1 {
//			y = y * x
//		}
//		x = x * x
//	}
//
// # A step, operation by operation
//
// Arithmetic is in T. A prime marks what is written; sign(x) is 1 or −1, and +0 for
// zeros and NaN. First, where the decay is Coupled and λ isn't 0, the gradient is
//
//	g ← g + wd·p
//
// and for BiasCorrected then
//
//	g ← s·g
//
// The rule makes the momentum m' and the unit step u:
//
//	Paper          c = b1·m + o1·g
//	               u = sign(c)
//	               m' = b2·m + o2·g
//	MomentumFirst  m' = b1·m + o1·g
//	               u = sign(b2·m' + o2·g)
//	BiasCorrected  m' = b1·m + o1·g
//	               n = γ·|g| + (o2 if g > 0 or g < 0, else 0)
//	               u = (m'/e1) / (√(n/e2) + ε)
//	Cautious       c and m' as in Paper
//	               u = sign(c) if c and s·g are both > 0 or both < 0, else 0
//	Refined        c and m' as in Paper
//	               u = c if |c| < 1, else sign(c)
//	Smooth         c and m' as in Paper
//	               u = tanh(κ·c), whose operations are at Smooth
//
// Cautious asks for the signs of s and g alone: s·g is not formed, so that it can't
// underflow. Last comes the weight. Where the decay is DecoupledPaper and λ isn't 0,
//
//	p' = p − lr·(u + wd·p)
//
// and else
//
//	p' = p·decay − lr·u
//
// Where u is a sign, lr·u is lr, −lr or +0, even if lr is infinite. A CautiousScale
// makes a factor f, in float64, and lr is η·f, formed in float64 and rounded to T. In
// the first form it is not: there λ must not be scaled, so f is rounded to T and
//
//	p' = p − lr·(f·u + wd·p)
//
// with lr as ever and f·u exact.
//
// # Zeros, infinities and NaN
//
// They follow from the operations, as IEEE 754 has it. What surprises:
//
//   - x − x is +0, and −0 − (+0) is −0. So a weight of −0 stays −0 where u is +0.
//   - LR 0 leaves the weights as they are but for the decay of Independent and for
//     these: −0 less −0 is +0, which a weight of −0 becomes if u is negative
//     (Paper with g = −1, say); with DecoupledPaper a weight whose λ·p is infinite,
//     or overflows, becomes NaN, as 0·∞ is; with Smooth and BiasCorrected so does one
//     whose u is NaN, or infinite; and a NaN becomes the canonical one.
//   - A NaN or an infinity in a gradient stays in the momentum for good. NaN freezes
//     that weight, which then only decays, whatever gradients follow; Smooth and
//     BiasCorrected lose it. Leave such a step out: [GradStats] finds them in one
//     pass over the gradient, and an Example there shows it.
//
// # Storage formats
//
// Besides float32 and float64, weights, gradients and momentum can be stored in 16
// bits. Arithmetic is float32 on the widened values, under the same contract, and
// each result is rounded once when it is stored; a NaN is stored as 0x7fc0
// ([BF16]) or 0x7e00 ([F16]). Bytes are those moved per element and step.
//
//	call                param             grad     momentum  also written    bytes
//	StepF64             float64           float64  float64                   40
//	StepF32             float32           float32  float32                   20
//	StepMasterBF16      float32           BF16     float32   BF16 of param   20
//	StepMasterF16       float32           F16      float32   F16 of param    20
//	StepF32M16          float32           float32  BF16                      16
//	StepMasterBF16M16   float32           BF16     BF16      BF16 of param   16
//	StepSplit           float32, as BF16  BF16     BF16                      14
//	                    and 16 more bits
//	StepBF16Kahan       BF16 and a BF16   BF16     BF16                      14
//	                    of compensation
//	StepBF16            BF16              BF16     BF16                      10
//	StepF16             F16               F16      F16                       10
//
// Widening is exact. Rounding is to nearest even, as [ToBF16] and [ToF16] have it:
// subnormals are kept, what is too large becomes infinite. The copy beside a master is
// of the float32 weight as written. Weights alone can be rounded otherwise: by
// StepBF16 and StepF16 with [StochasticRounding], by StepSplit as [Split] does, and by
// StepBF16Kahan as [KahanBF16] does. A CautiousScale counts with the widened values.
//
// Paper and Cautious with decay in [Decoupled] or [Independent] form run fused,
// in one pass of assembly. Every other rule and decay works by tiles that stay in
// the first-level cache: widen, step, narrow.
// The bits are the same either way. The slices of a call must have one length and
// share no memory, else the error wraps [ErrLength] or [ErrOverlap] and nothing has
// been written; empty and nil slices are fine, and no call allocates.
//
// In memory-bound sizes a step takes as long as its bytes, so StepBF16 is about twice
// as fast as StepF32; but in 16 bits small steps vanish, see StepBF16, and so do a slow
// momentum's, see StepF32M16. [Split] and [Join], [NarrowBF16] and its siblings convert
// whole slices. [GradStats] looks for what loss scaling and clipping want to know.
// The page docs/training.md says what to choose.
//
// # Choosing an implementation
//
// The best implementation that the CPU supports is used unless
// Config.Implementation or the environment variable LION_IMPL names another
// (avx512, avx2, neon, generic). Conversions and statistics, which have no Config,
// heed LION_IMPL alone. GODEBUG=cpu.avx2=off, cpu.avx512f=off and their siblings are
// obeyed; without AVX2 there is no AVX-512. A LION_IMPL that is unknown or can't run
// here stops the program at start-up.
//
// Whether kernels prefetch is chosen by the CPU's model. LION_PREFETCH=on or off, or a
// distance in bytes, says otherwise, for those who measure; anything else stops the program.
//
// # Where arrays lie
//
// No bit depends on it, but speed does. On a Zen 4 a step takes up to ten times as long
// where its slices are a multiple of 2^27 bytes apart, as large allocations often are, and
// up to four times where they begin a few cache lines past the same place of a page. In
// memory, pages of 4 KiB cost 1.4 times the time of large ones. [Alloc] makes slices that
// lie well, and docs/speed.md has figures.
package lion
