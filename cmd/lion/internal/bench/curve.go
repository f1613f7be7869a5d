package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// results are what was measured of one storage on one machine. As text they are
//
//	# key: value
//	curve <tab> elements <tab> nanoseconds an element
type results struct {
	cpu    string
	format string // of the storage
	caches [3]int // bytes, 0 for one that isn't known
	bytes  int    // moved for each element
	held   int    // by the slices, for each element
	ghz    float64
	curves []curve
}

// curve are the times of one loop.
type curve struct {
	name   string
	points []point
}

// point is a time, in nanoseconds an element.
type point struct {
	n  int
	ns float64
}

// limitName is the curve of an instruction set's traffic limit.
func limitName(isa string) string { return "limit " + isa }

// add adds a time to a curve, which keeps the best for each number of elements.
func (r *results) add(name string, n int, ns float64) {
	i := slices.IndexFunc(r.curves, func(c curve) bool { return c.name == name })
	if i < 0 {
		i = len(r.curves)
		r.curves = append(r.curves, curve{name: name})
	}
	c := &r.curves[i]
	at, found := slices.BinarySearchFunc(c.points, n, func(p point, n int) int { return p.n - n })
	if !found {
		c.points = slices.Insert(c.points, at, point{n, ns})
	}
	c.points[at].ns = min(c.points[at].ns, ns)
}

// at returns a curve's time for n elements, or 0.
func (r *results) at(name string, n int) float64 {
	for _, c := range r.curves {
		for _, p := range c.points {
			if c.name == name && p.n == n {
				return p.ns
			}
		}
	}
	return 0
}

// WriteTo writes r as text.
func (r *results) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# cpu: %s\n# format: %s\n# caches: %d %d %d\n", r.cpu, r.format, r.caches[0], r.caches[1], r.caches[2])
	fmt.Fprintf(&b, "# bytes: %d\n# held: %d\n# GHz: %.3g\n", r.bytes, r.held, r.ghz)
	for _, c := range r.curves {
		for _, p := range c.points {
			fmt.Fprintf(&b, "%s\t%d\t%.4g\n", c.name, p.n, p.ns)
		}
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// read reads results from text, whatever the order of its lines: a time that stands
// there twice counts once, the better.
func read(text io.Reader) (*results, error) {
	r := &results{}
	lines := bufio.NewScanner(text)
	for number := 1; lines.Scan(); number++ {
		if err := r.line(lines.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if r.bytes <= 0 || r.held <= 0 || len(r.curves) == 0 {
		return nil, errors.New("not the measurements of lion bench: no bytes, or no times")
	}
	return r, nil
}

func (r *results) line(s string) error {
	if s == "" {
		return nil
	}
	if header, ok := strings.CutPrefix(s, "# "); ok {
		return r.header(header)
	}
	fields := strings.Split(s, "\t")
	if len(fields) != 3 || fields[0] == "" {
		return errors.New("want a curve, elements and nanoseconds between tabs")
	}
	n, err := strconv.Atoi(fields[1])
	if err != nil || n <= 0 {
		return fmt.Errorf("%q is no number of elements", fields[1])
	}
	ns, err := strconv.ParseFloat(fields[2], 64)
	if err != nil || !(ns > 0) || math.IsInf(ns, 0) {
		return fmt.Errorf("%q is no time", fields[2])
	}
	r.add(fields[0], n, ns)
	return nil
}

// header reads what follows a "# ". Other keys are comments.
func (r *results) header(s string) (err error) {
	key, value, _ := strings.Cut(s, ": ")
	switch key {
	case "cpu":
		r.cpu = value
	case "format":
		r.format = value
	case "caches":
		_, err = fmt.Sscan(value, &r.caches[0], &r.caches[1], &r.caches[2])
	case "bytes":
		r.bytes, err = strconv.Atoi(value)
	case "held":
		r.held, err = strconv.Atoi(value)
	case "GHz":
		r.ghz, err = strconv.ParseFloat(value, 64)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
