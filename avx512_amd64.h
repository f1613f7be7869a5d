// Rule macros for AVX-512 (F, CD, BW, DQ, VL), as avx2_amd64.h has them for AVX2: see
// there for the operands and the instructions' names. Two vectors of constants
// that AVX2 reloads stay in registers, and masks take the place of blends. The
// rules' operand k is K3 or K6, in turns where that matters: a comparison under a
// mask waits for the one that made the mask.
//
//	Z0 param   Z1 grad   Z2 momentum   Z3–Z6 scratch
//	Z8  β1   Z9  (1−β1)·s   Z10 β2   Z11 (1−β2)·s   Z12 η   Z13 decay factor
//	Z14 −0   Z15 0   Z16 λ   Z17 1   Z18 −0 or 0, the sign of s
//	Z19 s   Z20 γ   Z21 1−β1ᵗ   Z22 1−β2ᵗ   Z23 ε   Z24 κ
//	K1 elements of a part   K2, K4 scratch   K3, K6 lanes without a NaN so far
//
//	DI param   SI grad   DX momentum   R10 elements left   R8 args, then coef
//	CX elements of a part   R9 scratch   AX the result

// ZSETUP reads args and coef. Smashes everything in the table.
#define ZSETUP \
	MOVQ   args_param(R8), DI             \
	MOVQ   args_grad(R8), SI              \
	MOVQ   args_momentum(R8), DX          \
	MOVQ   args_n(R8), R10                \
	MOVQ   args_c(R8), R8                 \
	XORL   AX, AX                         \
	KONES  K3, K3, K3                     \
	KONES  K6, K6, K6                     \
	VXORPS X15, X15, X15                  \
	BCAST  COEF(const_cB1), Z8            \
	BCAST  COEF(const_cO1), Z9            \
	BCAST  COEF(const_cB2), Z10           \
	BCAST  COEF(const_cO2), Z11           \
	BCAST  COEF(const_cLR), Z12           \
	BCAST  COEF(const_cDecay), Z13        \
	BCAST  COEF(const_cNegZero), Z14      \
	BCAST  COEF(const_cWD), Z16           \
	BCAST  COEF(const_cOne), Z17          \
	BCAST  COEF(const_cFlip), Z18         \
	BCAST  COEF(const_cScale), Z19        \
	BCAST  COEF(const_cGamma), Z20        \
	BCAST  COEF(const_cBC1), Z21          \
	BCAST  COEF(const_cBC2), Z22          \
	BCAST  COEF(const_cEps), Z23          \
	BCAST  COEF(const_cKappa), Z24

// ZFINISH makes AX, a count or 0, nonzero if a NaN was seen, and cleans the
// upper halves. Smashes R9.
#define ZFINISH \
	KANDW K6, K3, K3                  \
	KMOVW K3, R9                      \
	XORL  $((1<<LANES512)-1), R9      \
	ORL   R9, AX                      \
	VZEROUPPER

// ZMASK: K1 = the lowest CX elements. Smashes R9.
#define ZMASK \
	MOVL  $1, R9 \
	SHLQ  CX, R9 \
	DECQ  R9     \
	KMOVW R9, K1

// ZHEAD: CX = the elements before param is aligned to a cache line, or all, and
// K1 as many; the zero flag is set if there are none. Smashes R9.
#define ZHEAD \
	MOVQ    DI, CX        \
	NEGQ    CX            \
	ANDQ    $63, CX       \
	SHRQ    $LOGSIZE, CX  \
	CMPQ    R10, CX       \
	CMOVQLT R10, CX       \
	SUBQ    CX, R10       \
	ZMASK                 \
	TESTQ   CX, CX

// ZTAIL: CX = the elements of the next part, at most a vector, and K1 as many.
// Smashes R9.
#define ZTAIL \
	MOVQ    $LANES512, CX \
	CMPQ    R10, CX       \
	CMOVQLT R10, CX       \
	SUBQ    CX, R10       \
	ZMASK

// ZNANS takes the lanes where a or b is NaN out of k.
#define ZNANS(a, b, k) \
	CMP $7, a, b, k, k

// ZINTERP: Z3 = β1·m + (1−β1)·s·g, Z2 = β2·m + (1−β2)·s·g. Smashes Z4, Z5.
#define ZINTERP(g, m) \
	MUL g, Z9, Z3   \
	MUL m, Z8, Z4   \
	MUL g, Z11, Z5  \
	MUL m, Z10, Z2  \
	ADD Z3, Z4, Z3  \
	ADD Z5, Z2, Z2

// ZSIGN: Z3 = k with the sign of Z3; K2 says where Z3 was neither 0 nor NaN.
#define ZSIGN(k) \
	CMP     $12, Z15, Z3, K2  \
	TERNLOG $0x6C, Z14, k, Z3

// ZSTEP: Z0 = p·decay, − Z3 where K2 says so.
#define ZSTEP(p, k) \
	MUL   p, Z13, Z0       \
	SUB   Z3, Z0, K2, Z0   \
	ZNANS(Z0, Z2, k)

// ZPLAINSTEP: Z0 = p, − Z3 where K2 says so.
#define ZPLAINSTEP(p, k) \
	MOVU  p, Z0           \
	SUB   Z3, Z0, K2, Z0  \
	ZNANS(Z0, Z2, k)

// ZALLSTEP: Z0 = p·decay − Z3.
#define ZALLSTEP(p, k) \
	MUL   p, Z13, Z0  \
	SUB   Z3, Z0, Z0  \
	ZNANS(Z0, Z2, k)

#define ZPAPER(p, g, m, k) \
	ZINTERP(g, m)  \
	ZSIGN(Z12)     \
	ZSTEP(p, k)

#define ZPAPERPLAIN(p, g, m, k) \
	ZINTERP(g, m)  \
	ZSIGN(Z12)     \
	ZPLAINSTEP(p, k)

// ZPAPERINSIDE: p − η·(sign(c) + λ·p). Smashes Z4.
#define ZPAPERINSIDE(p, g, m, k) \
	ZINTERP(g, m)                  \
	ZSIGN(Z17)                     \
	MUL     p, Z16, Z4             \
	MOVZ    Z3, K2, Z3             \
	ADD     Z4, Z3, Z3             \
	MUL     Z12, Z3, Z3            \
	MOVU    p, Z0                  \
	SUB     Z3, Z0, Z0             \
	ZNANS(Z0, Z2, k)

// ZCOUPLED: Z1 = g + λ·p. Smashes Z3.
#define ZCOUPLED(p, g) \
	MUL p, Z16, Z3  \
	ADD g, Z3, Z1

#define ZPAPERCOUPLED(p, g, m, k) \
	ZCOUPLED(p, g)         \
	ZPAPERPLAIN(p, Z1, m, k)

// ZFIRST: Z2 = β1·m + (1−β1)·s·g, Z3 = β2·Z2 + (1−β2)·s·g. Smashes Z4.
#define ZFIRST(g, m) \
	MUL g, Z9, Z3    \
	MUL m, Z8, Z2    \
	ADD Z3, Z2, Z2   \
	MUL g, Z11, Z4   \
	MUL Z2, Z10, Z3  \
	ADD Z4, Z3, Z3

#define ZMOMENTUMFIRST(p, g, m, k) \
	ZFIRST(g, m)  \
	ZSIGN(Z12)    \
	ZSTEP(p, k)

#define ZMOMENTUMFIRSTCOUPLED(p, g, m, k) \
	ZCOUPLED(p, g)  \
	ZFIRST(Z1, m)   \
	ZSIGN(Z12)      \
	ZPLAINSTEP(p, k)

// ZAGREE: K2 = where sign(Z3)·g·s > 0: where g is not 0 and Z3 with the sign of that
// product is greater. Smashes Z4.
#define ZAGREE(g) \
	VXORPS  g, Z18, Z4           \
	CMP     $12, g, Z15, K2      \
	TERNLOG $0x6C, Z14, Z3, Z4   \
	CMP     $17, Z4, Z15, K2, K2

#define ZCAUTIOUS(p, g, m, k) \
	ZINTERP(g, m)               \
	ZAGREE(g)                   \
	TERNLOG $0x6C, Z14, Z12, Z3 \
	ZSTEP(p, k)

// ZCOUNT: AX += the elements that ZCAUTIOUS steps. Smashes Z3, Z4, R9.
#define ZCOUNT(p, g, m, k) \
	MUL     g, Z9, Z3   \
	MUL     m, Z8, Z4   \
	ADD     Z3, Z4, Z3  \
	ZAGREE(g)           \
	KMOVW   K2, R9      \
	POPCNTL R9, R9      \
	ADDL    R9, AX

// ZBIASCORRECTED: n is taken without its sign. Smashes Z1, Z3–Z5.
#define ZBIASCORRECTED(p, g, m, k) \
	MUL      g, Z19, Z1            \
	MUL      Z1, Z9, Z3            \
	MUL      m, Z8, Z2             \
	ADD      Z3, Z2, Z2            \
	CMP      $12, Z15, Z1, K2      \
	MOVZ     Z11, K2, Z5           \
	VANDNPS  Z1, Z14, Z3           \
	MUL      Z3, Z20, Z4           \
	ADD      Z5, Z4, Z4            \
	DIV      Z22, Z4, Z4           \
	SQRT     Z4, Z4                \
	ADD      Z23, Z4, Z4           \
	DIV      Z21, Z2, Z3           \
	DIV      Z4, Z3, Z3            \
	MUL      Z12, Z3, Z3           \
	ZALLSTEP(p, k)

// ZREFINED: η·c where |c| < 1, else η·sign(c). Smashes Z1, Z3, Z4, K4.
#define ZREFINED(p, g, m, k) \
	ZINTERP(g, m)                \
	VANDNPS Z3, Z14, Z4          \
	CMP     $17, Z17, Z4, K4     \
	MUL     Z3, Z12, Z1          \
	ZSIGN(Z12)                   \
	MOVZ    Z3, K2, Z3           \
	BLENDM  Z1, Z3, K4, Z3       \
	ZALLSTEP(p, k)

// ZSMOOTH: η·tanh(κ·c). Smashes Z1, Z3–Z6.
#define ZSMOOTH(p, g, m, k) \
	ZINTERP(g, m)    \
	MUL Z24, Z3, Z3  \
	ZTANH            \
	MUL Z12, Z3, Z3  \
	ZALLSTEP(p, k)

// ZTERM: Z6 = Z6·r + constant i. Smashes Z7.
#define ZTERM(i) \
	MUL   Z4, Z6, Z6    \
	BCAST TANHC(i), Z7  \
	ADD   Z7, Z6, Z6

// ZTANH: Z3 = tanh(Z3), as TANH. Z1 is 2ᵏ, Z4 r, Z5 k, Z6 the polynomial.
// Smashes Z1, Z4–Z7.
#define ZTANH \
	VANDNPS Z3, Z14, Z4         \
	VANDPS  Z3, Z14, Z3         \
	ADD     Z4, Z4, Z4          \
	BCAST   TANHC(0), Z5        \
	MIN     Z4, Z5, Z4          \
	BCAST   TANHC(1), Z5        \
	MUL     Z4, Z5, Z5          \
	BCAST   TANHC(2), Z7        \
	ADD     Z7, Z5, Z5          \
	BCAST   TANHC(6), Z1        \
	IADD    Z1, Z5, Z1          \
	ISHL    $MANTISSA, Z1, Z1   \
	SUB     Z7, Z5, Z5          \
	BCAST   TANHC(3), Z7        \
	MUL     Z5, Z7, Z7          \
	SUB     Z7, Z4, Z4          \
	BCAST   TANHC(4), Z7        \
	MUL     Z5, Z7, Z7          \
	SUB     Z7, Z4, Z4          \
	BCAST   TANHC(7), Z6        \
	ZTERMS                      \
	MUL     Z4, Z6, Z6          \
	MUL     Z1, Z6, Z6          \
	SUB     Z17, Z1, Z1         \
	ADD     Z1, Z6, Z6          \
	BCAST   TANHC(5), Z7        \
	ADD     Z6, Z7, Z7          \
	DIV     Z7, Z6, Z6          \
	VORPS   Z6, Z3, Z3

// ZCOUPLE: Z1 = g + λ·p. Smashes Z3.
#define ZCOUPLE(p, g, m, k) ZCOUPLED(p, g)

// ZINSIDE: Z0 = p − η·(λ·p − g). Smashes Z3, Z4.
#define ZINSIDE(p, g, m, k) \
	MUL   p, Z16, Z3    \
	SUB   g, Z3, Z3     \
	MUL   Z12, Z3, Z3   \
	MOVU  p, Z0         \
	SUB   Z3, Z0, Z0    \
	ZNANS(Z0, Z0, k)

// ZPREFETCH asks for line o of what the loop will read 1 KiB later.
#define ZPREFETCH(o) \
	PREFETCHT0 1024+o(SI) \
	PREFETCHT0 1024+o(DX) \
	PREFETCHT0 1024+o(DI)

// What a kernel stores, as in avx2_amd64.h.
#define ZSTOREPM(o) \
	MOVU Z2, o(DX) \
	MOVU Z0, o(DI)
#define ZSTOREG(o) MOVU Z1, o(SI)
#define ZSTOREP(o) MOVU Z0, o(DI)
#define ZSTORENONE(o)
#define ZPARTPM \
	MOVU Z2, K1, (DX) \
	MOVU Z0, K1, (DI)
#define ZPARTG MOVU Z1, K1, (SI)
#define ZPARTP MOVU Z0, K1, (DI)
#define ZPARTNONE

// ZPAIR steps two vectors and moves on.
#define ZPAIR(RULE, STORE) \
	ZPREFETCH(0)                  \
	RULE(0(DI), 0(SI), 0(DX), K3)     \
	STORE(0)                      \
	ZPREFETCH(64)                 \
	RULE(64(DI), 64(SI), 64(DX), K6)  \
	STORE(64)                     \
	ADDQ $128, SI                 \
	ADDQ $128, DX                 \
	ADDQ $128, DI

// ZPART steps the CX elements of K1, in registers that are zero elsewhere, and
// moves on.
#define ZPART(RULE, STORE) \
	MOVZ (DI), K1, Z0        \
	MOVZ (SI), K1, Z1        \
	MOVZ (DX), K1, Z2        \
	RULE(Z0, Z1, Z2, K3)     \
	STORE                    \
	LEAQ (DI)(CX*SIZE), DI   \
	LEAQ (SI)(CX*SIZE), SI   \
	LEAQ (DX)(CX*SIZE), DX

// ZWALK is WALK: a part up to where param is aligned, two vectors at once, and the
// rest in parts. Smashes everything.
#define ZWALK(RULE, STORE, STOREPART) \
	ZSETUP                      \
	ZHEAD                       \
	JZ   body                   \
	ZPART(RULE, STOREPART)      \
body:                           \
	SUBQ $(2*LANES512), R10     \
	JLT  tail                   \
	PCALIGN $64                 \
loop:                           \
	ZPAIR(RULE, STORE)          \
	SUBQ $(2*LANES512), R10     \
	JGE  loop                   \
tail:                           \
	ADDQ $(2*LANES512), R10     \
	JZ   done                   \
rest:                           \
	ZTAIL                       \
	ZPART(RULE, STOREPART)      \
	TESTQ R10, R10              \
	JNZ   rest                  \
done:                           \
	ZFINISH
