package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

const versionAbout = `Prints the version and revision that this program was built from, as far as the
go command noted them (go run doesn't note the revision), Go's version, and the
implementation that is chosen here.`

func versionCommand(_ context.Context, args []string, stdout, stderr io.Writer) error {
	if err := cli.Parse(flag.NewFlagSet("version", flag.ContinueOnError), versionAbout, args, stdout); err != nil {
		return err
	}
	s, err := lion.New(lion.DefaultConfig())
	if err != nil {
		return err
	}
	build, _ := debug.ReadBuildInfo()
	fmt.Fprintf(stdout, "lion             %s\n", versionText(build))
	fmt.Fprintf(stdout, "go               %s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(stdout, "implementation   %s\n", s.Implementation())
	return nil
}

// versionText says what a program was built from. build may be nil.
func versionText(build *debug.BuildInfo) string {
	if build == nil {
		return "of unknown version"
	}
	settings := map[string]string{}
	for _, s := range build.Settings {
		settings[s.Key] = s.Value
	}
	text := cmp.Or(build.Main.Version, "(devel)")
	if revision := settings["vcs.revision"]; revision != "" {
		text += ", revision " + revision
		if time := settings["vcs.time"]; time != "" {
			text += " of " + time
		}
		if settings["vcs.modified"] == "true" {
			text += ", modified"
		}
	}
	return text
}
