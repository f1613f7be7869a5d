package stats

import (
	"encoding/binary"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
)

// FuzzStats: any bytes, as any kind of gradient, repeated to any length: the bits that
// the description gives, on every implementation, whole and in parts.
//
//	go test -run NONE -fuzz FuzzStats -fuzzminimizetime 10x ./internal/stats
func FuzzStats(f *testing.F) {
	for e := range numElements {
		data := []byte{byte(e), byte(3 * e), byte(7 * e), byte(16 * e)}
		f.Add(append(data, elements[e].Elements(prove.NewRand(uint64(e)), 50, (*prove.Element).Random)...))
		f.Add(append(data, elements[e].Elements(prove.NewRand(uint64(e)), 33, (*prove.Element).Ordinary)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var head [4]byte
		data = data[copy(head[:], data):]
		e, off := Element(head[0])%numElements, int(head[1])%16
		n := int(binary.LittleEndian.Uint16(head[2:])) % (2*Block + 100)
		content := make([]byte, n*sizes[e])
		for i := 0; len(data) > 0 && i < len(content); i += len(data) {
			copy(content[i:], data)
		}
		slab := prove.NewSlab(len(content))
		for _, im := range Implementations {
			if prove.Missing(im.Name) != "" {
				continue
			}
			if err := compare(im, e, slab, content, off); err != nil {
				t.Errorf("%s: %v", im.Name, err)
			}
		}
	})
}
