package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// A misuseError is a command line that makes no sense.
type misuseError struct{ error }

func (e misuseError) Unwrap() error { return e.error }

// Misusef is fmt.Errorf for a command line that makes no sense: it ends the
// program with the status [Misuse].
func Misusef(format string, args ...any) error {
	return misuseError{fmt.Errorf(format, args...)}
}

// Parse reads args, which may hold flags only. Asked for help, it writes about
// and the flags to help and returns flag.ErrHelp.
func Parse(fs *flag.FlagSet, about string, args []string, help io.Writer) error {
	// Run prints the errors, and briefly: the flag package would add the usage.
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(help, "Usage: lion %s [FLAGS]\n\n%s\n\n", fs.Name(), about)
		fs.SetOutput(help)
		fs.PrintDefaults()
		return err
	case err != nil:
		return misuseError{err}
	case fs.NArg() > 0:
		return Misusef("unexpected argument %q", fs.Arg(0))
	}
	return nil
}

// FloatVar defines a flag as fs.Float64Var does. A number other than 0 that
// float64 can't tell from 0 is refused: strconv takes it for 0 in silence.
func FloatVar(fs *flag.FlagSet, p *float64, name string, value float64, usage string) {
	*p = value
	fs.Var((*float)(p), name, usage)
}

type float float64

func (f *float) String() string { return strconv.FormatFloat(float64(*f), 'g', -1, 64) }

func (f *float) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return errors.New("too large for a float64")
	case err != nil:
		return errors.New("not a number")
	case v == 0 && !isZero(s):
		return errors.New("too small for a float64, which would make it 0")
	}
	*f = float(v)
	return nil
}

// isZero says whether every digit before the exponent of a well-formed number is
// a 0.
func isZero(s string) bool {
	s = strings.ToLower(strings.TrimLeft(s, "+-"))
	exponent := "e"
	if strings.HasPrefix(s, "0x") {
		s, exponent = s[2:], "p"
	}
	digits, _, _ := strings.Cut(s, exponent)
	return strings.Trim(digits, "0._") == ""
}
