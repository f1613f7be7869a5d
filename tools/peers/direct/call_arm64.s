#include "funcdata.h"
#include "textflag.h"

// C's frames lie in this one, which begins with a check of Go's that the stack has
// room for it. R19 and R28 (g) are C's to keep.

// func Call(f, param, grad, momentum unsafe.Pointer, n int, k unsafe.Pointer, times int)
TEXT ·Call(SB), 0, $65536-56
	NO_LOCAL_POINTERS
	MOVD f+0(FP), R8
	MOVD param+8(FP), R0
	MOVD grad+16(FP), R1
	MOVD momentum+24(FP), R2
	MOVD n+32(FP), R3
	MOVD k+40(FP), R4
	MOVD times+48(FP), R5
	MOVD RSP, R19
	MOVD $61440, R9
	ADD  R19, R9, R9
	AND  $~15, R9, R9
	MOVD R9, RSP
	CALL (R8)
	MOVD R19, RSP
	RET
