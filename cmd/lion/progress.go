package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar is a progress bar on a terminal, and nothing anywhere else: a log or a
// pipe gets the report's lines alone.
type bar struct{ p *progressbar.ProgressBar }

func newBar(w io.Writer, steps int) bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return bar{}
	}
	return bar{progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(65e6), // nanoseconds
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

func (b bar) describe(format string, args ...any) {
	if b.p != nil {
		b.p.Describe(fmt.Sprintf(format, args...))
	}
}

func (b bar) add(n int) {
	if b.p != nil {
		b.p.Add(n)
	}
}

// clear takes the bar off its line, so that a line of the report can be
// printed there. The next add draws it again.
func (b bar) clear() {
	if b.p != nil {
		b.p.Clear()
	}
}

// close takes the bar away for good.
func (b bar) close() {
	if b.p != nil {
		b.p.Finish()
		b.p.Clear()
	}
}
