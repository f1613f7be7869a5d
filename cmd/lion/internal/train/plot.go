package train

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// plotFile is the file that a plot goes to. It is opened before the training, so
// that a name that can't be written doesn't cost one, and keeps its content until
// there is a plot.
type plotFile struct {
	file *os.File
	new  bool // it wasn't there before
}

// openPlot opens path. Whoever calls it calls close.
func openPlot(path string) (*plotFile, error) {
	if !strings.EqualFold(filepath.Ext(path), ".svg") {
		return nil, cli.Misusef("-plot %q: the name must end in .svg", path)
	}
	_, err := os.Lstat(path)
	absent := errors.Is(err, fs.ErrNotExist)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, cli.Misusef("-plot: %w", err)
	}
	return &plotFile{f, absent}, nil
}

// draw makes a plot of the training the file's content.
func (p *plotFile) draw(title string, r result) error {
	plot, err := plotTraining(title, r.history)
	if err != nil {
		return err
	}
	if info, err := p.file.Stat(); err == nil && info.Mode().IsRegular() { // not a pipe
		if err := p.file.Truncate(0); err != nil {
			return fmt.Errorf("plot: %w", err)
		}
	}
	if _, err := plot.WriteTo(p.file); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	p.new = false
	if err := p.file.Close(); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	return nil
}

// close leaves no new file behind if there is nothing in it.
func (p *plotFile) close() {
	p.file.Close()
	if p.new {
		os.Remove(p.file.Name())
	}
}

var (
	trainColor = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	testColor  = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
)

// plotTraining draws loss and accuracy by epoch, one above the other, as SVG.
func plotTraining(title string, history []epoch) (io.WriterTo, error) {
	loss := newPlot("cross-entropy loss")
	loss.Title.Text = title
	loss.Title.TextStyle.Font.Size = vg.Points(10)
	loss.Y.Min = 0
	accuracy := newPlot("accuracy, %")
	accuracy.X.Label.Text = "epoch"
	accuracy.Legend.Top = false
	accuracy.Legend.YOffs *= -1
	accuracy.Y.Tick.Marker = plot.TickerFunc(wholeTicks)

	for _, c := range []struct {
		plot  *plot.Plot
		name  string
		color color.Color
		value func(epoch) float64
	}{
		{loss, "training", trainColor, func(e epoch) float64 { return e.train.loss }},
		{loss, "held out", testColor, func(e epoch) float64 { return e.test.loss }},
		{accuracy, "training", trainColor, func(e epoch) float64 { return 100 * e.train.accuracy }},
		{accuracy, "held out", testColor, func(e epoch) float64 { return 100 * e.test.accuracy }},
	} {
		points := make(plotter.XYs, len(history))
		for i, e := range history {
			points[i] = plotter.XY{X: float64(i + 1), Y: c.value(e)}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, fmt.Errorf("plot: %w", err)
		}
		line.Width, line.Color = vg.Points(1.5), c.color
		dots.Shape, dots.Radius, dots.Color = draw.CircleGlyph{}, vg.Points(2), c.color
		c.plot.Add(line, dots)
		c.plot.Legend.Add(c.name, line, dots)
	}

	canvas := vgsvg.New(16*vg.Centimeter, 16*vg.Centimeter)
	rows := [][]*plot.Plot{{loss}, {accuracy}}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadX: vg.Millimeter, PadY: 4 * vg.Millimeter,
		PadTop: 2 * vg.Millimeter, PadBottom: 2 * vg.Millimeter, PadLeft: 2 * vg.Millimeter, PadRight: 4 * vg.Millimeter}
	for i, c := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].Draw(c[0])
	}
	return canvas, nil
}

func newPlot(y string) *plot.Plot {
	p := plot.New()
	p.Y.Label.Text = y
	p.X.Tick.Marker = plot.TickerFunc(wholeTicks)
	p.Legend.Top = true
	// Samples left of the names: viewers' fonts differ in width.
	p.Legend.Left = true
	p.Legend.XOffs, p.Legend.YOffs = 10*vg.Centimeter, -2*vg.Millimeter
	p.Legend.Padding = vg.Millimeter
	p.Add(plotter.NewGrid())
	return p
}

// wholeTicks puts a tick at every whole number, as long as there are few, and
// labels some ten of them.
func wholeTicks(low, high float64) []plot.Tick {
	every := 1
	for _, e := range []int{2, 5, 10, 20, 50, 100, 200, 500, 1000} {
		if (high-low)/float64(every) > 10 {
			every = e
		}
	}
	var ticks []plot.Tick
	for v := math.Ceil(low); v <= high; v++ {
		switch {
		case int(v)%every == 0:
			ticks = append(ticks, plot.Tick{Value: v, Label: strconv.Itoa(int(v))})
		case high-low <= 100:
			ticks = append(ticks, plot.Tick{Value: v})
		}
	}
	return ticks
}
