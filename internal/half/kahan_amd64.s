//go:build !purego && !noasm

#include "textflag.h"
#include "convert_amd64.h"

// Weights as the sum of two bfloat16s, n of them, n a positive multiple of 16, as
// convert.go has it.
//
//	DI, R9 what is written   SI, DX what is read   CX elements left
//	Y0, Z0    a vector of weights, then what is left over
//	Y1, Z1    the weights, rounded
//	Y2–Y4, Z2, Z3, K1  scratch
//	Y8, Z8    1 in each element
//	Y9, Z9    0x7fff
//	Y10, Z10  the canonical NaN, a float32

DATA kahanConst<>+0(SB)/4, $1
DATA kahanConst<>+4(SB)/4, $0x7fff
DATA kahanConst<>+8(SB)/4, $0x7fc00000
GLOBL kahanConst<>(SB), RODATA|NOPTR, $12

// BFCONSTS: the constants of rounding; NANCONST: the last of them.
#define BFCONSTS(one, most, nan) \
	VPBROADCASTD kahanConst<>+0(SB), one  \
	VPBROADCASTD kahanConst<>+4(SB), most \
	NANCONST(nan)
#define NANCONST(nan) VPBROADCASTD kahanConst<>+8(SB), nan

// UP: to = x and what carries into the upper half where that is rounded up to
// bfloat16; a number, or the canonical NaN. Smashes a.
#define UP(x, a, to) \
	VPSRLD $16, x, a   \
	VPAND  Y8, a, a    \
	VPADDD Y9, x, to   \
	VPADDD a, to, to

// PUT: x = the lower halves of the elements of y, which are below 65536.
#define PUT(y, xmm, x) \
	VPACKUSDW y, y, y  \
	VPERMQ    $8, y, y \
	VMOVDQU   xmm, x

// CANON: x = x with canonical NaNs. Smashes a.
#define CANON(x, a) \
	VCMPPS    $3, x, x, a  \
	VBLENDVPS a, Y10, x, x

// SPLITKAHAN: p and c = the bfloat16s of the weights at w. What is left over less
// itself is 0 or, where it is no number, a NaN with all of its bits. Smashes Y0–Y3.
#define SPLITKAHAN(w, p, c) \
	VMOVUPS w, Y0           \
	CANON(Y0, Y2)           \
	UP(Y0, Y2, Y1)          \
	VPSRLD  $16, Y1, Y1     \
	VPSLLD  $16, Y1, Y2     \
	PUT(Y1, X1, p)          \
	VSUBPS  Y2, Y0, Y0      \
	VSUBPS  Y0, Y0, Y3      \
	VPANDN  Y0, Y3, Y0      \
	UP(Y0, Y2, Y1)          \
	VPSRLD  $16, Y1, Y1     \
	PUT(Y1, X1, c)

// JOINKAHAN: w = the sums of p and c. Smashes Y0–Y2.
#define JOINKAHAN(p, c, w) \
	VPMOVZXWD p, Y0        \
	VPMOVZXWD c, Y1        \
	VPSLLD    $16, Y0, Y0  \
	VPSLLD    $16, Y1, Y1  \
	VADDPS    Y1, Y0, Y0   \
	CANON(Y0, Y2)          \
	VMOVUPS   Y0, w

// SPLIT: the next 16 weights as two bfloat16s each. Smashes Y0–Y3.
#define SPLIT \
	SPLITKAHAN((SI), (DI), (R9))       \
	SPLITKAHAN(32(SI), 16(DI), 16(R9)) \
	ADDQ $64, SI                       \
	ADDQ $32, DI                       \
	ADDQ $32, R9

// func splitKahanAVX2(param, compensation, weight unsafe.Pointer, n int)
TEXT ·splitKahanAVX2(SB), NOSPLIT, $0-32
	MOVQ param+0(FP), DI
	MOVQ compensation+8(FP), R9
	MOVQ weight+16(FP), SI
	MOVQ n+24(FP), CX
	CONVERT(BFCONSTS(Y8, Y9, Y10), SPLIT)
	RET

// JOIN: the next 16 weights of theirs. Smashes Y0–Y2.
#define JOIN \
	JOINKAHAN((SI), (DX), (DI))       \
	JOINKAHAN(16(SI), 16(DX), 32(DI)) \
	ADDQ $32, SI                      \
	ADDQ $32, DX                      \
	ADDQ $64, DI

// func joinKahanAVX2(weight, param, compensation unsafe.Pointer, n int)
TEXT ·joinKahanAVX2(SB), NOSPLIT, $0-32
	MOVQ weight+0(FP), DI
	MOVQ param+8(FP), SI
	MOVQ compensation+16(FP), DX
	MOVQ n+24(FP), CX
	CONVERT(NANCONST(Y10), JOIN)
	RET

// ZSPLIT is SPLIT in AVX-512. Smashes Z0–Z3, K1.
#define ZSPLIT \
	VMOVUPS   (SI), Z0       \
	VCMPPS    $3, Z0, Z0, K1 \
	VMOVDQU32 Z10, K1, Z0    \
	VPSRLD    $16, Z0, Z2    \
	VPANDD    Z8, Z2, Z2     \
	VPADDD    Z9, Z0, Z1     \
	VPADDD    Z2, Z1, Z1     \
	VPSRLD    $16, Z1, Z1    \
	VPMOVDW   Z1, (DI)       \
	VPSLLD    $16, Z1, Z1    \
	VSUBPS    Z1, Z0, Z0     \
	VSUBPS    Z0, Z0, Z3     \
	VCMPPS    $7, Z3, Z3, K1 \
	VMOVDQU32.Z Z0, K1, Z0   \
	VPSRLD    $16, Z0, Z2    \
	VPANDD    Z8, Z2, Z2     \
	VPADDD    Z9, Z0, Z1     \
	VPADDD    Z2, Z1, Z1     \
	VPSRLD    $16, Z1, Z1    \
	VPMOVDW   Z1, (R9)       \
	ADDQ      $64, SI        \
	ADDQ      $32, DI        \
	ADDQ      $32, R9

// func splitKahanAVX512(param, compensation, weight unsafe.Pointer, n int)
TEXT ·splitKahanAVX512(SB), NOSPLIT, $0-32
	MOVQ param+0(FP), DI
	MOVQ compensation+8(FP), R9
	MOVQ weight+16(FP), SI
	MOVQ n+24(FP), CX
	CONVERT(BFCONSTS(Z8, Z9, Z10), ZSPLIT)
	RET

// ZJOIN is JOIN in AVX-512. Smashes Z0, Z1, K1.
#define ZJOIN \
	VPMOVZXWD (SI), Z0       \
	VPMOVZXWD (DX), Z1       \
	VPSLLD    $16, Z0, Z0    \
	VPSLLD    $16, Z1, Z1    \
	VADDPS    Z1, Z0, Z0     \
	VCMPPS    $3, Z0, Z0, K1 \
	VMOVDQU32 Z10, K1, Z0    \
	VMOVUPS   Z0, (DI)       \
	ADDQ      $32, SI        \
	ADDQ      $32, DX        \
	ADDQ      $64, DI

// func joinKahanAVX512(weight, param, compensation unsafe.Pointer, n int)
TEXT ·joinKahanAVX512(SB), NOSPLIT, $0-32
	MOVQ weight+0(FP), DI
	MOVQ param+8(FP), SI
	MOVQ compensation+16(FP), DX
	MOVQ n+24(FP), CX
	CONVERT(NANCONST(Z10), ZJOIN)
	RET
