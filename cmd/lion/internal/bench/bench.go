// Package bench is lion bench: how long a step takes here, beside what the memory
// and the caches of this machine allow, as a table and as a picture.
package bench

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/lionkernel/lion/cmd/lion/internal/chart"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
)

// Command is lion bench.
var Command = cli.Command{
	Name:    "bench",
	Summary: "time the step on this machine, beside what its memory allows",
	Run:     run,
}

const about = `Times a step (Paper with decay) in every implementation that can run here, for 64 to
16 Mi elements, on one core, beside the traffic limit of each instruction set: a
loop with the same loads and stores and next to no arithmetic, with or without
prefetch, whichever is faster. All run in turns over the same arrays, and the
best median of three passes counts. It takes well under a minute. -plot draws time against size.

Other programs on the machine disturb the figures. On Linux a real-time priority
and a core of its own help: sudo chrt -f 10 taskset -c 1 lion bench.`

// Each loop has so many turns in each pass.
const passes, rounds = 3, 11

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	format := fs.String("format", "f32", "`NAME` of the format to step:\n"+strings.Join(storage.Names(), ", "))
	plot := fs.String("plot", "", "draw the times into `FILE.svg`")
	save := fs.String("save", "", "write the measurements to `FILE`, as text")
	from := fs.String("from", "", "show the measurements in `FILE`, which -save wrote, and measure nothing")
	if err := cli.Parse(fs, about, args, stdout); err != nil {
		return err
	}
	s, err := storage.Find(*format)
	if err != nil {
		return cli.Misusef("-format %q: %w", *format, err)
	}
	if *from != "" && *save != "" {
		return cli.Misusef("-from measures nothing that -save could write")
	}
	// A typing error must not cost the measurement.
	var file *chart.File
	if *plot != "" {
		if file, err = chart.Open(*plot); err != nil {
			return err
		}
		defer file.Close()
	}
	r, err := obtain(ctx, meter{s, sizes(), passes, rounds}, *from, stderr)
	if err != nil {
		return err
	}
	report(stdout, r)
	return errors.Join(keep(r, *save), drawInto(r, file, *plot))
}

// obtain measures, or reads what was measured.
func obtain(ctx context.Context, m meter, from string, stderr io.Writer) (*results, error) {
	if from == "" {
		return m.run(ctx, stderr)
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, cli.Misusef("-from: %w", err)
	}
	defer f.Close()
	r, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("-from %s: %w", from, err)
	}
	return r, nil
}

// keep writes the measurements, if they are to be kept.
func keep(r *results, name string) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	_, err = r.WriteTo(f)
	return errors.Join(err, f.Close())
}

// drawInto draws the picture, if there is to be one.
func drawInto(r *results, file *chart.File, name string) error {
	if file == nil {
		return nil
	}
	p, err := picture(r)
	if err == nil {
		err = file.Write(p)
	}
	if err != nil {
		return fmt.Errorf("-plot %s: %w", name, err)
	}
	return nil
}
