// Rule macros for AVX2. The file that includes this one first names the instructions of
// its compute type: MOVU, MASKMOV, BCAST, MUL, ADD, SUB, DIV, SQRT, CMP, BLENDV, MOVMSK,
// MIN, IADD, ISHL; SIZE, the bytes of an element, and LOGSIZE; MANTISSA, the bits of a
// fraction; TERMS, and what PARTPM and PARTONE end with. avx512_amd64.h wants MOVZ,
// BLENDM, TERNLOG, KONES, FIXUP, RANGE, LANES512 and ZTERMS too.
//
// Operands p, g, m are a register or a memory operand each. Every rule leaves
// the new param in Y0 and the new momentum in Y2 and adds both to the sums in
// Y7 and Y6, which are NaN in the end if any of them was: an addition costs less
// than a comparison and its OR (7.5 against 8.0 cycles for 16 elements on Zen 3).
//
//	Y0  param        Y6  sum of new momenta    Y12  η
//	Y1  grad         Y7  sum of new params     Y13  decay factor
//	Y2  momentum     Y8  β1   Y9  (1−β1)·s     Y14  −η
//	Y3–Y5 scratch    Y10 β2   Y11 (1−β2)·s     Y15  0
//
//	DI param   SI grad   DX momentum   CX elements left   R8 args, then coef
//	R11 how far to prefetch   AX, R9 scratch; AX the result
#define COEF(i) (i*SIZE)(R8)

// Constants that are the same for every step: see where they stand.
#define SIGNS constants<>+(0*SIZE)(SB)
#define NUMBERS constants<>+(1*SIZE)(SB)
#define NEGZERO constants<>+(2*SIZE)(SB)
#define ONE constants<>+(3*SIZE)(SB)

// SETUP reads args and coef. Smashes everything in the table.
#define SETUP \
	MOVQ   args_param(R8), DI            \
	MOVQ   args_grad(R8), SI             \
	MOVQ   args_momentum(R8), DX         \
	MOVQ   args_n(R8), CX                \
	MOVQ   args_ahead(R8), R11           \
	MOVQ   args_c(R8), R8                \
	XORL   AX, AX                        \
	VXORPS Y15, Y15, Y15                 \
	VXORPS Y6, Y6, Y6                    \
	VXORPS Y7, Y7, Y7                    \
	BCAST  COEF(const_cB1), Y8           \
	BCAST  COEF(const_cO1), Y9           \
	BCAST  COEF(const_cB2), Y10          \
	BCAST  COEF(const_cO2), Y11          \
	BCAST  COEF(const_cLR), Y12          \
	BCAST  COEF(const_cDecay), Y13       \
	BCAST  NEGZERO, Y14     \
	VXORPS Y12, Y14, Y14

// FINISH makes AX, a count or 0, nonzero if a NaN went into the sums, and cleans
// the upper halves. Smashes R9.
#define FINISH \
	CMP    $3, Y6, Y7, Y7 \
	MOVMSK Y7, R9         \
	ORL    R9, AX         \
	VZEROUPPER

// INTERP: Y3 = β1·m + (1−β1)·s·g, Y2 = β2·m + (1−β2)·s·g. Smashes Y4, Y5.
#define INTERP(g, m) \
	MUL g, Y9, Y3   \
	MUL m, Y8, Y4   \
	MUL g, Y11, Y5  \
	MUL m, Y10, Y2  \
	ADD Y3, Y4, Y3  \
	ADD Y5, Y2, Y2  \
	ADD Y2, Y6, Y6

// TIMESSIGN: Y3 = η·sign(Y3), 0 for NaN. Smashes Y4.
#define TIMESSIGN \
	BLENDV Y3, Y14, Y12, Y4  \
	CMP    $12, Y15, Y3, Y3 \
	VANDPS Y4, Y3, Y3

// STEP: Y0 = p·decay − Y3.
#define STEP(p) \
	MUL p, Y13, Y0  \
	SUB Y3, Y0, Y0  \
	ADD Y0, Y7, Y7

// PLAINSTEP: Y0 = p − Y3.
#define PLAINSTEP(p) \
	MOVU p, Y0      \
	SUB  Y3, Y0, Y0 \
	ADD  Y0, Y7, Y7

#define PAPER(p, g, m) \
	INTERP(g, m) \
	TIMESSIGN    \
	STEP(p)

#define PAPERPLAIN(p, g, m) \
	INTERP(g, m) \
	TIMESSIGN    \
	PLAINSTEP(p)

// PAPERINSIDE: p − η·(sign(c) + λ·p). Smashes Y1, Y3–Y5.
#define PAPERINSIDE(p, g, m) \
	INTERP(g, m)                     \
	BCAST  NEGZERO, Y4  \
	BCAST  ONE, Y5      \
	VANDPS Y3, Y4, Y4                \
	VORPS  Y5, Y4, Y4                \
	CMP    $12, Y15, Y3, Y3          \
	VANDPS Y4, Y3, Y3                \
	BCAST  COEF(const_cWD), Y1       \
	MUL    p, Y1, Y1                 \
	ADD    Y1, Y3, Y3                \
	MUL    Y12, Y3, Y3               \
	PLAINSTEP(p)

// COUPLED: Y1 = g + λ·p. Smashes Y3.
#define COUPLED(p, g) \
	BCAST COEF(const_cWD), Y3 \
	MUL   p, Y3, Y3           \
	ADD   g, Y3, Y1

#define PAPERCOUPLED(p, g, m) \
	COUPLED(p, g)    \
	PAPERPLAIN(p, Y1, m)

// FIRST: Y2 = β1·m + (1−β1)·s·g, Y3 = β2·Y2 + (1−β2)·s·g. Smashes Y4.
#define FIRST(g, m) \
	MUL g, Y9, Y3   \
	MUL m, Y8, Y2   \
	ADD Y3, Y2, Y2  \
	MUL g, Y11, Y4  \
	MUL Y2, Y10, Y3 \
	ADD Y4, Y3, Y3  \
	ADD Y2, Y6, Y6

#define MOMENTUMFIRST(p, g, m) \
	FIRST(g, m) \
	TIMESSIGN   \
	STEP(p)

#define MOMENTUMFIRSTCOUPLED(p, g, m) \
	COUPLED(p, g) \
	FIRST(Y1, m)  \
	TIMESSIGN     \
	PLAINSTEP(p)

// AGREE: Y3 = Y3 where sign(Y3)·g·s > 0, else 0. Smashes Y1, Y4, Y5.
#define AGREE(g) \
	VXORPS g, Y3, Y5               \
	CMP    $12, g, Y15, Y4         \
	VXORPS Y9, Y5, Y5              \
	VANDPS Y3, Y4, Y3              \
	BLENDV Y5, Y15, Y3, Y3

#define CAUTIOUS(p, g, m) \
	INTERP(g, m) \
	AGREE(g)     \
	TIMESSIGN    \
	STEP(p)

// BIASCORRECTED: n is taken without its sign. A NaN in the new momentum is one in
// the new weight, whose sum tells of it. Smashes Y1, Y3–Y5.
#define BIASCORRECTED(p, g, m) \
	BCAST   COEF(const_cScale), Y3    \
	MUL     g, Y3, Y1                 \
	MUL     Y1, Y9, Y3                \
	MUL     m, Y8, Y2                 \
	ADD     Y3, Y2, Y2                \
	CMP     $12, Y15, Y1, Y5          \
	VANDPS  Y11, Y5, Y5               \
	BCAST   NEGZERO, Y3  \
	VANDNPS Y1, Y3, Y3                \
	BCAST   COEF(const_cGamma), Y4    \
	MUL     Y3, Y4, Y4                \
	ADD     Y5, Y4, Y4                \
	BCAST   COEF(const_cBC2), Y5      \
	DIV     Y5, Y4, Y4                \
	SQRT    Y4, Y4                    \
	BCAST   COEF(const_cEps), Y5      \
	ADD     Y5, Y4, Y4                \
	BCAST   COEF(const_cBC1), Y5      \
	DIV     Y5, Y2, Y3                \
	DIV     Y4, Y3, Y3                \
	MUL     Y12, Y3, Y3               \
	STEP(p)

// REFINED: η·c where |c| < 1, else η·sign(c). Smashes Y1, Y3–Y5.
#define REFINED(p, g, m) \
	INTERP(g, m)                      \
	BCAST   NEGZERO, Y5  \
	VANDNPS Y3, Y5, Y5                \
	BCAST   ONE, Y1      \
	CMP     $17, Y1, Y5, Y5           \
	MUL     Y3, Y12, Y1               \
	TIMESSIGN                         \
	BLENDV  Y5, Y1, Y3, Y3            \
	STEP(p)

// SMOOTH: η·tanh(κ·c). Smashes Y1, Y3–Y5, and Y14, Y15, which no other macro
// that it is used with needs.
#define SMOOTH(p, g, m) \
	INTERP(g, m)                  \
	BCAST COEF(const_cScale), Y4  \
	MUL   Y4, Y3, Y3              \
	TANH                          \
	MUL   Y12, Y3, Y3             \
	STEP(p)

// TANHC is constant i of the table.
#define TANHC(i) tanh<>+((i)*SIZE)(SB)

// TERM: Y14 = Y14·r + constant i. Smashes Y15.
#define TERM(i) \
	MUL   Y4, Y14, Y14   \
	BCAST TANHC(i), Y15  \
	ADD   Y15, Y14, Y14

// TANH: Y3 = tanh(Y3), operation by operation as in kernel_generic.go; MIN returns its
// first operand where either is NaN. Y1 is 2ᵏ, Y4 r, Y5 k, Y14 the polynomial.
// Smashes Y1, Y4, Y5, Y14, Y15.
#define TANH \
	BCAST   NEGZERO, Y5  \
	VANDNPS Y3, Y5, Y4                \
	VANDPS  Y3, Y5, Y3                \
	ADD     Y4, Y4, Y4                \
	BCAST   TANHC(0), Y5              \
	MIN     Y4, Y5, Y4                \
	BCAST   TANHC(1), Y5              \
	MUL     Y4, Y5, Y5                \
	BCAST   TANHC(2), Y15             \
	ADD     Y15, Y5, Y5               \
	BCAST   TANHC(6), Y1              \
	IADD    Y1, Y5, Y1                \
	ISHL    $MANTISSA, Y1, Y1         \
	SUB     Y15, Y5, Y5               \
	BCAST   TANHC(3), Y15             \
	MUL     Y5, Y15, Y15              \
	SUB     Y15, Y4, Y4               \
	BCAST   TANHC(4), Y15             \
	MUL     Y5, Y15, Y15              \
	SUB     Y15, Y4, Y4               \
	BCAST   TANHC(7), Y14             \
	TERMS                             \
	MUL     Y4, Y14, Y14              \
	MUL     Y1, Y14, Y14              \
	BCAST   ONE, Y15     \
	SUB     Y15, Y1, Y1               \
	ADD     Y1, Y14, Y14              \
	BCAST   TANHC(5), Y15             \
	ADD     Y14, Y15, Y15             \
	DIV     Y15, Y14, Y14             \
	VORPS   Y14, Y3, Y3

// COUNT: AX += the elements that CAUTIOUS steps. Smashes Y1, Y3–Y5, R9.
#define COUNT(p, g, m) \
	MUL     g, Y9, Y3         \
	MUL     m, Y8, Y4         \
	ADD     Y3, Y4, Y3        \
	AGREE(g)                  \
	CMP     $12, Y15, Y3, Y3  \
	MOVMSK  Y3, R9            \
	POPCNTL R9, R9            \
	ADDL    R9, AX

// COUPLE: Y1 = g + λ·p. Smashes Y3.
#define COUPLE(p, g, m) COUPLED(p, g)

// INSIDE: Y0 = p − η·(λ·p − g). Smashes Y1, Y3.
#define INSIDE(p, g, m) \
	MOVU  g, Y3               \
	BCAST COEF(const_cWD), Y1 \
	MUL   p, Y1, Y1           \
	SUB   Y3, Y1, Y3          \
	MUL   Y12, Y3, Y3         \
	PLAINSTEP(p)

// AHEAD asks for what the loop will read R11 bytes later.
#define AHEAD \
	PREFETCHT0 (SI)(R11*1) \
	PREFETCHT0 (DX)(R11*1) \
	PREFETCHT0 (DI)(R11*1)

// What a kernel stores: param and momentum, the gradient, param, or nothing.
#define STOREPM(o) \
	MOVU Y2, o(DX) \
	MOVU Y0, o(DI)
#define STOREG(o) MOVU Y1, o(SI)
#define STOREP(o) MOVU Y0, o(DI)
#define STORENONE(o)

// The same of the CX bytes of a part, fewer than a vector: 16 where there are as many,
// then eight, then, of float32, four. A store under a mask takes AMD's CPUs longer.
// Smashes what is stored, and the pointers.
#define PARTPM \
	TESTL        $16, CX       \
	JZ           eight         \
	MOVU         X2, (DX)      \
	MOVU         X0, (DI)      \
	VEXTRACTF128 $1, Y2, X2    \
	VEXTRACTF128 $1, Y0, X0    \
	ADDQ         $16, DX       \
	ADDQ         $16, DI       \
eight:                             \
	TESTL        $8, CX        \
	JZ           four          \
	VMOVSD       X2, (DX)      \
	VMOVSD       X0, (DI)      \
	LASTPM
#define PARTONE(x, y, to) \
	TESTL        $16, CX       \
	JZ           eight         \
	MOVU         x, (to)       \
	VEXTRACTF128 $1, y, x      \
	ADDQ         $16, to       \
eight:                             \
	TESTL        $8, CX        \
	JZ           four          \
	VMOVSD       x, (to)       \
	LASTONE(x, to)
#define PARTG PARTONE(X1, Y1, SI)
#define PARTP PARTONE(X0, Y0, DI)
#define PARTNONE

// MOVE moves on by n bytes.
#define MOVE(n) \
	ADDQ n, SI \
	ADDQ n, DX \
	ADDQ n, DI

// PAIR steps two vectors and moves on.
#define PAIR(RULE, STORE) \
	RULE(0(DI), 0(SI), 0(DX))     \
	STORE(0)                      \
	RULE(32(DI), 32(SI), 32(DX))  \
	STORE(32)                     \
	MOVE($64)

// SINGLE steps a vector and moves on.
#define SINGLE(RULE, STORE) \
	RULE(0(DI), 0(SI), 0(DX))  \
	STORE(0)                   \
	MOVE($32)

// PART steps the CX elements that are left, fewer than a vector, in registers that are
// zero elsewhere. Smashes CX, R9.
#define PART(RULE, STORE) \
	SHLQ    $LOGSIZE, CX       \
	LEAQ    lanes<>+32(SB), R9 \
	SUBQ    CX, R9             \
	MOVU    (R9), Y3           \
	MASKMOV (DI), Y3, Y0       \
	MASKMOV (SI), Y3, Y1       \
	MASKMOV (DX), Y3, Y2       \
	RULE(Y0, Y1, Y2)           \
	STORE

// WALK is a kernel: it reads args, steps all elements, two vectors at once, one, and what
// is left, and leaves in AX what FINISH says. The loop is there twice, since a prefetch
// that a CPU doesn't want would cost it as much. It begins a cache line: elsewhere it
// takes up to 6 % longer in L1 on Zen 3. Smashes everything.
#define WALK(RULE, STORE, STOREPART) \
	SETUP                   \
	SUBQ $(64/SIZE), CX     \
	JLT  tail               \
	TESTQ R11, R11          \
	JNZ  ahead              \
	PCALIGN $64             \
loop:                       \
	PAIR(RULE, STORE)       \
	SUBQ $(64/SIZE), CX     \
	JGE  loop               \
	JMP  tail               \
	PCALIGN $64             \
ahead:                      \
	AHEAD                   \
	PAIR(RULE, STORE)       \
	SUBQ $(64/SIZE), CX     \
	JGE  ahead              \
tail:                       \
	ADDQ $(32/SIZE), CX     \
	JLT  rest               \
	SINGLE(RULE, STORE)     \
	SUBQ $(32/SIZE), CX     \
rest:                       \
	ADDQ $(32/SIZE), CX     \
	JZ   done               \
	PART(RULE, STOREPART)   \
done:                       \
	FINISH
