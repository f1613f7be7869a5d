package main

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// lionCommand runs a command line and returns what it printed.
func lionCommand(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestExitStatusAndMessage(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		code   int
		stdout string // a part of it
		stderr string // a part of it; "" means nothing at all
	}{
		{"no command", nil, exitUsage, "", "Usage: lion COMMAND"},
		{"unknown command", []string{"fly"}, exitUsage, "", `unknown command "fly"`},
		{"help", []string{"help"}, exitOK, "verify", ""},
		{"help on train", []string{"train", "-h"}, exitOK, "-weight-decay", ""},
		{"help on verify", []string{"verify", "-help"}, exitOK, "-time DURATION", ""},
		{"help on info", []string{"info", "-h"}, exitOK, "Usage: lion info", ""},
		{"unknown flag", []string{"train", "-wings", "2"}, exitUsage, "", "-wings"},
		{"stray argument", []string{"verify", "now"}, exitUsage, "", `unexpected argument "now"`},
		{"no number", []string{"train", "-lr", "fast"}, exitUsage, "", `"fast"`},
		{"bad rate", []string{"train", "-lr", "-1"}, exitUsage, "", "LR = -1"},
		{"bad beta", []string{"train", "-beta1", "1"}, exitUsage, "", "Beta1 = 1"},
		{"bad decay", []string{"train", "-weight-decay", "NaN"}, exitUsage, "", "WeightDecay = NaN"},
		{"bad implementation", []string{"train", "-impl", "abacus"}, exitUsage, "", "abacus"},
		{"bad rule", []string{"train", "-rule", "golden"}, exitUsage, "", `"golden"`},
		{"bad kind of decay", []string{"train", "-decay", "beta"}, exitUsage, "", `"beta"`},
		{"bad format", []string{"train", "-format", "bf17"}, exitUsage, "", "master-bf16-m16"},
		{"no epochs", []string{"train", "-epochs", "0"}, exitUsage, "", "-epochs 0"},
		{"no batch", []string{"train", "-batch", "-3"}, exitUsage, "", "-batch -3"},
		{"bad layers", []string{"train", "-hidden", "12,x"}, exitUsage, "", `-hidden "12,x"`},
		{"no such data", []string{"train", "-data", "letters"}, exitUsage, "", `-data "letters"`},
		{"not an SVG", []string{"train", "-plot", "a.png"}, exitUsage, "", ".svg"},
		{"plot in no folder", []string{"train", "-plot", "no/such/a.svg"}, exitUsage, "", "no/such/a.svg"},
		{"help on a command", []string{"help", "train"}, exitOK, "-weight-decay", ""},
		{"help on none", []string{"help", "fly"}, exitUsage, "", `unknown command "fly"`},
		{"help on two", []string{"help", "train", "info"}, exitUsage, "", `unexpected argument "info"`},
		{"version", []string{"version"}, exitOK, "\ngo               " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, ""},
		{"version of what", []string{"version", "2"}, exitUsage, "", `unexpected argument "2"`},
		{"implementation that isn't", []string{"verify", "-impl", "abacus"}, exitUsage, "", `"abacus" is unknown (usable: [`},
		{"format that isn't", []string{"verify", "-format", "bf17"}, exitUsage, "", `-format "bf17": want one of f32, f64, bf16, f16, master-bf16, master-bf16-m16, master-f16, f32m16, split, kahan`},
		{"time runs backwards", []string{"verify", "-time", "-1s"}, exitUsage, "", "-time -1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := lionCommand(c.args...)
			assert.Equal(t, c.code, code)
			assert.Contains(t, stdout, c.stdout)
			if c.stdout == "" {
				assert.Empty(t, stdout)
			}
			assert.Contains(t, stderr, c.stderr)
			if c.stderr == "" {
				assert.Empty(t, stderr)
			}
		})
	}
}

// A fullWriter takes room bytes.
type fullWriter struct{ room int }

var errFull = errors.New("no room is left")

func (f *fullWriter) Write(p []byte) (int, error) {
	if len(p) > f.room {
		return 0, errFull
	}
	f.room -= len(p)
	return len(p), nil
}

// Results that can't be written are a failure, wherever the room ends.
func TestLostResults(t *testing.T) {
	for _, args := range []string{"train -epochs 1", "info", "verify -time 0", "help", "train -h"} {
		code, stdout, _ := lionCommand(strings.Fields(args)...)
		assert.Equal(t, exitOK, code, args)
		for _, room := range []int{0, len(stdout) - 20} {
			var errs bytes.Buffer
			assert.Equal(t, exitFail, run(context.Background(), strings.Fields(args), &fullWriter{room}, &errs), "%s, %d bytes", args, room)
			assert.Contains(t, errs.String(), errFull.Error(), "%s, %d bytes", args, room)
		}
	}
}
