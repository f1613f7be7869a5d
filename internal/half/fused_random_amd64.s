//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// The steps of bfloat16 and IEEE halves, fused, with weights that are rounded at
// random: as fused_amd64.s has the steps and random_amd64.s the rounding. A NaN is rounded
// like a number here and stays one.
//
//	R11  draws   Y14  the counters of the next vector
//	R12 and the rest of AVX2 as in fused_amd64.h
//	Z19  the counters of the next vector   Z21–Z23  the multipliers
//	Z29  by which the counters grow for the odd elements, or for the next 16
//	Z30  by which they then grow for the next even ones
//
// Of halves besides
//
//	Z24  2⁴⁰   Z25  minus the difference of the biases, shifted by 3   Z26  2⁻¹⁴
//	Z28  what makes infinity a NaN   Z30  VPERMT2W's order that gathers upper halves
//	the rest as in fused_avx512_amd64.h

#define MINUSLR KEPT(10)
#define ROOM 416
#define LASTC0 Z18
#define LASTC1 Z20
#define LASTM0 Z27
#define LASTM1 Z31
#include "fused_amd64.h"
#include "rest_amd64.h"
#include "fused_avx512_amd64.h"

// The multiples of what a counter grows by: even ones, 0–7, 8–15.
DATA drawLanes<>+0(SB)/8, $0x3c6ef37200000000
DATA drawLanes<>+8(SB)/8, $0xb54cda5678dde6e4
DATA drawLanes<>+16(SB)/8, $0x2e2ac13af1bbcdc8
DATA drawLanes<>+24(SB)/8, $0xa708a81e6a99b4ac
DATA drawLanes<>+32(SB)/8, $0x9e3779b900000000
DATA drawLanes<>+40(SB)/8, $0xdaa66d2b3c6ef372
DATA drawLanes<>+48(SB)/8, $0x1715609d78dde6e4
DATA drawLanes<>+56(SB)/8, $0x5384540fb54cda56
DATA drawLanes<>+64(SB)/8, $0x8ff34781f1bbcdc8
DATA drawLanes<>+72(SB)/8, $0xcc623af32e2ac13a
DATA drawLanes<>+80(SB)/8, $0x08d12e656a99b4ac
DATA drawLanes<>+88(SB)/8, $0x454021d7a708a81e
GLOBL drawLanes<>(SB), RODATA|NOPTR, $96

#define EVENS   drawLanes<>+0(SB)
#define LOWER8  drawLanes<>+32(SB)
#define UPPER8  drawLanes<>+64(SB)

DATA drawConst<>+0(SB)/4, $const_drawMul1
DATA drawConst<>+4(SB)/4, $const_drawMul2
DATA drawConst<>+8(SB)/4, $const_drawMul3
DATA drawConst<>+12(SB)/4, $0xe3779b90
DATA drawConst<>+16(SB)/4, $const_golden32
DATA drawConst<>+20(SB)/4, $0x02000000
DATA drawConst<>+24(SB)/4, $0x53800000
DATA drawConst<>+28(SB)/4, $0x47800000
DATA drawConst<>+32(SB)/4, $0x38800000
DATA drawConst<>+36(SB)/4, $0x40000000
GLOBL drawConst<>(SB), RODATA|NOPTR, $40

#define GOLDEN drawConst<>+16(SB)
#define MOST   drawConst<>+28(SB)
#define CONST(i, v) VPBROADCASTD drawConst<>+(i*4)(SB), v

// SETUPDRAW follows SETUP, and keeps constants of DRAW beside those of SETUP2. Of 16
// elements lanes are the multiples for those in the first vector, next begins with that by
// which the second's are greater. Smashes Y0, Y14.
#define SETUPDRAW(lanes, next) \
	VMOVUPS      Y14, KEPT(10)            \
	VPBROADCASTD Draws_Counter(R11), Y14  \
	VPADDD       lanes, Y14, Y14          \
	VPBROADCASTD next, Y0                 \
	VMOVDQU      Y0, KEPT(12)             \
	VPBROADCASTD Draws_Key(R11), Y0       \
	VMOVDQU      Y0, KEPT(4)              \
	KEEP(0, 5)                            \
	KEEP(1, 6)                            \
	KEEP(2, 7)                            \
	KEEP(3, 11)
#define KEEP(i, k) \
	CONST(i, Y0) \
	VMOVDQU Y0, KEPT(k)

// SETUPPUTH keeps those of PUTH, some of them where SETUP2's would be. Smashes Y0.
#define SETUPPUTH \
	KEEP(5, 0)             \
	KEEP(6, 2)             \
	KEEP(8, 3)             \
	KEEP(7, 8)             \
	KEEP(9, 9)             \
	VPCMPEQD Y0, Y0, Y0    \
	VPSRLD   $1, Y0, Y0    \
	VMOVDQU  Y0, KEPT(1)

// SETUPBF16 and SETUPF16 begin the kernels.
#define SETUPBF16 \
	SETUPPAIRS               \
	SETUPDRAW(EVENS, GOLDEN)
#define SETUPF16 \
	SETUP                     \
	SETUPDRAW(LOWER8, UPPER8) \
	SETUPPUTH

// DRAW: x, y = the random bits of the next 16 elements, whose first vector's counters are
// in Y14, which moves on. Smashes a, b. It is a long chain, which what comes between its
// four parts shortens.
#define DRAW(x, y, a, b) \
	DRAWFIRST(x, y, a, b)      \
	MIXDRAW(5, 11, x, y, a, b) \
	MIXDRAW(6, 15, x, y, a, b) \
	DRAWLAST(x, y)
#define DRAWFIRST(x, y, a, b) \
	VPADDD KEPT(12), Y14, y   \
	VPSRLD $17, Y14, a        \
	VPSRLD $17, y, b          \
	VPXOR  a, Y14, x          \
	VPXOR  b, y, y            \
	VPADDD KEPT(11), Y14, Y14 \
	VPXOR  KEPT(4), x, x      \
	VPXOR  KEPT(4), y, y
#define MIXDRAW(k, shift, x, y, a, b) \
	VPMULLD KEPT(k), x, x \
	VPMULLD KEPT(k), y, y \
	VPSRLD  $shift, x, a  \
	VPSRLD  $shift, y, b  \
	VPXOR   a, x, x       \
	VPXOR   b, y, y
#define DRAWLAST(x, y) \
	VPMULLD KEPT(7), x, x \
	VPMULLD KEPT(7), y, y \
	VPSRLD  $16, x, x     \
	VPSRLD  $16, y, y

// PAIRBF: 16 elements, the even ones and the odd. RULE is INTERP2 or AGREE2.
#define PAIRBF(RULE, i) \
	EVENBF((i*32)(SI), Y1)                \
	EVENBF((i*32)(DX), Y2)                \
	ODDBF((i*32)(SI), Y6)                 \
	ODDBF((i*32)(DX), Y10)                \
	RULE                                  \
	DRAWFIRST(Y1, Y6, Y4, Y9)             \
	MIXDRAW(5, 11, Y1, Y6, Y4, Y9)        \
	EVENBF((i*32)(DI), Y0)                \
	ODDBF((i*32)(DI), Y5)                 \
	MIXDRAW(6, 15, Y1, Y6, Y4, Y9)        \
	STEP2                                 \
	DRAWLAST(Y1, Y6)                      \
	GATHERBF(Y2, Y10, Y3, Y4, (i*32)(DX)) \
	VPADDD   Y1, Y0, Y0                   \
	VPADDD   Y6, Y5, Y5                   \
	VPSRLD   $16, Y0, Y0                  \
	VPBLENDW $0xAA, Y5, Y0, Y0            \
	VMOVDQU  Y0, (i*32)(DI)
#define LOOPBF16(RULE) \
	PAIRBF(RULE, 0)     \
	PAIRBF(RULE, 1)     \
	ADDQ $64, DI        \
	ADDQ $64, SI        \
	ADDQ $64, DX

// PUTH: the lower halves of y's elements = y rounded to halves by the random bits in
// r, as ROUNDH of random_amd64.s. Smashes r, a, b, c.
#define PUTH(y, r, a, b, c) \
	VCMPPS     $3, y, y, a      \
	VBLENDVPS  a, KEPT(0), r, r \
	VPAND      KEPT(1), y, a   \
	VPXOR      a, y, y          \
	VMULPS     KEPT(2), a, b    \
	VCVTTPS2DQ b, b             \
	VPCMPGTD   KEPT(3), a, c   \
	VPMINSD    KEPT(8), a, a   \
	VPSLLD     $3, a, a         \
	VPADDD     KEPT(9), a, a   \
	VBLENDVPS  c, a, b, a       \
	VPADDD     r, a, a          \
	VPOR       y, a, a          \
	VPSRLD     $16, a, y

#define PAIRF16(RULE, i) \
	LOADH((i*32)(SI), Y1)        \
	LOADH((i*32+16)(SI), Y5)     \
	LOADH((i*32)(DX), Y2)        \
	LOADH((i*32+16)(DX), Y6)     \
	RULE(Y1, Y5, Y2, Y6)         \
	LOADH((i*32)(DI), Y1)        \
	LOADH((i*32+16)(DI), Y5)     \
	PAIRSTEP(Y1, Y5)             \
	STOREH(Y2, (i*32)(DX))       \
	STOREH(Y6, (i*32+16)(DX))    \
	DRAW(Y1, Y3, Y2, Y6)         \
	PUTH(Y0, Y1, Y2, Y5, Y6)     \
	PUTH(Y4, Y3, Y2, Y5, Y15)    \
	VPACKUSDW Y4, Y0, Y0         \
	VPERMQ    $0xD8, Y0, Y0      \
	VMOVDQU   Y0, (i*32)(DI)
#define LOOPF16(RULE) \
	PAIRF16(RULE, 0)    \
	PAIRF16(RULE, 1)    \
	ADDQ $64, DI        \
	ADDQ $64, SI        \
	ADDQ $64, DX

// ZSETUPDRAW reads draws. Z0 = the multiples of what a counter grows by.
#define ZSETUPDRAW \
	ZSETUP                                \
	VPBROADCASTD  Draws_Counter(R11), Z19 \
	VMOVDQU       LOWER8, Y0              \
	VINSERTI64X4  $1, UPPER8, Z0, Z0      \
	VPADDD        Z0, Z19, Z19            \
	CONST(0, Z21)                         \
	CONST(1, Z22)                         \
	CONST(2, Z23)

// ZEVENLANES follows it: Z19's lanes are those of every other element, the even ones.
#define ZEVENLANES \
	VPADDD Z0, Z19, Z19 \
	CONST(4, Z29)       \
	VPSLLD $5, Z29, Z30 \
	VPSUBD Z29, Z30, Z30

// ZSETUPPUTH: what ZPUTH and elements in order need.
#define ZSETUPPUTH \
	CONST(3, Z29) \
	CONST(6, Z24) \
	CONST(8, Z26) \
	CONST(9, Z25) \
	CONST(5, Z28) \
	VPMOVZXBW ODDWORDS, Z30

// ZSETUPBF16 and ZSETUPF16 begin the kernels.
#define ZSETUPBF16 \
	ZSETUPDRAW \
	ZEVENLANES \
	ZSETUPBF
#define ZSETUPF16 \
	ZSETUPDRAW \
	ZSETUPPUTH

// ZDRAW: z = the random bits of the next vector, whose counters grow by step. Smashes a.
#define ZDRAW(step, z, a) \
	VPSRLD     $17, Z19, z        \
	VPTERNLOGD.BCST $0x96, Draws_Key(R11), Z19, z \
	VPADDD     step, Z19, Z19     \
	VPMULLD    Z21, z, z          \
	VPSRLD     $11, z, a          \
	VPXORD     a, z, z            \
	VPMULLD    Z22, z, z          \
	VPSRLD     $15, z, a          \
	VPXORD     a, z, z            \
	VPMULLD    Z23, z, z          \
	VPSRLD     $16, z, z

#define ZWRITEBF16 \
	ZGATHERBF(LASTM0, LASTM1, Z16, (DX)) \
	ZDRAW(Z29, Z1, Z16)                  \
	ZDRAW(Z30, Z5, Z17)                  \
	VPADDD    Z1, Z0, Z0                 \
	VPADDD    Z5, Z4, Z4                 \
	VPSHUFB   Z28, Z0, K1, Z4            \
	VMOVDQU64 Z4, (DI)                   \
	ADDQ $64, DI                         \
	ADDQ $64, SI                         \
	ADDQ $64, DX

// ZPUTH: the upper halves of y's elements = y rounded to halves by the random bits in
// r, as ROUNDH of random_amd64.s; a begins as the smaller magnitude of y and 65536.
// Smashes r, a, b, K2, K4.
#define ZPUTH(y, r, a, b) \
	VCMPPS     $3, y, y, K4     \
	VMOVDQU32  Z28, K4, r       \
	VRANGEPS.BCST $0x0A, MOST, y, a \
	VMULPS     Z24, a, b        \
	VPCMPD     $1, Z26, a, K2   \
	VPSLLD     $3, a, a         \
	VPADDD     Z25, a, a        \
	VCVTTPS2DQ b, K2, a         \
	VPADDD     r, a, a          \
	VPTERNLOGD $0xEC, Z14, a, y

#define ZWRITEF16 \
	VCVTPS2PH $0, LASTM0, (DX)   \
	VCVTPS2PH $0, LASTM1, 32(DX) \
	ZDRAW(Z29, Z1, Z16)          \
	ZDRAW(Z29, Z5, Z17)          \
	ZPUTH(Z0, Z1, Z16, Z17)      \
	ZPUTH(Z4, Z5, Z16, Z17)      \
	VPERMT2W  Z4, Z30, Z0        \
	VMOVDQU64 Z0, (DI)           \
	ADDQ $64, DI                 \
	ADDQ $64, SI                 \
	ADDQ $64, DX

// func paperRandomBF16AVX2(a *Args) (nan uint32)
TEXT ·paperRandomBF16AVX2(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	FUSED(DRAWS(SETUPBF16), LOOPBF16, INTERP2, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousRandomBF16AVX2(a *Args) (nan uint32)
TEXT ·cautiousRandomBF16AVX2(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	FUSED(DRAWS(SETUPBF16), LOOPBF16, AGREE2, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperRandomF16AVX2(a *Args) (nan uint32)
TEXT ·paperRandomF16AVX2(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	FUSED(DRAWS(SETUPF16), LOOPF16, PAIRINTERP, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousRandomF16AVX2(a *Args) (nan uint32)
TEXT ·cautiousRandomF16AVX2(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	FUSED(DRAWS(SETUPF16), LOOPF16, PAIRAGREE, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperRandomBF16AVX512(a *Args) (nan uint32)
TEXT ·paperRandomBF16AVX512(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	ZFUSED(DRAWS(ZSETUPBF16), ZREADBF16, ZWEIGHTSBF16, ZPAPER, ZWRITEBF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousRandomBF16AVX512(a *Args) (nan uint32)
TEXT ·cautiousRandomBF16AVX512(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	ZFUSED(DRAWS(ZSETUPBF16), ZREADBF16, ZWEIGHTSBF16, ZCAUTIOUS, ZWRITEBF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func paperRandomF16AVX512(a *Args) (nan uint32)
TEXT ·paperRandomF16AVX512(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	ZFUSED(DRAWS(ZSETUPF16), ZREADF16, ZWEIGHTSF16, ZPAPER, ZWRITEF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET

// func cautiousRandomF16AVX512(a *Args) (nan uint32)
TEXT ·cautiousRandomF16AVX512(SB), NOSPLIT, $640-12
	MOVQ a+0(FP), R8
	ZFUSED(DRAWS(ZSETUPF16), ZREADF16, ZWEIGHTSF16, ZCAUTIOUS, ZWRITEF16, SLICES3)
	MOVL AX, nan+8(FP)
	RET
