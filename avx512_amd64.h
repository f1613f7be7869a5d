// Rule macros for AVX-512 (F, CD, BW, DQ, VL), in stages. The names of instructions are
// those of avx2_amd64.h. A rule names its stages, and EACH of them steps two vectors side
// by side (ZTWO), one (ZONE), or a part of one that is in registers already (ZMASKED): so
// the latency of one vector hides behind the other.
//
// A stage's operands are param where it lies, in memory or in p; then the registers of
// param, gradient, momentum, c and a scratch, and two masks: k, and n, the lanes without a
// NaN so far. Every gradient and momentum is loaded once: one that crosses a cache line
// costs two loads.
//
//	         param  grad  momentum  c   scratch  k   n
//	first    Z0     Z1    Z2        Z3  Z4       K2  K4
//	second   Z5     Z6    Z7        Z8  Z9       K3  K5
//
//	Z10–Z12 scratch of tanh
//	Z16 β1   Z17 (1−β1)·s   Z18 β2   Z19 (1−β2)·s   Z20 η   Z21 decay factor or λ
//	Z22 −0, or what FIXUP makes of a number   Z23 1   Z24 0
//	Z25 s or κ   Z26 γ   Z27 1−β1ᵗ   Z28 1−β2ᵗ   Z29 ε
//	Z30 sum of new params   Z31 sum of new momenta
//	K1 elements of a part   K6 scratch
//
//	DI param   SI grad   DX momentum   R10 elements left   R8 args, then coef
//	R11 how far to prefetch   CX elements of a part   R9 scratch   AX the result
//
// Here is the form by masks: a comparison says where c has a sign, another where there is
// a NaN. avx512_sums_amd64.h has the other form, by sums, which some CPUs do faster.

// From so many elements on param is aligned first.
#define ALIGNFROM (2048/SIZE)

// ZSETUP reads args and what all rules have of coef. Smashes everything in the table.
#define ZSETUP \
	MOVQ   args_param(R8), DI       \
	MOVQ   args_grad(R8), SI        \
	MOVQ   args_momentum(R8), DX    \
	MOVQ   args_n(R8), R10          \
	MOVQ   args_ahead(R8), R11      \
	MOVQ   args_c(R8), R8           \
	XORL   AX, AX                   \
	BCAST  COEF(const_cB1), Z16     \
	BCAST  COEF(const_cO1), Z17

// What a rule wants besides.
#define ZUSEPLAIN \
	BCAST  COEF(const_cB2), Z18  \
	BCAST  COEF(const_cO2), Z19  \
	BCAST  COEF(const_cLR), Z20
#define ZUSESTEP \
	ZUSEPLAIN                       \
	BCAST  COEF(const_cDecay), Z21
#define ZUSELAMBDA \
	ZUSEPLAIN                    \
	BCAST  COEF(const_cWD), Z21
#define ZUSESIGN \
	VPXORD Z24, Z24, Z24  \
	BCAST  NEGZERO, Z22
#define ZUSEMASKS \
	KONES  K4, K4, K4  \
	KONES  K5, K5, K5  \
	ZUSESIGN
#define ZUSESUMS \
	VPXORD Z30, Z30, Z30  \
	VPXORD Z31, Z31, Z31
#define ZUSEPAPER \
	ZUSESTEP  \
	ZUSEMASKS
#define ZUSEPAPERPLAIN \
	ZUSEPLAIN  \
	ZUSEMASKS
#define ZUSECOUPLED \
	ZUSELAMBDA  \
	ZUSEMASKS
#define ZUSEINSIDE \
	ZUSECOUPLED  \
	BCAST  ONE, Z23
#define ZUSEREFINED \
	ZUSEPAPER  \
	BCAST  ONE, Z23
#define ZUSEBIASCORRECTED \
	ZUSESTEP                        \
	ZUSESUMS                        \
	ZUSESIGN                        \
	BCAST  COEF(const_cScale), Z25  \
	BCAST  COEF(const_cGamma), Z26  \
	BCAST  COEF(const_cBC1), Z27    \
	BCAST  COEF(const_cBC2), Z28    \
	BCAST  COEF(const_cEps), Z29
#define ZUSESMOOTH \
	ZUSESTEP                        \
	ZUSESUMS                        \
	BCAST  NEGZERO, Z22             \
	BCAST  ONE, Z23                 \
	BCAST  COEF(const_cScale), Z25
#define ZUSECOUPLE \
	BCAST  COEF(const_cWD), Z21
#define ZUSEINNER \
	ZUSESUMS                        \
	BCAST  COEF(const_cLR), Z20     \
	BCAST  COEF(const_cWD), Z21

// What makes AX, a count or 0, nonzero if a NaN was seen, and cleans the upper halves:
// of masks, of sums, and where none is looked for. Smashes R9.
#define ZSEEMASKS \
	KANDW K5, K4, K4              \
	KMOVW K4, R9                  \
	XORL  $((1<<LANES512)-1), R9  \
	ORL   R9, AX                  \
	VZEROUPPER
#define ZSEESUMS \
	CMP   $3, Z30, Z31, K1  \
	KMOVW K1, R9            \
	ORL   R9, AX            \
	VZEROUPPER
#define ZSEENONE VZEROUPPER

// ZMASK: K1 = the lowest CX elements. Smashes R9.
#define ZMASK \
	MOVL  $1, R9 \
	SHLQ  CX, R9 \
	DECQ  R9     \
	KMOVW R9, K1

// ZHEAD: CX = the elements before param is aligned to a cache line, and K1 as many; the
// zero flag is set if there are none. Smashes R9.
#define ZHEAD \
	MOVQ  DI, CX       \
	NEGQ  CX           \
	ANDQ  $63, CX      \
	SHRQ  $LOGSIZE, CX \
	SUBQ  CX, R10      \
	ZMASK              \
	TESTQ CX, CX

// Stages.

// ZC: c = β1·m + (1−β1)·s·g. Smashes t.
#define ZC(P, p, g, m, c, t, k, n) \
	MUL g, Z17, c  \
	MUL m, Z16, t  \
	ADD c, t, c

// ZM: m = β2·m + (1−β2)·s·g. Smashes g.
#define ZM(P, p, g, m, c, t, k, n) \
	MUL g, Z19, g  \
	MUL m, Z18, m  \
	ADD g, m, m

// ZDECAY: p = P·decay. As a stage of its own it spares a fifth of a cycle on Zen 4.
#define ZDECAY(P, p, g, m, c, t, k, n) MUL P, Z21, p

// ZNANS takes the lanes where p or m is NaN out of n.
#define ZNANS(p, m, n) \
	CMP $7, p, m, n, n

// ZSIGN: c = x with the sign of c; k says where c was neither 0 nor NaN.
#define ZSIGN(x, c, k) \
	CMP     $12, Z24, c, k      \
	TERNLOG $0x6C, Z22, x, c

// ZSTEP: p = p − η·sign(c).
#define ZSTEP(P, p, g, m, c, t, k, n) \
	ZSIGN(Z20, c, k)  \
	SUB c, p, k, p    \
	ZNANS(p, m, n)

#define ZPAPER(EACH) \
	EACH(ZC)   \
	EACH(ZM)   \
	EACH(ZDECAY)  \
	EACH(ZSTEP)

#define ZPAPERPLAIN(EACH) \
	EACH(ZC)  \
	EACH(ZM)  \
	EACH(ZSTEP)

// ZINNERSTEP: p = p − η·(sign(c) + λ·p). Smashes t.
#define ZINNERSTEP(P, p, g, m, c, t, k, n) \
	ZSIGN(Z23, c, k)  \
	MOVZ c, k, c      \
	MUL  p, Z21, t    \
	ADD  t, c, c      \
	MUL  Z20, c, c    \
	SUB  c, p, p      \
	ZNANS(p, m, n)

#define ZPAPERINSIDE(EACH) \
	EACH(ZC)  \
	EACH(ZM)  \
	EACH(ZINNERSTEP)

// ZCOUPLED: g = g + λ·p. Smashes t.
#define ZCOUPLED(P, p, g, m, c, t, k, n) \
	MUL p, Z21, t  \
	ADD g, t, g

#define ZPAPERCOUPLED(EACH) \
	EACH(ZCOUPLED)  \
	EACH(ZC)        \
	EACH(ZM)        \
	EACH(ZSTEP)

// ZFIRST: m = β1·m + (1−β1)·s·g. Smashes c.
#define ZFIRST(P, p, g, m, c, t, k, n) \
	MUL g, Z17, c  \
	MUL m, Z16, m  \
	ADD c, m, m

// ZSECOND: c = β2·m + (1−β2)·s·g. Smashes g.
#define ZSECOND(P, p, g, m, c, t, k, n) \
	MUL g, Z19, g  \
	MUL m, Z18, c  \
	ADD g, c, c

#define ZMOMENTUMFIRST(EACH) \
	EACH(ZFIRST)   \
	EACH(ZSECOND)  \
	EACH(ZDECAY)   \
	EACH(ZSTEP)

#define ZMOMENTUMFIRSTCOUPLED(EACH) \
	EACH(ZCOUPLED)  \
	EACH(ZFIRST)    \
	EACH(ZSECOND)   \
	EACH(ZSTEP)

// ZAGREE: k = where sign(c)·g·s > 0: where g is not 0 and c with the sign of that
// product is greater. Smashes t.
#define ZAGREE(P, p, g, m, c, t, k, n) \
	VXORPS  g, Z17, t           \
	CMP     $12, g, Z24, k      \
	TERNLOG $0x6C, Z22, c, t    \
	CMP     $17, t, Z24, k, k

// ZAGREED: p = p − η with the sign of c, where k says so.
#define ZAGREED(P, p, g, m, c, t, k, n) \
	TERNLOG $0x6C, Z22, Z20, c  \
	SUB     c, p, k, p          \
	ZNANS(p, m, n)

#define ZCAUTIOUS(EACH) \
	EACH(ZC)      \
	EACH(ZAGREE)  \
	EACH(ZM)      \
	EACH(ZDECAY)  \
	EACH(ZAGREED)

// ZCOUNTED: AX += the elements of k. Smashes R9.
#define ZCOUNTED(P, p, g, m, c, t, k, n) \
	KMOVW   k, R9   \
	POPCNTL R9, R9  \
	ADDL    R9, AX

#define ZCOUNT(EACH) \
	EACH(ZC)      \
	EACH(ZAGREE)  \
	EACH(ZCOUNTED)

// ZAVERAGE: m = β1·m + (1−β1)·(s·g), c = γ·|s·g|, and 1−β2 more where g isn't 0.
#define ZAVERAGE(P, p, g, m, c, t, k, n) \
	MUL     g, Z25, g       \
	MUL     g, Z17, c       \
	MUL     m, Z16, m       \
	ADD     c, m, m         \
	CMP     $12, Z24, g, k  \
	VANDNPS g, Z22, c       \
	MUL     c, Z26, c       \
	ADD     Z19, c, k, c

// ZQUOTIENT: p = P·decay − η·((m/(1−β1ᵗ))/(√(c/(1−β2ᵗ)) + ε)). The new weight's sum
// tells of a NaN in the momentum too. Smashes t.
#define ZQUOTIENT(P, p, g, m, c, t, k, n) \
	DIV   Z28, c, c    \
	SQRT  c, c         \
	ADD   Z29, c, c    \
	DIV   Z27, m, t    \
	DIV   c, t, c      \
	MUL   Z20, c, c    \
	MUL   P, Z21, p    \
	SUB   c, p, p      \
	ADD   p, Z30, Z30

#define ZBIASCORRECTED(EACH) \
	EACH(ZAVERAGE)  \
	EACH(ZQUOTIENT)

// ZCLAMPED: p = p − η·c where |c| < 1, else − η·sign(c). Smashes t, K6.
#define ZCLAMPED(P, p, g, m, c, t, k, n) \
	VANDNPS c, Z22, t      \
	CMP     $17, Z23, t, K6 \
	MUL     c, Z20, t      \
	ZSIGN(Z20, c, k)       \
	MOVZ    c, k, c        \
	BLENDM  t, c, K6, c    \
	SUB     c, p, p        \
	ZNANS(p, m, n)

#define ZREFINED(EACH) \
	EACH(ZC)   \
	EACH(ZM)   \
	EACH(ZDECAY)  \
	EACH(ZCLAMPED)

// ZTANH: c = tanh(κ·c). Smashes g, t, Z10–Z12.
#define ZSMOOTHED(P, p, g, m, c, t, k, n) \
	MUL Z25, c, c  \
	ZTANH(c, t, g)

// ZSUMS adds to the sums.
#define ZSUMS(p, m) \
	ADD m, Z31, Z31  \
	ADD p, Z30, Z30

// ZFULLSTEP: p = p − η·c.
#define ZFULLSTEP(P, p, g, m, c, t, k, n) \
	MUL Z20, c, c  \
	SUB c, p, p    \
	ZSUMS(p, m)

#define ZSMOOTH(EACH) \
	EACH(ZC)         \
	EACH(ZM)         \
	EACH(ZSMOOTHED)  \
	EACH(ZDECAY)     \
	EACH(ZFULLSTEP)

// ZTERM: Z11 = Z11·r + constant i. Smashes Z12.
#define ZTERM(i, r) \
	MUL   r, Z11, Z11    \
	BCAST TANHC(i), Z12  \
	ADD   Z12, Z11, Z11

// ZTANH: c = tanh(c), as TANH. e is 2ᵏ, Z10 k, Z11 the polynomial. Smashes r, e, Z10–Z12.
#define ZTANH(c, r, e) \
	VANDNPS c, Z22, r            \
	VANDPS  c, Z22, c            \
	ADD     r, r, r              \
	BCAST   TANHC(0), Z10        \
	MIN     r, Z10, r            \
	BCAST   TANHC(1), Z10        \
	MUL     r, Z10, Z10          \
	BCAST   TANHC(2), Z12        \
	ADD     Z12, Z10, Z10        \
	BCAST   TANHC(6), e          \
	IADD    e, Z10, e            \
	ISHL    $MANTISSA, e, e      \
	SUB     Z12, Z10, Z10        \
	BCAST   TANHC(3), Z12        \
	MUL     Z10, Z12, Z12        \
	SUB     Z12, r, r            \
	BCAST   TANHC(4), Z12        \
	MUL     Z10, Z12, Z12        \
	SUB     Z12, r, r            \
	BCAST   TANHC(7), Z11        \
	ZTERMS(r)                    \
	MUL     r, Z11, Z11          \
	MUL     e, Z11, Z11          \
	SUB     Z23, e, e            \
	ADD     e, Z11, Z11          \
	BCAST   TANHC(5), Z12        \
	ADD     Z11, Z12, Z12        \
	DIV     Z12, Z11, Z11        \
	VORPS   Z11, c, c

// ZCOUPLE: g = g + λ·p.
#define ZCOUPLE(EACH) EACH(ZCOUPLED)

// ZINNER: p = p − η·(λ·p − g). Smashes c.
#define ZINNER(P, p, g, m, c, t, k, n) \
	MUL p, Z21, c      \
	SUB g, c, c        \
	MUL Z20, c, c      \
	SUB c, p, p        \
	ADD p, Z30, Z30

#define ZINSIDE(EACH) EACH(ZINNER)

// ZAHEAD asks for what the loop will read R11 bytes later.
#define ZAHEAD \
	PREFETCHT0 (SI)(R11*1)   \
	PREFETCHT0 64(SI)(R11*1) \
	PREFETCHT0 (DX)(R11*1)   \
	PREFETCHT0 64(DX)(R11*1) \
	PREFETCHT0 (DI)(R11*1)   \
	PREFETCHT0 64(DI)(R11*1)

// What a rule reads into registers, o bytes on.
#define ZREADGM(o, p, g, m) \
	MOVU o(SI), g \
	MOVU o(DX), m
#define ZREADPGM(o, p, g, m) \
	MOVU o(DI), p \
	ZREADGM(o, p, g, m)
#define ZREADPG(o, p, g, m) \
	MOVU o(DI), p \
	MOVU o(SI), g

// What a kernel stores, as in avx2_amd64.h.
#define ZSTOREPM(o, p, g, m) \
	MOVU m, o(DX) \
	MOVU p, o(DI)
#define ZSTOREG(o, p, g, m) MOVU g, o(SI)
#define ZSTOREP(o, p, g, m) MOVU p, o(DI)
#define ZSTORENONE(o, p, g, m)
#define ZPARTPM \
	MOVU Z2, K1, (DX) \
	MOVU Z0, K1, (DI)
#define ZPARTG MOVU Z1, K1, (SI)
#define ZPARTP MOVU Z0, K1, (DI)
#define ZPARTNONE

// A stage for two vectors, for one, and for a part of one that ZPART has read.
#define ZTWO(STAGE) \
	STAGE(0(DI), Z0, Z1, Z2, Z3, Z4, K2, K4) \
	STAGE(64(DI), Z5, Z6, Z7, Z8, Z9, K3, K5)
#define ZONE(STAGE) STAGE(0(DI), Z0, Z1, Z2, Z3, Z4, K2, K4)
#define ZMASKED(STAGE) STAGE(Z0, Z0, Z1, Z2, Z3, Z4, K2, K4)

// ZMOVE moves on by n bytes.
#define ZMOVE(n) \
	ADDQ n, SI \
	ADDQ n, DX \
	ADDQ n, DI

// ZPAIR steps two vectors and moves on.
#define ZPAIR(READ, RULE, STORE) \
	READ(0, Z0, Z1, Z2)   \
	READ(64, Z5, Z6, Z7)  \
	RULE(ZTWO)            \
	STORE(0, Z0, Z1, Z2)  \
	STORE(64, Z5, Z6, Z7) \
	ZMOVE($128)

// ZSINGLE steps a vector and moves on.
#define ZSINGLE(READ, RULE, STORE) \
	READ(0, Z0, Z1, Z2)   \
	RULE(ZONE)            \
	STORE(0, Z0, Z1, Z2)  \
	ZMOVE($64)

// ZPART steps the elements of K1, in registers that are zero elsewhere.
#define ZPART(RULE, STORE) \
	MOVZ (DI), K1, Z0    \
	MOVZ (SI), K1, Z1    \
	MOVZ (DX), K1, Z2    \
	RULE(ZMASKED)        \
	STORE

// ZWALK is WALK: where there are enough elements, a part up to where param is aligned; two
// vectors at once, one, and the rest in a part. The loop is there twice, since a
// prefetch that a CPU doesn't want would cost it as much. Smashes everything.
#define ZWALK(USE, READ, RULE, STORE, STOREPART, SEE) \
	ZSETUP                      \
	USE                         \
	CMPQ R10, $ALIGNFROM        \
	JLT  body                   \
	ZHEAD                       \
	JZ   body                   \
	ZPART(RULE, STOREPART)      \
	SHLQ $LOGSIZE, CX           \
	ZMOVE(CX)                   \
body:                           \
	SUBQ $(2*LANES512), R10     \
	JLT  tail                   \
	TESTQ R11, R11              \
	JNZ  ahead                  \
	PCALIGN $64                 \
loop:                           \
	ZPAIR(READ, RULE, STORE)    \
	SUBQ $(2*LANES512), R10     \
	JGE  loop                   \
	JMP  tail                   \
	PCALIGN $64                 \
ahead:                          \
	ZAHEAD                      \
	ZPAIR(READ, RULE, STORE)    \
	SUBQ $(2*LANES512), R10     \
	JGE  ahead                  \
tail:                           \
	ADDQ $LANES512, R10         \
	JLT  part                   \
	ZSINGLE(READ, RULE, STORE)  \
	SUBQ $LANES512, R10         \
part:                           \
	ADDQ $LANES512, R10         \
	JZ   done                   \
	MOVQ R10, CX                \
	ZMASK                       \
	ZPART(RULE, STOREPART)      \
done:                           \
	SEE
