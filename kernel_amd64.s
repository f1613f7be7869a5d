//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// float32 on amd64: AVX2, then AVX-512. Each TEXT computes the Go function of its
// name in kernel_generic.go; the registers and the rules are in avx2_amd64.h and
// avx512_amd64.h, which say what each of these instructions is used for.

#include "float32_amd64.h"

#define MSUM Y6
#define ZERO Y15

// The terms of tanh's polynomial after the first: see TERM.
#define TERMS \
	TERM(8) \
	TERM(9) \
	TERM(10) \
	TERM(11) \
	TERM(12) \
	TERM(13) \
	TERM(14)
#define ZTERMS \
	ZTERM(8) \
	ZTERM(9) \
	ZTERM(10) \
	ZTERM(11) \
	ZTERM(12) \
	ZTERM(13) \
	ZTERM(14)

#include "avx2_amd64.h"
#include "avx512_amd64.h"

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

// func paperF32AVX2(a *args) (nan uint32)
TEXT ·paperF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPER, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF32AVX2(a *args) (nan uint32)
TEXT ·paperPlainF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERPLAIN, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF32AVX2(a *args) (nan uint32)
TEXT ·paperInsideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERINSIDE, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF32AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(PAPERCOUPLED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRST, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(MOMENTUMFIRSTCOUPLED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32AVX2(a *args) (nan uint32)
TEXT ·cautiousF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(CAUTIOUS, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF32AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(BIASCORRECTED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func refinedF32AVX2(a *args) (nan uint32)
TEXT ·refinedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(REFINED, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func smoothF32AVX2(a *args) (nan uint32)
TEXT ·smoothF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(SMOOTH, STOREPM, LANEPM)
	MOVL AX, nan+8(FP)
	RET

// func coupleF32AVX2(a *args) (nan uint32)
TEXT ·coupleF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUPLE, STOREG, LANEG)
	MOVL AX, nan+8(FP)
	RET

// func insideF32AVX2(a *args) (nan uint32)
TEXT ·insideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(INSIDE, STOREP, LANEP)
	MOVL AX, nan+8(FP)
	RET

// func countF32AVX2(a *args) (nan uint32)
TEXT ·countF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	WALK(COUNT, STORENONE, LANENONE)
	MOVL AX, nan+8(FP)
	RET

// func paperF32AVX512(a *args) (nan uint32)
TEXT ·paperF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPER, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF32AVX512(a *args) (nan uint32)
TEXT ·paperPlainF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPERPLAIN, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF32AVX512(a *args) (nan uint32)
TEXT ·paperInsideF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPERINSIDE, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF32AVX512(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZPAPERCOUPLED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZMOMENTUMFIRST, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZMOMENTUMFIRSTCOUPLED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32AVX512(a *args) (nan uint32)
TEXT ·cautiousF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZCAUTIOUS, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF32AVX512(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZBIASCORRECTED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func refinedF32AVX512(a *args) (nan uint32)
TEXT ·refinedF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZREFINED, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func smoothF32AVX512(a *args) (nan uint32)
TEXT ·smoothF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZSMOOTH, ZSTOREPM, ZPARTPM)
	MOVL AX, nan+8(FP)
	RET

// func coupleF32AVX512(a *args) (nan uint32)
TEXT ·coupleF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZCOUPLE, ZSTOREG, ZPARTG)
	MOVL AX, nan+8(FP)
	RET

// func insideF32AVX512(a *args) (nan uint32)
TEXT ·insideF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZINSIDE, ZSTOREP, ZPARTP)
	MOVL AX, nan+8(FP)
	RET

// func countF32AVX512(a *args) (nan uint32)
TEXT ·countF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZWALK(ZCOUNT, ZSTORENONE, ZPARTNONE)
	MOVL AX, nan+8(FP)
	RET
