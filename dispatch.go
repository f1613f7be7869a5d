package lion

import (
	"fmt"
	"os"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/stats"
)

// An implementation is one way to run the kernels. The table of them is the
// only list: dispatch, tests, fuzzing and benchmarks range over it.
type implementation struct {
	name    string
	missing string // why it can't run here; "" if it can
	kernels [numElements][numOps]kernel
	half    *half.Implementation
	stats   *stats.Implementation
}

// implementations holds every implementation that was built in, best first,
// generic last; assembly is of dispatch_ARCH.go.
var implementations = append(assembly(),
	implementation{name: "generic", kernels: genericKernels, half: half.Named("generic"), stats: stats.Named("generic")})

// preferred indexes the implementation used when the Config names none. It is
// initialized after implementations, since chosen refers to them.
var preferred = chosen()

// chosen returns the index of the best implementation that can run, or of the one
// that LION_IMPL names: a name that is unknown or can't run here stops the program.
func chosen() int {
	if name := os.Getenv("LION_IMPL"); name != "" {
		i, err := findImplementation(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "LION_IMPL:", err)
			os.Exit(2)
		}
		return i
	}
	i := 0
	for implementations[i].missing != "" {
		i++
	}
	return i
}

// Implementations returns the names of the implementations that can run on
// this machine, best first; "generic", plain Go, is always there and last.
func Implementations() []string {
	var names []string
	for _, im := range implementations {
		if im.missing == "" {
			names = append(names, im.name)
		}
	}
	return names
}

// Unusable returns the other implementations of this build by name, each with the
// reason why it can't run on this machine. With those of Implementations they are
// all that Config.Implementation and LION_IMPL know here.
func Unusable() map[string]string {
	reasons := map[string]string{}
	for _, im := range implementations {
		if im.missing != "" {
			reasons[im.name] = im.missing
		}
	}
	return reasons
}

// findImplementation returns the table index of a usable implementation.
func findImplementation(name string) (int, error) {
	for i := range implementations {
		if implementations[i].name != name {
			continue
		}
		if why := implementations[i].missing; why != "" {
			return 0, fmt.Errorf("%w: %q can't run here: %s (usable: %q)", ErrImplementation, name, why, Implementations())
		}
		return i, nil
	}
	return 0, fmt.Errorf("%w: %q is unknown (usable: %q)", ErrImplementation, name, Implementations())
}
