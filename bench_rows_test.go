package lion

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"
)

// BenchmarkCheckRows is what checking rows costs, beside the step itself.
func BenchmarkCheckRows(b *testing.B) {
	for _, n := range []int{64 << 10, 1 << 20, 16 << 20, 256 << 20} {
		for _, k := range []int{16, 256, 4096, 65536} {
			r := rand.New(rand.NewSource(1))
			seen, rows := map[int]bool{}, make([]int, 0, k)
			for len(rows) < k {
				if row := r.Intn(n); !seen[row] {
					seen[row] = true
					rows = append(rows, row)
				}
			}
			sorted := slices.Clone(rows)
			slices.Sort(sorted)
			for _, order := range []struct {
				name string
				rows []int
			}{{"random", rows}, {"increasing", sorted}} {
				b.Run(fmt.Sprintf("table=%d/rows=%d/order=%s", n, k, order.name), func(b *testing.B) {
					for range b.N {
						if err := checkRows(order.rows, n); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(k), "ns/row")
				})
			}
		}
	}
}
