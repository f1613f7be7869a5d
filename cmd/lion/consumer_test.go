package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// root returns the folder of the root module.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(dir, "kernel.go"))
	return dir
}

// goCommand runs the go command in dir.
func goCommand(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	// The command builds for what this test was built for, emulated or not.
	cmd.Env = append(os.Environ(), append(env, "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), out)
	return string(out)
}

// Whoever links the module gets it, cpuid and x/sys, and nothing else.
func TestConsumer(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666))
	}
	write("go.mod", `module example.com/consumer

go 1.22

require github.com/lionkernel/lion v0.0.0

replace github.com/lionkernel/lion => `+root(t)+"\n")
	write("main.go", `package main

import "github.com/lionkernel/lion"

func main() {
	s, err := lion.New(lion.DefaultConfig())
	if err != nil {
		panic(err)
	}
	param := []float32{1}
	if err := s.StepF32(param, []float32{1}, []float32{0}); err != nil {
		panic(err)
	}
	println(s.Implementation(), param[0] < 1)
}
`)
	env := []string{"GOWORK=off", "GOFLAGS=-mod=mod"}
	binary := filepath.Join(dir, "consumer")
	goCommand(t, dir, env, "build", "-o", binary, ".")
	listing := goCommand(t, dir, env, "version", "-m", binary)

	var deps []string
	for _, m := range regexp.MustCompile(`(?m)^\tdep\t(\S+)`).FindAllStringSubmatch(listing, -1) {
		deps = append(deps, m[1])
	}
	assert.Contains(t, deps, "github.com/lionkernel/lion", listing)
	assert.Subset(t, []string{"github.com/lionkernel/lion", "github.com/klauspost/cpuid/v2", "golang.org/x/sys"}, deps, listing)
}

// The root's go.work makes the command run from there and leaves the root's
// packages, and the versions of what they import, as they are without it.
func TestWorkspace(t *testing.T) {
	dir := root(t)
	workspace, alone := []string{"GOWORK=", "GOFLAGS="}, []string{"GOWORK=off", "GOFLAGS="}
	assert.Equal(t, "github.com/lionkernel/lion/cmd/lion\n", goCommand(t, dir, workspace, "list", "./cmd/lion"))

	packages := goCommand(t, dir, workspace, "list", "./...")
	assert.Equal(t, goCommand(t, dir, alone, "list", "./..."), packages)
	assert.NotContains(t, packages, "cmd/lion")

	const format = "{{with .Module}}{{.Path}} {{.Version}}{{end}}"
	versions := func(env []string) []string {
		return strings.Split(goCommand(t, dir, env, "list", "-deps", "-test", "-f", format, "./..."), "\n")
	}
	assert.ElementsMatch(t, versions(alone), versions(workspace))
	// What a workspace refuses works without it, as CONTRIBUTING.md says.
	goCommand(t, dir, []string{"GOWORK=off", "GOFLAGS=-mod=mod"}, "build", "./...")
}
