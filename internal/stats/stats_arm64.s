//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// Sums of squares, and the largest magnitude, of the first n elements of a block, n
// a positive multiple of 16: what the generic summers compute if all are finite. If they
// aren't, or a sum overflows, sums are left NaN or infinite, which the caller looks
// for. The block are zeros before.
//
//	R0 block   R1 grad   R3 elements left
//	V0–V7   grad, then its magnitudes   V16–V23  the 16 partial sums
//	V8–V15  squares                     V24–V27  largest magnitudes
//
// Of 16-bit elements V24 and V25 hold the largest magnitudes, as bits shifted by
// one; V26 is KZERO.

#include "neon_arm64.h"

// ABS4S, ABS2D: FABS as FOURK wants it.
#define ABS4S(k, n, d) FABS4S(n, d)
#define ABS2D(k, n, d) FABS2D(n, d)

// DOUBLES: V8–V15 = V0–V3 as float64.
#define DOUBLES \
	FCVTL_2S2D(0, 8)   \
	FCVTL2_4S2D(0, 9)  \
	FCVTL_2S2D(1, 10)  \
	FCVTL2_4S2D(1, 11) \
	FCVTL_2S2D(2, 12)  \
	FCVTL2_4S2D(2, 13) \
	FCVTL_2S2D(3, 14)  \
	FCVTL2_4S2D(3, 15)

// ADDSQUARES adds V8–V15 to the sums.
#define ADDSQUARES \
	FOURV(FADD2D, 8, 16, 16)  \
	FOURV(FADD2D, 12, 20, 20)

// LARGEST16: V24, V25 = the larger of them and the magnitudes of the halves in V4,
// V5. Smashes V6, V7.
#define LARGEST16 \
	ADD8H(4, 4, 6)    \
	ADD8H(5, 5, 7)    \
	UMAX8H(6, 24, 24) \
	UMAX8H(7, 25, 25)

// SETUPSUMS: the sums, and no magnitude yet.
#define SETUPSUMS \
	LOADSUMS                       \
	VEOR V24.B16, V24.B16, V24.B16 \
	VEOR V25.B16, V25.B16, V25.B16 \
	VEOR V26.B16, V26.B16, V26.B16 \
	VEOR V27.B16, V27.B16, V27.B16

// LOADSUMS and STORESUMS.
#define LOADSUMS \
	FLDPQ (block_sums)(R0), (F16, F17)    \
	FLDPQ (block_sums+32)(R0), (F18, F19) \
	FLDPQ (block_sums+64)(R0), (F20, F21) \
	FLDPQ (block_sums+96)(R0), (F22, F23)
#define STORESUMS \
	FSTPQ (F16, F17), (block_sums)(R0)    \
	FSTPQ (F18, F19), (block_sums+32)(R0) \
	FSTPQ (F20, F21), (block_sums+64)(R0) \
	FSTPQ (F22, F23), (block_sums+96)(R0)

// STOREMAX32: maxAbs = the largest of V24's float32. Smashes V24.
#define STOREMAX32 \
	FMAXP4S(24, 24, 24) \
	FMAXP4S(24, 24, 24) \
	FCVTSD F24, F24     \
	FMOVD  F24, block_maxAbs(R0)

// STATS is a kernel: it adds 16 elements at a time to the sums, stores them, and what is
// the largest of the magnitudes. Smashes everything but R0.
#define STATS(LOOP, LARGEST) \
	SETUPSUMS    \
loop:            \
	LOOP         \
	SUBS $16, R3 \
	BNE  loop    \
	STORESUMS    \
	LARGEST

// LOOP and LARGEST of each type smash what the table doesn't keep.
#define LOOPF32 \
	LOAD4(R1, F0, F1, F2, F3) \
	DOUBLES                   \
	FOURK(ABS4S, 0, 0, 0)     \
	FOURV(FMUL2D, 8, 8, 8)    \
	FOURV(FMUL2D, 12, 12, 12) \
	FOURV(FMAX4S, 0, 24, 24)  \
	ADDSQUARES                \
	ADD $64, R1
#define LARGESTF32 \
	FMAX4S(25, 24, 24) \
	FMAX4S(27, 26, 26) \
	FMAX4S(26, 24, 24) \
	STOREMAX32

// func statsF32NEON(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF32NEON(SB), NOSPLIT, $0-32
	MOVD b+0(FP), R0
	MOVD grad+8(FP), R1
	MOVD n+16(FP), R3
	STATS(LOOPF32, LARGESTF32)
	RET

#define LOOPF64 \
	LOAD4(R1, F0, F1, F2, F3) \
	ADD $64, R1               \
	LOAD4(R1, F4, F5, F6, F7) \
	ADD $64, R1               \
	FOURV(FMUL2D, 0, 0, 8)    \
	FOURV(FMUL2D, 4, 4, 12)   \
	FOURK(ABS2D, 0, 0, 0)     \
	FOURK(ABS2D, 0, 4, 4)     \
	FOURV(FADD2D, 8, 16, 16)  \
	FOURV(FMAX2D, 0, 24, 24)  \
	FOURV(FADD2D, 12, 20, 20) \
	FOURV(FMAX2D, 4, 24, 24)
#define LARGESTF64 \
	FMAX2D(25, 24, 24)  \
	FMAX2D(27, 26, 26)  \
	FMAX2D(26, 24, 24)  \
	FMAXP2D(24, 24, 24) \
	FMOVD F24, block_maxAbs(R0)

// func statsF64NEON(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF64NEON(SB), NOSPLIT, $0-32
	MOVD b+0(FP), R0
	MOVD grad+8(FP), R1
	MOVD n+16(FP), R3
	STATS(LOOPF64, LARGESTF64)
	RET

#define LOOPBF16 \
	FLDPQ (R1), (F4, F5)      \
	WIDENBF(4, 0)             \
	DOUBLES                   \
	LARGEST16                 \
	FOURV(FMUL2D, 8, 8, 8)    \
	FOURV(FMUL2D, 12, 12, 12) \
	ADDSQUARES                \
	ADD   $32, R1
#define LARGESTBF16 \
	UMAX8H(25, 24, 24)    \
	USHR8H(1, 24, 24)     \
	ZIP1_8H(24, KZERO, 0) \
	ZIP2_8H(24, KZERO, 1) \
	FMAX4S(1, 0, 24)      \
	STOREMAX32

// func statsBF16NEON(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsBF16NEON(SB), NOSPLIT, $0-32
	MOVD b+0(FP), R0
	MOVD grad+8(FP), R1
	MOVD n+16(FP), R3
	STATS(LOOPBF16, LARGESTBF16)
	RET

// A half's square is exact in float32.
#define LOOPF16 \
	FLDPQ (R1), (F4, F5)   \
	WIDENH(4, 0)           \
	LARGEST16              \
	FOURV(FMUL4S, 0, 0, 0) \
	DOUBLES                \
	ADDSQUARES             \
	ADD   $32, R1
#define LARGESTF16 \
	UMAX8H(25, 24, 24) \
	USHR8H(1, 24, 24)  \
	FCVTL_4H4S(24, 0)  \
	FCVTL2_8H4S(24, 1) \
	FMAX4S(1, 0, 24)   \
	STOREMAX32

// func statsF16NEON(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF16NEON(SB), NOSPLIT, $0-32
	MOVD b+0(FP), R0
	MOVD grad+8(FP), R1
	MOVD n+16(FP), R3
	STATS(LOOPF16, LARGESTF16)
	RET
