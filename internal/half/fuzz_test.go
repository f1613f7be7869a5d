package half

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
)

// FuzzConvert takes raw bytes through every conversion of every implementation.
func FuzzConvert(f *testing.F) {
	f.Add(make([]byte, 4*33))
	f.Add(bytes.Repeat([]byte{0xff, 0x7f, 0x80, 0x7f, 0, 0xe0, 0x47}, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		n := len(b) / 4
		for _, im := range Implementations {
			if prove.Missing(im.Name) != "" {
				continue
			}
			for _, conv := range conversions {
				var got, want [][]uint32
				var at, ref []unsafe.Pointer
				for i := range conv.elems {
					g := make([]uint32, n+1)
					if i >= conv.writes {
						copy(raw(g), b)
					}
					w := append([]uint32(nil), g...)
					got, want = append(got, g), append(want, w)
					at, ref = append(at, mem.Data(g)), append(ref, mem.Data(w))
				}
				conv.run(&im.Converters, at, n)
				conv.run(&genericConverters, ref, n)
				for i := range got {
					if !bytes.Equal(raw(want[i]), raw(got[i])) {
						t.Fatalf("%s of %s differs from generic's: %x, want %x", conv.name, im.Name, got[i], want[i])
					}
				}
			}
			// And generic's from the oracles.
			for i := range n {
				x := math.Float32frombits(binary.NativeEndian.Uint32(b[4*i:]))
				if got, want := uint64(ToBF16(x)), prove.BF16.Round(float64(x)); got != want {
					t.Fatalf("bf16 of %g is %04x, want %04x", x, got, want)
				}
				if got, want := uint64(ToF16(x)), prove.F16.Round(float64(x)); got != want {
					t.Fatalf("f16 of %g is %04x, want %04x", x, got, want)
				}
			}
		}
	})
}
