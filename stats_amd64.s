//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// Sums of squares, and the largest magnitude, of n elements, n a positive
// multiple of 16: what statsGeneric computes if all are finite. If they aren't, or
// a sum overflows, sums are left NaN or infinite, which the caller looks for.
//
//	R8 blockStats   SI grad   CX elements left
//	Y8–Y11, Z8–Z9   the 16 partial sums
//	Y12, Z12        largest magnitudes
//	Y14, Z14        the bits of a magnitude
//	Y0–Y5, Z0–Z2    scratch

#define SUMS(i) (blockStats_sums+i*32)(R8)

// ABSMASK: a = n ones under a zero in each element. SHIFT is VPSRLD or VPSRLQ.
#define ABSMASK(SHIFT, a) \
	VPCMPEQD a, a, a \
	SHIFT    $1, a, a

// SQUARES: a = x, squared and added to sum.
#define SQUARES(CVT, x, a, sum) \
	CVT    x, a       \
	VMULPD a, a, a    \
	VADDPD a, sum, sum

// BF and H: y = the 16-bit elements at x, widened.
#define BF(x, y) \
	VPMOVZXWD x, y       \
	VPSLLD    $16, y, y
#define H(x, y) VCVTPH2PS x, y

// EIGHT adds eight 16-bit elements at x to two vectors of sums. Smashes Y0, Y1,
// Y4, Y5.
#define EIGHT(WIDEN, x, low, high) \
	WIDEN(x, Y4)                     \
	VANDPS       Y4, Y14, Y4         \
	VMAXPS       Y4, Y12, Y12        \
	VEXTRACTF128 $1, Y4, X5          \
	SQUARES(VCVTPS2PD, X4, Y0, low)  \
	SQUARES(VCVTPS2PD, X5, Y1, high)

// SIXTEEN is EIGHT for sixteen, in AVX-512. Smashes Z0–Z2, Y3.
#define SIXTEEN(WIDEN, x) \
	WIDEN(x, Z2)                   \
	VANDPS        Z2, Z14, Z2      \
	VMAXPS        Z2, Z12, Z12     \
	VEXTRACTF64X4 $1, Z2, Y3       \
	SQUARES(VCVTPS2PD, Y2, Z0, Z8) \
	SQUARES(VCVTPS2PD, Y3, Z1, Z9)

// SUMS4 loads or stores the partial sums.
#define LOADSUMS \
	VMOVUPD SUMS(0), Y8  \
	VMOVUPD SUMS(1), Y9  \
	VMOVUPD SUMS(2), Y10 \
	VMOVUPD SUMS(3), Y11
#define STORESUMS \
	VMOVUPD Y8, SUMS(0)  \
	VMOVUPD Y9, SUMS(1)  \
	VMOVUPD Y10, SUMS(2) \
	VMOVUPD Y11, SUMS(3)

// STOREMAX: maxAbs becomes the largest of it and the two doubles of X12.
// Smashes X0.
#define STOREMAX \
	VPERMILPD $1, X12, X0                \
	VMAXSD    X0, X12, X12               \
	VMAXSD    blockStats_maxAbs(R8), X12, X12 \
	VMOVSD    X12, blockStats_maxAbs(R8)

// func statsF32AVX2(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsF32AVX2(SB), NOSPLIT, $0-24
	MOVQ   b+0(FP), R8
	MOVQ   grad+8(FP), SI
	MOVQ   n+16(FP), CX
	LOADSUMS
	ABSMASK(VPSRLD, Y14)
	VXORPS Y12, Y12, Y12

	PCALIGN $64

loop:
	PREFETCHT0 2048(SI)
	VANDPS     (SI), Y14, Y4
	VMAXPS     Y4, Y12, Y12
	VANDPS     32(SI), Y14, Y4
	VMAXPS     Y4, Y12, Y12
	SQUARES(VCVTPS2PD, (SI), Y0, Y8)
	SQUARES(VCVTPS2PD, 16(SI), Y1, Y9)
	SQUARES(VCVTPS2PD, 32(SI), Y2, Y10)
	SQUARES(VCVTPS2PD, 48(SI), Y3, Y11)
	ADDQ       $64, SI
	SUBQ       $16, CX
	JNZ        loop
	STORESUMS
	VEXTRACTF128 $1, Y12, X0
	VMAXPS       X0, X12, X12
	VCVTPS2PD    X12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsF64AVX2(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsF64AVX2(SB), NOSPLIT, $0-24
	MOVQ   b+0(FP), R8
	MOVQ   grad+8(FP), SI
	MOVQ   n+16(FP), CX
	LOADSUMS
	ABSMASK(VPSRLQ, Y14)
	VXORPD Y12, Y12, Y12

	PCALIGN $64

loop:
	PREFETCHT0 2048(SI)
	PREFETCHT0 2112(SI)
	VANDPD     (SI), Y14, Y4
	VMAXPD     Y4, Y12, Y12
	VANDPD     32(SI), Y14, Y4
	VMAXPD     Y4, Y12, Y12
	VANDPD     64(SI), Y14, Y4
	VMAXPD     Y4, Y12, Y12
	VANDPD     96(SI), Y14, Y4
	VMAXPD     Y4, Y12, Y12
	SQUARES(VMOVUPD, (SI), Y0, Y8)
	SQUARES(VMOVUPD, 32(SI), Y1, Y9)
	SQUARES(VMOVUPD, 64(SI), Y2, Y10)
	SQUARES(VMOVUPD, 96(SI), Y3, Y11)
	ADDQ       $128, SI
	SUBQ       $16, CX
	JNZ        loop
	STORESUMS
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsBF16AVX2(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ   b+0(FP), R8
	MOVQ   grad+8(FP), SI
	MOVQ   n+16(FP), CX
	LOADSUMS
	ABSMASK(VPSRLD, Y14)
	VXORPS Y12, Y12, Y12

	PCALIGN $64

loop:
	PREFETCHT0 2048(SI)
	EIGHT(BF, (SI), Y8, Y9)
	EIGHT(BF, 16(SI), Y10, Y11)
	ADDQ       $32, SI
	SUBQ       $16, CX
	JNZ        loop
	STORESUMS
	VEXTRACTF128 $1, Y12, X0
	VMAXPS       X0, X12, X12
	VCVTPS2PD    X12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsF16AVX2(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsF16AVX2(SB), NOSPLIT, $0-24
	MOVQ   b+0(FP), R8
	MOVQ   grad+8(FP), SI
	MOVQ   n+16(FP), CX
	LOADSUMS
	ABSMASK(VPSRLD, Y14)
	VXORPS Y12, Y12, Y12

	PCALIGN $64

loop:
	PREFETCHT0 2048(SI)
	EIGHT(H, (SI), Y8, Y9)
	EIGHT(H, 16(SI), Y10, Y11)
	ADDQ       $32, SI
	SUBQ       $16, CX
	JNZ        loop
	STORESUMS
	VEXTRACTF128 $1, Y12, X0
	VMAXPS       X0, X12, X12
	VCVTPS2PD    X12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsF32AVX512(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsF32AVX512(SB), NOSPLIT, $0-24
	MOVQ     b+0(FP), R8
	MOVQ     grad+8(FP), SI
	MOVQ     n+16(FP), CX
	VMOVUPD  SUMS(0), Z8
	VMOVUPD  SUMS(2), Z9
	VPTERNLOGD $0xFF, Z14, Z14, Z14
	VPSRLD   $1, Z14, Z14
	VPXORD   Z12, Z12, Z12

	PCALIGN $64

loop:
	PREFETCHT0 1024(SI)
	VANDPS     (SI), Z14, Z2
	VMAXPS     Z2, Z12, Z12
	SQUARES(VCVTPS2PD, (SI), Z0, Z8)
	SQUARES(VCVTPS2PD, 32(SI), Z1, Z9)
	ADDQ       $64, SI
	SUBQ       $16, CX
	JNZ        loop
	VMOVUPD      Z8, SUMS(0)
	VMOVUPD      Z9, SUMS(2)
	VEXTRACTF64X4 $1, Z12, Y0
	VMAXPS       Y0, Y12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPS       X0, X12, X12
	VCVTPS2PD    X12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsF64AVX512(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsF64AVX512(SB), NOSPLIT, $0-24
	MOVQ     b+0(FP), R8
	MOVQ     grad+8(FP), SI
	MOVQ     n+16(FP), CX
	VMOVUPD  SUMS(0), Z8
	VMOVUPD  SUMS(2), Z9
	VPTERNLOGD $0xFF, Z14, Z14, Z14
	VPSRLQ   $1, Z14, Z14
	VPXORD   Z12, Z12, Z12

	PCALIGN $64

loop:
	PREFETCHT0 1024(SI)
	PREFETCHT0 1088(SI)
	VANDPD     (SI), Z14, Z2
	VMAXPD     Z2, Z12, Z12
	VANDPD     64(SI), Z14, Z2
	VMAXPD     Z2, Z12, Z12
	SQUARES(VMOVUPD, (SI), Z0, Z8)
	SQUARES(VMOVUPD, 64(SI), Z1, Z9)
	ADDQ       $128, SI
	SUBQ       $16, CX
	JNZ        loop
	VMOVUPD      Z8, SUMS(0)
	VMOVUPD      Z9, SUMS(2)
	VEXTRACTF64X4 $1, Z12, Y0
	VMAXPD       Y0, Y12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsBF16AVX512(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsBF16AVX512(SB), NOSPLIT, $0-24
	MOVQ     b+0(FP), R8
	MOVQ     grad+8(FP), SI
	MOVQ     n+16(FP), CX
	VMOVUPD  SUMS(0), Z8
	VMOVUPD  SUMS(2), Z9
	VPTERNLOGD $0xFF, Z14, Z14, Z14
	VPSRLD   $1, Z14, Z14
	VPXORD   Z12, Z12, Z12

	PCALIGN $64

loop:
	PREFETCHT0 1024(SI)
	SIXTEEN(BF, (SI))
	ADDQ       $32, SI
	SUBQ       $16, CX
	JNZ        loop
	VMOVUPD      Z8, SUMS(0)
	VMOVUPD      Z9, SUMS(2)
	VEXTRACTF64X4 $1, Z12, Y0
	VMAXPS       Y0, Y12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPS       X0, X12, X12
	VCVTPS2PD    X12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET

// func statsF16AVX512(b *blockStats, grad unsafe.Pointer, n int)
TEXT ·statsF16AVX512(SB), NOSPLIT, $0-24
	MOVQ     b+0(FP), R8
	MOVQ     grad+8(FP), SI
	MOVQ     n+16(FP), CX
	VMOVUPD  SUMS(0), Z8
	VMOVUPD  SUMS(2), Z9
	VPTERNLOGD $0xFF, Z14, Z14, Z14
	VPSRLD   $1, Z14, Z14
	VPXORD   Z12, Z12, Z12

	PCALIGN $64

loop:
	PREFETCHT0 1024(SI)
	SIXTEEN(H, (SI))
	ADDQ       $32, SI
	SUBQ       $16, CX
	JNZ        loop
	VMOVUPD      Z8, SUMS(0)
	VMOVUPD      Z9, SUMS(2)
	VEXTRACTF64X4 $1, Z12, Y0
	VMAXPS       Y0, Y12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPS       X0, X12, X12
	VCVTPS2PD    X12, Y12
	VEXTRACTF128 $1, Y12, X0
	VMAXPD       X0, X12, X12
	STOREMAX
	VZEROUPPER
	RET
