// Package checkpoint keeps the state of an optimizer in a safetensors file: the format of
// PyTorch's and others' models, which Python's safetensors reads and writes too.
//
//	err := checkpoint.Save("run.safetensors", optimizer.State(), nil)
//	…
//	err := checkpoint.Load("run.safetensors", optimizer)
//
// A parameter's weights have its name, and its state that name with ".exp_avg", as
// PyTorch's optimizers call the momentum, ".master", ".lo" or ".compensation". Elements are
// F32, F64, BF16, F16, and U16 for ".lo". What isn't a tensor stands in the file's
// metadata, as text: "lion.step", "lion.skipped", "lion.loss_scale" and "lion.good".
// A file without them, as others write, begins with step 0.
package checkpoint

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"github.com/nlpodyssey/safetensors"
)

// ErrFormat: a file isn't whole, or isn't what its header says, or holds what this package
// can't read. Test for it with errors.Is.
var ErrFormat = errors.New("checkpoint: bad safetensors file")

// The names of a state's numbers in the metadata.
const (
	keyStep      = "lion.step"
	keySkipped   = "lion.skipped"
	keyLossScale = "lion.loss_scale"
	keyGood      = "lion.good"
)

// A File is what a safetensors file holds.
type File struct {
	Tensors  []optim.Tensor    // in the order of their data
	Metadata map[string]string // may be nil
}

// Save writes s to a file, with more metadata, if any, whose keys must not begin with
// "lion.". Whatever happens, a crash at any byte included, the name is that
// of the old file, if there was one, or of the whole new one: that is written
// beside it, to a name that begins with a dot and ends in .tmp, brought to the disk, and
// renamed. A crash may leave the other file behind, an error doesn't. A file that was
// there keeps its permissions.
//
// Tensors that aren't of optim's types or whose shape isn't that of their data, and two
// of one name, are refused, with an error that wraps optim.ErrState.
func Save(path string, s optim.State, more map[string]string) error {
	views := map[string]view{}
	for _, ts := range [][]optim.Tensor{s.Weights, s.Tensors} {
		for _, t := range ts {
			v, err := viewOf(t)
			if err != nil {
				return err
			}
			if _, twice := views[t.Name]; twice || t.Name == metadataName {
				return fmt.Errorf("%w: two tensors, or the metadata, have the name %q", optim.ErrState, t.Name)
			}
			views[t.Name] = v
		}
	}
	metadata := map[string]string{
		"format":     "pt", // what some of Python's readers ask for
		keyStep:      strconv.Itoa(s.Step),
		keySkipped:   strconv.Itoa(s.Skipped),
		keyLossScale: strconv.FormatFloat(s.LossScale, 'g', -1, 64),
		keyGood:      strconv.Itoa(s.Good),
	}
	for key, text := range more {
		if strings.HasPrefix(key, "lion.") {
			return fmt.Errorf("%w: metadata %q", optim.ErrState, key)
		}
		metadata[key] = text
	}
	return replace(path, func(w writer) error { return safetensors.SerializeToWriter(views, metadata, w) })
}

// Load reads a file into an optimizer: its State, and the weights, if the file has any. It
// is as strict as Optimizer.Restore, whose errors it returns: every tensor of the
// optimizer must be there, and none beside. If it fails, nothing has changed.
func Load(path string, o *optim.Optimizer) error {
	f, err := Read(path)
	if err != nil {
		return err
	}
	var s optim.State
	if s.Step, err = f.count(keyStep); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if s.Skipped, err = f.count(keySkipped); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if s.Good, err = f.count(keyGood); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.LossScale = o.LossScale()
	if text, there := f.Metadata[keyLossScale]; there {
		if s.LossScale, err = strconv.ParseFloat(text, 64); err != nil {
			return fmt.Errorf("%s: %w: metadata %s = %q", path, ErrFormat, keyLossScale, text)
		}
	}
	state := map[string]bool{}
	for _, t := range o.State().Tensors {
		state[t.Name] = true
	}
	for _, t := range f.Tensors {
		if state[t.Name] {
			s.Tensors = append(s.Tensors, t)
		} else {
			s.Weights = append(s.Weights, t)
		}
	}
	if err := o.Restore(s); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// count is a number of the metadata, 0 if it isn't there.
func (f *File) count(key string) (int, error) {
	text, there := f.Metadata[key]
	if !there {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%w: metadata %s = %q", ErrFormat, key, text)
	}
	return n, nil
}

// viewOf is a tensor for safetensors.
func viewOf(t optim.Tensor) (view, error) {
	v := view{data: t.Data}
	n := 0
	switch s := t.Data.(type) {
	case []float32:
		v.kind, v.size, n = safetensors.F32, 4, len(s)
	case []float64:
		v.kind, v.size, n = safetensors.F64, 8, len(s)
	case []lion.BF16:
		v.kind, v.size, n = safetensors.BF16, 2, len(s)
	case []lion.F16:
		v.kind, v.size, n = safetensors.F16, 2, len(s)
	case []uint16:
		v.kind, v.size, n = safetensors.U16, 2, len(s)
	default:
		return v, fmt.Errorf("%w: %s is of %T", optim.ErrState, t.Name, t.Data)
	}
	v.bytes = uint64(n * v.size)
	shape := t.Shape
	if shape == nil {
		shape = []int{n}
	}
	v.shape = make([]uint64, len(shape)) // nil would be null
	product := 1
	for i, d := range shape {
		v.shape[i] = uint64(d)
		product *= max(d, 0)
	}
	if product != n {
		return v, fmt.Errorf("%w: %s has %d elements, but the shape %v", optim.ErrState, t.Name, n, t.Shape)
	}
	return v, nil
}
