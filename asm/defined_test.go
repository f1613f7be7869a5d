package asm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Registers are read only after they were written. No test of results notices one
// that isn't: the wrapper that Go calls assembly by happens to leave arguments in
// the very registers that the kernels read them into, and X15 zero.

var (
	register  = regexp.MustCompile(`\b(?:[XYZ](\d+)|K[0-7]|R\d+|[ABCD]X|[SD]I|BP)\b`)
	wholeReg  = regexp.MustCompile(`^` + register.String() + `$`)
	operand   = regexp.MustCompile(`(\([^)]*\)|\[[^]]*\]|[^,])+`) // commas in brackets don't end it
	maskReg   = regexp.MustCompile(`^K[0-7]$`)
	symbolic  = regexp.MustCompile(`[\w./·]+(<>)?(\+\d+)?\((FP|SB)\)`)
	zeroing   = regexp.MustCompile(`^(V?P?XOR(PS|PD|D|Q|L)?|VPCMPEQ[BWD]|KXN?OR[BWQ])$`)
	comparing = regexp.MustCompile(`^(CMP|TEST|TST|PUSH)`)
	replacing = regexp.MustCompile(`^(V|K|F?MOV|MRS|LEA|POP|BSF)`) // what stood in the destination goes
)

// registers are those that s names, a vector whatever its width as V and its number.
func registers(s string) (out []string) {
	for _, m := range register.FindAllStringSubmatch(symbolic.ReplaceAllString(s, ""), -1) {
		name := m[0]
		if m[1] != "" {
			name = "V" + m[1]
		}
		out = append(out, name)
	}
	return out
}

// uses returns the registers that an instruction reads, and the one it writes. Of
// NEON it knows those of numbers, since the vectors' stand in words.
func uses(in inst) (reads, writes []string) {
	if in.op == "RET" || in.args == "" {
		return nil, nil
	}
	ops := operand.FindAllString(in.args, -1)
	for i := range ops {
		ops[i] = strings.TrimSpace(ops[i])
	}
	last := ops[len(ops)-1]
	if !wholeReg.MatchString(last) || comparing.MatchString(in.op) {
		return registers(in.args), nil
	}
	writes = registers(last)
	ternary := strings.HasPrefix(in.op, "VPTERNLOG")
	same, masked := zeroing.MatchString(in.op), false
	for _, o := range ops[:len(ops)-1] {
		reads = append(reads, registers(o)...)
		same = same && o == last
		masked = masked || maskReg.MatchString(o) && len(ops) > 2 && !maskReg.MatchString(last)
	}
	if same || ternary && ops[0] == "$255" {
		return nil, writes // zeros or ones, whatever was there
	}
	// Elements that a mask leaves out stay, as does what two operands are made of.
	stays := masked && !strings.HasSuffix(in.op, ".Z") && !strings.HasPrefix(in.op, "VBLENDM")
	if stays || ternary || len(ops) < 3 && !replacing.MatchString(in.op) {
		reads = append(reads, writes...)
	}
	return reads, writes
}

// undefined says which registers f reads that hold, on some way there, what the
// caller left in them.
func undefined(f function) (out []string) {
	at := map[int]int{} // of a pc, the instruction
	for i, in := range f.insts {
		at[in.pc] = i
	}
	bits := map[string]uint64{}
	mask := func(names []string) (m uint64) {
		for _, n := range names {
			if bits[n] == 0 {
				bits[n] = 1 << len(bits)
			}
			m |= bits[n]
		}
		return m
	}
	written := make([]uint64, len(f.insts)+1) // before each instruction, whatever the way
	for i := range written {
		written[i] = ^uint64(0)
	}
	written[0] = mask([]string{"BP"})
	for changed := true; changed; {
		changed = false
		reach := func(i int, m uint64) {
			if written[i]&m != written[i] {
				written[i] &= m
				changed = true
			}
		}
		for i, in := range f.insts {
			_, w := uses(in)
			after := written[i] | mask(w)
			if target, err := strconv.Atoi(in.args); err == nil {
				reach(at[target], after)
			}
			if in.op != "RET" && in.op != "JMP" {
				reach(i+1, after)
			}
		}
	}
	for i, in := range f.insts {
		reads, _ := uses(in)
		for _, r := range reads {
			if written[i]&mask([]string{r}) == 0 {
				out = append(out, fmt.Sprintf("%s, %s: %s is read before it is written: %s %s", f.name, in.line, r, in.op, in.args))
			}
		}
	}
	return out
}

// TestUndefined shows what counts as a read and as a write.
func TestUndefined(t *testing.T) {
	at := func(lines ...string) function {
		f := function{name: "f"}
		for i, l := range lines {
			op, args, _ := strings.Cut(l, " ")
			f.insts = append(f.insts, inst{pc: i, op: op, args: args})
		}
		return f
	}
	for _, good := range [][]string{
		{"MOVQ n+16(FP), CX", "DECQ CX", "RET"},
		{"VXORPS Y1, Y1, Y1", "VADDPS Y1, Y1, Y2", "VMOVUPS Y2, X3"},
		{"VPTERNLOGD $255, Z1, Z1, Z1", "VPSRLD $1, Z1, Z1"},
		{"KXNORW K1, K1, K1", "MOVQ a+0(FP), R8", "VMOVUPS.Z (R8), K1, Z2", "VBLENDMPS Z2, Z2, K1, Z3"},
		{"XORL AX, AX", "JEQ 3", "XORL CX, CX", "MOVL AX, nan+8(FP)"},
		{"MOVL $1, CX", "JMP 3", "MOVL CX, AX", "ADDQ CX, CX", "JNE 2", "RET"},
		{"MOVD n+16(FP), R3", "SUBS $16, R3", "FLDPQ (R3), (F4, F5)", "FMOVS F31, R5", "MSR R5, FPCR", "BNE 1", "RET (R30)"},
		{"VPBROADCASTD X15<>+32(SB), Y1", "VPADDD X15<>+32(SB), Y1, Y2"},
	} {
		assert.Empty(t, undefined(at(good...)), "%v", good)
	}
	for _, bad := range [][]string{
		{"DECQ CX"},
		{"CMPQ CX, $3"},
		{"ADDQ $64, SI"},
		{"LEAQ (SI)(CX*4), SI"},
		{"VXORPS Y1, Y2, Y1"},
		{"VMOVUPS Y0, (DI)"},
		{"VMOVUPS (DI), Y0"},
		{"MOVL AX, nan+8(FP)"},
		{"VPADDD mixed16<>+32(SB), Y1, Y2"},
		{"VPTERNLOGD $108, Y1, Y1, Y1"},
		{"KXNORW K1, K1, K1", "VXORPS Y0, Y0, Y0", "VMOVDQU32 Y0, K1, Y2"},
		{"XORL AX, AX", "JEQ 3", "XORL CX, CX", "MOVL CX, nan+8(FP)"},
		{"JMP 2", "XORL CX, CX", "DECQ CX"},
		{"SUBS $16, R3"},
		{"FLDPQ (R1), (F4, F5)"},
		{"VLD1R.P 8(R9), [V28.D2]"},
		{"FSTPQ.P (F8, F9), 32(R0)"},
		{"VMOV R5, V30.S[0]"},
		{"LSL $2, R12"},
		{"MSR R5, FPCR"},
	} {
		assert.NotEmpty(t, undefined(at(bad...)), "%v", bad)
	}
}
