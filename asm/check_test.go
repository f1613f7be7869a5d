package asm

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An inst is an assembled instruction, macros expanded.
type inst struct {
	pc   int
	line string // of the source
	op   string
	args string
	code []byte // its first bytes
}

// A function is a TEXT as it was assembled.
type function struct {
	name  string
	insts []inst
}

var (
	textLine = regexp.MustCompile(`^\S*lion(?:/internal/\w+)?\.(\w+) STEXT`)
	instLine = regexp.MustCompile(`^\t0x[0-9a-f]+ (\d+) \(([^)]*\.s:\d+)\)\t(\S+)(?:\t(.*))?$`)
	hexLine  = regexp.MustCompile(`^\t0x([0-9a-f]{4}) ((?:[0-9a-f]{2} )+)`)
)

// listing assembles the module's packages for an architecture and returns their
// kernels, which are the functions that come from a .s file.
func listing(t *testing.T, arch string) []function {
	t.Helper()
	command := func(args ...string) *exec.Cmd {
		cmd := exec.Command("go", args...)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "GOARCH="+arch, "GOOS=linux", "CGO_ENABLED=0", "GOFLAGS=")
		return cmd
	}
	packages, err := command("list", "-f", "{{if .SFiles}}{{.ImportPath}}{{end}}", ".", "./internal/...").Output()
	require.NoError(t, err)
	cmd := command(append([]string{"build", "-asmflags=-S"}, strings.Fields(string(packages))...)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	var fs []function
	var bytesOf [][]byte
	for _, l := range strings.Split(string(out), "\n") {
		if m := textLine.FindStringSubmatch(l); m != nil {
			fs = append(fs, function{name: m[1]})
			bytesOf = append(bytesOf, nil)
		}
		if len(fs) == 0 {
			continue
		}
		f := &fs[len(fs)-1]
		if m := instLine.FindStringSubmatch(l); m != nil {
			pc, _ := strconv.Atoi(m[1])
			switch m[3] {
			case "TEXT", "FUNCDATA", "PCDATA", "NOP":
			default:
				f.insts = append(f.insts, inst{pc: pc, line: filepath.Base(m[2]), op: m[3], args: m[4]})
			}
		} else if m := hexLine.FindStringSubmatch(l); m != nil {
			for _, h := range strings.Fields(m[2]) {
				b, _ := strconv.ParseUint(h, 16, 8)
				bytesOf[len(fs)-1] = append(bytesOf[len(fs)-1], byte(b))
			}
		}
	}
	for i := range fs {
		for j := range fs[i].insts {
			in := &fs[i].insts[j]
			require.Less(t, in.pc, len(bytesOf[i]), "%s: no bytes listed at %s", fs[i].name, in.line)
			in.code = bytesOf[i][in.pc:]
		}
	}
	return fs
}

// A rule says what is wrong with an instruction, given the one before it.
type rule struct {
	name  string
	wrong func(in inst, before inst) bool
}

var (
	fused   = regexp.MustCompile(`^(VFN?M(ADD|SUB|ADDSUB|SUBADD)\d|FN?M(ADD|SUB)|VFML|FMLA|FMLS)`)
	wide    = regexp.MustCompile(`\b(Z\d+|K[0-7]|[XY](1[6-9]|2\d|3[01]))\b`)
	reserve = regexp.MustCompile(`\b(R14|R15|BP)\b|\bSP\b`)
	arg     = regexp.MustCompile(`\b(a|nan)\+\d+\(FP\)`)
	noFused = rule{"a fused multiply-add", func(in, _ inst) bool { return fused.MatchString(in.op) }}
	noCall  = rule{"a call", func(in, _ inst) bool { return in.op == "CALL" || in.op == "BL" }}
)

// evex: AVX-512 instructions begin with the byte 62, which begins nothing else
// in 64-bit code.
func evex(in inst) bool { return len(in.code) > 0 && in.code[0] == 0x62 }

var amd64Rules = []rule{
	noFused, noCall,
	{"a reserved register", func(in, _ inst) bool { return reserve.MatchString(arg.ReplaceAllString(in.args, "")) }},
	legacy,
	{"an aligned move", func(in, _ inst) bool { return regexp.MustCompile(`^V?MOV(APS|APD|DQA|NT)`).MatchString(in.op) }},
}

var avx2Rules = append([]rule{
	{"an EVEX encoding", func(in, _ inst) bool { return evex(in) }},
	{"a register of AVX-512", func(in, _ inst) bool { return wide.MatchString(in.args) }},
	beyond(avx2Level),
}, amd64Rules...)

var avx512Rules = append([]rule{beyond(avx512Level)}, amd64Rules...)

// setOf is the instruction set that a kernel is for, by its name.
func setOf(name string) string {
	for _, set := range []string{"AVX2", "AVX512", "NEON"} {
		if strings.HasSuffix(name, set) || strings.HasPrefix(name, strings.ToLower(set)+"_") {
			return set
		}
	}
	return ""
}

// amd64RulesOf are the rules for a kernel.
func amd64RulesOf(name string) []rule {
	if setOf(name) == "AVX2" {
		return avx2Rules
	}
	return avx512Rules
}

var arm64Rules = []rule{
	noFused, noCall, beyondARM,
	{"a reserved register", func(in, _ inst) bool {
		return in.op != "RET" && regexp.MustCompile(`\b(R18|R27|R28|R29|R30)\b`).MatchString(in.args)
	}},
}

// withoutFrame leaves out what the assembler adds around a function with a frame,
// and where the function takes the address of that frame, aligned: vectors of
// constants lie there. Any other use of SP or BP stays in.
func withoutFrame(insts []inst) (out []inst) {
	is := func(i int, op, args string) bool {
		return i < len(insts) && insts[i].op == op && insts[i].args == args
	}
	if len(insts) < 3 || !is(0, "PUSHQ", "BP") || !is(1, "MOVQ", "SP, BP") || insts[2].op != "SUBQ" {
		return insts
	}
	for i := 3; i < len(insts); i++ {
		switch {
		case is(i, "ADDQ", insts[2].args) && is(i+1, "POPQ", "BP") && is(i+2, "RET", ""):
			i++
		case is(i, "LEAQ", "31(SP), R12") && is(i+1, "ANDQ", "$-32, R12"):
			i++
		default:
			out = append(out, insts[i])
		}
	}
	return out
}

// faults returns what is wrong with f by the rules.
func faults(f function, rules []rule) (out []string) {
	var before inst
	for _, in := range withoutFrame(f.insts) {
		for _, r := range rules {
			if r.wrong(in, before) {
				out = append(out, fmt.Sprintf("%s, %s: %s: %s %s", f.name, in.line, r.name, in.op, in.args))
			}
		}
		before = in
	}
	return out
}

// TestAMD64 checks every instruction of the AVX2 and AVX-512 kernels.
func TestAMD64(t *testing.T) {
	seen := map[string]int{}
	for _, f := range listing(t, "amd64") {
		set := setOf(f.name)
		if !assert.Contains(t, []string{"AVX2", "AVX512"}, set, "%s: of which instruction set?", f.name) {
			continue
		}
		if !strings.Contains(f.name, "Sums") && !strings.Contains(f.name, "Narrow") { // AVX-512 has two forms of some
			seen[set]++
		}
		assert.Empty(t, faults(f, amd64RulesOf(f.name)))
		assert.Empty(t, unzeroed(f))
		assert.Empty(t, undefined(f))
	}
	assert.Greater(t, seen["AVX2"], 0)
	assert.Equal(t, seen["AVX2"], seen["AVX512"])
	t.Log(seen)
}

// TestARM64 checks every instruction of the NEON kernels, and that they restore
// FPCR.
func TestARM64(t *testing.T) {
	n := 0
	for _, f := range listing(t, "arm64") {
		n++
		assert.Equal(t, "NEON", setOf(f.name), "%s: of which instruction set?", f.name)
		assert.Empty(t, faults(f, arm64Rules))
		assert.Empty(t, floatControl(f))
		assert.Empty(t, undefined(f))
	}
	assert.Greater(t, n, 0)
}

// floatControl says what is wrong with how f treats FPCR: what was read from it
// must be put back, last.
func floatControl(f function) string {
	kept, last := "", ""
	for _, in := range f.insts {
		from, to, _ := strings.Cut(in.args, ", ")
		switch {
		case in.op == "MRS" && from == "FPCR" && last == "":
			kept = to
		case in.op == "MSR" && to == "FPCR":
			last = from
		case kept != "" && to == kept:
			kept = "lost"
		}
	}
	if last != kept {
		return fmt.Sprintf("%s: FPCR was kept in %q and restored from %q", f.name, kept, last)
	}
	return ""
}

// TestRulesSeeFaults shows that the rules above can fail.
func TestRulesSeeFaults(t *testing.T) {
	for _, c := range []struct {
		rules []rule
		insts []inst
		want  string
	}{
		{avx2Rules, []inst{{op: "VPTERNLOGD", args: "$108, Y1, Y2, Y3", code: []byte{0x62}}}, "an EVEX encoding"},
		{avx2Rules, []inst{{op: "VADDPS", args: "Y1, Y2, Y16", code: []byte{0xc5}}}, "a register of AVX-512"},
		{avx2Rules, []inst{{op: "VFMADD231PS", args: "Y1, Y2, Y3", code: []byte{0xc4}}}, "a fused multiply-add"},
		{amd64Rules, []inst{{op: "CALL", args: "runtime.x(SB)", code: []byte{0xe8}}}, "a call"},
		{amd64Rules, []inst{{op: "MOVQ", args: "R14, AX", code: []byte{0x4c}}}, "a reserved register"},
		{amd64Rules, []inst{{op: "MOVUPS", args: "X0, 8(SP)", code: []byte{0x0f}}}, "a reserved register"},
		{amd64Rules, []inst{{op: "VMOVAPS", args: "(DI), Y0"}}, "an aligned move"},
		{arm64Rules, []inst{{op: "VFMLA", args: "V0.S4, V1.S4, V2.S4"}}, "a fused multiply-add"},
		{arm64Rules, []inst{{op: "MOVD", args: "R18, R0"}}, "a reserved register"},
	} {
		got := faults(function{"f", c.insts}, c.rules)
		assert.Contains(t, strings.Join(got, "\n"), c.want)
	}
	keep, set, restore := inst{op: "MRS", args: "FPCR, R9"}, inst{op: "MSR", args: "R5, FPCR"}, inst{op: "MSR", args: "R9, FPCR"}
	assert.Empty(t, floatControl(function{"f", []inst{keep, set, restore}}))
	for _, bad := range [][]inst{{keep, set}, {set}, {keep, restore, set}, {keep, set, {op: "MOVD", args: "R0, R9"}, restore}} {
		assert.NotEmpty(t, floatControl(function{"f", bad}))
	}
	frame := []inst{
		{op: "PUSHQ", args: "BP"}, {op: "MOVQ", args: "SP, BP"}, {op: "SUBQ", args: "$192, SP"},
		{op: "LEAQ", args: "31(SP), R12"}, {op: "ANDQ", args: "$-32, R12"},
		{op: "VZEROUPPER"}, {op: "ADDQ", args: "$192, SP"}, {op: "POPQ", args: "BP"}, {op: "RET"},
	}
	assert.Empty(t, faults(function{"f", frame}, avx2Rules))
	for i := range frame[:8] {
		f := function{"f", append(append([]inst{}, frame[:i]...), frame[i+1:]...)}
		assert.Equal(t, i == 3 || i == 5, len(faults(f, avx2Rules)) == 0, "without %v", frame[i])
	}
	assert.Empty(t, faults(function{"f", []inst{{op: "MOVQ", args: "a+8(FP), R8"}, {op: "VZEROUPPER"}, {op: "MOVL", args: "AX, nan+16(FP)"}, {op: "RET"}}}, avx2Rules))
}

// sources returns the assembly sources and headers of the module, by their paths.
func sources(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range []string{"../*.[sh]", "../internal/*/*.[sh]"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, n := range names {
			b, err := os.ReadFile(n)
			require.NoError(t, err)
			out[strings.TrimPrefix(filepath.ToSlash(n), "../")] = string(b)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// macroFaults finds what must stay out of macros: go vet checks frames, results and
// RET outside of them alone.
func macroFaults(name, text string) (out []string) {
	inside := false
	for i, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(l, "#define") {
			inside = true
		}
		if inside {
			code, _, _ := strings.Cut(l, "//")
			for _, bad := range []string{"(FP)", "TEXT", "\tRET"} {
				if strings.Contains(code, bad) {
					out = append(out, fmt.Sprintf("%s:%d: %s in a macro", name, i+1, strings.TrimSpace(bad)))
				}
			}
			inside = strings.HasSuffix(strings.TrimSpace(l), `\`)
		}
	}
	return out
}

// jump is one of either architecture, written outside of a macro.
var jump = regexp.MustCompile(`^\t(J[A-Z]+|B|B(EQ|NE|L[EOST]|G[ET]|H[IS]|C[CS]|MI|PL|V[CS])|CBN?ZW?|TBN?Z)[ \t]+(\w+, )*\w+$`)

// jumpFaults finds jumps that stand in a TEXT: its loop is a macro, so that head, body
// and tail can't be of different rules.
func jumpFaults(name, text string) (out []string) {
	inside := false
	for i, l := range strings.Split(text, "\n") {
		macro := inside || strings.HasPrefix(l, "#define")
		inside = macro && strings.HasSuffix(strings.TrimSpace(l), `\`)
		code, _, _ := strings.Cut(l, "//")
		if !macro && jump.MatchString(strings.TrimRight(code, " \t")) {
			out = append(out, fmt.Sprintf("%s:%d: a jump outside of a macro:%s", name, i+1, l))
		}
	}
	return out
}

func TestMacros(t *testing.T) {
	for name, text := range sources(t) {
		assert.Empty(t, macroFaults(name, text))
		assert.Empty(t, jumpFaults(name, text))
	}
	assert.Empty(t, jumpFaults("x", "#define A(x) \\\nloop: \\\n\tDECQ x \\\n\tJNZ loop\n"))
	assert.Len(t, jumpFaults("x", "TEXT ·f(SB)\nloop:\n\tDECQ CX // left\n\tJNZ  loop // on\n\tCBNZ R4, loop\n\tBNE loop\n\tRET\n"), 3)
	assert.Len(t, macroFaults("x", "#define A(x) \\\n\tMOVQ a+0(FP), x \\\n\tRET\nTEXT ·f(SB)\n\tRET\n"), 2)
}

// An encoder's name is the mnemonic, the arrangement of its first operand and, if
// it differs, that of its destination.
var encoder = regexp.MustCompile(`(?m)^#define (\w+?)_?(4S|2D|16B|8H|4H|2S)(4S|8H|4H|2D)?\(([\w, ]+)\)\s+WORD \$\((.*)\)$`)

// TestWords decodes what each encoder macro of NEON makes, for several
// registers, and compares instruction, arrangement and operands with its name.
func TestWords(t *testing.T) {
	defs := map[string][]string{} // one of each, though packages have copies
	for name, s := range sources(t) {
		found := encoder.FindAllStringSubmatch(s, -1)
		assert.Equal(t, strings.Count(s, "WORD $"), len(found), "%s: a WORD outside the encoders", name)
		for _, d := range found {
			defs[d[0]] = d
		}
	}
	require.NotEmpty(t, defs)
	var src, want strings.Builder
	src.WriteString("#include \"textflag.h\"\n")
	for _, d := range defs {
		src.WriteString(d[0] + "\n")
	}
	src.WriteString("TEXT ·words(SB), NOSPLIT, $0\n")
	for _, d := range defs {
		first, last := strings.ToLower(d[2]), strings.ToLower(d[3])
		middle := first
		if last == "" {
			last = first
		} else if last == "4s" {
			middle = last // n of three is the wider
		}
		mnemonic, zero := strings.CutSuffix(strings.ToLower(d[1]), "zero")
		name, _, _ := strings.Cut(strings.TrimPrefix(d[0], "#define "), "(")
		params := strings.Split(strings.ReplaceAll(d[4], " ", ""), ",")
		for _, r := range [][3]int{{0, 1, 2}, {31, 30, 29}, {5, 17, 31}, {16, 8, 4}} {
			use := r[3-len(params):]
			v := make([]string, len(params))
			for i, n := range use {
				arrangement := middle
				if i == 0 {
					arrangement = first
				} else if i == len(params)-1 {
					arrangement = last
				}
				v[i] = fmt.Sprintf("v%d.%s", n, arrangement)
			}
			call := make([]string, len(params))
			for i, n := range use {
				call[i] = strconv.Itoa(n)
			}
			if params[0] == "shift" {
				v[0], call[0] = "#5", "5"
			}
			fmt.Fprintf(&src, "\t%s(%s)\n", name, strings.Join(call, ", "))
			// GNU syntax has the destination first.
			gnu := mnemonic + " " + v[len(v)-1]
			for i := len(v) - 2; i >= 0; i-- {
				gnu += ", " + v[i]
			}
			if zero {
				gnu += ", #0"
			}
			want.WriteString(gnu + "\n")
		}
	}
	src.WriteString("\tRET\n")
	got := decode(t, src.String())
	for i, w := range strings.Split(strings.TrimSpace(want.String()), "\n") {
		require.Less(t, i, len(got))
		assert.Equal(t, w, got[i])
	}
}

// decode assembles the function words for arm64 and disassembles it.
func decode(t *testing.T, src string) []string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, s string) { require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(s), 0o666)) }
	write("go.mod", "module words\n\ngo 1.22\n")
	write("main.go", "package main\n\nfunc words()\n\nfunc main() { words() }\n")
	write("words_arm64.s", src)
	run := func(args ...string) []byte {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux", "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return out
	}
	run("build", "-o", "words", ".")
	var insts []string
	for _, l := range bytes.Split(run("tool", "objdump", "-gnu", "-s", `main\.words`, "words"), []byte("\n")) {
		if _, gnu, ok := strings.Cut(string(l), "// "); ok && strings.Contains(string(l), "words_arm64.s") {
			insts = append(insts, strings.Join(strings.Fields(gnu), " "))
		}
	}
	return insts
}
