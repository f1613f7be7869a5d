//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// NEON kernels for float32: the registers and the rules are in neon_arm64.h. Each
// TEXT computes the Go function of its name in kernel_generic.go.

#define FADD FADD4S
#define FSUB FSUB4S
#define FMUL FMUL4S
#define FDIV FDIV4S
#define FMAX FMAX4S
#define FMIN FMIN4S
#define FACGE FACGE4S
#define FACGT FACGT4S
#define FCMGTZERO FCMGTZERO4S
#define FABS FABS4S
#define FSQRT FSQRT4S
#define SHL SHL4S
#define SRI SRI4S
#define INTADD ADD4S
#define INTSUB SUB4S
#define FMOV1 FMOVS
#define LANE S
#define ARR S4
#define SIZE 4
#define ONESHIFT 23

// TANHQ is the offset of q in tanhConst.
#define TANHQ 32

// HORNERS: the seven coefficients of tanh32 after the first.
#define HORNERS(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V)

// SUMLANES: lane 0 of ACC = the sum of its lanes.
#define SUMLANES \
	ADDP4S(ACC, ACC, ACC) \
	ADDP4S(ACC, ACC, ACC)

#include "neon_arm64.h"

// func paperF32NEON(a *args) (nan uint32)
TEXT ·paperF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(PAPER)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(PAPER, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(PAPER, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func paperPlainF32NEON(a *args) (nan uint32)
TEXT ·paperPlainF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(PAPERPLAIN)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(PAPERPLAIN, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(PAPERPLAIN, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func paperInsideF32NEON(a *args) (nan uint32)
TEXT ·paperInsideF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cWD, F27, V27)
	COEF(const_cOne, F28, V28)
	TWICE(28)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(PAPERINSIDE)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(PAPERINSIDE, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(PAPERINSIDE, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func paperCoupledF32NEON(a *args) (nan uint32)
TEXT ·paperCoupledF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	COEF(const_cWD, F27, V27)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(PAPERCOUPLED)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(PAPERCOUPLED, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(PAPERCOUPLED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstF32NEON(a *args) (nan uint32)
TEXT ·momentumFirstF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(MOMENTUMFIRST)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(MOMENTUMFIRST, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(MOMENTUMFIRST, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstCoupledF32NEON(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	COEF(const_cWD, F27, V27)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(MOMENTUMFIRSTCOUPLED)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(MOMENTUMFIRSTCOUPLED, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(MOMENTUMFIRSTCOUPLED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func cautiousF32NEON(a *args) (nan uint32)
TEXT ·cautiousF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	COEF(const_cFlip, F27, V27)
	COEF(const_cNegZero, F28, V28)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(CAUTIOUS)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(CAUTIOUS, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(CAUTIOUS, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func biasCorrectedF32NEON(a *args) (nan uint32)
TEXT ·biasCorrectedF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cEps, F22, V22)
	COEF(const_cScale, F27, V27)
	COEF(const_cGamma, F28, V28)
	COEF(const_cBC1, F29, V29)
	COEF(const_cBC2, F30, V30)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(BIASCORRECTED)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(BIASCORRECTED, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(BIASCORRECTED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func refinedF32NEON(a *args) (nan uint32)
TEXT ·refinedF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cOne, F27, V27)
	FSUB(27, KZERO, 28)
	SUBS $16, R3
	BLT  ones

loop:
	FOUR(REFINED)
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONE(REFINED, FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONE(REFINED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func smoothF32NEON(a *args) (nan uint32)
TEXT ·smoothF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cKappa, F27, V27)
	COEF(const_cOne, F26, V26)
	FADD(KZERO, KZERO, 29)
	MOVD $·tanh32(SB), R10
	SUBS $16, R3
	BLT  ones

loop:
	FOURSMOOTH
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONESMOOTH(FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONESMOOTH(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func coupleF32NEON(a *args) (nan uint32)
TEXT ·coupleF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	COEF(const_cWD, F27, V27)
	SUBS $16, R3
	BLT  ones

loop:
	FOURCOUPLE
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONECOUPLE(FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONECOUPLE(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MOVW ZR, nan+8(FP) // grad is scratch: its NaNs are as good as any
	RET

// func insideF32NEON(a *args) (nan uint32)
TEXT ·insideF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cWD, F27, V27)
	SUBS $16, R3
	BLT  ones

loop:
	FOURINSIDE
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONEINSIDE(FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONEINSIDE(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func countF32NEON(a *args) (nan uint32)
TEXT ·countF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	VEOR V31.B16, V31.B16, V31.B16
	COEF(const_cFlip, F27, V27)
	COEF(const_cNegZero, F28, V28)
	SUBS $16, R3
	BLT  ones

loop:
	FOURCOUNT
	SUBS $16, R3
	BGE  loop

ones:
	ADDS $12, R3
	BLT  rest

one:
	ONECOUNT(FMOVQ, 16)
	SUBS $4, R3
	BGE  one

rest:
	ADDS $4, R3
	BEQ  done

lane:
	ONECOUNT(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	TOTAL
	MOVW R5, nan+8(FP)
	RET
