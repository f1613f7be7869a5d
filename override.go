package lion

import (
	"fmt"
	"os"
)

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
