// Macros of the fused 16-bit storages, over pairs of vectors: AVX2, 16 elements at once, and
// what AVX-512 shares of it. Zen 3 does four vector operations a cycle, to which explicit
// loads count but memory operands don't; so what is used once for a vector is an operand in
// memory, and what can be done to all halves of a vector isn't done to half as many
// float32. The file that includes this one first says where MINUSLR is, −η, and ROOM: how
// many bytes of the frame lie before what is left of less than 32 elements.

// Arithmetic is float32.
#define MOVU VMOVUPS
#define BCAST VBROADCASTSS
#define MUL VMULPS
#define ADD VADDPS
#define SUB VSUBPS
#define CMP VCMPPS
#define BLENDV VBLENDVPS
#define TERNLOG VPTERNLOGD

// One vector each: 1 in every element; the odd numbers below 64, a byte each; 0x8000 in
// every element; the upper half of each element; zero; all of a half but its last bit; 1
// in every upper half; VPSHUFB's orders that widen eight bfloat16 which are in both
// lanes, and that gather the upper halves of a lane and then the lower ones; the
// exponent of each bfloat16. Then VPSHUFB's order that exchanges the halves of elements,
// for a lane; in both halves of an element 1, 0x8000 and twice a bfloat16's exponent.
DATA mixed16<>+0(SB)/8, $0x0000000100000001
DATA mixed16<>+8(SB)/8, $0x0000000100000001
DATA mixed16<>+16(SB)/8, $0x0000000100000001
DATA mixed16<>+24(SB)/8, $0x0000000100000001
DATA mixed16<>+32(SB)/8, $0x0f0d0b0907050301
DATA mixed16<>+40(SB)/8, $0x1f1d1b1917151311
DATA mixed16<>+48(SB)/8, $0x2f2d2b2927252321
DATA mixed16<>+56(SB)/8, $0x3f3d3b3937353331
DATA mixed16<>+64(SB)/8, $0x0000800000008000
DATA mixed16<>+72(SB)/8, $0x0000800000008000
DATA mixed16<>+80(SB)/8, $0x0000800000008000
DATA mixed16<>+88(SB)/8, $0x0000800000008000
DATA mixed16<>+96(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+104(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+112(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+120(SB)/8, $0xffff0000ffff0000
DATA mixed16<>+128(SB)/8, $0
DATA mixed16<>+136(SB)/8, $0
DATA mixed16<>+144(SB)/8, $0
DATA mixed16<>+152(SB)/8, $0
DATA mixed16<>+160(SB)/8, $0xfffefffefffefffe
DATA mixed16<>+168(SB)/8, $0xfffefffefffefffe
DATA mixed16<>+176(SB)/8, $0xfffefffefffefffe
DATA mixed16<>+184(SB)/8, $0xfffefffefffefffe
DATA mixed16<>+192(SB)/8, $0x0001000000010000
DATA mixed16<>+200(SB)/8, $0x0001000000010000
DATA mixed16<>+208(SB)/8, $0x0001000000010000
DATA mixed16<>+216(SB)/8, $0x0001000000010000
DATA mixed16<>+224(SB)/8, $0x0302808001008080
DATA mixed16<>+232(SB)/8, $0x0706808005048080
DATA mixed16<>+240(SB)/8, $0x0b0a808009088080
DATA mixed16<>+248(SB)/8, $0x0f0e80800d0c8080
DATA mixed16<>+256(SB)/8, $0x0f0e0b0a07060302
DATA mixed16<>+264(SB)/8, $0x0d0c090805040100
DATA mixed16<>+272(SB)/8, $0x0f0e0b0a07060302
DATA mixed16<>+280(SB)/8, $0x0d0c090805040100
DATA mixed16<>+288(SB)/8, $0x7f807f807f807f80
DATA mixed16<>+296(SB)/8, $0x7f807f807f807f80
DATA mixed16<>+304(SB)/8, $0x7f807f807f807f80
DATA mixed16<>+312(SB)/8, $0x7f807f807f807f80
DATA mixed16<>+320(SB)/8, $0x0504070601000302
DATA mixed16<>+328(SB)/8, $0x0d0c0f0e09080b0a
DATA mixed16<>+336(SB)/8, $0x8000800000010001
DATA mixed16<>+344(SB)/4, $0xff00ff00
GLOBL mixed16<>(SB), RODATA|NOPTR, $348

#define ONES    mixed16<>+0(SB)
#define ODDWORDS mixed16<>+32(SB)
#define HALF    mixed16<>+64(SB)
#define HIGHS   mixed16<>+96(SB)
#define ZEROS   mixed16<>+128(SB)
#define CUTLAST mixed16<>+160(SB)
#define UPPER1  mixed16<>+192(SB)
#define WIDEN   mixed16<>+224(SB)
#define HALVES  mixed16<>+256(SB)
#define EXPS    mixed16<>+288(SB)
#define SWAP    mixed16<>+320(SB)
#define ONES16  mixed16<>+336(SB)
#define HALF16  mixed16<>+340(SB)
#define EXPS2   mixed16<>+344(SB)

// LOADH: y = the IEEE halves at x, widened.
#define LOADH(x, y) VCVTPH2PS x, y

// STOREH: x = y rounded to IEEE halves, to nearest even; Zen 3 takes longer over a
// conversion into memory than over one and a store. Smashes Y3.
#define STOREH(y, x) \
	VCVTPS2PH $0, y, X3 \
	VMOVDQU   X3, x

// Every kernel adds up what it writes to param and momentum, in Y7, which is NaN in the
// end if any of that was: an addition costs less than a comparison and its OR.
//
//	DI param   SI grad   DX momentum   R10 elements left   R8 args, then the constants
//	R11 the shadow, the lower halves, the compensation or the draws
//	R12 the frame   BX how many bytes ahead to prefetch   CX, R13 as in rest_amd64.h
//	AX, R9 scratch; AX the result

// FRAME: R12 = the frame, aligned.
#define FRAME \
	LEAQ 31(SP), R12 \
	ANDQ $~31, R12

// SETUP reads args and constants. Smashes Y0–Y15 and what is named above.
#define SETUP \
	MOVQ   Args_Param(R8), DI            \
	MOVQ   Args_Grad(R8), SI             \
	MOVQ   Args_Momentum(R8), DX         \
	MOVQ   Args_N(R8), R10               \
	MOVQ   Args_Ahead(R8), BX            \
	MOVQ   Args_C(R8), R8                \
	FRAME                                \
	XORL   AX, AX                        \
	VXORPS Y7, Y7, Y7                    \
	BCAST  Constants_B1(R8), Y8          \
	BCAST  Constants_O1(R8), Y9          \
	BCAST  Constants_B2(R8), Y10         \
	BCAST  Constants_O2(R8), Y11         \
	BCAST  Constants_LR(R8), Y12         \
	BCAST  Constants_Decay(R8), Y13      \
	VPCMPEQD Y14, Y14, Y14               \
	VPSLLD $31, Y14, Y14                 \
	VXORPS Y12, Y14, Y14

// FINISH makes AX, which is 0, nonzero if a NaN went into the sum, and cleans the
// upper halves. Smashes R9.
#define FINISH \
	CMP       $3, Y7, Y7, Y7 \
	VMOVMSKPS Y7, R9         \
	ORL       R9, AX         \
	VZEROUPPER

// Where the weights are float32, in order, or all is halves, two vectors are stepped
// side by side:
//
//	Y0 p  Y1 grad  Y2 m  Y3 scratch    the first eight
//	Y4 p  Y5 grad  Y6 m  Y15 scratch   the second
//	Y7  the sum of what is written     Y12 η
//	Y8  β1   Y9  (1−β1)·s              Y13 decay factor
//	Y10 β2   Y11 (1−β2)·s              Y14 −η
//
// PAIRINTERP: Y3, Y15 = c = β1·m + (1−β1)·s·g, Y2, Y6 = β2·m + (1−β2)·s·g, the new
// momenta. The gradients and momenta are where the operands say. Smashes Y0, Y4.
#define PAIRINTERP(ga, gb, ma, mb) \
	MUL ga, Y9, Y3   \
	MUL gb, Y9, Y15  \
	MUL ma, Y8, Y0   \
	MUL mb, Y8, Y4   \
	ADD Y3, Y0, Y3   \
	ADD Y15, Y4, Y15 \
	MUL ga, Y11, Y0  \
	MUL gb, Y11, Y4  \
	MUL ma, Y10, Y2  \
	MUL mb, Y10, Y6  \
	ADD Y0, Y2, Y2   \
	ADD Y4, Y6, Y6

// PAIRAGREE: PAIRINTERP, then c = 0 where sign(c)·g·s isn't above 0. The gradients are
// in Y1 and Y5; the sign of s is that of (1−β1)·s. Smashes Y0, Y1, Y4, Y5.
#define PAIRAGREE(ga, gb, ma, mb) \
	PAIRINTERP(ga, gb, ma, mb) \
	VXORPS Y1, Y3, Y0          \
	VXORPS Y5, Y15, Y4         \
	CMP    $12, ZEROS, Y1, Y1  \
	CMP    $12, ZEROS, Y5, Y5  \
	VXORPS Y9, Y0, Y0          \
	VXORPS Y9, Y4, Y4          \
	VANDPS Y3, Y1, Y3          \
	VANDPS Y15, Y5, Y15        \
	BLENDV Y0, ZEROS, Y3, Y3   \
	BLENDV Y4, ZEROS, Y15, Y15

// PAIRSTEP: Y0, Y4 = p·decay − η·sign(c), with sign(NaN) = 0. Smashes Y1, Y3, Y5, Y15.
#define PAIRSTEP(pa, pb) \
	BLENDV Y3, MINUSLR, Y12, Y0  \
	BLENDV Y15, MINUSLR, Y12, Y4 \
	CMP    $12, ZEROS, Y3, Y3    \
	CMP    $12, ZEROS, Y15, Y15  \
	VANDPS Y0, Y3, Y3            \
	VANDPS Y4, Y15, Y15          \
	MUL    pa, Y13, Y0           \
	MUL    pb, Y13, Y4           \
	SUB    Y3, Y0, Y0            \
	SUB    Y15, Y4, Y4           \
	ADD    Y2, Y6, Y1            \
	ADD    Y0, Y4, Y3            \
	ADD    Y1, Y7, Y7            \
	ADD    Y3, Y7, Y7

// PAIRLOADBF: a, b = the 16 bfloat16 at i, x, widened.
#define PAIRLOADBF(i, x, a, b) \
	VBROADCASTI128 (i)(x), a    \
	VBROADCASTI128 (i+16)(x), b \
	VPSHUFB        WIDEN, a, a  \
	VPSHUFB        WIDEN, b, b

// PAIRNARROW: x = a, b rounded to bfloat16, to nearest even, as by GATHERBF. Smashes
// c, d, e.
#define PAIRNARROW(a, b, c, d, e, x) \
	VPADDD      HALF, a, c    \
	VPADDD      HALF, b, d    \
	VPSHUFB     HALVES, c, c  \
	VPSHUFB     HALVES, d, d  \
	VPUNPCKLQDQ d, c, e       \
	VPUNPCKHQDQ d, c, c       \
	VPADDUSW    CUTLAST, c, c \
	VPAND       c, e, e       \
	VPERMQ      $0xD8, e, e   \
	VMOVDQU     e, x

// Where all of a vector's elements are treated alike, nothing cares for their order:
// the even bfloat16 of 16 and the odd ones are stepped side by side, in two sets of
// registers. So each load is one operation, with the vector as its operand, and
// gathering needs no shuffle.
//
//	Y0 p  Y1 grad  Y2 m  Y3 Y4 scratch    the even elements
//	Y5 p  Y6 grad  Y10 m  Y8 Y9 scratch   the odd ones
//	Y7 sums  Y11 the upper halves' mask  Y12 η  Y13 decay  Y14 −η  Y15 65536
//	MINUSLR is −η, in Y14 or in memory
//	R12  β1, (1−β1)·s, β2, (1−β2)·s, a vector each, which are operands from there
#define KEPT(i) (i*32)(R12)

// SETUP2 follows SETUP, in a frame of 160 bytes or more.
#define SETUP2 \
	VMOVUPS Y8, KEPT(0)  \
	VMOVUPS Y9, KEPT(1)  \
	VMOVUPS Y10, KEPT(2) \
	VMOVUPS Y11, KEPT(3) \
	VMOVDQU HIGHS, Y11   \
	VMOVDQU UPPER1, Y15
#define SETUPPAIRS \
	SETUP  \
	SETUP2

// EVENBF and ODDBF: y = every other bfloat16 of the 16 at x, widened.
#define EVENBF(x, y) VPMULLD x, Y15, y
#define ODDBF(x, y) VPAND x, Y11, y

// GATHERBF: x = the even e and the odd o rounded to bfloat16, to nearest even: a
// half is added, and where that leaves zeros below there was a tie, so that the last
// bit is cleared. Smashes e, o, a, b.
#define GATHERBF(e, o, a, b, x) \
	VPADDD  HALF, e, e \
	VPADDD  HALF, o, o \
	UPPERS(e, o, a, b) \
	VMOVDQU a, x
// UPPERS: a = what GATHERBF stores, where the half is in e and o already. Smashes b.
#define UPPERS(e, o, a, b) \
	VPSRLD   $16, e, a      \
	VPSLLD   $16, o, b      \
	VPBLENDW $0xAA, o, a, a \
	VPBLENDW $0xAA, b, e, b \
	VPADDUSW CUTLAST, b, b  \
	VPAND    b, a, a

// INTERP2 is PAIRINTERP of these registers: Y3, Y8 = c, Y2, Y10 = the new momenta.
// Smashes Y4, Y9.
#define INTERP2 \
	MUL KEPT(1), Y1, Y3   \
	MUL KEPT(1), Y6, Y8   \
	MUL KEPT(0), Y2, Y4   \
	MUL KEPT(0), Y10, Y9  \
	ADD Y3, Y4, Y3        \
	ADD Y8, Y9, Y8        \
	MUL KEPT(3), Y1, Y4   \
	MUL KEPT(3), Y6, Y9   \
	MUL KEPT(2), Y2, Y2   \
	MUL KEPT(2), Y10, Y10 \
	ADD Y4, Y2, Y2        \
	ADD Y9, Y10, Y10

// STEP2: PAIRSTEP of Y0 and Y5. Smashes Y3, Y4, Y8, Y9.
#define STEP2 \
	BLENDV Y3, MINUSLR, Y12, Y4 \
	BLENDV Y8, MINUSLR, Y12, Y9 \
	CMP    $12, ZEROS, Y3, Y3   \
	CMP    $12, ZEROS, Y8, Y8   \
	MUL    Y0, Y13, Y0          \
	MUL    Y5, Y13, Y5          \
	VANDPS Y4, Y3, Y3           \
	VANDPS Y9, Y8, Y8           \
	SUB    Y3, Y0, Y0           \
	SUB    Y8, Y5, Y5           \
	ADD    Y2, Y7, Y7           \
	ADD    Y0, Y5, Y9           \
	ADD    Y9, Y10, Y9          \
	ADD    Y9, Y7, Y7

#define PAPER2 \
	INTERP2 \
	STEP2

// AGREE2 is PAIRAGREE of them. Smashes Y1, Y6.
#define AGREE2 \
	INTERP2                   \
	VXORPS Y1, Y3, Y4         \
	VXORPS Y6, Y8, Y9         \
	CMP    $12, ZEROS, Y1, Y1 \
	CMP    $12, ZEROS, Y6, Y6 \
	VXORPS KEPT(1), Y4, Y4    \
	VXORPS KEPT(1), Y9, Y9    \
	VANDPS Y3, Y1, Y3         \
	VANDPS Y8, Y6, Y8         \
	BLENDV Y4, ZEROS, Y3, Y3  \
	BLENDV Y9, ZEROS, Y8, Y8

#define CAUTIOUS2 \
	AGREE2 \
	STEP2

// SHADOW, LOW and DRAWS: R11 = where these are; then comes the setup.
#define SHADOW(SETUPS) \
	MOVQ Args_Shadow(R8), R11 \
	SETUPS
#define LOW(SETUPS) \
	MOVQ Args_Low(R8), R11 \
	SETUPS
#define DRAWS(SETUPS) \
	LEAQ Args_Draws(R8), R11 \
	SETUPS

// FUSED is a kernel: it reads args as SETUPS says, steps all elements by a storage's LOOP,
// and leaves in AX what FINISH says. Smashes everything.
#define FUSED(SETUPS, LOOP, RULE, SLICES) \
	SETUPS                                 \
	WALK32(LOOP, RULE, SLICES, TAKE, GIVE) \
	FINISH
