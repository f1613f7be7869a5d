package checkpoint

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
	"strconv"

	"github.com/lionkernel/lion/optim"
	"github.com/nlpodyssey/safetensors"
)

// metadataName is what the header has for no tensor.
const metadataName = "__metadata__"

// What a header may come to: enough for 100,000 tensors. Reading it takes some ten
// times its memory.
const (
	mostHeader     = 16 << 20
	mostDimensions = 64
)

// Read reads a safetensors file. It asks for no more memory than a small multiple of the
// file's length, whatever the header says. The error wraps ErrFormat if the file isn't
// what it should be: cut off, with a header of more than 16 MiB, a name that stands twice,
// a shape that isn't that of its bytes, bytes that lie beyond the end, of two tensors, or
// of none, or elements other than F32, F64, BF16, F16 and U16.
func Read(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return File{}, err
	}
	if !info.Mode().IsRegular() {
		return File{}, fmt.Errorf("%w: %s is no regular file", ErrFormat, path)
	}
	file, err := read(f, info.Size())
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// read reads a file of so many bytes. The header is checked before the data is read.
func read(r io.Reader, size int64) (File, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return File{}, err
	}
	all := make([]byte, size)
	binary.LittleEndian.PutUint64(all, uint64(len(header)))
	copy(all[8:], header)
	if _, err := io.ReadFull(r, all[8+len(header):]); err != nil {
		return File{}, err
	}
	content, err := safetensors.Deserialize(all)
	if err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	_, metadata, err := safetensors.ReadMetadata(all)
	if err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	file := File{Metadata: metadata.Metadata()}
	for _, t := range content.Tensors() {
		data := decode(t.TensorView.DType(), t.TensorView.Data())
		if data == nil {
			return File{}, fmt.Errorf("%w: %q is of %v", ErrFormat, t.Name, t.TensorView.DType())
		}
		shape := []int{}
		for _, d := range t.TensorView.Shape() {
			shape = append(shape, int(d))
		}
		file.Tensors = append(file.Tensors, optim.Tensor{Name: t.Name, Shape: shape, Data: data})
	}
	return file, nil
}

// readHeader reads the header of a file of so many bytes, and checks it.
func readHeader(r io.Reader, size int64) ([]byte, error) {
	var length [8]byte
	if size < 8 {
		return nil, fmt.Errorf("%w: %d bytes are no header", ErrFormat, size)
	}
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > mostHeader || n > uint64(size-8) {
		return nil, fmt.Errorf("%w: a header of %d bytes, in a file of %d; at most %d are read", ErrFormat, n, size, mostHeader)
	}
	if int64(int(size)) != size {
		return nil, fmt.Errorf("%w: %d bytes are more than this machine can address", ErrFormat, size)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, err
	}
	if err := checkHeader(header, uint64(size)-8-n); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return header, nil
}

// entry is what a header says of a tensor.
type entry struct {
	name       string
	kind       string
	shape      []uint64
	begin, end uint64
}

// checkHeader refuses what a file of so many bytes of data can't have. It sees
// what decoding to maps loses: names and keys that stand twice.
func checkHeader(header []byte, size uint64) error {
	d := json.NewDecoder(bytes.NewReader(header))
	d.UseNumber()
	var all []entry
	err := eachKey(d, func(name string) error {
		if name == metadataName {
			return checkMetadata(d)
		}
		e, err := readEntry(d, name)
		if err != nil {
			return fmt.Errorf("%q: %w", name, err)
		}
		all = append(all, e)
		return nil
	})
	if err != nil {
		return err
	}
	if rest, _ := io.ReadAll(d.Buffered()); len(bytes.Trim(rest, " ")) > 0 {
		return fmt.Errorf("%d bytes follow the header", len(rest))
	}
	return checkPlaces(all, size)
}

// checkMetadata reads texts.
func checkMetadata(d *json.Decoder) error {
	return eachKey(d, func(key string) error {
		t, err := d.Token()
		if _, ok := t.(string); !ok && err == nil {
			return fmt.Errorf("metadata %q is no text", key)
		}
		return err
	})
}

// checkPlaces refuses tensors that don't lie one behind the other, to the end.
func checkPlaces(all []entry, size uint64) error {
	slices.SortStableFunc(all, func(a, b entry) int {
		if a.begin != b.begin {
			return cmp.Compare(a.begin, b.begin)
		}
		return cmp.Compare(a.end, b.end)
	})
	at := uint64(0)
	for _, e := range all {
		if e.begin != at {
			return fmt.Errorf("%q begins at byte %d, but what is before it ends at %d", e.name, e.begin, at)
		}
		at = e.end
	}
	if at != size {
		return fmt.Errorf("the tensors end at byte %d, but there are %d", at, size)
	}
	return nil
}

// eachKey reads an object whose keys must differ, and lets f read the value of each.
func eachKey(d *json.Decoder, f func(key string) error) error {
	if err := wanted(d, json.Delim('{')); err != nil {
		return err
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("%v is no name", t)
		}
		if seen[key] {
			return fmt.Errorf("%q stands twice", key)
		}
		seen[key] = true
		if err := f(key); err != nil {
			return err
		}
	}
	return wanted(d, json.Delim('}'))
}

// wanted reads a delimiter.
func wanted(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("%v where %v was expected", t, want)
	}
	return nil
}

// readEntry reads what a header says of a tensor.
func readEntry(d *json.Decoder, name string) (entry, error) {
	e := entry{name: name}
	keys := 0
	err := eachKey(d, func(key string) error {
		keys++
		switch key {
		case "dtype":
			t, err := d.Token()
			if err != nil {
				return err
			}
			e.kind, _ = t.(string)
			return nil
		case "shape":
			shape, err := readNumbers(d, mostDimensions)
			e.shape = shape
			return err
		case "data_offsets":
			offsets, err := readNumbers(d, 2)
			if err != nil {
				return err
			}
			if len(offsets) != 2 {
				return fmt.Errorf("%d data_offsets", len(offsets))
			}
			e.begin, e.end = offsets[0], offsets[1]
			return nil
		}
		return fmt.Errorf("%q is unknown", key)
	})
	if err != nil {
		return e, err
	}
	if keys != 3 {
		return e, fmt.Errorf("dtype, shape and data_offsets aren't all there")
	}
	return e, e.check()
}

// readNumbers reads an array of at most so many natural numbers.
func readNumbers(d *json.Decoder, most int) ([]uint64, error) {
	if err := wanted(d, json.Delim('[')); err != nil {
		return nil, err
	}
	var numbers []uint64
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		n, err := strconv.ParseUint(fmt.Sprint(t), 10, 64)
		if _, ok := t.(json.Number); !ok || err != nil {
			return nil, fmt.Errorf("%v is no natural number of 64 bits", t)
		}
		if numbers = append(numbers, n); len(numbers) > most {
			return nil, fmt.Errorf("more than %d numbers", most)
		}
	}
	return numbers, wanted(d, json.Delim(']'))
}

// sizes are the bytes of the elements that are read.
var sizes = map[string]uint64{"F32": 4, "F64": 8, "BF16": 2, "F16": 2, "U16": 2}

// check says whether a tensor's bytes are those of its shape.
func (e *entry) check() error {
	n := sizes[e.kind]
	if n == 0 {
		return fmt.Errorf("dtype %q isn't one of F32, F64, BF16, F16 and U16", e.kind)
	}
	empty := slices.Contains(e.shape, 0)
	for _, d := range e.shape {
		if int(d) < 0 || uint64(int(d)) != d {
			return fmt.Errorf("the shape %v is too large", e.shape)
		}
		hi, lo := bits.Mul64(n, d)
		if n = lo; hi != 0 && !empty {
			return fmt.Errorf("the shape %v is too large", e.shape)
		}
	}
	if e.end < e.begin || e.end-e.begin != n {
		return fmt.Errorf("the shape %v of %s is %d bytes, but data_offsets are [%d, %d]", e.shape, e.kind, n, e.begin, e.end)
	}
	return nil
}
