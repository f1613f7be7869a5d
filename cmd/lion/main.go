// Command lion shows the Lion step at work and proves it on the machine at
// hand.
//
//	lion train     trains a classifier of handwritten digits with the step
//	lion verify    compares every implementation with the generic one, bit by bit
//	lion info      tells which implementations this machine runs, and why
//	lion version   tells what this program was built from
//
// The exit status is 0 for success, 1 for a failure (verify: for a mismatch), 2
// for a command line that makes no sense and 130 for an interrupt (Ctrl-C). From
// the root of a clone, `go run ./cmd/lion train` needs nothing but Go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
)

// Exit statuses.
const (
	exitOK        = 0
	exitFail      = 1
	exitUsage     = 2
	exitInterrupt = 130 // as shells have it
)

// errInterrupt ends a command that has printed what it had.
var errInterrupt = errors.New("interrupted")

// A command is one of the words that may follow "lion".
type command struct {
	name    string
	summary string
	run     func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

var commands = []command{
	{"train", "train a classifier of handwritten digits with the Lion step", trainCommand},
	{"verify", "compare every implementation with the generic one, bit by bit", verifyCommand},
	{"info", "tell which implementations this machine runs, and why", infoCommand},
	{"version", "tell what this program was built from", versionCommand},
}

func main() {
	os.Exit(start(os.Args[1:], os.Stdout, os.Stderr))
}

// start is run until an interrupt, at which a command comes to an end; a second
// one kills the program.
func start(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, args, stdout, stderr)
}

// run executes one command line and returns its exit status. Results that
// couldn't be written are a failure.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return exitUsage
	}
	out := &errWriter{w: stdout}
	if args[0] == "help" && len(args) > 1 {
		args = append(slices.Clone(args[1:]), "-h")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		usage(out)
		if out.err != nil {
			fmt.Fprintf(stderr, "lion: %s\n", message(out.err))
			return exitFail
		}
		return exitOK
	}
	for _, c := range commands {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], out, stderr)
		if err == nil || errors.Is(err, flag.ErrHelp) {
			err = out.err
		}
		var misuse usageError
		switch {
		case err == nil:
			return exitOK
		case errors.As(err, &misuse):
			fmt.Fprintf(stderr, "lion %s: %s\nRun 'lion help %s' for its flags.\n", c.name, message(err), c.name)
			return exitUsage
		case errors.Is(err, errInterrupt):
			fmt.Fprintf(stderr, "lion %s: %s\n", c.name, message(err))
			return exitInterrupt
		default:
			fmt.Fprintf(stderr, "lion %s: %s\n", c.name, message(err))
			return exitFail
		}
	}
	fmt.Fprintf(stderr, "lion: unknown command %q\n\n", args[0])
	usage(stderr)
	return exitUsage
}

// An errWriter writes to w until that fails, and keeps the error: who prints a
// report needn't look after each line.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) Write(p []byte) (n int, err error) {
	if e.err == nil {
		n, e.err = e.w.Write(p)
	}
	return n, e.err
}

// message is err's text without the name of the package, which is the
// program's too.
func message(err error) string { return strings.TrimPrefix(err.Error(), "lion: ") }

func usage(w io.Writer) {
	var b strings.Builder
	b.WriteString("Lion: one optimizer step, the same bits on every CPU.\n\nUsage: lion COMMAND [FLAGS]\n\n")
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-8s %s\n", c.name, c.summary)
	}
	b.WriteString("\n'lion help COMMAND' lists a command's flags. LION_IMPL=NAME in the environment\nchooses the implementation; 'lion info' lists the names.\n")
	io.WriteString(w, b.String())
}

// A usageError is a command line that makes no sense: exit status 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func misuse(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// parse reads args, which may hold flags only. Asked for help, it writes about
// and the flags to help and returns flag.ErrHelp.
func parse(fs *flag.FlagSet, about string, args []string, help io.Writer) error {
	// run prints the errors, and briefly: the flag package would add the usage.
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
		return usageError{err}
	case fs.NArg() > 0:
		return misuse("unexpected argument %q", fs.Arg(0))
	}
	return nil
}
