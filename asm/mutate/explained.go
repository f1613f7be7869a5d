//go:build unix

package main

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// explanations are the mutants that no test can notice, by their names, and why.
type explanations []explanation

type explanation struct {
	mutants *regexp.Regexp
	why     string
}

// of returns the index of what explains m, wherever its file lies, or -1.
func (e explanations) of(m fmt.Stringer) int {
	file, what, _ := strings.Cut(m.String(), " ")
	name := path.Base(file) + " " + what
	return slices.IndexFunc(e, func(x explanation) bool { return x.mutants.MatchString(name) })
}

// Reasons that hold only where the instruction set they name isn't tried.
const (
	onlyAVX512 = "only AVX-512 reads it, whose tests see it"
	onlyAVX2   = "only AVX2 reads it, whose tests see it"
)

// trying returns those that hold where these instruction sets are tried.
func (e explanations) trying(sets []string) explanations {
	return slices.DeleteFunc(slices.Clone(e), func(x explanation) bool {
		return x.why == onlyAVX512 && slices.Contains(sets, "avx512") || x.why == onlyAVX2 && slices.Contains(sets, "avx2")
	})
}

// explained are those of the assembly.
var explained = explanations{
	{regexp.MustCompile(`^avx(2|512)_amd64\.h Z?WALK: (JGE (loop|ahead) → JGT \w+|JLT tail → JLE tail)$|^avx512_amd64\.h ZWALK: JLT part → JLE part$|^neon_arm64\.h STEPS: (BGE (loop|one) → (deleted|BGT \w+)|BLT \w+ → BLE \w+)$`),
		"a loop over vectors ends early, and what is for fewer elements does the rest: slower, to the same bits"},
	{regexp.MustCompile(`^avx(2|512)_amd64\.h Z?WALK: (JZ done|JZ body) → deleted$`),
		"a part without elements follows, which does nothing but take time"},
	{regexp.MustCompile(`^avx(2|512)_amd64\.h Z?WALK: (TESTQ R11, R11 → deleted|JNZ ahead → (deleted|JZ ahead)|Z?AHEAD → deleted)$`),
		"prefetching, or not, takes time alone"},
	{regexp.MustCompile(`^avx512_amd64\.h ZWALK: (CMPQ R10, \$ALIGNFROM → CMPQ |JLT body → JLE )|^avx512_amd64\.h ZHEAD: (MOVQ DI, CX → deleted|NEGQ CX → (deleted|NOTQ CX)|ANDQ \$63, CX → ANDQ \$64, CX|SHRQ \$LOGSIZE, CX → SHRQ \$\(2\*LOGSIZE\), CX)$`),
		"the head is there for alignment alone: any number of elements that a vector has will do"},
	{regexp.MustCompile(`^avx512_amd64\.h ZHEAD: TESTQ CX, CX → deleted$`),
		"ZMASK's last flags say the same"},
	{regexp.MustCompile(`^avx512_amd64\.h Z(AGREE: CMP \$12, g, Z24, k|AVERAGE: CMP \$12, Z24, g, k) → CMP \$4, |^fused_avx512_amd64\.h ZCAUTIOUS: CMP \$12, g, Z15, k → CMP \$4, `),
		"as in AVX2's AGREE and BIASCORRECTED: a NaN gradient makes no step anyway"},
	{regexp.MustCompile(`^avx512_amd64\.h ZCLAMPED: CMP \$17, Z23, t, K6 → CMP \$18, `),
		"as in AVX2's REFINED: where |c| is 1, c is its own sign"},
	{regexp.MustCompile(`^fused_avx512_amd64\.h Z(PAPER|CAUTIOUS): CMP \$1[27], (Z15, c, k → CMP \$12, Z14, c, k|\w+, Z15, k(, k)? → CMP \$1[27], \w+, Z14, k(, k)?)$`),
		"−0 is equal to 0"},
	{regexp.MustCompile(`^rest_amd64\.h SLICES3: BOTH2\(DI, 0, BX\) → BOTH2\(DI, 1, BX\)$`),
		"what then shares a byte with the gradient is the last of 32 elements, which no rest has"},
	{regexp.MustCompile(`^rest_amd64\.h AHEAD: SLICES\(.*\) → deleted$`),
		"prefetching is for speed alone"},
	{regexp.MustCompile(`^avx512_sums_amd64\.h \w+: FIXUP \$0, Z22, c, c → FIXUP \$1, `),
		"the constant says which flags of MXCSR are set, which nobody reads"},
	{regexp.MustCompile(`^avx2_amd64\.h (INTERP|STEP|PLAINSTEP|FIRST): ADD Y[02], Y[67], Y[67] → SUB |^avx512_amd64\.h Z(SUMS|QUOTIENT|INNER): ADD [pm], Z3[01], Z3[01] → SUB `),
		"sums of what was written are there for NaN alone, which sticks to a difference as to a sum"},
	{regexp.MustCompile(`^fused_amd64\.h FINISH: CMP \$3, Y7, Y7, Y7 → CMP \$3, Y6, Y7, Y7$`),
		"the 16-bit formats hold no NaN in Y6"},
	{regexp.MustCompile(`^(avx2|fused)_amd64\.h SETUP: VXORPS Y12, Y14, Y14 → VORPS `),
		"LR is never negative, so that setting its sign and flipping it are the same"},
	{regexp.MustCompile(`^avx2_amd64\.h AGREE: CMP \$12, g, Y15, Y4 → CMP \$4, `),
		"only a NaN gradient makes a difference, and there c is NaN too, whose own comparison gives no step"},
	{regexp.MustCompile(`^avx2_amd64\.h BIASCORRECTED: CMP \$12, Y15, Y1, Y5 → CMP \$4, `),
		"only a NaN gradient makes a difference, which is one in the weight whatever n is"},
	{regexp.MustCompile(`^avx2_amd64\.h REFINED: CMP \$17, Y1, Y5, Y5 → CMP \$18, `),
		"where |c| is 1, c is its own sign"},
	{regexp.MustCompile(`^avx2_amd64\.h TANH: BCAST ONE, Y15 → deleted$`),
		"the polynomial's last term, 1/1!, is left there and is one as well, which is no reason to rely on it"},
	{regexp.MustCompile(`^fused_amd64\.h PAIRAGREE: CMP \$12, ZEROS, (Y1, Y1|Y5, Y5) → CMP \$4, |^fused_amd64\.h CAUTIOUS2: CMP \$12, ZEROS, (Y1, Y1|Y6, Y6) → CMP \$4, `),
		"as in AGREE: c is NaN where the gradient is"},
	{regexp.MustCompile(`^fused_amd64\.h PAIRAGREE: VXORPS Y9, (Y0, Y0|Y4, Y4) → VXORPS Y11, `),
		"(1−β2)·s has the sign of s as well as (1−β1)·s has"},
	{regexp.MustCompile(`^fused_amd64\.h (PAIRSTEP: ADD (Y2, Y6, Y1|Y0, Y4, Y3|Y1, Y7, Y7|Y3, Y7, Y7)|STEP2: ADD (Y2, Y7, Y7|Y0, Y5, Y9|Y9, Y10, Y9|Y9, Y7, Y7)) → SUB `),
		"as in INTERP and STEP: sums are there for NaN alone"},
	{regexp.MustCompile(`^kahan_amd64\.s (UP: VPSRLD \$16, x, a|ZSPLIT: VPSRLD \$16, Z0, Z2) → VPSRAD `),
		"only the lowest bit is kept"},
	{regexp.MustCompile(`^kahan_amd64\.s ZSPLIT: VPSRLD \$16, Z1, Z1 → VPSRAD `),
		"the upper halves are cut off and shifted out"},
	{regexp.MustCompile(`^kahan_amd64\.s JOINKAHAN: VPMOVZXWD (p, Y0|c, Y1) → VPMOVSXWD `),
		"the upper halves are shifted out"},
	{regexp.MustCompile(`^random_amd64\.s (ROUNDBF|ROUNDH): VCMPPS \$3, Y0, Y0, Y2 → VCMPPS \$3, Y2, Y0, Y2$|^random_amd64\.s (ZNEXTBF|ZNEXTH): VCMPPS \$3, Z0, Z0, K1 → VCMPPS \$3, Z2, Z0, K1$`),
		"what DRAW and ZDRAW leave in Y2 and Z2 was shifted down and is no NaN"},
	{regexp.MustCompile(`^random_amd64\.s roundSteps: roundSteps<>\+40\(SB\)/8 `),
		onlyAVX512},
	{regexp.MustCompile(`^(fused_)?random_amd64\.s \w+: \w+<>\+32\(SB\)/4 \$0x38800000 → \$0x38800001$`),
		"at 2⁻¹⁴ itself both ways of rounding give the same"},
	{regexp.MustCompile(`^(fused_)?random_amd64\.s \w+: \w+<>\+(20|40)\(SB\)/4 \$0x02000000 → \$0x2000001$`),
		"the lower half is cut off after it is added to zeros"},
	{regexp.MustCompile(`^fused_random_amd64\.s drawLanes: drawLanes<>\+(72|80|88)\(SB\)/8 `),
		onlyAVX512},
	{regexp.MustCompile(`^fused_random_amd64\.s PAIRBF: VPSRLD \$16, Y0, Y0 → VPSRAD `),
		"the blend that follows takes other upper halves"},
	{regexp.MustCompile(`^convert_amd64\.s Z?(WIDENBF|JOIN): VPMOVZXWD .* → VPMOVSXWD `),
		"the copies of the sign are shifted out next"},
	{regexp.MustCompile(`^convert_amd64\.s halfConst: halfConst<>\+8\(SB\)/4 \$0x7fc00000 → \$0x7fc00001$`),
		"narrowed, a NaN keeps none of its lowest bits"},
	{regexp.MustCompile(`^convert_amd64\.s ROUND: VPSRLD \$16, x, a → VPSRAD `),
		"of what is shifted, the lowest bit alone is kept"},
	{regexp.MustCompile(`^(fused_amd64\.h UPPERS|fused_amd64\.s PAIRSPLIT): VPSRLD \$16, \w+, \w+ → VPSRAD `),
		"the blend that follows takes other upper halves"},
	{regexp.MustCompile(`^fused_amd64\.h mixed16: mixed16<>\+(32|40|48|56|320|328|336|344)\(SB\)/[48] `),
		onlyAVX512},
	{regexp.MustCompile(`^fused_amd64\.h mixed16: mixed16<>\+(224|232|240|248)\(SB\)/8 \$0x\w+8080 → \$0x\w+8081$|^stats_avx2_amd64\.s evenWords: .*8080 → \$0x\w+8081$|^stats_avx512_amd64\.s statsConst: statsConst<>\+([0-9]|[1-5][0-9])\(SB\)/8 \$0x\w+8080 → \$0x\w+8081$`),
		"an index with its highest bit set gives zero, whatever the rest"},
	{regexp.MustCompile(`^stats_amd64\.h NOTFINITE: MOVQ (\$0x7FF8000000000000, AX → MOVQ \$9221120237041090561, AX|AX, SUMS\(0\) → MOVQ AX, SUMS\(1\))$`),
		"any NaN in any of the sums tells the caller"},
	{regexp.MustCompile(`^stats_\w+\.[hs] \w+: VMAX\w\w (Y0, largest0, largest0 → VMAX\w\w largest0, Y0, largest0|Y1, largest1, largest1 → VMAX\w\w largest1, Y1, largest1|Y0, Y12, Y12 → VMAX\w\w Y12, Y0, Y12|Y0, Y13, Y13 → VMAX\w\w Y13, Y0, Y13|Y13, Y12, Y12 → VMAX\w\w Y12, Y13, Y12|Y15, Y14, Y14 → VMAX\w\w Y14, Y15, Y14|Y14, Y12, Y12 → VMAX\w\w Y12, Y14, Y12|Z0, Z12, Z12 → VMAX\w\w Z12, Z0, Z12|Z0, Z13, Z13 → VMAX\w\w Z13, Z0, Z13|Z13, Z12, Z12 → VMAX\w\w Z12, Z13, Z12|Z2, Z12, Z12 → VMAX\w\w Z12, Z2, Z12|X0, X12, X12 → VMAX\w\w X12, X0, X12)( \(\d\))?$`),
		"which of two equal magnitudes is taken doesn't show; a NaN among them is refused by its sum"},
	{regexp.MustCompile(`^stats_avx2_amd64\.s LOOPF64: PAIRF64\((0, Y8, Y9, Y12, Y13\) → PAIRF64\(0, Y8, Y9, Y12, Y12|64, Y10, Y11, Y14, Y15\) → PAIRF64\(64, Y10, Y11, (Y15, Y15|Y14, Y14))\)$|^stats_avx512_amd64\.s NLOOPF32: NARROW\((0, Y0, Y8, Y12\) → NARROW\(0, Y0, Y8, Y1[2-5]|16, Y1, Y9, Y13\) → NARROW\(16, Y1, Y9, Y1[2-5]|32, Y2, Y10, Y14\) → NARROW\(32, Y2, Y10, Y1[2-5]|48, Y3, Y11, Y15\) → NARROW\(48, Y3, Y11, Y1[2-5])\)$`),
		"one register can hold the largest as well as two, which don't wait for each other"},
	{regexp.MustCompile(`^stats_avx512_amd64\.s (NLOOPF32: NARROW\((0, Y0, Y8, Y12\) → NARROW\(0, Y[0-3], Y8, Y12|16, Y1, Y9, Y13\) → NARROW\(16, Y[0-3], Y9, Y13|32, Y2, Y10, Y14\) → NARROW\(32, Y[0-3], Y10, Y14|48, Y3, Y11, Y15\) → NARROW\(48, Y[0-3], Y11, Y15)|ZLOOPF32: SQUARES\((.*, )(Z0, Z8\) → SQUARES\(.*, Z[123], Z8|Z1, Z9\) → SQUARES\(.*, Z[023], Z9)|ZLASTBF16: BFSPREAD\(\(SI\), Z0, Z1\) → BFSPREAD\(\(SI\), Z[23], Z1)\)$`),
		"any scratch register does"},
	{regexp.MustCompile(`^stats_avx2_amd64\.s SMALLF64: VPSRLQ \$1, Y1, Y1 → VPSRLQ \$2, |^stats_avx512_amd64\.s ZSMALLF64: VPSRLQ \$1, Z1, Z1 → VPSRLQ \$2, `),
		"small numbers' highest exponent bit is 0"},
	{regexp.MustCompile(`^stats_amd64\.h ROOT: SHRQ \$52, AX → SHRQ \$53, `),
		"the smallest normal squares, too, are then looked for by the slower loop"},
	{regexp.MustCompile(`^stats_avx2_amd64\.s BEGINBF16: BROADCASTQ\(\$0x0000000300000020, X15, Y15\) → BROADCASTQ\(\$12884901921, `),
		"32 bits are moved out by 33 as well"},
	{regexp.MustCompile(`^stats_avx2_amd64\.s WIDERBF16: ZEROSUMS → deleted$`),
		"the quick loop's sums are smaller than half a unit of any square, and 0 where all are, which is no reason to rely on it"},
	{regexp.MustCompile(`^stats_avx(2|512)_amd64\.s (BEGINBF16: VMOVDQU Y5, Y13 → |LOOPBF16: (VPADDW Y5, Y4, Y4 → deleted|VPMINUW Y4, Y13, Y13 → VPMINUW Y3, )|Z?ENDBF16: (LOWEST\(X13, Y13, DX\) → LOWEST\(X13, Y12, DX\)|CMPL DX, \$0x1FFF → deleted))|^stats_avx512_amd64\.s ZENDBF16: ((VEXTRACTI64X4 \$1, Z13, Y0|JMP store) → deleted|VEXTRACTI64X4 \$1, Z13, Y0 → VEXTRACTI64X4 \$1, Z12, Y0|VPMINUW Y0, Y13, Y13 → VPMINUW Y0, Y12, Y13)$`),
		"zeros, or all, then count as too small for the quick loop, and widened does the block: slower, to the same bits"},
	{regexp.MustCompile(`^stats_avx(2|512)_amd64\.s Z?ENDBF16: CMPL (AX, \$0x5F80 → CMPL AX, \$24449|DX, \$0x1FFF → CMPL DX, \$8192)$`),
		"at either edge of the range both loops give the same bits: even the infinite square of 2⁶⁴ moves to 2¹²⁸"},
	{regexp.MustCompile(`^stats_avx512_amd64\.s ZENDBF16: (CMPL AX, \$0x7F80 → CMPL AX, \$32641|JCC notFinite → deleted)$`),
		"an infinity is then widened, and its sum isn't finite either"},
	{regexp.MustCompile(`^stats_(avx512_amd64\.s Z|amd64\.h )STATS: (TESTQ R9, R9|JNE fetching|LINES?) → deleted$|^stats_amd64\.h LINE(S2)?: AHEAD`),
		"to prefetch, and what, is for speed alone"},
	{regexp.MustCompile(`^fused_amd64\.h mixed16: mixed16<>\+(8|16|24|72|80|88|[12]\d\d|30\d|31\d)\(SB\)/8 |^random_amd64\.s roundSteps: roundSteps<>\+(0|8|16|24)\(SB\)/8 |^fused_random_amd64\.s drawLanes: drawLanes<>\+([0-9]|[12][0-9])\(SB\)/8 `),
		onlyAVX2},
}
