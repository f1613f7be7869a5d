package checkpoint

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/nlpodyssey/safetensors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fileOf is a file with a header and so many bytes of data.
func fileOf(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

// tensor is a header's text for a tensor.
func tensor(name, dtype, shape, offsets string) string {
	return `"` + name + `":{"dtype":"` + dtype + `","shape":[` + shape + `],"data_offsets":[` + offsets + `]}`
}

// allocated reads a file, and returns how many bytes that asked for.
func allocated(b []byte) (File, uint64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err := read(bytes.NewReader(b), int64(len(b)))
	runtime.ReadMemStats(&after)
	return f, after.TotalAlloc - before.TotalAlloc, err
}

// TestHostile: files that aren't what they say are refused in plain words and with
// little memory.
func TestHostile(t *testing.T) {
	long := binary.LittleEndian.AppendUint64(nil, 1<<63)
	for _, c := range []struct {
		name string
		file []byte
		text string
	}{
		{"nothing", nil, "0 bytes are no header"},
		{"7 bytes", make([]byte, 7), "7 bytes are no header"},
		{"no header", make([]byte, 8), "EOF"},
		{"a header of 2^63", long, "a header of 9223372036854775808 bytes, in a file of 8"},
		{"a header beyond the end", fileOf("{}", 0)[:9], "a header of 2 bytes, in a file of 9"},
		{"a header of 17 MiB", fileOf(strings.Repeat(" ", 17<<20), 0), "at most 16777216"},
		{"no object", fileOf("[]", 0), "[ where { was expected"},
		{"no JSON", fileOf("{,}", 0), "invalid character"},
		{"cut off", fileOf(`{"a":`, 0), "EOF"},
		{"text behind", fileOf(`{}x`, 0), "1 bytes follow"},
		{"two objects", fileOf(`{} {}`, 0), "bytes follow"},
		{"data of none", fileOf(`{}`, 4), "end at byte 0, but there are 4"},
		{"no data", fileOf("{"+tensor("a", "F32", "1", "0,4")+"}", 0), "end at byte 4, but there are 0"},
		{"2^63 elements", fileOf("{"+tensor("a", "F32", "9223372036854775808", "0,4")+"}", 4), "too large"},
		{"2^62 elements", fileOf("{"+tensor("a", "F32", "4611686018427387904", "0,0")+"}", 0), "too large"},
		{"2^32 times 2^32", fileOf("{"+tensor("a", "F32", "4294967296,4294967296", "0,0")+"}", 0), "too large"},
		{"a length of 2^64", fileOf("{"+tensor("a", "F32", "18446744073709551616", "0,4")+"}", 4), "no natural number"},
		{"a negative length", fileOf("{"+tensor("a", "F32", "-1", "0,4")+"}", 4), "no natural number"},
		{"a broken length", fileOf("{"+tensor("a", "F32", "1.0", "0,4")+"}", 4), "no natural number"},
		{"a length in words", fileOf("{"+tensor("a", "F32", `"1"`, "0,4")+"}", 4), "no natural number"},
		{"beyond the end", fileOf("{"+tensor("a", "F32", "2", "0,8")+"}", 4), "end at byte 8, but there are 4"},
		{"a far end", fileOf("{"+tensor("a", "F32", "1", "18446744073709551612,0")+"}", 4), "data_offsets are"},
		{"backwards", fileOf("{"+tensor("a", "F32", "1", "4,0")+"}", 4), "data_offsets are [4, 0]"},
		{"overlapping", fileOf("{"+tensor("a", "F32", "2", "0,8")+","+tensor("b", "F32", "2", "4,12")+"}", 12), `"b" begins at byte 4, but what is before it ends at 8`},
		{"twice the same bytes", fileOf("{"+tensor("a", "F32", "2", "0,8")+","+tensor("b", "F32", "2", "0,8")+"}", 8), "begins at byte 0"},
		{"a hole", fileOf("{"+tensor("a", "F32", "1", "0,4")+","+tensor("b", "F32", "1", "8,12")+"}", 12), `"b" begins at byte 8`},
		{"a name twice", fileOf("{"+tensor("a", "F32", "1", "0,4")+","+tensor("a", "F32", "1", "4,8")+"}", 8), `"a" stands twice`},
		{"the same name, written otherwise", fileOf("{"+tensor("a", "F32", "1", "0,4")+","+tensor(`\u0061`, "F32", "1", "4,8")+"}", 8), `"a" stands twice`},
		{"a key twice", fileOf(`{"a":{"dtype":"F32","dtype":"F64","shape":[1],"data_offsets":[0,4]}}`, 4), `"dtype" stands twice`},
		{"metadata twice", fileOf(`{"__metadata__":{},"__metadata__":{}}`, 0), "stands twice"},
		{"a number in the metadata", fileOf(`{"__metadata__":{"a":1}}`, 0), `metadata "a" is no text`},
		{"another key", fileOf(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}`, 4), `"x" is unknown`},
		{"no shape", fileOf(`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4), "aren't all there"},
		{"a type that is none", fileOf("{"+tensor("a", "F33", "1", "0,4")+"}", 4), `dtype "F33"`},
		{"a type that isn't read", fileOf("{"+tensor("a", "I64", "1", "0,8")+"}", 8), `dtype "I64"`},
		{"a number for a type", fileOf(`{"a":{"dtype":1,"shape":[1],"data_offsets":[0,4]}}`, 4), `dtype ""`},
		{"one offset", fileOf("{"+tensor("a", "F32", "1", "0")+"}", 4), "1 data_offsets"},
		{"three offsets", fileOf("{"+tensor("a", "F32", "1", "0,4,4")+"}", 4), "more than 2 numbers"},
		{"a million dimensions", fileOf("{"+tensor("a", "F32", strings.Repeat("1,", 1<<20)+"1", "0,4")+"}", 4), "more than 64 numbers"},
		{"a tensor that is a list", fileOf(`{"a":[1]}`, 4), "[ where { was expected"},
		{"deep", fileOf(strings.Repeat(`{"a":`, 1<<16), 0), `"a" is unknown`},
	} {
		_, bytes, err := allocated(c.file)
		assert.ErrorContains(t, err, c.text, c.name)
		assert.Less(t, bytes, uint64(64<<10+8*len(c.file)), c.name)
	}
	f, _, err := allocated(fileOf("{"+tensor("a", "F32", "0,9223372036854775807", "0,0")+"}", 0))
	if assert.NoError(t, err, "no elements") {
		assert.Len(t, f.Tensors, 1)
	}
}

// TestCutOff: a file that is cut off anywhere is refused.
func TestCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	o := newOptimizer(t, "")
	require.NoError(t, Save(path, o.State(), nil))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for n := range whole {
		_, err := read(bytes.NewReader(whole[:n]), int64(n))
		require.ErrorIs(t, err, ErrFormat, "%d bytes of %d", n, len(whole))
	}
	require.NoError(t, os.Truncate(path, int64(len(whole)-1)))
	_, err = Read(path)
	assert.ErrorIs(t, err, ErrFormat)
	_, err = Read(filepath.Dir(path))
	assert.ErrorIs(t, err, ErrFormat)
}

// FuzzRead: whatever a file holds, reading it ends with an error, or with what the library
// alone would have read, and asks for memory in proportion to the file.
//
//	cd optim/checkpoint; GOWORK=off go test -run NONE -fuzz FuzzRead -fuzzminimizetime 10x .
func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x")
	if err := Save(path, newOptimizer(f, "").State(), nil); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(fileOf("{"+tensor("a", "F32", "2", "0,8")+","+tensor("b", "BF16", "2,1", "8,12")+`,"__metadata__":{"lion.step":"3"}}`, 12))
	f.Add(fileOf("{"+tensor("a", "F32", "0", "0,0")+"}", 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, bytes, err := allocated(b)
		if bytes > uint64(256<<10+400*len(b)) {
			t.Fatalf("%d bytes for a file of %d", bytes, len(b))
		}
		if err != nil {
			return
		}
		want, err := safetensors.Deserialize(b)
		if err != nil {
			t.Fatalf("read, but the library says %v", err)
		}
		if len(got.Tensors) != want.Len() {
			t.Fatalf("%d tensors, but the library has %d", len(got.Tensors), want.Len())
		}
		for _, x := range got.Tensors {
			w, ok := want.Tensor(x.Name)
			v, err := viewOf(x)
			if !ok || err != nil || string(w.Data()) != string(v.Data()) || w.DType() != v.kind {
				t.Fatalf("%q isn't the library's", x.Name)
			}
		}
	})
}
