// Encoders and rule macros for NEON. Go's assembler knows next to no vector
// floating-point instruction of arm64, so each is encoded here by a macro that
// bears its name and arrangement and takes plain register numbers (0–31), the
// destination last, as Go has it: FSUB4S(m, n, d) is Vd = Vn − Vm.
#define FADD4S(m, n, d)     WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FADD2D(m, n, d)     WORD $(0x4E60D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB4S(m, n, d)     WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB2D(m, n, d)     WORD $(0x4EE0D400 | (m)<<16 | (n)<<5 | (d))
#define FMUL4S(m, n, d)     WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FMUL2D(m, n, d)     WORD $(0x6E60DC00 | (m)<<16 | (n)<<5 | (d))
#define FDIV4S(m, n, d)     WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d))
#define FDIV2D(m, n, d)     WORD $(0x6E60FC00 | (m)<<16 | (n)<<5 | (d))
#define FMAX4S(m, n, d)     WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMAX2D(m, n, d)     WORD $(0x4E60F400 | (m)<<16 | (n)<<5 | (d))
#define FMIN4S(m, n, d)     WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d))
#define FMIN2D(m, n, d)     WORD $(0x4EE0F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXP4S(m, n, d)    WORD $(0x6E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXP2D(m, n, d)    WORD $(0x6E60F400 | (m)<<16 | (n)<<5 | (d))
#define FACGE4S(m, n, d)    WORD $(0x6E20EC00 | (m)<<16 | (n)<<5 | (d))
#define FACGE2D(m, n, d)    WORD $(0x6E60EC00 | (m)<<16 | (n)<<5 | (d))
#define FACGT4S(m, n, d)    WORD $(0x6EA0EC00 | (m)<<16 | (n)<<5 | (d))
#define FACGT2D(m, n, d)    WORD $(0x6EE0EC00 | (m)<<16 | (n)<<5 | (d))
#define FCMGTZERO4S(n, d)   WORD $(0x4EA0C800 | (n)<<5 | (d))
#define FCMGTZERO2D(n, d)   WORD $(0x4EE0C800 | (n)<<5 | (d))
#define FABS4S(n, d)        WORD $(0x4EA0F800 | (n)<<5 | (d))
#define FABS2D(n, d)        WORD $(0x4EE0F800 | (n)<<5 | (d))
#define FSQRT4S(n, d)       WORD $(0x6EA1F800 | (n)<<5 | (d))
#define FSQRT2D(n, d)       WORD $(0x6EE1F800 | (n)<<5 | (d))
#define ADD4S(m, n, d)      WORD $(0x4EA08400 | (m)<<16 | (n)<<5 | (d))
#define ADD2D(m, n, d)      WORD $(0x4EE08400 | (m)<<16 | (n)<<5 | (d))
#define SUB4S(m, n, d)      WORD $(0x6EA08400 | (m)<<16 | (n)<<5 | (d))
#define SUB2D(m, n, d)      WORD $(0x6EE08400 | (m)<<16 | (n)<<5 | (d))
#define ADDP4S(m, n, d)     WORD $(0x4EA0BC00 | (m)<<16 | (n)<<5 | (d))
#define ADDP2D(m, n, d)     WORD $(0x4EE0BC00 | (m)<<16 | (n)<<5 | (d))
#define SHL4S(shift, n, d)  WORD $(0x4F005400 | (32+(shift))<<16 | (n)<<5 | (d))
#define SHL2D(shift, n, d)  WORD $(0x4F005400 | (64+(shift))<<16 | (n)<<5 | (d))
#define SRI4S(shift, n, d)  WORD $(0x6F004400 | (64-(shift))<<16 | (n)<<5 | (d))
#define SRI2D(shift, n, d)  WORD $(0x6F004400 | (128-(shift))<<16 | (n)<<5 | (d))
#define AND16B(m, n, d)     WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d))
#define EOR16B(m, n, d)     WORD $(0x6E201C00 | (m)<<16 | (n)<<5 | (d))
#define FCMEQ4S(m, n, d)    WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d))
#define BIF16B(m, n, d)     WORD $(0x6EE01C00 | (m)<<16 | (n)<<5 | (d))
#define BIT16B(m, n, d)     WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d))
#define SSRA8H(shift, n, d) WORD $(0x4F001400 | (32-(shift))<<16 | (n)<<5 | (d))
#define USRA8H(shift, n, d) WORD $(0x6F001400 | (32-(shift))<<16 | (n)<<5 | (d))
#define USHR8H(shift, n, d) WORD $(0x6F000400 | (32-(shift))<<16 | (n)<<5 | (d))
#define UMAX8H(m, n, d)     WORD $(0x6E606400 | (m)<<16 | (n)<<5 | (d))
#define UQSUB8H(m, n, d)    WORD $(0x6E602C00 | (m)<<16 | (n)<<5 | (d))
#define BIC16B(m, n, d)     WORD $(0x4E601C00 | (m)<<16 | (n)<<5 | (d))
#define ADD8H(m, n, d)      WORD $(0x4E608400 | (m)<<16 | (n)<<5 | (d))
#define CMHI8H(m, n, d)     WORD $(0x6E603400 | (m)<<16 | (n)<<5 | (d))
#define UZP1_8H(m, n, d)    WORD $(0x4E401800 | (m)<<16 | (n)<<5 | (d))
#define MUL4S(m, n, d)      WORD $(0x4EA09C00 | (m)<<16 | (n)<<5 | (d))
#define UMIN4S(m, n, d)     WORD $(0x6EA06C00 | (m)<<16 | (n)<<5 | (d))
#define CMHI4S(m, n, d)     WORD $(0x6EA03400 | (m)<<16 | (n)<<5 | (d))
#define USHR4S(shift, n, d) WORD $(0x6F000400 | (64-(shift))<<16 | (n)<<5 | (d))
#define FCVTZU4S(n, d)      WORD $(0x6EA1B800 | (n)<<5 | (d))
#define UZP2_8H(m, n, d)    WORD $(0x4E405800 | (m)<<16 | (n)<<5 | (d))
#define ZIP1_8H(m, n, d)    WORD $(0x4E403800 | (m)<<16 | (n)<<5 | (d))
#define ZIP2_8H(m, n, d)    WORD $(0x4E407800 | (m)<<16 | (n)<<5 | (d))

// Where arrangements differ the name has that of the first operand and that of
// the destination; n of three is the wider. A 2 is for the upper half.
#define FCVTN_4S4H(n, d)    WORD $(0x0E216800 | (n)<<5 | (d))
#define FCVTN2_4S8H(n, d)   WORD $(0x4E216800 | (n)<<5 | (d))
#define FCVTL_4H4S(n, d)    WORD $(0x0E217800 | (n)<<5 | (d))
#define FCVTL2_8H4S(n, d)   WORD $(0x4E217800 | (n)<<5 | (d))
#define FCVTL_2S2D(n, d)    WORD $(0x0E617800 | (n)<<5 | (d))
#define FCVTL2_4S2D(n, d)   WORD $(0x4E617800 | (n)<<5 | (d))

// Rules work on registers alone, so that every storage format can use them. The
// file that includes this one first names the encoders of its compute type:
// FADD … SRI without the arrangement, FMOV1 (load or store one element, zero
// the rest), FCMP1, LANE and ARR, what VDUP calls an element and a vector,
// SIZE, the bytes of an element, and ONESHIFT, the bits of a fraction.
//
// Four vectors are stepped at once, instruction by instruction, so that CPUs
// that issue in order have work while a result is under way:
//
//	V0–V3    param      VP    V20 β1              KB1     V21 (1−β1)·s  KO1
//	V4–V7    grad       VG    V22 β2              KB2     V23 (1−β2)·s  KO2
//	V8–V11   momentum   VM    V24 η, or bits<<1   KLR     V25 decay     KDECAY
//	V12–V15  scratch    VT    V26 0               KZERO
//	V16–V19  scratch    VU    V27–V30 the rule's own
//	V31      COUNT's counts  ACC
//
//	R0 param   R1 grad   R2 momentum   R3 elements left   R4 args
//	R8 coef    R9, R10 tables          R5 the result, or scratch
//	R6 the caller's FPCR
//
// NaNs aren't looked for: the bit DN of FPCR makes the NaN of every operation the
// canonical one, and each param and momentum that is written is the result of an
// operation. Within a kernel FPCR is that bit alone: nothing is flushed to zero,
// rounding is to nearest, halves are IEEE's, whatever the caller had there, which
// is restored (but after a fault). Some CPUs are slow to write FPCR, which llvm-mca
// doesn't count: a call does it twice, however many elements it is for. Of the
// kernels that call SETUP those do without that write no param or momentum.
#define VP 0
#define VG 4
#define VM 8
#define VT 12
#define VU 16
#define KB1 20
#define KO1 21
#define KB2 22
#define KO2 23
#define KLR 24
#define KDECAY 25
#define KZERO 26
#define ACC 31

// FOURK: OP(k, x, y) for each of four vectors x and y, k being one register or a
// number. FOURV: the same with four of k. ONEK, ONEV: for one vector. Rules take
// them as K and V.
#define FOURK(OP, k, x, y) \
	OP(k, x, y)     \
	OP(k, x+1, y+1) \
	OP(k, x+2, y+2) \
	OP(k, x+3, y+3)
#define FOURV(OP, k, x, y) \
	OP(k, x, y)       \
	OP(k+1, x+1, y+1) \
	OP(k+2, x+2, y+2) \
	OP(k+3, x+3, y+3)
#define ONEK(OP, k, x, y) OP(k, x, y)
#define ONEV(OP, k, x, y) OP(k, x, y)

// Instructions of two operands, in the form that FOURK takes; they ignore k.
#define ABS(k, n, d) FABS(n, d)
#define SQRT(k, n, d) FSQRT(n, d)
#define POSITIVE(k, n, d) FCMGTZERO(n, d)

// UNDERSIGN: Vd keeps its sign and takes its other bits from V(twice)>>1.
#define UNDERSIGN(twice, n, d) SRI(1, twice, d)

// COEF: v, which is f, = the constant i of coef, in every lane.
#define COEF(i, f, v) \
	FMOV1 (i*SIZE)(R8), f  \
	VDUP  v.LANE[0], v.ARR

// BITS: v = the number of those bits, in every lane. Smashes R5.
#define BITS(b, v) \
	MOVD $b, R5      \
	VDUP R5, v.ARR

// SETUP reads args (R4) and the common constants. Smashes R0–R3, R8, V20–V26.
#define SETUP \
	MOVD args_param(R4), R0        \
	MOVD args_grad(R4), R1         \
	MOVD args_momentum(R4), R2     \
	MOVD args_n(R4), R3            \
	MOVD args_c(R4), R8            \
	COEF(const_cB1, F20, V20)      \
	COEF(const_cO1, F21, V21)      \
	COEF(const_cB2, F22, V22)      \
	COEF(const_cO2, F23, V23)      \
	COEF(const_cLR, F24, V24)      \
	COEF(const_cDecay, F25, V25)   \
	VEOR V26.B16, V26.B16, V26.B16

// DEFAULTNAN: FPCR = its bit DN alone, R6 = what the caller had there. Smashes R5.
#define DEFAULTNAN \
	MRS  FPCR, R6     \
	MOVD $(1<<25), R5 \
	MSR  R5, FPCR

// TWICE: the bits of Vk shifted, as UNDERSIGN takes them.
#define TWICE(k) SHL(1, k, k)

// INTERP: VT = β1·m + (1−β1)·s·g, VM = β2·m + (1−β2)·s·g. Smashes VU.
#define INTERP(K, V) \
	K(FMUL, KO1, VG, VT) \
	K(FMUL, KB1, VM, VU) \
	V(FADD, VT, VU, VT)  \
	K(FMUL, KO2, VG, VU) \
	K(FMUL, KB2, VM, VM) \
	V(FADD, VU, VM, VM)

// TIMESSIGN: VT = η·sign(VT), 0 for NaN; KLR is η's bits, shifted: η is no −0.
// Smashes VU.
#define TIMESSIGN(K, V) \
	K(FACGT, KZERO, VT, VU)   \
	K(UNDERSIGN, KLR, VT, VT) \
	V(AND16B, VU, VT, VT)

// STEP: VP = VP·decay − VT.
#define STEP(K, V) \
	K(FMUL, KDECAY, VP, VP) \
	V(FSUB, VT, VP, VP)

// PAPER smashes VT, VU; PAPERSTEP, which is what follows INTERP, too.
#define PAPER(K, V) \
	INTERP(K, V)    \
	PAPERSTEP(K, V)
#define PAPERSTEP(K, V) \
	TIMESSIGN(K, V) \
	STEP(K, V)

// PAPERPLAIN: without decay. Smashes VT, VU.
#define PAPERPLAIN(K, V) \
	INTERP(K, V)        \
	TIMESSIGN(K, V)     \
	V(FSUB, VT, VP, VP)

// PAPERINSIDE: p − η·(sign(c) + λ·p), λ in V27, 1's bits, shifted, in V28;
// KLR is η. Smashes VT, VU.
#define PAPERINSIDE(K, V) \
	INTERP(K, V)             \
	K(FACGT, KZERO, VT, VU)  \
	K(UNDERSIGN, 28, VT, VT) \
	V(AND16B, VU, VT, VT)    \
	K(FMUL, 27, VP, VU)      \
	V(FADD, VU, VT, VT)      \
	K(FMUL, KLR, VT, VT)     \
	V(FSUB, VT, VP, VP)

// COUPLED: VG = VG + λ·p, λ in V27. Smashes VU.
#define COUPLED(K, V) \
	K(FMUL, 27, VP, VU) \
	V(FADD, VU, VG, VG)

// PAPERCOUPLED smashes VG, VT, VU.
#define PAPERCOUPLED(K, V) \
	COUPLED(K, V)    \
	PAPERPLAIN(K, V)

// FIRST: VM = β1·m + (1−β1)·s·g, VT = β2·VM + (1−β2)·s·g. Smashes VU.
#define FIRST(K, V) \
	K(FMUL, KO1, VG, VT) \
	K(FMUL, KB1, VM, VM) \
	V(FADD, VT, VM, VM)  \
	K(FMUL, KO2, VG, VU) \
	K(FMUL, KB2, VM, VT) \
	V(FADD, VU, VT, VT)

// MOMENTUMFIRST smashes VT, VU.
#define MOMENTUMFIRST(K, V) \
	FIRST(K, V)     \
	TIMESSIGN(K, V) \
	STEP(K, V)

// MOMENTUMFIRSTCOUPLED smashes VG, VT, VU.
#define MOMENTUMFIRSTCOUPLED(K, V) \
	COUPLED(K, V)       \
	FIRST(K, V)         \
	TIMESSIGN(K, V)     \
	V(FSUB, VT, VP, VP)

// AGREE: VU = ones where sign(VT)·g·s > 0, else 0: where g, with the signs of
// VT and s put to its own, is positive and VT ≠ 0 (and no NaN). V27 is the sign
// of s, V28 the sign bit. Smashes VG.
#define AGREE(K, V) \
	K(AND16B, 28, VT, VU)   \
	V(EOR16B, VG, VU, VU)   \
	K(EOR16B, 27, VU, VU)   \
	K(POSITIVE, 0, VU, VU)  \
	K(FACGT, KZERO, VT, VG) \
	V(AND16B, VG, VU, VU)

// CAUTIOUS smashes VG, VT, VU; CAUTIOUSSTEP, which is what follows INTERP, too.
#define CAUTIOUS(K, V) \
	INTERP(K, V)       \
	CAUTIOUSSTEP(K, V)
#define CAUTIOUSSTEP(K, V) \
	AGREE(K, V)               \
	K(UNDERSIGN, KLR, VT, VT) \
	V(AND16B, VU, VT, VT)     \
	STEP(K, V)

// COUNT: VU = ones where CAUTIOUS steps. Smashes VG, VT.
#define COUNT(K, V) \
	K(FMUL, KO1, VG, VT) \
	K(FMUL, KB1, VM, VU) \
	V(FADD, VT, VU, VT)  \
	AGREE(K, V)

// BIASCORRECTED: n is taken without its sign. s is in V27, γ in V28, 1−β1ᵗ in
// V29, 1−β2ᵗ in V30, ε in KB2; KLR is η. Smashes VG, VT, VU.
#define BIASCORRECTED(K, V) \
	K(FMUL, 27, VG, VG)     \
	K(FMUL, KO1, VG, VT)    \
	K(FMUL, KB1, VM, VM)    \
	V(FADD, VT, VM, VM)     \
	K(FACGT, KZERO, VG, VU) \
	K(AND16B, KO2, VU, VU)  \
	K(ABS, 0, VG, VT)       \
	K(FMUL, 28, VT, VT)     \
	V(FADD, VU, VT, VT)     \
	K(FDIV, 30, VT, VT)     \
	K(SQRT, 0, VT, VT)      \
	K(FADD, KB2, VT, VT)    \
	K(FDIV, 29, VM, VU)     \
	V(FDIV, VT, VU, VT)     \
	K(FMUL, KLR, VT, VT)    \
	STEP(K, V)

// REFINED: u is c, cut off at ±1 (V27, V28); 0 for NaN. KLR is η. Smashes VT, VU.
#define REFINED(K, V) \
	INTERP(K, V)            \
	K(FACGE, KZERO, VT, VU) \
	K(FMIN, 27, VT, VT)     \
	K(FMAX, 28, VT, VT)     \
	V(AND16B, VU, VT, VT)   \
	K(FMUL, KLR, VT, VT)    \
	STEP(K, V)

// CONST: v = the next constant of tanh's table, in every lane.
#define CONST(v) VLD1R.P SIZE(R9), [v.ARR]

// HORNER: VM = (VM + the next coefficient)·VU. Smashes V28.
#define HORNER(K, V) \
	CONST(V28)          \
	K(FADD, 28, VM, VM) \
	V(FMUL, VU, VM, VM)

// TANHSTEP: VP = VP·decay − η·tanh(κ·VT), operation by operation as
// kernel_generic.go has it. κ is in V27, 1 in KZERO, 2 in V29, tanh's table at R10. The new momentum
// must have been stored: smashes VG, VM, VT, VU, V28, V30, R9. A doubled |x|
// that is NaN passes the minimum as it does the comparison. Rounding to k is
// done twice, to the same bits, for want of registers.
#define TANHSTEP(K, V) \
	K(FMUL, 27, VT, VT)      \
	K(ABS, 0, VT, VU)        \
	V(FADD, VU, VU, VU)      \
	MOVD R10, R9             \
	CONST(V28)               \
	K(FMIN, 28, VU, VU)      \
	CONST(V28)               \
	K(FMUL, 28, VU, VG)      \
	CONST(V30)               \
	K(FADD, 30, VG, VG)      \
	K(FSUB, 30, VG, VG)      \
	CONST(V28)               \
	K(FMUL, 28, VG, VM)      \
	V(FSUB, VM, VU, VU)      \
	CONST(V28)               \
	K(FMUL, 28, VG, VM)      \
	V(FSUB, VM, VU, VU)      \
	K(FADD, 30, VG, VG)      \
	K(SHL, ONESHIFT, VG, VG) \
	K(INTADD, KZERO, VG, VG) \
	ADD $(TANHQ-5*SIZE), R9  \
	CONST(V28)               \
	K(FMUL, 28, VU, VM)      \
	HORNERS(K, V)            \
	V(FMUL, VG, VM, VM)      \
	K(FSUB, KZERO, VG, VG)   \
	V(FADD, VG, VM, VM)      \
	K(FADD, 29, VM, VG)      \
	V(FDIV, VG, VM, VM)      \
	K(SHL, 1, VM, VM)        \
	V(UNDERSIGN, VM, VT, VT) \
	K(FMUL, KLR, VT, VT)     \
	STEP(K, V)

// INSIDE: VP = p − η·(λ·p − VG); KLR is η. Smashes VU.
#define INSIDE(K, V) \
	K(FMUL, 27, VP, VU)  \
	V(FSUB, VG, VU, VU)  \
	K(FMUL, KLR, VU, VU) \
	V(FSUB, VU, VP, VP)

// LOAD4, STORE4: four vectors at r.
#define LOAD4(r, a, b, c, d) \
	FLDPQ (r), (a, b)   \
	FLDPQ 32(r), (c, d)
#define STORE4(a, b, c, d, r) \
	FSTPQ (a, b), (r)   \
	FSTPQ (c, d), 32(r)

// ADVANCE moves the pointers on.
#define ADVANCE(bytes) \
	ADD $bytes, R0 \
	ADD $bytes, R1 \
	ADD $bytes, R2

// LOADALL4, LOADALL1: VP, VG and VM; four vectors or one.
#define LOADALL4 \
	LOAD4(R1, F4, F5, F6, F7)   \
	LOAD4(R2, F8, F9, F10, F11) \
	LOAD4(R0, F0, F1, F2, F3)
#define LOADALL1(FMOV) \
	FMOV (R1), F4 \
	FMOV (R2), F8 \
	FMOV (R0), F0

// FOUR steps four vectors by a rule, ONE steps one (FMOVQ) or one element
// (FMOV1), in lane 0 of vectors that are zero elsewhere.
#define FOUR(RULE) \
	LOADALL4                     \
	RULE(FOURK, FOURV)           \
	STORE4(F8, F9, F10, F11, R2) \
	STORE4(F0, F1, F2, F3, R0)   \
	ADVANCE(64)
#define ONE(RULE, FMOV, bytes) \
	LOADALL1(FMOV)   \
	RULE(ONEK, ONEV) \
	FMOV F8, (R2)    \
	FMOV F0, (R0)    \
	ADVANCE(bytes)

// FOURSMOOTH, ONESMOOTH: the same for TANHSTEP, which needs the registers of the
// new momentum.
#define FOURSMOOTH(RULE) \
	LOADALL4                     \
	INTERP(FOURK, FOURV)         \
	STORE4(F8, F9, F10, F11, R2) \
	RULE(FOURK, FOURV)           \
	STORE4(F0, F1, F2, F3, R0)   \
	ADVANCE(64)
#define ONESMOOTH(RULE, FMOV, bytes) \
	LOADALL1(FMOV)     \
	INTERP(ONEK, ONEV) \
	FMOV F8, (R2)      \
	RULE(ONEK, ONEV)   \
	FMOV F0, (R0)      \
	ADVANCE(bytes)

// FOURCOUPLE, ONECOUPLE write the gradient.
#define FOURCOUPLE(RULE) \
	LOAD4(R1, F4, F5, F6, F7)  \
	LOAD4(R0, F0, F1, F2, F3)  \
	RULE(FOURK, FOURV)         \
	STORE4(F4, F5, F6, F7, R1) \
	ADVANCE(64)
#define ONECOUPLE(RULE, FMOV, bytes) \
	FMOV (R1), F4    \
	FMOV (R0), F0    \
	RULE(ONEK, ONEV) \
	FMOV F4, (R1)    \
	ADVANCE(bytes)

// FOURINSIDE, ONEINSIDE write param alone.
#define FOURINSIDE(RULE) \
	LOAD4(R1, F4, F5, F6, F7)  \
	LOAD4(R0, F0, F1, F2, F3)  \
	RULE(FOURK, FOURV)         \
	STORE4(F0, F1, F2, F3, R0) \
	ADVANCE(64)
#define ONEINSIDE(RULE, FMOV, bytes) \
	FMOV (R1), F4    \
	FMOV (R0), F0    \
	RULE(ONEK, ONEV) \
	FMOV F0, (R0)    \
	ADVANCE(bytes)

// FOURCOUNT, ONECOUNT: each lane of ACC counts: less the ones, which are −1.
#define FOURCOUNT(RULE) \
	LOAD4(R1, F4, F5, F6, F7)   \
	LOAD4(R2, F8, F9, F10, F11) \
	RULE(FOURK, FOURV)          \
	INTADD(VU+1, VU, VU)        \
	INTADD(VU+3, VU+2, VU+2)    \
	INTADD(VU+2, VU, VU)        \
	INTSUB(VU, ACC, ACC)        \
	ADVANCE(64)
#define ONECOUNT(RULE, FMOV, bytes) \
	FMOV (R1), F4        \
	FMOV (R2), F8        \
	RULE(ONEK, ONEV)     \
	INTSUB(VU, ACC, ACC) \
	ADVANCE(bytes)

// TOTAL: R5 = the sum of ACC's lanes. Smashes ACC.
#define TOTAL \
	SUMLANES      \
	FMOVS F31, R5

// What rules find in V22 and V27–V30, and instead of η in KLR; KCOUNT zeroes ACC.
#define KSIGN TWICE(KLR)
#define KWD COEF(const_cWD, F27, V27)
#define KCOUPLED \
	TWICE(KLR) \
	KWD
#define KINSIDESIGN \
	KWD                        \
	BITS(ONEBITS, V28)         \
	TWICE(28)
#define KAGREE \
	BITS(SIGNBIT, V28)            \
	VAND V28.B16, V21.B16, V27.B16
#define KCAUTIOUS \
	TWICE(KLR) \
	KAGREE
#define KBIASCORRECTED \
	COEF(const_cEps, F22, V22)   \
	COEF(const_cScale, F27, V27) \
	COEF(const_cGamma, F28, V28) \
	COEF(const_cBC1, F29, V29)   \
	COEF(const_cBC2, F30, V30)
#define KREFINED \
	BITS(ONEBITS, V27)         \
	FSUB(27, KZERO, 28)
#define KSMOOTH \
	COEF(const_cScale, F27, V27) \
	BITS(ONEBITS, V26)           \
	FADD(KZERO, KZERO, 29)       \
	MOVD $TANHTABLE, R10
#define KCOUNT \
	VEOR V31.B16, V31.B16, V31.B16 \
	KAGREE

// WALK is a kernel: it reads args and a rule's constants, steps all elements, four
// vectors at once, then one, then one element, and restores FPCR. Smashes everything.
#define WALK(CONSTS, FOURS, ONES, RULE) \
	SETUP                    \
	DEFAULTNAN               \
	CONSTS                   \
	STEPS(FOURS, ONES, RULE) \
	MSR  R6, FPCR

// WALKASIS is WALK for kernels that leave FPCR alone.
#define WALKASIS(CONSTS, FOURS, ONES, RULE) \
	SETUP                    \
	CONSTS                   \
	STEPS(FOURS, ONES, RULE)

// STEPS is the loops of both.
#define STEPS(FOURS, ONES, RULE) \
	SUBS $(64/SIZE), R3     \
	BLT  ones               \
loop:                       \
	FOURS(RULE)             \
	SUBS $(64/SIZE), R3     \
	BGE  loop               \
ones:                       \
	ADDS $(48/SIZE), R3     \
	BLT  rest               \
one:                        \
	ONES(RULE, FMOVQ, 16)   \
	SUBS $(16/SIZE), R3     \
	BGE  one                \
rest:                       \
	ADDS $(16/SIZE), R3     \
	BEQ  done               \
lane:                       \
	ONES(RULE, FMOV1, SIZE) \
	SUBS $1, R3             \
	BNE  lane               \
done:
