//go:build !purego && !noasm

#include "go_asm.h"
#include "textflag.h"

// Traffic limits, AVX-512. Each TEXT runs n blocks of the shape it is named after;
// what a block does is told in limit.go.
//
// AX  the streams struct, until POINTERS
// DI  param      SI  grad      DX  momentum      BX  extra (low or shadow)
// CX  blocks left
// Z0, Z1  gradient   Z2, Z3  what is being written

// POINTERS loads the four pointers; smashes AX.
#define POINTERS \
	MOVQ streams_param(AX), DI \
	MOVQ streams_grad(AX), SI \
	MOVQ streams_momentum(AX), DX \
	MOVQ streams_extra(AX), BX

// GRAD: v = 64 bytes of the gradient at off.
#define GRAD(off, v) \
	VMOVDQU32 off(SI), v

// PAIR: 64 bytes at off of param and of momentum ^= g; both loads come before
// the stores. Smashes Z2, Z3.
#define PAIR(off, g) \
	VPXORD off(DI), g, Z2 \
	VPXORD off(DX), g, Z3 \
	VMOVDQU32 Z2, off(DI) \
	VMOVDQU32 Z3, off(DX)

// XOR: 64 bytes at off of array p ^= g. Smashes Z2.
#define XOR(off, p, g) \
	VPXORD off(p), g, Z2 \
	VMOVDQU32 Z2, off(p)

// COPY: 64 bytes at off of extra = g.
#define COPY(off, g) \
	VMOVDQU32 g, off(BX)

// AHEAD prefetches the line 1 KiB past off in array p.
#define AHEAD(off, p) \
	PREFETCHT0 (1024+off)(p)

// RUN: n blocks, each after AHEADS. Smashes everything.
#define RUN(AHEADS, BLOCK) \
	POINTERS     \
	PCALIGN $64  \
loop:            \
	AHEADS       \
	BLOCK        \
	DECQ CX      \
	JNZ  loop    \
	VZEROUPPER

#define NOAHEAD

// What a block of each shape does and, before it, prefetches.
#define BLOCK111 \
	GRAD(0, Z0)   \
	PAIR(0, Z0)   \
	GRAD(64, Z1)  \
	PAIR(64, Z1)  \
	ADDQ $128, DI \
	ADDQ $128, SI \
	ADDQ $128, DX
#define AHEAD111 \
	AHEAD(0, SI)  \
	AHEAD(64, SI) \
	AHEAD(0, DI)  \
	AHEAD(64, DI) \
	AHEAD(0, DX)  \
	AHEAD(64, DX)

#define BLOCK1111 \
	GRAD(0, Z0)    \
	PAIR(0, Z0)    \
	XOR(0, BX, Z0) \
	ADDQ $64, DI   \
	ADDQ $64, SI   \
	ADDQ $64, DX   \
	ADDQ $64, BX
#define AHEAD1111 \
	AHEAD(0, SI) \
	AHEAD(0, DI) \
	AHEAD(0, DX) \
	AHEAD(0, BX)

#define BLOCK221 \
	GRAD(0, Z0)     \
	PAIR(0, Z0)     \
	GRAD(64, Z1)    \
	XOR(64, DI, Z1) \
	ADDQ $128, DI   \
	ADDQ $128, SI   \
	ADDQ $64, DX
#define AHEAD221 \
	AHEAD(0, SI)  \
	AHEAD(64, SI) \
	AHEAD(0, DI)  \
	AHEAD(64, DI) \
	AHEAD(0, DX)

#define BLOCK212S \
	GRAD(0, Z0)   \
	PAIR(0, Z0)   \
	PAIR(64, Z0)  \
	COPY(0, Z0)   \
	ADDQ $128, DI \
	ADDQ $64, SI  \
	ADDQ $128, DX \
	ADDQ $64, BX
#define AHEAD212S \
	AHEAD(0, SI)  \
	AHEAD(0, DI)  \
	AHEAD(64, DI) \
	AHEAD(0, DX)  \
	AHEAD(64, DX) \
	AHEAD(0, BX)

#define BLOCK211S \
	GRAD(0, Z0)     \
	PAIR(0, Z0)     \
	XOR(64, DI, Z0) \
	COPY(0, Z0)     \
	ADDQ $128, DI   \
	ADDQ $64, SI    \
	ADDQ $64, DX    \
	ADDQ $64, BX
#define AHEAD211S \
	AHEAD(0, SI)  \
	AHEAD(0, DI)  \
	AHEAD(64, DI) \
	AHEAD(0, DX)  \
	AHEAD(0, BX)

#define BLOCKREAD \
	GRAD(0, Z0)  \
	GRAD(64, Z1) \
	ADDQ $128, SI
#define AHEADREAD \
	AHEAD(0, SI) \
	AHEAD(64, SI)

TEXT ·avx512_111(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(NOAHEAD, BLOCK111)
	RET

TEXT ·avx512_111pf(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(AHEAD111, BLOCK111)
	RET

TEXT ·avx512_1111(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(NOAHEAD, BLOCK1111)
	RET

TEXT ·avx512_1111pf(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(AHEAD1111, BLOCK1111)
	RET

TEXT ·avx512_221(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(NOAHEAD, BLOCK221)
	RET

TEXT ·avx512_221pf(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(AHEAD221, BLOCK221)
	RET

TEXT ·avx512_212s(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(NOAHEAD, BLOCK212S)
	RET

TEXT ·avx512_212spf(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(AHEAD212S, BLOCK212S)
	RET

TEXT ·avx512_211s(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(NOAHEAD, BLOCK211S)
	RET

TEXT ·avx512_211spf(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(AHEAD211S, BLOCK211S)
	RET

TEXT ·avx512_read(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(NOAHEAD, BLOCKREAD)
	RET

TEXT ·avx512_readpf(SB), NOSPLIT, $0-16
	MOVQ s+0(FP), AX
	MOVQ n+8(FP), CX
	RUN(AHEADREAD, BLOCKREAD)
	RET
