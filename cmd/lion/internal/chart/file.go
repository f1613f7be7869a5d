package chart

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// A File is where a picture goes. Whether it can go there is tried before the work,
// which a name that can't be written would cost, and leaves no trace.
type File struct {
	path string // without links
	mode fs.FileMode
	pipe *os.File // or a device: written to as it is, where a file is replaced
}

// Open tries the path that the flag -plot names. Whoever calls it calls Close.
func Open(name string) (*File, error) {
	if !strings.EqualFold(filepath.Ext(name), ".svg") {
		return nil, cli.Misusef("-plot %q: the name must end in .svg", name)
	}
	p := &File{path: name}
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

// beside makes a new file in the folder of the picture.
func (p *File) beside() (*os.File, error) {
	for i := 0; ; i++ {
		// Not os.CreateTemp, which keeps others from reading the file.
		name := fmt.Sprintf("%s.%d.%d.tmp", p.path, os.Getpid(), i)
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Write makes a picture the content of the file, whole or not at all.
func (p *File) Write(picture io.WriterTo) error {
	if p.pipe != nil {
		_, err := picture.WriteTo(p.pipe)
		return errors.Join(err, p.pipe.Close())
	}
	f, err := p.beside()
	if err != nil {
		return err
	}
	_, err = picture.WriteTo(f)
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

// Close ends what Open began.
func (p *File) Close() {
	if p.pipe != nil {
		p.pipe.Close() // again, if there is a picture
	}
}
