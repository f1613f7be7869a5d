package half

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

func TestMain(m *testing.M) { prove.Main(m) }

// Every path equals the specification: each implementation has each property.

var generic = Named("generic")

// A property is checked of an implementation that can run here.
type property struct {
	name  string
	check func(t testing.TB, im *Implementation) error
}

var properties = []property{
	{"briefly", briefly},
	{"lengths", lengths},
	{"guardPages", guardPages},
	{"widen", widen},
	{"narrowEdges", narrowEdges},
	{"walk", walk},
	{"kahan", kahan},
	{"random", random},
	{"randomKeeps", randomKeeps},
	{"randomMean", randomMean},
	{"fused", fused},
	{"fusedLengths", fusedLengths},
	{"fusedNaN", fusedNaN},
	{"fusedGuardPages", fusedGuardPages},
}

// eachImplementation runs f for those that can run here; others are skipped aloud.
func eachImplementation(t *testing.T, f func(t *testing.T, im *Implementation)) {
	for _, im := range Implementations {
		t.Run("impl="+im.Name, func(t *testing.T) {
			prove.MustRun(t, im.Name, prove.Missing(im.Name))
			f(t, im)
		})
	}
}

func TestPathsAgree(t *testing.T) {
	eachImplementation(t, func(t *testing.T, im *Implementation) {
		t.Run("conversions", func(t *testing.T) { // in the place of storages and elements elsewhere
			for _, p := range properties {
				t.Run(p.name, func(t *testing.T) { assert.NoError(t, p.check(t, im)) })
			}
		})
	})
}

// raw is a slice's memory.
func raw[T any](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(*new(T))))
}

// differ says where two slices of bits first differ, and what the source was.
func differ[T, S uint16 | uint32](what string, src []S, got, want []T) error {
	if bytes.Equal(raw(got), raw(want)) {
		return nil
	}
	for i := range want {
		if got[i] != want[i] && !(what == prove.F16.Name && unsafe.Sizeof(want[0]) == 2 && prove.TieOf(math.Float32frombits(uint32(src[i])), uint16(got[i]), uint16(want[i]))) {
			return fmt.Errorf("%s of %#x is %#x, want %#x", what, src[i], got[i], want[i])
		}
	}
	return nil // except for ties
}

// strided runs f on every stride-th number below n, with a state of new's for each CPU,
// and returns an error if there is any.
func strided[S any](n, stride int, new func() S, f func(s S, i uint32) error) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make(chan error, workers)
	for k := range workers {
		go func() {
			s := new()
			var err error
			for i := k * stride; i < n && err == nil; i += workers * stride {
				err = f(s, uint32(i))
			}
			errs <- err
		}()
	}
	var all []error
	for range workers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// stride is whole where CI runs, or 1 where LION_WALK asks for all.
func stride(whole, brief int) int {
	switch {
	case os.Getenv("LION_WALK") != "":
		return 1
	case prove.Whole():
		return whole
	}
	return brief
}

// A conversion is one of Converters, on slices of bits: what is written comes first,
// and how many slices that is.
type conversion struct {
	name   string
	elems  []*prove.Element
	writes int
	run    func(c *Converters, at []unsafe.Pointer, n int)
}

var conversions = []conversion{
	{"widenBF16", []*prove.Element{prove.Float32, prove.BF16}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.WidenBF16(at[0], at[1], n) }},
	{"narrowBF16", []*prove.Element{prove.BF16, prove.Float32}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.NarrowBF16(at[0], at[1], n) }},
	{"widenF16", []*prove.Element{prove.Float32, prove.F16}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.WidenF16(at[0], at[1], n) }},
	{"narrowF16", []*prove.Element{prove.F16, prove.Float32}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.NarrowF16(at[0], at[1], n) }},
	{"split", []*prove.Element{prove.BF16, prove.LowerHalf, prove.Float32}, 2, func(c *Converters, at []unsafe.Pointer, n int) { c.Split(at[0], at[1], at[2], n) }},
	{"join", []*prove.Element{prove.Float32, prove.BF16, prove.LowerHalf}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.Join(at[0], at[1], at[2], n) }},
	{"stochasticBF16", []*prove.Element{prove.BF16, prove.Float32}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.StochasticBF16(at[0], at[1], n, Draws{1, 2}) }},
	{"stochasticF16", []*prove.Element{prove.LowerHalf, prove.Float32}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.StochasticF16(at[0], at[1], n, Draws{3, 4}) }},
	{"splitKahan", []*prove.Element{prove.BF16, prove.BF16, prove.Float32}, 2, func(c *Converters, at []unsafe.Pointer, n int) { c.SplitKahan(at[0], at[1], at[2], n) }},
	{"joinKahan", []*prove.Element{prove.Float32, prove.BF16, prove.BF16}, 1, func(c *Converters, at []unsafe.Pointer, n int) { c.JoinKahan(at[0], at[1], at[2], n) }},
}
