package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stopper ends a run when it is given text.
type stopper struct {
	strings.Builder
	text string
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.text) {
		s.stop()
	}
	return s.Builder.Write(b)
}

// A run that was broken off and resumed, with another implementation and other workers,
// ends with the weights of the unbroken one; so does one that had ended.
func TestResume(t *testing.T) {
	impls := lion.Implementations()
	for _, flags := range []string{"", "-format f16", "-format split -schedule cosine -clip 1", "-format bf16-stochastic -schedule wsd -rule cautious", "-rule bias-corrected -decay coupled -schedule constant"} {
		args := append([]string{"-epochs", "4", "-compare=false"}, strings.Fields(flags)...)
		file := filepath.Join(t.TempDir(), "run.safetensors")
		want := trainOK(t, args...).digest

		ctx, cancel := context.WithCancelCause(context.Background())
		out, errs := &stopper{text: "    2   ", stop: func() { cancel(errors.New("stopped")) }}, &strings.Builder{}
		p := cli.Program{Commands: []cli.Command{Command}}
		code := p.Run(ctx, append(append([]string{"train"}, args...), "-save", file, "-impl", impls[0]), out, errs)
		require.NotEqual(t, cli.OK, code)
		require.FileExists(t, file, errs)

		args = append(args, "-resume", file, "-save", file, "-workers", "3", "-impl", impls[len(impls)-1])
		got := trainOK(t, args...)
		assert.Equal(t, want, got.digest, flags)
		assert.Equal(t, 2, got.lines, flags)
		assert.Equal(t, want, trainOK(t, args...).digest, "%s: of a run that has ended", flags)
	}
}

// What can't be resumed says why.
func TestResumeRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run")
	trainOK(t, "-epochs", "1", "-save", file)
	for flags, text := range map[string]string{
		"-epochs 2":             "epochs 1;",
		"-epochs 1 -lr 1":       "other flags",
		"-epochs 1 -clip 1":     "clip 1",
		"-epochs 1 -plot x":     "-plot with -resume",
		"-epochs 1 -format f64": "format f64",
	} {
		code, _, stderr := command(append([]string{"train", "-resume", file}, strings.Fields(flags)...)...)
		assert.Equal(t, cli.Misuse, code, flags)
		assert.Contains(t, stderr, text)
	}
	whole, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, whole[:len(whole)-1], 0o600))
	code, _, stderr := command("train", "-epochs", "1", "-resume", file)
	assert.Equal(t, cli.Failed, code)
	assert.Contains(t, stderr, "bad safetensors file")
	code, _, stderr = command("train", "-epochs", "1", "-save", filepath.Join(file, "x"))
	assert.Equal(t, cli.Failed, code)
	assert.Contains(t, stderr, "-save: ")
	for _, flags := range []string{"-workers -1", "-clip -1", "-clip NaN", "-clip Inf", "-schedule none"} {
		code, _, _ := command(append([]string{"train"}, strings.Fields(flags)...)...)
		assert.Equal(t, cli.Misuse, code, flags)
	}
}
