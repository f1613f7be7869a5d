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
// what the brief tests, vet and the checker leave of them, a second one puts through
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

// tryAll tries the mutants, of one package after the other, and returns what became
// of each.
func tryAll(p *plan, all []mutant, jobs int) ([]result, error) {
	results := make([]result, len(all))
	byPackage := map[string][]int{}
	var pkgs []string
	for i, m := range all {
		if byPackage[m.pkg] == nil {
			pkgs = append(pkgs, m.pkg)
		}
		byPackage[m.pkg] = append(byPackage[m.pkg], i)
	}
	progress := newProgress(len(all))
	for _, pkg := range pkgs {
		is := byPackage[pkg]
		ms := make([]mutant, len(is))
		for k, i := range is {
			ms[k] = all[i]
		}
		rs, err := tryPackage(p, pkg, ms, jobs, progress)
		if err != nil {
			return nil, err
		}
		for k, i := range is {
			results[i] = rs[k]
		}
	}
	return results, nil
}

// tryPackage tries the mutants of a package.
func tryPackage(p *plan, pkg string, all []mutant, jobs int, progress *progress) ([]result, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	recipe, err := newRecipe(dir, p.arch, pkg)
	if err != nil {
		return nil, err
	}
	if p.within {
		if err := recipe.buildProgram(); err != nil {
			return nil, err
		}
	}
	benches := make([]*bench, min(jobs, len(all)))
	for j := range benches {
		if benches[j], err = newBench(recipe, filepath.Join(dir, fmt.Sprint(j))); err != nil {
			return nil, err
		}
		if err := benches[j].build(""); err != nil {
			return nil, err
		}
	}
	if err := benches[0].sound(p); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	results := make([]result, len(all))
	var failed error
	each(jobs, (len(all)+p.batch-1)/p.batch, func(job, batch int) {
		i := batch * p.batch
		ms := all[i:min(i+p.batch, len(all))]
		rs, err := benches[job].try(p, ms)
		mu.Lock()
		defer mu.Unlock()
		failed = cmp.Or(failed, err)
		copy(results[i:], rs)
		for k, r := range rs {
			if r == survived && p.known.of(ms[k]) < 0 {
				fmt.Println("survived:", ms[k])
			}
		}
		progress.add(len(ms))
	})
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
