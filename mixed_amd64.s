//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The steps of 16-bit formats, fused: AVX2, then AVX-512. Arithmetic is float32
// on the widened values, by the rules in avx2.h and avx512.h; n is a positive
// multiple of 32. A NaN is rounded like a number here and stays one, since what
// reaches a bfloat16 comes from one and has zeros below, but for a NaN from a
// float32 gradient: the caller mends both.
//
//	R11  the shadow, or the lower halves, if any; the rest as in avx2.h and avx512.h
//
// A stream is BF (bfloat16), H (IEEE half), F (float32), or SP with LO, the halves
// of a float32.

#define SIZE 4
#define LOGSIZE 2
#define LANES512 16
#define MOVU VMOVUPS
#define MOVZ VMOVUPS.Z
#define MOV1 VMOVSS
#define BCAST VBROADCASTSS
#define MUL VMULPS
#define ADD VADDPS
#define SUB VSUBPS
#define DIV VDIVPS
#define SQRT VSQRTPS
#define CMP VCMPPS
#define BLENDV VBLENDVPS
#define BLENDM VBLENDMPS
#define MOVMSK VMOVMSKPS
#define MIN VMINPS
#define TERNLOG VPTERNLOGD
#define IADD VPADDD
#define ISHL VPSLLD
#define MOVM2 VPMOVD2M
#define MSUM Y7
#define ZERO ZEROS
#define MANTISSA 23

#define TERMS
#define ZTERMS

#include "avx2.h"
#include "avx512.h"

// One vector each: 1, 0x7fff and 0x8000 in every element, then VPSHUFB's order that
// gathers the upper halves of the elements of each lane; the upper half of each
// element, and zero.
DATA mixed16<>+0(SB)/8, $0x0000000100000001
DATA mixed16<>+8(SB)/8, $0x0000000100000001
DATA mixed16<>+16(SB)/8, $0x0000000100000001
DATA mixed16<>+24(SB)/8, $0x0000000100000001
DATA mixed16<>+32(SB)/8, $0x00007fff00007fff
DATA mixed16<>+40(SB)/8, $0x00007fff00007fff
DATA mixed16<>+48(SB)/8, $0x00007fff00007fff
DATA mixed16<>+56(SB)/8, $0x00007fff00007fff
DATA mixed16<>+64(SB)/8, $0x0000800000008000
DATA mixed16<>+72(SB)/8, $0x0000800000008000
DATA mixed16<>+80(SB)/8, $0x0000800000008000
DATA mixed16<>+88(SB)/8, $0x0000800000008000
DATA mixed16<>+96(SB)/8, $0x0f0e0b0a07060302
DATA mixed16<>+104(SB)/8, $0x8080808080808080
DATA mixed16<>+112(SB)/8, $0x0f0e0b0a07060302
DATA mixed16<>+120(SB)/8, $0x8080808080808080
DATA mixed16<>+128(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+136(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+144(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+152(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+160(SB)/8, $0
DATA mixed16<>+168(SB)/8, $0
DATA mixed16<>+176(SB)/8, $0
DATA mixed16<>+184(SB)/8, $0
GLOBL mixed16<>(SB), RODATA|NOPTR, $192

#define ONES    mixed16<>+0(SB)
#define ALMOST  mixed16<>+32(SB)
#define HALF    mixed16<>+64(SB)
#define UPPERS  mixed16<>+96(SB)
#define HIGHS   mixed16<>+128(SB)
#define ZEROS   mixed16<>+160(SB)

// LOADBF: y = the bfloat16 at x, widened.
#define LOADBF(x, y) \
	VPMOVZXWD x, y      \
	VPSLLD    $16, y, y

// EVENBF and ODDBF: y = every other bfloat16 of the 16 at x, widened: cheaper than
// LOADBF, where nothing cares for the order within a vector.
#define EVENBF(x, y) \
	VMOVDQU x, y       \
	VPSLLD  $16, y, y
#define ODDBF(x, y) \
	VMOVDQU x, y        \
	VPAND   HIGHS, y, y

// ROUNDBF: the upper halves of z = y rounded to bfloat16. Smashes Y3.
#define ROUNDBF(y, z) \
	VPSRLD $16, y, Y3     \
	VPAND  ONES, Y3, Y3   \
	VPADDD ALMOST, y, z   \
	VPADDD Y3, z, z

// LOADH: y = the IEEE halves at x, widened.
#define LOADH(x, y) VCVTPH2PS x, y

// STOREBF: x = y rounded to bfloat16, to nearest even. Smashes Y3, Y4.
#define STOREBF(y, x) \
	VPSRLD  $16, y, Y3       \
	VPAND   ONES, Y3, Y3     \
	VPADDD  ALMOST, y, Y4    \
	VPADDD  Y3, Y4, Y4       \
	VPSHUFB UPPERS, Y4, Y4   \
	VPERMQ  $0x08, Y4, Y4    \
	VMOVDQU X4, x

// STOREH: x = y rounded to IEEE halves, to nearest even.
#define STOREH(y, x) VCVTPS2PH $0, y, x

// The same for AVX-512, with Z25 1, Z26 0x7fff and Z27 0x8000 in each element.
#define ZSETUP16 \
	ZSETUP                     \
	VPBROADCASTD ONES, Z25     \
	VPBROADCASTD ALMOST, Z26   \
	VPBROADCASTD HALF, Z27

#define ZLOADBF(x, z) \
	VPMOVZXWD x, z      \
	VPSLLD    $16, z, z

#define ZLOADH(x, z) VCVTPH2PS x, z

// ZSTOREBF smashes Z3, Z4.
#define ZSTOREBF(z, x) \
	VPSRLD  $16, z, Z3    \
	VPANDD  Z25, Z3, Z3   \
	VPADDD  Z26, z, Z4    \
	VPADDD  Z3, Z4, Z4    \
	VPSRLD  $16, Z4, Z4   \
	VPMOVDW Z4, x

#define ZSTOREH(z, x) VCVTPS2PH $0, z, x

// ZJOIN smashes Z3.
#define ZJOIN(hi, lo, z) \
	ZLOADBF(hi, z)        \
	VPMOVSXWD lo, Z3      \
	VPADDD    Z3, z, z

// ZSPLIT smashes Z3.
#define ZSPLIT(z, hi, lo) \
	VPMOVDW z, lo           \
	VPADDD  Z27, z, Z3      \
	VPSRLD  $16, Z3, Z3     \
	VPMOVDW Z3, hi

// What each scheme does: STEP for a vector i, LOOP for 32 elements.
#define STEPF16(RULE, i) \
	LOADH((i*16)(DI), Y0) \
	LOADH((i*16)(SI), Y1) \
	LOADH((i*16)(DX), Y2) \
	RULE(Y0, Y1, Y2) \
	STOREH(Y2, (i*16)(DX)) \
	STOREH(Y0, (i*16)(DI))
#define LOOPF16(RULE) \
	PREFETCHT0 2048(DI) \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2048(DX) \
	STEPF16(RULE, 0) \
	STEPF16(RULE, 1) \
	STEPF16(RULE, 2) \
	STEPF16(RULE, 3) \
	ADDQ $64, DI \
	ADDQ $64, SI \
	ADDQ $64, DX

#define STEPMASTERBF16(RULE, i) \
	LOADBF((i*16)(SI), Y1) \
	RULE((i*32)(DI), Y1, (i*32)(DX)) \
	MOVU Y2, (i*32)(DX) \
	MOVU Y0, (i*32)(DI) \
	STOREBF(Y0, (i*16)(R11))
#define LOOPMASTERBF16(RULE) \
	PREFETCHT0 2048(DI) \
	PREFETCHT0 2112(DI) \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2048(DX) \
	PREFETCHT0 2112(DX) \
	PREFETCHT0 2048(R11) \
	STEPMASTERBF16(RULE, 0) \
	STEPMASTERBF16(RULE, 1) \
	STEPMASTERBF16(RULE, 2) \
	STEPMASTERBF16(RULE, 3) \
	ADDQ $128, DI \
	ADDQ $64, SI \
	ADDQ $128, DX \
	ADDQ $64, R11

#define STEPMASTERBF16M16(RULE, i) \
	LOADBF((i*16)(SI), Y1) \
	LOADBF((i*16)(DX), Y2) \
	RULE((i*32)(DI), Y1, Y2) \
	STOREBF(Y2, (i*16)(DX)) \
	MOVU Y0, (i*32)(DI) \
	STOREBF(Y0, (i*16)(R11))
#define LOOPMASTERBF16M16(RULE) \
	PREFETCHT0 2048(DI) \
	PREFETCHT0 2112(DI) \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2048(DX) \
	PREFETCHT0 2048(R11) \
	STEPMASTERBF16M16(RULE, 0) \
	STEPMASTERBF16M16(RULE, 1) \
	STEPMASTERBF16M16(RULE, 2) \
	STEPMASTERBF16M16(RULE, 3) \
	ADDQ $128, DI \
	ADDQ $64, SI \
	ADDQ $64, DX \
	ADDQ $64, R11

#define STEPMASTERF16(RULE, i) \
	LOADH((i*16)(SI), Y1) \
	RULE((i*32)(DI), Y1, (i*32)(DX)) \
	MOVU Y2, (i*32)(DX) \
	MOVU Y0, (i*32)(DI) \
	STOREH(Y0, (i*16)(R11))
#define LOOPMASTERF16(RULE) \
	PREFETCHT0 2048(DI) \
	PREFETCHT0 2112(DI) \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2048(DX) \
	PREFETCHT0 2112(DX) \
	PREFETCHT0 2048(R11) \
	STEPMASTERF16(RULE, 0) \
	STEPMASTERF16(RULE, 1) \
	STEPMASTERF16(RULE, 2) \
	STEPMASTERF16(RULE, 3) \
	ADDQ $128, DI \
	ADDQ $64, SI \
	ADDQ $128, DX \
	ADDQ $64, R11

#define STEPF32M16(RULE, i) \
	LOADBF((i*16)(DX), Y2) \
	RULE((i*32)(DI), (i*32)(SI), Y2) \
	STOREBF(Y2, (i*16)(DX)) \
	MOVU Y0, (i*32)(DI)
#define LOOPF32M16(RULE) \
	PREFETCHT0 2048(DI) \
	PREFETCHT0 2112(DI) \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2112(SI) \
	PREFETCHT0 2048(DX) \
	STEPF32M16(RULE, 0) \
	STEPF32M16(RULE, 1) \
	STEPF32M16(RULE, 2) \
	STEPF32M16(RULE, 3) \
	ADDQ $128, DI \
	ADDQ $128, SI \
	ADDQ $64, DX

// CAUTIOUSREG is CAUTIOUS for a gradient in a register, and without Y15. Smashes
// g, Y3–Y5.
#define CAUTIOUSREG(p, g, m) \
	INTERP(g, m)                  \
	VXORPS g, Y3, Y5              \
	CMP    $12, ZERO, g, Y4       \
	BCAST  COEF(const_cFlip), g   \
	VXORPS g, Y5, Y5              \
	VANDPS Y3, Y4, Y3             \
	BLENDV Y5, ZERO, Y3, Y3       \
	TIMESSIGN                     \
	STEP(p)

// PAIRBF: 16 elements of all bfloat16, the even ones and then the odd; RULE must
// leave Y6 and Y15 alone.
#define PAIRBF(RULE, i) \
	EVENBF((i*32)(DI), Y0)       \
	EVENBF((i*32)(SI), Y1)       \
	EVENBF((i*32)(DX), Y2)       \
	RULE(Y0, Y1, Y2)             \
	ROUNDBF(Y0, Y6)              \
	ROUNDBF(Y2, Y15)             \
	VPSRLD   $16, Y6, Y6         \
	VPSRLD   $16, Y15, Y15       \
	ODDBF((i*32)(DI), Y0)        \
	ODDBF((i*32)(SI), Y1)        \
	ODDBF((i*32)(DX), Y2)        \
	RULE(Y0, Y1, Y2)             \
	ROUNDBF(Y2, Y2)              \
	ROUNDBF(Y0, Y0)              \
	VPBLENDW $0xAA, Y2, Y15, Y2  \
	VPBLENDW $0xAA, Y0, Y6, Y0   \
	VMOVDQU  Y2, (i*32)(DX)      \
	VMOVDQU  Y0, (i*32)(DI)
#define LOOPPAIRBF(RULE) \
	PREFETCHT0 2048(DI) \
	PREFETCHT0 2048(SI) \
	PREFETCHT0 2048(DX) \
	PAIRBF(RULE, 0)     \
	PAIRBF(RULE, 1)     \
	ADDQ $64, DI        \
	ADDQ $64, SI        \
	ADDQ $64, DX

// PAIRSPLIT: the same for halves of float32 weights: a lower half is sign-extended
// by shifts where it lies, and goes back by a blend.
#define PAIRSPLIT(RULE, i) \
	EVENBF((i*32)(DI), Y0)       \
	VMOVDQU  (i*32)(R11), Y3     \
	VPSLLD   $16, Y3, Y3         \
	VPSRAD   $16, Y3, Y3         \
	VPADDD   Y3, Y0, Y0          \
	EVENBF((i*32)(SI), Y1)       \
	EVENBF((i*32)(DX), Y2)       \
	RULE(Y0, Y1, Y2)             \
	MOVU     Y0, Y6              \
	ROUNDBF(Y2, Y15)             \
	VPSRLD   $16, Y15, Y15       \
	ODDBF((i*32)(DI), Y0)        \
	VMOVDQU  (i*32)(R11), Y3     \
	VPSRAD   $16, Y3, Y3         \
	VPADDD   Y3, Y0, Y0          \
	ODDBF((i*32)(SI), Y1)        \
	ODDBF((i*32)(DX), Y2)        \
	RULE(Y0, Y1, Y2)             \
	ROUNDBF(Y2, Y2)              \
	VPBLENDW $0xAA, Y2, Y15, Y2  \
	VMOVDQU  Y2, (i*32)(DX)      \
	VPADDD   HALF, Y6, Y3        \
	VPSRLD   $16, Y3, Y3         \
	VPADDD   HALF, Y0, Y4        \
	VPBLENDW $0xAA, Y4, Y3, Y3   \
	VMOVDQU  Y3, (i*32)(DI)      \
	VPSLLD   $16, Y0, Y4         \
	VPBLENDW $0xAA, Y4, Y6, Y4   \
	VMOVDQU  Y4, (i*32)(R11)
#define LOOPPAIRSPLIT(RULE) \
	PREFETCHT0 2048(DI)  \
	PREFETCHT0 2048(SI)  \
	PREFETCHT0 2048(DX)  \
	PREFETCHT0 2048(R11) \
	PAIRSPLIT(RULE, 0)   \
	PAIRSPLIT(RULE, 1)   \
	ADDQ $64, DI         \
	ADDQ $64, SI         \
	ADDQ $64, DX         \
	ADDQ $64, R11

#define ZSTEPBF16(RULE, i) \
	ZLOADBF((i*32)(DI), Z0) \
	ZLOADBF((i*32)(SI), Z1) \
	ZLOADBF((i*32)(DX), Z2) \
	RULE(Z0, Z1, Z2) \
	ZSTOREBF(Z2, (i*32)(DX)) \
	ZSTOREBF(Z0, (i*32)(DI))
#define ZLOOPBF16(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1024(DX) \
	ZSTEPBF16(RULE, 0) \
	ZSTEPBF16(RULE, 1) \
	ADDQ $64, DI \
	ADDQ $64, SI \
	ADDQ $64, DX

#define ZSTEPF16(RULE, i) \
	ZLOADH((i*32)(DI), Z0) \
	ZLOADH((i*32)(SI), Z1) \
	ZLOADH((i*32)(DX), Z2) \
	RULE(Z0, Z1, Z2) \
	ZSTOREH(Z2, (i*32)(DX)) \
	ZSTOREH(Z0, (i*32)(DI))
#define ZLOOPF16(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1024(DX) \
	ZSTEPF16(RULE, 0) \
	ZSTEPF16(RULE, 1) \
	ADDQ $64, DI \
	ADDQ $64, SI \
	ADDQ $64, DX

#define ZSTEPMASTERBF16(RULE, i) \
	ZLOADBF((i*32)(SI), Z1) \
	RULE((i*64)(DI), Z1, (i*64)(DX)) \
	MOVU Z2, (i*64)(DX) \
	MOVU Z0, (i*64)(DI) \
	ZSTOREBF(Z0, (i*32)(R11))
#define ZLOOPMASTERBF16(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1088(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1024(DX) \
	PREFETCHT0 1088(DX) \
	PREFETCHT0 1024(R11) \
	ZSTEPMASTERBF16(RULE, 0) \
	ZSTEPMASTERBF16(RULE, 1) \
	ADDQ $128, DI \
	ADDQ $64, SI \
	ADDQ $128, DX \
	ADDQ $64, R11

#define ZSTEPMASTERBF16M16(RULE, i) \
	ZLOADBF((i*32)(SI), Z1) \
	ZLOADBF((i*32)(DX), Z2) \
	RULE((i*64)(DI), Z1, Z2) \
	ZSTOREBF(Z2, (i*32)(DX)) \
	MOVU Z0, (i*64)(DI) \
	ZSTOREBF(Z0, (i*32)(R11))
#define ZLOOPMASTERBF16M16(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1088(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1024(DX) \
	PREFETCHT0 1024(R11) \
	ZSTEPMASTERBF16M16(RULE, 0) \
	ZSTEPMASTERBF16M16(RULE, 1) \
	ADDQ $128, DI \
	ADDQ $64, SI \
	ADDQ $64, DX \
	ADDQ $64, R11

#define ZSTEPMASTERF16(RULE, i) \
	ZLOADH((i*32)(SI), Z1) \
	RULE((i*64)(DI), Z1, (i*64)(DX)) \
	MOVU Z2, (i*64)(DX) \
	MOVU Z0, (i*64)(DI) \
	ZSTOREH(Z0, (i*32)(R11))
#define ZLOOPMASTERF16(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1088(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1024(DX) \
	PREFETCHT0 1088(DX) \
	PREFETCHT0 1024(R11) \
	ZSTEPMASTERF16(RULE, 0) \
	ZSTEPMASTERF16(RULE, 1) \
	ADDQ $128, DI \
	ADDQ $64, SI \
	ADDQ $128, DX \
	ADDQ $64, R11

#define ZSTEPF32M16(RULE, i) \
	ZLOADBF((i*32)(DX), Z2) \
	RULE((i*64)(DI), (i*64)(SI), Z2) \
	ZSTOREBF(Z2, (i*32)(DX)) \
	MOVU Z0, (i*64)(DI)
#define ZLOOPF32M16(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1088(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1088(SI) \
	PREFETCHT0 1024(DX) \
	ZSTEPF32M16(RULE, 0) \
	ZSTEPF32M16(RULE, 1) \
	ADDQ $128, DI \
	ADDQ $128, SI \
	ADDQ $64, DX

#define ZSTEPSPLIT(RULE, i) \
	ZJOIN((i*32)(DI), (i*32)(R11), Z0) \
	ZLOADBF((i*32)(SI), Z1) \
	ZLOADBF((i*32)(DX), Z2) \
	RULE(Z0, Z1, Z2) \
	ZSTOREBF(Z2, (i*32)(DX)) \
	ZSPLIT(Z0, (i*32)(DI), (i*32)(R11))
#define ZLOOPSPLIT(RULE) \
	PREFETCHT0 1024(DI) \
	PREFETCHT0 1024(SI) \
	PREFETCHT0 1024(DX) \
	PREFETCHT0 1024(R11) \
	ZSTEPSPLIT(RULE, 0) \
	ZSTEPSPLIT(RULE, 1) \
	ADDQ $64, DI \
	ADDQ $64, SI \
	ADDQ $64, DX \
	ADDQ $64, R11


// func paperBF16AVX2(a *args) (nan uint32)
TEXT ·paperBF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP

	PCALIGN $64

loop:
	LOOPPAIRBF(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousBF16AVX2(a *args) (nan uint32)
TEXT ·cautiousBF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP

	PCALIGN $64

loop:
	LOOPPAIRBF(CAUTIOUSREG)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperF16AVX2(a *args) (nan uint32)
TEXT ·paperF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP

	PCALIGN $64

loop:
	LOOPF16(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF16AVX2(a *args) (nan uint32)
TEXT ·cautiousF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP

	PCALIGN $64

loop:
	LOOPF16(CAUTIOUS)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16AVX2(a *args) (nan uint32)
TEXT ·paperMasterBF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPMASTERBF16(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16AVX2(a *args) (nan uint32)
TEXT ·cautiousMasterBF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPMASTERBF16(CAUTIOUS)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16M16AVX2(a *args) (nan uint32)
TEXT ·paperMasterBF16M16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPMASTERBF16M16(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16M16AVX2(a *args) (nan uint32)
TEXT ·cautiousMasterBF16M16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPMASTERBF16M16(CAUTIOUS)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperMasterF16AVX2(a *args) (nan uint32)
TEXT ·paperMasterF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPMASTERF16(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterF16AVX2(a *args) (nan uint32)
TEXT ·cautiousMasterF16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPMASTERF16(CAUTIOUS)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperF32M16AVX2(a *args) (nan uint32)
TEXT ·paperF32M16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP

	PCALIGN $64

loop:
	LOOPF32M16(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32M16AVX2(a *args) (nan uint32)
TEXT ·cautiousF32M16AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP

	PCALIGN $64

loop:
	LOOPF32M16(CAUTIOUS)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperSplitAVX2(a *args) (nan uint32)
TEXT ·paperSplitAVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPPAIRSPLIT(PAPER)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousSplitAVX2(a *args) (nan uint32)
TEXT ·cautiousSplitAVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	SETUP

	PCALIGN $64

loop:
	LOOPPAIRSPLIT(CAUTIOUSREG)
	SUBQ $32, CX
	JNZ  loop
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperBF16AVX512(a *args) (nan uint32)
TEXT ·paperBF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPBF16(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousBF16AVX512(a *args) (nan uint32)
TEXT ·cautiousBF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPBF16(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperF16AVX512(a *args) (nan uint32)
TEXT ·paperF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPF16(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF16AVX512(a *args) (nan uint32)
TEXT ·cautiousF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPF16(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16AVX512(a *args) (nan uint32)
TEXT ·paperMasterBF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPMASTERBF16(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16AVX512(a *args) (nan uint32)
TEXT ·cautiousMasterBF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPMASTERBF16(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperMasterBF16M16AVX512(a *args) (nan uint32)
TEXT ·paperMasterBF16M16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPMASTERBF16M16(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterBF16M16AVX512(a *args) (nan uint32)
TEXT ·cautiousMasterBF16M16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPMASTERBF16M16(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperMasterF16AVX512(a *args) (nan uint32)
TEXT ·paperMasterF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPMASTERF16(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousMasterF16AVX512(a *args) (nan uint32)
TEXT ·cautiousMasterF16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPMASTERF16(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperF32M16AVX512(a *args) (nan uint32)
TEXT ·paperF32M16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPF32M16(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32M16AVX512(a *args) (nan uint32)
TEXT ·cautiousF32M16AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPF32M16(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperSplitAVX512(a *args) (nan uint32)
TEXT ·paperSplitAVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPSPLIT(ZPAPER)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousSplitAVX512(a *args) (nan uint32)
TEXT ·cautiousSplitAVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	MOVQ args_extra(R8), R11
	ZSETUP16

	PCALIGN $64

loop:
	ZLOOPSPLIT(ZCAUTIOUS)
	SUBQ $32, R10
	JNZ  loop
	ZFINISH
	MOVL AX, nan+8(FP)
	RET
