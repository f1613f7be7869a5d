package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/internal/tune"
)

const infoAbout = `Prints the CPU, its features, the implementations that can run here, the one
that is chosen, and why; and the ways to store numbers that all of them step.`

func infoCommand(_ context.Context, args []string, stdout, stderr io.Writer) error {
	if err := cli.Parse(flag.NewFlagSet("info", flag.ContinueOnError), infoAbout, args, stdout); err != nil {
		return err
	}
	s, err := lion.New(lion.DefaultConfig())
	if err != nil {
		return err
	}
	cpu := cpuid.CPU
	fmt.Fprintf(stdout, "cpu              %s\n", cpuName(cpu))
	fmt.Fprintf(stdout, "threads          %d of %d\n", runtime.GOMAXPROCS(0), runtime.NumCPU())
	if c := cpu.Cache; c.L1D > 0 {
		fmt.Fprintf(stdout, "caches           L1 %s, L2 %s, L3 %s\n", size(c.L1D), size(c.L2), size(c.L3))
	}
	fmt.Fprintf(stdout, "features         %s\n", wrap(cpu.FeatureSet(), 17, 80))
	fmt.Fprintf(stdout, "built for        %s\n\n", buildName())
	usable, unusable := lion.Implementations(), lion.Unusable()
	for _, name := range usable {
		fmt.Fprintf(stdout, "%-16s yes\n", name)
	}
	for _, name := range sorted(unusable) {
		fmt.Fprintf(stdout, "%-16s no: %s\n", name, unusable[name])
	}
	fmt.Fprintf(stdout, "\nimplementation   %s: %s\n", s.Implementation(), reason(os.Getenv("LION_IMPL"), os.Getenv("GODEBUG"), usable, unusable))
	fmt.Fprintf(stdout, "prefetching      %s\n", prefetching(tune.Ahead, tune.Why()))
	fmt.Fprintf(stdout, "storage          %s\n", wrap(storage.Names(), 17, 80))
	return nil
}

// prefetching says how far ahead kernels prefetch, and why.
func prefetching(ahead int, why string) string {
	if ahead == 0 {
		return "off: " + why
	}
	return fmt.Sprintf("%d bytes ahead: %s", ahead, why)
}

// sorted returns m's keys.
func sorted(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// reason says why lion.New chose what it chose. An impossible LION_IMPL never
// gets here: it stops the program at its start.
func reason(lionImpl, godebug string, usable []string, unusable map[string]string) string {
	why := "the best of " + strings.Join(usable, ", ")
	switch {
	case len(usable) > 1:
	case len(unusable) > 0:
		why = "the only one that can run here"
	default:
		why = "the only one in this build"
	}
	if lionImpl != "" {
		why = "LION_IMPL=" + lionImpl + " asks for it"
	}
	if d := cpuDebug(godebug); d != "" {
		why += " (GODEBUG=" + d + ")"
	}
	return why
}

// cpuDebug returns the settings of GODEBUG that switch CPU features.
func cpuDebug(godebug string) string {
	settings := strings.Split(godebug, ",")
	settings = slices.DeleteFunc(settings, func(s string) bool { return !strings.HasPrefix(s, "cpu.") })
	return strings.Join(settings, ",")
}

func cpuName(cpu cpuid.CPUInfo) string {
	name := cpu.BrandName
	if name == "" {
		name = "of unknown name"
	}
	if cpu.Family != 0 {
		name += fmt.Sprintf(" (%s family %d, model %d)", cpu.VendorString, cpu.Family, cpu.Model)
	}
	return name
}

// buildName says what this program was compiled for and how.
func buildName() string {
	name := runtime.GOOS + "/" + runtime.GOARCH
	for _, key := range []string{"GOAMD64", "GOARM64", "-tags"} {
		if v := buildSetting(key); v != "" {
			name += " " + key + "=" + v
		}
	}
	return name + ", " + runtime.Version()
}

func buildSetting(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}

// size writes a number of bytes.
func size(bytes int) string {
	switch {
	case bytes <= 0:
		return "unknown"
	case bytes%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", bytes>>20)
	default:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
}

// wrap joins words into lines of at most width columns, all but the first
// indented.
func wrap(words []string, indent, width int) string {
	var b strings.Builder
	column := indent
	for i, w := range words {
		switch {
		case i == 0:
		case column+1+len(w) > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(w)
		column += len(w)
	}
	return b.String()
}
