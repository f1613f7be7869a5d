//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// float64 on amd64: AVX2, then AVX-512. Each TEXT computes the Go function of its
// name in kernel_generic.go; the registers and the rules are in avx2.h and
// avx512.h, which say what each of these instructions is used for.

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

#include "avx2.h"
#include "avx512.h"

// tanh's constants, as tanh.go derives them: bound, log2 e, the magic number, ln 2
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
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPER, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPER, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX2(a *args) (nan uint32)
TEXT ·paperPlainF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPERPLAIN, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPERPLAIN, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX2(a *args) (nan uint32)
TEXT ·paperInsideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPERINSIDE, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPERINSIDE, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPERCOUPLED, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPERCOUPLED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(MOMENTUMFIRST, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRST, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(MOMENTUMFIRSTCOUPLED, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRSTCOUPLED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX2(a *args) (nan uint32)
TEXT ·cautiousF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(CAUTIOUS, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(CAUTIOUS, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(BIASCORRECTED, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(BIASCORRECTED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX2(a *args) (nan uint32)
TEXT ·refinedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(REFINED, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(REFINED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func smoothF64AVX2(a *args) (nan uint32)
TEXT ·smoothF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(SMOOTH, STOREPM)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(SMOOTH, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func coupleF64AVX2(a *args) (nan uint32)
TEXT ·coupleF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(COUPLE, STOREG)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(COUPLE, LANEG)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func insideF64AVX2(a *args) (nan uint32)
TEXT ·insideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(INSIDE, STOREP)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(INSIDE, LANEP)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func countF64AVX2(a *args) (nan uint32)
TEXT ·countF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(COUNT, STORENONE)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(COUNT, LANENONE)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperF64AVX512(a *args) (nan uint32)
TEXT ·paperF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPER, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPER, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZPAPER, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX512(a *args) (nan uint32)
TEXT ·paperPlainF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPERPLAIN, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPERPLAIN, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZPAPERPLAIN, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX512(a *args) (nan uint32)
TEXT ·paperInsideF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPERINSIDE, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPERINSIDE, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZPAPERINSIDE, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX512(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPERCOUPLED, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPERCOUPLED, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZPAPERCOUPLED, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZMOMENTUMFIRST, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZMOMENTUMFIRST, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZMOMENTUMFIRST, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZMOMENTUMFIRSTCOUPLED, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZMOMENTUMFIRSTCOUPLED, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZMOMENTUMFIRSTCOUPLED, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX512(a *args) (nan uint32)
TEXT ·cautiousF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZCAUTIOUS, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZCAUTIOUS, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZCAUTIOUS, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX512(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZBIASCORRECTED, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZBIASCORRECTED, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZBIASCORRECTED, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX512(a *args) (nan uint32)
TEXT ·refinedF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZREFINED, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZREFINED, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZREFINED, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func smoothF64AVX512(a *args) (nan uint32)
TEXT ·smoothF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZSMOOTH, ZPARTPM)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZSMOOTH, ZSTOREPM)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZSMOOTH, ZPARTPM)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func coupleF64AVX512(a *args) (nan uint32)
TEXT ·coupleF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZCOUPLE, ZPARTG)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZCOUPLE, ZSTOREG)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZCOUPLE, ZPARTG)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func insideF64AVX512(a *args) (nan uint32)
TEXT ·insideF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZINSIDE, ZPARTP)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZINSIDE, ZSTOREP)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZINSIDE, ZPARTP)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET

// func countF64AVX512(a *args) (nan uint32)
TEXT ·countF64AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZCOUNT, ZPARTNONE)

body:
	SUBQ $16, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZCOUNT, ZSTORENONE)
	SUBQ $16, R10
	JGE  loop

tail:
	ADDQ $16, R10
	JZ   done

rest:
	ZTAIL
	ZPART(ZCOUNT, ZPARTNONE)
	TESTQ R10, R10
	JNZ   rest

done:
	ZFINISH
	MOVL AX, nan+8(FP)
	RET
