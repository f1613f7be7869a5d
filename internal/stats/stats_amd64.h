// What kernels of both instruction sets are made of. A kernel sums the squares of the
// first n elements of a block, n a positive multiple of 16, and finds the largest
// magnitude: what the generic summers compute if all are finite. If they aren't, or a
// sum overflows, sums are left NaN or infinite, which the caller looks for. The block
// is zeros before.
//
//	R8 block   SI grad   CX elements left   R9 how far ahead to prefetch
//	AX, BX, DX scratch
//
// Where R9 is 0 nothing is prefetched: there are two loops, since a prefetch that a CPU
// doesn't want would cost it as much as one that it does.

#define SUMS(i) (block_sums+i*32)(R8)

// AHEAD prefetches the line that is o bytes past that of SI, as far ahead as is wanted.
#define AHEAD(o) PREFETCHT0 o(SI)(R9*1)

// SQUARES: a = x, squared and added to sum.
#define SQUARES(CVT, x, a, sum) \
	CVT    x, a       \
	VMULPD a, a, a    \
	VADDPD a, sum, sum

// ZEROSUMS and STORESUMS: the partial sums in order.
#define ZEROSUMS \
	VXORPD Y8, Y8, Y8    \
	VXORPD Y9, Y9, Y9    \
	VXORPD Y10, Y10, Y10 \
	VXORPD Y11, Y11, Y11
#define STORESUMS \
	VMOVUPD Y8, SUMS(0)  \
	VMOVUPD Y9, SUMS(1)  \
	VMOVUPD Y10, SUMS(2) \
	VMOVUPD Y11, SUMS(3)

// LOWEST: r = the lowest of y's 16-bit elements. Smashes X0 and y.
#define LOWEST(x, y, r) \
	VEXTRACTI128 $1, y, X0 \
	VPMINUW      X0, x, x  \
	VPHMINPOSUW  x, x      \
	VMOVD        x, r      \
	MOVWLZX      r, r

// HIGHEST: AX = the highest of the magnitudes in Y12, whose mask is in Y14. Smashes X0,
// Y12.
#define HIGHEST \
	VPXOR Y14, Y12, Y12 \
	LOWEST(X12, Y12, AX) \
	XORL  $0x7FFF, AX

// NOTFINITE makes a sum NaN. Smashes AX.
#define NOTFINITE \
	MOVQ $0x7FF8000000000000, AX \
	MOVQ AX, SUMS(0)

// STOREBFMAX: maxAbs becomes the bfloat16 in AX, which stays there. Smashes BX, X12.
#define STOREBFMAX \
	MOVL      AX, BX                \
	SHLL      $16, BX               \
	VMOVD     BX, X12               \
	VCVTSS2SD X12, X12, X12         \
	VMOVSD    X12, block_maxAbs(R8)

// STOREHMAX: maxAbs becomes the half in AX, and if that isn't finite, a sum NaN; then
// the kernel ends. Smashes AX, X12.
#define STOREHMAX \
	VMOVD     AX, X12               \
	VCVTPH2PS X12, X12              \
	VCVTSS2SD X12, X12, X12         \
	VMOVSD    X12, block_maxAbs(R8) \
	CMPL      AX, $0x7C00           \
	JCS       done                  \
	NOTFINITE                       \
done:                               \
	VZEROUPPER

// LARGEST2: X12 = the larger of its two doubles. Smashes X0.
#define LARGEST2 \
	VPERMILPD $1, X12, X0  \
	VMAXSD    X0, X12, X12

// LARGEST4: X12 = the largest of Y12's four doubles. Smashes Y0, Y12.
#define LARGEST4 \
	VEXTRACTF128 $1, Y12, X0  \
	VMAXPD       X0, X12, X12 \
	LARGEST2

// STATS is a kernel: it begins, adds 16 elements at a time to the sums, with LINES where
// it prefetches, and stores what they come to. Smashes everything but R8.
#define STATS(BEGIN, LINES, LOOP, END) \
	BEGIN         \
	TESTQ R9, R9  \
	JNE  fetching \
	PCALIGN $64   \
loop:             \
	LOOP          \
	SUBQ $16, CX  \
	JNZ  loop     \
	JMP  summed   \
	PCALIGN $64   \
fetching:         \
	LINES         \
	LOOP          \
	SUBQ $16, CX  \
	JNZ  fetching \
summed:           \
	END

// LINE and LINES2: what a loop prefetches that reads a line, or part of one, or two.
#define LINE AHEAD(0)
#define LINES2 \
	AHEAD(0)  \
	AHEAD(64)

// ROOT is what kernels of float64 end with: X12 holds the largest square, and maxAbs is
// its root. That is exact, to the bit: the square was rounded once, and in binary the
// rounded root of a rounded square is the number again, unless the square is subnormal
// or 0. Then FIND looks for the largest magnitude among the n elements at SI, into X12.
// R10 is n. Smashes AX, CX, R10.
#define ROOT(FIND) \
	VMOVQ   X12, AX               \
	SHRQ    $52, AX               \
	JEQ     small                 \
	VSQRTSD X12, X12, X12         \
	JMP     largest               \
small:                            \
	MOVQ    R10, CX               \
	SHLQ    $3, R10               \
	SUBQ    R10, SI               \
	FIND                          \
largest:                          \
	VMOVSD  X12, block_maxAbs(R8) \
	VZEROUPPER
