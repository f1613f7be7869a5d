//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// AVX2 kernels for float64: the registers and the rules are in avx2.h. Each TEXT
// computes the Go function of its name in kernel_generic.go.

#define SIZE 8
#define MOVU VMOVUPD
#define MOV1 VMOVSD
#define BCAST VBROADCASTSD
#define MUL VMULPD
#define ADD VADDPD
#define SUB VSUBPD
#define DIV VDIVPD
#define SQRT VSQRTPD
#define CMP VCMPPD
#define BLENDV VBLENDVPD
#define MOVMSK VMOVMSKPD

#include "avx2.h"

// func paperF64AVX2(a *args) (nan uint32)
TEXT ·paperF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(PAPER)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPER)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperPlainF64AVX2(a *args) (nan uint32)
TEXT ·paperPlainF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(PAPERPLAIN)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPERPLAIN)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperInsideF64AVX2(a *args) (nan uint32)
TEXT ·paperInsideF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(PAPERINSIDE)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPERINSIDE)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func paperCoupledF64AVX2(a *args) (nan uint32)
TEXT ·paperCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(PAPERCOUPLED)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(PAPERCOUPLED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(MOMENTUMFIRST)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRST)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func momentumFirstCoupledF64AVX2(a *args) (nan uint32)
TEXT ·momentumFirstCoupledF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(MOMENTUMFIRSTCOUPLED)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(MOMENTUMFIRSTCOUPLED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func cautiousF64AVX2(a *args) (nan uint32)
TEXT ·cautiousF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(CAUTIOUS)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(CAUTIOUS)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func biasCorrectedF64AVX2(a *args) (nan uint32)
TEXT ·biasCorrectedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(BIASCORRECTED)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(BIASCORRECTED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET

// func refinedF64AVX2(a *args) (nan uint32)
TEXT ·refinedF64AVX2(SB), NOSPLIT, $0-12
	MOVQ a+0(FP), R8
	SETUP
	SUBQ $8, CX
	JLT  tail

loop:
	PAIR(REFINED)
	SUBQ $8, CX
	JGE  loop

tail:
	ADDQ $8, CX
	JZ   done

lane:
	LANE(REFINED)
	DECQ CX
	JNZ  lane

done:
	FINISH
	MOVL AX, nan+8(FP)
	RET
