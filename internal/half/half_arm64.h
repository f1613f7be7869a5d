// Conversions of 16 elements for NEON, over registers alone, given by number: x
// is the first of four vectors of float32, h of two of 16-bit elements, t the
// first of four that are smashed. It needs neon_arm64.h before it, for FOURK,
// FOURV and the encoders.
//
//	KZERO      0
//	KONE  V29  1 in each 16-bit element (ROUNDBF)
//	KNAN  V30  the canonical NaN, of a float32 (CANON) or an IEEE half (CANONH)
//	KINF  V29  0xf800 in each 16-bit element (CANONH)
#define KONE 29
#define KNAN 30
#define KINF 29

// FILL: v = the low 32 bits of c in each element. Smashes R5.
#define FILL(c, v) \
	MOVD $c, R5    \
	VDUP R5, v.S4

// WIDENBF: x = h widened from bfloat16.
#define WIDENBF(h, x) \
	ZIP1_8H(h, KZERO, x)     \
	ZIP2_8H(h, KZERO, x+1)   \
	ZIP1_8H(h+1, KZERO, x+2) \
	ZIP2_8H(h+1, KZERO, x+3)

// WIDENH: x = h widened from IEEE halves.
#define WIDENH(h, x) \
	FCVTL_4H4S(h, x)      \
	FCVTL2_8H4S(h, x+1)   \
	FCVTL_4H4S(h+1, x+2)  \
	FCVTL2_8H4S(h+1, x+3)

// HALVES: l = the lower halves of x, h = the upper ones.
#define HALVES(x, l, h) \
	UZP1_8H(x+1, x, l)     \
	UZP1_8H(x+3, x+2, l+1) \
	UZP2_8H(x+1, x, h)     \
	UZP2_8H(x+3, x+2, h+1)

// EVEN, LESS and UP round to bfloat16, to nearest, ties to even, numbers and
// canonical NaNs, whose lower halves are in t and upper ones in h, as HALVES puts
// them there. A tie, 0x8000 in the lower half, goes up only where the upper half is
// odd. So EVEN makes t+2 one where the upper half is even, LESS takes that from the
// lower half, unless it is 0, and UP adds the first bit of what is left to h.
#define EVEN(t, h) \
	BIC16B(h, KONE, t+2)   \
	BIC16B(h+1, KONE, t+3)
#define LESS(t) \
	UQSUB8H(t+2, t, t)     \
	UQSUB8H(t+3, t+1, t+1)
#define UP(t, h) \
	USRA8H(15, t, h)     \
	USRA8H(15, t+1, h+1)

// ROUNDBF: h = x rounded to bfloat16. Smashes t, which h may not be.
#define ROUNDBF(x, t, h) \
	HALVES(x, t, h) \
	EVEN(t, h)      \
	LESS(t)         \
	UP(t, h)

// CANON: x = x with canonical NaNs. Smashes t.
#define CANON(x, t) \
	FOURV(FCMEQ4S, x, x, t)    \
	FOURK(KEEP, KNAN, t, x)

// KEEP: Vd = Vd where Vn is ones, Vk where it is 0.
#define KEEP(k, n, d) BIF16B(n, k, d)

// ROUNDH: h = x rounded to IEEE halves.
#define ROUNDH(x, h) \
	FCVTN_4S4H(x, h)     \
	FCVTN_4S4H(x+2, h+1) \
	FCVTN2_4S8H(x+1, h)  \
	FCVTN2_4S8H(x+3, h+1)

// CANONH: h = h with canonical NaNs, which are those that exceed infinity's bits,
// 0xf800 without the sign. Smashes t, t+1.
#define CANONH(h, t) \
	ADD8H(h, h, t)            \
	ADD8H(h+1, h+1, t+1)      \
	CMHI8H(KINF, t, t)       \
	CMHI8H(KINF, t+1, t+1)   \
	BIT16B(t, KNAN, h)        \
	BIT16B(t+1, KNAN, h+1)

// SPLIT: h = x rounded to bfloat16, ties away from zero; l = its lower halves.
#define SPLIT(x, h, l) \
	HALVES(x, l, h) \
	UP(l, h)

// JOIN: x = the float32 whose halves are h and l: where l is negative, one less
// than h is above it. Smashes h.
#define JOIN(h, l, x) \
	SSRA8H(15, l, h)       \
	SSRA8H(15, l+1, h+1)   \
	ZIP1_8H(h, l, x)       \
	ZIP2_8H(h, l, x+1)     \
	ZIP1_8H(h+1, l+1, x+2) \
	ZIP2_8H(h+1, l+1, x+3)

// CONVERT is a converter of n elements, n a positive multiple of 16 in R4: it makes
// constants, then does BODY for each 16, which moves the pointers on. Smashes what
// these smash, and R4.
#define CONVERT(CONSTS, BODY) \
	CONSTS       \
loop:            \
	BODY         \
	SUBS $16, R4 \
	BNE  loop

#define NOCONSTS
