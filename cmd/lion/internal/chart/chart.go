// Package chart is what the commands' pictures share: axes, lines, and the SVG file
// that they go to.
package chart

import (
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colors of lines, which differ for the colour-blind too.
var (
	Blue   = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	Orange = color.RGBA{R: 0xd6, G: 0x5f, B: 0x0e, A: 0xff}
	Green  = color.RGBA{R: 0x2c, G: 0x8c, B: 0x4b, A: 0xff}
	Purple = color.RGBA{R: 0x8e, G: 0x5a, B: 0xa8, A: 0xff}
	Gray   = color.RGBA{R: 0x70, G: 0x70, B: 0x70, A: 0xff}
)

// New returns a plot with a grid, whose legend begins so far from the left.
func New(x, y string, legend vg.Length) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Legend.Top = true
	// Samples left of the names: viewers' fonts differ in width.
	p.Legend.Left = true
	p.Legend.XOffs, p.Legend.YOffs = legend, -2*vg.Millimeter
	p.Legend.Padding = vg.Millimeter
	p.Add(plotter.NewGrid())
	return p
}

// Title sets a plot's title.
func Title(p *plot.Plot, text string) {
	p.Title.Text = text
	p.Title.TextStyle.Font.Size = vg.Points(10)
}

// A Style is how a line looks.
type Style struct {
	Color  color.Color
	Dashed bool
	Dotted bool // its points are marked
}

// Line draws a line through points, and names it in the legend.
func Line(p *plot.Plot, name string, s Style, points plotter.XYs) error {
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Width, line.Color = vg.Points(1.5), s.Color
	if s.Dashed {
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
	dots.Shape, dots.Radius, dots.Color = draw.CircleGlyph{}, vg.Points(2), s.Color
	p.Add(line)
	names := []plot.Thumbnailer{line}
	if s.Dotted {
		p.Add(dots)
		names = append(names, dots)
	}
	p.Legend.Add(name, names...)
	return nil
}

// Beside draws a plot with its legend at its right, so many wide, as SVG.
func Beside(width, height, legend vg.Length, p *plot.Plot) io.WriterTo {
	canvas := vgsvg.New(width, height)
	all := draw.Crop(draw.New(canvas), 2*vg.Millimeter, -2*vg.Millimeter, 2*vg.Millimeter, -2*vg.Millimeter)
	names := p.Legend
	p.Legend = plot.NewLegend()
	p.Draw(draw.Crop(all, 0, -legend, 0, 0))
	names.XOffs, names.YOffs = 0, -vg.Centimeter
	names.Draw(draw.Crop(all, all.Size().X-legend+5*vg.Millimeter, 0, 0, 0))
	return canvas
}

// Stack draws plots one above the other, as SVG.
func Stack(width, height vg.Length, plots ...*plot.Plot) io.WriterTo {
	canvas := vgsvg.New(width, height)
	var rows [][]*plot.Plot
	for _, p := range plots {
		rows = append(rows, []*plot.Plot{p})
	}
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadX: vg.Millimeter, PadY: 4 * vg.Millimeter,
		PadTop: 2 * vg.Millimeter, PadBottom: 2 * vg.Millimeter, PadLeft: 2 * vg.Millimeter, PadRight: 4 * vg.Millimeter}
	for i, c := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].Draw(c[0])
	}
	return canvas
}
