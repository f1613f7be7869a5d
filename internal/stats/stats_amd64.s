//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// Sums of squares, and the largest magnitude, of the first n elements of a block, n
// a positive multiple of 16: what the generic summers compute if all are finite. If they
// aren't, or a sum overflows, sums are left NaN or infinite, which the caller looks
// for. The block are zeros before.
//
//	R8 block   SI grad   CX elements left
//	Y8–Y11, Z8–Z9   the 16 partial sums
//	Y12, Z12        largest magnitudes
//	Y14, Z14        the bits of a magnitude
//	Y0–Y5, Z0–Z2    scratch
//
// AVX2's kernels of 16-bit elements have besides
//
//	Y6   2²⁹ in each 64 bits, or 2⁸⁹⁶
//	Y7   the bits of an odd bfloat16's magnitude
//	Y13  smallest magnitudes but 0, less 1
//	Y15  the upper halves of 64 bits
//
// and AVX-512's
//
//	Z5   −1 in each 16 bits
//	Z6   2²⁹ in each 64 bits, then 2⁸⁹⁶
//	Z7   VPSHUFB's order that widens 16 bfloat16 which are in both halves
//	Z13  smallest magnitudes but 0, less 1
//	Z15  the upper halves of 64 bits
//	K1   those of 16 float32
//
// They widen without the conversion to float64, which is slow: a float32 with no
// sign, moved down by three bits in the upper half of 64, is the float64 that is
// 2⁸⁹⁶ times smaller. Sums of such have the same digits as long as none is subnormal;
// they are scaled when they are stored.

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

#define SUMS(i) (block_sums+i*32)(R8)

// ABSMASK: a = n ones under a zero in each element. SHIFT is VPSRLD or VPSRLQ.
#define ABSMASK(SHIFT, a) \
	VPCMPEQD a, a, a \
	SHIFT    $1, a, a

// SQUARES: a = x, squared and added to sum.
#define SQUARES(CVT, x, a, sum) \
	CVT    x, a       \
	VMULPD a, a, a    \
	VADDPD a, sum, sum

// BFSIXTEEN adds the 16 bfloat16 at x to the sums, in AVX-512. Smashes Z0–Z2, Y3.
#define BFSIXTEEN(x) \
	VPMOVZXWD     x, Z2            \
	VPSLLD        $16, Z2, Z2      \
	VEXTRACTF64X4 $1, Z2, Y3       \
	SQUARES(VCVTPS2PD, Y2, Z0, Z8) \
	SQUARES(VCVTPS2PD, Y3, Z1, Z9)

// ZEROSUMS and STORESUMS: the partial sums in order.
#define ZEROSUMS \
	VXORPD Y8, Y8, Y8    \
	VXORPD Y9, Y9, Y9    \
	VXORPD Y10, Y10, Y10 \
	VXORPD Y11, Y11, Y11
#define STORESUMS \
	VMOVUPD Y8, SUMS(0)  \
	VMOVUPD Y9, SUMS(1)  \
	VMOVUPD Y10, SUMS(2) \
	VMOVUPD Y11, SUMS(3)

// BROADCASTQ: y = bits in each 64. Smashes AX.
#define BROADCASTQ(bits, x, y) \
	MOVQ         bits, AX \
	VMOVQ        AX, x    \
	VPBROADCASTQ x, y

// UPPER: a = the upper halves of 64 bits.
#define UPPER(a) \
	VPCMPEQD a, a, a   \
	VPSLLQ   $32, a, a

// UNSCALE: the sums times 2⁸⁹⁶. Smashes Y6, AX.
#define UNSCALE \
	BROADCASTQ($0x77F0000000000000, X6, Y6) \
	VMULPD Y6, Y8, Y8                       \
	VMULPD Y6, Y9, Y9                       \
	VMULPD Y6, Y10, Y10                     \
	VMULPD Y6, Y11, Y11

// LOWEST: r = the lowest of y's 16-bit elements. Smashes X0 and y.
#define LOWEST(x, y, r) \
	VEXTRACTI128 $1, y, X0 \
	VPMINUW      X0, x, x  \
	VPHMINPOSUW  x, x      \
	VMOVD        x, r      \
	MOVWLZX      r, r

// HIGHEST: AX = the highest of the magnitudes in Y12. Smashes Y0, Y12.
#define HIGHEST \
	VPXOR Y14, Y12, Y12 \
	LOWEST(X12, Y12, AX) \
	XORL  $0x7FFF, AX

// NOTFINITE makes a sum NaN. Smashes AX.
#define NOTFINITE \
	MOVQ $0x7FF8000000000000, AX \
	MOVQ AX, SUMS(0)

// STORETRANSPOSED stores the partial sums from Y8 (0, 4, 8 and 12), Y9 (1, 5 …),
// Y10 (2, 6 …), Y11. Smashes Y0–Y3, Y8–Y11.
#define STORETRANSPOSED \
	VUNPCKLPD  Y9, Y8, Y0        \
	VUNPCKHPD  Y9, Y8, Y1        \
	VUNPCKLPD  Y11, Y10, Y2      \
	VUNPCKHPD  Y11, Y10, Y3      \
	VPERM2F128 $0x20, Y2, Y0, Y8 \
	VPERM2F128 $0x20, Y3, Y1, Y9 \
	VPERM2F128 $0x31, Y2, Y0, Y10 \
	VPERM2F128 $0x31, Y3, Y1, Y11 \
	STORESUMS

// STOREZIPPED stores the partial sums from Y8 (0, 2, 4 and 6), Y9 (1, 3, 5 and 7),
// Y10 and Y11, which are eight further. Smashes Y0–Y3, Y8–Y11.
#define STOREZIPPED \
	VUNPCKLPD  Y9, Y8, Y0        \
	VUNPCKHPD  Y9, Y8, Y1        \
	VUNPCKLPD  Y11, Y10, Y2      \
	VUNPCKHPD  Y11, Y10, Y3      \
	VPERM2F128 $0x20, Y1, Y0, Y8 \
	VPERM2F128 $0x31, Y1, Y0, Y9 \
	VPERM2F128 $0x20, Y3, Y2, Y10 \
	VPERM2F128 $0x31, Y3, Y2, Y11 \
	STORESUMS

// BFPARTS: Y0 and Y2 = the even and the odd magnitudes of the 16 bfloat16 at x,
// Y4 = all of them.
#define BFPARTS(x) \
	VPAND  x, Y14, Y4  \
	VPSLLD $16, Y4, Y0 \
	VPAND  x, Y7, Y2

// BFSPLIT: of eight float32 in a whose last three bits are 0, the odd ones as small
// float64 in a, the even ones in b.
#define BFSPLIT(a, b) \
	VPSRLD $3, a, a  \
	VPSLLQ $32, a, b \
	VPAND  Y15, a, a

// ADDSMALL: four squares of small float64 in a, scaled first, are added to sum.
// Smashes a.
#define ADDSMALL(a, sum) \
	VMULPD Y6, a, a   \
	VMULPD a, a, a    \
	VADDPD a, sum, sum

// HEIGHT adds eight half-precision elements at x to two vectors of sums, of the even
// and of the odd ones. A half's square is exact in float32. Smashes Y0, Y1.
#define HEIGHT(x, even, odd) \
	VCVTPH2PS x, Y0           \
	VMULPS    Y0, Y0, Y0      \
	VPMULUDQ  Y6, Y0, Y1      \
	VPAND     Y15, Y0, Y0     \
	VPSRLQ    $3, Y0, Y0      \
	VADDPD    Y1, even, even  \
	VADDPD    Y0, odd, odd

// ZCONST: z = the 64 bits of a constant everywhere. Smashes AX.
#define ZCONST(bits, z) \
	MOVQ         bits, AX \
	VPBROADCASTQ AX, z

// ZSETUPSUMS: no sums, no magnitude yet, and the masks of magnitudes. Smashes Z5.
#define ZSETUPSUMS \
	VPXOR      X8, X8, X8        \
	VPXOR      X9, X9, X9        \
	VPXOR      X12, X12, X12     \
	VPTERNLOGD $0xFF, Z5, Z5, Z5 \
	VPSRLW     $1, Z5, Z14

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

// STOREBFMAX: maxAbs becomes the bfloat16 in AX, which stays there. Smashes BX, X12.
#define STOREBFMAX \
	MOVL      AX, BX                     \
	SHLL      $16, BX                    \
	VMOVD     BX, X12                    \
	VCVTSS2SD X12, X12, X12              \
	VMOVSD    X12, block_maxAbs(R8)

// STOREMAX: maxAbs = the larger of the two doubles of X12. Smashes X0.
#define STOREMAX \
	VPERMILPD $1, X12, X0                \
	VMAXSD    X0, X12, X12               \
	VMOVSD    X12, block_maxAbs(R8)

// STATS is a kernel: it begins, adds 16 elements at a time to the sums, and stores what
// they come to. Smashes everything but R8.
#define STATS(BEGIN, LOOP, END) \
	BEGIN        \
	PCALIGN $64  \
loop:            \
	LOOP         \
	SUBQ $16, CX \
	JNZ  loop    \
	END

// ZSTATS is STATS for kernels that add 32 elements at a time, and the last 16, if any,
// by LAST.
#define ZSTATS(BEGIN, LOOP, LAST, END) \
	BEGIN        \
	SUBQ $32, CX \
	JCS  last    \
	PCALIGN $64  \
loop:            \
	LOOP         \
	SUBQ $32, CX \
	JCC  loop    \
last:            \
	ADDQ $32, CX \
	JEQ  summed  \
	LAST         \
summed:          \
	END

// BEGIN, LOOP and END of each type, as STATS has them, smash what the table has as
// scratch.
#define BEGINF32 \
	ZEROSUMS             \
	ABSMASK(VPSRLD, Y14) \
	VXORPS Y12, Y12, Y12
#define LOOPF32 \
	PREFETCHT0 2048(SI)                 \
	VANDPS     (SI), Y14, Y4            \
	VPMAXSD    Y4, Y12, Y12             \
	VANDPS     32(SI), Y14, Y4          \
	VPMAXSD    Y4, Y12, Y12             \
	SQUARES(VCVTPS2PD, (SI), Y0, Y8)    \
	SQUARES(VCVTPS2PD, 16(SI), Y1, Y9)  \
	SQUARES(VCVTPS2PD, 32(SI), Y2, Y10) \
	SQUARES(VCVTPS2PD, 48(SI), Y3, Y11) \
	ADDQ       $64, SI
#define ENDF32 \
	STORESUMS                 \
	VEXTRACTF128 $1, Y12, X0  \
	VPMAXSD      X0, X12, X12 \
	VCVTPS2PD    X12, Y12     \
	VEXTRACTF128 $1, Y12, X0  \
	VMAXPD       X0, X12, X12 \
	STOREMAX                  \
	VZEROUPPER

// func statsF32AVX2(b *block, grad unsafe.Pointer, n int)
TEXT ·statsF32AVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	STATS(BEGINF32, LOOPF32, ENDF32)
	RET

#define BEGINF64 \
	ZEROSUMS             \
	ABSMASK(VPSRLQ, Y14) \
	VXORPD Y12, Y12, Y12
#define LOOPF64 \
	PREFETCHT0 2048(SI)               \
	PREFETCHT0 2112(SI)               \
	VANDPD     (SI), Y14, Y4          \
	VMAXPD     Y4, Y12, Y12           \
	VANDPD     32(SI), Y14, Y4        \
	VMAXPD     Y4, Y12, Y12           \
	VANDPD     64(SI), Y14, Y4        \
	VMAXPD     Y4, Y12, Y12           \
	VANDPD     96(SI), Y14, Y4        \
	VMAXPD     Y4, Y12, Y12           \
	SQUARES(VMOVUPD, (SI), Y0, Y8)    \
	SQUARES(VMOVUPD, 32(SI), Y1, Y9)  \
	SQUARES(VMOVUPD, 64(SI), Y2, Y10) \
	SQUARES(VMOVUPD, 96(SI), Y3, Y11) \
	ADDQ       $128, SI
#define ENDF64 \
	STORESUMS                 \
	VEXTRACTF128 $1, Y12, X0  \
	VMAXPD       X0, X12, X12 \
	STOREMAX                  \
	VZEROUPPER

// func statsF64AVX2(b *block, grad unsafe.Pointer, n int)
TEXT ·statsF64AVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	STATS(BEGINF64, LOOPF64, ENDF64)
	RET

// The squares of bfloat16 numbers between 2⁻⁶³ and 2⁶⁴ are exact in float32, with 16
// digits. If there are others, WIDERBF16 does all again.
#define BEGINBF16 \
	ZEROSUMS               \
	VPXOR    Y12, Y12, Y12 \
	VPCMPEQD Y5, Y5, Y5    \
	VPSRLW   $1, Y5, Y14   \
	VPSLLD   $16, Y14, Y7  \
	VPCMPEQD Y13, Y13, Y13 \
	UPPER(Y15)
#define LOOPBF16 \
	PREFETCHT0 2048(SI)     \
	BFPARTS((SI))           \
	VPMAXUW    Y4, Y12, Y12 \
	VPADDW     Y5, Y4, Y4   \
	VPMINUW    Y4, Y13, Y13 \
	VMULPS     Y0, Y0, Y0   \
	VMULPS     Y2, Y2, Y2   \
	BFSPLIT(Y0, Y1)         \
	VADDPD     Y1, Y8, Y8   \
	VADDPD     Y0, Y10, Y10 \
	BFSPLIT(Y2, Y3)         \
	VADDPD     Y3, Y9, Y9   \
	VADDPD     Y2, Y11, Y11 \
	ADDQ       $32, SI
#define ENDBF16 \
	HIGHEST              \
	LOWEST(X13, Y13, DX) \
	STOREBFMAX           \
	CMPL AX, $0x7F80     \
	JCC  notFinite       \
	CMPL AX, $0x5F80     \
	JCC  widened         \
	CMPL DX, $0x1FFF     \
	JCS  widened         \
	UNSCALE              \
store:                   \
	STORETRANSPOSED      \
done:                    \
	VZEROUPPER

// WIDERBF16 follows widened, where ENDBF16 goes if squares aren't exact: SI and CX are
// read again. If there is an infinity or a NaN, it goes to notFinite.
#define WIDERBF16 \
	ZEROSUMS                                \
	BROADCASTQ($0x77F0000000000000, X6, Y6) \
	PCALIGN $64                             \
wideLoop:                                   \
	BFPARTS((SI))                           \
	BFSPLIT(Y0, Y1)                         \
	ADDSMALL(Y1, Y8)                        \
	ADDSMALL(Y0, Y10)                       \
	BFSPLIT(Y2, Y3)                         \
	ADDSMALL(Y3, Y9)                        \
	ADDSMALL(Y2, Y11)                       \
	ADDQ    $32, SI                         \
	SUBQ    $16, CX                         \
	JNZ     wideLoop                        \
	JMP     store                           \
notFinite:                                  \
	NOTFINITE                               \
	JMP     done

// func statsBF16AVX2(b *block, grad unsafe.Pointer, n int)
TEXT ·statsBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	STATS(BEGINBF16, LOOPBF16, ENDBF16)
	RET

widened:
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	WIDERBF16

#define BEGINF16 \
	ZEROSUMS               \
	VPXOR    Y12, Y12, Y12 \
	VPCMPEQD Y14, Y14, Y14 \
	VPSRLW   $1, Y14, Y14  \
	UPPER(Y15)             \
	BROADCASTQ($0x20000000, X6, Y6)
#define LOOPF16 \
	PREFETCHT0 2048(SI)      \
	VPAND      (SI), Y14, Y4 \
	VPMAXUW    Y4, Y12, Y12  \
	HEIGHT((SI), Y8, Y9)     \
	HEIGHT(16(SI), Y10, Y11) \
	ADDQ       $32, SI
#define ENDF16 \
	UNSCALE                              \
	STOREZIPPED                          \
	HIGHEST                              \
	VMOVD     AX, X12                    \
	VCVTPH2PS X12, X12                   \
	VCVTSS2SD X12, X12, X12              \
	VMOVSD    X12, block_maxAbs(R8) \
	CMPL      AX, $0x7C00                \
	JCS       done                       \
	NOTFINITE                            \
done:                                    \
	VZEROUPPER

// func statsF16AVX2(b *block, grad unsafe.Pointer, n int)
TEXT ·statsF16AVX2(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	STATS(BEGINF16, LOOPF16, ENDF16)
	RET

#define ZBEGINF32 \
	VMOVUPD    SUMS(0), Z8          \
	VMOVUPD    SUMS(2), Z9          \
	VPTERNLOGD $0xFF, Z14, Z14, Z14 \
	VPSRLD     $1, Z14, Z14         \
	VPXORD     Z12, Z12, Z12
#define ZLOOPF32 \
	PREFETCHT0 1024(SI)                \
	VANDPS     (SI), Z14, Z2           \
	VMAXPS     Z2, Z12, Z12            \
	SQUARES(VCVTPS2PD, (SI), Z0, Z8)   \
	SQUARES(VCVTPS2PD, 32(SI), Z1, Z9) \
	ADDQ       $64, SI
#define ZENDF32 \
	VMOVUPD       Z8, SUMS(0)  \
	VMOVUPD       Z9, SUMS(2)  \
	VEXTRACTF64X4 $1, Z12, Y0  \
	VMAXPS        Y0, Y12, Y12 \
	VEXTRACTF128  $1, Y12, X0  \
	VMAXPS        X0, X12, X12 \
	VCVTPS2PD     X12, Y12     \
	VEXTRACTF128  $1, Y12, X0  \
	VMAXPD        X0, X12, X12 \
	STOREMAX                   \
	VZEROUPPER

// func statsF32AVX512(b *block, grad unsafe.Pointer, n int)
TEXT ·statsF32AVX512(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	STATS(ZBEGINF32, ZLOOPF32, ZENDF32)
	RET

#define ZBEGINF64 \
	VMOVUPD    SUMS(0), Z8          \
	VMOVUPD    SUMS(2), Z9          \
	VPTERNLOGD $0xFF, Z14, Z14, Z14 \
	VPSRLQ     $1, Z14, Z14         \
	VPXORD     Z12, Z12, Z12
#define ZLOOPF64 \
	PREFETCHT0 1024(SI)              \
	PREFETCHT0 1088(SI)              \
	VANDPD     (SI), Z14, Z2         \
	VMAXPD     Z2, Z12, Z12          \
	VANDPD     64(SI), Z14, Z2       \
	VMAXPD     Z2, Z12, Z12          \
	SQUARES(VMOVUPD, (SI), Z0, Z8)   \
	SQUARES(VMOVUPD, 64(SI), Z1, Z9) \
	ADDQ       $128, SI
#define ZENDF64 \
	VMOVUPD       Z8, SUMS(0)  \
	VMOVUPD       Z9, SUMS(2)  \
	VEXTRACTF64X4 $1, Z12, Y0  \
	VMAXPD        Y0, Y12, Y12 \
	VEXTRACTF128  $1, Y12, X0  \
	VMAXPD        X0, X12, X12 \
	STOREMAX                   \
	VZEROUPPER

// func statsF64AVX512(b *block, grad unsafe.Pointer, n int)
TEXT ·statsF64AVX512(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	STATS(ZBEGINF64, ZLOOPF64, ZENDF64)
	RET

#define ZBEGINBF16 \
	ZSETUPSUMS               \
	VMOVDQU64 Z5, Z13        \
	VMOVDQU64 BOTHHALVES, Z7 \
	MOVL      $0xAAAA, AX    \
	KMOVW     AX, K1
#define ZLOOPBF16 \
	PREFETCHT0 1024(SI)      \
	VPANDD     (SI), Z14, Z4 \
	BFEXTREMES(Z4)           \
	BFSPREAD((SI), Z0, Z1)   \
	BFSPREAD(32(SI), Z2, Z3) \
	ADDQ       $64, SI
#define ZLASTBF16 \
	VPAND (SI), Y14, Y4 \
	BFEXTREMES(Z4)      \
	BFSPREAD((SI), Z0, Z1)
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
store:                              \
	VMOVUPD       Z8, SUMS(0)       \
	VMOVUPD       Z9, SUMS(2)       \
done:                               \
	VZEROUPPER

// ZWIDERBF16 is the same for ZENDBF16.
#define ZWIDERBF16 \
	VPXOR   X8, X8, X8 \
	VPXOR   X9, X9, X9 \
	PCALIGN $64        \
wideLoop:              \
	BFSIXTEEN((SI))    \
	ADDQ    $32, SI    \
	SUBQ    $16, CX    \
	JNZ     wideLoop   \
	JMP     store      \
notFinite:             \
	NOTFINITE          \
	JMP     done

// func statsBF16AVX512(b *block, grad unsafe.Pointer, n int)
TEXT ·statsBF16AVX512(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	ZSTATS(ZBEGINBF16, ZLOOPBF16, ZLASTBF16, ZENDBF16)
	RET

widened:
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	ZWIDERBF16

#define ZBEGINF16 \
	ZSETUPSUMS          \
	VPSLLQ $32, Z5, Z15 \
	ZCONST($0x20000000, Z6)
#define ZLOOPF16 \
	PREFETCHT0 1024(SI)      \
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
	ZUNSCALE                             \
	VPMOVZXBQ ZIP0, Z0                   \
	VPMOVZXBQ ZIP8, Z1                   \
	VPERMI2PD Z9, Z8, Z0                 \
	VPERMI2PD Z9, Z8, Z1                 \
	VMOVUPD   Z0, SUMS(0)                \
	VMOVUPD   Z1, SUMS(2)                \
	ZHIGHEST                             \
	VMOVD     AX, X12                    \
	VCVTPH2PS X12, X12                   \
	VCVTSS2SD X12, X12, X12              \
	VMOVSD    X12, block_maxAbs(R8) \
	CMPL      AX, $0x7C00                \
	JCS       done                       \
	NOTFINITE                            \
done:                                    \
	VZEROUPPER

// func statsF16AVX512(b *block, grad unsafe.Pointer, n int)
TEXT ·statsF16AVX512(SB), NOSPLIT, $0-24
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	ZSTATS(ZBEGINF16, ZLOOPF16, ZLASTF16, ZENDF16)
	RET
