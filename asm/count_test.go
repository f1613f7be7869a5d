package asm

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A loop is what a kernel does over and over, counted for one iteration.
type loop struct {
	elements      int // by how many CX goes down
	ops           int // vector operations, moves left out
	mul, add      int // of them multiplications; additions and subtractions
	shift         int // of them shifts, shuffles and conversions, which fewer ports can do
	twice         int // of them those that Intel's CPUs split in two
	slots         int // what begins on Zen 3's vector pipes: see begins
	loads, stores int // of vectors, also as operands of operations
	prefetches    int
	storedBytes   int
	instructions  int
	widest        int // bytes of the widest register
}

var (
	vectorRegister = regexp.MustCompile(`\b([XYZ])\d+\b`)
	move           = regexp.MustCompile(`^V(MOV(UPS|UPD|DQU\w*|SS|SD)|BROADCASTS[SD]|PBROADCAST[DQ])$`)
	multiplies     = regexp.MustCompile(`^VMULP[SD]$`)
	adds           = regexp.MustCompile(`^V(ADD|SUB)P[SD]$`)
	shifts         = regexp.MustCompile(`^V(PS[RL]L[DQ]|PSHUF\w+|PERM\w+|PMOV[SZ]X\w+|PMOV(DW|WB)|PACK\w+|PUNPCK\w+|CVT\w+)$`)
	splits         = regexp.MustCompile(`^V(BLENDVP[SD]|CVTPS2PH|CVTPH2PS|ROUNDP[SD])$`)
	splitsZen      = regexp.MustCompile(`^V(CVTPS2PH|CVTPH2PS|PERM[QD])$`)
	loadsAlone     = regexp.MustCompile(`^V(MOV(UPS|UPD|DQU\w*)|P?BROADCAST\w+)$`)
	widths         = map[string]int{"X": 16, "Y": 32, "Z": 64}
)

// storeWidth is how many bytes an instruction that stores to memory writes there.
func storeWidth(in inst) int {
	m := vectorRegister.FindAllStringSubmatch(in.args, -1)
	if len(m) == 0 {
		return 0
	}
	n := widths[m[len(m)-1][1]]
	switch in.op {
	case "VCVTPS2PH", "VPMOVDW":
		return n / 2
	case "VMOVSS", "VEXTRACTPS":
		return 4
	case "VMOVSD":
		return 8
	}
	return n
}

// mainLoop finds the backward jump that spans most vector operations and counts
// what it jumps over.
func mainLoop(f function) (best loop) {
	for i, jump := range f.insts {
		target, err := strconv.Atoi(jump.args)
		if err != nil || jump.op[0] != 'J' || target >= jump.pc {
			continue
		}
		var l loop
		for _, in := range f.insts[:i+1] {
			if in.pc >= target {
				l.count(in)
			}
		}
		if l.ops > best.ops {
			best = l
		}
	}
	return best
}

// count adds an instruction.
func (l *loop) count(in inst) {
	l.instructions++
	switch {
	case strings.HasPrefix(in.op, "PREFETCH"):
		l.prefetches++
		return
	case in.op == "SUBQ" && in.args[0] == '$':
		n, _, _ := strings.Cut(in.args[1:], ",")
		l.elements, _ = strconv.Atoi(n)
		return
	case in.op[0] != 'V':
		return
	}
	for _, m := range vectorRegister.FindAllStringSubmatch(in.args, -1) {
		l.widest = max(l.widest, widths[m[1]])
	}
	memory := strings.Contains(in.args, "(")
	stores := strings.HasSuffix(in.args, ")")
	switch {
	case stores:
		l.stores++
		l.storedBytes += storeWidth(in)
	case memory:
		l.loads++
	}
	l.slots += begins(in.op, memory && !stores, stores)
	if move.MatchString(in.op) {
		return
	}
	l.ops++
	for _, c := range []struct {
		class *regexp.Regexp
		n     *int
	}{{multiplies, &l.mul}, {adds, &l.add}, {shifts, &l.shift}, {splits, &l.twice}} {
		if c.class.MatchString(in.op) {
			*c.n++
		}
	}
}

// begins is how many of the four vector operations that Zen 3 begins in a cycle an
// instruction takes, as measured there for vectors of 32 bytes: a store takes one and
// so does a load by itself, but an operand in memory none; conversions from and to
// halves and what crosses lanes take two.
func begins(op string, loads, stores bool) (n int) {
	if !move.MatchString(op) {
		n++
	}
	if splitsZen.MatchString(op) {
		n++
	}
	if stores || loads && n == 0 && loadsAlone.MatchString(op) {
		n++
	}
	return n
}

// bound is how many cycles 16 elements take at least where so many vector
// operations, two loads and a store can begin in a cycle.
func (l loop) bound(ops, opsPerCycle int) (cycles float64, what string) {
	for _, b := range []struct {
		cycles float64
		what   string
	}{
		{float64(ops) / float64(opsPerCycle), "operations"},
		{float64(l.loads+l.prefetches) / 2, "loads"},
		{float64(l.stores), "stores"},
	} {
		if c := b.cycles * 16 / float64(l.elements); c > cycles {
			cycles, what = c, b.what
		}
	}
	return cycles, what
}

// writes gives the bytes that a kernel stores for an element, by the storage in
// its name.
var writes = []struct {
	in    string
	bytes int
}{
	{"MasterBF16M16", 4 + 2 + 2}, {"MasterBF16", 4 + 4 + 2}, {"MasterF16", 4 + 4 + 2}, {"F32M16", 4 + 2},
	{"Split", 2 + 2 + 2}, {"Kahan", 2 + 2 + 2}, {"BF16", 2 + 2}, {"F16", 2 + 2}, {"F32", 4 + 4}, {"F64", 8 + 8},
}

// steps are the kernels that step: others count, or are parts of compositions.
var steps = regexp.MustCompile(`^(paper|momentumFirst|cautious|biasCorrected|refined|smooth)\w*(AVX2|AVX512)$`)

// TestCount counts the vector operations of the kernels' main loops, and with -v
// prints them for 16 elements, with the cycles that they take at least on CPUs that
// begin two loads, a store and so many vector operations in a cycle: four on Zen
// (Zen 5 for 512 bits), three on Intel (two for 512 bits). On Zen, stores and loads by
// themselves are counted among them for AVX2, as measured on Zen 3. What a CPU splits
// is counted once, but for blends and IEEE halves on Intel, halves and permutations on
// Zen 3, and no port is counted by itself; so these are bounds, not forecasts. A kernel is one pass: it stores what
// its scheme stores, once.
//
//	go test ./asm -run Count -v
func TestCount(t *testing.T) {
	var table strings.Builder
	fmt.Fprintln(&table, "| kernel | operations | × | ± | shift, shuffle, convert | loads | prefetches | stores | Zen | Intel |")
	fmt.Fprintln(&table, "|---|---|---|---|---|---|---|---|---|---|")
	n := 0
	for _, f := range listing(t, "amd64") {
		if !steps.MatchString(f.name) {
			continue
		}
		n++
		l := mainLoop(f)
		require.NotZero(t, l.elements, f.name)
		for _, w := range writes {
			if strings.Contains(f.name, w.in) {
				assert.Equal(t, w.bytes*l.elements, l.storedBytes, "%s: bytes stored in an iteration of %d elements", f.name, l.elements)
				break
			}
		}
		wide := 64
		if strings.HasSuffix(f.name, "AVX2") {
			wide = 32
		}
		assert.Equal(t, wide, l.widest, "%s: widest register", f.name)
		per := func(n int) string { return fmt.Sprintf("%.3g", float64(n)*16/float64(l.elements)) }
		cycles := func(ops, opsPerCycle int) string {
			c, what := l.bound(ops, opsPerCycle)
			return fmt.Sprintf("%.3g %s", c, what)
		}
		zen, intel := cycles(l.slots, 4), cycles(l.ops+l.twice, 3)
		if wide == 64 {
			zen, intel = cycles(l.ops, 4), cycles(l.ops, 2)
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", f.name,
			per(l.ops), per(l.mul), per(l.add), per(l.shift), per(l.loads), per(l.prefetches), per(l.stores), zen, intel)
	}
	assert.Greater(t, n, 0)
	t.Log("\n" + table.String())
}

// TestCountSees shows what counts as what.
func TestCountSees(t *testing.T) {
	f := function{"f", []inst{
		{pc: 0, op: "VADDPS", args: "Y1, Y2, Y3"},
		{pc: 4, op: "PREFETCHT0", args: "2048(DI)"},
		{pc: 8, op: "VMOVUPS", args: "(DI), Y0"},
		{pc: 12, op: "VMULPS", args: "(SI), Y0, Y1"},
		{pc: 16, op: "VADDPS", args: "Y1, Y0, Y0"},
		{pc: 20, op: "VPSRLD", args: "$16, Y0, Y2"},
		{pc: 24, op: "VCVTPS2PH", args: "$0, Y0, (DX)"},
		{pc: 28, op: "VMOVUPS", args: "Y0, (DI)"},
		{pc: 32, op: "ADDQ", args: "$32, DI"},
		{pc: 36, op: "SUBQ", args: "$8, CX"},
		{pc: 40, op: "JNE", args: "4"},
		{pc: 44, op: "JMP", args: "99"},
	}}
	assert.Equal(t, loop{elements: 8, ops: 4, mul: 1, add: 1, shift: 2, twice: 1, slots: 8, loads: 2, stores: 2, prefetches: 1,
		storedBytes: 16 + 32, instructions: 10, widest: 32}, mainLoop(f))
}
