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
#define MOV1 VMOVSD
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
#define MSUM Y6
#define ZERO Y15
#define MANTISSA 52

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
#define ZTERMS \
	ZTERM(8) \
	ZTERM(9) \
	ZTERM(10) \
	ZTERM(11) \
	ZTERM(12) \
	ZTERM(13) \
	ZTERM(14) \
	ZTERM(15) \
	ZTERM(16) \
	ZTERM(17) \
	ZTERM(18) \
	ZTERM(19) \
	ZTERM(20)

#include "avx2_amd64.h"
#include "avx512_amd64.h"

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

// func paperF64AVX2(a *args) (nan uint32)
TEXT ·paperF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPER, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX2(a *args) (nan uint32)
TEXT ·paperPlainF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERPLAIN, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX2(a *args) (nan uint32)
TEXT ·paperInsideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERINSIDE, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERCOUPLED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRST, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRSTCOUPLED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX2(a *args) (nan uint32)
TEXT ·cautiousF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(CAUTIOUS, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(BIASCORRECTED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX2(a *args) (nan uint32)
TEXT ·refinedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(REFINED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func smoothF64AVX2(a *args) (nan uint32)
TEXT ·smoothF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(SMOOTH, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func coupleF64AVX2(a *args) (nan uint32)
TEXT ·coupleF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUPLE, STOREG, LANEG)
	MOVL AX, nan+8(FP)
	RET

// func insideF64AVX2(a *args) (nan uint32)
TEXT ·insideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(INSIDE, STOREP, LANEP)
	MOVL AX, nan+8(FP)
	RET

// func countF64AVX2(a *args) (nan uint32)
TEXT ·countF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUNT, STORENONE, LANENONE)
	MOVL AX, nan+8(FP)
	RET

// func paperF64AVX512(a *args) (nan uint32)
TEXT ·paperF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPER, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX512(a *args) (nan uint32)
TEXT ·paperPlainF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPERPLAIN, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX512(a *args) (nan uint32)
TEXT ·paperInsideF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPERINSIDE, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX512(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPERCOUPLED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZMOMENTUMFIRST, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZMOMENTUMFIRSTCOUPLED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX512(a *args) (nan uint32)
TEXT ·cautiousF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZCAUTIOUS, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX512(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZBIASCORRECTED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX512(a *args) (nan uint32)
TEXT ·refinedF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZREFINED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func smoothF64AVX512(a *args) (nan uint32)
TEXT ·smoothF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZSMOOTH, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func coupleF64AVX512(a *args) (nan uint32)
TEXT ·coupleF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZCOUPLE, ZSTOREG, ZPARTG)
	MOVL AX, nan+8(FP)
	RET

// func insideF64AVX512(a *args) (nan uint32)
TEXT ·insideF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZINSIDE, ZSTOREP, ZPARTP)
	MOVL AX, nan+8(FP)
	RET

// func countF64AVX512(a *args) (nan uint32)
TEXT ·countF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZCOUNT, ZSTORENONE, ZPARTNONE)
	MOVL AX, nan+8(FP)
	RET
