// The rules of avx512_amd64.h by sums: no mask says where c has a sign, but FIXUP makes an
// infinity of what has one and 0 of zeros and NaNs, and RANGE takes what is less in size,
// that or η, with that one's sign. What was written is added up, and a sum is NaN in the
// end if any of it was. That is an operation more than by masks. But Zen 4 has two pipes
// each for products, comparisons and FIXUP, and for sums and RANGE, so that it takes 6
// cycles for a vector instead of 7.

#define ZUSESIGNSUMS \
	ZUSESUMS            \
	BCAST  SIGNS, Z22
#define ZUSEPAPERSUMS \
	ZUSESTEP  \
	ZUSESIGNSUMS
#define ZUSEPAPERPLAINSUMS \
	ZUSEPLAIN  \
	ZUSESIGNSUMS
#define ZUSECOUPLEDSUMS \
	ZUSELAMBDA  \
	ZUSESIGNSUMS
#define ZUSEINSIDESUMS \
	ZUSECOUPLEDSUMS  \
	BCAST  ONE, Z23
#define ZUSEREFINEDSUMS \
	ZUSESTEP            \
	ZUSESUMS            \
	BCAST  NUMBERS, Z22 \
	BCAST  ONE, Z23
#define ZUSECAUTIOUSSUMS \
	ZUSESTEP  \
	ZUSESUMS  \
	ZUSESIGN

// ZSTEPSUMS: p = p − η·sign(c).
#define ZSTEPSUMS(P, p, g, m, c, t, k, n) \
	FIXUP $0, Z22, c, c  \
	RANGE $2, Z20, c, c  \
	SUB   c, p, p        \
	ZSUMS(p, m)

#define ZPAPERSUMS(EACH) \
	EACH(ZC)   \
	EACH(ZM)   \
	EACH(ZDECAY)  \
	EACH(ZSTEPSUMS)

#define ZPAPERPLAINSUMS(EACH) \
	EACH(ZC)  \
	EACH(ZM)  \
	EACH(ZSTEPSUMS)

// ZINNERSTEPSUMS: p = p − η·(sign(c) + λ·p). Smashes t.
#define ZINNERSTEPSUMS(P, p, g, m, c, t, k, n) \
	FIXUP $0, Z22, c, c  \
	RANGE $2, Z23, c, c  \
	MUL   p, Z21, t      \
	ADD   t, c, c        \
	MUL   Z20, c, c      \
	SUB   c, p, p        \
	ZSUMS(p, m)

#define ZPAPERINSIDESUMS(EACH) \
	EACH(ZC)  \
	EACH(ZM)  \
	EACH(ZINNERSTEPSUMS)

#define ZPAPERCOUPLEDSUMS(EACH) \
	EACH(ZCOUPLED)  \
	EACH(ZC)        \
	EACH(ZM)        \
	EACH(ZSTEPSUMS)

#define ZMOMENTUMFIRSTSUMS(EACH) \
	EACH(ZFIRST)   \
	EACH(ZSECOND)  \
	EACH(ZDECAY)   \
	EACH(ZSTEPSUMS)

#define ZMOMENTUMFIRSTCOUPLEDSUMS(EACH) \
	EACH(ZCOUPLED)  \
	EACH(ZFIRST)    \
	EACH(ZSECOND)   \
	EACH(ZSTEPSUMS)

// ZAGREEDSUMS: p = p − η with the sign of c, where k says so. Agreement is a mask here too.
#define ZAGREEDSUMS(P, p, g, m, c, t, k, n) \
	TERNLOG $0x6C, Z22, Z20, c  \
	SUB     c, p, k, p          \
	ZSUMS(p, m)

#define ZCAUTIOUSSUMS(EACH) \
	EACH(ZC)      \
	EACH(ZAGREE)  \
	EACH(ZM)      \
	EACH(ZDECAY)  \
	EACH(ZAGREEDSUMS)

// ZCLAMPEDSUMS: p = p − η·c where |c| < 1, else − η·sign(c): NaN becomes 0, and what is left
// the lesser of it and 1, with its sign.
#define ZCLAMPEDSUMS(P, p, g, m, c, t, k, n) \
	FIXUP $0, Z22, c, c  \
	RANGE $2, Z23, c, c  \
	MUL   Z20, c, c      \
	SUB   c, p, p        \
	ZSUMS(p, m)

#define ZREFINEDSUMS(EACH) \
	EACH(ZC)   \
	EACH(ZM)   \
	EACH(ZDECAY)  \
	EACH(ZCLAMPEDSUMS)
