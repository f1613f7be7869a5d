//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// NEON kernels for float64: the registers and the rules are in neon_arm64.h. Each
// TEXT computes the Go function of its name in kernel_generic.go.

#define FADD FADD2D
#define FSUB FSUB2D
#define FMUL FMUL2D
#define FDIV FDIV2D
#define FMAX FMAX2D
#define FMIN FMIN2D
#define FACGE FACGE2D
#define FACGT FACGT2D
#define FCMGTZERO FCMGTZERO2D
#define FABS FABS2D
#define FSQRT FSQRT2D
#define SHL SHL2D
#define SRI SRI2D
#define INTADD ADD2D
#define INTSUB SUB2D
#define FMOV1 FMOVD
#define LANE D
#define ARR D2
#define SIZE 8
#define ONESHIFT 52

// TANHQ is the offset of q in tanhConst.
#define TANHQ 48

// HORNERS: the thirteen coefficients of tanh64 after the first.
#define HORNERS(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V) \
	HORNER(K, V)

// SUMLANES: lane 0 of ACC = the sum of its lanes.
#define SUMLANES ADDP2D(ACC, ACC, ACC)

#include "neon_arm64.h"

// func paperF64NEON(a *args) (nan uint32)
TEXT ·paperF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(PAPER)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(PAPER, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(PAPER, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func paperPlainF64NEON(a *args) (nan uint32)
TEXT ·paperPlainF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(PAPERPLAIN)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(PAPERPLAIN, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(PAPERPLAIN, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func paperInsideF64NEON(a *args) (nan uint32)
TEXT ·paperInsideF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cWD, F27, V27)
	COEF(const_cOne, F28, V28)
	TWICE(28)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(PAPERINSIDE)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(PAPERINSIDE, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(PAPERINSIDE, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func paperCoupledF64NEON(a *args) (nan uint32)
TEXT ·paperCoupledF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	COEF(const_cWD, F27, V27)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(PAPERCOUPLED)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(PAPERCOUPLED, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(PAPERCOUPLED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstF64NEON(a *args) (nan uint32)
TEXT ·momentumFirstF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(MOMENTUMFIRST)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(MOMENTUMFIRST, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(MOMENTUMFIRST, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstCoupledF64NEON(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	COEF(const_cWD, F27, V27)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(MOMENTUMFIRSTCOUPLED)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(MOMENTUMFIRSTCOUPLED, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(MOMENTUMFIRSTCOUPLED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func cautiousF64NEON(a *args) (nan uint32)
TEXT ·cautiousF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	TWICE(KLR)
	COEF(const_cFlip, F27, V27)
	COEF(const_cNegZero, F28, V28)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(CAUTIOUS)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(CAUTIOUS, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(CAUTIOUS, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func biasCorrectedF64NEON(a *args) (nan uint32)
TEXT ·biasCorrectedF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cEps, F22, V22)
	COEF(const_cScale, F27, V27)
	COEF(const_cGamma, F28, V28)
	COEF(const_cBC1, F29, V29)
	COEF(const_cBC2, F30, V30)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(BIASCORRECTED)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(BIASCORRECTED, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(BIASCORRECTED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func refinedF64NEON(a *args) (nan uint32)
TEXT ·refinedF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cOne, F27, V27)
	FSUB(27, KZERO, 28)
	SUBS $8, R3
	BLT  ones

loop:
	FOUR(REFINED)
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONE(REFINED, FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONE(REFINED, FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func smoothF64NEON(a *args) (nan uint32)
TEXT ·smoothF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cKappa, F27, V27)
	COEF(const_cOne, F26, V26)
	FADD(KZERO, KZERO, 29)
	MOVD $·tanh64(SB), R10
	SUBS $8, R3
	BLT  ones

loop:
	FOURSMOOTH
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONESMOOTH(FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONESMOOTH(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func coupleF64NEON(a *args) (nan uint32)
TEXT ·coupleF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	COEF(const_cWD, F27, V27)
	SUBS $8, R3
	BLT  ones

loop:
	FOURCOUPLE
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONECOUPLE(FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONECOUPLE(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MOVW ZR, nan+8(FP) // grad is scratch: its NaNs are as good as any
	RET

// func insideF64NEON(a *args) (nan uint32)
TEXT ·insideF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	DEFAULTNAN
	COEF(const_cWD, F27, V27)
	SUBS $8, R3
	BLT  ones

loop:
	FOURINSIDE
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONEINSIDE(FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONEINSIDE(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	MSR  R6, FPCR
	MOVW ZR, nan+8(FP)
	RET

// func countF64NEON(a *args) (nan uint32)
TEXT ·countF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP
	VEOR V31.B16, V31.B16, V31.B16
	COEF(const_cFlip, F27, V27)
	COEF(const_cNegZero, F28, V28)
	SUBS $8, R3
	BLT  ones

loop:
	FOURCOUNT
	SUBS $8, R3
	BGE  loop

ones:
	ADDS $6, R3
	BLT  rest

one:
	ONECOUNT(FMOVQ, 16)
	SUBS $2, R3
	BGE  one

rest:
	ADDS $2, R3
	BEQ  done

lane:
	ONECOUNT(FMOV1, SIZE)
	SUBS $1, R3
	BNE  lane

done:
	TOTAL
	MOVW R5, nan+8(FP)
	RET
