package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The status says how a command ended, whatever its error is wrapped in.
func TestStatus(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, c := range map[string]struct {
		err    error
		status int
		stderr string
	}{
		"well":        {nil, OK, ""},
		"help":        {flag.ErrHelp, OK, ""},
		"failed":      {errors.New("lion: no luck"), Failed, "lion do: no luck\n"},
		"misuse":      {fmt.Errorf("here: %w", Misusef("no -%s", "x")), Misuse, "lion do: here: no -x\nRun 'lion help do' for its flags.\n"},
		"interrupted": {fmt.Errorf("early: %w", Stopped(ctx)), 130, "lion do: early: interrupted\n"},
		"of lion":     {fmt.Errorf("-lr 1: %w", errors.New("lion: bad")), Failed, "lion do: -lr 1: bad\n"},
	} {
		p := Program{Commands: []Command{{Name: "do", Run: func(context.Context, []string, io.Writer, io.Writer) error { return c.err }}}}
		var stderr bytes.Buffer
		assert.Equal(t, c.status, p.Run(ctx, []string{"do"}, io.Discard, &stderr), name)
		assert.Equal(t, c.stderr, stderr.String(), name)
	}
	assert.NoError(t, Stopped(context.Background()))
}

func TestFloatVar(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "-0.0": 0, "0e9": 0, "0x0p1": 0, "0x0.00p-5": 0, "1e-320": 1e-320, "0x1p-1074": 0x1p-1074, "1_0": 10, "1e-400": -1, "-1e-400": -1, "0.0001e-330": -1, "0xap-1090": -1, "1e400": -1, "one": -1, "": -1} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		var x float64
		FloatVar(fs, &x, "x", 7, "")
		assert.Equal(t, 7.0, x)
		err := fs.Parse([]string{"-x", text})
		if want < 0 {
			assert.ErrorContains(t, err, "-x", text)
		} else {
			assert.NoError(t, err, text)
			assert.Equal(t, want, x+0, text)
		}
	}
}

// What a cutter writes is never wider than the terminal, however that changes.
func TestCutter(t *testing.T) {
	var out bytes.Buffer
	columns := 10
	c := &cutter{&out, func() int { return columns }}
	for _, w := range []struct {
		columns int
		in, out string
	}{
		{10, "\r12345", "\r12345"},
		{10, "\r123456789012", "\r123456789"},
		{10, "\x1b[2K\r\x1b[1mé██ 50% |██████\x1b[0m", "\x1b[2K\r\x1b[1mé██ 50% |\x1b[0m"},
		{5, "\r123456\r12", "\r1234\r12"},
		{1, "\rabc", "\r"},
		{80, "\r123456789012", "\r123456789012"},
	} {
		out.Reset()
		columns = w.columns
		n, err := io.WriteString(c, w.in)
		assert.NoError(t, err)
		assert.Equal(t, len(w.in), n)
		assert.Equal(t, w.out, out.String())
	}
}
