// CONVERT is a converter of n elements, n a positive multiple of 16 in CX: it reads
// constants, does BODY for each 16, which moves the pointers on, and cleans the upper
// halves. Smashes what these smash, and CX.
#define CONVERT(CONSTS, BODY) \
	CONSTS       \
	PCALIGN $64  \
loop:            \
	BODY         \
	SUBQ $16, CX \
	JNZ  loop    \
	VZEROUPPER

#define NOCONSTS
