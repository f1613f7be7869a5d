package train

import (
	"fmt"
	"strings"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// A format is a storage with a way to round its weights.
type format struct {
	storage.Storage
	rounding lion.Rounding
}

// formats are all storages, those that can round at random twice. The first is
// the default.
func formats() []format {
	var list []format
	for _, s := range storage.All {
		if !s.Random {
			list = append(list, format{Storage: s})
			continue
		}
		nearest, random := s, s
		nearest.About += ", weights rounded to nearest"
		random.Name, random.Alias = random.Name+"-stochastic", ""
		random.About += ", weights rounded at random"
		list = append(list, format{Storage: nearest}, format{random, lion.StochasticRounding})
	}
	return list
}

// findFormat returns the format of that name or alias.
func findFormat(name string) (format, error) {
	var names []string
	for _, f := range formats() {
		if name == f.Name || name == f.Alias && name != "" {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return format{}, fmt.Errorf("want one of %s", strings.Join(names, ", "))
}

// formatHelp describes each format in a line.
func formatHelp() string {
	var lines, aliases []string
	for _, f := range formats() {
		lines = append(lines, fmt.Sprintf("%-16s %2d  %s", f.Name, f.Bytes(), f.About))
		if f.Alias != "" {
			aliases = append(aliases, fmt.Sprintf("%s for %s", f.Alias, f.Name))
		}
	}
	return strings.Join(lines, "\n") + "\n(also " + strings.Join(aliases, ", ") + ")"
}
