//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// float64 on amd64: AVX2, then AVX-512. Each TEXT computes the Go function of its
// name in kernel_generic.go; the registers and the rules are in avx2_amd64.h and
// avx512_amd64.h, which say what each of these instructions is used for.

#define SIZE 8
#define LOGSIZE 3
#define LANES512 8
#define MOVU VMOVUPD
#define MOVZ VMOVUPD.Z
#define MASKMOV VMASKMOVPD
#define BCAST VBROADCASTSD
#define MUL VMULPD
#define ADD VADDPD
#define SUB VSUBPD
#define DIV VDIVPD
#define SQRT VSQRTPD
#define CMP VCMPPD
#define BLENDV VBLENDVPD
#define BLENDM VBLENDMPD
#define MOVMSK VMOVMSKPD
#define MIN VMINPD
#define TERNLOG VPTERNLOGQ
#define IADD VPADDQ
#define ISHL VPSLLQ
#define KONES KXNORB
#define FIXUP VFIXUPIMMPD
#define RANGE VRANGEPD
#define MANTISSA 52

// A part has no last four bytes: see PARTPM.
#define LASTPM \
four:
#define LASTONE(x, to) \
four:

// The terms of tanh's polynomial after the first: see TERM.
#define TERMS \
	TERM(8) \
	TERM(9) \
	TERM(10) \
	TERM(11) \
	TERM(12) \
	TERM(13) \
	TERM(14) \
	TERM(15) \
	TERM(16) \
	TERM(17) \
	TERM(18) \
	TERM(19) \
	TERM(20)
#define ZTERMS(r) \
	ZTERM(8, r) \
	ZTERM(9, r) \
	ZTERM(10, r) \
	ZTERM(11, r) \
	ZTERM(12, r) \
	ZTERM(13, r) \
	ZTERM(14, r) \
	ZTERM(15, r) \
	ZTERM(16, r) \
	ZTERM(17, r) \
	ZTERM(18, r) \
	ZTERM(19, r) \
	ZTERM(20, r)

#include "avx2_amd64.h"
#include "avx512_amd64.h"
#include "avx512_sums_amd64.h"

// tanh's constants, as kernel_generic.go derives them: bound, log2 e, the magic number, ln 2
// in two parts, 2, the exponent bias, then 1/n! from the highest term down.
DATA tanh<>+0(SB)/8, $0x4044000000000000 // bound
DATA tanh<>+8(SB)/8, $0x3ff71547652b82fe // log2 e
DATA tanh<>+16(SB)/8, $0x4338000000000000 // magic
DATA tanh<>+24(SB)/8, $0x3fe62e42fee00000 // ln 2, high
DATA tanh<>+32(SB)/8, $0x3dea39ef35793c76 // ln 2, low
DATA tanh<>+40(SB)/8, $0x4000000000000000 // 2
DATA tanh<>+48(SB)/8, $0x3ff // bias
DATA tanh<>+56(SB)/8, $0x3da93974a8c07c9d // 1/14!
DATA tanh<>+64(SB)/8, $0x3de6124613a86d09 // 1/13!
DATA tanh<>+72(SB)/8, $0x3e21eed8eff8d898 // 1/12!
DATA tanh<>+80(SB)/8, $0x3e5ae64567f544e4 // 1/11!
DATA tanh<>+88(SB)/8, $0x3e927e4fb7789f5c // 1/10!
DATA tanh<>+96(SB)/8, $0x3ec71de3a556c734 // 1/9!
DATA tanh<>+104(SB)/8, $0x3efa01a01a01a01a // 1/8!
DATA tanh<>+112(SB)/8, $0x3f2a01a01a01a01a // 1/7!
DATA tanh<>+120(SB)/8, $0x3f56c16c16c16c17 // 1/6!
DATA tanh<>+128(SB)/8, $0x3f81111111111111 // 1/5!
DATA tanh<>+136(SB)/8, $0x3fa5555555555555 // 1/4!
DATA tanh<>+144(SB)/8, $0x3fc5555555555555 // 1/3!
DATA tanh<>+152(SB)/8, $0x3fe0000000000000 // 1/2!
DATA tanh<>+160(SB)/8, $0x3ff0000000000000 // 1/1!
GLOBL tanh<>(SB), RODATA|NOPTR, $168

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
DATA constants<>+0(SB)/8, $0x54545888
DATA constants<>+8(SB)/8, $0x11111188
DATA constants<>+16(SB)/8, $0x8000000000000000 // −0
DATA constants<>+24(SB)/8, $0x3ff0000000000000 // 1
GLOBL constants<>(SB), RODATA|NOPTR, $32

// func paperF64AVX2(a *args) (nan uint32)
TEXT ·paperF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPER, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX2(a *args) (nan uint32)
TEXT ·paperPlainF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERPLAIN, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX2(a *args) (nan uint32)
TEXT ·paperInsideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERINSIDE, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERCOUPLED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRST, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRSTCOUPLED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX2(a *args) (nan uint32)
TEXT ·cautiousF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(CAUTIOUS, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(BIASCORRECTED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX2(a *args) (nan uint32)
TEXT ·refinedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(REFINED, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func smoothF64AVX2(a *args) (nan uint32)
TEXT ·smoothF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(SMOOTH, STOREPM, PARTPM)
	MOVL AX, nan+8(FP)
	RET

// func coupleF64AVX2(a *args) (nan uint32)
TEXT ·coupleF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUPLE, STOREG, PARTG)
	MOVL AX, nan+8(FP)
	RET

// func insideF64AVX2(a *args) (nan uint32)
TEXT ·insideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(INSIDE, STOREP, PARTP)
	MOVL AX, nan+8(FP)
	RET

// func countF64AVX2(a *args) (nan uint32)
TEXT ·countF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUNT, STORENONE, PARTNONE)
	MOVL AX, nan+8(FP)
	RET

// func paperF64AVX512(a *args) (nan uint32)
TEXT ·paperF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPER, ZREADGM, ZPAPER, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX512(a *args) (nan uint32)
TEXT ·paperPlainF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERPLAIN, ZREADPGM, ZPAPERPLAIN, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX512(a *args) (nan uint32)
TEXT ·paperInsideF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEINSIDE, ZREADPGM, ZPAPERINSIDE, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX512(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLED, ZREADPGM, ZPAPERCOUPLED, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPER, ZREADGM, ZMOMENTUMFIRST, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLED, ZREADPGM, ZMOMENTUMFIRSTCOUPLED, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX512(a *args) (nan uint32)
TEXT ·cautiousF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPER, ZREADGM, ZCAUTIOUS, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX512(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEBIASCORRECTED, ZREADGM, ZBIASCORRECTED, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX512(a *args) (nan uint32)
TEXT ·refinedF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEREFINED, ZREADGM, ZREFINED, ZSTOREPM, ZPARTPM, ZSEEMASKS)
	MOVL AX, nan+8(FP)
	RET

// func smoothF64AVX512(a *args) (nan uint32)
TEXT ·smoothF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSESMOOTH, ZREADGM, ZSMOOTH, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func coupleF64AVX512(a *args) (nan uint32)
TEXT ·coupleF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLE, ZREADPG, ZCOUPLE, ZSTOREG, ZPARTG, ZSEENONE)
	MOVL AX, nan+8(FP)
	RET

// func insideF64AVX512(a *args) (nan uint32)
TEXT ·insideF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEINNER, ZREADPG, ZINSIDE, ZSTOREP, ZPARTP, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func countF64AVX512(a *args) (nan uint32)
TEXT ·countF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSESIGN, ZREADGM, ZCOUNT, ZSTORENONE, ZPARTNONE, ZSEENONE)
	MOVL AX, nan+8(FP)
	RET

// func paperSumsF64AVX512(a *args) (nan uint32)
TEXT ·paperSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERSUMS, ZREADGM, ZPAPERSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainSumsF64AVX512(a *args) (nan uint32)
TEXT ·paperPlainSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERPLAINSUMS, ZREADPGM, ZPAPERPLAINSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideSumsF64AVX512(a *args) (nan uint32)
TEXT ·paperInsideSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEINSIDESUMS, ZREADPGM, ZPAPERINSIDESUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledSumsF64AVX512(a *args) (nan uint32)
TEXT ·paperCoupledSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLEDSUMS, ZREADPGM, ZPAPERCOUPLEDSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstSumsF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEPAPERSUMS, ZREADGM, ZMOMENTUMFIRSTSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledSumsF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECOUPLEDSUMS, ZREADPGM, ZMOMENTUMFIRSTCOUPLEDSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func cautiousSumsF64AVX512(a *args) (nan uint32)
TEXT ·cautiousSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSECAUTIOUSSUMS, ZREADGM, ZCAUTIOUSSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET

// func refinedSumsF64AVX512(a *args) (nan uint32)
TEXT ·refinedSumsF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZUSEREFINEDSUMS, ZREADGM, ZREFINEDSUMS, ZSTOREPM, ZPARTPM, ZSEESUMS)
	MOVL AX, nan+8(FP)
	RET
