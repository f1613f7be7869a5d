// Macros of the fused 16-bit storages in AVX-512: two vectors side by side, the even bfloat16 of 32 and the odd ones, or where
// the weights are float32 or all is halves, the first 16 elements and the second.
//
//	Z0 p  Z1 grad  Z2 m  Z3 c  Z16 scratch   the even ones, or the first
//	Z4 p  Z5 grad  Z6 m  Z7 c  Z17 scratch   the odd ones, or the second
//	LASTC0, LASTC1, LASTM0, LASTM1  c and m of the last ones, where the file that
//	     includes this one says: Z3, Z7, Z2 and Z6 if they are the same
//	Z24  the upper half of each element
//	Z25  1   Z26  0x8000, in each 16 bits
//	Z28  VPSHUFB's order that exchanges halves
//	Z29, Z30  VPERMT2W's orders that gather upper halves, and lower ones
//	K1   the lower halves   K7  the upper ones, in bytes
//	K2, K4, K5 scratch      K3, K6  lanes without a NaN so far
//
// and the constants
//
//	Z8  β1   Z9  (1−β1)·s   Z10 β2   Z11 (1−β2)·s   Z12 η   Z13 decay factor
//	Z14 −0   Z15 0
//
//	R10 elements left; the other registers of numbers as for AVX2

// ZSETUP reads args and constants. Smashes what is named above.
#define ZSETUP \
	MOVQ   Args_Param(R8), DI           \
	MOVQ   Args_Grad(R8), SI            \
	MOVQ   Args_Momentum(R8), DX        \
	MOVQ   Args_N(R8), R10              \
	MOVQ   Args_Ahead(R8), BX           \
	MOVQ   Args_C(R8), R8               \
	FRAME                               \
	XORL   AX, AX                       \
	KXNORW K3, K3, K3                   \
	KXNORW K6, K6, K6                   \
	VXORPS X15, X15, X15                \
	BCAST  Constants_B1(R8), Z8         \
	BCAST  Constants_O1(R8), Z9         \
	BCAST  Constants_B2(R8), Z10        \
	BCAST  Constants_O2(R8), Z11        \
	BCAST  Constants_LR(R8), Z12        \
	BCAST  Constants_Decay(R8), Z13     \
	VPTERNLOGD $255, Z14, Z14, Z14      \
	VPSLLD $31, Z14, Z14

// ZFINISH makes AX, which is 0, nonzero if a NaN was seen, and cleans the upper
// halves. Smashes R9.
#define ZFINISH \
	KANDW K6, K3, K3   \
	KMOVW K3, R9       \
	XORL  $0xFFFF, R9  \
	ORL   R9, AX       \
	VZEROUPPER

// ZSETUPBF follows ZSETUP. Smashes R9.
#define ZSETUPBF \
	VPBROADCASTD HIGHS, Z24              \
	VPBROADCASTD ONES16, Z25             \
	VPBROADCASTD HALF16, Z26             \
	VBROADCASTI32X4 SWAP, Z28            \
	MOVQ         $0x3333333333333333, R9 \
	KMOVQ        R9, K1                  \
	KNOTQ        K1, K7
#define ZSETUPPAIRS \
	ZSETUP   \
	ZSETUPBF

// ZEVENBF and ZODDBF: z = every other bfloat16 of the 32 at x, widened.
#define ZEVENBF(x, z) VPSLLD $16, x, z
#define ZODDBF(x, z) VPANDD x, Z24, z

// ZUPPERS: h = the even elements' upper halves, and the odd o's, rounded to bfloat16, to
// nearest even: they grow by one where what is cut off, with the last bit, is over a
// half. Smashes e, K2.
#define ZUPPERS(e, o, h) \
	VMOVDQU64  o, h          \
	VPSHUFB    Z28, e, K1, h \
	VPSHUFB    Z28, o, K7, e \
	ZROUNDUP(e, h)
// ZROUNDUP: h = the upper halves in h rounded by the lower ones in l. Smashes l, K2.
#define ZROUNDUP(l, h) \
	VPTERNLOGD $0xF8, Z25, h, l \
	VPCMPUW    $6, Z26, l, K2   \
	VPADDW     Z25, h, K2, h

// ZGATHERBF: x = the even e and the odd o rounded to bfloat16. Smashes e, h, K2.
#define ZGATHERBF(e, o, h, x) \
	ZUPPERS(e, o, h) \
	VMOVDQU64 h, x

// ZSETUPPACK follows ZSETUP, for elements in order.
#define ZSETUPPACK \
	VPBROADCASTD ONES16, Z25   \
	VPBROADCASTD HALF16, Z26   \
	VPMOVZXBW    ODDWORDS, Z29 \
	VPSUBW       Z25, Z29, Z30
#define ZSETUPORDER \
	ZSETUP     \
	ZSETUPPACK

// ZLOADBF: z = the 16 bfloat16 at x, widened.
#define ZLOADBF(x, z) \
	VPMOVZXWD x, z \
	VPSLLD    $16, z, z

// ZPACKBF: x = the elements of a, then of b, rounded to bfloat16. Smashes a, h, K2.
#define ZPACKBF(a, b, h, x) \
	VMOVDQU64 a, h      \
	VPERMT2W  b, Z29, h \
	VPERMT2W  b, Z30, a \
	ZROUNDUP(a, h)      \
	VMOVDQU64 h, x

// Stages of a step, each of one vector: its registers, the mask of a step, that of no NaN,
// and c and m of the last ones. ZBOTH is a stage of the two vectors.
#define ZBOTH(STAGE) \
	STAGE(Z0, Z1, Z2, Z3, Z16, K2, K3, LASTC0, LASTM0) \
	STAGE(Z4, Z5, Z6, Z7, Z17, K4, K6, LASTC1, LASTM1)

// ZC: c = β1·m + (1−β1)·s·g. Smashes t.
#define ZC(p, g, m, c, t, k, nan, lastc, lastm) \
	MUL g, Z9, c \
	MUL m, Z8, t \
	ADD c, t, c

// ZM: m = β2·m + (1−β2)·s·g. Smashes t.
#define ZM(p, g, m, c, t, k, nan, lastc, lastm) \
	MUL g, Z11, t \
	MUL m, Z10, m \
	ADD t, m, m

// The rules: c = η with its sign, or 0 where there is no step. ZCAUTIOUS: as ZAGREE has it;
// smashes t.
#define ZPAPER(p, g, m, c, t, k, nan, lastc, lastm) \
	CMP       $12, Z15, c, k \
	TERNLOG.Z $0x6C, Z14, Z12, k, c
#define ZCAUTIOUS(p, g, m, c, t, k, nan, lastc, lastm) \
	VXORPS    g, Z9, t          \
	CMP       $12, g, Z15, k    \
	TERNLOG   $0x6C, Z14, c, t  \
	CMP       $17, t, Z15, k, k \
	TERNLOG.Z $0x6C, Z14, Z12, k, c

// ZDECAY: p = p·decay.
#define ZDECAY(p, g, m, c, t, k, nan, lastc, lastm) MUL p, Z13, p

// ZSTEP: p = p − c, the last one.
#define ZSTEP(p, g, m, c, t, k, nan, lastc, lastm) SUB lastc, p, p

// ZNANS takes the lanes where p or the last m is NaN out of nan.
#define ZNANS(p, g, m, c, t, k, nan, lastc, lastm) CMP $7, p, lastm, nan, nan

// ZLAST: c and m are the last ones from here on.
#define ZLAST(p, g, m, c, t, k, nan, lastc, lastm) \
	VMOVDQU64 c, lastc \
	VMOVDQU64 m, lastm

// A storage is READ(u), which reads the gradients and momenta of the next 32 elements, or
// where u is 1 of those after them; WEIGHTS, p = the next 32, times decay; and WRITE, which
// writes p and the last momenta, and moves on. WRITE smashes what isn't c, m or a constant.

// Bfloat16 alone, and IEEE halves.
#define ZREADBF16(u) \
	ZEVENBF((u*64)(SI), Z1) \
	ZEVENBF((u*64)(DX), Z2) \
	ZODDBF((u*64)(SI), Z5)  \
	ZODDBF((u*64)(DX), Z6)
#define ZWEIGHTSBF16 \
	ZEVENBF((DI), Z0) \
	ZODDBF((DI), Z4)  \
	ZBOTH(ZDECAY)
#define ZREADF16(u) \
	VCVTPH2PS (u*64)(SI), Z1    \
	VCVTPH2PS (u*64)(DX), Z2    \
	VCVTPH2PS (u*64+32)(SI), Z5 \
	VCVTPH2PS (u*64+32)(DX), Z6
#define ZWEIGHTSF16 \
	VCVTPH2PS (DI), Z0   \
	VCVTPH2PS 32(DI), Z4 \
	ZBOTH(ZDECAY)

// ZBEGIN, ZGOON and ZEND are 32 elements up to c and m, what is left of these beside that
// of the next 32, and what is left. Zen 4 gains 4 to 8 % by that over one after the other:
// no operation waits for another, and its pipes are in even use. The stages' order is the
// fastest of a dozen.
#define ZBEGIN(READ, RULE) \
	READ(0)     \
	ZBOTH(ZC)   \
	ZBOTH(RULE) \
	ZBOTH(ZM)   \
	ZBOTH(ZLAST)
#define ZGOON(READ, WEIGHTS, RULE, WRITE) \
	READ(1)      \
	WEIGHTS      \
	ZBOTH(ZC)    \
	ZBOTH(RULE)  \
	ZBOTH(ZSTEP) \
	ZBOTH(ZM)    \
	ZBOTH(ZNANS) \
	WRITE        \
	ZBOTH(ZLAST)
#define ZEND(WEIGHTS, WRITE) \
	WEIGHTS      \
	ZBOTH(ZSTEP) \
	ZBOTH(ZNANS) \
	WRITE

// ZFUSED is a kernel, as FUSED: the loop and the rest as in WALK32. Smashes everything.
#define ZFUSED(SETUPS, READ, WEIGHTS, RULE, WRITE, SLICES) \
	SETUPS                             \
	SUBQ  $32, R10                     \
	JLT   rest                         \
	ZBEGIN(READ, RULE)                 \
	SUBQ  $32, R10                     \
	JLT   last                         \
	TESTQ BX, BX                       \
	JNZ   ahead                        \
	PCALIGN $64                        \
loop:                                      \
	ZGOON(READ, WEIGHTS, RULE, WRITE)  \
	SUBQ  $32, R10                     \
	JGE   loop                         \
	JMP   last                         \
	PCALIGN $64                        \
ahead:                                     \
	AHEAD(SLICES)                      \
	ZGOON(READ, WEIGHTS, RULE, WRITE)  \
	SUBQ  $32, R10                     \
	JGE   ahead                        \
last:                                      \
	ZEND(WEIGHTS, WRITE)               \
rest:                                      \
	ADDQ  $32, R10                     \
	JZ    end                          \
	MOVQ  R10, CX                      \
	ZTAKE(SLICES)                      \
	TURN(SLICES)                       \
	ZBEGIN(READ, RULE)                 \
	ZEND(WEIGHTS, WRITE)               \
	BACK(SLICES)                       \
	ZGIVE(SLICES)                      \
end:                                       \
	ZFINISH
