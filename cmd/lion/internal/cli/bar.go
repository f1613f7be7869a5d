package cli

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Bar is a progress bar on a terminal, and nothing anywhere else: a log or a
// pipe gets the report's lines alone. The zero Bar shows nothing.
type Bar struct{ p *progressbar.ProgressBar }

// barWidth is the width of the bar itself where there is room; around it stand
// some 30 columns of text.
const barWidth = 30

// NewBar returns a bar of steps on w.
func NewBar(w io.Writer, steps int) Bar {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return Bar{}
	}
	columns := func() int {
		c, _, err := term.GetSize(int(f.Fd()))
		if err != nil || c <= 0 {
			return 80
		}
		return c
	}
	return Bar{progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(&cutter{f, columns}),
		progressbar.OptionSetWidth(min(barWidth, max(5, columns()-30))),
		progressbar.OptionThrottle(65e6), // nanoseconds
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionClearOnFinish(),
	)}
}

// Describe sets the text before the bar.
func (b Bar) Describe(format string, args ...any) {
	if b.p != nil {
		b.p.Describe(fmt.Sprintf(format, args...))
	}
}

// Add says that n more steps are done.
func (b Bar) Add(n int) {
	if b.p != nil {
		b.p.Add(n)
	}
}

// Clear takes the bar off its line, so that a line of the report can be
// printed there. The next Add draws it again.
func (b Bar) Clear() {
	if b.p != nil {
		b.p.Clear()
	}
}

// Close takes the bar away for good.
func (b Bar) Close() {
	if b.p != nil {
		b.p.Finish()
		b.p.Clear()
	}
}

// A cutter drops what doesn't fit on a line of a terminal, whose width it asks at
// each write. A bar that goes on in a second line can't be taken off any more,
// and fills the screen.
type cutter struct {
	w       io.Writer
	columns func() int
}

func (c *cutter) Write(p []byte) (int, error) {
	room := c.columns() - 1 // at the last column some terminals go to the next line
	cut := make([]byte, 0, len(p))
	for rest := p; len(rest) > 0; {
		n := escape(rest)
		switch {
		case n > 0: // takes no room
			cut = append(cut, rest[:n]...)
		case rest[0] == '\r':
			n, room = 1, c.columns()-1
			cut = append(cut, '\r')
		default:
			_, n = utf8.DecodeRune(rest)
			if room--; room >= 0 {
				cut = append(cut, rest[:n]...)
			}
		}
		rest = rest[n:]
	}
	if _, err := c.w.Write(cut); err != nil {
		return 0, err
	}
	return len(p), nil
}

// escape returns the length of the control sequence that p begins with, or 0.
func escape(p []byte) int {
	if len(p) < 2 || p[0] != '\x1b' || p[1] != '[' {
		return 0
	}
	for i, b := range p[2:] {
		if b >= '@' {
			return i + 3
		}
	}
	return len(p)
}
