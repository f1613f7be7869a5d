//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// The steps of 16-bit storages, fused: AVX2, then AVX-512. Arithmetic is float32
// on the widened values, by the rules in fused_amd64.h; n is 1 or more. A NaN is rounded
// like a number here and stays one, since what reaches a bfloat16 comes from one and has
// zeros below, but for a NaN from a float32 gradient: the caller mends both.
//
//	Z27  0x8000   Z29  1, in each element, for split weights
//	Z30  twice the exponent of each bfloat16, for Kahan's
//	the rest as in fused_amd64.h and fused_avx512_amd64.h
//
// A stream is BF (bfloat16), H (IEEE half), F (float32), or SP with LO, the halves
// of a float32.

#define MINUSLR Y14
#define ROOM 128
#define LASTC0 Z20
#define LASTC1 Z21
#define LASTM0 Z22
#define LASTM1 Z23
#include "fused_amd64.h"
#include "rest_amd64.h"
#include "fused_avx512_amd64.h"

// The storages' slices, beside SLICES3: see rest_amd64.h.
#define SLICESLOW(GRAD2, GRAD4, BOTH2, BOTH4, OUT2) \
	SLICES3(GRAD2, GRAD4, BOTH2, BOTH4, OUT2) \
	BOTH2(R11, 192, R8)
#define SLICESMASTER(GRAD2, GRAD4, BOTH2, BOTH4, OUT2) \
	BOTH4(DI, 0, BX)     \
	GRAD2(SI, 256, NONE) \
	BOTH4(DX, 128, R13)  \
	OUT2(R11, 384, R8)
#define SLICESMASTERM16(GRAD2, GRAD4, BOTH2, BOTH4, OUT2) \
	BOTH4(DI, 0, BX)     \
	GRAD2(SI, 256, NONE) \
	BOTH2(DX, 128, R13)  \
	OUT2(R11, 384, R8)
#define SLICESF32M16(GRAD2, GRAD4, BOTH2, BOTH4, OUT2) \
	BOTH4(DI, 0, BX)     \
	GRAD4(SI, 256, NONE) \
	BOTH2(DX, 128, R13)

// What each storage has: PAIR for 16 elements, LOOP for 32. RULE is PAIRINTERP or
// PAIRAGREE.
#define PAIRF16(RULE, i) \
	LOADH((i*32)(SI), Y1)     \
	LOADH((i*32+16)(SI), Y5)  \
	LOADH((i*32)(DX), Y2)     \
	LOADH((i*32+16)(DX), Y6)  \
	RULE(Y1, Y5, Y2, Y6)      \
	LOADH((i*32)(DI), Y1)     \
	LOADH((i*32+16)(DI), Y5)  \
	PAIRSTEP(Y1, Y5)          \
	STOREH(Y2, (i*32)(DX))    \
	STOREH(Y6, (i*32+16)(DX)) \
	STOREH(Y0, (i*32)(DI))    \
	STOREH(Y4, (i*32+16)(DI))
#define LOOPF16(RULE) \
	PAIRF16(RULE, 0)    \
	PAIRF16(RULE, 1)    \
	ADDQ $64, DI        \
	ADDQ $64, SI        \
	ADDQ $64, DX

#define PAIRMASTERBF16(RULE, i) \
	PAIRLOADBF(i*32, SI, Y1, Y5)            \
	RULE(Y1, Y5, (i*64)(DX), (i*64+32)(DX)) \
	PAIRSTEP((i*64)(DI), (i*64+32)(DI))     \
	MOVU Y2, (i*64)(DX)                     \
	MOVU Y6, (i*64+32)(DX)                  \
	MOVU Y0, (i*64)(DI)                     \
	MOVU Y4, (i*64+32)(DI)                  \
	PAIRNARROW(Y0, Y4, Y1, Y3, Y5, (i*32)(R11))
#define LOOPMASTERBF16(RULE) \
	PAIRMASTERBF16(RULE, 0) \
	PAIRMASTERBF16(RULE, 1) \
	ADDQ $128, DI           \
	ADDQ $64, SI            \
	ADDQ $128, DX           \
	ADDQ $64, R11

#define PAIRMASTERBF16M16(RULE, i) \
	PAIRLOADBF(i*32, SI, Y1, Y5)               \
	PAIRLOADBF(i*32, DX, Y2, Y6)               \
	RULE(Y1, Y5, Y2, Y6)                       \
	PAIRSTEP((i*64)(DI), (i*64+32)(DI))        \
	PAIRNARROW(Y2, Y6, Y1, Y3, Y5, (i*32)(DX)) \
	MOVU Y0, (i*64)(DI)                        \
	MOVU Y4, (i*64+32)(DI)                     \
	PAIRNARROW(Y0, Y4, Y2, Y6, Y15, (i*32)(R11))
#define LOOPMASTERBF16M16(RULE) \
	PAIRMASTERBF16M16(RULE, 0) \
	PAIRMASTERBF16M16(RULE, 1) \
	ADDQ $128, DI              \
	ADDQ $64, SI               \
	ADDQ $64, DX               \
	ADDQ $64, R11

#define PAIRMASTERF16(RULE, i) \
	LOADH((i*32)(SI), Y1)                   \
	LOADH((i*32+16)(SI), Y5)                \
	RULE(Y1, Y5, (i*64)(DX), (i*64+32)(DX)) \
	PAIRSTEP((i*64)(DI), (i*64+32)(DI))     \
	MOVU Y2, (i*64)(DX)                     \
	MOVU Y6, (i*64+32)(DX)                  \
	MOVU Y0, (i*64)(DI)                     \
	MOVU Y4, (i*64+32)(DI)                  \
	STOREH(Y0, (i*32)(R11))                 \
	STOREH(Y4, (i*32+16)(R11))
#define LOOPMASTERF16(RULE) \
	PAIRMASTERF16(RULE, 0) \
	PAIRMASTERF16(RULE, 1) \
	ADDQ $128, DI          \
	ADDQ $64, SI           \
	ADDQ $128, DX          \
	ADDQ $64, R11

// PAIRF32M16: the gradients are ga, gb, in memory or, for PAIRAGREE, in Y1, Y5.
#define PAIRF32M16(RULE, i, ga, gb) \
	PAIRLOADBF(i*32, DX, Y2, Y6)               \
	RULE(ga, gb, Y2, Y6)                       \
	PAIRSTEP((i*64)(DI), (i*64+32)(DI))        \
	PAIRNARROW(Y2, Y6, Y1, Y3, Y5, (i*32)(DX)) \
	MOVU Y0, (i*64)(DI)                        \
	MOVU Y4, (i*64+32)(DI)
#define NEXTF32M16 \
	ADDQ $128, DI \
	ADDQ $128, SI \
	ADDQ $64, DX
	PREFETCHT0 2048(DX)
#define LOOPF32M16(RULE) \
	PAIRF32M16(RULE, 0, (SI), 32(SI))   \
	PAIRF32M16(RULE, 1, 64(SI), 96(SI)) \
	NEXTF32M16
// LOOPF32M16REG is the same for a RULE that wants gradients in registers.
#define LOOPF32M16REG(RULE) \
	MOVU (SI), Y1               \
	MOVU 32(SI), Y5             \
	PAIRF32M16(RULE, 0, Y1, Y5) \
	MOVU 64(SI), Y1             \
	MOVU 96(SI), Y5             \
	PAIRF32M16(RULE, 1, Y1, Y5) \
	NEXTF32M16

// PAIRBF: 16 elements of all bfloat16.
#define PAIRBF(RULE, i) \
	EVENBF((i*32)(SI), Y1)                \
	EVENBF((i*32)(DX), Y2)                \
	ODDBF((i*32)(SI), Y6)                 \
	ODDBF((i*32)(DX), Y10)                \
	EVENBF((i*32)(DI), Y0)                \
	ODDBF((i*32)(DI), Y5)                 \
	RULE                                  \
	GATHERBF(Y2, Y10, Y1, Y3, (i*32)(DX)) \
	GATHERBF(Y0, Y5, Y4, Y6, (i*32)(DI))
#define LOOPPAIRBF(RULE) \
	PAIRBF(RULE, 0)     \
	PAIRBF(RULE, 1)     \
	ADDQ $64, DI        \
	ADDQ $64, SI        \
	ADDQ $64, DX

// PAIRSPLIT: the same for halves of float32 weights. A multiplication by 1 and 0
// sign-extends every other lower half; they go back by a blend.
#define PAIRSPLIT(RULE, i) \
	VMOVDQU  (i*32)(R11), Y3              \
	EVENBF((i*32)(SI), Y1)                \
	EVENBF((i*32)(DX), Y2)                \
	ODDBF((i*32)(SI), Y6)                 \
	ODDBF((i*32)(DX), Y10)                \
	VPMADDWD ONES, Y3, Y4                 \
	VPMADDWD UPPER1, Y3, Y9               \
	EVENBF((i*32)(DI), Y0)                \
	ODDBF((i*32)(DI), Y5)                 \
	VPADDD   Y4, Y0, Y0                   \
	VPADDD   Y9, Y5, Y5                   \
	RULE                                  \
	GATHERBF(Y2, Y10, Y1, Y3, (i*32)(DX)) \
	VPSLLD   $16, Y5, Y4                  \
	VPADDD   HALF, Y0, Y3                 \
	VPADDD   HALF, Y5, Y5                 \
	VPSRLD   $16, Y3, Y3                  \
	VPBLENDW $0xAA, Y4, Y0, Y4            \
	VPBLENDW $0xAA, Y5, Y3, Y3            \
	VMOVDQU  Y4, (i*32)(R11)              \
	VMOVDQU  Y3, (i*32)(DI)
#define LOOPPAIRSPLIT(RULE) \
	PAIRSPLIT(RULE, 0)   \
	PAIRSPLIT(RULE, 1)   \
	ADDQ $64, DI         \
	ADDQ $64, SI         \
	ADDQ $64, DX         \
	ADDQ $64, R11

// PAIRKAHAN: weights that are the sum of two bfloat16s. What rounding leaves over, the
// rest, is rounded too. It becomes zero where the rounded weight is infinite or NaN: no
// bit of such a one's exponent is clear, and VPSIGNW clears what has a zero beside it.
#define PAIRKAHAN(RULE, i) \
	EVENBF((i*32)(SI), Y1)                \
	EVENBF((i*32)(DX), Y2)                \
	ODDBF((i*32)(SI), Y6)                 \
	ODDBF((i*32)(DX), Y10)                \
	EVENBF((i*32)(DI), Y0)                \
	EVENBF((i*32)(R11), Y3)               \
	ODDBF((i*32)(DI), Y5)                 \
	ODDBF((i*32)(R11), Y8)                \
	ADD      Y3, Y0, Y0                   \
	ADD      Y8, Y5, Y5                   \
	RULE                                  \
	GATHERBF(Y2, Y10, Y1, Y3, (i*32)(DX)) \
	VPADDD   HALF, Y0, Y4                 \
	VPADDD   HALF, Y5, Y6                 \
	UPPERS(Y4, Y6, Y8, Y9)                \
	VMOVDQU  Y8, (i*32)(DI)               \
	VPSLLD   $16, Y8, Y4                  \
	VPAND    Y8, Y11, Y6                  \
	SUB      Y4, Y0, Y0                   \
	SUB      Y6, Y5, Y5                   \
	VPANDN   EXPS, Y8, Y4                 \
	VPADDD   HALF, Y0, Y0                 \
	VPADDD   HALF, Y5, Y5                 \
	UPPERS(Y0, Y5, Y1, Y3)                \
	VPSIGNW  Y4, Y1, Y1                   \
	VMOVDQU  Y1, (i*32)(R11)
#define LOOPPAIRKAHAN(RULE) \
	PAIRKAHAN(RULE, 0)   \
	PAIRKAHAN(RULE, 1)   \
	ADDQ $64, DI         \
	ADDQ $64, SI         \
	ADDQ $64, DX         \
	ADDQ $64, R11

// AVX-512's storages: READ, WEIGHTS and WRITE as ZFUSED wants them.
#define ZWRITEBF16 \
	ZGATHERBF(LASTM0, LASTM1, Z16, (DX)) \
	ZGATHERBF(Z0, Z4, Z17, (DI))   \
	ADDQ $64, DI                   \
	ADDQ $64, SI                   \
	ADDQ $64, DX

#define ZWRITEF16 \
	VCVTPS2PH $0, LASTM0, (DX)   \
	VCVTPS2PH $0, LASTM1, 32(DX) \
	VCVTPS2PH $0, Z0, (DI)    \
	VCVTPS2PH $0, Z4, 32(DI)  \
	ADDQ $64, DI              \
	ADDQ $64, SI              \
	ADDQ $64, DX

// ZWEIGHTSF32 and ZWRITEF32: weights that are float32.
#define ZWEIGHTSF32 \
	MUL (DI), Z13, Z0   \
	MUL 64(DI), Z13, Z4
#define ZWRITEF32 \
	MOVU Z0, (DI)   \
	MOVU Z4, 64(DI) \
	ADDQ $128, DI

#define ZREADMASTERBF16(u) \
	ZLOADBF((u*64)(SI), Z1)    \
	ZLOADBF((u*64+32)(SI), Z5) \
	MOVU (u*128)(DX), Z2       \
	MOVU (u*128+64)(DX), Z6
#define ZWRITEMASTERBF16 \
	MOVU LASTM0, (DX)               \
	MOVU LASTM1, 64(DX)             \
	ZWRITEF32                    \
	ZPACKBF(Z0, Z4, Z16, (R11))  \
	ADDQ $64, SI                 \
	ADDQ $128, DX                \
	ADDQ $64, R11

#define ZREADMASTERBF16M16(u) \
	ZLOADBF((u*64)(SI), Z1)    \
	ZLOADBF((u*64+32)(SI), Z5) \
	ZLOADBF((u*64)(DX), Z2)    \
	ZLOADBF((u*64+32)(DX), Z6)
#define ZWRITEMASTERBF16M16 \
	ZPACKBF(LASTM0, LASTM1, Z16, (DX)) \
	ZWRITEF32                    \
	ZPACKBF(Z0, Z4, Z17, (R11))  \
	ADDQ $64, SI                 \
	ADDQ $64, DX                 \
	ADDQ $64, R11

#define ZREADMASTERF16(u) \
	VCVTPH2PS (u*64)(SI), Z1    \
	VCVTPH2PS (u*64+32)(SI), Z5 \
	MOVU (u*128)(DX), Z2        \
	MOVU (u*128+64)(DX), Z6
#define ZWRITEMASTERF16 \
	MOVU LASTM0, (DX)            \
	MOVU LASTM1, 64(DX)          \
	VCVTPS2PH $0, Z0, (R11)   \
	VCVTPS2PH $0, Z4, 32(R11) \
	ZWRITEF32                 \
	ADDQ $64, SI              \
	ADDQ $128, DX             \
	ADDQ $64, R11

#define ZREADF32M16(u) \
	ZLOADBF((u*64)(DX), Z2)    \
	ZLOADBF((u*64+32)(DX), Z6) \
	MOVU (u*128)(SI), Z1       \
	MOVU (u*128+64)(SI), Z5
#define ZWRITEF32M16 \
	ZPACKBF(LASTM0, LASTM1, Z16, (DX)) \
	ZWRITEF32                    \
	ADDQ $128, SI                \
	ADDQ $64, DX

// Split weights: a multiplication by 1 and 0 sign-extends every other lower half.
#define ZWEIGHTSSPLIT \
	ZEVENBF((DI), Z0)         \
	ZODDBF((DI), Z4)          \
	VPMADDWD  (R11), Z29, Z16 \
	VPSRAD    $16, (R11), Z17 \
	VPADDD    Z16, Z0, Z0     \
	VPADDD    Z17, Z4, Z4     \
	ZBOTH(ZDECAY)
#define ZWRITESPLIT \
	ZGATHERBF(LASTM0, LASTM1, Z16, (DX)) \
	VPADDD    Z27, Z0, Z1          \
	VPADDD    Z27, Z4, Z5          \
	VPSHUFB   Z28, Z1, K1, Z5      \
	VPSHUFB   Z28, Z4, K7, Z0      \
	VMOVDQU64 Z5, (DI)             \
	VMOVDQU64 Z0, (R11)            \
	ADDQ $64, DI                   \
	ADDQ $64, SI                   \
	ADDQ $64, DX                   \
	ADDQ $64, R11

// ZSETUPSPLIT is what they need.
#define ZSETUPSPLIT \
	ZSETUPPAIRS            \
	VPBROADCASTD HALF, Z27 \
	VPBROADCASTD ONES, Z29

// Kahan's weights: the rest is infinite or NaN, and becomes zero, where what the weight
// was rounded to is.
#define ZWEIGHTSKAHAN \
	ZEVENBF((DI), Z0)    \
	ZODDBF((DI), Z4)     \
	ZEVENBF((R11), Z16)  \
	ZODDBF((R11), Z17)   \
	ADD Z16, Z0, Z0      \
	ADD Z17, Z4, Z4      \
	ZBOTH(ZDECAY)
#define ZWRITEKAHAN \
	ZGATHERBF(LASTM0, LASTM1, Z16, (DX)) \
	VMOVDQU64   Z0, Z1             \
	ZGATHERBF(Z1, Z4, Z17, (DI))   \
	ZEVENBF(Z17, Z16)              \
	ZODDBF(Z17, Z5)                \
	VPADDW      Z17, Z17, Z17      \
	SUB         Z16, Z0, Z0        \
	SUB         Z5, Z4, Z4         \
	VPCMPUW     $1, Z30, Z17, K5   \
	ZUPPERS(Z0, Z4, Z16)           \
	VMOVDQU16.Z Z16, K5, Z16       \
	VMOVDQU64   Z16, (R11)         \
	ADDQ $64, DI                   \
	ADDQ $64, SI                   \
	ADDQ $64, DX                   \
	ADDQ $64, R11

// ZSETUPKAHAN is what they need.
#define ZSETUPKAHAN \
	ZSETUPPAIRS             \
	VPBROADCASTD EXPS2, Z30

// func paperBF16AVX2(a *Args) (nan uint32)
TEXT ·paperBF16AVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(SETUPPAIRS, LOOPPAIRBF, PAPER2, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousBF16AVX2(a *Args) (nan uint32)
TEXT ·cautiousBF16AVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(SETUPPAIRS, LOOPPAIRBF, CAUTIOUS2, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperF16AVX2(a *Args) (nan uint32)
TEXT ·paperF16AVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(SETUP, LOOPF16, PAIRINTERP, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF16AVX2(a *Args) (nan uint32)
TEXT ·cautiousF16AVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(SETUP, LOOPF16, PAIRAGREE, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16AVX2(a *Args) (nan uint32)
TEXT ·paperMasterBF16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SHADOW(SETUP), LOOPMASTERBF16, PAIRINTERP, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16AVX2(a *Args) (nan uint32)
TEXT ·cautiousMasterBF16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SHADOW(SETUP), LOOPMASTERBF16, PAIRAGREE, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16M16AVX2(a *Args) (nan uint32)
TEXT ·paperMasterBF16M16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SHADOW(SETUP), LOOPMASTERBF16M16, PAIRINTERP, SLICESMASTERM16)
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16M16AVX2(a *Args) (nan uint32)
TEXT ·cautiousMasterBF16M16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SHADOW(SETUP), LOOPMASTERBF16M16, PAIRAGREE, SLICESMASTERM16)
	MOVL AX, nan+8(FP)
	RET

// func paperMasterF16AVX2(a *Args) (nan uint32)
TEXT ·paperMasterF16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SHADOW(SETUP), LOOPMASTERF16, PAIRINTERP, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterF16AVX2(a *Args) (nan uint32)
TEXT ·cautiousMasterF16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SHADOW(SETUP), LOOPMASTERF16, PAIRAGREE, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func paperF32M16AVX2(a *Args) (nan uint32)
TEXT ·paperF32M16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SETUP, LOOPF32M16, PAIRINTERP, SLICESF32M16)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32M16AVX2(a *Args) (nan uint32)
TEXT ·cautiousF32M16AVX2(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	FUSED(SETUP, LOOPF32M16REG, PAIRAGREE, SLICESF32M16)
	MOVL AX, nan+8(FP)
	RET

// func paperSplitAVX2(a *Args) (nan uint32)
TEXT ·paperSplitAVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(LOW(SETUPPAIRS), LOOPPAIRSPLIT, PAPER2, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func cautiousSplitAVX2(a *Args) (nan uint32)
TEXT ·cautiousSplitAVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(LOW(SETUPPAIRS), LOOPPAIRSPLIT, CAUTIOUS2, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func paperKahanAVX2(a *Args) (nan uint32)
TEXT ·paperKahanAVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(LOW(SETUPPAIRS), LOOPPAIRKAHAN, PAPER2, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func cautiousKahanAVX2(a *Args) (nan uint32)
TEXT ·cautiousKahanAVX2(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	FUSED(LOW(SETUPPAIRS), LOOPPAIRKAHAN, CAUTIOUS2, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func paperBF16AVX512(a *Args) (nan uint32)
TEXT ·paperBF16AVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(ZSETUPPAIRS, ZREADBF16, ZWEIGHTSBF16, ZPAPER, ZWRITEBF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousBF16AVX512(a *Args) (nan uint32)
TEXT ·cautiousBF16AVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(ZSETUPPAIRS, ZREADBF16, ZWEIGHTSBF16, ZCAUTIOUS, ZWRITEBF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperF16AVX512(a *Args) (nan uint32)
TEXT ·paperF16AVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(ZSETUP, ZREADF16, ZWEIGHTSF16, ZPAPER, ZWRITEF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF16AVX512(a *Args) (nan uint32)
TEXT ·cautiousF16AVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(ZSETUP, ZREADF16, ZWEIGHTSF16, ZCAUTIOUS, ZWRITEF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16AVX512(a *Args) (nan uint32)
TEXT ·paperMasterBF16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(SHADOW(ZSETUPORDER), ZREADMASTERBF16, ZWEIGHTSF32, ZPAPER, ZWRITEMASTERBF16, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16AVX512(a *Args) (nan uint32)
TEXT ·cautiousMasterBF16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(SHADOW(ZSETUPORDER), ZREADMASTERBF16, ZWEIGHTSF32, ZCAUTIOUS, ZWRITEMASTERBF16, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16M16AVX512(a *Args) (nan uint32)
TEXT ·paperMasterBF16M16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(SHADOW(ZSETUPORDER), ZREADMASTERBF16M16, ZWEIGHTSF32, ZPAPER, ZWRITEMASTERBF16M16, SLICESMASTERM16)
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16M16AVX512(a *Args) (nan uint32)
TEXT ·cautiousMasterBF16M16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(SHADOW(ZSETUPORDER), ZREADMASTERBF16M16, ZWEIGHTSF32, ZCAUTIOUS, ZWRITEMASTERBF16M16, SLICESMASTERM16)
	MOVL AX, nan+8(FP)
	RET

// func paperMasterF16AVX512(a *Args) (nan uint32)
TEXT ·paperMasterF16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(SHADOW(ZSETUP), ZREADMASTERF16, ZWEIGHTSF32, ZPAPER, ZWRITEMASTERF16, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterF16AVX512(a *Args) (nan uint32)
TEXT ·cautiousMasterF16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(SHADOW(ZSETUP), ZREADMASTERF16, ZWEIGHTSF32, ZCAUTIOUS, ZWRITEMASTERF16, SLICESMASTER)
	MOVL AX, nan+8(FP)
	RET

// func paperF32M16AVX512(a *Args) (nan uint32)
TEXT ·paperF32M16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(ZSETUPORDER, ZREADF32M16, ZWEIGHTSF32, ZPAPER, ZWRITEF32M16, SLICESF32M16)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32M16AVX512(a *Args) (nan uint32)
TEXT ·cautiousF32M16AVX512(SB), NOSPLIT, $608-12
	MOVQ a+0(FP), R8
	ZFUSED(ZSETUPORDER, ZREADF32M16, ZWEIGHTSF32, ZCAUTIOUS, ZWRITEF32M16, SLICESF32M16)
	MOVL AX, nan+8(FP)
	RET

// func paperSplitAVX512(a *Args) (nan uint32)
TEXT ·paperSplitAVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(LOW(ZSETUPSPLIT), ZREADBF16, ZWEIGHTSSPLIT, ZPAPER, ZWRITESPLIT, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func cautiousSplitAVX512(a *Args) (nan uint32)
TEXT ·cautiousSplitAVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(LOW(ZSETUPSPLIT), ZREADBF16, ZWEIGHTSSPLIT, ZCAUTIOUS, ZWRITESPLIT, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func paperKahanAVX512(a *Args) (nan uint32)
TEXT ·paperKahanAVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(LOW(ZSETUPKAHAN), ZREADBF16, ZWEIGHTSKAHAN, ZPAPER, ZWRITEKAHAN, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET

// func cautiousKahanAVX512(a *Args) (nan uint32)
TEXT ·cautiousKahanAVX512(SB), NOSPLIT, $416-12
	MOVQ a+0(FP), R8
	ZFUSED(LOW(ZSETUPKAHAN), ZREADBF16, ZWEIGHTSKAHAN, ZCAUTIOUS, ZWRITEKAHAN, SLICESLOW)
	MOVL AX, nan+8(FP)
	RET
