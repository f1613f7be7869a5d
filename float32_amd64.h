// The names that avx2_amd64.h and avx512_amd64.h want of the instructions of float32. MSUM, ZERO,
// TERMS and ZTERMS are for the file that includes this to define.

#define SIZE 4
#define LOGSIZE 2
#define LANES512 16
#define MOVU VMOVUPS
#define MOVZ VMOVUPS.Z
#define MOV1 VMOVSS
#define BCAST VBROADCASTSS
#define MUL VMULPS
#define ADD VADDPS
#define SUB VSUBPS
#define DIV VDIVPS
#define SQRT VSQRTPS
#define CMP VCMPPS
#define BLENDV VBLENDVPS
#define BLENDM VBLENDMPS
#define MOVMSK VMOVMSKPS
#define MIN VMINPS
#define TERNLOG VPTERNLOGD
#define IADD VPADDD
#define ISHL VPSLLD
#define KONES KXNORW
#define MANTISSA 23
