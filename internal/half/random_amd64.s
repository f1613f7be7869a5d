//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "convert_amd64.h"

// Rounding of n float32 at random, n a positive multiple of 16, as random.go has
// it; halves are computed in integers, and their subnormals by a conversion that
// cuts off the fraction.
//
//	DI what is written   SI what is read   CX elements left
//	Y0, Z0            a vector of weights, then their signs
//	Y1, Z1            their random bits
//	Y2–Y4, Z2–Z4      scratch   K1 NaNs   K2 the subnormals
//	Y5–Y7, Z5–Z7      the multipliers
//	Y8, Z8            the counters of the next vector
//	Y9, Z9            the key
//	Z16               by which the counters grow
//	Y10, Z10          the canonical NaN (BF16), or all bits but the sign
//	Y11, Z11          2⁴⁰
//	Y12, Z12          65536
//	Y13, Z13          2⁻¹⁴, the least normal half
//	Y14, Z14          minus the difference of the exponents' biases, shifted by 3
//	Y15, Z15          what makes infinity a NaN

// What a counter grows by over 8 elements, eight times; 0–15 in
// bytes.
DATA roundSteps<>+0(SB)/8, $0xf1bbcdc8f1bbcdc8
DATA roundSteps<>+8(SB)/8, $0xf1bbcdc8f1bbcdc8
DATA roundSteps<>+16(SB)/8, $0xf1bbcdc8f1bbcdc8
DATA roundSteps<>+24(SB)/8, $0xf1bbcdc8f1bbcdc8
DATA roundSteps<>+32(SB)/8, $0x0706050403020100
DATA roundSteps<>+40(SB)/8, $0x0f0e0d0c0b0a0908
GLOBL roundSteps<>(SB), RODATA|NOPTR, $48

#define STEP8 roundSteps<>+0(SB)
#define IOTA  roundSteps<>+32(SB)

DATA roundConst<>+0(SB)/4, $const_drawMul1
DATA roundConst<>+4(SB)/4, $const_drawMul2
DATA roundConst<>+8(SB)/4, $const_drawMul3
DATA roundConst<>+12(SB)/4, $const_golden32
DATA roundConst<>+16(SB)/4, $0x7fc00000
DATA roundConst<>+20(SB)/4, $0x7fffffff
DATA roundConst<>+24(SB)/4, $0x53800000
DATA roundConst<>+28(SB)/4, $0x47800000
DATA roundConst<>+32(SB)/4, $0x38800000
DATA roundConst<>+36(SB)/4, $0x40000000
DATA roundConst<>+40(SB)/4, $0x02000000
GLOBL roundConst<>(SB), RODATA|NOPTR, $44

#define CONST(i, v) VPBROADCASTD roundConst<>+(i*4)(SB), v

// CONSTS: the multipliers, and v = 0–15 times what a counter grows by. Smashes a.
#define CONSTS(m1, m2, m3, a, v) \
	CONST(0, m1)      \
	CONST(1, m2)      \
	CONST(2, m3)      \
	CONST(3, a)       \
	VPMOVZXBD IOTA, v \
	VPMULLD   a, v, v

// HALFCONSTS: the constants of rounding to halves.
#define HALFCONSTS(mask, scale, most, least, bias, nan) \
	CONST(5, mask)  \
	CONST(6, scale) \
	CONST(7, most)  \
	CONST(8, least) \
	CONST(9, bias)  \
	CONST(10, nan)

// DRAW: Y1 = the random bits of the next vector. Smashes Y2.
#define DRAW \
	VPSRLD  $17, Y8, Y1   \
	VPXOR   Y8, Y1, Y1    \
	VPXOR   Y9, Y1, Y1    \
	VPMULLD Y5, Y1, Y1    \
	VPADDD  STEP8, Y8, Y8 \
	VPSRLD  $11, Y1, Y2   \
	VPXOR   Y2, Y1, Y1    \
	VPMULLD Y6, Y1, Y1    \
	VPSRLD  $15, Y1, Y2   \
	VPXOR   Y2, Y1, Y1    \
	VPMULLD Y7, Y1, Y1    \
	VPSRLD  $16, Y1, Y1

// PUT: x = the lower halves of the elements of y, which are below 65536.
#define PUT(y, xmm, x) \
	VPACKUSDW y, y, y     \
	VPERMQ    $8, y, y    \
	VMOVDQU   xmm, x

// ROUNDBF: to = x rounded to bfloat16. Smashes Y0–Y2.
#define ROUNDBF(x, to) \
	DRAW                       \
	VMOVUPS   x, Y0            \
	VCMPPS    $3, Y0, Y0, Y2   \
	VBLENDVPS Y2, Y10, Y0, Y0  \
	VPADDD    Y1, Y0, Y0       \
	VPSRLD    $16, Y0, Y0      \
	PUT(Y0, X0, to)

// ROUNDH: to = x rounded to IEEE halves. Y3 is |x|, then the bits of its half with
// 16 more; Y4 is the same for subnormals. Smashes Y0–Y4.
#define ROUNDH(x, to) \
	DRAW                        \
	VMOVUPS    x, Y0            \
	VCMPPS     $3, Y0, Y0, Y2   \
	VPAND      Y10, Y0, Y3      \
	VPXOR      Y3, Y0, Y0       \
	VPANDN     Y0, Y2, Y0       \
	VBLENDVPS  Y2, Y15, Y1, Y1  \
	VMULPS     Y11, Y3, Y4      \
	VCVTTPS2DQ Y4, Y4           \
	VPCMPGTD   Y3, Y13, Y2      \
	VPMINSD    Y12, Y3, Y3      \
	VPSLLD     $3, Y3, Y3       \
	VPADDD     Y14, Y3, Y3      \
	VBLENDVPS  Y2, Y4, Y3, Y3   \
	VPADDD     Y1, Y3, Y3       \
	VPOR       Y0, Y3, Y3       \
	VPSRLD     $16, Y3, Y3      \
	PUT(Y3, X3, to)

// BEGINBF: the constants of ROUNDBF, and the counters from Y1 on. Smashes Y2.
#define BEGINBF \
	CONSTS(Y5, Y6, Y7, Y2, Y8) \
	VPADDD       Y1, Y8, Y8    \
	CONST(4, Y10)

// NEXTBF: the next 16 elements rounded to bfloat16. Smashes Y0–Y2.
#define NEXTBF \
	ROUNDBF((SI), (DI))     \
	ROUNDBF(32(SI), 16(DI)) \
	ADDQ $64, SI            \
	ADDQ $32, DI

// func stochasticBF16AVX2(dst, src unsafe.Pointer, n int, d Draws)
TEXT ·stochasticBF16AVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS d_Counter+24(FP), Y1
	VBROADCASTSS d_Key+28(FP), Y9
	CONVERT(BEGINBF, NEXTBF)
	RET

// BEGINH and NEXTH: the same for IEEE halves. NEXTH smashes Y0–Y4.
#define BEGINH \
	CONSTS(Y5, Y6, Y7, Y2, Y8) \
	VPADDD       Y1, Y8, Y8    \
	HALFCONSTS(Y10, Y11, Y12, Y13, Y14, Y15)
#define NEXTH \
	ROUNDH((SI), (DI))     \
	ROUNDH(32(SI), 16(DI)) \
	ADDQ $64, SI           \
	ADDQ $32, DI

// func stochasticF16AVX2(dst, src unsafe.Pointer, n int, d Draws)
TEXT ·stochasticF16AVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS d_Counter+24(FP), Y1
	VBROADCASTSS d_Key+28(FP), Y9
	CONVERT(BEGINH, NEXTH)
	RET

// ZDRAW: Z1 = the random bits of the next vector. Smashes Z2.
#define ZDRAW \
	VPSRLD     $17, Z8, Z1         \
	VPTERNLOGD $0x96, Z9, Z8, Z1   \
	VPMULLD    Z5, Z1, Z1          \
	VPADDD     Z16, Z8, Z8         \
	VPSRLD     $11, Z1, Z2         \
	VPXORD     Z2, Z1, Z1          \
	VPMULLD    Z6, Z1, Z1          \
	VPSRLD     $15, Z1, Z2         \
	VPXORD     Z2, Z1, Z1          \
	VPMULLD    Z7, Z1, Z1          \
	VPSRLD     $16, Z1, Z1

// ZBEGINBF, ZNEXTBF: as BEGINBF and NEXTBF. ZNEXTBF smashes Z0–Z2, K1.
#define ZBEGINBF \
	CONSTS(Z5, Z6, Z7, Z16, Z8) \
	VPADDD       Z1, Z8, Z8     \
	VPSLLD       $4, Z16, Z16   \
	CONST(4, Z10)
#define ZNEXTBF \
	ZDRAW                    \
	VMOVUPS   (SI), Z0       \
	VCMPPS    $3, Z0, Z0, K1 \
	VMOVDQU32 Z10, K1, Z0    \
	VPADDD    Z1, Z0, Z0     \
	VPSRLD    $16, Z0, Z0    \
	VPMOVDW   Z0, (DI)       \
	ADDQ      $64, SI        \
	ADDQ      $32, DI

// func stochasticBF16AVX512(dst, src unsafe.Pointer, n int, d Draws)
TEXT ·stochasticBF16AVX512(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS d_Counter+24(FP), Z1
	VBROADCASTSS d_Key+28(FP), Z9
	CONVERT(ZBEGINBF, ZNEXTBF)
	RET

// ZBEGINH, ZNEXTH: as BEGINH and NEXTH. ZNEXTH smashes Z0–Z4, K1, K2.
#define ZBEGINH \
	CONSTS(Z5, Z6, Z7, Z16, Z8) \
	VPADDD       Z1, Z8, Z8     \
	VPSLLD       $4, Z16, Z16   \
	HALFCONSTS(Z10, Z11, Z12, Z13, Z14, Z15)
#define ZNEXTH \
	ZDRAW                      \
	VMOVUPS    (SI), Z0        \
	VCMPPS     $3, Z0, Z0, K1  \
	VPANDD     Z10, Z0, Z3     \
	VPANDND    Z0, Z10, Z0     \
	VPXORD     Z0, Z0, K1, Z0  \
	VMOVDQU32  Z15, K1, Z1     \
	VMULPS     Z11, Z3, Z4     \
	VCVTTPS2DQ Z4, Z4          \
	VPCMPD     $1, Z13, Z3, K2 \
	VPMINSD    Z12, Z3, Z3     \
	VPSLLD     $3, Z3, Z3      \
	VPADDD     Z14, Z3, Z3     \
	VMOVDQU32  Z4, K2, Z3      \
	VPADDD     Z1, Z3, Z3      \
	VPORD      Z0, Z3, Z3      \
	VPSRLD     $16, Z3, Z3     \
	VPMOVDW    Z3, (DI)        \
	ADDQ       $64, SI         \
	ADDQ       $32, DI

// func stochasticF16AVX512(dst, src unsafe.Pointer, n int, d Draws)
TEXT ·stochasticF16AVX512(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         src+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS d_Counter+24(FP), Z1
	VBROADCASTSS d_Key+28(FP), Z9
	CONVERT(ZBEGINH, ZNEXTH)
	RET
