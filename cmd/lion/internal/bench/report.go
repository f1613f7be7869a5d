package bench

import (
	"fmt"
	"io"
	"strings"
)

// shown are the sizes in the table, as far as they were measured.
var shown = []int{64, 1 << 10, 64 << 10, 1 << 20, 16 << 20}

// report writes the results as a table: nanoseconds an element, and times the limit.
func report(w io.Writer, r *results) {
	fmt.Fprintf(w, "cpu              %s", r.cpu)
	if r.ghz > 0 {
		fmt.Fprintf(w, ", %.2f GHz", r.ghz)
	}
	fmt.Fprintf(w, "\nformat           %s: a step moves %d bytes for each element\n\n", r.format, r.bytes)
	fmt.Fprintf(w, "%-16s", "ns an element")
	for _, n := range shown {
		fmt.Fprintf(w, " %13s", short(n))
	}
	for _, c := range r.curves {
		fmt.Fprintf(w, "\n%-16s", c.name)
		for _, n := range shown {
			fmt.Fprintf(w, " %13s", cell(r, c.name, n))
		}
	}
	fmt.Fprint(w, "\n\nIn brackets: times the limit of the instruction set.\n")
	if _, last := span(r); len(r.curves) > 0 {
		c := r.curves[0]
		fmt.Fprintf(w, "%s moves %.1f GB/s at %s elements.\n", c.name, float64(r.bytes)/c.points[len(c.points)-1].ns, short(last))
	}
}

// cell is a time, and its ratio to the limit where there is one.
func cell(r *results, name string, n int) string {
	ns := r.at(name, n)
	if ns == 0 {
		return "-"
	}
	text := fmt.Sprintf("%.3f", ns)
	if limit := r.at(limitName(name), n); limit > 0 && !strings.HasPrefix(name, "limit ") {
		text += fmt.Sprintf(" (%.2f)", ns/limit)
	}
	return text
}
