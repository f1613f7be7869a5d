package lion

import (
	"fmt"
	"os"
)

// The preferred implementation is the best that can run, or what LION_IMPL
// names: a name that is unknown or can't run here stops the program. Go runs
// the init functions of a package in the order of the file names, so the table
// is complete.
func init() {
	if name := os.Getenv("LION_IMPL"); name != "" {
		i, err := findImplementation(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, "LION_IMPL:", err)
			os.Exit(2)
		}
		preferred = i
		return
	}
	for implementations[preferred].missing != "" {
		preferred++
	}
}
