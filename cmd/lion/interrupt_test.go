package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A signaller sends this process a signal when it is given text, once.
type signaller struct {
	bytes.Buffer
	signal os.Signal
	text   string
	once   sync.Once
}

func (s *signaller) Write(p []byte) (int, error) {
	if strings.Contains(string(p), s.text) {
		s.once.Do(func() {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Signal(s.signal)
			}
			if err != nil {
				panic(err)
			}
		})
	}
	return s.Buffer.Write(p)
}

// stopped starts a command line, sends a signal when it prints text, and returns
// what it printed until it ended with the status.
func stopped(t *testing.T, by os.Signal, status int, text string, args ...string) (stdout, stderr string) {
	t.Helper()
	if runtime.GOOS == "windows" || runtime.GOARCH == "wasm" {
		prove.Skip(t, "%s/%s has no signals", runtime.GOOS, runtime.GOARCH)
	}
	if signal.Ignored(by) {
		prove.Skip(t, "whoever started the test has %v ignored", by)
	}
	out, errs := &signaller{signal: by, text: text}, &bytes.Buffer{}
	require.Equal(t, status, program.Start(args, out, errs), errs)
	return out.String(), errs.String()
}

// ways are the signals that end a command.
var ways = []struct {
	signal os.Signal
	status int
	word   string
}{
	{os.Interrupt, 130, "interrupted"},
	{syscall.SIGTERM, 143, "interrupted by SIGTERM"},
	{syscall.SIGHUP, 129, "interrupted by SIGHUP"},
}

func TestTrainInterrupted(t *testing.T) {
	for _, w := range ways {
		dir := t.TempDir()
		stdout, stderr := stopped(t, w.signal, w.status, "    2  ", "train", "-epochs", "1000000", "-plot", filepath.Join(dir, "none.svg"))
		assert.Regexp(t, `^lion train: `+w.word+` in epoch [0-9]+ of 1000000\n$`, stderr)
		assert.Regexp(t, `\n    1  .*\n    2 .* s\n(.* s\n)*$`, stdout, "epochs alone")
		left, err := os.ReadDir(dir)
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}

// An interrupt while f32 trains for comparison doesn't cost the result.
func TestTrainInterruptedComparing(t *testing.T) {
	stdout, stderr := stopped(t, os.Interrupt, 130, "   25  ", "train", "-format", "bf16-stochastic")
	assert.Regexp(t, `^lion train: f32, for comparison: interrupted in epoch [0-9]+ of 25\n$`, stderr)
	assert.Regexp(t, `(?m)^accuracy +[0-9.]+ % of the held-out images$`, stdout)
	assert.Regexp(t, `(?m)^SHA-256 +[0-9a-f]{64} `, stdout)
}

// The fixed part, interrupted: some subjects have no digest, which isn't held
// against the machine.
func TestVerifyInterrupted(t *testing.T) {
	for _, w := range ways {
		stdout, stderr := stopped(t, w.signal, w.status, "Comparing", "verify", "-time", "1h")
		assert.Equal(t, "lion verify: "+w.word+"\n", stderr)
		assert.Contains(t, stdout, "Interrupted; until then all gave the same bits.")
		assert.Regexp(t, `(?m)^ +generic +f64 +smooth +[0-9,]+ +0 +interrupted$`, stdout)
		assert.NotContains(t, stdout, "those published")
	}
}

// Under nohup a terminal that closes doesn't end the command.
func TestNohup(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		prove.Skip(t, "%v", err)
	}
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$0" verify -time 300ms -format split`, built(t))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	_, err = io.ReadFull(out, make([]byte, len("Comparing")))
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	rest, err := io.ReadAll(out)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	assert.Contains(t, string(rest), "What was compared gives the same bits")
}
