package main

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/stretchr/testify/assert"
)

// lionCommand runs a command line and returns what it printed.
func lionCommand(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = program.Run(context.Background(), args, &out, &errs)
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
		{"no command", nil, cli.Misuse, "", "Usage: lion COMMAND"},
		{"unknown command", []string{"fly"}, cli.Misuse, "", `unknown command "fly"`},
		{"help", []string{"help"}, cli.OK, "verify", ""},
		{"help on train", []string{"train", "-h"}, cli.OK, "-weight-decay", ""},
		{"help on verify", []string{"verify", "-help"}, cli.OK, "-time DURATION", ""},
		{"help on info", []string{"info", "-h"}, cli.OK, "Usage: lion info", ""},
		{"unknown flag", []string{"train", "-wings", "2"}, cli.Misuse, "", "-wings"},
		{"stray argument", []string{"verify", "now"}, cli.Misuse, "", `unexpected argument "now"`},
		{"no number", []string{"train", "-lr", "fast"}, cli.Misuse, "", `"fast"`},
		{"bad rate", []string{"train", "-lr", "-1"}, cli.Misuse, "", "LR = -1"},
		{"bad beta", []string{"train", "-beta1", "1"}, cli.Misuse, "", "Beta1 = 1"},
		{"bad decay", []string{"train", "-weight-decay", "NaN"}, cli.Misuse, "", "WeightDecay = NaN"},
		{"bad implementation", []string{"train", "-impl", "abacus"}, cli.Misuse, "", "abacus"},
		{"bad rule", []string{"train", "-rule", "golden"}, cli.Misuse, "", `"golden"`},
		{"bad kind of decay", []string{"train", "-decay", "beta"}, cli.Misuse, "", `"beta"`},
		{"bad format", []string{"train", "-format", "bf17"}, cli.Misuse, "", "master-bf16-m16"},
		{"a rate that would be 0", []string{"train", "-lr", "1e-400"}, cli.Misuse, "", `"1e-400" for flag -lr: too small`},
		{"a beta that would be 0", []string{"train", "-beta2", "0x.8p-9999"}, cli.Misuse, "", `for flag -beta2: too small`},
		{"a rate too large", []string{"train", "-lr", "1e400"}, cli.Misuse, "", "-lr: too large"},
		{"a rate that falls to 0", []string{"train", "-lr", "2e-45"}, cli.Misuse, "", "-lr 2e-45 falls to"},
		{"too many epochs", []string{"train", "-epochs", "9223372036854775807"}, cli.Misuse, "", "-epochs 9223372036854775807"},
		{"too large a network", []string{"train", "-hidden", "65536,65536"}, cli.Misuse, "", "-hidden 65536,65536 in batches of 16 takes 96.1 GiB"},
		{"no epochs", []string{"train", "-epochs", "0"}, cli.Misuse, "", "-epochs 0"},
		{"no batch", []string{"train", "-batch", "-3"}, cli.Misuse, "", "-batch -3"},
		{"bad layers", []string{"train", "-hidden", "12,x"}, cli.Misuse, "", `-hidden "12,x"`},
		{"no such data", []string{"train", "-data", "letters"}, cli.Misuse, "", `-data "letters"`},
		{"not an SVG", []string{"train", "-plot", "a.png"}, cli.Misuse, "", ".svg"},
		{"plot in no folder", []string{"train", "-plot", "no/such/a.svg"}, cli.Misuse, "", "no/such/a.svg"},
		{"help on a command", []string{"help", "train"}, cli.OK, "-weight-decay", ""},
		{"help on none", []string{"help", "fly"}, cli.Misuse, "", `unknown command "fly"`},
		{"help on two", []string{"help", "train", "info"}, cli.Misuse, "", `unexpected argument "info"`},
		{"version", []string{"version"}, cli.OK, "\ngo               " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, ""},
		{"version of what", []string{"version", "2"}, cli.Misuse, "", `unexpected argument "2"`},
		{"implementation that isn't", []string{"verify", "-impl", "abacus"}, cli.Misuse, "", `"abacus" is unknown (usable: [`},
		{"format that isn't", []string{"verify", "-format", "bf17"}, cli.Misuse, "", `-format "bf17": want one of f32, f64, f32m16, bf16, kahan, split, master-bf16, master-bf16-m16, f16, master-f16`},
		{"time runs backwards", []string{"verify", "-time", "-1s"}, cli.Misuse, "", "-time -1s"},
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
	for _, args := range []string{"train -epochs 1", "info", "verify -time 0 -impl generic -format kahan", "help", "train -h"} {
		code, stdout, _ := lionCommand(strings.Fields(args)...)
		assert.Equal(t, cli.OK, code, args)
		for _, room := range []int{0, len(stdout) - 20} {
			var errs bytes.Buffer
			assert.Equal(t, cli.Failed, program.Run(context.Background(), strings.Fields(args), &fullWriter{room}, &errs), "%s, %d bytes", args, room)
			assert.Contains(t, errs.String(), errFull.Error(), "%s, %d bytes", args, room)
		}
	}
}
