//go:build unix

package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A mutant is one changed instruction. Its name holds no line number, so that
// what is known of it outlives edits elsewhere in the file.
type mutant struct {
	pkg   string // its folder, from the module's root
	file  string
	line  int    // from 0
	text  string // what the line becomes
	block string // the TEXT, macro or table that it stands in
	what  string // "MUL g, Y9, Y3 → deleted"
}

func (m mutant) String() string { return path.Join(m.pkg, m.file) + " " + m.block + ": " + m.what }

// A source is a file of assembly, cut into lines that bear a block's name.
type source struct {
	pkg    string
	name   string
	lines  []string
	blocks []string // of each line; "" for none
}

var (
	textHead  = regexp.MustCompile(`^TEXT ·(\w+)\(`)
	macroHead = regexp.MustCompile(`^#define (\w+)(\([^)]*\))?[ \t]*`)
	dataHead  = regexp.MustCompile(`^DATA (\w+)<>`)
	otherHead = regexp.MustCompile(`^(//|#|DATA|GLOBL)`) // a TEXT may go on after RET, but not there
	word      = regexp.MustCompile(`\w+`)
)

func readSource(pkg, name string) (*source, error) {
	b, err := os.ReadFile(filepath.Join(pkg, name))
	if err != nil {
		return nil, err
	}
	s := &source{pkg: pkg, name: name, lines: strings.Split(string(b), "\n")}
	text, macro := "", ""
	for _, l := range s.lines {
		block := ""
		if m := macroHead.FindStringSubmatch(l); m != nil {
			macro = m[1]
		}
		if m := textHead.FindStringSubmatch(l); m != nil {
			text = m[1]
		} else if otherHead.MatchString(l) {
			text = ""
		}
		if m := dataHead.FindStringSubmatch(l); m != nil {
			block = m[1]
		} else if macro != "" {
			block = macro
		} else {
			block = text
		}
		s.blocks = append(s.blocks, block)
		if !continued(l) {
			macro = ""
		}
	}
	return s, nil
}

func continued(l string) bool { return strings.HasSuffix(strings.TrimSpace(l), `\`) }

// reached returns the blocks that the kernels which this machine runs are made
// of: their TEXTs, and each macro and table that these name.
func reached(all []*source, runs func(text string) bool) map[string]bool {
	body := map[string][]string{}
	in := map[string]bool{}
	var todo []string
	for _, s := range all {
		for i, b := range s.blocks {
			if b == "" {
				continue
			}
			code, _, _ := strings.Cut(s.lines[i], "//")
			body[b] = append(body[b], word.FindAllString(code, -1)...)
			if m := textHead.FindStringSubmatch(code); m != nil && runs(m[1]) && !in[m[1]] {
				in[m[1]] = true
				todo = append(todo, m[1])
			}
		}
	}
	for len(todo) > 0 {
		b := todo[0]
		todo = todo[1:]
		for _, w := range body[b] {
			if body[w] != nil && !in[w] {
				in[w] = true
				todo = append(todo, w)
			}
		}
	}
	return in
}

// An instruction is one of the machine's, a macro's call, or a table's entry.
type instruction struct {
	head, tail string // what stands around it in the line
	op         string
	args       []string
	call       bool
}

var start = regexp.MustCompile(`^[A-Z][\w.]*`)

// parse finds the instruction of a line.
func parse(l string) (in instruction, ok bool) {
	code, comment, _ := strings.Cut(l, "//")
	if comment != "" {
		comment = "//" + comment
	}
	rest := strings.TrimRight(code, " \t")
	in.tail = comment
	if strings.HasSuffix(rest, `\`) {
		rest = strings.TrimRight(strings.TrimSuffix(rest, `\`), " \t")
		in.tail = ` \`
	}
	switch m := macroHead.FindString(rest); {
	case m != "":
		in.head, rest = strings.TrimRight(m, " \t")+" ", rest[len(m):]
	case strings.HasPrefix(rest, "\t"):
		in.head, rest = "\t", strings.TrimLeft(rest, "\t ")
	default:
		return in, false
	}
	in.op = start.FindString(rest)
	rest = rest[len(in.op):]
	switch {
	case in.op == "" || in.op == "WORD":
		return in, false // encoders are decoded by go test ./asm
	case rest == "":
		// Of a define, what follows the name is a name too.
		return in, in.head == "\t"
	case rest[0] == '(' && strings.HasSuffix(rest, ")"):
		in.call, rest = true, rest[1:len(rest)-1]
	case rest[0] == ' ':
		if in.head != "\t" && !strings.Contains(rest, ",") && !strings.Contains(rest, "(") {
			return in, false
		}
	default:
		return in, false
	}
	in.args = split(rest)
	return in, true
}

// split cuts at the commas outside of parentheses and brackets.
func split(s string) (args []string) {
	depth, from := 0, 0
	for i, r := range s {
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				args = append(args, strings.TrimSpace(s[from:i]))
				from = i + 1
			}
		}
	}
	return append(args, strings.TrimSpace(s[from:]))
}

// String is the instruction in one way of spacing.
func (in instruction) String() string {
	switch {
	case in.call:
		return in.op + "(" + strings.Join(in.args, ", ") + ")"
	case len(in.args) == 0:
		return in.op
	}
	return in.op + " " + strings.Join(in.args, ", ")
}

// with returns in with an argument replaced.
func (in instruction) with(i int, arg string) instruction {
	in.args = slices.Clone(in.args)
	in.args[i] = arg
	return in
}

// opposites replace an instruction, or the one that NEON's macros are given.
var opposites = map[string]string{
	"ADD": "SUB", "SUB": "ADD", "MUL": "ADD", "DIV": "MUL", "MIN": "ADD", "SQRT": "MOVU",
	"IADD": "VPAND", "ISHL": "VPAND", "ADDQ": "SUBQ", "ADDL": "SUBL", "ORL": "ANDL", "POPCNTL": "BSFL",
	"VANDPS": "VORPS", "VORPS": "VANDPS", "VXORPS": "VORPS", "VANDNPS": "VANDPS",
	"VPADDD": "VPSUBD", "VPAND": "VPOR", "VPSRLD": "VPSRAD", "VPSRLQ": "VPSLLQ", "VPSLLD": "VPSRLD",
	"VPMOVZXWD": "VPMOVSXWD", "VPMOVSXWD": "VPMOVZXWD", "VPACKUSDW": "VPACKSSDW",
	"VPMULLD": "VPADDD", "VPMADDWD": "VPAND", "VPADDUSW": "VPADDW",
	"VPUNPCKLQDQ": "VPUNPCKHQDQ", "VPUNPCKHQDQ": "VPUNPCKLQDQ",
	"VMAXPS": "VMINPS", "VMAXPD": "VMINPD", "VMAXSD": "VMINSD", "VMULPD": "VADDPD", "VADDPD": "VSUBPD",
	"JLT": "JLE", "JGE": "JGT", "JZ": "JNZ", "JNZ": "JZ",
	// AVX-512
	"MOVZ": "MOVU", "VMOVDQU32.Z": "VMOVDQU32", "KANDW": "KORW", "KANDNW": "KANDW", "SHRQ": "SHLQ", "NEGQ": "NOTQ",
	"CMOVQLT": "CMOVQGT", "VANDPD": "VORPD", "VPANDD": "VPORD", "VPORD": "VPANDD", "VPXORD": "VPORD", "VPANDND": "VPANDD",
	"VPMINSD": "VPMAXSD",
	// NEON
	"FADD": "FSUB", "FSUB": "FADD", "FMUL": "FADD", "FDIV": "FMUL", "FMIN": "FMAX", "FMAX": "FMIN",
	"FACGT": "FACGE", "FACGE": "FACGT", "AND16B": "EOR16B", "EOR16B": "AND16B", "INTADD": "INTSUB",
	"INTSUB": "INTADD", "ABS": "SQRT", "BLT": "BLE", "BGE": "BGT", "BEQ": "BNE", "BNE": "BEQ",
	"FMAXP": "FMAX", "FOURK": "FOURV", "ONEK": "ONEV",
}

// exchanges replace an operand that is read by another that is at hand: another
// constant, another of the three slices, another scratch register.
var exchanges = map[string]string{
	"Y0": "Y2", "Y1": "Y0", "Y2": "Y0", "Y3": "Y4", "Y4": "Y3", "Y5": "Y4", "Y6": "Y7", "Y7": "Y6",
	"Y8": "Y10", "Y9": "Y11", "Y10": "Y8", "Y11": "Y9", "Y12": "Y13", "Y13": "Y12", "Y14": "Y15", "Y15": "Y14",
	"Z0": "Z2", "Z1": "Z0", "Z2": "Z0", "Z3": "Z4", "Z4": "Z3", "Z5": "Z4", "Z6": "Z7", "Z7": "Z6",
	"Z8": "Z10", "Z9": "Z11", "Z10": "Z8", "Z11": "Z9", "Z12": "Z17", "Z13": "Z12", "Z14": "Z15", "Z15": "Z14",
	"Z16": "Z13", "Z17": "Z16", "Z18": "Z14", "Z19": "Z20", "Z20": "Z19", "Z21": "Z22", "Z22": "Z21", "Z23": "Z24",
	"Z24": "Z23", "Z25": "Z26", "Z26": "Z27", "Z27": "Z25", "Z28": "Z29", "Z29": "Z28", "Z30": "Z31", "Z31": "Z30",
	"K1": "K2", "K2": "K3", "K3": "K6", "K4": "K2", "K5": "K4", "K6": "K3",
	"X0": "X2", "X1": "X0", "X2": "X1", "X3": "X4", "X4": "X3", "MSUM": "Y7", "ZERO": "Y14",
	"p": "g", "g": "m", "m": "g", "x": "y", "y": "x", "hi": "lo", "lo": "hi",
	"ONES": "ALMOST", "ALMOST": "ONES", "HALF": "ONES", "UPPERS": "LOWERS", "LOWERS": "UPPERS", "HIGHS": "ALMOST",
	"UPPER1": "ONES", "CUTLAST": "HIGHS", "WIDEN": "HALVES", "HALVES": "WIDEN",
	"VP": "VG", "VG": "VM", "VM": "VP", "VT": "VU", "VU": "VT", "KB1": "KB2", "KB2": "KB1", "KO1": "KO2",
	"KO2": "KO1", "KLR": "KDECAY", "KDECAY": "KLR", "KZERO": "KB1",
	"F0": "F4", "F4": "F8", "F8": "F0",
}

// others is exchanges for what stands within an operand: the slices' addresses
// and the names of constants.
var others = [][2]string{
	{"(DI)", "(DX)"}, {"(SI)", "(DI)"}, {"(DX)", "(SI)"}, {"(R11)", "(DI)"}, {"(R9)", "(DI)"},
	{"(R0)", "(R1)"}, {"(R1)", "(R2)"}, {"(R2)", "(R0)"},
	{"const_cB1", "const_cB2"}, {"const_cB2", "const_cB1"}, {"const_cO1", "const_cO2"}, {"const_cO2", "const_cO1"},
	{"const_cBC1", "const_cBC2"}, {"const_cBC2", "const_cBC1"}, {"const_cLR", "const_cDecay"},
	{"args_grad", "args_momentum"}, {"args_", "8+args_"},
}

// ordered instructions give another result when their first two operands, or for
// a blend those after the mask, are exchanged.
var ordered = regexp.MustCompile(`^(SUB|DIV|MIN|BLEND[VM]|V?P?SUB\w*|VANDN\w+|VBLENDV\w+|VPACKUSDW|VPBLENDW|VM(AX|IN)[PS]\w|[FI]\w*SUB|FDIV)$`)

var (
	mask      = regexp.MustCompile(`^(K[1-6]|k)$`)
	memory    = regexp.MustCompile(`^(.*)(\((?:DI|SI|DX|R8|R9|R11|R[0-2])\))$`)
	derived   = regexp.MustCompile(`\bconst_c(Decay|NegZero|One|WD|Flip|Scale|Gamma|Eps|Kappa)\b`)
	inCall    = regexp.MustCompile(`\((\d+)\)`)
	fixed     = regexp.MustCompile(`^(Y([89]|1[0-4])|Z([89]|[1-3][0-9])|MSUM|ZERO|K[A-Z].*)$`) // registers that hold a constant or a sum
	symbol    = regexp.MustCompile(`<>\+(\d+)\(SB\)`)
	predicate = map[string][]string{"$1": {"$2"}, "$3": {"$7"}, "$7": {"$3"}, "$12": {"$4", "$0"}, "$17": {"$18"}}
)

// changes lists what can be done to an instruction, but for deleting it.
func changes(in instruction) (out []instruction) {
	if o := opposites[in.op]; o != "" {
		c := in
		c.op = o
		out = append(out, c)
	}
	if in.call && (in.op == "K" || in.op == "V") && opposites[in.args[0]] != "" {
		out = append(out, in.with(0, opposites[in.args[0]]))
	}
	if ordered.MatchString(in.op) && len(in.args) >= 3 {
		i := len(in.args) - 3 // a destination, and an immediate or mask, stand around them
		switch {
		case strings.Contains(in.op, "BLENDV"):
			i = 1
		case len(in.args) == 4 && mask.MatchString(in.args[2]):
			i = 0
		}
		a, b := in.args[i], in.args[i+1]
		if a != b {
			out = append(out, in.with(i, b).with(i+1, a))
		}
	}
	read := 0 // operands exchanged that hold no constant: one is enough
	for i, a := range in.args {
		last := i == len(in.args)-1
		switch {
		case strings.HasPrefix(a, "$"):
			if strings.Contains(in.op, "CMP") && predicate[a] != nil {
				for _, p := range predicate[a] {
					out = append(out, in.with(i, p))
				}
			} else {
				out = append(out, in.with(i, another(a)))
			}
		case memory.MatchString(a):
			m := memory.FindStringSubmatch(a)
			switch m[1] {
			case "", "0":
				out = append(out, in.with(i, "32"+m[2]))
			default:
				if !strings.Contains(m[1], "_") {
					out = append(out, in.with(i, m[2]))
				}
			}
		case exchanges[a] != "" && (!last || in.call) && (read < 1 || fixed.MatchString(a)):
			if !fixed.MatchString(a) {
				read++
			}
			out = append(out, in.with(i, exchanges[a]))
		case in.call && isNumber(a):
			out = append(out, in.with(i, next(a)))
		}
		for _, o := range others {
			if strings.Contains(a, o[0]) {
				out = append(out, in.with(i, strings.Replace(a, o[0], o[1], 1)))
				break
			}
		}
		if derived.MatchString(a) {
			out = append(out, in.with(i, derived.ReplaceAllString(a, "const_cLR")))
		}
		if m := inCall.FindStringSubmatch(a); m != nil {
			out = append(out, in.with(i, strings.Replace(a, m[0], "("+next(m[1])+")", 1)))
		}
		if m := symbol.FindStringSubmatch(a); m != nil {
			to := "<>+0(SB)"
			if m[1] == "0" {
				to = "<>+4(SB)"
			}
			out = append(out, in.with(i, strings.Replace(a, m[0], to, 1)))
		}
	}
	return out
}

func isNumber(s string) bool {
	_, err := strconv.Atoi(s)
	return err == nil
}

func next(s string) string {
	n, _ := strconv.Atoi(s)
	if n >= 16 { // bytes
		return "0"
	}
	return strconv.Itoa(n + 1)
}

// another returns another immediate: of a count its half, else the next one.
func another(imm string) string {
	n, err := strconv.ParseUint(imm[1:], 0, 64)
	switch {
	case err != nil:
		return "$(2*" + imm[1:] + ")"
	case n >= 4 && n&(n-1) == 0:
		return fmt.Sprintf("$%d", n/2)
	case n == 255: // a table of three bits
		return "$254"
	}
	return fmt.Sprintf("$%d", n+1)
}

var data = regexp.MustCompile(`^(DATA (\S+/(\d)), \$)(-?\w+)(.*)$`)

// otherData is a table's entry, of size bytes, with its lowest bit changed; of a mask,
// that is none or all of the bits, the highest.
func otherData(entry string, size int) (string, error) {
	v, err := strconv.ParseUint(entry, 0, 64)
	if n, e := strconv.ParseInt(entry, 0, 64); err != nil && e == nil {
		v, err = uint64(n), nil
	}
	ones := ^uint64(0) >> (64 - 8*size)
	if v &= ones; v == 0 || v == ones {
		return fmt.Sprintf("%#x", v^(ones>>1+1)), err
	}
	return fmt.Sprintf("%#x", v^1), err
}

// mutants lists the changes to the blocks of a source that are in use, and how
// many instructions were left out for they change speed alone.
func mutants(s *source, in map[string]bool) (out []mutant, speed int) {
	seen := map[string]int{}
	add := func(i int, text, what string) {
		m := mutant{s.pkg, s.name, i, text, s.blocks[i], what}
		if seen[m.String()]++; seen[m.String()] > 1 {
			m.what += fmt.Sprintf(" (%d)", seen[m.String()])
		}
		out = append(out, m)
	}
	for i, l := range s.lines {
		if !in[s.blocks[i]] {
			continue
		}
		if m := data.FindStringSubmatch(l); m != nil {
			size, _ := strconv.Atoi(m[3])
			if v, err := otherData(m[4], size); err == nil {
				add(i, m[1]+v+m[5], fmt.Sprintf("%s $%s → $%s", m[2], m[4], v))
			}
			continue
		}
		c, ok := parse(l)
		if !ok || c.op == "TEXT" {
			continue
		}
		if onlySpeed(c) {
			speed++
			continue
		}
		if c.op != "RET" { // the assembler refuses a TEXT without one
			add(i, c.head+c.tail, c.String()+" → deleted")
		}
		known := map[string]bool{c.String(): true}
		for _, n := range changes(c) {
			if !known[n.String()] {
				known[n.String()] = true
				add(i, n.head+n.String()+n.tail, c.String()+" → "+n.String())
			}
		}
	}
	return out, speed
}

// onlySpeed instructions can't change a result: a mutant of one would survive
// the best of tests.
func onlySpeed(in instruction) bool {
	return strings.Contains(in.op, "PREFETCH") || in.op == "PRFM" || in.op == "PCALIGN"
}
