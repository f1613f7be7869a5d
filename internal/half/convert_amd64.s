//go:build !purego && !noasm

#include "textflag.h"
#include "convert_amd64.h"

// Conversions of n elements, n a positive multiple of 16, as convert.go has them.
// bfloat16 is rounded with integers, since the CPU's own instruction flushes
// subnormals; for IEEE halves the CPU's instruction rounds as IEEE 754 says and
// keeps subnormals, and only NaNs are made canonical before it.
//
//	DI, R9 what is written   SI, DX what is read   CX elements left
//	Y8, Z8    1 in each element, or 0x8000
//	Y9, Z9    0x7fff
//	Y10, Z10  the canonical NaN, a float32
//	Y0–Y5, Z0–Z3, K1  scratch

DATA halfConst<>+0(SB)/4, $1
DATA halfConst<>+4(SB)/4, $0x7fff
DATA halfConst<>+8(SB)/4, $0x7fc00000
DATA halfConst<>+12(SB)/4, $0x8000
DATA halfConst<>+16(SB)/4, $0xffff
GLOBL halfConst<>(SB), RODATA|NOPTR, $20

// BFCONSTS and NANCONST: the constants of narrowing; HALFCONST: that of splitting.
#define BFCONSTS(one, most, nan) \
	VPBROADCASTD halfConst<>+0(SB), one  \
	VPBROADCASTD halfConst<>+4(SB), most \
	NANCONST(nan)
#define NANCONST(nan) VPBROADCASTD halfConst<>+8(SB), nan
#define HALFCONST(half) VPBROADCASTD halfConst<>+12(SB), half

// ROUND2: x and y, each rounded to bfloat16, in the lower halves of their
// elements. Smashes a, b.
#define ROUND2(x, y, a, b) \
	ROUND(x, a) \
	ROUND(y, b)

// ROUND: x = x rounded to bfloat16, in the lower half of each element; NaN is
// canonical. Smashes a, Y5.
#define ROUND(x, a) \
	VCMPPS    $3, x, x, Y5      \
	VPSRLD    $16, x, a         \
	VPAND     Y8, a, a          \
	VPADDD    Y9, x, x          \
	VPADDD    a, x, x           \
	VBLENDVPS Y5, Y10, x, x     \
	VPSRLD    $16, x, x

// PACK: x = the lower halves of the elements of x, then of y.
#define PACK(x, y) \
	VPACKUSDW y, x, x   \
	VPERMQ    $0xD8, x, x

// CANON: x = x with canonical NaNs. Smashes Y5.
#define CANON(x) \
	VCMPPS    $3, x, x, Y5  \
	VBLENDVPS Y5, Y10, x, x

// NARROWBF: the next 16 elements narrowed to bfloat16. Smashes Y0–Y3, Y5.
#define NARROWBF \
	VMOVUPS (SI), Y0       \
	VMOVUPS 32(SI), Y1     \
	ROUND2(Y0, Y1, Y2, Y3) \
	PACK(Y0, Y1)           \
	VMOVDQU Y0, (DI)       \
	ADDQ    $64, SI        \
	ADDQ    $32, DI

// func narrowBF16AVX2(dst, src unsafe.Pointer, n int)
TEXT ·narrowBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(BFCONSTS(Y8, Y9, Y10), NARROWBF)
	RET

// WIDENBF: the next 16 bfloat16 widened. Smashes Y0, Y1.
#define WIDENBF \
	VPMOVZXWD (SI), Y0    \
	VPMOVZXWD 16(SI), Y1  \
	VPSLLD    $16, Y0, Y0 \
	VPSLLD    $16, Y1, Y1 \
	VMOVDQU   Y0, (DI)    \
	VMOVDQU   Y1, 32(DI)  \
	ADDQ      $32, SI     \
	ADDQ      $64, DI

// func widenBF16AVX2(dst, src unsafe.Pointer, n int)
TEXT ·widenBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(NOCONSTS, WIDENBF)
	RET

// NARROWH: the next 16 elements narrowed to IEEE halves. Smashes Y0, Y1, Y5.
#define NARROWH \
	VMOVUPS   (SI), Y0       \
	VMOVUPS   32(SI), Y1     \
	CANON(Y0)                \
	CANON(Y1)                \
	VCVTPS2PH $0, Y0, (DI)   \
	VCVTPS2PH $0, Y1, 16(DI) \
	ADDQ      $64, SI        \
	ADDQ      $32, DI

// func narrowF16AVX2(dst, src unsafe.Pointer, n int)
TEXT ·narrowF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(NANCONST(Y10), NARROWH)
	RET

// WIDENH: the next 16 IEEE halves widened. Smashes Y0, Y1.
#define WIDENH \
	VCVTPH2PS (SI), Y0   \
	VCVTPH2PS 16(SI), Y1 \
	VMOVUPS   Y0, (DI)   \
	VMOVUPS   Y1, 32(DI) \
	ADDQ      $32, SI    \
	ADDQ      $64, DI

// func widenF16AVX2(dst, src unsafe.Pointer, n int)
TEXT ·widenF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(NOCONSTS, WIDENH)
	RET

// SPLITCONSTS: half a unit of an upper half, and the lower half's mask.
#define SPLITCONSTS \
	HALFCONST(Y8)                       \
	VPBROADCASTD halfConst<>+16(SB), Y9

// SPLIT: the next 16 weights as upper and lower halves. Smashes Y0–Y3.
#define SPLIT \
	VMOVDQU (SI), Y0    \
	VMOVDQU 32(SI), Y1  \
	VPAND   Y0, Y9, Y2  \
	VPAND   Y1, Y9, Y3  \
	PACK(Y2, Y3)        \
	VPADDD  Y8, Y0, Y0  \
	VPADDD  Y8, Y1, Y1  \
	VPSRLD  $16, Y0, Y0 \
	VPSRLD  $16, Y1, Y1 \
	PACK(Y0, Y1)        \
	VMOVDQU Y0, (DI)    \
	VMOVDQU Y2, (R9)    \
	ADDQ    $64, SI     \
	ADDQ    $32, DI     \
	ADDQ    $32, R9

// func splitAVX2(hi, lo, weight unsafe.Pointer, n int)
TEXT ·splitAVX2(SB), NOSPLIT, $0-32
	MOVQ hi+0(FP), DI
	MOVQ lo+8(FP), R9
	MOVQ weight+16(FP), SI
	MOVQ n+24(FP), CX
	CONVERT(SPLITCONSTS, SPLIT)
	RET

// JOIN: the next 16 weights of their halves. Smashes Y0–Y3.
#define JOIN \
	VPMOVZXWD (SI), Y0    \
	VPMOVZXWD 16(SI), Y1  \
	VPMOVSXWD (DX), Y2    \
	VPMOVSXWD 16(DX), Y3  \
	VPSLLD    $16, Y0, Y0 \
	VPSLLD    $16, Y1, Y1 \
	VPADDD    Y2, Y0, Y0  \
	VPADDD    Y3, Y1, Y1  \
	VMOVDQU   Y0, (DI)    \
	VMOVDQU   Y1, 32(DI)  \
	ADDQ      $32, SI     \
	ADDQ      $32, DX     \
	ADDQ      $64, DI

// func joinAVX2(weight, hi, lo unsafe.Pointer, n int)
TEXT ·joinAVX2(SB), NOSPLIT, $0-32
	MOVQ weight+0(FP), DI
	MOVQ hi+8(FP), SI
	MOVQ lo+16(FP), DX
	MOVQ n+24(FP), CX
	CONVERT(NOCONSTS, JOIN)
	RET

// The same in AVX-512: these smash Z0, Z1, K1.
#define ZNARROWBF \
	VMOVUPS   (SI), Z0       \
	VCMPPS    $3, Z0, Z0, K1 \
	VPSRLD    $16, Z0, Z1    \
	VPANDD    Z8, Z1, Z1     \
	VPADDD    Z9, Z0, Z0     \
	VPADDD    Z1, Z0, Z0     \
	VMOVDQU32 Z10, K1, Z0    \
	VPSRLD    $16, Z0, Z0    \
	VPMOVDW   Z0, (DI)       \
	ADDQ      $64, SI        \
	ADDQ      $32, DI

// func narrowBF16AVX512(dst, src unsafe.Pointer, n int)
TEXT ·narrowBF16AVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(BFCONSTS(Z8, Z9, Z10), ZNARROWBF)
	RET

#define ZWIDENBF \
	VPMOVZXWD (SI), Z0    \
	VPSLLD    $16, Z0, Z0 \
	VMOVUPS   Z0, (DI)    \
	ADDQ      $32, SI     \
	ADDQ      $64, DI

// func widenBF16AVX512(dst, src unsafe.Pointer, n int)
TEXT ·widenBF16AVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(NOCONSTS, ZWIDENBF)
	RET

#define ZNARROWH \
	VMOVUPS   (SI), Z0       \
	VCMPPS    $3, Z0, Z0, K1 \
	VMOVDQU32 Z10, K1, Z0    \
	VCVTPS2PH $0, Z0, (DI)   \
	ADDQ      $64, SI        \
	ADDQ      $32, DI

// func narrowF16AVX512(dst, src unsafe.Pointer, n int)
TEXT ·narrowF16AVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(NANCONST(Z10), ZNARROWH)
	RET

#define ZWIDENH \
	VCVTPH2PS (SI), Z0 \
	VMOVUPS   Z0, (DI) \
	ADDQ      $32, SI  \
	ADDQ      $64, DI

// func widenF16AVX512(dst, src unsafe.Pointer, n int)
TEXT ·widenF16AVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	CONVERT(NOCONSTS, ZWIDENH)
	RET

#define ZSPLIT \
	VMOVUPS (SI), Z0    \
	VPMOVDW Z0, (R9)    \
	VPADDD  Z8, Z0, Z0  \
	VPSRLD  $16, Z0, Z0 \
	VPMOVDW Z0, (DI)    \
	ADDQ    $64, SI     \
	ADDQ    $32, DI     \
	ADDQ    $32, R9

// func splitAVX512(hi, lo, weight unsafe.Pointer, n int)
TEXT ·splitAVX512(SB), NOSPLIT, $0-32
	MOVQ hi+0(FP), DI
	MOVQ lo+8(FP), R9
	MOVQ weight+16(FP), SI
	MOVQ n+24(FP), CX
	CONVERT(HALFCONST(Z8), ZSPLIT)
	RET

#define ZJOIN \
	VPMOVZXWD (SI), Z0    \
	VPMOVSXWD (DX), Z1    \
	VPSLLD    $16, Z0, Z0 \
	VPADDD    Z1, Z0, Z0  \
	VMOVUPS   Z0, (DI)    \
	ADDQ      $32, SI     \
	ADDQ      $32, DX     \
	ADDQ      $64, DI

// func joinAVX512(weight, hi, lo unsafe.Pointer, n int)
TEXT ·joinAVX512(SB), NOSPLIT, $0-32
	MOVQ weight+0(FP), DI
	MOVQ hi+8(FP), SI
	MOVQ lo+16(FP), DX
	MOVQ n+24(FP), CX
	CONVERT(NOCONSTS, ZJOIN)
	RET
