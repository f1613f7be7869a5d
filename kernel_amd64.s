//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// float32 on amd64: AVX2, then AVX-512. Each TEXT computes the Go function of its
// name in kernel_generic.go; the registers and the rules are in avx2.h and
// avx512.h, which say what each of these instructions is used for. Loops begin a
// cache line: elsewhere they take up to 6 % longer in L1 on Zen 3.

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

#include "avx2.h"
#include "avx512.h"

// tanh's constants, as tanh.go derives them: bound, log2 e, the magic number, ln 2
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
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPER, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPER, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF32AVX2(a *args) (nan uint32)
TEXT ·paperPlainF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPERPLAIN, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPERPLAIN, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF32AVX2(a *args) (nan uint32)
TEXT ·paperInsideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPERINSIDE, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPERINSIDE, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF32AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(PAPERCOUPLED, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPERCOUPLED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(MOMENTUMFIRST, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRST, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(MOMENTUMFIRSTCOUPLED, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRSTCOUPLED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32AVX2(a *args) (nan uint32)
TEXT ·cautiousF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(CAUTIOUS, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(CAUTIOUS, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF32AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(BIASCORRECTED, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(BIASCORRECTED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func refinedF32AVX2(a *args) (nan uint32)
TEXT ·refinedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(REFINED, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(REFINED, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func smoothF32AVX2(a *args) (nan uint32)
TEXT ·smoothF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(SMOOTH, STOREPM)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(SMOOTH, LANEPM)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func coupleF32AVX2(a *args) (nan uint32)
TEXT ·coupleF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(COUPLE, STOREG)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(COUPLE, LANEG)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func insideF32AVX2(a *args) (nan uint32)
TEXT ·insideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(INSIDE, STOREP)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(INSIDE, LANEP)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func countF32AVX2(a *args) (nan uint32)
TEXT ·countF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

	PCALIGN $64

loop:
	PAIR(COUNT, STORENONE)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(COUNT, LANENONE)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperF32AVX512(a *args) (nan uint32)
TEXT ·paperF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPER, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPER, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func paperPlainF32AVX512(a *args) (nan uint32)
TEXT ·paperPlainF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPERPLAIN, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPERPLAIN, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func paperInsideF32AVX512(a *args) (nan uint32)
TEXT ·paperInsideF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPERINSIDE, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPERINSIDE, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func paperCoupledF32AVX512(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZPAPERCOUPLED, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZPAPERCOUPLED, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func momentumFirstF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZMOMENTUMFIRST, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZMOMENTUMFIRST, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func momentumFirstCoupledF32AVX512(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZMOMENTUMFIRSTCOUPLED, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZMOMENTUMFIRSTCOUPLED, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func cautiousF32AVX512(a *args) (nan uint32)
TEXT ·cautiousF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZCAUTIOUS, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZCAUTIOUS, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func biasCorrectedF32AVX512(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZBIASCORRECTED, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZBIASCORRECTED, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func refinedF32AVX512(a *args) (nan uint32)
TEXT ·refinedF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZREFINED, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZREFINED, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func smoothF32AVX512(a *args) (nan uint32)
TEXT ·smoothF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZSMOOTH, ZPARTPM)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZSMOOTH, ZSTOREPM)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func coupleF32AVX512(a *args) (nan uint32)
TEXT ·coupleF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZCOUPLE, ZPARTG)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZCOUPLE, ZSTOREG)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func insideF32AVX512(a *args) (nan uint32)
TEXT ·insideF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZINSIDE, ZPARTP)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZINSIDE, ZSTOREP)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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

// func countF32AVX512(a *args) (nan uint32)
TEXT ·countF32AVX512(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	ZSETUP
	ZHEAD
	JZ   body
	ZPART(ZCOUNT, ZPARTNONE)

body:
	SUBQ $32, R10
	JLT  tail

	PCALIGN $64

loop:
	ZPAIR(ZCOUNT, ZSTORENONE)
	SUBQ $32, R10
	JGE  loop

tail:
	ADDQ $32, R10
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
