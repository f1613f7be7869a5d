// What is left of less than 32 elements, in a frame: it is copied there, stepped like any
// other 32, and copied back. Nothing outside of the slices is touched. What
// isn't read there is zeros, or what was stepped before; a zero makes no NaN.
//
//	R12  the frame   CX  the elements of the rest
//	BX, R13, R8  where the rest of param, momentum and R11's slice is
//	R9, R10, Y0, Y1, Z16, Z17, K2, K5  scratch
//
// A storage's slices are listed once, as SLICES, where its kernels are, and what is done to
// each is named by who uses them: GRAD is read alone, BOTH read and written, OUT written
// alone, of so many bytes an element. Each gets the register that holds the slice, where in
// the frame its rest is, and the register that keeps the place of the rest.
#define SLICES3(GRAD2, GRAD4, BOTH2, BOTH4, OUT2) \
	BOTH2(DI, 0, BX)    \
	GRAD2(SI, 64, NONE) \
	BOTH2(DX, 128, R13)

#define NOTHING(x, at, kept)

// AHEAD2 and AHEAD4 ask for what the loop will read of a slice BX bytes later.
#define AHEAD2(x, at, kept) PREFETCHT0 (x)(BX*1)
#define AHEAD4(x, at, kept) \
	PREFETCHT0 (x)(BX*1) \
	PREFETCHT0 64(x)(BX*1)
#define AHEAD(SLICES) SLICES(AHEAD2, AHEAD4, AHEAD2, AHEAD4, AHEAD2)

// TURN goes on in the frame, and BACK to where it came from.
#define KEEPPLACE(x, at, kept) MOVQ x, kept
#define ENTER(x, at, kept) LEAQ (ROOM+at)(R12), x
#define LEAVE(x, at, kept) MOVQ kept, x
#define TURN(SLICES) \
	SLICES(NOTHING, NOTHING, KEEPPLACE, KEEPPLACE, KEEPPLACE) \
	SLICES(ENTER, ENTER, ENTER, ENTER, ENTER)
#define BACK(SLICES) SLICES(NOTHING, NOTHING, LEAVE, LEAVE, LEAVE)

// AVX2 copies the first vector and the last, which share elements, of the widest that the
// rest has: c, d = a, b.
#define COPYY(a, b, c, d) \
	VMOVDQU a, Y0 \
	VMOVDQU b, Y1 \
	VMOVDQU Y0, c \
	VMOVDQU Y1, d
#define COPYX(a, b, c, d) \
	VMOVDQU a, X0 \
	VMOVDQU b, X1 \
	VMOVDQU X0, c \
	VMOVDQU X1, d
#define COPYQ(a, b, c, d) \
	MOVQ a, R9  \
	MOVQ b, R10 \
	MOVQ R9, c  \
	MOVQ R10, d
#define COPYL(a, b, c, d) \
	MOVL a, R9  \
	MOVL b, R10 \
	MOVL R9, c  \
	MOVL R10, d

// IN and OUT: a slice of 2 or 4 bytes an element, 16 elements or more, 8, 4, 2, or 1.
#define IN2x16(x, at, kept) COPYY((x), -32(x)(CX*2), (ROOM+at)(R12), (ROOM+at-32)(R12)(CX*2))
#define IN2x8(x, at, kept) COPYX((x), -16(x)(CX*2), (ROOM+at)(R12), (ROOM+at-16)(R12)(CX*2))
#define IN2x4(x, at, kept) COPYQ((x), -8(x)(CX*2), (ROOM+at)(R12), (ROOM+at-8)(R12)(CX*2))
#define IN2x2(x, at, kept) COPYL((x), -4(x)(CX*2), (ROOM+at)(R12), (ROOM+at-4)(R12)(CX*2))
#define IN2x1(x, at, kept) \
	MOVWLZX (x), R9 \
	MOVW    R9, (ROOM+at)(R12)
#define IN4x16(x, at, kept) \
	COPYY((x), 32(x), (ROOM+at)(R12), (ROOM+at+32)(R12)) \
	COPYY(-64(x)(CX*4), -32(x)(CX*4), (ROOM+at-64)(R12)(CX*4), (ROOM+at-32)(R12)(CX*4))
#define IN4x8(x, at, kept) COPYY((x), -32(x)(CX*4), (ROOM+at)(R12), (ROOM+at-32)(R12)(CX*4))
#define IN4x4(x, at, kept) COPYX((x), -16(x)(CX*4), (ROOM+at)(R12), (ROOM+at-16)(R12)(CX*4))
#define IN4x2(x, at, kept) COPYQ((x), -8(x)(CX*4), (ROOM+at)(R12), (ROOM+at-8)(R12)(CX*4))
#define IN4x1(x, at, kept) \
	MOVL (x), R9 \
	MOVL R9, (ROOM+at)(R12)
#define OUT2x16(x, at, kept) COPYY((ROOM+at)(R12), (ROOM+at-32)(R12)(CX*2), (x), -32(x)(CX*2))
#define OUT2x8(x, at, kept) COPYX((ROOM+at)(R12), (ROOM+at-16)(R12)(CX*2), (x), -16(x)(CX*2))
#define OUT2x4(x, at, kept) COPYQ((ROOM+at)(R12), (ROOM+at-8)(R12)(CX*2), (x), -8(x)(CX*2))
#define OUT2x2(x, at, kept) COPYL((ROOM+at)(R12), (ROOM+at-4)(R12)(CX*2), (x), -4(x)(CX*2))
#define OUT2x1(x, at, kept) \
	MOVWLZX (ROOM+at)(R12), R9 \
	MOVW    R9, (x)
#define OUT4x16(x, at, kept) \
	COPYY((ROOM+at)(R12), (ROOM+at+32)(R12), (x), 32(x)) \
	COPYY((ROOM+at-64)(R12)(CX*4), (ROOM+at-32)(R12)(CX*4), -64(x)(CX*4), -32(x)(CX*4))
#define OUT4x8(x, at, kept) COPYY((ROOM+at)(R12), (ROOM+at-32)(R12)(CX*4), (x), -32(x)(CX*4))
#define OUT4x4(x, at, kept) COPYX((ROOM+at)(R12), (ROOM+at-16)(R12)(CX*4), (x), -16(x)(CX*4))
#define OUT4x2(x, at, kept) COPYQ((ROOM+at)(R12), (ROOM+at-8)(R12)(CX*4), (x), -8(x)(CX*4))
#define OUT4x1(x, at, kept) \
	MOVL (ROOM+at)(R12), R9 \
	MOVL R9, (x)

// CLEAR2 and CLEAR4: zeros, which are in Y0, in the frame.
#define CLEAR2(x, at, kept) \
	VMOVDQU Y0, (ROOM+at)(R12)    \
	VMOVDQU Y0, (ROOM+at+32)(R12)
#define CLEAR4(x, at, kept) \
	CLEAR2(x, at, kept)    \
	CLEAR2(x, at+64, kept)

// TAKE copies the rest, CX elements, into the frame.
#define TAKE(SLICES) \
	VPXOR Y0, Y0, Y0                               \
	SLICES(CLEAR2, CLEAR4, CLEAR2, CLEAR4, NOTHING) \
	CMPQ CX, $16                                   \
	JGE  take16                                    \
	CMPQ CX, $8                                    \
	JGE  take8                                     \
	CMPQ CX, $4                                    \
	JGE  take4                                     \
	CMPQ CX, $2                                    \
	JGE  take2                                     \
	SLICES(IN2x1, IN4x1, IN2x1, IN4x1, NOTHING)    \
	JMP  taken                                     \
take2:                                                 \
	SLICES(IN2x2, IN4x2, IN2x2, IN4x2, NOTHING)    \
	JMP  taken                                     \
take4:                                                 \
	SLICES(IN2x4, IN4x4, IN2x4, IN4x4, NOTHING)    \
	JMP  taken                                     \
take8:                                                 \
	SLICES(IN2x8, IN4x8, IN2x8, IN4x8, NOTHING)    \
	JMP  taken                                     \
take16:                                                \
	SLICES(IN2x16, IN4x16, IN2x16, IN4x16, NOTHING) \
taken:

// GIVE copies it back.
#define GIVE(SLICES) \
	CMPQ CX, $16                                     \
	JGE  give16                                      \
	CMPQ CX, $8                                      \
	JGE  give8                                       \
	CMPQ CX, $4                                      \
	JGE  give4                                       \
	CMPQ CX, $2                                      \
	JGE  give2                                       \
	SLICES(NOTHING, NOTHING, OUT2x1, OUT4x1, OUT2x1) \
	JMP  given                                       \
give2:                                                   \
	SLICES(NOTHING, NOTHING, OUT2x2, OUT4x2, OUT2x2) \
	JMP  given                                       \
give4:                                                   \
	SLICES(NOTHING, NOTHING, OUT2x4, OUT4x4, OUT2x4) \
	JMP  given                                       \
give8:                                                   \
	SLICES(NOTHING, NOTHING, OUT2x8, OUT4x8, OUT2x8) \
	JMP  given                                       \
give16:                                                  \
	SLICES(NOTHING, NOTHING, OUT2x16, OUT4x16, OUT2x16) \
given:

// AVX-512 copies by masks: K2 is the elements of the rest, K5 those of its second half.
#define ZMASKS \
	MOVL  $1, R9  \
	SHLQ  CX, R9  \
	DECQ  R9      \
	KMOVD R9, K2  \
	SHRL  $16, R9 \
	KMOVW R9, K5
#define ZIN2(x, at, kept) \
	VMOVDQU16.Z (x), K2, Z16   \
	VMOVDQU64   Z16, (ROOM+at)(R12)
#define ZIN4(x, at, kept) \
	VMOVUPS.Z (x), K2, Z16           \
	VMOVUPS.Z 64(x), K5, Z17         \
	VMOVUPS   Z16, (ROOM+at)(R12)    \
	VMOVUPS   Z17, (ROOM+at+64)(R12)
#define ZOUT2(x, at, kept) \
	VMOVDQU64 (ROOM+at)(R12), Z16 \
	VMOVDQU16 Z16, K2, (x)
#define ZOUT4(x, at, kept) \
	VMOVUPS (ROOM+at)(R12), Z16    \
	VMOVUPS (ROOM+at+64)(R12), Z17 \
	VMOVUPS Z16, K2, (x)           \
	VMOVUPS Z17, K5, 64(x)
#define ZTAKE(SLICES) \
	ZMASKS \
	SLICES(ZIN2, ZIN4, ZIN2, ZIN4, NOTHING)
#define ZGIVE(SLICES) \
	ZMASKS \
	SLICES(NOTHING, NOTHING, ZOUT2, ZOUT4, ZOUT2)

// WALK32 is the body of a kernel: it steps all elements, 32 at once, by a storage's LOOP,
// and the rest as if there were as many. The loop is there twice, since a prefetch that a
// CPU doesn't want would cost it as much.
#define WALK32(LOOP, RULE, SLICES, TAKES, GIVES) \
	SUBQ  $32, R10 \
	JLT   rest     \
	TESTQ BX, BX   \
	JNZ   ahead    \
	PCALIGN $64    \
loop:                  \
	LOOP(RULE)     \
	SUBQ  $32, R10 \
	JGE   loop     \
	JMP   rest     \
	PCALIGN $64    \
ahead:                 \
	AHEAD(SLICES)  \
	LOOP(RULE)     \
	SUBQ  $32, R10 \
	JGE   ahead    \
rest:                  \
	ADDQ  $32, R10 \
	JZ    end      \
	MOVQ  R10, CX  \
	TAKES(SLICES)  \
	TURN(SLICES)   \
	LOOP(RULE)     \
	BACK(SLICES)   \
	GIVES(SLICES)  \
end:
