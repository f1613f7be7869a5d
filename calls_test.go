package lion

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// severalSlices are the functions that take several slices; the methods of Stepper
// are found by reflection. TestCallsAreListed sees that none is missing.
var severalSlices = map[string]any{
	"NarrowBF16": NarrowBF16, "WidenBF16": WidenBF16, "NarrowF16": NarrowF16, "WidenF16": WidenF16,
	"Split": Split, "Join": Join, "KahanBF16": KahanBF16,
}

// A sliceCall is a function that takes several slices of numbers, and perhaps rows of
// a table whose width is one.
type sliceCall struct {
	name  string
	fn    reflect.Value
	elems []reflect.Type // of the slices of numbers
}

// sliceCalls are all of the API.
func sliceCalls() (all []sliceCall) {
	add := func(name string, fn reflect.Value) {
		c := sliceCall{name: name, fn: fn}
		for i := range fn.Type().NumIn() {
			if in := fn.Type().In(i); in.Kind() == reflect.Slice && in.Elem().Kind() != reflect.Int {
				c.elems = append(c.elems, in.Elem())
			}
		}
		if len(c.elems) > 1 {
			all = append(all, c)
		}
	}
	for name, fn := range severalSlices {
		add(name, reflect.ValueOf(fn))
	}
	s := reflect.ValueOf(stepper(DefaultConfig()))
	for i := range s.NumMethod() {
		add(s.Type().Method(i).Name, s.Method(i))
	}
	return all
}

// A place is where a slice lies: its first byte, and its length.
type place struct{ at, n int }

// apart are places for slices of n elements with gaps in between.
func (c sliceCall) apart(n int) (out []place) {
	for i := range c.elems {
		out = append(out, place{64 * i, n})
	}
	return out
}

// call runs c on slices at places in mem.
func (c sliceCall) call(mem []byte, at []place) error {
	var in []reflect.Value
	k := 0
	for i := range c.fn.Type().NumIn() {
		switch t := c.fn.Type().In(i); {
		case t.Kind() == reflect.Int:
			in = append(in, reflect.ValueOf(1))
		case t.Elem().Kind() == reflect.Int:
			in = append(in, reflect.ValueOf([]int{0, 4, 2, 1, 3}))
		default:
			whole := reflect.NewAt(reflect.ArrayOf(at[k].n, t.Elem()), unsafe.Pointer(&mem[at[k].at])).Elem()
			in = append(in, whole.Slice(0, at[k].n).Convert(t))
			k++
		}
	}
	err, _ := c.fn.Call(in)[0].Interface().(error)
	return err
}

// checkRefused says what is wrong with how c refuses slices at places: the error must
// wrap want, and nothing be written.
func (c sliceCall) checkRefused(at []place, want error) error {
	words := make([]uint64, 64)
	for i := range words {
		words[i] = uint64(i+1) * 0x0102030405060708
	}
	mem := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	before := bytes.Clone(mem)
	err := c.call(mem, at)
	if want == nil {
		return err
	}
	if !errors.Is(err, want) {
		return fmt.Errorf("%v gives %v, not %v", at, err, want)
	}
	if !bytes.Equal(before, mem) {
		return fmt.Errorf("%v: refused, but written", at)
	}
	return nil
}

// TestCallsRefuse: each call that takes several slices refuses any of another length,
// and any two that share memory, an element of it even, and takes neighbours.
func TestCallsRefuse(t *testing.T) {
	const n = 5 // as many as rows
	for _, c := range sliceCalls() {
		assert.NoError(t, c.checkRefused(c.apart(n), nil), c.name)
		for i := range c.elems {
			for _, other := range []int{0, n - 1, n + 1} {
				at := c.apart(n)
				at[i].n = other
				assert.NoError(t, c.checkRefused(at, ErrLength), "%s: slice %d of %d elements", c.name, i, other)
			}
			for j := range c.elems {
				if i == j {
					continue
				}
				bytes, unit := n*int(c.elems[i].Size()), int(c.elems[i].Size())
				for _, offset := range []int{0, 8, bytes - unit} { // aligned for each type
					if offset%int(c.elems[j].Size()) != 0 || offset >= bytes {
						continue
					}
					at := c.apart(n)
					at[i].at = 256
					at[j].at = 256 + offset
					assert.NoError(t, c.checkRefused(at, ErrOverlap), "%s: slices %d and %d", c.name, i, j)
				}
				at := c.apart(n)
				at[i].at, at[j].at = 256, 256+bytes
				if bytes%int(c.elems[j].Size()) == 0 {
					assert.NoError(t, c.checkRefused(at, nil), "%s: slices %d and %d are neighbours", c.name, i, j)
				}
			}
		}
	}
}

// TestCallsAreListed: what is exported and takes several slices is tested above.
func TestCallsAreListed(t *testing.T) {
	tested := map[string]bool{}
	for _, c := range sliceCalls() {
		tested[c.name] = true
	}
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() || fn.Type.Params == nil {
				continue
			}
			n := 0
			for _, p := range fn.Type.Params.List {
				if array, ok := p.Type.(*ast.ArrayType); ok && array.Len == nil {
					n += len(p.Names)
				}
			}
			if n > 1 {
				assert.True(t, tested[fn.Name.Name], fn.Name.Name)
				found++
			}
		}
	}
	assert.Equal(t, len(tested), found)
}
