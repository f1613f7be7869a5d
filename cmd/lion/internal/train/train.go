// Package train is lion train: a classifier of handwritten digits, trained with
// the Lion step.
package train

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/chart"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// Command is lion train.
var Command = cli.Command{
	Name:    "train",
	Summary: "train a classifier of handwritten digits with the Lion step",
	Run:     run,
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stdout)
	if err != nil {
		return err
	}
	// A typing error must not cost a training run.
	if _, err := lion.New(o.config); err != nil {
		return cli.Misusef("%w", err)
	}
	var plot *chart.File
	if o.plot != "" {
		if plot, err = chart.Open(o.plot); err != nil {
			return err
		}
		defer plot.Close()
	}
	d, m, err := loadData(o.data)
	if err != nil {
		return err
	}
	r, err := train(ctx, o, d, m, stdout, stderr)
	if err != nil {
		return err
	}
	// What goes wrong from here on doesn't cost the result.
	f32, failed := compare(ctx, o, d, m, stderr)
	printSummary(stdout, r, f32)
	if plot != nil {
		if err := drawCurve(plot, d.name, r.curve.curve); err != nil {
			failed = errors.Join(failed, fmt.Errorf("-plot %s: %w", o.plot, err))
		} else {
			fmt.Fprintf(stdout, "plot             %s\n", o.plot)
		}
	}
	printDigest(stdout, r)
	return failed
}

func drawCurve(file *chart.File, title string, c curve) error {
	picture, err := plotCurve(title, c)
	if err != nil {
		return err
	}
	return file.Write(picture)
}

// compare trains with f32 too, where that is wanted.
func compare(ctx context.Context, o options, d *dataset, m matmul, stderr io.Writer) (*result, error) {
	if !o.compare || o.format.Name == "f32" {
		return nil, nil
	}
	o.format, o.config.Rounding, o.plot, o.save, o.resume = formats()[0], lion.NearestRounding, "", "", ""
	r, err := train(ctx, o, d, m, io.Discard, stderr)
	if err != nil {
		return nil, fmt.Errorf("f32, for comparison: %w", err)
	}
	return &r, nil
}

// loadData returns a data set and the matrix products that suit its size.
func loadData(name string) (*dataset, matmul, error) {
	if name == "digits" {
		d, err := loadDigits()
		return d, plain{}, err
	}
	if name == "mnist" {
		name = ""
	} else if info, err := os.Stat(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("-data: %w", err)
	} else if err != nil || !info.IsDir() {
		return nil, nil, cli.Misusef("-data %q: want digits, mnist or a folder", name)
	}
	d, err := loadMNIST(name)
	return d, gonum{}, err
}
