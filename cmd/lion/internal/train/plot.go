package train

import (
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// curve is what a plot shows, by epochs.
type curve struct {
	train []point // means over parts of an epoch, while the weights move
	test  []point // before the training and after each epoch
}

// point is a score after so many epochs.
type point struct {
	epochs float64
	score
}

// curvePoints is how many points the curve of the training has at least, if there
// are as many batches: an epoch or two alone would be dots.
const curvePoints = 30

// recorder gathers a curve.
type recorder struct {
	curve
	parts, batches int   // of an epoch
	sum            score // of the part at hand
	samples        int   // in it
}

func newRecorder(epochs, batches int) *recorder {
	return &recorder{parts: min((curvePoints+epochs-1)/epochs, batches), batches: batches}
}

// batch adds what the samples of batch i of epoch e, counted from 0, have scored
// together. A nil recorder takes no notice.
func (r *recorder) batch(e, i, samples int, loss float64, right int) {
	if r == nil {
		return
	}
	r.sum.add(loss, right)
	r.samples += samples
	end := (i + 1) * r.parts / r.batches
	if end == i*r.parts/r.batches {
		return // the part goes on
	}
	middle := float64(e) + (float64(end)-0.5)/float64(r.parts)
	r.train = append(r.train, point{middle, r.sum.mean(r.samples)})
	r.sum, r.samples = score{}, 0
}

// heldOut adds a score on the images held out, after so many epochs.
func (r *recorder) heldOut(epochs int, s score) {
	if r != nil {
		r.test = append(r.test, point{float64(epochs), s})
	}
}

var (
	trainColor = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	testColor  = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
)

// plotCurve draws loss and accuracy by epoch, one above the other, as SVG.
func plotCurve(title string, c curve) (io.WriterTo, error) {
	loss := newPlot("cross-entropy loss")
	loss.Title.Text = title
	loss.Title.TextStyle.Font.Size = vg.Points(10)
	loss.Y.Min = 0
	accuracy := newPlot("accuracy, %")
	accuracy.X.Label.Text = "epoch"
	accuracy.Legend.Top = false
	accuracy.Legend.YOffs *= -1
	accuracy.Y.Tick.Marker = plot.TickerFunc(wholeTicks)
	for _, l := range []struct {
		plot  *plot.Plot
		value func(score) float64
	}{
		{loss, func(s score) float64 { return s.loss }},
		{accuracy, func(s score) float64 { return 100 * s.accuracy }},
	} {
		if err := addLine(l.plot, "training", trainColor, false, c.train, l.value); err != nil {
			return nil, err
		}
		if err := addLine(l.plot, "held out", testColor, true, c.test, l.value); err != nil {
			return nil, err
		}
		l.plot.X.Min, l.plot.X.Max = 0, c.test[len(c.test)-1].epochs
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

// addLine draws a line through points, which dots mark.
func addLine(p *plot.Plot, name string, c color.Color, dotted bool, points []point, value func(score) float64) error {
	xys := make(plotter.XYs, len(points))
	for i, x := range points {
		xys[i] = plotter.XY{X: x.epochs, Y: value(x.score)}
	}
	line, dots, err := plotter.NewLinePoints(xys)
	if err != nil {
		return err
	}
	line.Width, line.Color = vg.Points(1.5), c
	dots.Shape, dots.Radius, dots.Color = draw.CircleGlyph{}, vg.Points(2), c
	p.Add(line)
	names := []plot.Thumbnailer{line}
	if dotted {
		p.Add(dots)
		names = append(names, dots)
	}
	p.Legend.Add(name, names...)
	return nil
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
	every := 1.0
	for i := 0; (high-low)/every > 10; i++ {
		every = []float64{2, 5, 10}[i%3] * math.Pow10(i/3)
	}
	step := 1.0
	if high-low > 30 {
		step = every
	}
	var ticks []plot.Tick
	for v := math.Ceil(low/step) * step; v <= high; v += step {
		tick := plot.Tick{Value: v}
		if math.Mod(v, every) == 0 {
			tick.Label = strconv.FormatFloat(v, 'f', -1, 64)
		}
		ticks = append(ticks, tick)
	}
	return ticks
}
