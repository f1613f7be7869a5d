//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// float32 on amd64: AVX2, then AVX-512. Each TEXT computes the Go function of its
// name in kernel_generic.go; the registers and the rules are in avx2_amd64.h and
// avx512_amd64.h, which say what each of these instructions is used for.

#define SIZE 4
#define LOGSIZE 2
#define LANES512 16
#define MOVU VMOVUPS
#define MOVZ VMOVUPS.Z
#define MASKMOV VMASKMOVPS
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
#define KONES KXNORW
#define FIXUP VFIXUPIMMPS
#define RANGE VRANGEPS
#define MANTISSA 23

// The last four bytes of a part that is stored: see PARTPM.
#define LASTPM \
	VPERMILPD $1, X2, X2  \
	VPERMILPD $1, X0, X0  \
	ADDQ      $8, DX      \
	ADDQ      $8, DI      \
four:                         \
	TESTL     $4, CX      \
	JZ        stored      \
	VMOVSS    X2, (DX)    \
	VMOVSS    X0, (DI)    \
stored:
#define LASTONE(x, to) \
	VPERMILPD $1, x, x  \
	ADDQ      $8, to    \
four:                       \
	TESTL     $4, CX    \
	JZ        stored    \
	VMOVSS    x, (to)   \
stored:

// The terms of tanh's polynomial after the first: see TERM.
#define TERMS \
	TERM(8) \
	TERM(9) \
	TERM(10) \
	TERM(11) \
	TERM(12) \
	TERM(13) \
	TERM(14)
#define ZTERMS(r) \
	ZTERM(8, r) \
	ZTERM(9, r) \
	ZTERM(10, r) \
	ZTERM(11, r) \
	ZTERM(12, r) \
	ZTERM(13, r) \
	ZTERM(14, r)

#include "avx2_amd64.h"
#include "avx512_amd64.h"
#include "avx512_sums_amd64.h"

// tanh's constants, as kernel_generic.go derives them: bound, log2 e, the magic number, ln 2
// in two parts, 2, the exponent bias, then 1/n! from the highest term down.
DATA tanh<>+0(SB)/4, $0x41a00000 // bound
DATA tanh<>+4(SB)/4, $0x3fb8aa3b // log2 e
DATA tanh<>+8(SB)/4, $0x4b400000 // magic
DATA tanh<>+12(SB)/4, $0x3f317200 // ln 2, high
DATA tanh<>+16(SB)/4, $0x35bfbe8e // ln 2, low
DATA tanh<>+20(SB)/4, $0x40000000 // 2
DATA tanh<>+24(SB)/4, $0x7f // bias
DATA tanh<>+28(SB)/4, $0x37d00d01 // 1/8!
DATA tanh<>+32(SB)/4, $0x39500d01 // 1/7!
DATA tanh<>+36(SB)/4, $0x3ab60b61 // 1/6!
DATA tanh<>+40(SB)/4, $0x3c088889 // 1/5!
DATA tanh<>+44(SB)/4, $0x3d2aaaab // 1/4!
DATA tanh<>+48(SB)/4, $0x3e2aaaab // 1/3!
DATA tanh<>+52(SB)/4, $0x3f000000 // 1/2!
DATA tanh<>+56(SB)/4, $0x3f800000 // 1/1!
GLOBL tanh<>(SB), RODATA|NOPTR, $60

// The elements of a part, where a vector of masks that ends so many elements after the
// middle begins.
DATA lanes<>+0(SB)/8, $-1
DATA lanes<>+8(SB)/8, $-1
DATA lanes<>+16(SB)/8, $-1
DATA lanes<>+24(SB)/8, $-1
DATA lanes<>+32(SB)/8, $0
DATA lanes<>+40(SB)/8, $0
DATA lanes<>+48(SB)/8, $0
DATA lanes<>+56(SB)/8, $0
GLOBL lanes<>(SB), RODATA|NOPTR, $64

// What FIXUP makes of a number for a sign: 0 of zeros and NaNs, an infinity of others; and
// of one that stays unless it is NaN, which becomes 0. Its classes are, from the lowest
// four bits on: quiet NaN, signaling NaN, zero, one, −∞, ∞, negative, positive.
DATA constants<>+0(SB)/4, $0x54545888
DATA constants<>+4(SB)/4, $0x11111188
DATA constants<>+8(SB)/4, $0x80000000 // −0
DATA constants<>+12(SB)/4, $0x3f800000 // 1
GLOBL constants<>(SB), RODATA|NOPTR, $16

// func paperF32AVX2(a *args) (nan uint32)
TEXT ·paperF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPER, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF32AVX2(a *args) (nan uint32)
TEXT ·paperPlainF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERPLAIN, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF32AVX2(a *args) (nan uint32)
TEXT ·paperInsideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERINSIDE, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF32AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERCOUPLED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRST, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRSTCOUPLED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32AVX2(a *args) (nan uint32)
TEXT ·cautiousF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(CAUTIOUS, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF32AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(BIASCORRECTED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func refinedF32AVX2(a *args) (nan uint32)
TEXT ·refinedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(REFINED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func smoothF32AVX2(a *args) (nan uint32)
TEXT ·smoothF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(SMOOTH, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func coupleF32AVX2(a *args) (nan uint32)
TEXT ·coupleF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUPLE, STOREG, PARTG)
	MOVL AX, nan+8(FP)
	RET

// func insideF32AVX2(a *args) (nan uint32)
TEXT ·insideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(INSIDE, STOREP, PARTP)
	MOVL AX, nan+8(FP)
	RET

// func countF32AVX2(a *args) (nan uint32)
TEXT ·countF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUNT, STORENONE, PARTNONE)
	MOVL AX, nan+8(FP)
	RET

// func paperF32AVX512(a *args) (nan uint32)
TEXT ·paperF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPER, ZREADGM, ZPAPER, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF32AVX512(a *args) (nan uint32)
TEXT ·paperPlainF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERPLAIN, ZREADPGM, ZPAPERPLAIN, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF32AVX512(a *args) (nan uint32)
TEXT ·paperInsideF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEINSIDE, ZREADPGM, ZPAPERINSIDE, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF32AVX512(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLED, ZREADPGM, ZPAPERCOUPLED, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPER, ZREADGM, ZMOMENTUMFIRST, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLED, ZREADPGM, ZMOMENTUMFIRSTCOUPLED, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32AVX512(a *args) (nan uint32)
TEXT ·cautiousF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPER, ZREADGM, ZCAUTIOUS, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF32AVX512(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEBIASCORRECTED, ZREADGM, ZBIASCORRECTED, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func refinedF32AVX512(a *args) (nan uint32)
TEXT ·refinedF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEREFINED, ZREADGM, ZREFINED, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func smoothF32AVX512(a *args) (nan uint32)
TEXT ·smoothF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSESMOOTH, ZREADGM, ZSMOOTH, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func coupleF32AVX512(a *args) (nan uint32)
TEXT ·coupleF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLE, ZREADPG, ZCOUPLE, ZSTOREG, ZPARTG, ZSEENONE)
	MOVL AX, nan+8(FP)
	RET

// func insideF32AVX512(a *args) (nan uint32)
TEXT ·insideF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEINNER, ZREADPG, ZINSIDE, ZSTOREP, ZPARTP, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func countF32AVX512(a *args) (nan uint32)
TEXT ·countF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSESIGN, ZREADGM, ZCOUNT, ZSTORENONE, ZPARTNONE, ZSEENONE)
	MOVL AX, nan+8(FP)
	RET

// func paperSumsF32AVX512(a *args) (nan uint32)
TEXT ·paperSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERSUMS, ZREADGM, ZPAPERSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainSumsF32AVX512(a *args) (nan uint32)
TEXT ·paperPlainSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERPLAINSUMS, ZREADPGM, ZPAPERPLAINSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideSumsF32AVX512(a *args) (nan uint32)
TEXT ·paperInsideSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEINSIDESUMS, ZREADPGM, ZPAPERINSIDESUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledSumsF32AVX512(a *args) (nan uint32)
TEXT ·paperCoupledSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLEDSUMS, ZREADPGM, ZPAPERCOUPLEDSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstSumsF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERSUMS, ZREADGM, ZMOMENTUMFIRSTSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledSumsF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLEDSUMS, ZREADPGM, ZMOMENTUMFIRSTCOUPLEDSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func cautiousSumsF32AVX512(a *args) (nan uint32)
TEXT ·cautiousSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECAUTIOUSSUMS, ZREADGM, ZCAUTIOUSSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func refinedSumsF32AVX512(a *args) (nan uint32)
TEXT ·refinedSumsF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEREFINEDSUMS, ZREADGM, ZREFINEDSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET
