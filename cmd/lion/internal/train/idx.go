package train

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// GoMNIST allocates what a header says and panics if that is nonsense. So each
// file is read once before, against these, without keeping anything.
const (
	imageMagic = 0x803
	labelMagic = 0x801
	side       = 28      // pixels
	maxImages  = 500_000 // some 2 GB in memory
)

// checkSet checks a file of images and the file of their labels.
func checkSet(images, labels string) error {
	n, err := checkIDX(images, imageMagic)
	if err != nil {
		return err
	}
	m, err := checkIDX(labels, labelMagic)
	if err != nil {
		return err
	}
	if n != m {
		return fmt.Errorf("%s holds %s, %s %s", images, cli.Count(n, "image"), labels, cli.Count(m, "label"))
	}
	return nil
}

// checkIDX reads a gzipped file of images or labels, which magic tells, and
// returns how many there are.
func checkIDX(path string, magic uint32) (int, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if !info.Mode().IsRegular() { // opening a pipe may wait for ever
		return 0, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, early(err))
	}
	n, err := checkHeader(z, magic)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if err := checkContent(z, magic, n); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// early is err, but for an end of the file where there shouldn't be one.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the file ends too early")
	}
	return err
}

// checkHeader reads the header, which says how many images or labels follow.
func checkHeader(r io.Reader, magic uint32) (int, error) {
	words := make([]uint32, 2)
	if magic == imageMagic {
		words = make([]uint32, 4)
	}
	if err := binary.Read(r, binary.BigEndian, words); err != nil {
		return 0, fmt.Errorf("header: %w", early(err))
	}
	switch n := words[1]; {
	case words[0] != magic:
		return 0, fmt.Errorf("the header begins with %08x, not %08x", words[0], magic)
	case magic == imageMagic && (words[2] != side || words[3] != side):
		return 0, fmt.Errorf("images of %d×%d, not %d×%d", words[2], words[3], side, side)
	case n == 0:
		return 0, errors.New("the header says that the file is empty")
	case n > maxImages:
		return 0, fmt.Errorf("the header says %s, more than %s", cli.Thousands(int64(n)), cli.Thousands(maxImages))
	}
	return int(words[1]), nil
}

// checkContent reads n images or labels, and the end of the file.
func checkContent(r io.Reader, magic uint32, n int) error {
	size, sink := int64(n)*side*side, io.Discard
	if magic == labelMagic {
		size, sink = int64(n), &labelChecker{}
	}
	got, err := io.CopyN(sink, r, size)
	if err != nil {
		return fmt.Errorf("after %s of %s bytes: %w", cli.Thousands(got), cli.Thousands(size), early(err))
	}
	switch _, err := io.ReadFull(r, make([]byte, 1)); {
	case err == nil:
		return fmt.Errorf("holds more than the %s bytes that its header says", cli.Thousands(size))
	case err != io.EOF:
		return early(err)
	}
	return nil
}

// A labelChecker takes labels from 0 to 9.
type labelChecker struct{ seen int }

func (l *labelChecker) Write(p []byte) (int, error) {
	for i, label := range p {
		if label > 9 {
			return i, fmt.Errorf("image %s has the label %d", cli.Thousands(l.seen+i), label)
		}
	}
	l.seen += len(p)
	return len(p), nil
}
