package train

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// plotFile is where a plot goes. Whether it can go there is tried before the
// training, which a name that can't be written would cost, and leaves no trace.
type plotFile struct {
	path string // without links
	mode fs.FileMode
	pipe *os.File // or a device: written to as it is, where a file is replaced
}

// openPlot tries path. Whoever calls it calls close.
func openPlot(name string) (*plotFile, error) {
	if !strings.EqualFold(filepath.Ext(name), ".svg") {
		return nil, cli.Misusef("-plot %q: the name must end in .svg", name)
	}
	p := &plotFile{path: name}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(name); err == nil {
			return nil, cli.Misusef("-plot %s: is a link to nothing", name)
		}
	case err != nil:
		return nil, cli.Misusef("-plot: %w", err)
	default:
		old, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, cli.Misusef("-plot: %w", err)
		}
		if !info.Mode().IsRegular() {
			p.pipe = old
			return p, nil
		}
		old.Close()
		p.mode = info.Mode().Perm()
		if p.path, err = filepath.EvalSymlinks(name); err != nil {
			return nil, cli.Misusef("-plot: %w", err)
		}
	}
	f, err := p.beside()
	if err != nil {
		return nil, cli.Misusef("-plot %s: %w", name, err)
	}
	f.Close()
	os.Remove(f.Name())
	return p, nil
}

// beside makes a new file in the folder of the plot.
func (p *plotFile) beside() (*os.File, error) {
	for i := 0; ; i++ {
		// Not os.CreateTemp, which keeps others from reading the file.
		name := fmt.Sprintf("%s.%d.%d.tmp", p.path, os.Getpid(), i)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// draw makes a plot of c the content of the file, whole or not at all.
func (p *plotFile) draw(title string, c curve) error {
	plot, err := plotCurve(title, c)
	if err != nil {
		return err
	}
	if p.pipe != nil {
		_, err = plot.WriteTo(p.pipe)
		return errors.Join(err, p.pipe.Close())
	}
	f, err := p.beside()
	if err != nil {
		return err
	}
	_, err = plot.WriteTo(f)
	if p.mode != 0 && err == nil {
		err = f.Chmod(p.mode)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// close ends what openPlot began.
func (p *plotFile) close() {
	if p.pipe != nil {
		p.pipe.Close() // again, if there is a plot
	}
}
