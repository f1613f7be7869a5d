//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// Traffic limits, NEON. Each TEXT runs n blocks of the shape it is named after;
// what a block does is told in limit.go.
//
// R5  the streams struct, until POINTERS
// R0  param      R1  grad      R2  momentum      R3  extra (low or shadow)
// R4  blocks left
// V0-V3  gradient   V4-V11  what is being written

// POINTERS loads the four pointers; smashes R5.
#define POINTERS \
	MOVD streams_param(R5), R0 \
	MOVD streams_grad(R5), R1 \
	MOVD streams_momentum(R5), R2 \
	MOVD streams_extra(R5), R3

// GRAD: V0-V3 = 64 bytes of the gradient at off.
#define GRAD(off) \
	FLDPQ off(R1), (F0, F1) \
	FLDPQ (off+32)(R1), (F2, F3)

// PAIR: 64 bytes at off of param and of momentum ^= V0-V3. Smashes V4-V11.
#define PAIR(off) \
	FLDPQ off(R0), (F4, F5) \
	FLDPQ (off+32)(R0), (F6, F7) \
	FLDPQ off(R2), (F8, F9) \
	FLDPQ (off+32)(R2), (F10, F11) \
	VEOR  V0.B16, V4.B16, V4.B16 \
	VEOR  V1.B16, V5.B16, V5.B16 \
	VEOR  V2.B16, V6.B16, V6.B16 \
	VEOR  V3.B16, V7.B16, V7.B16 \
	VEOR  V0.B16, V8.B16, V8.B16 \
	VEOR  V1.B16, V9.B16, V9.B16 \
	VEOR  V2.B16, V10.B16, V10.B16 \
	VEOR  V3.B16, V11.B16, V11.B16 \
	FSTPQ (F4, F5), off(R0) \
	FSTPQ (F6, F7), (off+32)(R0) \
	FSTPQ (F8, F9), off(R2) \
	FSTPQ (F10, F11), (off+32)(R2)

// XOR: 64 bytes at off of array p ^= V0-V3. Smashes V4-V7.
#define XOR(off, p) \
	FLDPQ off(p), (F4, F5) \
	FLDPQ (off+32)(p), (F6, F7) \
	VEOR  V0.B16, V4.B16, V4.B16 \
	VEOR  V1.B16, V5.B16, V5.B16 \
	VEOR  V2.B16, V6.B16, V6.B16 \
	VEOR  V3.B16, V7.B16, V7.B16 \
	FSTPQ (F4, F5), off(p) \
	FSTPQ (F6, F7), (off+32)(p)

// COPY: 64 bytes at off of extra = V0-V3.
#define COPY(off) \
	FSTPQ (F0, F1), off(R3) \
	FSTPQ (F2, F3), (off+32)(R3)

// AHEAD prefetches the line 1 KiB past off in array p, to read or to write.
#define AHEAD(off, p, how) \
	PRFM (1024+off)(p), how

// RUN: n blocks, each after AHEADS. Smashes everything.
#define RUN(AHEADS, BLOCK) \
	POINTERS     \
	PCALIGN $16  \
loop:            \
	AHEADS       \
	BLOCK        \
	SUB  $1, R4  \
	CBNZ R4, loop

#define NOAHEAD

// What a block of each shape does and, before it, prefetches.
#define BLOCK111 \
	GRAD(0)       \
	PAIR(0)       \
	GRAD(64)      \
	PAIR(64)      \
	ADD  $128, R0 \
	ADD  $128, R1 \
	ADD  $128, R2
#define AHEAD111 \
	AHEAD(0, R1, PLDL1KEEP)  \
	AHEAD(64, R1, PLDL1KEEP) \
	AHEAD(0, R0, PSTL1KEEP)  \
	AHEAD(64, R0, PSTL1KEEP) \
	AHEAD(0, R2, PSTL1KEEP)  \
	AHEAD(64, R2, PSTL1KEEP)

#define BLOCK1111 \
	GRAD(0)      \
	PAIR(0)      \
	XOR(0, R3)   \
	ADD  $64, R0 \
	ADD  $64, R1 \
	ADD  $64, R2 \
	ADD  $64, R3
#define AHEAD1111 \
	AHEAD(0, R1, PLDL1KEEP) \
	AHEAD(0, R0, PSTL1KEEP) \
	AHEAD(0, R2, PSTL1KEEP) \
	AHEAD(0, R3, PSTL1KEEP)

#define BLOCK221 \
	GRAD(0)       \
	PAIR(0)       \
	GRAD(64)      \
	XOR(64, R0)   \
	ADD  $128, R0 \
	ADD  $128, R1 \
	ADD  $64, R2
#define AHEAD221 \
	AHEAD(0, R1, PLDL1KEEP)  \
	AHEAD(64, R1, PLDL1KEEP) \
	AHEAD(0, R0, PSTL1KEEP)  \
	AHEAD(64, R0, PSTL1KEEP) \
	AHEAD(0, R2, PSTL1KEEP)

#define BLOCK212S \
	GRAD(0)       \
	PAIR(0)       \
	PAIR(64)      \
	COPY(0)       \
	ADD  $128, R0 \
	ADD  $64, R1  \
	ADD  $128, R2 \
	ADD  $64, R3
#define AHEAD212S \
	AHEAD(0, R1, PLDL1KEEP)  \
	AHEAD(0, R0, PSTL1KEEP)  \
	AHEAD(64, R0, PSTL1KEEP) \
	AHEAD(0, R2, PSTL1KEEP)  \
	AHEAD(64, R2, PSTL1KEEP) \
	AHEAD(0, R3, PSTL1KEEP)

#define BLOCK211S \
	GRAD(0)       \
	PAIR(0)       \
	XOR(64, R0)   \
	COPY(0)       \
	ADD  $128, R0 \
	ADD  $64, R1  \
	ADD  $64, R2  \
	ADD  $64, R3
#define AHEAD211S \
	AHEAD(0, R1, PLDL1KEEP)  \
	AHEAD(0, R0, PSTL1KEEP)  \
	AHEAD(64, R0, PSTL1KEEP) \
	AHEAD(0, R2, PSTL1KEEP)  \
	AHEAD(0, R3, PSTL1KEEP)

#define BLOCKREAD \
	GRAD(0)  \
	GRAD(64) \
	ADD  $128, R1
#define AHEADREAD \
	AHEAD(0, R1, PLDL1KEEP) \
	AHEAD(64, R1, PLDL1KEEP)

TEXT ·neon_111(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(NOAHEAD, BLOCK111)
	RET

TEXT ·neon_111pf(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(AHEAD111, BLOCK111)
	RET

TEXT ·neon_1111(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(NOAHEAD, BLOCK1111)
	RET

TEXT ·neon_1111pf(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(AHEAD1111, BLOCK1111)
	RET

TEXT ·neon_221(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(NOAHEAD, BLOCK221)
	RET

TEXT ·neon_221pf(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(AHEAD221, BLOCK221)
	RET

TEXT ·neon_212s(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(NOAHEAD, BLOCK212S)
	RET

TEXT ·neon_212spf(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(AHEAD212S, BLOCK212S)
	RET

TEXT ·neon_211s(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(NOAHEAD, BLOCK211S)
	RET

TEXT ·neon_211spf(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(AHEAD211S, BLOCK211S)
	RET

TEXT ·neon_read(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(NOAHEAD, BLOCKREAD)
	RET

TEXT ·neon_readpf(SB), NOSPLIT, $0-16
	MOVD s+0(FP), R5
	MOVD n+8(FP), R4
	RUN(AHEADREAD, BLOCKREAD)
	RET
