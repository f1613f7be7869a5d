// Mutate changes the instructions of the AVX2 kernels one at a time, in copies
// of the module, and runs the tests: a mutant that they pass shows what they
// don't see. Run it from the module's root:
//
//	go run ./asm/mutate [-n 40] [-seed 1] [-jobs 2] [FILE...]
//
// Each instruction is deleted and, where it has a natural opposite, replaced.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"log"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// A mutant is one changed line of one file.
type mutant struct {
	file string
	line int // from 0
	text string
	what string
}

func main() {
	log.SetFlags(0)
	n := flag.Int("n", 0, "how many mutants, chosen at random; 0 means all")
	seed := flag.Int64("seed", 1, "of the choice")
	jobs := flag.Int("jobs", 2, "how many at a time")
	tests := flag.String("run", "Test(Values|ValuesInEveryLane|Lengths|Edges|NaN|GuardPages|Split|Golden.*)$/impl=avx2", "the tests, as for go test")
	flag.Parse()
	files := flag.Args()
	if len(files) == 0 {
		files = []string{"avx2.h", "kernel_amd64.s", "f64_amd64.s"}
	}
	var all []mutant
	for _, f := range files {
		ms, err := mutants(f)
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, ms...)
	}
	if *n > 0 && *n < len(all) {
		rand.New(rand.NewSource(*seed)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:*n]
	}
	killed, survivors, err := run(all, *jobs, *tests)
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range survivors {
		fmt.Printf("survived: %s:%d: %s: %s\n", m.file, m.line+1, m.what, strings.TrimSpace(m.text))
	}
	fmt.Printf("%d mutants, %d killed, %d survived\n", len(all), killed, len(survivors))
}

var instruction = regexp.MustCompile(`^\t([A-Z][A-Z0-9]*)\b`)

// opposites are replacements of one instruction or operand by another.
var opposites = [][2]string{
	{"ADD ", "SUB "}, {"SUB ", "ADD "}, {"MUL ", "ADD "}, {"DIV ", "MUL "},
	{"VANDPS ", "VORPS "}, {"VORPS ", "VANDPS "}, {"VXORPS ", "VORPS "},
	{"$12,", "$4,"}, {"$17,", "$18,"}, {"$3,", "$0,"}, {"JLT ", "JLE "}, {"JGE ", "JGT "},
	{"$32, ", "$64, "}, {"$64, ", "$32, "},
}

// mutants lists the changes to a file. AVX-512 TEXTs, which this machine may
// not run, are left out.
func mutants(file string) ([]mutant, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []mutant
	skip := false
	for i, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "TEXT") {
			skip = strings.Contains(l, "AVX512")
		}
		if skip || !instruction.MatchString(l) {
			continue
		}
		tail := ""
		if strings.HasSuffix(strings.TrimSpace(l), `\`) {
			tail = ` \`
		}
		out = append(out, mutant{file, i, tail, "deleted " + strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(l), `\`))})
		for _, o := range opposites {
			if strings.Contains(l, o[0]) {
				out = append(out, mutant{file, i, strings.Replace(l, o[0], o[1], 1), "changed"})
				break
			}
		}
	}
	return out, nil
}

// run tries the mutants and returns how many were killed, and the others.
func run(all []mutant, jobs int, tests string) (int, []mutant, error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return 0, nil, err
	}
	defer os.RemoveAll(dir)
	work := make(chan mutant)
	var (
		mu        sync.Mutex
		wg        sync.WaitGroup
		killed    int
		survivors []mutant
		failed    error
	)
	for j := 0; j < jobs; j++ {
		home := filepath.Join(dir, fmt.Sprint(j))
		if err := copyRoot(home); err != nil {
			return 0, nil, err
		}
		if out, err := test(home, tests); err != nil {
			return 0, nil, fmt.Errorf("the tests fail without a mutant: %v\n%s", err, out)
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			for m := range work {
				dead, err := try(home, m, tests)
				mu.Lock()
				if err != nil {
					failed = err
				} else if dead {
					killed++
				} else {
					survivors = append(survivors, m)
				}
				fmt.Fprintf(os.Stderr, "\r%d killed, %d survived of %d", killed, len(survivors), len(all))
				mu.Unlock()
			}
		}()
	}
	for _, m := range all {
		work <- m
	}
	close(work)
	wg.Wait()
	fmt.Fprintln(os.Stderr)
	return killed, survivors, failed
}

// try says whether the tests notice m.
func try(home string, m mutant, tests string) (bool, error) {
	path := filepath.Join(home, m.file)
	old, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	lines := strings.Split(string(old), "\n")
	lines[m.line] = m.text
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
		return false, err
	}
	_, err = test(home, tests)
	return err != nil, os.WriteFile(path, old, 0o666)
}

// test runs the tests; a mutant that loops for ever is killed by the time.
func test(home, tests string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-short", "-failfast", "-vet=off", "-count=1", "-timeout=60s", "-run="+tests, ".")
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "GOWORK=off", "LION_REQUIRE=avx2")
	return cmd.CombinedOutput()
}

// copyRoot copies the root package, with its test data and what it imports, but
// no hidden folder and no nested module.
func copyRoot(home string) error {
	return filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch path {
			case ".git", ".ci", "asm", "cmd", "docs", "tools":
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(home, path), 0o777)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(home, path), b, 0o666)
	})
}
