// Package tune knows what suits which CPU, where its instruction set doesn't tell. No bit
// of a result depends on that.
package tune

import (
	"fmt"
	"os"
	"strconv"

	"github.com/klauspost/cpuid/v2"
)

// Ahead is how many bytes ahead of what it reads a kernel's loop prefetches, 0 if it
// doesn't. Only tests change it.
var Ahead, why = atStart()

// Why says where Ahead is from.
func Why() string { return why }

// Sums says whether AVX-512 does the steps of float32 and float64 by sums rather than by
// masks. That is an operation more in a loop, on other pipes: on Zen 4 it takes 6.4 cycles
// instead of 7.1. Elsewhere it was never timed, and llvm-mca estimates 20 to 25 % more on
// Intel's servers, and 50 % on CPUs with one multiplier of 512 bits.
var Sums = here().sums

// Narrow says whether AVX-512's units are of 256 bits, so that 512 take two of them.
var Narrow = here().narrow

// usual is how far ahead "on" is. From 512 bytes to 2 KiB there is little to choose.
const usual = 1024

// most is the largest distance that one may ask for.
const most = 1 << 20

// here is the model that this runs on.
func here() model { return find(cpuid.CPU.VendorID, cpuid.CPU.Family, cpuid.CPU.Model) }

// atStart stops the program where LION_PREFETCH is none of its values.
func atStart() (ahead int, why string) {
	ahead, why, err := choose(os.Getenv("LION_PREFETCH"), here())
	if err != nil {
		fmt.Fprintln(os.Stderr, "LION_PREFETCH:", err)
		os.Exit(2)
	}
	return ahead, why
}

// choose heeds the variable first, then the model.
func choose(env string, m model) (ahead int, why string, err error) {
	switch env {
	case "":
		if m.prefetch {
			return usual, "faster on " + m.name, nil
		}
		if m.name != "" {
			return 0, "slower on " + m.name, nil
		}
		return 0, "not measured on this CPU", nil
	case "on":
		return usual, "LION_PREFETCH=on asks for it", nil
	case "off":
		return 0, "LION_PREFETCH=off asks for it", nil
	}
	n, err := strconv.Atoi(env)
	if err != nil || n < 1 || n > most {
		return 0, "", fmt.Errorf("lion: %q is neither on nor off nor a distance from 1 to %d bytes", env, most)
	}
	return n, "LION_PREFETCH=" + env + " asks for it", nil
}

// A model is a range of CPUs where steps were timed: family and models by cpuid, as Linux
// counts them to a generation.
type model struct {
	name                string
	family, first, last int
	prefetch            bool // gains
	sums                bool // gain
	narrow              bool
}

// find returns the model, without a name where nothing was timed. A step reads three
// arrays from one end to the other, which is what hardware prefetchers are made for, and
// Intel's and Arm's guides advise against prefetching such streams once more. So it is
// left out unless a gain was measured: that can cost some percent in memory, and where it
// was wrong to prefetch, that cost 30 % from the second cache on.
func find(vendor cpuid.Vendor, family, number int) model {
	if vendor == cpuid.AMD {
		for _, m := range models {
			if family == m.family && m.first <= number && number <= m.last {
				return m
			}
		}
	}
	return model{}
}

// models are AMD's.
var models = []model{
	{"Zen 3", 0x19, 0x00, 0x0f, true, false, false},
	{"Zen 4", 0x19, 0x10, 0x1f, false, true, true},
	{"Zen 3", 0x19, 0x20, 0x5f, true, false, false},
	{"Zen 4", 0x19, 0x60, 0xaf, false, true, true},
	{"Zen 5", 0x1a, 0x00, 0x2f, true, false, false},
	{"Zen 5", 0x1a, 0x40, 0x4f, true, false, false},
	{"Zen 5", 0x1a, 0x60, 0x7f, true, false, false},
}
