//go:build unix

package main

import (
	"bytes"
	"os"
)

// A patch is how a mutant's program differs from the pristine one: a few
// instructions, and the addresses of what comes after them.
type patch struct {
	Size  int // of the mutant's
	Hunks []hunk
}

type hunk struct {
	At   int
	Text []byte
}

// unit is the length of what is compared at once.
const unit = 64

// difference returns the patch that makes b of a.
func difference(a, b []byte) patch {
	p := patch{Size: len(b)}
	last := -1 // where the last hunk ends
	for at := 0; at < len(b); at += unit {
		is := b[at:min(at+unit, len(b))]
		if at+len(is) <= len(a) && bytes.Equal(a[at:at+len(is)], is) {
			continue
		}
		if at != last {
			p.Hunks = append(p.Hunks, hunk{At: at})
		}
		h := &p.Hunks[len(p.Hunks)-1]
		h.Text = append(h.Text, is...)
		last = at + len(is)
	}
	return p
}

// apply writes the mutant's program over the pristine one. The file isn't open
// when it returns, or else it could not be run.
func (p patch) apply(path string) error {
	return edit(path, p.Size, p.Hunks)
}

// revert writes the pristine program where apply changed it.
func (p patch) revert(path string, pristine []byte) error {
	var back []hunk
	for _, h := range append(p.Hunks, hunk{At: p.Size, Text: pristine[min(p.Size, len(pristine)):]}) {
		if h.At < len(pristine) {
			back = append(back, hunk{h.At, pristine[h.At:min(h.At+len(h.Text), len(pristine))]})
		}
	}
	return edit(path, len(pristine), back)
}

func edit(path string, size int, hunks []hunk) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, h := range hunks {
		if _, err := f.WriteAt(h.Text, int64(h.At)); err != nil {
			return err
		}
	}
	return f.Truncate(int64(size))
}
