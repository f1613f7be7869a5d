// Encoders and macros for NEON, over registers alone, given by number: x is the first of
// four vectors of float32, h of two of 16-bit elements. Go's assembler knows next to no
// vector floating-point instruction of arm64, so each is encoded by a macro that bears
// its name and arrangement, the destination last, as Go has it.
#define FADD2D(m, n, d)     WORD $(0x4E60D400 | (m)<<16 | (n)<<5 | (d))
#define FMUL4S(m, n, d)     WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d))
#define FMUL2D(m, n, d)     WORD $(0x6E60DC00 | (m)<<16 | (n)<<5 | (d))
#define FMAX4S(m, n, d)     WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMAX2D(m, n, d)     WORD $(0x4E60F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXP4S(m, n, d)    WORD $(0x6E20F400 | (m)<<16 | (n)<<5 | (d))
#define FMAXP2D(m, n, d)    WORD $(0x6E60F400 | (m)<<16 | (n)<<5 | (d))
#define FABS4S(n, d)        WORD $(0x4EA0F800 | (n)<<5 | (d))
#define FABS2D(n, d)        WORD $(0x4EE0F800 | (n)<<5 | (d))
#define USHR8H(shift, n, d) WORD $(0x6F000400 | (32-(shift))<<16 | (n)<<5 | (d))
#define UMAX8H(m, n, d)     WORD $(0x6E606400 | (m)<<16 | (n)<<5 | (d))
#define ADD8H(m, n, d)      WORD $(0x4E608400 | (m)<<16 | (n)<<5 | (d))
#define ZIP1_8H(m, n, d)    WORD $(0x4E403800 | (m)<<16 | (n)<<5 | (d))
#define ZIP2_8H(m, n, d)    WORD $(0x4E407800 | (m)<<16 | (n)<<5 | (d))

// Where arrangements differ the name has that of the first operand and that of
// the destination. A 2 is for the upper half.
#define FCVTL_4H4S(n, d)    WORD $(0x0E217800 | (n)<<5 | (d))
#define FCVTL2_8H4S(n, d)   WORD $(0x4E217800 | (n)<<5 | (d))
#define FCVTL_2S2D(n, d)    WORD $(0x0E617800 | (n)<<5 | (d))
#define FCVTL2_4S2D(n, d)   WORD $(0x4E617800 | (n)<<5 | (d))

// KZERO holds zeros.
#define KZERO 26

// FOURK: OP(k, x, y) for each of four vectors x and y, k being one register or a
// number. FOURV: the same with four of k.
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

// LOAD4: four vectors at r.
#define LOAD4(r, a, b, c, d) \
	FLDPQ (r), (a, b)   \
	FLDPQ 32(r), (c, d)

// WIDENBF: x = h widened from bfloat16.
#define WIDENBF(h, x) \
	ZIP1_8H(h, KZERO, x)     \
	ZIP2_8H(h, KZERO, x+1)   \
	ZIP1_8H(h+1, KZERO, x+2) \
	ZIP2_8H(h+1, KZERO, x+3)

// WIDENH: x = h widened from IEEE halves.
#define WIDENH(h, x) \
	FCVTL_4H4S(h, x)      \
	FCVTL2_8H4S(h, x+1)   \
	FCVTL_4H4S(h+1, x+2)  \
	FCVTL2_8H4S(h+1, x+3)
