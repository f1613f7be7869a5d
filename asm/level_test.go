package asm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A kernel holds no instruction beyond what dispatch asks the CPU for. The extension
// of each instruction is written down here: one that isn't is a fault too, since
// whoever adds it must look it up.
var extensions = []struct {
	name  string
	words string // by Go's names, without suffixes
}{
	{"", `MOVQ MOVL MOVW MOVB MOVWLZX MOVBLZX MOVLQSX MOVLQZX ADDQ ADDL SUBQ SUBL INCQ INCL DECQ DECL NEGQ NEGL NOTQ NOTL
		IMULQ IMULL LEAQ LEAL ANDQ ANDL ORQ ORL XORQ XORL SHLQ SHLL SHRQ SHRL SARQ SARL ROLQ ROLL RORQ RORL BSFQ BSFL BSRQ BSRL
		BTQ BTL CMPQ CMPL CMPB TESTQ TESTL TESTB CMOVQLT CMOVQGT CMOVQLE CMOVQGE CMOVQEQ CMOVQNE CMOVQCS CMOVQHI CMOVLNE CMOVLEQ
		SETNE SETEQ PUSHQ POPQ RET JMP JEQ JNE JLT JLE JGE JGT JCS JCC JHI JLS JMI JPL JPS JPC PREFETCHT0 PREFETCHT1 PREFETCHT2
		PREFETCHNTA PCALIGN`},
	{"POPCNT", "POPCNTL POPCNTQ"},
	{"AVX", `VZEROUPPER VADDPS VADDPD VADDSS VADDSD VSUBPS VSUBPD VSUBSS VSUBSD VMULPS VMULPD VMULSS VMULSD VDIVPS VDIVPD VDIVSS VDIVSD
		VMAXPS VMAXPD VMAXSS VMAXSD VMINPS VMINPD VMINSS VMINSD VSQRTPS VSQRTPD VSQRTSS VSQRTSD VANDPS VANDPD VANDNPS VANDNPD
		VORPS VORPD VXORPS VXORPD VCMPPS VCMPPD VCMPSS VCMPSD VUCOMISS VUCOMISD VBLENDPS VBLENDPD VBLENDVPS VBLENDVPD
		VMOVUPS VMOVUPD VMOVDQU VMOVSS VMOVSD VMOVD VMOVQ VMOVMSKPS VMOVMSKPD VMASKMOVPS VMASKMOVPD VBROADCASTSS VBROADCASTSD
		VCVTPS2PD VCVTPD2PSX VCVTPD2PSY VCVTSS2SD VCVTSD2SS VCVTTPS2DQ VCVTPS2DQ VCVTDQ2PS VROUNDPS VROUNDPD VSHUFPS VSHUFPD
		VMOVSHDUP VMOVSLDUP VUNPCKLPS VUNPCKHPS VUNPCKLPD VUNPCKHPD VPERMILPS VPERMILPD VPERM2F128 VINSERTF128 VEXTRACTF128 VPTEST VTESTPS
		VPHMINPOSUW VPINSRD VPINSRQ VPINSRW VPEXTRD VPEXTRQ VPEXTRW`},
	// Some of them are AVX's where they are of 128 bits.
	{"AVX2", `VPADDB VPADDW VPADDD VPADDQ VPADDUSW VPADDUSB VPSUBB VPSUBW VPSUBD VPSUBQ VPSUBUSW VPMULLW VPMULLD VPMULUDQ VPMULHUW VPMADDWD
		VPMADDUBSW VPAND VPANDN VPOR VPXOR VPSLLW VPSLLD VPSLLQ VPSRLW VPSRLD VPSRLQ VPSRAW VPSRAD VPSLLDQ VPSRLDQ VPSLLVD VPSLLVQ
		VPSRLVD VPSRLVQ VPSRAVD VPCMPEQB VPCMPEQW VPCMPEQD VPCMPEQQ VPCMPGTB VPCMPGTW VPCMPGTD VPCMPGTQ VPABSB VPABSW VPABSD
		VPSIGNB VPSIGNW VPSIGND VPAVGB VPAVGW VPMAXSB VPMAXSW VPMAXSD VPMAXUB VPMAXUW VPMAXUD VPMINSB VPMINSW VPMINSD VPMINUB
		VPMINUW VPMINUD VPHADDW VPHADDD VPSADBW VPACKSSWB VPACKSSDW VPACKUSWB VPACKUSDW VPUNPCKLBW VPUNPCKHBW VPUNPCKLWD VPUNPCKHWD
		VPUNPCKLDQ VPUNPCKHDQ VPUNPCKLQDQ VPUNPCKHQDQ VPSHUFB VPSHUFD VPSHUFLW VPSHUFHW VPALIGNR VPBLENDW VPBLENDD VPBLENDVB
		VPBROADCASTB VPBROADCASTW VPBROADCASTD VPBROADCASTQ VBROADCASTI128 VPERMD VPERMQ VPERMPS VPERMPD VPERM2I128 VINSERTI128
		VEXTRACTI128 VPMOVMSKB VPMOVZXBW VPMOVZXBD VPMOVZXBQ VPMOVZXWD VPMOVZXWQ VPMOVZXDQ VPMOVSXBW VPMOVSXBD VPMOVSXBQ
		VPMOVSXWD VPMOVSXWQ VPMOVSXDQ VPMASKMOVD VPMASKMOVQ`},
	{"F16C", "VCVTPH2PS VCVTPS2PH"},
	{"AVX-512 F", `KMOVW KANDW KANDNW KORW KORTESTW KNOTW KXORW KXNORW KUNPCKBW VMOVDQU32 VMOVDQU64 VPANDD VPANDQ VPANDND VPANDNQ VPORD VPORQ
		VPXORD VPXORQ VPTERNLOGD VPTERNLOGQ VPCMPD VPCMPQ VPCMPUD VPCMPUQ VPTESTMD VPTESTMQ VPTESTNMD VPTESTNMQ VPSRAQ VPSRAVQ
		VPROLD VPROLQ VPRORD VPRORQ VPROLVD VPRORVD VPABSQ VPMAXSQ VPMAXUQ VPMINSQ VPMINUQ VBLENDMPS VBLENDMPD VPBLENDMD VPBLENDMQ
		VALIGND VALIGNQ VPERMI2D VPERMI2Q VPERMI2PS VPERMI2PD VPERMT2D VPERMT2Q VPERMT2PS VPERMT2PD VSHUFF32X4 VSHUFF64X2
		VSHUFI32X4 VSHUFI64X2 VBROADCASTF32X4 VBROADCASTF64X4 VBROADCASTI32X4 VBROADCASTI64X4 VEXTRACTF32X4 VEXTRACTF64X4
		VEXTRACTI32X4 VEXTRACTI64X4 VINSERTF32X4 VINSERTF64X4 VINSERTI32X4 VINSERTI64X4 VCVTPD2PS VPMOVDW VPMOVDB VPMOVQD
		VPMOVUSDW VPMOVSDW VPCOMPRESSD VPCOMPRESSQ VPEXPANDD VPEXPANDQ VCOMPRESSPS VEXPANDPS VRNDSCALEPS VRNDSCALEPD VSCALEFPS
		VSCALEFPD VGETEXPPS VGETEXPPD VGETMANTPS VGETMANTPD VFIXUPIMMPS VFIXUPIMMPD`},
	{"AVX-512 BW", `KMOVD KMOVQ KANDD KANDQ KANDND KANDNQ KORD KORQ KORTESTD KORTESTQ KTESTD KTESTQ KNOTD KNOTQ KXORD KXORQ KXNORD KXNORQ
		KUNPCKWD KUNPCKDQ KSHIFTLD KSHIFTRD KSHIFTLQ KSHIFTRQ VMOVDQU8 VMOVDQU16 VPCMPB VPCMPW VPCMPUB VPCMPUW VPTESTMB VPTESTMW
		VPTESTNMB VPTESTNMW VPBLENDMB VPBLENDMW VPERMW VPERMI2W VPERMT2W VPSLLVW VPSRLVW VPSRAVW VPMOVWB VPMOVUSWB VPMOVM2B
		VPMOVM2W VPMOVB2M VPMOVW2M VDBPSADBW`},
	{"AVX-512 DQ", `KMOVB KANDB KANDNB KORB KORTESTB KTESTB KTESTW KNOTB KXORB KXNORB KADDB KADDW VRANGEPS VRANGEPD VRANGESS VRANGESD
		VREDUCEPS VREDUCEPD VFPCLASSPS VFPCLASSPD VPMULLQ VPMOVM2D VPMOVM2Q VPMOVD2M VPMOVQ2M VBROADCASTF32X2 VBROADCASTF32X8
		VBROADCASTF64X2 VBROADCASTI32X2 VBROADCASTI32X8 VBROADCASTI64X2 VEXTRACTF32X8 VEXTRACTF64X2 VEXTRACTI32X8 VEXTRACTI64X2
		VINSERTF32X8 VINSERTF64X2 VINSERTI32X8 VINSERTI64X2 VCVTQQ2PS VCVTQQ2PD VCVTTPS2QQ VCVTTPD2QQ`},
	{"AVX-512 CD", "VPCONFLICTD VPCONFLICTQ VPLZCNTD VPLZCNTQ VPBROADCASTMB2Q VPBROADCASTMW2D"},
}

// extensionOf is by what CPUs have an instruction.
var extensionOf = func() map[string]string {
	of := map[string]string{}
	for _, e := range extensions {
		for _, w := range strings.Fields(e.words) {
			of[w] = e.name
		}
	}
	return of
}()

// What dispatch asks for, and so what kernels may hold.
var (
	avx2Level   = []string{"", "POPCNT", "AVX", "AVX2", "F16C"}
	avx512Level = append(avx2Level, "AVX-512 F", "AVX-512 BW", "AVX-512 DQ", "AVX-512 CD") // and VL, for narrower registers
)

// beyond is the rule that an instruction is within a level.
func beyond(level []string) rule {
	return rule{"an instruction beyond " + level[len(level)-1], func(in, _ inst) bool {
		op, _, _ := strings.Cut(in.op, ".")
		e, known := extensionOf[op]
		if !known {
			return true
		}
		for _, l := range level {
			if l == e {
				return false
			}
		}
		return true
	}}
}

// What every arm64 CPU has, ARMv8.0 with its vectors: as Go's assembler names it, and as
// the encoders do.
var (
	armBase = words(`MOVD MOVW MOVWU MOVHU ADD ADDS SUB SUBS CMP AND ORR EOR LSL LSR ASR MRS MSR PRFM PCALIGN B BEQ BNE BLT BLE BGE BGT BHS
		BLO CBZ CBNZ RET WORD FLDPQ FSTPQ FMOVS FMOVD FMOVQ FCVTSD FCVTDS VDUP VMOV VMOVI VEOR VAND VORR VADD VSUB VSHL VUSHR VLD1 VST1
		VLD1R VLD2 VST2 VZIP1 VZIP2 VUZP1 VUZP2 VTRN1 VTRN2 VEXT VUMAX VUMIN VADDV VUADDLV`)
	armWords = words(`ADD ADDP AND BIC BIF BIT BSL CMEQ CMGT CMHI CMHS EOR ORR FABS FACGE FACGT FADD FADDP FCMEQ FCMGE FCMGT FCVTL FCVTL2 FCVTN
		FCVTN2 FCVTZU FCVTZS FDIV FMAX FMAXP FMIN FMUL FSQRT FSUB MUL SHL SRI SLI SSRA SSHR SUB UMAX UMIN UQADD UQSUB USHR USRA UZP1
		UZP2 ZIP1 ZIP2`)
)

func words(s string) map[string]bool {
	in := map[string]bool{}
	for _, w := range strings.Fields(s) {
		in[w] = true
	}
	return in
}

// beyondARM is beyond for NEON's kernels, but for the words, which TestNEONWords has.
var beyondARM = rule{"an instruction beyond ARMv8.0", func(in, _ inst) bool {
	op, _, _ := strings.Cut(in.op, ".")
	return !armBase[op]
}}

// newWord says whether an encoder's name is of an instruction beyond ARMv8.0, whose
// vectors have no arithmetic in half precision either.
func newWord(mnemonic, arrangement string) bool {
	mnemonic = strings.TrimSuffix(mnemonic, "ZERO")
	half := arrangement == "8H" && strings.HasPrefix(mnemonic, "F") && !strings.HasPrefix(mnemonic, "FCVT")
	return !armWords[mnemonic] || half
}

func TestNEONWords(t *testing.T) {
	n := 0
	for name, s := range sources(t) {
		for _, d := range encoder.FindAllStringSubmatch(s, -1) {
			n++
			assert.False(t, newWord(d[1], d[2]), "%s: %s", name, d[0])
		}
	}
	assert.Greater(t, n, 0)
	assert.True(t, newWord("BFCVTN", "4S"))
	assert.True(t, newWord("FADD", "8H"))
	assert.True(t, newWord("FMLAL", "4S"))
	assert.NotEmpty(t, faults(function{"f", []inst{{op: "SHA512H"}}}, arm64Rules))
	assert.NotEmpty(t, faults(function{"f", []inst{{op: "CASALD"}}}, arm64Rules))
}

// vectors are the registers whose upper halves an instruction in SSE's encoding keeps,
// which costs hundreds of cycles where they aren't zero.
var vectors = regexp.MustCompile(`\b[XYZ]\d+\b`)

// legacy is the rule that what names a vector is in VEX or EVEX encoding, whose first
// bytes begin nothing else.
var legacy = rule{"SSE's encoding", func(in, _ inst) bool {
	return vectors.MatchString(symbolic.ReplaceAllString(in.args, "")) && !(len(in.code) > 0 && (in.code[0] == 0xc4 || in.code[0] == 0xc5 || in.code[0] == 0x62))
}}

var upper = regexp.MustCompile(`\b[YZ]\d+\b`)

// unzeroed says where f returns with upper halves that may not be zero: on some way
// there, no VZEROUPPER comes after the last instruction on Y or Z.
func unzeroed(f function) (out []string) {
	at := map[int]int{} // of a pc, the instruction
	for i, in := range f.insts {
		at[in.pc] = i
	}
	used := make([]bool, len(f.insts)+1) // before each instruction, on some way
	for changed := true; changed; {
		changed = false
		reach := func(i int, after bool) {
			if after && !used[i] {
				used[i], changed = true, true
			}
		}
		for i, in := range f.insts {
			after := used[i] && in.op != "VZEROUPPER" || upper.MatchString(symbolic.ReplaceAllString(in.args, ""))
			if target, err := strconv.Atoi(in.args); err == nil {
				reach(at[target], after)
			}
			if in.op != "RET" && in.op != "JMP" {
				reach(i+1, after)
			}
		}
	}
	for i, in := range f.insts {
		if in.op == "RET" && used[i] {
			out = append(out, fmt.Sprintf("%s, %s: RET without VZEROUPPER", f.name, in.line))
		}
	}
	return out
}

// TestLevelsSeeFaults plants what the rules of this file are for, into kernels as they
// are.
func TestLevelsSeeFaults(t *testing.T) {
	fs := listing(t, "amd64")
	vex, evex := []byte{0xc5}, []byte{0x62}
	planted := 0
	for _, f := range fs {
		set, rules := setOf(f.name), amd64RulesOf(f.name)
		plant := func(in inst, want string) {
			t.Helper()
			g := function{f.name, append([]inst{in}, f.insts...)}
			assert.Contains(t, strings.Join(append(faults(g, rules), unzeroed(g)...), "\n"), want, f.name)
		}
		plant(inst{op: "MOVUPS", args: "X0, (SI)", code: []byte{0x0f}}, "SSE's encoding")
		plant(inst{op: "MOVQ", args: "AX, X0", code: []byte{0x66}}, "SSE's encoding")
		plant(inst{op: "VPOPCNTD", args: "Z0, Z1", code: evex}, "an instruction beyond")
		plant(inst{op: "VPERMB", args: "Z0, Z1, Z2", code: evex}, "an instruction beyond")
		plant(inst{op: "VCVTNEPS2BF16", args: "Z0, Y1", code: evex}, "an instruction beyond")
		plant(inst{op: "ANDNQ", args: "AX, BX, CX", code: vex}, "an instruction beyond")
		plant(inst{op: "LZCNTQ", args: "AX, BX", code: []byte{0xf3}}, "an instruction beyond")
		if set == "AVX2" {
			plant(inst{op: "VPTERNLOGD", args: "$1, Y0, Y1, Y2", code: evex}, "an instruction beyond")
			plant(inst{op: "KMOVW", args: "AX, K1", code: vex}, "an instruction beyond")
		}
		for i, in := range f.insts {
			if in.op == "VZEROUPPER" {
				without := function{f.name, append(append([]inst{}, f.insts[:i]...), f.insts[i+1:]...)}
				assert.NotEmpty(t, unzeroed(without), f.name)
				planted++
			}
		}
	}
	assert.GreaterOrEqual(t, planted, len(fs), "each kernel has a VZEROUPPER")
	early := function{"f", []inst{{pc: 0, op: "VXORPS", args: "Y0, Y0, Y0"}, {pc: 1, op: "JEQ", args: "3"}, {pc: 2, op: "VZEROUPPER"}, {pc: 3, op: "RET"}}}
	assert.Len(t, unzeroed(early), 1, "around it")
	late := function{"f", []inst{{pc: 0, op: "VZEROUPPER"}, {pc: 1, op: "VMOVUPS", args: "(SI), Z1"}, {pc: 2, op: "RET"}}}
	assert.Len(t, unzeroed(late), 1, "before it")
	assert.Empty(t, unzeroed(function{"f", []inst{{pc: 0, op: "VADDPS", args: "X0, X1, X2"}, {pc: 1, op: "RET"}}}))
}
