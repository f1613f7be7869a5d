package train

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// digitsDigest is the SHA-256 of the parameters after the default training:
// on every architecture, with every implementation.
const digitsDigest = "4ad808bc8c7ad3349156794772a450aa8a02b0f286771be4e864afac6c251dda"

var (
	digestLine   = regexp.MustCompile(`(?m)^SHA-256 +([0-9a-f]{64}) `)
	accuracyLine = regexp.MustCompile(`(?m)^accuracy +([0-9.]+) %`)
	usageLine    = regexp.MustCompile(`(?m)^optimizer +(\S+): [0-9,]+ steps?, ([0-9.]+) % of .* ([0-9.]+) GB/s`)
)

// command runs a command line and returns what it printed.
func command(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	p := cli.Program{Commands: []cli.Command{Command}}
	code = p.Run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// trained is what the report of a training run says.
type trained struct {
	implementation, digest  string
	accuracy, share, gbPerS float64
	lines                   int // of epochs
}

// trainOK runs lion train, which must succeed, and reads its report.
func trainOK(t *testing.T, args ...string) trained {
	t.Helper()
	code, stdout, stderr := command(append([]string{"train"}, args...)...)
	require.Equal(t, cli.OK, code, stderr)
	assert.Empty(t, stderr, "no progress bar where there is no terminal")
	assert.NotContains(t, stdout, "\r")
	assert.NotContains(t, stdout, "\x1b")
	number := func(s string) float64 {
		v, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err)
		return v
	}
	digest, accuracy, usage := digestLine.FindStringSubmatch(stdout), accuracyLine.FindStringSubmatch(stdout), usageLine.FindStringSubmatch(stdout)
	require.NotNil(t, digest, stdout)
	require.NotNil(t, accuracy, stdout)
	require.NotNil(t, usage, stdout)
	lines := regexp.MustCompile(`(?m)^ +[0-9]+ .* %`).FindAllString(stdout, -1)
	return trained{usage[1], digest[1], number(accuracy[1]), number(usage[2]), number(usage[3]), len(lines)}
}

func TestTrainDigits(t *testing.T) {
	for _, impl := range lion.Implementations() {
		t.Run(impl, func(t *testing.T) {
			got := trainOK(t, "-impl", impl)
			assert.Equal(t, impl, got.implementation)
			assert.Equal(t, digitsDigest, got.digest)
			assert.GreaterOrEqual(t, got.accuracy, 95.0)
			assert.Equal(t, 25, got.lines)
			assert.Greater(t, got.share, 0.0)
			assert.Less(t, got.share, 100.0)
			assert.Greater(t, got.gbPerS, 0.0)
		})
	}
}

// Every rule with every decay learns, except bias-corrected without coupled
// decay, which says why it can't.
func TestTrainRules(t *testing.T) {
	for _, rule := range []lion.Rule{lion.Paper, lion.MomentumFirst, lion.BiasCorrected, lion.Cautious, lion.Refined, lion.Smooth} {
		for _, decay := range []lion.Decay{lion.Decoupled, lion.DecoupledPaper, lion.Independent, lion.Coupled} {
			if rule != lion.Paper && decay != lion.Decoupled && decay != lion.Coupled && !prove.Whole() {
				continue
			}
			t.Run(fmt.Sprintf("%v/%v", rule, decay), func(t *testing.T) {
				args := []string{"-epochs", "6", "-batch", "32", "-rule", rule.String(), "-decay", decay.String()}
				if rule == lion.BiasCorrected && decay != lion.Coupled {
					code, _, stderr := command(append([]string{"train"}, args...)...)
					assert.Equal(t, cli.Failed, code)
					assert.Contains(t, stderr, "-decay coupled")
					return
				}
				assert.Greater(t, trainOK(t, args...).accuracy, 80.0)
			})
		}
	}
}

// Each flag changes the result, and so is not ignored.
func TestTrainFlags(t *testing.T) {
	seen := map[string]string{}
	for _, flags := range []string{"", "-epochs 2", "-lr 0.003", "-beta1 0.8", "-beta2 0.9", "-weight-decay 2",
		"-seed 2", "-clip 0.01", "-schedule cosine", "-schedule wsd", "-schedule constant", "-batch 7", "-hidden 16", "-hidden 32,16", "-rule cautious", "-decay independent", "-format split", "-format bf16-stochastic", "-format bf16-stochastic -seed 2"} {
		args := append([]string{"-epochs", "1"}, strings.Fields(flags)...)
		digest := trainOK(t, args...).digest
		assert.NotContains(t, seen, digest, "%q gives what %q gives", flags, seen[digest])
		seen[digest] = flags
		assert.Equal(t, digest, trainOK(t, args...).digest, "%q run twice", flags)
	}
}

// The header says what is done, not what was asked for.
func TestTrainHeader(t *testing.T) {
	for args, want := range map[string]string{
		"-epochs 1 -batch 100000": "1 epoch in batches of 1,438, seed 1",
		"-epochs 2 -batch 1438":   "2 epochs in batches of 1,438, seed 1",
		"-epochs 1 -batch 900":    "1 epoch in batches of 900, seed 1",
	} {
		code, stdout, stderr := command(append([]string{"train"}, strings.Fields(args)...)...)
		require.Equal(t, cli.OK, code, stderr)
		assert.Contains(t, stdout, "\ntraining         "+want+"\n", args)
		assert.Equal(t, args == "-epochs 1 -batch 100000", strings.Contains(stdout, ": 1 step, "), args)
	}
}

func TestTrainDiverges(t *testing.T) {
	for _, format := range []string{"f32", "bf16", "f16"} {
		code, _, stderr := command("train", "-lr", "1e30", "-weight-decay", "0", "-epochs", "3", "-format", format)
		assert.Equal(t, cli.Failed, code, format)
		assert.Contains(t, stderr, "-lr", format)
	}
}

func TestTrainMNIST(t *testing.T) {
	if testing.Short() {
		t.Skip("trains on 60,000 images")
	}
	if !prove.Whole() {
		assert.GreaterOrEqual(t, trainOK(t, "-data", "mnist", "-epochs", "1", "-hidden", "16").accuracy, 85.0)
		return
	}
	assert.GreaterOrEqual(t, trainOK(t, "-data", "mnist").accuracy, 97.0)
	// Neither the implementation nor the number of cores changes a bit.
	first := trainOK(t, "-data", "mnist", "-epochs", "1")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	dir, err := mnistDir()
	require.NoError(t, err)
	assert.Equal(t, first.digest, trainOK(t, "-data", dir, "-epochs", "1", "-impl", "generic").digest)
}

func TestMNISTErrors(t *testing.T) {
	dir := t.TempDir()
	code, _, stderr := command("train", "-data", dir)
	assert.Equal(t, cli.Failed, code)
	assert.Contains(t, stderr, dir)
	assert.Contains(t, stderr, "four .gz files")
}

// The go command finds the files where the program's own source path doesn't
// tell, as after -trimpath.
func TestMNISTFromGoCommand(t *testing.T) {
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", mnistModule).Output()
	require.NoError(t, err)
	dir, err := moduleData(mnistModule + "@" + strings.TrimSpace(string(version)))
	require.NoError(t, err)
	assert.FileExists(t, filepath.Join(dir, "train-images-idx3-ubyte.gz"))
	_, err = moduleData("none@v1.0.0")
	assert.ErrorContains(t, err, "go mod download")
}
