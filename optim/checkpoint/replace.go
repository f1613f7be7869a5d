package checkpoint

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// A writer is what a file's content is written to.
type writer = io.Writer

// A file is what replace needs of one. Tests have files that fail.
type file interface {
	io.Writer
	Name() string
	Chmod(mode fs.FileMode) error
	Sync() error
	Close() error
}

// What replace asks the system for; tests ask for what fails.
var (
	create = func(dir, pattern string) (file, error) { return os.CreateTemp(dir, pattern) }
	rename = os.Rename
)

// replace writes a file that takes path's place as a whole, or not at all.
func replace(path string, write func(w writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link stays one
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	dir, name := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := create(dir, "."+name+".*.tmp")
	if err != nil {
		return err
	}
	if err := fill(f, mode, write); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// fill writes a file, and is done when it is on the disk.
func fill(f file, mode fs.FileMode, write func(w writer) error) error {
	buffer := bufio.NewWriterSize(f, 1<<20)
	err := write(buffer)
	if err == nil {
		err = buffer.Flush()
	}
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir brings a folder's names to the disk, where the system lets one: else the file is
// whole, but after a crash it may be the old one.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" || runtime.GOOS == "js" || runtime.GOOS == "wasip1" || runtime.GOOS == "plan9" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
