package train

import (
	"io"
	"math"
	"strconv"

	"github.com/lionkernel/lion/cmd/lion/internal/chart"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
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

// plotCurve draws loss and accuracy by epoch, one above the other, as SVG.
func plotCurve(title string, c curve) (io.WriterTo, error) {
	loss := newPlot("", "cross-entropy loss")
	chart.Title(loss, title)
	loss.Y.Min = 0
	accuracy := newPlot("epoch", "accuracy, %")
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
		if err := addLine(l.plot, "training", chart.Style{Color: chart.Blue}, c.train, l.value); err != nil {
			return nil, err
		}
		if err := addLine(l.plot, "held out", chart.Style{Color: chart.Orange, Dotted: true}, c.test, l.value); err != nil {
			return nil, err
		}
		l.plot.X.Min, l.plot.X.Max = 0, c.test[len(c.test)-1].epochs
	}
	return chart.Stack(16*vg.Centimeter, 16*vg.Centimeter, loss, accuracy), nil
}

// addLine draws a line through points.
func addLine(p *plot.Plot, name string, s chart.Style, points []point, value func(score) float64) error {
	xys := make(plotter.XYs, len(points))
	for i, x := range points {
		xys[i] = plotter.XY{X: x.epochs, Y: value(x.score)}
	}
	return chart.Line(p, name, s, xys)
}

func newPlot(x, y string) *plot.Plot {
	p := chart.New(x, y, 10*vg.Centimeter)
	p.X.Tick.Marker = plot.TickerFunc(wholeTicks)
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
