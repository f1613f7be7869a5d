// Package cli is what lion's commands share: how a command line is run and ends,
// flags, the progress bar, and how numbers are written.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Exit statuses. A signal that ends a command adds its number to 128.
const (
	OK     = 0
	Failed = 1
	Misuse = 2 // a command line that makes no sense
)

// A Command is one of the words that may follow the program's name. What Run
// prints to stdout and can't write is a failure, without Run looking after it.
type Command struct {
	Name    string
	Summary string
	Run     func(ctx context.Context, args []string, stdout, stderr io.Writer) error
}

// A Program is a list of commands, with what its help says before and after
// them.
type Program struct {
	Head, Foot string
	Commands   []Command
}

// Run executes one command line and returns its exit status. ctx may end with a
// signal: see [Program.Start].
func (p Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		io.WriteString(stderr, p.usage())
		return Misuse
	}
	if args[0] == "help" && len(args) > 1 {
		args = append(slices.Clone(args[1:]), "-h")
	}
	switch args[0] {
	case "help", "-h", "-help", "--help":
		if _, err := io.WriteString(stdout, p.usage()); err != nil {
			fmt.Fprintf(stderr, "lion: %s\n", message(err))
			return Failed
		}
		return OK
	}
	for _, c := range p.Commands {
		if c.Name == args[0] {
			return c.run(ctx, args[1:], stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "lion: unknown command %q\n\n%s", args[0], p.usage())
	return Misuse
}

func (c Command) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	out := &errWriter{w: stdout}
	err := c.Run(ctx, args, out, stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		err = out.err
	}
	if err == nil {
		return OK
	}
	fmt.Fprintf(stderr, "lion %s: %s\n", c.Name, message(err))
	var misuse misuseError
	var by Signal
	switch {
	case errors.As(err, &misuse):
		fmt.Fprintf(stderr, "Run 'lion help %s' for its flags.\n", c.Name)
		return Misuse
	case errors.As(err, &by):
		return by.status
	}
	return Failed
}

func (p Program) usage() string {
	var b strings.Builder
	b.WriteString(p.Head + "\n\nUsage: lion COMMAND [FLAGS]\n\n")
	for _, c := range p.Commands {
		fmt.Fprintf(&b, "  %-8s %s\n", c.Name, c.Summary)
	}
	b.WriteString("\n" + p.Foot + "\n")
	return b.String()
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
func message(err error) string {
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), "lion: "), ": lion: ", ": ")
}
