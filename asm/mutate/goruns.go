//go:build unix

package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A goRun is where mutants of Go are built and tried.
type goRun struct {
	dir, pristine, home string // home has the copies of functions in it
	env                 []string
	mutated             []goPackage // what the root package is made of
	tested              []goPackage // whose tests see it
	files               []*goFile
	all                 []*goMutant
	number              map[*goMutant]int
	refused             map[int]bool // what the compiler refuses
	reached             map[*goMutant][]goTest
	upset               []goTest // tests that fail for the copies alone
	shortTime           time.Duration
}

// A goPackage is what go list says of one.
type goPackage struct {
	ImportPath, Name, Dir           string
	GoFiles, IgnoredGoFiles         []string
	TestGoFiles, XTestGoFiles       []string
	Deps, TestImports, XTestImports []string
	Standard                        bool
	Module                          *struct{ Main bool }
}

// A goTest is a test, example or fuzz target of a package, and how long it takes.
type goTest struct {
	pkg, name string
	took      time.Duration
}

func newGoRun(dir string, files []string) (*goRun, error) {
	r := &goRun{dir: dir, pristine: filepath.Join(dir, "pristine"), home: filepath.Join(dir, "home"),
		number: map[*goMutant]int{}, refused: map[int]bool{}, reached: map[*goMutant][]goTest{}}
	// Programs of one mutant each would fill the user's cache.
	r.env = append(environ(runtime.GOARCH), "GOCACHE="+filepath.Join(dir, "cache"))
	if err := errors.Join(copyTree(r.pristine), copyTree(r.home)); err != nil {
		return nil, err
	}
	if err := r.listPackages(); err != nil {
		return nil, err
	}
	for _, p := range r.mutated {
		rel, err := filepath.Rel(r.pristine, p.Dir)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, f := range p.GoFiles {
			names = append(names, filepath.Join(rel, f))
		}
		for _, f := range p.IgnoredGoFiles {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			fmt.Println("NOT TRIED, since this build leaves it out:", filepath.Join(rel, f))
		}
		fs, err := parsePackage(r.pristine, names, os.ReadFile)
		if err != nil {
			return nil, err
		}
		r.files = append(r.files, fs...)
	}
	for _, f := range r.files {
		if len(files) == 0 || slices.Contains(files, f.name) {
			r.all = append(r.all, goMutants(f)...)
		}
	}
	if len(r.all) == 0 {
		return nil, errors.New("no mutants: run it from the module's root")
	}
	for i, m := range r.all {
		r.number[m] = i + 1
	}
	return r, nil
}

// listPackages finds the packages that the root one is made of, and those with tests
// of them.
func (r *goRun) listPackages() error {
	list := func(args ...string) (ps []goPackage, err error) {
		out, err := r.command(r.pristine, "go", append([]string{"list", "-json"}, args...)...)
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p goPackage
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				return ps, nil
			} else if err != nil {
				return nil, err
			}
			if p.Module != nil && p.Module.Main {
				ps = append(ps, p)
			}
		}
	}
	var err error
	if r.mutated, err = list("-deps", "."); err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, p := range r.mutated {
		ours[p.ImportPath] = true
	}
	all, err := list("./...")
	for _, p := range all {
		sees := ours[p.ImportPath]
		for _, i := range slices.Concat(p.Deps, p.TestImports, p.XTestImports) {
			sees = sees || ours[i]
		}
		if sees && len(p.TestGoFiles)+len(p.XTestGoFiles) > 0 {
			r.tested = append(r.tested, p)
		}
	}
	return err
}

// command runs a program and returns what it prints, also where it fails.
func (r *goRun) command(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = r.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return append(out, stderr.Bytes()...), err
}

// binary is where the tests of a package are built.
func (r *goRun) binary(kind string, p goPackage) string {
	return filepath.Join(r.dir, kind+strings.ReplaceAll(strings.TrimPrefix(p.ImportPath, module), "/", "-")+".test")
}

// prepare finds out which tests reach which mutants, and builds all mutants that
// are wanted.
func (r *goRun) prepare(wanted []*goMutant) error {
	if err := r.cover(); err != nil {
		return err
	}
	if err := r.buildCopies(wanted); err != nil {
		return err
	}
	if err := r.findUpset(); err != nil {
		return err
	}
	start := time.Now()
	ok, out, err := r.passes(0, "copies", nil, time.Hour, "-test.short")
	if err == nil && !ok {
		err = fmt.Errorf("without a mutant, the short tests fail:\n%s", out)
	}
	r.shortTime = time.Since(start)
	return err
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\w+)`)

// findUpset finds the tests that fail since functions have copies, which the compiler
// makes keep what they are given, so that it lies on the heap.
func (r *goRun) findUpset() error {
	for _, p := range r.tested {
		_, out, err := runIn(p.Dir, time.Hour, r.env, r.binary("copies", p), "-test.short")
		if err != nil {
			return err
		}
		for _, m := range failedTest.FindAllStringSubmatch(string(out), -1) {
			r.upset = append(r.upset, goTest{pkg: p.ImportPath, name: m[1]})
			fmt.Println("asked of survivors alone, each by itself:", m[1])
		}
	}
	return nil
}

// isUpset says whether a test can't be had of copies.
func (r *goRun) isUpset(t goTest) bool {
	return slices.ContainsFunc(r.upset, func(u goTest) bool { return u.pkg == t.pkg && u.name == t.name })
}

// cover runs each test by itself and keeps, for each mutant, those that reach it,
// the quickest first.
func (r *goRun) cover() error {
	var paths []string
	for _, p := range r.mutated {
		paths = append(paths, p.ImportPath)
	}
	byFile := map[string][]*goMutant{}
	for _, m := range r.all {
		path := filepath.Join(module, m.file)
		byFile[path] = append(byFile[path], m)
	}
	lines := map[string]*goFile{}
	for _, f := range r.files {
		lines[f.name] = f
	}
	profile := filepath.Join(r.dir, "profile")
	for _, p := range r.tested {
		bin := r.binary("cover", p)
		if _, err := r.command(r.pristine, "go", "test", "-c", "-vet=off", "-covermode=set", "-coverpkg="+strings.Join(paths, ","), "-o", bin, p.ImportPath); err != nil {
			return err
		}
		out, err := r.command(p.Dir, bin, "-test.list=^(Test|Example|Fuzz)")
		if err != nil {
			return err
		}
		for _, name := range strings.Fields(string(out)) {
			start := time.Now()
			out, err := r.command(p.Dir, bin, "-test.short", "-test.run=^"+name+"$", "-test.coverprofile="+profile)
			if err != nil {
				fmt.Printf("%s fails where coverage is measured, and so comes last: %v\n%s", name, err, out)
				continue
			}
			t := goTest{p.ImportPath, name, time.Since(start)}
			text, err := os.ReadFile(profile)
			if err != nil {
				return err
			}
			for _, b := range coveredBlocks(string(text)) {
				for _, m := range byFile[b.file] {
					pos := lines[m.file].fset.Position(lines[m.file].pos(m.from))
					if b.holds(pos.Line, pos.Column) && !slices.Contains(r.reached[m], t) {
						r.reached[m] = append(r.reached[m], t)
					}
				}
			}
		}
	}
	for _, ts := range r.reached {
		slices.SortFunc(ts, func(a, b goTest) int { return cmp.Compare(a.took, b.took) })
	}
	return nil
}

// A block is a part of a file that a profile says is covered.
type block struct {
	file                           string
	line, column, toLine, toColumn int
}

func (b block) holds(line, column int) bool {
	return (line > b.line || line == b.line && column >= b.column) && (line < b.toLine || line == b.toLine && column <= b.toColumn)
}

var profileLine = regexp.MustCompile(`(?m)^(\S+):(\d+)\.(\d+),(\d+)\.(\d+) \d+ 1$`)

func coveredBlocks(profile string) (out []block) {
	for _, m := range profileLine.FindAllStringSubmatch(profile, -1) {
		b := block{file: m[1]}
		for i, to := range []*int{&b.line, &b.column, &b.toLine, &b.toColumn} {
			*to, _ = strconv.Atoi(m[i+2])
		}
		out = append(out, b)
	}
	return out
}

// buildCopies builds the tests with a copy of a function for each mutant, again and
// again without those that the compiler refuses.
func (r *goRun) buildCopies(wanted []*goMutant) error {
	for _, p := range r.mutated {
		rel, _ := filepath.Rel(r.pristine, p.Dir)
		text := fmt.Sprintf(switchText, p.Name, switchEnv)
		if err := os.WriteFile(filepath.Join(r.home, rel, switchName), []byte(text), 0o666); err != nil {
			return err
		}
	}
	for {
		copies := map[string][]copyAt{}
		for _, f := range r.files {
			var ms []*goMutant
			for _, m := range wanted {
				if m.fn != nil && m.fn.file == f && !r.refused[r.number[m]] {
					ms = append(ms, m)
				}
			}
			slices.SortFunc(ms, func(a, b *goMutant) int { return cmp.Compare(r.number[a], r.number[b]) })
			text, at := withCopies(f, ms, r.number)
			copies[f.name] = at
			if err := os.WriteFile(filepath.Join(r.home, f.name), []byte(text), 0o666); err != nil {
				return err
			}
		}
		out, err := r.buildTests(r.home, "copies", "-gcflags="+module+"/...=-e")
		if err == nil {
			return nil
		}
		more, elsewhere := refusedCopies(string(out), copies)
		for _, m := range wanted { // what other architectures have in assembly is declared here, but can't be linked
			if strings.Contains(string(out), "."+m.text+" not defined") {
				more[r.number[m]] = true
			}
		}
		if elsewhere != "" || len(more) == 0 {
			return fmt.Errorf("the copies can't be built: %s\n%w", elsewhere, err)
		}
		maps.Copy(r.refused, more)
	}
}

// buildTests builds the tests of all packages; it stops at one that can't be built.
func (r *goRun) buildTests(dir, kind string, flags ...string) (out []byte, err error) {
	for _, p := range r.tested {
		args := slices.Concat([]string{"test", "-c", "-vet=off", "-ldflags=-s -w"}, flags, []string{"-o", r.binary(kind, p), p.ImportPath})
		if out, err = r.command(dir, "go", args...); err != nil {
			return out, err
		}
	}
	return nil, nil
}

// passes runs tests, of each package those named or all, with a mutant on.
func (r *goRun) passes(number int, kind string, tests []goTest, limit time.Duration, args ...string) (ok bool, output []byte, err error) {
	for _, p := range r.tested {
		var names, upset []string
		for _, t := range tests {
			if t.pkg == p.ImportPath {
				names = append(names, t.name)
			}
		}
		for _, t := range r.upset {
			if t.pkg == p.ImportPath {
				upset = append(upset, t.name)
			}
		}
		more := args
		if kind == "copies" && upset != nil {
			more = append(slices.Clone(args), "-test.skip=^("+strings.Join(upset, "|")+")$")
		}
		if tests != nil {
			if names == nil {
				continue
			}
			more = append(slices.Clone(more), "-test.run=^("+strings.Join(names, "|")+")$")
		}
		env := append(slices.Clone(r.env), fmt.Sprintf("%s=%d", switchEnv, number))
		// A mutant may want all memory there is.
		command := append([]string{"sh", "-c", `ulimit -v 16000000; exec "$@"`, "sh", r.binary(kind, p)}, more...)
		if ok, output, err = runIn(p.Dir, limit, env, command...); !ok || err != nil {
			return false, output, err
		}
	}
	return true, nil, nil
}

// What kills mutants of Go: the tests that reach them, then all.
const (
	nearTests  result = "tests that reach it"
	shortTests result = "short tests"
	allTests   result = "all tests"
	tooLong    result = "their time limit"
)

// nearTimes are how long the tests that reach a mutant may take together that are
// tried first, second and last.
var nearTimes = []time.Duration{300 * time.Millisecond, 3 * time.Second, time.Hour}

// try says what becomes of a mutant.
func (r *goRun) try(m *goMutant, job int, short bool) (result, error) {
	if r.refused[r.number[m]] {
		return stillborn, nil
	}
	solo := fmt.Sprintf("solo%d", job)
	if m.fn != nil {
		res, err := r.ask(m, "copies", r.number[m], short)
		if res != survived || err != nil || r.upset == nil || goExplained.of(m) >= 0 {
			return res, err
		}
	}
	if err := r.buildSolo(m, solo); errors.Is(err, errNotBuilt) {
		return stillborn, nil
	} else if err != nil {
		return "", err
	}
	if m.fn == nil {
		return r.ask(m, solo, 0, short)
	}
	by, err := r.killed(nearTests, 0, solo, r.upset, time.Hour, "-test.short")
	return cmp.Or(by, survived), err
}

// ask says what the tests say of a mutant. One that is explained gets the first tests
// that reach it alone.
func (r *goRun) ask(m *goMutant, kind string, number int, short bool) (result, error) {
	reached := r.reached[m]
	if kind == "copies" {
		reached = slices.DeleteFunc(slices.Clone(reached), r.isUpset)
	}
	for i, budget := range nearTimes {
		near, took := quickest(reached, budget)
		if near == nil || i > 1 && goExplained.of(m) >= 0 {
			break
		}
		reached = reached[len(near):]
		if by, err := r.killed(nearTests, number, kind, near, 10*time.Second+3*took, "-test.short"); by != "" || err != nil {
			return by, err
		}
	}
	if goExplained.of(m) >= 0 || short && r.reached[m] != nil {
		return survived, nil
	}
	// Those that processes of their own reach are not known to.
	if by, err := r.killed(shortTests, number, kind, nil, 10*time.Second+3*r.shortTime, "-test.short"); by != "" || err != nil {
		return by, err
	}
	if short {
		return survived, nil
	}
	by, err := r.killed(allTests, number, kind, nil, time.Hour)
	return cmp.Or(by, survived), err
}

// killed returns by, or tooLong, if the tests fail.
func (r *goRun) killed(by result, number int, kind string, tests []goTest, limit time.Duration, args ...string) (result, error) {
	start := time.Now()
	ok, _, err := r.passes(number, kind, tests, limit, append(args, "-test.failfast")...)
	switch {
	case ok || err != nil:
		return "", err
	case time.Since(start) >= limit:
		return tooLong, nil
	}
	return by, nil
}

// quickest are the first of tests, as many as take no more time than budget, but at
// least one.
func quickest(tests []goTest, budget time.Duration) (first []goTest, took time.Duration) {
	for _, t := range tests {
		if first != nil && took+t.took > budget {
			break
		}
		first, took = append(first, t), took+t.took
	}
	return first, took
}

// buildSolo builds the tests with m alone, which is in no function.
func (r *goRun) buildSolo(m *goMutant, kind string) error {
	i := slices.IndexFunc(r.files, func(f *goFile) bool { return f.name == m.file })
	text := applied(string(r.files[i].src), 0, []replacement{{m.from, m.to, m.text}})
	changed, overlay := filepath.Join(r.dir, kind+".go"), filepath.Join(r.dir, kind+".json")
	names, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(r.pristine, m.file): changed}})
	if err == nil {
		err = errors.Join(os.WriteFile(changed, []byte(text), 0o666), os.WriteFile(overlay, names, 0o666))
	}
	if err != nil {
		return err
	}
	_, err = r.buildTests(r.pristine, kind, "-overlay="+overlay)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errNotBuilt
	}
	return err
}
