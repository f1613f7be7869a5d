package lion

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/lionkernel/lion/internal/stats"
	"github.com/lionkernel/lion/internal/tune"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The table of implementations is what it says, the tests' table of schemes is whole, and
// the right entry is chosen at start-up.

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

// TestSchemes: each way to step has its scheme, under which all properties are checked.
func TestSchemes(t *testing.T) {
	methods := map[string]bool{}
	for i, sc := range schemes {
		assert.Equal(t, element(i), sc.format, sc.name)
		assert.Equal(t, i < int(numElements), sc.bare(), sc.name)
		assert.False(t, methods[sc.method], sc.method)
		methods[sc.method] = true
		if sc.bare() {
			continue
		}
		// The elements are those of the storage.
		st := sc.storage()
		kinds := []half.Element{st.Param, st.Grad, st.Momentum, st.Shadow}
		if st.Shadow == half.None {
			kinds[iExtra] = st.Low
		}
		for i, k := range kinds {
			if k != half.None {
				assert.Equal(t, k.Size(), sc.elems[i].Size, "%s %s", sc.name, sliceNames[i])
			} else {
				assert.Len(t, sc.elems, i, sc.name)
			}
		}
	}
	stepper := reflect.TypeFor[Stepper]()
	steps := 0
	for i := range stepper.NumMethod() {
		if name := stepper.Method(i).Name; strings.HasPrefix(name, "Step") && !strings.HasPrefix(name, "StepRows") && name != "StepTensors" { // which have tests of their own
			steps++
			assert.True(t, methods[name], "%s is in no scheme of the tests", name)
		}
	}
	assert.Len(t, schemes, steps)
	assert.Len(t, schemes, int(numElements)+int(half.NumStorages))
}

// tableEntry is a constant in assembly: its offset, its size and its bits.
var tableEntry = regexp.MustCompile(`(?m)^DATA tanh<>\+(\d+)\(SB\)/(\d), \$(0x[0-9a-f]+)`)

// checkConstants compares tanh's table in the text of an assembly source with what
// kernel_generic.go derives; an element of it is size bytes.
func checkConstants[T float](text string, c *tanhConst[T], bias uint64) error {
	size := int(unsafe.Sizeof(T(0)))
	bitsOf := func(x T) uint64 {
		if size == 4 {
			return uint64(math.Float32bits(float32(x)))
		}
		return math.Float64bits(float64(x))
	}
	want := []uint64{bitsOf(c.bound), bitsOf(c.log2e), bitsOf(c.magic), bitsOf(c.ln2hi), bitsOf(c.ln2lo), bitsOf(2), bias}
	for _, q := range c.q[:c.n] {
		want = append(want, bitsOf(q))
	}
	entries := tableEntry.FindAllStringSubmatch(text, -1)
	if len(entries) != len(want) {
		return fmt.Errorf("%d entries, want %d", len(entries), len(want))
	}
	for i, e := range entries {
		if bits, err := strconv.ParseUint(e[3], 0, 64); err != nil || e[1] != strconv.Itoa(i*size) || e[2] != strconv.Itoa(size) || bits != want[i] {
			return fmt.Errorf("%s: want %#x at %d", e[0], want[i], i*size)
		}
	}
	return nil
}

// TestTables: the last bits of tanh's coefficients change a result so seldom
// that comparing results is not enough. NEON reads kernel_generic.go's own table.
func TestTables(t *testing.T) {
	read := func(name string) string {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(b)
	}
	single, double := read("kernel_amd64.s"), read("kernel_f64_amd64.s")
	assert.NoError(t, checkConstants(single, &tanh32, 127))
	assert.NoError(t, checkConstants(double, &tanh64, 1023))
	other := tanh64
	other.q[3] = math.Nextafter(other.q[3], 1)
	assert.Error(t, checkConstants(double, &other, 1023), "the last bit of a coefficient goes unseen")
	assert.Error(t, checkConstants(single, &tanh32, 126))
}

// TestRequired fails for a name in LION_REQUIRE that is not in the table, which
// no test would otherwise miss.
func TestRequired(t *testing.T) {
	for _, name := range prove.Required() {
		i := slices.IndexFunc(implementations, func(im implementation) bool { return im.name == name })
		if assert.GreaterOrEqual(t, i, 0, "LION_REQUIRE names %q, which was not built in", name) {
			assert.Empty(t, implementations[i].missing, "LION_REQUIRE names %q", name)
		}
	}
}

// What is settled at start-up, tested by running this test program again.

// TestReport is for reruns: it says what was chosen.
func TestReport(t *testing.T) {
	fmt.Printf("implementations=%s preferred=%s\n", strings.Join(Implementations(), ","), stepper(DefaultConfig()).Implementation())
}

// report is what TestReport says in another environment.
func report(t *testing.T, env ...string) (usable []string, preferred string) {
	t.Helper()
	out, status := prove.Rerun(t, "TestReport", env...)
	require.Zero(t, status, out)
	for _, line := range strings.Split(out, "\n") {
		if rest, ok := strings.CutPrefix(line, "implementations="); ok {
			names, preferred, _ := strings.Cut(rest, " preferred=")
			return strings.Split(names, ","), preferred
		}
	}
	t.Fatalf("no report in %q", out)
	return nil, ""
}

func TestPreferred(t *testing.T) {
	usable, preferred := report(t, "LION_IMPL=")
	assert.Equal(t, Implementations(), usable)
	assert.Equal(t, usable[0], preferred, "the best is the default")
}

func TestLionImpl(t *testing.T) {
	for _, name := range Implementations() {
		usable, preferred := report(t, "LION_IMPL="+name)
		assert.Equal(t, Implementations(), usable)
		assert.Equal(t, name, preferred)
	}
	unusable := []string{"mmx", "AVX2", "generic ", "generic,avx2"}
	for _, im := range implementations {
		if im.missing != "" {
			unusable = append(unusable, im.name)
		}
	}
	for _, name := range unusable {
		out, status := prove.Rerun(t, "TestReport", "LION_IMPL="+name)
		assert.NotZero(t, status, "LION_IMPL=%s", name)
		assert.NotContains(t, out, "implementations=", "the program stops at start-up")
		assert.NotContains(t, out, "goroutine ", "and doesn't crash")
		assert.Contains(t, out, "LION_IMPL")
		assert.Contains(t, out, name)
		for _, usable := range Implementations() {
			assert.Contains(t, out, fmt.Sprintf("%q", usable), "the message lists what can run")
		}
	}
}

// TestGodebug: what GODEBUG turns off is not used, and takes with it what needs
// it.
func TestGodebug(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		prove.Skip(t, "GODEBUG turns nothing off on %s", runtime.GOARCH)
	}
	all, _ := report(t, "LION_IMPL=", "GODEBUG=")
	without := func(names ...string) []string {
		return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(names, s) })
	}
	for setting, want := range map[string][]string{
		"cpu.avx2=off":                   without("avx2", "avx512"),
		"cpu.avx=off":                    without("avx2", "avx512"),
		"cpu.avx512=off":                 without("avx512"),
		"cpu.avx512f=off":                without("avx512"),
		"cpu.avx512dq=off":               without("avx512"),
		"cpu.avx512vl=off":               without("avx512"),
		"cpu.avx512bw=off":               without("avx512"),
		"cpu.avx512cd=off":               without("avx512"),
		"cpu.all=off":                    without("avx2", "avx512"),
		"cpu.popcnt=off":                 without("avx2", "avx512"),
		"cpu.sse41=off":                  all,
		"cpu.avx2=off,cpu.avx512f=off":   without("avx2", "avx512"),
		"asyncpreemptoff=1,cpu.avx2=off": without("avx2", "avx512"),
	} {
		usable, preferred := report(t, "LION_IMPL=", "GODEBUG="+setting)
		assert.Equal(t, want, usable, setting)
		assert.Equal(t, want[0], preferred, setting)
	}
	if slices.Contains(all, "avx2") {
		out, status := prove.Rerun(t, "TestReport", "LION_IMPL=avx2", "GODEBUG=cpu.avx2=off")
		assert.NotZero(t, status)
		assert.Contains(t, out, `"avx2" can't run here: GODEBUG turns cpu.avx2 off (usable`)
	}
}

// TestRequireFails: LION_REQUIRE turns what can't run here into a failure.
func TestRequireFails(t *testing.T) {
	out, status := prove.Rerun(t, "TestRequired", "LION_REQUIRE=generic,altivec")
	assert.NotZero(t, status)
	assert.Contains(t, out, "altivec")
	_, status = prove.Rerun(t, "TestRequired", "LION_REQUIRE="+strings.Join(Implementations(), ","))
	assert.Zero(t, status)
	for _, im := range implementations {
		if im.missing == "" {
			continue
		}
		for _, test := range []string{"TestRequired", "TestDigest"} {
			out, status := prove.Rerun(t, test, "LION_REQUIRE="+im.name)
			assert.NotZero(t, status, test)
			assert.Contains(t, out, "LION_REQUIRE names")
		}
		out, status := prove.Rerun(t, "TestDigest", "LION_REQUIRE=")
		assert.Zero(t, status)
		assert.Contains(t, out, "\nNOT TESTED: "+im.name, "at the end, whether or not -v shows it before")
	}
}
