//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// The steps of 16-bit storages, fused, for NEON. Arithmetic is float32 on the
// widened values, by the rules in neon_arm64.h; conversions are half_arm64.h's.
// n is a positive multiple of 16. The canonical NaN, which DN makes of every other,
// stays canonical when it is rounded.
//
//	V0–V11          param, grad, momentum, and constants from V20 on, are as in
//	                neon_arm64.h, and the rules smash what they do there
//	V2, V3, V12–V19 the halves that were loaded
//	V4–V7, V12–V19  after the rule, scratch, and the halves that are stored
//	V29             KONE of half_arm64.h
//
//	R5 scratch   R11 the shadow, the lower halves or the compensation
//	the rest as in neon_arm64.h

#include "neon_arm64.h"
#include "half_arm64.h"

// SETUP16 is SETUP with all constants but V27 and V28, and FPCR; SHADOW and LOW are
// where these are.
#define SETUP16 \
	SETUP                    \
	TWICE(KLR)               \
	FILL(0x00010001, V29)    \
	DEFAULTNAN
#define SHADOW MOVD Args_Shadow(R4), R11
#define LOW MOVD Args_Low(R4), R11

// PAPERSTEP keeps no constants beside these: NOCONSTS. CAUTIOUSSTEP keeps KAGREE.
#define SHADOWAGREE \
	SHADOW \
	KAGREE
#define LOWAGREE \
	LOW    \
	KAGREE

// Each storage has a LOAD of 16 elements, which widens grad and momentum; a NEXT,
// for between INTERP and the step, where it widens param and may store momentum;
// and a STORE, which moves the pointers on.

// ROUNDBOTH: V12, V13 = momentum, V14, V15 = param, rounded to bfloat16. Smashes
// VG, VU.
#define ROUNDBOTH \
	HALVES(VM, VU, VT)   \
	HALVES(VP, VG, VT+2) \
	EVEN(VU, VT)         \
	EVEN(VG, VT+2)       \
	LESS(VU)             \
	LESS(VG)             \
	UP(VU, VT)           \
	UP(VG, VT+2)

#define LOADBF16 \
	FLDPQ (R1), (F12, F13) \
	FLDPQ (R2), (F14, F15) \
	WIDENBF(12, VG)        \
	FLDPQ (R0), (F2, F3)   \
	WIDENBF(14, VM)
#define NEXTBF16 WIDENBF(2, VP)
#define STOREBF16 \
	ROUNDBOTH              \
	FSTPQ (F12, F13), (R2) \
	FSTPQ (F14, F15), (R0) \
	ADVANCE(32)

#define LOADF16 \
	FLDPQ (R1), (F12, F13) \
	FLDPQ (R2), (F14, F15) \
	WIDENH(12, VG)         \
	FLDPQ (R0), (F2, F3)   \
	WIDENH(14, VM)
#define NEXTF16 \
	ROUNDH(VM, VU) \
	WIDENH(2, VP)  \
	FSTPQ (F16, F17), (R2)
#define STOREF16 \
	ROUNDH(VP, VT+2)       \
	FSTPQ (F14, F15), (R0) \
	ADVANCE(32)

#define LOADMASTERBF16 \
	FLDPQ (R1), (F12, F13)      \
	LOAD4(R2, F8, F9, F10, F11) \
	WIDENBF(12, VG)
#define NEXTMASTERBF16 \
	LOAD4(R0, F0, F1, F2, F3) \
	STORE4(F8, F9, F10, F11, R2)
#define STOREMASTERBF16 \
	STORE4(F0, F1, F2, F3, R0) \
	ROUNDBF(VP, VG, VT+2)      \
	FSTPQ (F14, F15), (R11)    \
	ADD   $64, R0              \
	ADD   $32, R1              \
	ADD   $64, R2              \
	ADD   $32, R11

#define LOADMASTERBF16M16 \
	FLDPQ (R1), (F12, F13) \
	FLDPQ (R2), (F14, F15) \
	WIDENBF(12, VG)        \
	WIDENBF(14, VM)
#define NEXTMASTERBF16M16 LOAD4(R0, F0, F1, F2, F3)
#define STOREMASTERBF16M16 \
	STORE4(F0, F1, F2, F3, R0) \
	ROUNDBOTH                  \
	FSTPQ (F12, F13), (R2)     \
	FSTPQ (F14, F15), (R11)    \
	ADD   $64, R0              \
	ADD   $32, R1              \
	ADD   $32, R2              \
	ADD   $32, R11

#define LOADMASTERF16 \
	FLDPQ (R1), (F12, F13)      \
	LOAD4(R2, F8, F9, F10, F11) \
	WIDENH(12, VG)
#define NEXTMASTERF16 \
	LOAD4(R0, F0, F1, F2, F3) \
	STORE4(F8, F9, F10, F11, R2)
#define STOREMASTERF16 \
	STORE4(F0, F1, F2, F3, R0) \
	ROUNDH(VP, VT+2)           \
	FSTPQ (F14, F15), (R11)    \
	ADD   $64, R0              \
	ADD   $32, R1              \
	ADD   $64, R2              \
	ADD   $32, R11

#define LOADF32M16 \
	FLDPQ (R2), (F14, F15)    \
	LOAD4(R1, F4, F5, F6, F7) \
	WIDENBF(14, VM)
#define NEXTF32M16 LOAD4(R0, F0, F1, F2, F3)
#define STOREF32M16 \
	STORE4(F0, F1, F2, F3, R0) \
	ROUNDBF(VM, VU, VT)        \
	FSTPQ (F12, F13), (R2)     \
	ADD   $64, R0              \
	ADD   $64, R1              \
	ADD   $32, R2

#define LOADSPLIT \
	FLDPQ (R1), (F12, F13)  \
	FLDPQ (R2), (F14, F15)  \
	WIDENBF(12, VG)         \
	FLDPQ (R0), (F16, F17)  \
	WIDENBF(14, VM)         \
	FLDPQ (R11), (F18, F19) \
	JOIN(16, 18, VP)
#define NEXTSPLIT
#define STORESPLIT \
	ROUNDBF(VM, VU, VT)    \
	SPLIT(VP, VT+2, VG)    \
	FSTPQ (F12, F13), (R2) \
	FSTPQ (F14, F15), (R0) \
	FSTPQ (F4, F5), (R11)  \
	ADVANCE(32)            \
	ADD   $32, R11

// Of Kahan, what is left over is rounded too; one that is infinite or NaN becomes zero.
#define LOADKAHAN \
	FLDPQ (R1), (F12, F13)  \
	FLDPQ (R2), (F14, F15)  \
	WIDENBF(12, VG)         \
	FLDPQ (R0), (F16, F17)  \
	WIDENBF(14, VM)         \
	FLDPQ (R11), (F18, F19) \
	WIDENBF(16, VP)         \
	WIDENBF(18, VT)         \
	FOURV(FADD4S, VT, VP, VP)
#define NEXTKAHAN

// STOREKAHAN: the compensation is what rounding leaves over of param, rounded, and 0
// where that isn't finite. Smashes VG, VU, VT.
#define STOREKAHAN \
	ROUNDBOTH                 \
	FSTPQ (F12, F13), (R2)    \
	FSTPQ (F14, F15), (R0)    \
	WIDENBF(14, VG)           \
	FOURV(FSUB4S, VG, VP, VP) \
	ROUNDBF(VP, VU, VT)       \
	ADD8H(VT, VT, VU)         \
	ADD8H(VT+1, VT+1, VU+1)   \
	CMHI8H(KMOST, VU, VU)     \
	CMHI8H(KMOST, VU+1, VU+1) \
	BIC16B(VU, VT, VT)        \
	BIC16B(VU+1, VT+1, VT+1)  \
	FSTPQ (F12, F13), (R11)   \
	ADVANCE(32)               \
	ADD   $32, R11

// KKAHAN: V30 = the bits of the largest finite bfloat16 shifted by 1, past which,
// without its sign, a number isn't finite.
#define KMOST 30
#define KKAHAN \
	LOW                   \
	FILL(0xfefffeff, V30)
#define KKAHANAGREE \
	KKAHAN \
	KAGREE

// FUSED is a kernel: it reads args and constants, steps all elements of a storage, 16
// at once, by a rule that is named by what follows INTERP, and restores FPCR. Smashes
// everything.
#define FUSED(CONSTS, LOAD, NEXT, STEP, STORE) \
	SETUP16              \
	CONSTS               \
loop:                    \
	LOAD                 \
	INTERP(FOURK, FOURV) \
	NEXT                 \
	STEP(FOURK, FOURV)   \
	STORE                \
	SUBS $16, R3         \
	BNE  loop            \
	MSR  R6, FPCR

// func paperBF16NEON(a *Args) (nan uint32)
TEXT ·paperBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(NOCONSTS, LOADBF16, NEXTBF16, PAPERSTEP, STOREBF16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousBF16NEON(a *Args) (nan uint32)
TEXT ·cautiousBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KAGREE, LOADBF16, NEXTBF16, CAUTIOUSSTEP, STOREBF16)
	MOVW ZR, nan+8(FP)
	RET

// func paperF16NEON(a *Args) (nan uint32)
TEXT ·paperF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(NOCONSTS, LOADF16, NEXTF16, PAPERSTEP, STOREF16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousF16NEON(a *Args) (nan uint32)
TEXT ·cautiousF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KAGREE, LOADF16, NEXTF16, CAUTIOUSSTEP, STOREF16)
	MOVW ZR, nan+8(FP)
	RET

// func paperMasterBF16NEON(a *Args) (nan uint32)
TEXT ·paperMasterBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(SHADOW, LOADMASTERBF16, NEXTMASTERBF16, PAPERSTEP, STOREMASTERBF16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousMasterBF16NEON(a *Args) (nan uint32)
TEXT ·cautiousMasterBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(SHADOWAGREE, LOADMASTERBF16, NEXTMASTERBF16, CAUTIOUSSTEP, STOREMASTERBF16)
	MOVW ZR, nan+8(FP)
	RET

// func paperMasterBF16M16NEON(a *Args) (nan uint32)
TEXT ·paperMasterBF16M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(SHADOW, LOADMASTERBF16M16, NEXTMASTERBF16M16, PAPERSTEP, STOREMASTERBF16M16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousMasterBF16M16NEON(a *Args) (nan uint32)
TEXT ·cautiousMasterBF16M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(SHADOWAGREE, LOADMASTERBF16M16, NEXTMASTERBF16M16, CAUTIOUSSTEP, STOREMASTERBF16M16)
	MOVW ZR, nan+8(FP)
	RET

// func paperMasterF16NEON(a *Args) (nan uint32)
TEXT ·paperMasterF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(SHADOW, LOADMASTERF16, NEXTMASTERF16, PAPERSTEP, STOREMASTERF16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousMasterF16NEON(a *Args) (nan uint32)
TEXT ·cautiousMasterF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(SHADOWAGREE, LOADMASTERF16, NEXTMASTERF16, CAUTIOUSSTEP, STOREMASTERF16)
	MOVW ZR, nan+8(FP)
	RET

// func paperF32M16NEON(a *Args) (nan uint32)
TEXT ·paperF32M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(NOCONSTS, LOADF32M16, NEXTF32M16, PAPERSTEP, STOREF32M16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousF32M16NEON(a *Args) (nan uint32)
TEXT ·cautiousF32M16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KAGREE, LOADF32M16, NEXTF32M16, CAUTIOUSSTEP, STOREF32M16)
	MOVW ZR, nan+8(FP)
	RET

// func paperSplitNEON(a *Args) (nan uint32)
TEXT ·paperSplitNEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(LOW, LOADSPLIT, NEXTSPLIT, PAPERSTEP, STORESPLIT)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousSplitNEON(a *Args) (nan uint32)
TEXT ·cautiousSplitNEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(LOWAGREE, LOADSPLIT, NEXTSPLIT, CAUTIOUSSTEP, STORESPLIT)
	MOVW ZR, nan+8(FP)
	RET

// func paperKahanNEON(a *Args) (nan uint32)
TEXT ·paperKahanNEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KKAHAN, LOADKAHAN, NEXTKAHAN, PAPERSTEP, STOREKAHAN)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousKahanNEON(a *Args) (nan uint32)
TEXT ·cautiousKahanNEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KKAHANAGREE, LOADKAHAN, NEXTKAHAN, CAUTIOUSSTEP, STOREKAHAN)
	MOVW ZR, nan+8(FP)
	RET

// The same with weights that are rounded at random, as random_arm64.s has it.
//
//	V30  the counters of the next four elements   V31 by which they grow
//	R12–R14 the multipliers   R15 the key
//	V29  KONE, or for IEEE halves a constant that is wanted for an instruction

// KRANDOM reads the draws. Smashes R5.
#define KRANDOM \
	MOVWU (Args_Draws+Draws_Counter)(R4), R5 \
	MOVWU (Args_Draws+Draws_Key)(R4), R15 \
	MOVD  $const_golden32, R12   \
	VMOV  R5, V30.S[0]           \
	ADD   R12, R5                \
	VMOV  R5, V30.S[1]           \
	ADD   R12, R5                \
	VMOV  R5, V30.S[2]           \
	ADD   R12, R5                \
	VMOV  R5, V30.S[3]           \
	LSL   $2, R12                \
	VDUP  R12, V31.S4            \
	MOVD  $const_drawMul1, R12   \
	MOVD  $const_drawMul2, R13   \
	MOVD  $const_drawMul3, R14
#define KRANDOMAGREE \
	KAGREE  \
	KRANDOM

// DRAW: VG = the random bits of the next 16 elements. Smashes VU, V12.
#define DRAW \
	VMOV V30.B16, V4.B16       \
	ADD4S(31, VG, VG+1)        \
	ADD4S(31, VG+1, VG+2)      \
	ADD4S(31, VG+2, VG+3)      \
	ADD4S(31, VG+3, 30)        \
	FOURK(USHR4S, 17, VG, VU)  \
	VDUP R15, V12.S4           \
	FOURV(EOR16B, VU, VG, VG)  \
	FOURK(EOR16B, 12, VG, VG)  \
	VDUP R12, V12.S4           \
	FOURK(MUL4S, 12, VG, VG)   \
	FOURK(USHR4S, 11, VG, VU)  \
	VDUP R13, V12.S4           \
	FOURV(EOR16B, VU, VG, VG)  \
	FOURK(MUL4S, 12, VG, VG)   \
	FOURK(USHR4S, 15, VG, VU)  \
	VDUP R14, V12.S4           \
	FOURV(EOR16B, VU, VG, VG)  \
	FOURK(MUL4S, 12, VG, VG)   \
	FOURK(USHR4S, 16, VG, VG)

#define STORERANDOMBF16 \
	ROUNDBF(VM, VU, VT)       \
	FSTPQ (F12, F13), (R2)    \
	DRAW                      \
	FOURV(ADD4S, VG, VP, VP)  \
	UZP2_8H(VP+1, VP, VT+2)   \
	UZP2_8H(VP+3, VP+2, VT+3) \
	FSTPQ (F14, F15), (R0)    \
	ADVANCE(32)

// CUT: Vd = Vn as an integer, without its fraction; it ignores k.
#define CUT(k, n, d) FCVTZU4S(n, d)

// STORERANDOMF16: as stochasticF16NEON; a NaN is the canonical one here.
#define STORERANDOMF16 \
	DRAW                        \
	FOURV(FCMEQ4S, VP, VP, VM)  \
	FILL(0x02000000, V29)       \
	FOURK(KEEP, 29, VM, VG)     \
	FILL(0x7fffffff, V29)       \
	FOURK(AND16B, 29, VP, VT)   \
	FILL(0x53800000, V29)       \
	FOURK(FMUL4S, 29, VT, VM)   \
	FOURK(CUT, 0, VM, VM)       \
	FILL(0x387fffff, V29)       \
	FOURK(CMHI4S, 29, VT, VU)   \
	FILL(0x47800000, V29)       \
	FOURK(UMIN4S, 29, VT, VT)   \
	FOURK(SHL4S, 3, VT, VT)     \
	FILL(0x40000000, V29)       \
	FOURK(ADD4S, 29, VT, VT)    \
	FOURV(BIF16B, VU, VM, VT)   \
	FOURV(ADD4S, VG, VT, VT)    \
	FILL(0x7fffffff, V29)       \
	FOURK(BIF16B, 29, VP, VT)   \
	UZP2_8H(VT+1, VT, VM)       \
	UZP2_8H(VT+3, VT+2, VM+1)   \
	FSTPQ (F8, F9), (R0)        \
	ADVANCE(32)

// func paperRandomBF16NEON(a *Args) (nan uint32)
TEXT ·paperRandomBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KRANDOM, LOADBF16, NEXTBF16, PAPERSTEP, STORERANDOMBF16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousRandomBF16NEON(a *Args) (nan uint32)
TEXT ·cautiousRandomBF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KRANDOMAGREE, LOADBF16, NEXTBF16, CAUTIOUSSTEP, STORERANDOMBF16)
	MOVW ZR, nan+8(FP)
	RET

// func paperRandomF16NEON(a *Args) (nan uint32)
TEXT ·paperRandomF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KRANDOM, LOADF16, NEXTF16, PAPERSTEP, STORERANDOMF16)
	MOVW ZR, nan+8(FP)
	RET

// func cautiousRandomF16NEON(a *Args) (nan uint32)
TEXT ·cautiousRandomF16NEON(SB), NOSPLIT, $0-12
	MOVD a+0(FP), R4
	FUSED(KRANDOMAGREE, LOADF16, NEXTF16, CAUTIOUSSTEP, STORERANDOMF16)
	MOVW ZR, nan+8(FP)
	RET
