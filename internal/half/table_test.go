package half

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What all other tests would pass without: plain Go in assembly's place gives the same
// bits, later.

const path = "github.com/lionkernel/lion/internal/half."

// fusedNames end the names of the storages' kernels.
var fusedNames = [NumStorages]string{
	StoreBF16: "BF16", StoreF16: "F16", StoreMasterBF16: "MasterBF16", StoreMasterBF16M16: "MasterBF16M16",
	StoreMasterF16: "MasterF16", StoreF32M16: "F32M16", StoreSplit: "Split", StoreKahan: "Kahan",
}

// named fails unless the kernel has the name; "" if there should be none.
func named(k Kernel, name string) error {
	got := ""
	if k != nil {
		got = strings.TrimPrefix(runtime.FuncForPC(reflect.ValueOf(k).Pointer()).Name(), path)
	}
	if got != name {
		return fmt.Errorf("%q stands where %q belongs", got, name)
	}
	return nil
}

// reaches fails unless f, which is about to use a nil pointer, does so in the
// function of the name. What is in a closure can be told in no other way.
func reaches(f func(), name string) (err error) {
	defer func() {
		recovered := recover()
		pcs := make([]uintptr, 32)
		frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
		for frame, more := frames.Next(); recovered != nil; frame, more = frames.Next() {
			if frame.Function == "runtime.sigpanic" {
				at, _ := frames.Next()
				if at.Function != path+name {
					err = fmt.Errorf("%s runs where %s belongs", at.Function, name)
				}
				return
			}
			if !more {
				break
			}
		}
		err = fmt.Errorf("no memory is used where %s belongs: %v", name, recovered)
	}()
	f()
	return nil
}

// checkFused looks at the fused kernels of an implementation, of which generic has none.
func checkFused(im *Implementation) error {
	var errs []error
	check := func(rules *Rules, name string) {
		paper, cautious := "paper"+name, "cautious"+name
		if name == "" {
			paper, cautious = "", ""
		}
		errs = append(errs, named(rules.Paper, paper), named(rules.Cautious, cautious))
	}
	for id, name := range fusedNames {
		nearest, random := name+strings.ToUpper(im.Name), "Random"+name+strings.ToUpper(im.Name)
		if im.Name == "generic" {
			nearest = ""
		}
		if im.Name == "generic" || !Storages[id].Rounds() {
			random = ""
		}
		check(&im.Fused.Nearest[id], nearest)
		check(&im.Fused.Random[id], random)
	}
	return errors.Join(errs...)
}

// checkConverters does so for converters, which are closures and tell only when they
// run: with an implementation that can.
func checkConverters(im *Implementation) error {
	var errs []error
	for _, c := range conversions {
		errs = append(errs, reaches(func() { c.run(&im.Converters, make([]unsafe.Pointer, 3), 2*Unit) }, c.name+strings.ToUpper(im.Name)))
	}
	return errors.Join(errs...)
}

func TestTable(t *testing.T) {
	last := len(Implementations) - 1
	require.Equal(t, "generic", Implementations[last].Name)
	assert.Nil(t, Named("mmx"))
	assert.Len(t, conversions, reflect.TypeFor[Converters]().NumField())
	assert.Zero(t, chunk%TileSize)
	assert.Zero(t, TileSize%Unit)
	for i, im := range Implementations {
		assert.Same(t, im, Named(im.Name))
		assert.NoError(t, checkFused(im), im.Name)
		v := reflect.ValueOf(im.Converters)
		for i := range v.NumField() {
			assert.False(t, v.Field(i).IsNil(), "%s: %v", im.Name, v.Type().Field(i).Name)
		}
		if i < last && usable(im) {
			assert.NoError(t, checkConverters(im), im.Name)
		}
	}
}

// usable says whether converters of im can be run on nil pointers.
func usable(im *Implementation) bool { return prove.Missing(im.Name) == "" && !prove.Sanitized }

// TestTableSees changes each implementation's entries as no other test would
// notice.
func TestTableSees(t *testing.T) {
	last := len(Implementations) - 1
	for i, im := range Implementations[:last] {
		other := Implementations[(i+1)%last]
		for what, spoil := range map[string]func(f *Fused){
			"nothing is fused":           func(f *Fused) { *f = Fused{} },
			"nothing is fused at random": func(f *Fused) { f.Random = [NumStorages]Rules{} },
			"a rule is missing":          func(f *Fused) { f.Nearest[3].Cautious = nil },
			"two rules are swapped":      func(f *Fused) { r := &f.Random[1]; r.Paper, r.Cautious = r.Cautious, r.Paper },
			"two storages are swapped":   func(f *Fused) { f.Nearest[0], f.Nearest[7] = f.Nearest[7], f.Nearest[0] },
			"what can't be random is":    func(f *Fused) { f.Random[2] = f.Random[0] },
			"a kernel is another's":      func(f *Fused) { f.Nearest[5].Paper = other.Fused.Nearest[4].Paper },
			"at random it is nearest":    func(f *Fused) { f.Random[0] = f.Nearest[0] },
			"all are of a neighbour, if any": func(f *Fused) {
				if *f = other.Fused; last == 1 {
					*f = Fused{}
				}
			},
		} {
			spoilt := *im
			spoil(&spoilt.Fused)
			assert.Error(t, checkFused(&spoilt), "%s: %s", im.Name, what)
		}
		for what, spoil := range map[string]func(c *Converters){
			"all are generic's": func(c *Converters) { *c = genericConverters },
			"one is, within its closure": func(c *Converters) {
				c.JoinKahan = func(a, b, d unsafe.Pointer, n int) { joinKahanGeneric(a, b, d, n) }
			},
			"one does nothing": func(c *Converters) { c.NarrowF16 = func(dst, src unsafe.Pointer, n int) {} },
			"two are swapped":  func(c *Converters) { c.Split, c.SplitKahan = c.SplitKahan, c.Split },
		} {
			if spoilt := *im; usable(im) {
				spoil(&spoilt.Converters)
				assert.Error(t, checkConverters(&spoilt), "%s: %s", im.Name, what)
			}
		}
	}
}
