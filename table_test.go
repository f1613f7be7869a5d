package lion

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/lionkernel/lion/internal/stats"
	"github.com/lionkernel/lion/internal/tune"
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

// bySums says whether AVX-512 has a kernel by sums besides that by masks.
func bySums(o op) bool { return o < opCouple && o != opBiasCorrected && o != opSmooth }

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

// checkEntries looks for what all other tests would pass without: that each entry of
// an implementation is there, and is its assembly. Plain Go in its place gives the
// same bits, later. What can't run here is looked at less closely.
func checkEntries(im *implementation) error {
	suffix := strings.ToUpper(im.name)
	var errs []error
	for f, kernels := range im.kernels {
		for o, k := range kernels {
			name := opNames[o]
			if tune.Sums && im.name == "avx512" && bySums(op(o)) {
				name += "Sums"
			}
			errs = append(errs, named("kernels", k, name+[...]string{"F32", "F64"}[f]+suffix))
		}
	}

	if im.half == nil || im.half.Name != im.name {
		errs = append(errs, fmt.Errorf("half: %v stands where %s belongs", im.half, im.name))
	}
	if im.stats == nil || im.stats.Name != im.name {
		errs = append(errs, fmt.Errorf("stats: %v stands where %s belongs", im.stats, im.name))
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
		if im.name != "generic" {
			assert.NoError(t, checkEntries(im), im.name)
			continue
		}
		assert.Empty(t, im.missing)
		assert.Same(t, half.Named("generic"), im.half)
		assert.Same(t, stats.Named("generic"), im.stats)
		for f := range im.kernels {
			for o, k := range im.kernels[f] {
				assert.NotNil(t, k, "generic %s %s", schemes[f].name, opNames[o])
			}
		}
	}
	assert.Zero(t, chunk%unrolled)
	assert.Zero(t, chunk%tile)
	assert.Zero(t, chunk%half.Unit)
}

// TestTableSees changes each implementation's entries as no other test would
// notice.
func TestTableSees(t *testing.T) {
	generic := implementations[genericIndex()]
	for _, im := range implementations[:genericIndex()] {
		require.NoError(t, checkEntries(&im), im.name)
		spoilt := func(what string, runs bool, spoil func(im *implementation)) {
			im := im
			spoil(&im)
			if prove.Sanitized { // whose checks of pointers would end the program
				im.missing = "a nil pointer can't be used"
			}
			if !runs || im.missing == "" {
				assert.Error(t, checkEntries(&im), "%s: %s", im.name, what)
			}
		}
		spoilt("all of it is generic", false, func(im *implementation) {
			im.kernels, im.half, im.stats = generic.kernels, generic.half, generic.stats
		})
		spoilt("a kernel is generic's", false, func(im *implementation) { im.kernels[f64][opCount] = generic.kernels[f64][opCount] })
		spoilt("a kernel is missing", false, func(im *implementation) { im.kernels[f32][opInside] = nil })
		spoilt("two kernels are swapped", false, func(im *implementation) {
			k := &im.kernels[f32]
			k[opPaper], k[opRefined] = k[opRefined], k[opPaper]
		})
		spoilt("the 16 bits are generic's", false, func(im *implementation) { im.half = generic.half })
		spoilt("there are no 16 bits", false, func(im *implementation) { im.half = nil })
		spoilt("the statistics are generic's", false, func(im *implementation) { im.stats = generic.stats })
		spoilt("there are none", false, func(im *implementation) { im.stats = nil })
		for _, other := range implementations[:genericIndex()] {
			if other.name != im.name {
				spoilt("a kernel is "+other.name+"'s", false, func(im *implementation) { im.kernels[f32][opPaper] = other.kernels[f32][opPaper] })
			}
		}
	}
}
