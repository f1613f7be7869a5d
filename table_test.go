package lion

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/lionkernel/lion/internal/stats"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// opNames begin the names of the kernels.
var opNames = [numOps]string{
	opPaper:                "paper",
	opPaperPlain:           "paperPlain",
	opPaperInside:          "paperInside",
	opPaperCoupled:         "paperCoupled",
	opMomentumFirst:        "momentumFirst",
	opMomentumFirstCoupled: "momentumFirstCoupled",
	opCautious:             "cautious",
	opBiasCorrected:        "biasCorrected",
	opRefined:              "refined",
	opSmooth:               "smooth",
	opCouple:               "couple",
	opInside:               "inside",
	opCount:                "count",
}

// named fails unless the function f has the name, within this package.
func named(what string, f any, name string) error {
	v := reflect.ValueOf(f)
	if v.IsNil() {
		return fmt.Errorf("%s: there is no %s", what, name)
	}
	if got := runtime.FuncForPC(v.Pointer()).Name(); got != "github.com/lionkernel/lion."+name {
		return fmt.Errorf("%s: %s stands where %s belongs", what, got, name)
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
				if at.Function != "github.com/lionkernel/lion."+name {
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

// checkEntries looks for what all other tests would pass without: that each entry of
// an implementation is there, and is its assembly. Plain Go in its place gives the
// same bits, later. What can't run here is looked at less closely.
func checkEntries(im *implementation) error {
	suffix := strings.ToUpper(im.name)
	var errs []error
	for f, kernels := range im.kernels {
		for o, k := range kernels {
			errs = append(errs, named("kernels", k, opNames[o]+[...]string{"F32", "F64"}[f]+suffix))
		}
	}

	fused := 0
	has := func(sch storage, name string) {
		i := slices.IndexFunc(im.fused, func(f fusedScheme) bool { return f.storage == sch })
		if i < 0 {
			errs = append(errs, fmt.Errorf("fused: there is no %s", name))
			return
		}
		fused++
		errs = append(errs, named("fused", im.fused[i].paper, "paper"+name+suffix), named("fused", im.fused[i].cautious, "cautious"+name+suffix))
	}
	for _, s := range storages {
		has(s.storage, s.name)
		if s.rounds() {
			has(s.atRandom(), "Random"+s.name)
		}
	}
	if fused != len(im.fused) {
		errs = append(errs, fmt.Errorf("fused: %d entries, of which %d are for schemes of the tests", len(im.fused), fused))
	}

	if im.stats == nil || im.stats.Name != im.name {
		errs = append(errs, fmt.Errorf("stats: %v stands where %s belongs", im.stats, im.name))
	}

	if im.missing != "" { // its converters are closures, which tell only when they run
		return errors.Join(errs...)
	}
	const n = 2 * unrolled
	for _, c := range conversions {
		errs = append(errs, reaches(func() { c.run(&im.convert, make([]unsafe.Pointer, 3), n) }, c.name+suffix))
	}
	return errors.Join(errs...)
}

func TestTable(t *testing.T) {
	require.Equal(t, "generic", implementations[len(implementations)-1].name)
	seen := map[string]bool{}
	for i := range implementations {
		im := &implementations[i]
		assert.False(t, seen[im.name], "%s stands twice", im.name)
		seen[im.name] = true
		assert.Equal(t, im.missing == "", prove.Missing(im.name) == "", "%s: %s", im.name, im.missing)
		v := reflect.ValueOf(im.convert)
		for i := range v.NumField() {
			assert.False(t, v.Field(i).IsNil(), "%s: %v", im.name, v.Type().Field(i).Name)
		}
		if im.name != "generic" {
			assert.NoError(t, checkEntries(im), im.name)
			continue
		}
		assert.Empty(t, im.missing)
		assert.Empty(t, im.fused)
		assert.Same(t, stats.Named("generic"), im.stats)
		for f := range im.kernels {
			for o, k := range im.kernels[f] {
				assert.NotNil(t, k, "generic %s %s", schemes[f].name, opNames[o])
			}
		}
	}
	assert.Len(t, conversions, reflect.TypeOf(converters{}).NumField())
	assert.Len(t, storages, len(schemes)-int(numElements))
	for _, s := range storages {
		assert.True(t, slices.ContainsFunc(schemes, func(sc *scheme) bool { return sc.storage == s.storage }), s.name)
	}
	assert.Zero(t, chunk%unrolled)
	assert.Zero(t, chunk%tile)
	assert.Zero(t, chunk%fusedUnit)
}

// TestTableSees changes each implementation's entries as no other test would
// notice.
func TestTableSees(t *testing.T) {
	generic := implementations[genericIndex()]
	for _, im := range implementations[:genericIndex()] {
		require.NoError(t, checkEntries(&im), im.name)
		spoilt := func(what string, runs bool, spoil func(im *implementation)) {
			im := im
			im.fused = slices.Clone(im.fused)
			spoil(&im)
			if prove.Sanitized { // whose checks of pointers would end the program
				im.missing = "a nil pointer can't be used"
			}
			if !runs || im.missing == "" {
				assert.Error(t, checkEntries(&im), "%s: %s", im.name, what)
			}
		}
		spoilt("all of it is generic", false, func(im *implementation) {
			im.kernels, im.convert, im.stats, im.fused = generic.kernels, generic.convert, generic.stats, nil
		})
		spoilt("a kernel is generic's", false, func(im *implementation) { im.kernels[f64][opCount] = generic.kernels[f64][opCount] })
		spoilt("a kernel is missing", false, func(im *implementation) { im.kernels[f32][opInside] = nil })
		spoilt("two kernels are swapped", false, func(im *implementation) {
			k := &im.kernels[f32]
			k[opPaper], k[opRefined] = k[opRefined], k[opPaper]
		})
		spoilt("nothing is fused", false, func(im *implementation) { im.fused = nil })
		spoilt("nothing is fused at random", false, func(im *implementation) {
			im.fused = slices.DeleteFunc(im.fused, func(f fusedScheme) bool { return f.random })
		})
		spoilt("a fused rule is missing", false, func(im *implementation) { im.fused[3].cautious = nil })
		spoilt("a scheme stands twice", false, func(im *implementation) { im.fused = append(im.fused, im.fused[0]) })
		spoilt("all converters are generic's", true, func(im *implementation) { im.convert = generic.convert })
		spoilt("a converter within its closure is", true, func(im *implementation) {
			im.convert.joinKahan = func(a, b, c unsafe.Pointer, n int) { joinKahanGeneric(a, b, c, n) }
		})
		spoilt("a converter does nothing", true, func(im *implementation) { im.convert.narrowF16 = func(dst, src unsafe.Pointer, n int) {} })
		spoilt("two converters are swapped", true, func(im *implementation) {
			im.convert.split, im.convert.splitKahan = im.convert.splitKahan, im.convert.split
		})
		spoilt("the statistics are generic's", false, func(im *implementation) { im.stats = generic.stats })
		spoilt("there are none", false, func(im *implementation) { im.stats = nil })
		for _, other := range implementations[:genericIndex()] {
			if other.name != im.name {
				spoilt("a kernel is "+other.name+"'s", false, func(im *implementation) { im.kernels[f32][opPaper] = other.kernels[f32][opPaper] })
				spoilt("a fused kernel is "+other.name+"'s", false, func(im *implementation) { im.fused[9].paper = other.fused[9].paper })
			}
		}
	}
}
