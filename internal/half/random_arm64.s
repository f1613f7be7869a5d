//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "half_arm64.h"

// Rounding of n float32 at random, n a positive multiple of 16, as random.go has
// it and as in random_amd64.s.
//
//	R0 what is written   R2 what is read   R4 elements left   R5, R6 scratch
//	V0–V3    weights, then their signs
//	V4–V7    their random bits
//	V8–V11   scratch, then subnormal halves   V8, V9 what is written
//	V12–V15  scratch, then magnitudes, then halves with 16 more bits
//	V16–V19  ones where V12–V15 are above every subnormal half
//	V20      the counters of the next vector   V21 by which they grow
//	V22      the key   V23–V25 the multipliers
//	V26      all bits but the sign   V27 2⁴⁰   V28 65536
//	V29      the largest float32 below 2⁻¹⁴, the least normal half
//	V30      the canonical NaN (BF16), or what makes infinity a NaN   KNAN
//	V31      minus the difference of the exponents' biases, shifted by 3

// COUNTERS: V20 = the counters of four elements from R5 on; the multipliers.
// Smashes R5, R6.
#define COUNTERS \
	MOVD $const_golden32, R6   \
	VMOV R5, V20.S[0]          \
	ADD  R6, R5                \
	VMOV R5, V20.S[1]          \
	ADD  R6, R5                \
	VMOV R5, V20.S[2]          \
	ADD  R6, R5                \
	VMOV R5, V20.S[3]          \
	LSL  $2, R6                \
	VDUP R6, V21.S4            \
	FILL(const_drawMul1, V23)  \
	FILL(const_drawMul2, V24)  \
	FILL(const_drawMul3, V25)

// DRAW: V4–V7 = the random bits of the next 16 elements. Smashes V12–V15.
#define DRAW \
	VMOV  V20.B16, V4.B16     \
	ADD4S(21, 4, 5)           \
	ADD4S(21, 5, 6)           \
	ADD4S(21, 6, 7)           \
	ADD4S(21, 7, 20)          \
	FOURK(USHR4S, 17, 4, 12)  \
	FOURV(EOR16B, 12, 4, 4)   \
	FOURK(EOR16B, 22, 4, 4)   \
	FOURK(MUL4S, 23, 4, 4)    \
	FOURK(USHR4S, 11, 4, 12)  \
	FOURV(EOR16B, 12, 4, 4)   \
	FOURK(MUL4S, 24, 4, 4)    \
	FOURK(USHR4S, 15, 4, 12)  \
	FOURV(EOR16B, 12, 4, 4)   \
	FOURK(MUL4S, 25, 4, 4)    \
	FOURK(USHR4S, 16, 4, 4)

// LOAD: V0–V3 = the next 16 elements.
#define LOAD \
	FLDPQ.P 32(R2), (F0, F1) \
	FLDPQ.P 32(R2), (F2, F3)

// CUT: Vd = Vn as an integer, without its fraction; it ignores k.
#define CUT(k, n, d) FCVTZU4S(n, d)

// BFCONSTS: the counters and the constants of rounding to bfloat16.
#define BFCONSTS \
	COUNTERS \
	FILL(0x7fc00000, V30)

// NEXTBF: the next 16 elements rounded to bfloat16. Smashes V0–V9,
// V12–V15.
#define NEXTBF \
	DRAW                  \
	LOAD                  \
	CANON(0, 12)          \
	FOURV(ADD4S, 4, 0, 0) \
	UZP2_8H(1, 0, 8)      \
	UZP2_8H(3, 2, 9)      \
	FSTPQ.P (F8, F9), 32(R0)

// func stochasticBF16NEON(dst, src unsafe.Pointer, n int, d Draws)
TEXT ·stochasticBF16NEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	MOVD  src+8(FP), R2
	MOVD  n+16(FP), R4
	MOVWU d_Key+28(FP), R5
	VDUP  R5, V22.S4
	MOVWU d_Counter+24(FP), R5
	CONVERT(BFCONSTS, NEXTBF)
	RET

// HCONSTS and NEXTH: the same for IEEE halves. NEXTH smashes V0–V19.
#define HCONSTS \
	COUNTERS              \
	FILL(0x7fffffff, V26) \
	FILL(0x53800000, V27) \
	FILL(0x47800000, V28) \
	FILL(0x387fffff, V29) \
	FILL(0x02000000, V30) \
	FILL(0x40000000, V31)
#define NEXTH \
	DRAW                      \
	LOAD                      \
	FOURV(FCMEQ4S, 0, 0, 8)   \
	FOURK(KEEP, KNAN, 8, 4)   \
	FOURK(AND16B, 26, 0, 12)  \
	FOURV(AND16B, 8, 0, 0)    \
	FOURK(FMUL4S, 27, 12, 8)  \
	FOURK(CUT, 0, 8, 8)       \
	FOURK(CMHI4S, 29, 12, 16) \
	FOURK(UMIN4S, 28, 12, 12) \
	FOURK(SHL4S, 3, 12, 12)   \
	FOURK(ADD4S, 31, 12, 12)  \
	FOURV(BIF16B, 16, 8, 12)  \
	FOURV(ADD4S, 4, 12, 12)   \
	FOURK(BIF16B, 26, 0, 12)  \
	UZP2_8H(13, 12, 8)        \
	UZP2_8H(15, 14, 9)        \
	FSTPQ.P (F8, F9), 32(R0)

// func stochasticF16NEON(dst, src unsafe.Pointer, n int, d Draws)
TEXT ·stochasticF16NEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), R0
	MOVD  src+8(FP), R2
	MOVD  n+16(FP), R4
	MOVWU d_Key+28(FP), R5
	VDUP  R5, V22.S4
	MOVWU d_Counter+24(FP), R5
	CONVERT(HCONSTS, NEXTH)
	RET
