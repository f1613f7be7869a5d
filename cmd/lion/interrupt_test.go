package main

import (
	"bytes"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An interrupter interrupts this process when it is given text, once.
type interrupter struct {
	bytes.Buffer
	text string
	once sync.Once
}

func (i *interrupter) Write(p []byte) (int, error) {
	if strings.Contains(string(p), i.text) {
		i.once.Do(func() {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Signal(os.Interrupt)
			}
			if err != nil {
				panic(err)
			}
		})
	}
	return i.Buffer.Write(p)
}

// interrupted starts a command line, interrupts it when it prints text, and
// returns what it printed.
func interrupted(t *testing.T, text string, args ...string) (stdout, stderr string) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOARCH == "wasm" {
		t.Skipf("NOT TESTED: %s/%s has no interrupts", runtime.GOOS, runtime.GOARCH)
	}
	out, errs := &interrupter{text: text}, &bytes.Buffer{}
	require.Equal(t, 130, program.Start(args, out, errs), errs)
	return out.String(), errs.String()
}

func TestTrainInterrupted(t *testing.T) {
	file := t.TempDir() + "/none.svg"
	stdout, stderr := interrupted(t, "    2  ", "train", "-epochs", "1000000", "-plot", file)
	assert.Regexp(t, `^lion train: interrupted in epoch [0-9]+ of 1000000\n$`, stderr)
	assert.Regexp(t, `\n    1  .*\n    2 .* s\n(.* s\n)*$`, stdout, "epochs alone")
	assert.NoFileExists(t, file)
}

// An interrupt while f32 trains for comparison doesn't cost the result.
func TestTrainInterruptedComparing(t *testing.T) {
	stdout, stderr := interrupted(t, "   25  ", "train", "-format", "bf16-stochastic")
	assert.Regexp(t, `^lion train: f32, for comparison: interrupted in epoch [0-9]+ of 25\n$`, stderr)
	assert.Regexp(t, `(?m)^accuracy +[0-9.]+ % of the held-out images$`, stdout)
	assert.Regexp(t, `(?m)^SHA-256 +[0-9a-f]{64} `, stdout)
}

// The fixed part, interrupted: some subjects have no digest, which isn't held
// against the machine.
func TestVerifyInterrupted(t *testing.T) {
	stdout, stderr := interrupted(t, "Comparing", "verify", "-time", "1h")
	assert.Equal(t, "lion verify: interrupted\n", stderr)
	assert.Contains(t, stdout, "Interrupted; until then all gave the same bits.")
	assert.Regexp(t, `(?m)^ +generic +f64 +smooth +[0-9,]+ +0 +interrupted$`, stdout)
	assert.NotContains(t, stdout, "those published")
}
