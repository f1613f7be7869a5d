package prove

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BrokenSignals says why signals can't be had here; "" where they can.
var BrokenSignals string

// Rerun runs one test of this program in a new process with additions to its
// environment. LION_EXEC is what go test -exec was given, if anything.
func Rerun(t *testing.T, test string, env ...string) (output string, status int) {
	t.Helper()
	if runtime.GOARCH == "wasm" || runtime.GOOS == "ios" {
		Skip(t, "%s/%s can't start processes", runtime.GOOS, runtime.GOARCH)
	}
	if BrokenSignals != "" { // a child's end is one
		Skip(t, "%s", BrokenSignals)
	}
	emulator := os.Getenv("LION_EXEC")
	command := append(strings.Fields(emulator), os.Args[0], "-test.run=^"+test+"$", "-test.v")
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		if emulator == "" && strings.Contains(err.Error(), "exec format error") {
			Skip(t, "an emulator's program can't start itself; set LION_EXEC to what go test -exec has: %v", err)
		}
		require.NoError(t, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}
