//go:build !purego && !noasm

#include "textflag.h"
#include "neon_arm64.h"
#include "half_arm64.h"

// Weights as the sum of two bfloat16s, n of them, n a positive multiple of 16, as
// convert.go has it.
//
//	R0, R1 what is written   R2, R3 what is read   R4 elements left   R5 scratch
//	V0–V3    weights, then what is left over   V4–V7, V16–V19  scratch
//	V8–V11   bfloat16s   V12–V15 the same, widened
//	V26      KZERO   V29 KONE   V30 KNAN

// SPLITCONSTS: KZERO, KONE and KNAN.
#define SPLITCONSTS \
	VEOR V26.B16, V26.B16, V26.B16 \
	FILL(0x00010001, V29)          \
	FILL(0x7fc00000, V30)

// SPLITNEXT: the next 16 weights as two bfloat16s each. Smashes V0–V19.
#define SPLITNEXT \
	FLDPQ.P 32(R2), (F0, F1)   \
	FLDPQ.P 32(R2), (F2, F3)   \
	CANON(0, 4)                \
	ROUNDBF(0, 4, 8)           \
	FSTPQ.P (F8, F9), 32(R0)   \
	WIDENBF(8, 12)             \
	FOURV(FSUB4S, 12, 0, 0)    \
	FOURV(FSUB4S, 0, 0, 16)    \
	FOURV(FCMEQ4S, 16, 16, 16) \
	FOURV(AND16B, 16, 0, 0)    \
	ROUNDBF(0, 4, 10)          \
	FSTPQ.P (F10, F11), 32(R1)

// func splitKahanNEON(param, compensation, weight unsafe.Pointer, n int)
TEXT ·splitKahanNEON(SB), NOSPLIT, $0-32
	MOVD param+0(FP), R0
	MOVD compensation+8(FP), R1
	MOVD weight+16(FP), R2
	MOVD n+24(FP), R4
	CONVERT(SPLITCONSTS, SPLITNEXT)
	RET

// JOINCONSTS: KZERO and KNAN.
#define JOINCONSTS \
	VEOR V26.B16, V26.B16, V26.B16 \
	FILL(0x7fc00000, V30)

// JOINNEXT: the next 16 weights of theirs. Smashes V0–V15.
#define JOINNEXT \
	FLDPQ.P 32(R2), (F8, F9)   \
	FLDPQ.P 32(R3), (F10, F11) \
	WIDENBF(8, 0)              \
	WIDENBF(10, 12)            \
	FOURV(FADD4S, 12, 0, 0)    \
	CANON(0, 4)                \
	FSTPQ.P (F0, F1), 32(R0)   \
	FSTPQ.P (F2, F3), 32(R0)

// func joinKahanNEON(weight, param, compensation unsafe.Pointer, n int)
TEXT ·joinKahanNEON(SB), NOSPLIT, $0-32
	MOVD weight+0(FP), R0
	MOVD param+8(FP), R2
	MOVD compensation+16(FP), R3
	MOVD n+24(FP), R4
	CONVERT(JOINCONSTS, JOINNEXT)
	RET
