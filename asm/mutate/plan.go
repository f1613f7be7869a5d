//go:build unix

package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// A plan is what is tried on an architecture, and how.
type plan struct {
	arch    string
	sets    []string // of instructions: whose TEXTs are changed
	known   explanations
	leftOut string
	impl    string   // whose tests are run first
	exec    []string // what runs the tests
	env     []string
	slow    time.Duration // factor of the time limits
	checker string        // the tests in asm
	short   bool          // without the slowest tests
	batch   int           // how many mutants are tried together
	within  bool          // in an emulated machine
}

func newPlan(arch, set string, emulated bool) (*plan, error) {
	p := &plan{arch: arch, slow: 1, batch: 1, checker: "^Test(Macros|" + strings.ToUpper(arch) + ")$"}
	hasAVX512 := cpuid.CPU.Supports(cpuid.AVX512F, cpuid.AVX512CD, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL)
	switch {
	case set != "" && (arch != "amd64" || set != "avx2" && set != "avx512"):
		return nil, fmt.Errorf("no %s to choose on %s", set, arch)
	case emulated:
		if arch != "amd64" || set == "avx2" {
			return nil, errors.New("what is emulated is amd64's AVX-512")
		}
		p.sets, p.within, p.batch = []string{"avx512"}, true, 50
		p.env = []string{"LION_F16_TIES=away"}
	case arch == "amd64":
		if runtime.GOARCH != arch || !cpuid.CPU.Supports(cpuid.AVX2) {
			return nil, errors.New("amd64 needs a CPU with AVX2")
		}
		p.sets = []string{"avx2", "avx512"}
		if set != "" {
			p.sets = []string{set}
		} else if !hasAVX512 {
			p.sets = []string{"avx2"}
			p.leftOut = "AVX-512, which this CPU hasn't got: its TEXTs and avx512_amd64.h"
		}
		if set == "avx512" && !hasAVX512 {
			return nil, errors.New("this CPU hasn't got AVX-512: try -emulate")
		}
	case arch == "arm64":
		p.sets = []string{"neon"}
		if runtime.GOARCH != arch {
			p.exec, p.slow = []string{"qemu-aarch64-static"}, 10
			p.env = append(p.env, "LION_EXEC=qemu-aarch64-static")
		}
	default:
		return nil, fmt.Errorf("no kernels for %q", arch)
	}
	p.impl = "(" + strings.Join(p.sets, "|") + ")"
	p.env = append(p.env, "LION_REQUIRE="+strings.Join(p.sets, ","))
	p.known = explained.trying(p.sets)
	return p, nil
}

// runs says whether a TEXT is of an instruction set that is tried.
func (p *plan) runs(text string) bool {
	return slices.ContainsFunc(p.sets, func(set string) bool { return strings.HasSuffix(text, strings.ToUpper(set)) })
}

// A result is what became of a mutant: the round that killed it, or survived,
// or stillborn.
type result string

const (
	survived  result = "survived"
	stillborn result = "can't be built"
)

// A round is a check that may kill; the cheap ones come first.
type round struct {
	name  result
	where place
	limit time.Duration // of one mutant; tests within have their own
	args  []string
	who   who
}

// who gets a round: all, those whose survival isn't explained, or, of these, not
// with -short.
type who int

const (
	all who = iota
	unexplained
	patient
)

// A place is what runs a round.
type place int

const (
	asTests   place = iota // the tests, args theirs
	asCommand              // the go command
	within                 // the tests in an emulated machine
)

func rounds(p *plan) []round {
	vet := round{"go vet", asCommand, 2 * time.Minute, []string{"vet", "."}, unexplained}
	checker := round{"checker", asCommand, 5 * time.Minute, []string{"test", "-count=1", "-run=" + p.checker, module + "/asm"}, unexplained}
	if p.within {
		// Without tiles, which run float32's kernels, and not on other CPUs' loads alone.
		of := func(properties string) string {
			return "^TestPathsAgree$/" + p.impl + "($|,_by)//^(" + properties + ")$"
		}
		few := of("briefly|noFalseNaN|tanh|hard|float32|random|oracle|kahan|widen|narrowEdges|lanes|alone|finishes|fused|fusedNaN") + "|^Test(DigestOfStats|SplitIsMaster)$"
		most := of("lengths|edges|split|NaN|classes|lanes|guardPages|concurrent|special|extremes|fusedLengths|fusedGuardPages") + "|^Test(Digest|Digest16)$/" + p.impl + "$"
		return []round{
			{"brief tests", within, 0, []string{"-test.short", "-test.failfast", "-test.run=" + of("briefly|noFalseNaN|finishes|fused")}, all},
			{"tables", asTests, time.Minute, []string{"-test.run=^TestTables$"}, unexplained}, // reads the sources, anywhere
			vet, checker,
			{"quick tests", within, 0, []string{"-test.short", "-test.failfast", "-test.run=" + few}, patient},
			{"all tests", within, 0, []string{"-test.short", "-test.failfast", "-test.run=" + most}, patient},
		}
	}
	brief := "^TestPathsAgree$/" + p.impl + "//^(briefly|noFalseNaN|tanh|hard|float32|random|finishes|fused|fusedNaN)$|^TestTables$"
	quick := "^Test(PathsAgree|Digest|Digest16)$/" + p.impl
	return []round{
		{"brief tests", asTests, time.Minute * p.slow, []string{"-test.short", "-test.failfast", "-test.run=" + brief}, all},
		{"quick tests", asTests, 3 * time.Minute * p.slow, []string{"-test.short", "-test.failfast", "-test.run=" + quick}, all},
		// What compares plain Go with itself sees no assembly.
		{"short tests", asTests, 4 * time.Minute * p.slow, []string{"-test.short", "-test.failfast", "-test.skip=^Test(StackGrowth|(Fused)?PropertiesSee)$|^TestPathsAgree$///^randomMean$"}, unexplained},
		vet, checker,
		{"all tests", asTests, 5 * time.Minute * p.slow, []string{"-test.failfast"}, patient},
	}
}
