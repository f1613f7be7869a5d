package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// binary is the built command, made when the first test asks for it.
var binary struct {
	once sync.Once
	dir  string
	path string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binary.dir != "" {
		os.RemoveAll(binary.dir)
	}
	os.Exit(code)
}

// built returns the path of the built command.
func built(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		var err error
		binary.dir, err = os.MkdirTemp("", "lion")
		require.NoError(t, err)
		path := filepath.Join(binary.dir, "lion.exe")
		goCommand(t, filepath.Join(root(t), "cmd", "lion"), nil, "build", "-buildvcs=auto", "-o", path, ".")
		binary.path = path
	})
	require.NotEmpty(t, binary.path, "the command wasn't built")
	return binary.path
}

// runBuilt runs the built command to its end.
func runBuilt(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	cmd := exec.Command(built(t), args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		if strings.Contains(err.Error(), "exec format error") {
			prove.Skip(t, "an emulated program can't start another: %v", err)
		}
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// A program built from a clone knows its revision.
func TestVersionHasRevision(t *testing.T) {
	git := exec.Command("git", "-C", root(t), "rev-parse", "HEAD")
	head, err := git.Output()
	if err != nil {
		prove.Skip(t, "%v: %v", git, err)
	}
	code, stdout, stderr := runBuilt(t, "version")
	require.Zero(t, code, stderr)
	assert.Regexp(t, "^lion .*, revision "+strings.TrimSpace(string(head))+" of 20", stdout)
}

// On a narrow terminal the progress bar stays on its line.
func TestNarrowTerminal(t *testing.T) {
	script, err := exec.LookPath("script")
	if err != nil || runtime.GOOS != "linux" {
		prove.Skip(t, "no terminal: script (of util-linux): %v", err)
	}
	out, err := exec.Command(script, "-qec", "stty cols 30; '"+built(t)+"' train -seed 3", os.DevNull).CombinedOutput()
	require.NoError(t, err, "%s", out)
	text := regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]").ReplaceAllString(string(out), "")
	bars := regexp.MustCompile(`epoch +[0-9]+/25[^\r\n]*`).FindAllString(text, -1)
	require.NotEmpty(t, bars, "%s", out)
	for _, bar := range bars {
		assert.Less(t, utf8.RuneCountInString(bar), 30, bar)
	}
}
