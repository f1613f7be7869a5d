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
		for _, im := range Implementations {
			for i := range conversions {
				if prove.Missing(im.Name) == "" {
					fuzzOne(t, im, &conversions[i], b)
				}
			}
		}
		// And generic's from the oracles.
		for i := range len(b) / 4 {
			x := math.Float32frombits(binary.NativeEndian.Uint32(b[4*i:]))
			if got, want := uint64(ToBF16(x)), prove.BF16.Round(float64(x)); got != want {
				t.Fatalf("bf16 of %g is %04x, want %04x", x, got, want)
			}
			if got, want := uint64(ToF16(x)), prove.F16.Round(float64(x)); got != want {
				t.Fatalf("f16 of %g is %04x, want %04x", x, got, want)
			}
		}
	})
}

// fuzzOne takes b through one conversion.
func fuzzOne(t *testing.T, im *Implementation, conv *conversion, b []byte) {
	n := len(b) / 4
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
