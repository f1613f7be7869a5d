package lion

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
		for _, test := range []string{"TestRequired", "TestSignConvention"} {
			out, status := prove.Rerun(t, test, "LION_REQUIRE="+im.name)
			assert.NotZero(t, status, test)
			assert.Contains(t, out, "LION_REQUIRE names")
		}
		out, status := prove.Rerun(t, "TestSignConvention", "LION_REQUIRE=")
		assert.Zero(t, status)
		assert.Contains(t, out, "\nNOT TESTED: "+im.name, "at the end, whether or not -v shows it before")
	}
}
