//go:build unix

// Mutate changes the instructions of the kernels one at a time, in copies of the
// module, and runs the tests: a mutant that they pass shows what they don't see.
// Run it from the module's root:
//
//	go run ./asm/mutate [-n 40] [-seed 1] [-jobs 2] [-arch arm64 | -isa avx512 | -emulate | -go] [FILE...]
//
// Each instruction that the kernels of this machine are made of, macros and
// tables included, is deleted, and changed in every way that fits it: another
// operation, another immediate, displacement, address, constant or register, or
// its operands exchanged. What is only for speed (prefetching, alignment of
// loops) is left out, since no test could notice.
//
// A mutant is killed when it fails a test of the package, short or whole, go vet
// or the checker in asm. One that nothing notices has survived; those that can't
// be noticed are known, with the reason, in explained.go. The exit status is 1 if
// another survived.
//
// Arm64 is run under qemu on another machine. AVX-512 is left out, aloud, where
// the CPU hasn't got it; with -emulate it alone is tried, in the machine that
// .ci/avx512.sh emulates. A boot takes fifty mutants, as patches of one program;
// what TestBriefly, vet and the checker leave of them, a second one puts through
// most of the short tests, minutes for each.
//
// With -go it changes the Go around the kernels instead: operators, bounds, numbers,
// conditions, statements, results, widths of conversions, and which field, parameter,
// constant or function of one type is named. All of these mutants are one program
// (goschema.go). The tests that reach a mutant are run first, and goexplained.go
// has what can't be noticed.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/cpuid/v2"
)

func main() {
	log.SetFlags(0)
	n := flag.Int("n", 0, "how many mutants, chosen at random; 0 means all")
	seed := flag.Int64("seed", 1, "of the choice")
	jobs := flag.Int("jobs", 2, "how many at a time")
	arch := flag.String("arch", runtime.GOARCH, "amd64 or arm64")
	emulated := flag.Bool("emulate", false, "try AVX-512, in an emulated machine")
	set := flag.String("isa", "", "of amd64's avx2 and avx512, the one to try")
	inside := flag.Bool("within", false, "be the program in that machine")
	match := flag.String("only", "", "only mutants whose names hold this, as \"INTERP: MUL\"")
	names := flag.String("names", "", "a file with the names of those to try, one a line, as -list has them")
	short := flag.Bool("short", false, "spare survivors the slowest tests")
	slow := flag.Int("slow", 1, "a factor of the time limits, for a busy machine")
	list := flag.Bool("list", false, "list the mutants and end")
	inGo := flag.Bool("go", false, "mutate the Go around the kernels")
	flag.Parse()
	if *inside {
		if err := runBatch(os.Stdout, 0); err != nil {
			log.Fatal(err)
		}
		return
	}
	c := choice{*n, *seed, *match, *names}
	if *inGo {
		ok, err := mutateGo(c, flag.Args(), *jobs, *short, *list)
		if err != nil {
			log.Fatal(err)
		}
		if !ok {
			os.Exit(1)
		}
		return
	}
	p, err := newPlan(*arch, *set, *emulated)
	if err != nil {
		log.Fatal(err)
	}
	all, speed, err := collect(p, flag.Args())
	if err != nil {
		log.Fatal(err)
	}
	whole := c.whole() && flag.NArg() == 0
	p.short = *short
	p.slow *= time.Duration(*slow)
	if all, err = choose(c, all); err != nil {
		log.Fatal(err)
	}
	if *list {
		for _, m := range all {
			fmt.Println(m)
		}
		return
	}
	if p.leftOut != "" {
		fmt.Println("NOT TRIED:", p.leftOut)
	}
	results, err := tryAll(p, all, *jobs)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(speed, "instructions are for speed alone")
	if !report(all, results, p.known, []result{"brief tests", "quick tests", "tables", "short tests", "go vet", "checker", "all tests"}, whole) {
		os.Exit(1)
	}
}

// A choice is which mutants are wanted.
type choice struct {
	n     int // chosen at random; 0 means all
	seed  int64
	match string // in their names
	names string // of a file
}

func (c choice) whole() bool { return c.n == 0 && c.match == "" && c.names == "" }

func choose[M fmt.Stringer](c choice, all []M) ([]M, error) {
	all = slices.DeleteFunc(all, func(m M) bool { return !strings.Contains(m.String(), c.match) })
	if c.names != "" {
		b, err := os.ReadFile(c.names)
		if err != nil {
			return nil, err
		}
		wanted := strings.Split(string(b), "\n")
		all = slices.DeleteFunc(all, func(m M) bool { return !slices.Contains(wanted, m.String()) })
	}
	if c.n > 0 && c.n < len(all) {
		rand.New(rand.NewSource(c.seed)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:c.n]
	}
	return all, nil
}

// A plan is what is tried on an architecture, and how.
type plan struct {
	arch    string
	sets    []string // of instructions: whose TEXTs are changed
	known   explanations
	leftOut string
	files   string   // patterns of the sources
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
	p := &plan{arch: arch, slow: 1, batch: 1, files: "*_" + arch + ".s", checker: "^Test(Macros|" + strings.ToUpper(arch) + ")$"}
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

// collect lists the mutants of the files, or of all.
func collect(p *plan, files []string) (all []mutant, speed int, err error) {
	names, err := filepath.Glob(p.files)
	if err != nil {
		return nil, 0, err
	}
	var sources []*source
	for i := 0; i < len(names); i++ { // grows by what is included
		s, err := readSource(names[i])
		if err != nil {
			return nil, 0, err
		}
		sources = append(sources, s)
		for _, l := range s.lines {
			h := between(l, `#include "`, `"`)
			if _, err := os.Stat(h); err == nil && !slices.Contains(names, h) { // else it is the assembler's
				names = append(names, h)
			}
		}
	}
	in := reached(sources, p.runs)
	for _, s := range sources {
		if len(files) > 0 && !slices.Contains(files, s.name) {
			continue
		}
		ms, sp := mutants(s, in)
		all, speed = append(all, ms...), speed+sp
	}
	if len(all) == 0 {
		return nil, 0, errors.New("no mutants: run it from the module's root")
	}
	return all, speed, nil
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
	checker := round{"checker", asCommand, 5 * time.Minute, []string{"test", "-count=1", "-run=" + p.checker, "./asm"}, unexplained}
	if p.within {
		few := "^Test(FusedBits|FusedNaN|KahanPaths|StochasticPaths|StochasticFused|ConvertLengths|WidenAll|NarrowEdges|GradStatsLanes|GradStatsAlone|GradStatsKernelsFinish|DigestOfStats|Tanh)$/" + p.impl +
			"|^Test(Ties|NoFalseNaN|GradStatsPaths|WalkNarrow|MixedIsWidenStepNarrow|Master|MixedNaNs|SplitIsMaster)$"
		most := "^Test(Digest|Digest16|Lengths|NaN|Values|ValuesInEveryLane|GuardPages|ConvertGuardPages|GradStatsLengths|GradStatsGuardPages)$/" + p.impl + "/none" // without tiles
		return []round{
			{"brief tests", within, 0, []string{"-test.short", "-test.failfast", "-test.run=^Test(Briefly|GradStatsKernelsFinish)$/" + p.impl}, all},
			{"tables", asTests, time.Minute, []string{"-test.run=^TestTables$"}, unexplained}, // reads the sources, anywhere
			vet, checker,
			{"quick tests", within, 0, []string{"-test.short", "-test.failfast", "-test.run=" + few}, patient},
			{"all tests", within, 0, []string{"-test.short", "-test.failfast", "-test.run=" + most}, patient},
		}
	}
	brief := "^Test(Briefly|NoFalseNaN|ConvertLengths|WidenAll|GradStatsKernelsFinish|MixedIsWidenStepNarrow|Master|SplitIsMaster|FusedBits|StochasticFused|KahanPaths|Tables|Tanh)$/" + p.impl
	quick := "^Test(Lengths|NaN|GradStats(Paths|Lengths|Lanes)|FusedNaN|StochasticPaths|ValuesInEveryLane)$/" + p.impl
	return []round{
		{"brief tests", asTests, time.Minute * p.slow, []string{"-test.short", "-test.failfast", "-test.run=" + brief}, all},
		{"quick tests", asTests, time.Minute * p.slow, []string{"-test.short", "-test.failfast", "-test.run=" + quick}, all},
		// What compares plain Go with itself sees no assembly.
		{"short tests", asTests, 2 * time.Minute * p.slow, []string{"-test.short", "-test.failfast", "-test.skip=^Test(StochasticRounds|CheckersSeeFaults|StackGrowth)$"}, unexplained},
		vet, checker,
		{"all tests", asTests, 5 * time.Minute * p.slow, []string{"-test.failfast"}, patient},
	}
}

// tryAll tries the mutants and returns what became of each.
func tryAll(p *plan, all []mutant, jobs int) ([]result, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	recipe, err := newRecipe(dir, p.arch)
	if err != nil {
		return nil, err
	}
	if p.within {
		if err := recipe.buildProgram(); err != nil {
			return nil, err
		}
	}
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		work    = make(chan int) // the first of a batch
		results = make([]result, len(all))
		failed  error
		done    int
		started = time.Now()
	)
	for j := 0; j < min(jobs, len(all)); j++ {
		b, err := newBench(recipe, filepath.Join(dir, fmt.Sprint(j)))
		if err != nil {
			return nil, err
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			err := b.build("")
			if err == nil && j == 0 {
				err = b.sound(p)
			}
			for i := range work {
				ms := all[i:min(i+p.batch, len(all))]
				rs := make([]result, len(ms))
				if err == nil {
					rs, err = b.try(p, ms)
				}
				mu.Lock()
				failed = cmp.Or(failed, err)
				done += len(ms)
				copy(results[i:], rs)
				for j, r := range rs {
					if r == survived && p.known.of(ms[j]) < 0 {
						fmt.Println("survived:", ms[j])
					}
				}
				fmt.Fprintf(os.Stderr, "\r%d of %d, %v ", done, len(all), time.Since(started).Round(time.Second))
				mu.Unlock()
			}
		}()
	}
	for i := 0; i < len(all); i += p.batch {
		work <- i
	}
	close(work)
	wg.Wait()
	fmt.Fprintln(os.Stderr)
	return results, failed
}

// sound makes sure that what is no mutant passes. An emulated machine does so
// itself, whenever it boots.
func (b *bench) sound(p *plan) error {
	for _, r := range rounds(p) {
		if r.where == within || r.who == patient {
			continue
		}
		if ok, out, err := b.passes(p, r); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("without a mutant, the %s fail, or take longer than %v\n%s", r.name, r.limit, out))
		}
	}
	return nil
}

// try says what becomes of each mutant. Those that can't be noticed get the brief
// and the quick tests alone.
func (b *bench) try(p *plan, ms []mutant) ([]result, error) {
	results := make([]result, len(ms))
	for _, r := range rounds(p) {
		var alive []int
		for i, m := range ms {
			if results[i] == "" && (r.who == all || p.known.of(m) < 0 && (r.who == unexplained || !p.short)) {
				alive = append(alive, i)
			}
		}
		judge := b.judge
		if r.where == within {
			judge = b.boot
		}
		if err := judge(p, r, ms, alive, results); err != nil {
			return results, err
		}
	}
	for i := range results {
		results[i] = cmp.Or(results[i], survived)
	}
	return results, nil
}

// judge tries those alive of the mutants in a round, and stores what became of
// those that it ends with.
func (b *bench) judge(p *plan, r round, ms []mutant, alive []int, results []result) error {
	for _, i := range alive {
		err := b.with(ms[i], r.where == asTests, func() error {
			ok, _, err := b.passes(p, r)
			if !ok {
				results[i] = r.name
			}
			return err
		})
		if errors.Is(err, errNotBuilt) {
			results[i], err = stillborn, nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// with calls f while home is m's, and the tests are built if they are wanted.
func (b *bench) with(m mutant, built bool, f func() error) error {
	path := filepath.Join(b.home, m.file)
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(string(old), "\n")
	lines[m.line] = m.text
	err = os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o666)
	if err == nil && built {
		err = b.build(m.file)
	}
	if err == nil {
		err = f()
	}
	return errors.Join(err, os.WriteFile(path, old, 0o666))
}

// passes runs a round here.
func (b *bench) passes(p *plan, r round) (ok bool, output []byte, err error) {
	args, env := append([]string{"go"}, r.args...), p.env
	switch {
	case r.where == asTests:
		args = slices.Concat(p.exec, []string{b.binary()}, r.args)
	case r.args[0] == "test": // the checker runs here, and assembles for both
		env = append(slices.Clone(env), "GOARCH="+runtime.GOARCH)
	}
	return b.run(r.limit, env, args...)
}

// report prints the score and says whether all survivors are explained; by are the
// rounds.
func report[M fmt.Stringer](all []M, results []result, known explanations, by []result, whole bool) bool {
	count := map[result]int{}
	used := map[int]int{}
	unexplained := 0
	for i, m := range all {
		count[results[i]]++
		if results[i] != survived {
			continue
		}
		if j := known.of(m); j >= 0 {
			used[j]++
		} else {
			unexplained++
			fmt.Println("survived, and not explained:", m)
		}
	}
	made := len(all) - count[stillborn]
	fmt.Printf("%d mutants, %d killed, %d survived of which %d are explained (%d more can't be built)\n",
		made, made-count[survived], count[survived], count[survived]-unexplained, count[stillborn])
	for _, r := range by {
		fmt.Printf("%6d killed by: %s\n", count[r], r)
	}
	for j, e := range known {
		switch {
		case used[j] > 0:
			fmt.Printf("%6d survived: %s\n", used[j], e.why)
		case whole:
			fmt.Printf("explained, but nothing like it survived: %s\n", e.mutants)
		}
	}
	return unexplained == 0
}
