// Command lion shows the Lion step at work and proves it on the machine at
// hand.
//
//	lion train     trains a classifier of handwritten digits with the step
//	lion bench     times the step on this machine, beside what its memory allows
//	lion verify    compares every implementation with the generic one, bit by bit
//	lion info      tells which implementations this machine runs, and why
//	lion version   tells what this program was built from
//
// The exit status is 0 for success, 1 for a failure (verify: for a mismatch), 2
// for a command line that makes no sense. SIGINT (Ctrl-C), SIGTERM and SIGHUP end
// a command early, with what it has so far and the status 130, 143 or 129. From
// the root of a clone, `go run ./cmd/lion train` needs nothing but Go.
package main

import (
	"os"

	"github.com/lionkernel/lion/cmd/lion/internal/bench"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/train"
	"github.com/lionkernel/lion/cmd/lion/internal/verify"
)

var program = cli.Program{
	Head: "Lion: one optimizer step, the same bits on every CPU.",
	Foot: "'lion help COMMAND' lists a command's flags. LION_IMPL=NAME in the environment\nchooses the implementation; 'lion info' lists the names. LION_PREFETCH=on, off or a\ndistance in bytes chooses whether its loops prefetch.",
	Commands: []cli.Command{
		train.Command,
		bench.Command,
		verify.Command,
		{Name: "info", Summary: "tell which implementations this machine runs, and why", Run: infoCommand},
		{Name: "version", Summary: "tell what this program was built from", Run: versionCommand},
	},
}

func main() {
	os.Exit(program.Start(os.Args[1:], os.Stdout, os.Stderr))
}
