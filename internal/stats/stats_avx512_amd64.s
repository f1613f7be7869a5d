//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "stats_amd64.h"

// AVX-512's kernels of the statistics, for units of 512 bits, and one of float32 for
// units of 256, as Zen 4 has them: stats_amd64.go says which CPU runs what.
//
//	Z8–Z9           the 16 partial sums; Y8–Y11 of the one for 256 bits
//	Z12, Z13        largest magnitudes; of float64, largest squares, also in Y12–Y15
//	Z14             the bits of a magnitude
//	Z0–Z4           scratch
//
// Kernels of 16-bit elements have besides
//
//	Z5   −1 in each 16 bits
//	Z6   2²⁹ in each 64 bits, then 2⁸⁹⁶
//	Z7   VPSHUFB's order that widens 16 bfloat16 which are in both halves
//	Z13  smallest magnitudes but 0, less 1
//	Z15  the upper halves of 64 bits
//	K1   those of 16 float32
//	R10  n
//
// They widen as AVX2's do.

// The words of 16 bfloat16 that VPSHUFB takes, each as the upper half of 32 bits, from
// two lanes of the first eight and of the second; what VPERMI2PD joins even and odd
// sums by.
DATA statsConst<>+0(SB)/8, $0x0908808001008080
DATA statsConst<>+8(SB)/8, $0x0b0a808003028080
DATA statsConst<>+16(SB)/8, $0x0908808001008080
DATA statsConst<>+24(SB)/8, $0x0b0a808003028080
DATA statsConst<>+32(SB)/8, $0x0d0c808005048080
DATA statsConst<>+40(SB)/8, $0x0f0e808007068080
DATA statsConst<>+48(SB)/8, $0x0d0c808005048080
DATA statsConst<>+56(SB)/8, $0x0f0e808007068080
DATA statsConst<>+64(SB)/8, $0x0b030a0209010800
DATA statsConst<>+72(SB)/8, $0x0f070e060d050c04
GLOBL statsConst<>(SB), RODATA|NOPTR, $80

#define BOTHHALVES statsConst<>+0(SB)
#define ZIP0       statsConst<>+64(SB)
#define ZIP8       statsConst<>+72(SB)

// ZCONST: z = the 64 bits of a constant everywhere. Smashes AX.
#define ZCONST(bits, z) \
	MOVQ         bits, AX \
	VPBROADCASTQ AX, z

// ZZEROSUMS and ZSTORESUMS: the partial sums in order.
#define ZZEROSUMS \
	VPXOR X8, X8, X8 \
	VPXOR X9, X9, X9
#define ZSTORESUMS \
	VMOVUPD Z8, SUMS(0) \
	VMOVUPD Z9, SUMS(2)

// ZSETUPSUMS: no sums, no magnitude yet, and the masks of magnitudes. Smashes Z5.
#define ZSETUPSUMS \
	ZZEROSUMS                    \
	VPXOR      X12, X12, X12     \
	VPTERNLOGD $0xFF, Z5, Z5, Z5 \
	VPSRLW     $1, Z5, Z14

// BFSIXTEEN adds the 16 bfloat16 at x to the sums. Smashes Z0–Z2, Y3.
#define BFSIXTEEN(x) \
	VPMOVZXWD     x, Z2            \
	VPSLLD        $16, Z2, Z2      \
	VEXTRACTF64X4 $1, Z2, Y3       \
	SQUARES(VCVTPS2PD, Y2, Z0, Z8) \
	SQUARES(VCVTPS2PD, Y3, Z1, Z9)

// BFSPREAD adds the 16 bfloat16 at x, whose squares are exact in float32, to the sums
// of 0, 1, 8, 9, 2, 3, 10, 11 in Z8 and of those that are 4 further in Z9. Smashes a, b.
#define BFSPREAD(x, a, b) \
	VBROADCASTI64X4 x, a         \
	VPSHUFB         Z7, a, a     \
	VMULPS          a, a, a      \
	VPSLLQ          $29, a, b    \
	VPSRLD.Z        $3, a, K1, a \
	VADDPD          b, Z8, Z8    \
	VADDPD          a, Z9, Z9

// BFEXTREMES: the largest and the smallest of the magnitudes in z. Smashes z.
#define BFEXTREMES(z) \
	VPMAXUW z, Z12, Z12 \
	VPADDW  Z5, z, z    \
	VPMINUW z, Z13, Z13

// HSPREAD adds the 16 halves at x to the sums of the even ones in Z8 and of the odd
// ones in Z9. Smashes a, b.
#define HSPREAD(x, a, b) \
	VCVTPH2PS x, a      \
	VMULPS    a, a, a   \
	VPMULUDQ  Z6, a, b  \
	VPANDQ    Z15, a, a \
	VPSRLQ    $3, a, a  \
	VADDPD    b, Z8, Z8 \
	VADDPD    a, Z9, Z9

// ZUNSCALE: the sums times 2⁸⁹⁶. Smashes Z6, AX.
#define ZUNSCALE \
	ZCONST($0x77F0000000000000, Z6) \
	VMULPD Z6, Z8, Z8               \
	VMULPD Z6, Z9, Z9

// ZHIGHEST is HIGHEST for Z12. Smashes Y0, Y12.
#define ZHIGHEST \
	VEXTRACTI64X4 $1, Z12, Y0  \
	VPMAXUW       Y0, Y12, Y12 \
	HIGHEST

// ZSTATS is STATS for kernels that add 32 elements at a time, a line, and the last 16, if
// any, by LAST.
#define ZSTATS(BEGIN, LOOP, LAST, END) \
	BEGIN         \
	SUBQ $32, CX  \
	JCS  last     \
	TESTQ R9, R9  \
	JNE  fetching \
	PCALIGN $64   \
loop:             \
	LOOP          \
	SUBQ $32, CX  \
	JCC  loop     \
	JMP  last     \
	PCALIGN $64   \
fetching:         \
	LINE          \
	LOOP          \
	SUBQ $32, CX  \
	JCC  fetching \
last:             \
	ADDQ $32, CX  \
	JEQ  summed   \
	LAST          \
summed:           \
	END

#define ZBEGINF32 \
	ZZEROSUMS                       \
	VPTERNLOGD $0xFF, Z14, Z14, Z14 \
	VPSRLD     $1, Z14, Z14         \
	VXORPS     X12, X12, X12
#define ZLOOPF32 \
	VANDPS     (SI), Z14, Z2           \
	VMAXPS     Z2, Z12, Z12            \
	SQUARES(VCVTPS2PD, (SI), Z0, Z8)   \
	SQUARES(VCVTPS2PD, 32(SI), Z1, Z9) \
	ADDQ       $64, SI
#define ZENDF32 \
	ZSTORESUMS                    \
	VEXTRACTF64X4 $1, Z12, Y0     \
	VMAXPS        Y0, Y12, Y12    \
	VEXTRACTF128  $1, Y12, X0     \
	VMAXPS        X0, X12, X12    \
	VCVTPS2PD     X12, Y12        \
	LARGEST4                      \
	VMOVSD  X12, block_maxAbs(R8) \
	VZEROUPPER

// func statsF32AVX512(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF32AVX512(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(ZBEGINF32, LINE, ZLOOPF32, ZENDF32)
	RET

// NARROW: four float32 at o(SI), squared, are added to sum; largest keeps the largest.
// Squares are no less in order as integers, which other pipes compare. Smashes a.
#define NARROW(o, a, sum, largest) \
	SQUARES(VCVTPS2PD, o(SI), a, sum) \
	VPMAXUQ a, largest, largest

#define NBEGINF32 \
	ZEROSUMS             \
	VPXOR  Y12, Y12, Y12 \
	VPXOR  Y13, Y13, Y13 \
	VPXOR  Y14, Y14, Y14 \
	VPXOR  Y15, Y15, Y15
#define NLOOPF32 \
	NARROW(0, Y0, Y8, Y12)    \
	NARROW(16, Y1, Y9, Y13)   \
	NARROW(32, Y2, Y10, Y14)  \
	NARROW(48, Y3, Y11, Y15)  \
	ADDQ       $64, SI

// NENDF32: a float32's square is exact, and so is the root of the largest.
#define NENDF32 \
	STORESUMS                      \
	VPMAXUQ Y13, Y12, Y12          \
	VPMAXUQ Y15, Y14, Y14          \
	VPMAXUQ Y14, Y12, Y12          \
	LARGEST4                       \
	VSQRTSD X12, X12, X12          \
	VMOVSD  X12, block_maxAbs(R8)  \
	VZEROUPPER

// func statsNarrowF32AVX512(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsNarrowF32AVX512(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(NBEGINF32, LINE, NLOOPF32, NENDF32)
	RET

// ZLARGEST: X12 = the largest of the doubles in Z12 and Z13. Smashes Y0, Z12.
#define ZLARGEST \
	VMAXPD        Z13, Z12, Z12 \
	VEXTRACTF64X4 $1, Z12, Y0   \
	VMAXPD        Y0, Y12, Y12  \
	LARGEST4

// ZSMALLF64: X12 = the largest magnitude of the CX elements at SI; Z12 and Z13 hold squares
// of some of them, which are smaller. Smashes Z0, Z1, Z12, Z13, SI, CX.
#define ZSMALLF64 \
	VPTERNLOGD $0xFF, Z1, Z1, Z1 \
	VPSRLQ     $1, Z1, Z1        \
smallLoop:                       \
	VANDPD     (SI), Z1, Z0      \
	VMAXPD     Z0, Z12, Z12      \
	VANDPD     64(SI), Z1, Z0    \
	VMAXPD     Z0, Z13, Z13      \
	ADDQ       $128, SI          \
	SUBQ       $16, CX           \
	JNZ        smallLoop         \
	ZLARGEST

// Half of the squares are compared as integers, on other pipes of Zen 4 than numbers.
#define ZBEGINF64 \
	ZZEROSUMS                \
	VXORPD     X12, X12, X12 \
	VXORPD     X13, X13, X13 \
	MOVQ       CX, R10
#define ZLOOPF64 \
	SQUARES(VMOVUPD, (SI), Z0, Z8)   \
	VMAXPD     Z0, Z12, Z12          \
	SQUARES(VMOVUPD, 64(SI), Z1, Z9) \
	VPMAXUQ    Z1, Z13, Z13          \
	ADDQ       $128, SI
#define ZENDF64 \
	ZSTORESUMS \
	ZLARGEST   \
	ROOT(ZSMALLF64)

// func statsF64AVX512(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF64AVX512(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(ZBEGINF64, LINES2, ZLOOPF64, ZENDF64)
	RET

#define ZBEGINBF16 \
	ZSETUPSUMS               \
	VMOVDQU64 Z5, Z13        \
	VMOVDQU64 BOTHHALVES, Z7 \
	MOVL      $0xAAAA, AX    \
	KMOVW     AX, K1         \
	MOVQ      CX, R10
#define ZLOOPBF16 \
	VPANDD     (SI), Z14, Z4 \
	BFEXTREMES(Z4)           \
	BFSPREAD((SI), Z0, Z1)   \
	BFSPREAD(32(SI), Z2, Z3) \
	ADDQ       $64, SI
#define ZLASTBF16 \
	VPAND (SI), Y14, Y4    \
	BFEXTREMES(Z4)         \
	BFSPREAD((SI), Z0, Z1) \
	ADDQ  $32, SI
#define ZENDBF16 \
	ZHIGHEST                        \
	VEXTRACTI64X4 $1, Z13, Y0       \
	VPMINUW       Y0, Y13, Y13      \
	LOWEST(X13, Y13, DX)            \
	STOREBFMAX                      \
	CMPL          AX, $0x7F80       \
	JCC           notFinite         \
	CMPL          AX, $0x5F80       \
	JCC           widened           \
	CMPL          DX, $0x1FFF       \
	JCS           widened           \
	ZUNSCALE                        \
	VSHUFF64X2    $0x88, Z9, Z8, Z0 \
	VSHUFF64X2    $0xDD, Z9, Z8, Z9 \
	VMOVUPD       Z0, Z8            \
	JMP           store             \
widened:                            \
	ZWIDERBF16                      \
store:                              \
	ZSTORESUMS                      \
	JMP           done              \
notFinite:                          \
	NOTFINITE                       \
done:                               \
	VZEROUPPER

// ZWIDERBF16 reads the R10 elements again if squares aren't exact.
#define ZWIDERBF16 \
	MOVQ R10, CX       \
	ADDQ R10, R10      \
	SUBQ R10, SI       \
	ZZEROSUMS          \
	PCALIGN $64        \
wideLoop:              \
	BFSIXTEEN((SI))    \
	ADDQ    $32, SI    \
	SUBQ    $16, CX    \
	JNZ     wideLoop

// func statsBF16AVX512(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsBF16AVX512(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	ZSTATS(ZBEGINBF16, ZLOOPBF16, ZLASTBF16, ZENDBF16)
	RET

#define ZBEGINF16 \
	ZSETUPSUMS          \
	VPSLLQ $32, Z5, Z15 \
	ZCONST($0x20000000, Z6)
#define ZLOOPF16 \
	VPANDD     (SI), Z14, Z4 \
	VPMAXUW    Z4, Z12, Z12  \
	HSPREAD((SI), Z0, Z1)    \
	HSPREAD(32(SI), Z2, Z3)  \
	ADDQ       $64, SI
#define ZLASTF16 \
	VPAND   (SI), Y14, Y4 \
	VPMAXUW Z4, Z12, Z12  \
	HSPREAD((SI), Z0, Z1)
#define ZENDF16 \
	ZUNSCALE              \
	VPMOVZXBQ ZIP0, Z0    \
	VPMOVZXBQ ZIP8, Z1    \
	VPERMI2PD Z9, Z8, Z0  \
	VPERMI2PD Z9, Z8, Z1  \
	VMOVUPD   Z0, SUMS(0) \
	VMOVUPD   Z1, SUMS(2) \
	ZHIGHEST              \
	STOREHMAX

// func statsF16AVX512(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF16AVX512(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	ZSTATS(ZBEGINF16, ZLOOPF16, ZLASTF16, ZENDF16)
	RET
