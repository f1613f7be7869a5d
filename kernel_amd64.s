//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// AVX2 kernels for float32: the registers and the rules are in avx2.h. Each TEXT
// computes the Go function of its name in kernel_generic.go.

#define SIZE 4
#define MOVU VMOVUPS
#define MOV1 VMOVSS
#define BCAST VBROADCASTSS
#define MUL VMULPS
#define ADD VADDPS
#define SUB VSUBPS
#define DIV VDIVPS
#define SQRT VSQRTPS
#define CMP VCMPPS
#define BLENDV VBLENDVPS
#define MOVMSK VMOVMSKPS

#include "avx2.h"

// func paperF32AVX2(a *args) (nan uint32)
TEXT ·paperF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(PAPER)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPER)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF32AVX2(a *args) (nan uint32)
TEXT ·paperPlainF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(PAPERPLAIN)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPERPLAIN)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF32AVX2(a *args) (nan uint32)
TEXT ·paperInsideF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(PAPERINSIDE)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPERINSIDE)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF32AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(PAPERCOUPLED)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(PAPERCOUPLED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(MOMENTUMFIRST)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRST)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF32AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(MOMENTUMFIRSTCOUPLED)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRSTCOUPLED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF32AVX2(a *args) (nan uint32)
TEXT ·cautiousF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(CAUTIOUS)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(CAUTIOUS)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF32AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(BIASCORRECTED)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(BIASCORRECTED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func refinedF32AVX2(a *args) (nan uint32)
TEXT ·refinedF32AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $16, CX
	JLT  tail

loop:
	PAIR(REFINED)
	SUBQ $16, CX
	JGE  loop

tail:
	ADDQ $16, CX
	JZ   done

lane:
	LANE(REFINED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET
