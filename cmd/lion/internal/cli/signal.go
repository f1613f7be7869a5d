package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// A Signal is the error of a command that a signal ended, after it printed what
// it had.
type Signal struct {
	signal os.Signal
	status int // exit status: 128 and the signal's number, as shells have it
	text   string
}

func (s Signal) Error() string { return s.text }

// signals are those that end a command, by the numbers that they have on every
// Unix.
var signals = append([]Signal{
	{os.Interrupt, 130, "interrupted"},
	{syscall.SIGTERM, 143, "interrupted by SIGTERM"},
}, hangup...)

// Stopped returns the error that a command should end with if ctx is done, else
// nil.
func Stopped(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	var by Signal
	if errors.As(context.Cause(ctx), &by) {
		return by
	}
	return signals[0]
}

// Start is [Program.Run] until a signal, at which the command comes to an end; a
// second one kills the program. A signal that is ignored from the start, as nohup
// has it, stays so.
func (p Program) Start(args []string, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	came := make(chan os.Signal, 1)
	for _, s := range signals {
		if !signal.Ignored(s.signal) {
			signal.Notify(came, s.signal)
		}
	}
	defer signal.Stop(came)
	go func() {
		select {
		case <-ctx.Done():
		case got := <-came:
			signal.Stop(came)
			for _, s := range signals {
				if s.signal == got {
					cancel(s)
				}
			}
		}
	}()
	return p.Run(ctx, args, stdout, stderr)
}
