package limit

import (
	"fmt"
	"testing"

	"github.com/lionkernel/lion/internal/mem"
)

// The limits themselves, in every pattern, from the first cache to memory, over
// arrays that lie as lion.Alloc places them:
//
//	go test -bench . ./internal/limit
func BenchmarkLoops(b *testing.B) {
	for _, p := range patterns {
		for _, n := range []int{1 << 10, 16 << 10, 1 << 20, 16 << 20} {
			array := func(i, width int) []byte { return mem.Alloc[byte](n*width, i) }
			var a Arrays // made when the first loop that is asked for needs it
			for _, l := range Loops(p) {
				name := fmt.Sprintf("param=%d/grad=%d/momentum=%d/low=%d/shadow=%d/n=%d/impl=%s",
					p.Param, p.Grad, p.Momentum, p.Low, p.Shadow, n, l.Name())
				b.Run(name, func(b *testing.B) {
					if a.Grad == nil {
						a = Arrays{array(0, p.Param), array(1, p.Grad), array(2, p.Momentum), array(3, p.Low), array(3, p.Shadow)}
						// Untouched pages would all be one page of zeros.
						for _, x := range [][]byte{a.Param, a.Grad, a.Momentum, a.Low, a.Shadow} {
							for i := range x {
								x[i] = byte(i)
							}
						}
					}
					c, err := l.Bind(a)
					if err != nil {
						b.Fatal(err)
					}
					b.ResetTimer()
					ns := Median(Turns(max(7, b.N), []Timer{c.Timer()})[0])
					b.StopTimer()
					b.ReportMetric(ns, "ns/op")
					b.ReportMetric(float64(n*p.Bytes())/ns*1e3, "MB/s")
					b.ReportMetric(ns/float64(n)*16*ClockGHz(), "cycles/16")
				})
			}
		}
	}
}
