//go:build !purego && !noasm

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
#define ONEBITS 0x3f800000
#define SIGNBIT 0x80000000

// TANHTABLE is the tanhConst of this type, TANHQ the offset of q in it.
#define TANHTABLE ·tanh32(SB)
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
	WALK(KSIGN, FOUR, ONE, PAPER)
	MOVW ZR, nan+8(FP)
	RET

// func paperPlainF32NEON(a *args) (nan uint32)
TEXT ·paperPlainF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KSIGN, FOUR, ONE, PAPERPLAIN)
	MOVW ZR, nan+8(FP)
	RET

// func paperInsideF32NEON(a *args) (nan uint32)
TEXT ·paperInsideF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KINSIDESIGN, FOUR, ONE, PAPERINSIDE)
	MOVW ZR, nan+8(FP)
	RET

// func paperCoupledF32NEON(a *args) (nan uint32)
TEXT ·paperCoupledF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KCOUPLED, FOUR, ONE, PAPERCOUPLED)
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstF32NEON(a *args) (nan uint32)
TEXT ·momentumFirstF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KSIGN, FOUR, ONE, MOMENTUMFIRST)
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstCoupledF32NEON(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KCOUPLED, FOUR, ONE, MOMENTUMFIRSTCOUPLED)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousF32NEON(a *args) (nan uint32)
TEXT ·cautiousF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KCAUTIOUS, FOUR, ONE, CAUTIOUS)
	MOVW ZR, nan+8(FP)
	RET

// func biasCorrectedF32NEON(a *args) (nan uint32)
TEXT ·biasCorrectedF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KBIASCORRECTED, FOUR, ONE, BIASCORRECTED)
	MOVW ZR, nan+8(FP)
	RET

// func refinedF32NEON(a *args) (nan uint32)
TEXT ·refinedF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KREFINED, FOUR, ONE, REFINED)
	MOVW ZR, nan+8(FP)
	RET

// func smoothF32NEON(a *args) (nan uint32)
TEXT ·smoothF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KSMOOTH, FOURSMOOTH, ONESMOOTH, TANHSTEP)
	MOVW ZR, nan+8(FP)
	RET

// func coupleF32NEON(a *args) (nan uint32)
TEXT ·coupleF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALKASIS(KWD, FOURCOUPLE, ONECOUPLE, COUPLED)
	MOVW ZR, nan+8(FP) // grad is scratch: its NaNs are as good as any
	RET

// func insideF32NEON(a *args) (nan uint32)
TEXT ·insideF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KWD, FOURINSIDE, ONEINSIDE, INSIDE)
	MOVW ZR, nan+8(FP)
	RET

// func countF32NEON(a *args) (nan uint32)
TEXT ·countF32NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALKASIS(KCOUNT, FOURCOUNT, ONECOUNT, COUNT)
	TOTAL
	MOVW R5, nan+8(FP)
	RET
