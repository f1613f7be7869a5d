//go:build !purego && !noasm

#include "textflag.h"
#include "neon_arm64.h"
#include "half_arm64.h"

// Conversions of n elements, n a positive multiple of 16, as convert.go has them;
// what rounds, and how NaN and subnormals fare, is the same as in convert_amd64.s.
//
//	R0, R1 what is written   R2, R3 what is read   R4 elements left   R5 scratch
//	V0–V3 float32   V4–V7 scratch   V8–V11 halves

// BFCONSTS: KONE and KNAN.
#define BFCONSTS \
	FILL(0x00010001, V29) \
	FILL(0x7fc00000, V30)
// NARROWBF: the next 16 elements narrowed to bfloat16. Smashes V0–V9.
#define NARROWBF \
	FLDPQ.P 32(R2), (F0, F1) \
	FLDPQ.P 32(R2), (F2, F3) \
	CANON(0, 4)              \
	ROUNDBF(0, 4, 8)         \
	FSTPQ.P (F8, F9), 32(R0)

// func narrowBF16NEON(dst, src unsafe.Pointer, n int)
TEXT ·narrowBF16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R2
	MOVD n+16(FP), R4
	CONVERT(BFCONSTS, NARROWBF)
	RET

// ZEROCONST: KZERO.
#define ZEROCONST VEOR V26.B16, V26.B16, V26.B16
// NEXTBF: the next 16 bfloat16 widened. Smashes V0–V3, V8, V9.
#define NEXTBF \
	FLDPQ.P 32(R2), (F8, F9) \
	WIDENBF(8, 0)            \
	FSTPQ.P (F0, F1), 32(R0) \
	FSTPQ.P (F2, F3), 32(R0)

// func widenBF16NEON(dst, src unsafe.Pointer, n int)
TEXT ·widenBF16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R2
	MOVD n+16(FP), R4
	CONVERT(ZEROCONST, NEXTBF)
	RET

// HCONSTS: KINF and KNAN.
#define HCONSTS \
	FILL(0xf800f800, V29) \
	FILL(0x7e007e00, V30)
// NARROWH: the next 16 elements narrowed to IEEE halves. Smashes V0–V5, V8, V9.
#define NARROWH \
	FLDPQ.P 32(R2), (F0, F1) \
	FLDPQ.P 32(R2), (F2, F3) \
	ROUNDH(0, 8)             \
	CANONH(8, 4)             \
	FSTPQ.P (F8, F9), 32(R0)

// func narrowF16NEON(dst, src unsafe.Pointer, n int)
TEXT ·narrowF16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R2
	MOVD n+16(FP), R4
	CONVERT(HCONSTS, NARROWH)
	RET

// NEXTH: the next 16 IEEE halves widened. Smashes V0–V3, V8, V9.
#define NEXTH \
	FLDPQ.P 32(R2), (F8, F9) \
	WIDENH(8, 0)             \
	FSTPQ.P (F0, F1), 32(R0) \
	FSTPQ.P (F2, F3), 32(R0)

// func widenF16NEON(dst, src unsafe.Pointer, n int)
TEXT ·widenF16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R2
	MOVD n+16(FP), R4
	CONVERT(NOCONSTS, NEXTH)
	RET

// SPLITNEXT: the next 16 weights as upper and lower halves. Smashes V0–V3, V8–V11.
#define SPLITNEXT \
	FLDPQ.P 32(R2), (F0, F1) \
	FLDPQ.P 32(R2), (F2, F3) \
	SPLIT(0, 8, 10)          \
	FSTPQ.P (F8, F9), 32(R0) \
	FSTPQ.P (F10, F11), 32(R1)

// func splitNEON(hi, lo, weight unsafe.Pointer, n int)
TEXT ·splitNEON(SB), NOSPLIT, $0-32
	MOVD hi+0(FP), R0
	MOVD lo+8(FP), R1
	MOVD weight+16(FP), R2
	MOVD n+24(FP), R4
	CONVERT(NOCONSTS, SPLITNEXT)
	RET

// JOINNEXT: the next 16 weights of their halves. Smashes V0–V3, V8–V11.
#define JOINNEXT \
	FLDPQ.P 32(R2), (F8, F9)   \
	FLDPQ.P 32(R3), (F10, F11) \
	JOIN(8, 10, 0)             \
	FSTPQ.P (F0, F1), 32(R0)   \
	FSTPQ.P (F2, F3), 32(R0)

// func joinNEON(weight, hi, lo unsafe.Pointer, n int)
TEXT ·joinNEON(SB), NOSPLIT, $0-32
	MOVD weight+0(FP), R0
	MOVD hi+8(FP), R2
	MOVD lo+16(FP), R3
	MOVD n+24(FP), R4
	CONVERT(NOCONSTS, JOINNEXT)
	RET
