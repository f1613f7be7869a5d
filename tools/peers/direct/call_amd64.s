#include "funcdata.h"
#include "textflag.h"

// C's frames lie in this one, which begins with a check of Go's that the stack has
// room for it. R12 and R14 (g) are C's to keep.

// func Call(f, param, grad, momentum unsafe.Pointer, n int, k unsafe.Pointer, times int)
TEXT ·Call(SB), 0, $65536-56
	NO_LOCAL_POINTERS
	MOVQ f+0(FP), AX
	MOVQ param+8(FP), DI
	MOVQ grad+16(FP), SI
	MOVQ momentum+24(FP), DX
	MOVQ n+32(FP), CX
	MOVQ k+40(FP), R8
	MOVQ times+48(FP), R9
	MOVQ SP, R12
	LEAQ 61440(SP), R13
	ANDQ $~15, R13
	MOVQ R13, SP
	CALL AX
	MOVQ R12, SP
	RET
