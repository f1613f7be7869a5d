//go:build !purego && !noasm

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
#define ONEBITS 0x3ff0000000000000
#define SIGNBIT 0x8000000000000000

// TANHTABLE is the tanhConst of this type, TANHQ the offset of q in it.
#define TANHTABLE ·tanh64(SB)
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
	WALK(KSIGN, FOUR, ONE, PAPER)
	MOVW ZR, nan+8(FP)
	RET

// func paperPlainF64NEON(a *args) (nan uint32)
TEXT ·paperPlainF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KSIGN, FOUR, ONE, PAPERPLAIN)
	MOVW ZR, nan+8(FP)
	RET

// func paperInsideF64NEON(a *args) (nan uint32)
TEXT ·paperInsideF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KINSIDESIGN, FOUR, ONE, PAPERINSIDE)
	MOVW ZR, nan+8(FP)
	RET

// func paperCoupledF64NEON(a *args) (nan uint32)
TEXT ·paperCoupledF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KCOUPLED, FOUR, ONE, PAPERCOUPLED)
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstF64NEON(a *args) (nan uint32)
TEXT ·momentumFirstF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KSIGN, FOUR, ONE, MOMENTUMFIRST)
	MOVW ZR, nan+8(FP)
	RET

// func momentumFirstCoupledF64NEON(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KCOUPLED, FOUR, ONE, MOMENTUMFIRSTCOUPLED)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousF64NEON(a *args) (nan uint32)
TEXT ·cautiousF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KCAUTIOUS, FOUR, ONE, CAUTIOUS)
	MOVW ZR, nan+8(FP)
	RET

// func biasCorrectedF64NEON(a *args) (nan uint32)
TEXT ·biasCorrectedF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KBIASCORRECTED, FOUR, ONE, BIASCORRECTED)
	MOVW ZR, nan+8(FP)
	RET

// func refinedF64NEON(a *args) (nan uint32)
TEXT ·refinedF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KREFINED, FOUR, ONE, REFINED)
	MOVW ZR, nan+8(FP)
	RET

// func smoothF64NEON(a *args) (nan uint32)
TEXT ·smoothF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KSMOOTH, FOURSMOOTH, ONESMOOTH, TANHSTEP)
	MOVW ZR, nan+8(FP)
	RET

// func coupleF64NEON(a *args) (nan uint32)
TEXT ·coupleF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALKASIS(KWD, FOURCOUPLE, ONECOUPLE, COUPLED)
	MOVW ZR, nan+8(FP) // grad is scratch: its NaNs are as good as any
	RET

// func insideF64NEON(a *args) (nan uint32)
TEXT ·insideF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALK(KWD, FOURINSIDE, ONEINSIDE, INSIDE)
	MOVW ZR, nan+8(FP)
	RET

// func countF64NEON(a *args) (nan uint32)
TEXT ·countF64NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	WALKASIS(KCOUNT, FOURCOUNT, ONECOUNT, COUNT)
	TOTAL
	MOVW R5, nan+8(FP)
	RET
