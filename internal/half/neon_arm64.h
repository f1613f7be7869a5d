// Encoders and rule macros for NEON, of the root's what this package uses. Go's assembler knows next to no vector
// floating-point instruction of arm64, so each is encoded here by a macro that
// bears its name and arrangement and takes plain register numbers (0–31), the
// destination last, as Go has it: FSUB4S(m, n, d) is Vd = Vn − Vm.
#define FADD4S(m, n, d)     WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d))
#define FSUB4S(m, n, d)     WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d))
#define FMUL4S(m, n, d)     WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FACGT4S(m, n, d)    WORD $(0x6EA0EC00 | (m)<<16 | (n)<<5 | (d))
#define FCMGTZERO4S(n, d)   WORD $(0x4EA0C800 | (n)<<5 | (d))
#define ADD4S(m, n, d)      WORD $(0x4EA08400 | (m)<<16 | (n)<<5 | (d))
#define SHL4S(shift, n, d)  WORD $(0x4F005400 | (32+(shift))<<16 | (n)<<5 | (d))
#define SRI4S(shift, n, d)  WORD $(0x6F004400 | (64-(shift))<<16 | (n)<<5 | (d))
#define AND16B(m, n, d)     WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d))
#define EOR16B(m, n, d)     WORD $(0x6E201C00 | (m)<<16 | (n)<<5 | (d))
#define FCMEQ4S(m, n, d)    WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d))
#define BIF16B(m, n, d)     WORD $(0x6EE01C00 | (m)<<16 | (n)<<5 | (d))
#define BIT16B(m, n, d)     WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d))
#define SSRA8H(shift, n, d) WORD $(0x4F001400 | (32-(shift))<<16 | (n)<<5 | (d))
#define USRA8H(shift, n, d) WORD $(0x6F001400 | (32-(shift))<<16 | (n)<<5 | (d))
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

// Rules work on registers alone, so that every storage can use them. Arithmetic is
// float32.
//
// Four vectors are stepped at once, instruction by instruction, so that CPUs
// that issue in order have work while a result is under way:
//
//	V0–V3    param      VP    V20 β1              KB1     V21 (1−β1)·s  KO1
//	V4–V7    grad       VG    V22 β2              KB2     V23 (1−β2)·s  KO2
//	V8–V11   momentum   VM    V24 η, or bits<<1   KLR     V25 decay     KDECAY
//	V12–V15  scratch    VT    V26 0               KZERO
//	V16–V19  scratch    VU    V27–V30 the rule's own
//
//	R0 param   R1 grad   R2 momentum   R3 elements left   R4 args
//	R8 the constants   R5 scratch   R6 the caller's FPCR
//
// NaNs aren't looked for: the bit DN of FPCR makes the NaN of every operation the
// canonical one, and each param and momentum that is written is the result of an
// operation. Within a kernel FPCR is that bit alone: nothing is flushed to zero,
// rounding is to nearest, halves are IEEE's, whatever the caller had there, which
// is restored (but after a fault). Some CPUs are slow to write FPCR, which llvm-mca
// doesn't count: a call does it twice, however many elements it is for.
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

// FOURK: OP(k, x, y) for each of four vectors x and y, k being one register or a
// number. FOURV: the same with four of k. Rules take them as K and V.
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

// POSITIVE: Vd = ones where Vn is above 0, in the form that FOURK takes; it ignores k.
#define POSITIVE(k, n, d) FCMGTZERO4S(n, d)

// UNDERSIGN: Vd keeps its sign and takes its other bits from V(twice)>>1.
#define UNDERSIGN(twice, n, d) SRI4S(1, twice, d)

// COEF: v, which is f, = the constant at i, in every lane.
#define COEF(i, f, v) \
	FMOVS i(R8), f     \
	VDUP  v.S[0], v.S4

// SETUP reads args (R4) and the common constants. Smashes R0–R3, R8, V20–V26.
#define SETUP \
	MOVD Args_Param(R4), R0        \
	MOVD Args_Grad(R4), R1         \
	MOVD Args_Momentum(R4), R2     \
	MOVD Args_N(R4), R3            \
	MOVD Args_C(R4), R8            \
	COEF(Constants_B1, F20, V20)      \
	COEF(Constants_O1, F21, V21)      \
	COEF(Constants_B2, F22, V22)      \
	COEF(Constants_O2, F23, V23)      \
	COEF(Constants_LR, F24, V24)      \
	COEF(Constants_Decay, F25, V25)   \
	VEOR V26.B16, V26.B16, V26.B16

// DEFAULTNAN: FPCR = its bit DN alone, R6 = what the caller had there. Smashes R5.
#define DEFAULTNAN \
	MRS  FPCR, R6     \
	MOVD $(1<<25), R5 \
	MSR  R5, FPCR

// TWICE: the bits of Vk shifted, as UNDERSIGN takes them.
#define TWICE(k) SHL4S(1, k, k)

// INTERP: VT = β1·m + (1−β1)·s·g, VM = β2·m + (1−β2)·s·g. Smashes VU.
#define INTERP(K, V) \
	K(FMUL4S, KO1, VG, VT) \
	K(FMUL4S, KB1, VM, VU) \
	V(FADD4S, VT, VU, VT)  \
	K(FMUL4S, KO2, VG, VU) \
	K(FMUL4S, KB2, VM, VM) \
	V(FADD4S, VU, VM, VM)

// TIMESSIGN: VT = η·sign(VT), 0 for NaN; KLR is η's bits, shifted: η is no −0.
// Smashes VU.
#define TIMESSIGN(K, V) \
	K(FACGT4S, KZERO, VT, VU)   \
	K(UNDERSIGN, KLR, VT, VT) \
	V(AND16B, VU, VT, VT)

// STEP: VP = VP·decay − VT.
#define STEP(K, V) \
	K(FMUL4S, KDECAY, VP, VP) \
	V(FSUB4S, VT, VP, VP)

// PAPERSTEP is what follows INTERP. Smashes VT, VU.
#define PAPERSTEP(K, V) \
	TIMESSIGN(K, V) \
	STEP(K, V)

// AGREE: VU = ones where sign(VT)·g·s > 0, else 0: where g, with the signs of
// VT and s put to its own, is positive and VT ≠ 0 (and no NaN). V27 is the sign
// of s, V28 the sign bit. Smashes VG.
#define AGREE(K, V) \
	K(AND16B, 28, VT, VU)   \
	V(EOR16B, VG, VU, VU)   \
	K(EOR16B, 27, VU, VU)   \
	K(POSITIVE, 0, VU, VU)  \
	K(FACGT4S, KZERO, VT, VG) \
	V(AND16B, VG, VU, VU)

// CAUTIOUSSTEP is what follows INTERP. Smashes VG, VT, VU.
#define CAUTIOUSSTEP(K, V) \
	AGREE(K, V)               \
	K(UNDERSIGN, KLR, VT, VT) \
	V(AND16B, VU, VT, VT)     \
	STEP(K, V)

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

// KAGREE: what AGREE finds in V27 and V28. Smashes R5.
#define KAGREE \
	MOVD $0x80000000, R5           \
	VDUP R5, V28.S4                \
	VAND V28.B16, V21.B16, V27.B16
