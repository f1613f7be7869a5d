//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The steps of 16-bit formats, fused, for NEON. Arithmetic is float32 on the
// widened values, by the rules in neon_arm64.h; conversions are half_arm64.h's.
// n is a positive multiple of 16. A NaN is rounded like a number here and stays
// one, since what reaches a bfloat16 comes from one and has zeros below, but for
// a NaN from a float32 gradient: the caller mends both.
//
//	V0–V11         param, grad, momentum, and constants from V20 on, are as in
//	               neon_arm64.h, and the rules smash what they do there
//	V12–V19        before the rule, the halves that were loaded
//	V4–V7, V12–V19 after it, scratch, and the halves that are stored
//	V29, V30       KHALF and KTIE of half_arm64.h
//
//	R11 the shadow, or the lower halves; the rest as in neon_arm64.h

#define FADD FADD4S
#define FSUB FSUB4S
#define FMUL FMUL4S
#define FMAX FMAX4S
#define FMAXP FMAXP4S
#define FACGT FACGT4S
#define FCMGTZERO FCMGTZERO4S
#define SHL SHL4S
#define SRI SRI4S
#define FMOV1 FMOVS
#define FCMP1 FCMPS
#define LANE S
#define ARR S4
#define SIZE 4

#include "neon_arm64.h"
#include "half_arm64.h"

// SETUP16 is SETUP with all constants but V27 and V28. Smashes R5, R11 too.
#define SETUP16 \
	MOVD args_extra(R4), R11 \
	SETUP                    \
	TWICE(KLR)               \
	FILL(0x7fff, V29)        \
	FILL(0x8000, V30)

// SETUPCAUTIOUS: V27 and V28 as AGREE wants them.
#define SETUPCAUTIOUS \
	COEF(const_cFlip, F27, V27)    \
	COEF(const_cNegZero, F28, V28)

// Each scheme has a LOAD of 16 elements, which widens them, and a STORE, which
// sees NaNs by SEE4's instructions, put where others hide their latency, and moves
// the pointers on. SEEBOTH, SEETWO and SEEONE are SEE4(VP, VM) in three parts,
// between which V16 and V18 must be left alone. SEEBOTH smashes V16–V19.
#define SEEBOTH FOURV(FMAX, VP, VM, VU)
#define SEETWO \
	FMAX(VU+1, VU, VU)     \
	FMAX(VU+3, VU+2, VU+2)
#define SEEONE \
	FMAX(VU+2, VU, VU)  \
	FMAX(VU, ACC, ACC)

#define LOADBF16 \
	FLDPQ (R1), (F12, F13) \
	FLDPQ (R2), (F14, F15) \
	FLDPQ (R0), (F16, F17) \
	WIDENBF(12, VG)        \
	WIDENBF(14, VM)        \
	WIDENBF(16, VP)
#define STOREBF16 \
	SEEBOTH                \
	ROUNDBF(VM, VT, VT)    \
	SEETWO                 \
	ROUNDBF(VP, VG, VG)    \
	FSTPQ (F12, F13), (R2) \
	SEEONE                 \
	FSTPQ (F4, F5), (R0)   \
	ADVANCE(32)

#define LOADF16 \
	FLDPQ (R1), (F12, F13) \
	FLDPQ (R2), (F14, F15) \
	FLDPQ (R0), (F16, F17) \
	WIDENH(12, VG)         \
	WIDENH(14, VM)         \
	WIDENH(16, VP)
#define STOREF16 \
	SEEBOTH                \
	ROUNDH(VM, VT)         \
	SEETWO                 \
	ROUNDH(VP, VG)         \
	FSTPQ (F12, F13), (R2) \
	SEEONE                 \
	FSTPQ (F4, F5), (R0)   \
	ADVANCE(32)

#define LOADMASTERBF16 \
	FLDPQ (R1), (F12, F13)      \
	LOAD4(R2, F8, F9, F10, F11) \
	LOAD4(R0, F0, F1, F2, F3)   \
	WIDENBF(12, VG)
#define STOREMASTERBF16 \
	SEEBOTH                      \
	STORE4(F8, F9, F10, F11, R2) \
	SEETWO                       \
	STORE4(F0, F1, F2, F3, R0)   \
	ROUNDBF(VP, VG, VG)          \
	SEEONE                       \
	FSTPQ (F4, F5), (R11)        \
	ADD   $64, R0                \
	ADD   $32, R1                \
	ADD   $64, R2                \
	ADD   $32, R11

#define LOADMASTERBF16M16 \
	FLDPQ (R1), (F12, F13)    \
	FLDPQ (R2), (F14, F15)    \
	LOAD4(R0, F0, F1, F2, F3) \
	WIDENBF(12, VG)           \
	WIDENBF(14, VM)
#define STOREMASTERBF16M16 \
	SEEBOTH                    \
	STORE4(F0, F1, F2, F3, R0) \
	ROUNDBF(VM, VT, VT)        \
	SEETWO                     \
	ROUNDBF(VP, VG, VG)        \
	FSTPQ (F12, F13), (R2)     \
	SEEONE                     \
	FSTPQ (F4, F5), (R11)      \
	ADD   $64, R0              \
	ADD   $32, R1              \
	ADD   $32, R2              \
	ADD   $32, R11

#define LOADMASTERF16 \
	FLDPQ (R1), (F12, F13)      \
	LOAD4(R2, F8, F9, F10, F11) \
	LOAD4(R0, F0, F1, F2, F3)   \
	WIDENH(12, VG)
#define STOREMASTERF16 \
	SEEBOTH                      \
	STORE4(F8, F9, F10, F11, R2) \
	SEETWO                       \
	STORE4(F0, F1, F2, F3, R0)   \
	ROUNDH(VP, VG)               \
	SEEONE                       \
	FSTPQ (F4, F5), (R11)        \
	ADD   $64, R0                \
	ADD   $32, R1                \
	ADD   $64, R2                \
	ADD   $32, R11

#define LOADF32M16 \
	FLDPQ (R2), (F12, F13)    \
	LOAD4(R1, F4, F5, F6, F7) \
	LOAD4(R0, F0, F1, F2, F3) \
	WIDENBF(12, VM)
#define STOREF32M16 \
	SEEBOTH                    \
	STORE4(F0, F1, F2, F3, R0) \
	ROUNDBF(VM, VT, VT)        \
	SEETWO                     \
	FSTPQ (F12, F13), (R2)     \
	SEEONE                     \
	ADD   $64, R0              \
	ADD   $64, R1              \
	ADD   $32, R2

#define LOADSPLIT \
	FLDPQ (R1), (F12, F13)  \
	FLDPQ (R2), (F14, F15)  \
	FLDPQ (R0), (F16, F17)  \
	FLDPQ (R11), (F18, F19) \
	WIDENBF(12, VG)         \
	WIDENBF(14, VM)         \
	JOIN(16, 18, VP)
#define STORESPLIT \
	SEEBOTH                 \
	ROUNDBF(VM, VT, VT)     \
	SEETWO                  \
	SPLIT(VP, VG, VG+2)     \
	FSTPQ (F12, F13), (R2)  \
	SEEONE                  \
	FSTPQ (F4, F5), (R0)    \
	FSTPQ (F6, F7), (R11)   \
	ADVANCE(32)             \
	ADD   $32, R11

// SIXTEEN steps 16 elements of a scheme by a rule.
#define SIXTEEN(LOAD, RULE, STORE) \
	LOAD               \
	RULE(FOURK, FOURV) \
	STORE

// func paperBF16NEON(a *args) (nan uint32)
TEXT ·paperBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADBF16, PAPER, STOREBF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousBF16NEON(a *args) (nan uint32)
TEXT ·cautiousBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADBF16, CAUTIOUS, STOREBF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func paperF16NEON(a *args) (nan uint32)
TEXT ·paperF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADF16, PAPER, STOREF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousF16NEON(a *args) (nan uint32)
TEXT ·cautiousF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADF16, CAUTIOUS, STOREF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func paperMasterBF16NEON(a *args) (nan uint32)
TEXT ·paperMasterBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADMASTERBF16, PAPER, STOREMASTERBF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousMasterBF16NEON(a *args) (nan uint32)
TEXT ·cautiousMasterBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADMASTERBF16, CAUTIOUS, STOREMASTERBF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func paperMasterBF16M16NEON(a *args) (nan uint32)
TEXT ·paperMasterBF16M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADMASTERBF16M16, PAPER, STOREMASTERBF16M16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousMasterBF16M16NEON(a *args) (nan uint32)
TEXT ·cautiousMasterBF16M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADMASTERBF16M16, CAUTIOUS, STOREMASTERBF16M16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func paperMasterF16NEON(a *args) (nan uint32)
TEXT ·paperMasterF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADMASTERF16, PAPER, STOREMASTERF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousMasterF16NEON(a *args) (nan uint32)
TEXT ·cautiousMasterF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADMASTERF16, CAUTIOUS, STOREMASTERF16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func paperF32M16NEON(a *args) (nan uint32)
TEXT ·paperF32M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADF32M16, PAPER, STOREF32M16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousF32M16NEON(a *args) (nan uint32)
TEXT ·cautiousF32M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADF32M16, CAUTIOUS, STOREF32M16)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func paperSplitNEON(a *args) (nan uint32)
TEXT ·paperSplitNEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16

loop:
	SIXTEEN(LOADSPLIT, PAPER, STORESPLIT)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET

// func cautiousSplitNEON(a *args) (nan uint32)
TEXT ·cautiousSplitNEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	SETUP16
	SETUPCAUTIOUS

loop:
	SIXTEEN(LOADSPLIT, CAUTIOUS, STORESPLIT)
	SUBS $16, R3
	BNE  loop
	NANS
	MOVW R5, nan+8(FP)
	RET
