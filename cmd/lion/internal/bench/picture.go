package bench

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strings"

	"github.com/lionkernel/lion/cmd/lion/internal/chart"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// picture draws the time of an element against the number of elements, both
// logarithmic: a line for each curve, and marks where the slices fill a cache.
func picture(r *results) (io.WriterTo, error) {
	p := chart.New("elements", "nanoseconds an element", 0)
	chart.Title(p, fmt.Sprintf("Lion's step, %s, Paper with decay: %s, one core", r.format, r.cpu))
	low, high := math.Inf(1), 0.0
	for _, c := range r.curves {
		for _, x := range c.points {
			low, high = min(low, x.ns), max(high, x.ns)
		}
	}
	first, last := span(r)
	p.X.Min, p.X.Max = float64(first), float64(last)
	p.Y.Min, p.Y.Max = low/1.3, high*1.3
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(elementTicks), plot.TickerFunc(timeTicks)
	if err := marks(p, r); err != nil {
		return nil, err
	}
	for i, c := range r.curves {
		points := make(plotter.XYs, len(c.points))
		for k, x := range c.points {
			points[k] = plotter.XY{X: float64(x.n), Y: x.ns}
		}
		if err := chart.Line(p, c.name, style(c.name, i), points); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return chart.Beside(20*vg.Centimeter, 12*vg.Centimeter, 42*vg.Millimeter, p), nil
}

// span returns the smallest and the largest number of elements.
func span(r *results) (first, last int) {
	first = math.MaxInt
	for _, c := range r.curves {
		for _, x := range c.points {
			first, last = min(first, x.n), max(last, x.n)
		}
	}
	return first, last
}

// style is how a curve looks. A limit has its instruction set's color, dashed.
func style(name string, i int) chart.Style {
	isa, dashed := strings.CutPrefix(name, "limit ")
	s := chart.Style{Dashed: dashed}
	switch isa {
	case "avx512", "neon":
		s.Color = chart.Blue
	case "avx2":
		s.Color = chart.Orange
	case "generic":
		s.Color = chart.Gray
	default:
		s.Color = []color.Color{chart.Green, chart.Purple}[i%2]
	}
	return s
}

// marks draws a line where the slices are as large as each cache.
func marks(p *plot.Plot, r *results) error {
	for i, bytes := range r.caches {
		n := float64(bytes) / float64(r.held)
		if n <= p.X.Min || n >= p.X.Max {
			continue
		}
		line, err := plotter.NewLine(plotter.XYs{{X: n, Y: p.Y.Min}, {X: n, Y: p.Y.Max}})
		if err != nil {
			return err
		}
		line.Color, line.Dashes = chart.Gray, []vg.Length{vg.Points(1), vg.Points(2)}
		label, err := plotter.NewLabels(plotter.XYLabels{
			XYs: plotter.XYs{{X: n, Y: p.Y.Min}}, Labels: []string{fmt.Sprintf("L%d", i+1)},
		})
		if err != nil {
			return err
		}
		label.TextStyle[0].XAlign, label.Offset = draw.XRight, vg.Point{X: -vg.Millimeter, Y: vg.Millimeter}
		p.Add(line, label)
	}
	return nil
}

// elementTicks puts a tick at each power of two and labels those of four.
func elementTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for i := int(math.Ceil(math.Log2(low))); i <= int(math.Log2(high)); i++ {
		t := plot.Tick{Value: math.Exp2(float64(i))}
		if i%2 == 0 {
			t.Label = short(1 << i)
		}
		ticks = append(ticks, t)
	}
	return ticks
}

// timeTicks labels 1, 2 and 5 times each power of ten.
func timeTicks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Floor(math.Log10(low)); e <= math.Log10(high); e++ {
		for i := 1.0; i < 10; i++ {
			v := i * math.Pow(10, e)
			if v < low || v > high {
				continue
			}
			t := plot.Tick{Value: v}
			if i == 1 || i == 2 || i == 5 {
				t.Label = fmt.Sprintf("%.4g", v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}
