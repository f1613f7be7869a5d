//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"
#include "stats_amd64.h"

// AVX2's kernels of the statistics. On Zen 4 additions of float64, conversions and
// shifts share two of four pipes, and what can go anywhere lands on these half of the
// time: so shuffles and multiplications widen, where they can.
//
//	Y8–Y11   the 16 partial sums
//	Y12      largest magnitudes; of float64, with Y13–Y15, largest squares
//	Y14      the bits of a magnitude, but not for float64
//	Y0–Y5    scratch
//
// Kernels of 16-bit elements have besides
//
//	Y5   −1 in each 16 bits, or 2⁸⁹⁶
//	Y6   2²⁹ in each 64 bits
//	Y7   the bits of an odd bfloat16
//	Y13  smallest magnitudes but 0, less 1
//	Y15  by how much a float32 is moved to be the upper half of 64 bits: out, or by 3
//
// They widen without the conversion to float64, which is slow: a float32 with no
// sign, moved down by three bits in the upper half of 64, is the float64 that is
// 2⁸⁹⁶ times smaller. Sums of such have the same digits as long as none is subnormal;
// they are scaled when they are stored.

// EVENWORDS is VPSHUFB's order that makes float32 of the even ones of eight bfloat16.
DATA evenWords<>+0(SB)/8, $0x0504808001008080
DATA evenWords<>+8(SB)/8, $0x0d0c808009088080
DATA evenWords<>+16(SB)/8, $0x0504808001008080
DATA evenWords<>+24(SB)/8, $0x0d0c808009088080
GLOBL evenWords<>(SB), RODATA|NOPTR, $32

#define EVENWORDS evenWords<>+0(SB)

// BROADCASTQ: y = bits in each 64. Smashes AX.
#define BROADCASTQ(bits, x, y) \
	MOVQ         bits, AX \
	VMOVQ        AX, x    \
	VPBROADCASTQ x, y

// UNSCALE: the sums times 2⁸⁹⁶. Smashes Y6, AX.
#define UNSCALE \
	BROADCASTQ($0x77F0000000000000, X6, Y6) \
	VMULPD Y6, Y8, Y8                       \
	VMULPD Y6, Y9, Y9                       \
	VMULPD Y6, Y10, Y10                     \
	VMULPD Y6, Y11, Y11

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

// BFPARTS: Y1 and Y2 = the even and the odd ones of the 16 bfloat16 in Y0.
#define BFPARTS \
	VPSHUFB EVENWORDS, Y0, Y1 \
	VPAND   Y0, Y7, Y2

// BFSPLIT: of eight float32 without signs in a, whose last three bits are 0, the odd
// ones as small float64 in a, the even ones in b.
#define BFSPLIT(a, b) \
	VPMULUDQ Y6, a, b  \
	VPSRLVD  Y15, a, a

// ADDSMALL: four squares of small float64 in a, scaled first, are added to sum.
// Smashes a.
#define ADDSMALL(a, sum) \
	VMULPD Y5, a, a   \
	VMULPD a, a, a    \
	VADDPD a, sum, sum

// HEIGHT adds eight squares of halves, which are exact in float32, in a to two vectors of
// sums, of the even and of the odd ones. Smashes a, b.
#define HEIGHT(a, b, even, odd) \
	VMOVSHDUP a, b           \
	VPMULUDQ  Y6, a, a       \
	VPMULUDQ  Y6, b, b       \
	VADDPD    a, even, even  \
	VADDPD    b, odd, odd

// BEGIN, LOOP and END of each type, as STATS has them, smash what the table has as
// scratch.
#define BEGINF32 \
	ZEROSUMS                 \
	VPCMPEQD Y14, Y14, Y14   \
	VPSRLD   $1, Y14, Y14    \
	VPXOR    Y12, Y12, Y12
// In this order: on Zen 4 what can go anywhere keeps others waiting least.
#define LOOPF32 \
	VCVTPS2PD (SI), Y0       \
	VMULPD    Y0, Y0, Y0     \
	VPAND     (SI), Y14, Y4  \
	VPAND     32(SI), Y14, Y5 \
	VCVTPS2PD 16(SI), Y1     \
	VMULPD    Y1, Y1, Y1     \
	VPMAXUD   Y4, Y5, Y4     \
	VPMAXUD   Y4, Y12, Y12   \
	VCVTPS2PD 32(SI), Y2     \
	VMULPD    Y2, Y2, Y2     \
	VADDPD    Y0, Y8, Y8     \
	VADDPD    Y1, Y9, Y9     \
	VCVTPS2PD 48(SI), Y3     \
	VMULPD    Y3, Y3, Y3     \
	VADDPD    Y2, Y10, Y10   \
	VADDPD    Y3, Y11, Y11   \
	ADDQ      $64, SI
#define ENDF32 \
	STORESUMS                       \
	VEXTRACTF128 $1, Y12, X0        \
	VPMAXUD      X0, X12, X12       \
	VCVTPS2PD    X12, Y12           \
	LARGEST4                        \
	VMOVSD X12, block_maxAbs(R8)    \
	VZEROUPPER

// func statsF32AVX2(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF32AVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(BEGINF32, LINE, LOOPF32, ENDF32)
	RET

// PAIRF64: eight doubles at o(SI), squared, are added to sum0 and sum1; largest0 and
// largest1 keep the largest. Side by side they take 7 % less from the second cache than
// one after the other. Smashes Y0, Y1.
#define PAIRF64(o, sum0, sum1, largest0, largest1) \
	VMOVUPD o(SI), Y0               \
	VMOVUPD (o+32)(SI), Y1          \
	VMULPD  Y0, Y0, Y0              \
	VMULPD  Y1, Y1, Y1              \
	VADDPD  Y0, sum0, sum0          \
	VADDPD  Y1, sum1, sum1          \
	VMAXPD  Y0, largest0, largest0  \
	VMAXPD  Y1, largest1, largest1

// SMALLF64: X12 = the largest magnitude of the CX elements at SI; Y12 and Y13 hold squares
// of some of them, which are smaller. Smashes Y0, Y1, Y12, Y13, SI, CX.
#define SMALLF64 \
	VPCMPEQD Y1, Y1, Y1             \
	VPSRLQ   $1, Y1, Y1             \
smallLoop:                          \
	VANDPD   (SI), Y1, Y0           \
	VMAXPD   Y0, Y12, Y12           \
	VANDPD   32(SI), Y1, Y0         \
	VMAXPD   Y0, Y13, Y13           \
	ADDQ     $64, SI                \
	SUBQ     $8, CX                 \
	JNZ      smallLoop              \
	VMAXPD   Y13, Y12, Y12          \
	LARGEST4

#define BEGINF64 \
	ZEROSUMS               \
	VXORPD Y12, Y12, Y12   \
	VXORPD Y13, Y13, Y13   \
	VXORPD Y14, Y14, Y14   \
	VXORPD Y15, Y15, Y15   \
	MOVQ   CX, R10
#define LOOPF64 \
	PAIRF64(0, Y8, Y9, Y12, Y13)    \
	PAIRF64(64, Y10, Y11, Y14, Y15) \
	ADDQ $128, SI
#define ENDF64 \
	STORESUMS                 \
	VMAXPD Y13, Y12, Y12      \
	VMAXPD Y15, Y14, Y14      \
	VMAXPD Y14, Y12, Y12      \
	LARGEST4                  \
	ROOT(SMALLF64)

// func statsF64AVX2(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF64AVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(BEGINF64, LINES2, LOOPF64, ENDF64)
	RET

// The squares of bfloat16 numbers between 2⁻⁶³ and 2⁶⁴ are exact in float32, with 16
// digits. If there are others, WIDERBF16 does all again.
#define BEGINBF16 \
	ZEROSUMS                                \
	VPXOR    Y12, Y12, Y12                  \
	VPCMPEQD Y5, Y5, Y5                     \
	VPSRLW   $1, Y5, Y14                    \
	VPSLLD   $16, Y5, Y7                    \
	VMOVDQU  Y5, Y13                        \
	BROADCASTQ($0x20000000, X6, Y6)         \
	BROADCASTQ($0x0000000300000020, X15, Y15) \
	MOVQ     CX, R10
#define LOOPBF16 \
	VMOVDQU    (SI), Y0     \
	BFPARTS                 \
	VPAND      Y0, Y14, Y4  \
	VPMAXUW    Y4, Y12, Y12 \
	VPADDW     Y5, Y4, Y4   \
	VPMINUW    Y4, Y13, Y13 \
	VMULPS     Y1, Y1, Y1   \
	VMULPS     Y2, Y2, Y2   \
	BFSPLIT(Y1, Y3)         \
	VADDPD     Y3, Y8, Y8   \
	VADDPD     Y1, Y10, Y10 \
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
	JMP  store           \
widened:                 \
	WIDERBF16            \
store:                   \
	STORETRANSPOSED      \
	JMP  done            \
notFinite:               \
	NOTFINITE            \
done:                    \
	VZEROUPPER

// WIDERBF16 reads the R10 elements again if squares aren't exact.
#define WIDERBF16 \
	MOVQ R10, CX                            \
	ADDQ R10, R10                           \
	SUBQ R10, SI                            \
	ZEROSUMS                                \
	BROADCASTQ($0x77F0000000000000, X5, Y5) \
	PCALIGN $64                             \
wideLoop:                                   \
	VPAND   (SI), Y14, Y0                   \
	BFPARTS                                 \
	BFSPLIT(Y1, Y3)                         \
	ADDSMALL(Y3, Y8)                        \
	ADDSMALL(Y1, Y10)                       \
	BFSPLIT(Y2, Y3)                         \
	ADDSMALL(Y3, Y9)                        \
	ADDSMALL(Y2, Y11)                       \
	ADDQ    $32, SI                         \
	SUBQ    $16, CX                         \
	JNZ     wideLoop

// func statsBF16AVX2(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsBF16AVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(BEGINBF16, LINE, LOOPBF16, ENDBF16)
	RET

#define BEGINF16 \
	ZEROSUMS               \
	VPXOR    Y12, Y12, Y12 \
	VPCMPEQD Y14, Y14, Y14 \
	VPSRLW   $1, Y14, Y14  \
	BROADCASTQ($0x20000000, X6, Y6)
#define LOOPF16 \
	VPAND      (SI), Y14, Y4 \
	VPMAXUW    Y4, Y12, Y12  \
	VCVTPH2PS  (SI), Y0      \
	VMULPS     Y0, Y0, Y0    \
	VCVTPH2PS  16(SI), Y2    \
	VMULPS     Y2, Y2, Y2    \
	HEIGHT(Y0, Y1, Y8, Y9)   \
	HEIGHT(Y2, Y3, Y10, Y11) \
	ADDQ       $32, SI
#define ENDF16 \
	UNSCALE     \
	STOREZIPPED \
	HIGHEST     \
	STOREHMAX

// func statsF16AVX2(b *block, grad unsafe.Pointer, n, ahead int)
TEXT ·statsF16AVX2(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), R8
	MOVQ grad+8(FP), SI
	MOVQ n+16(FP), CX
	MOVQ ahead+24(FP), R9
	STATS(BEGINF16, LINE, LOOPF16, ENDF16)
	RET
