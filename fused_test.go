package lion

import (
	"bytes"
	"fmt"
	"math"
	"sort"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/half"
	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/require"
)

// fusedSlices are the slices of a mixed call: param, low, grad, momentum, shadow.
type fusedSlices [5][]byte

// bitsOf are the elements of package prove.
var bitsOf = map[half.Element]*prove.Element{
	half.F32: prove.Float32, half.BF16: prove.BF16, half.F16: prove.F16,
	half.Split: prove.BF16, half.Low16: prove.LowerHalf, half.Kahan: prove.BF16,
}

// newFusedSlices makes slices of what is hard to round.
func newFusedSlices(r *prove.Rand, st *half.Storage, n int) (s fusedSlices) {
	for i, e := range []half.Element{st.Param, st.Low, st.Grad, st.Momentum, st.Shadow} {
		if e != half.None {
			s[i] = bitsOf[e].Elements(r, n, (*prove.Element).Hard)
		}
	}
	return s
}

func (s fusedSlices) clone() fusedSlices {
	for i := range s {
		s[i] = bytes.Clone(s[i])
	}
	return s
}

// args are those of a step by s.
func (s *fusedSlices) args(n int, by *Stepper) *half.Args {
	p := func(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
	return &half.Args{Param: p(s[0]), Low: p(s[1]), Grad: p(s[2]), Momentum: p(s[3]), Shadow: p(s[4]), N: n, C: (*half.Constants)(unsafe.Pointer(&by.f32))}
}

// sameFused compares the slices of a step with what they should be.
func sameFused(st *half.Storage, random bool, n int, in, want, got *fusedSlices) error {
	kinds := []half.Element{st.Param, st.Low, st.Grad, st.Momentum, st.Shadow}
	for j, what := range []string{"param", "low", "grad", "momentum", "shadow"} {
		if kinds[j] == half.F16 && (j > 0 || !random) { // rounded to nearest
			g, w := unsafe.Slice((*uint16)(mem.Data(got[j])), n), unsafe.Slice((*uint16)(mem.Data(want[j])), n)
			for i := range g {
				if prove.TieAccepted(g[i], w[i]) {
					g[i] = w[i]
				}
			}
		}
		if bytes.Equal(want[j], got[j]) {
			continue
		}
		size, at := len(in[j])/n, 0
		for want[j][at] == got[j][at] {
			at++
		}
		at /= size
		of := func(b []byte) []byte { size := len(b) / n; return b[at*size : (at+1)*size] }
		return fmt.Errorf("%s[%d] = %x, want %x, of param %x %x, grad %x, momentum %x (as in memory)",
			what, at, of(got[j]), of(want[j]), of(in[0]), of(in[1]), of(in[2]), of(in[3]))
	}
	return nil
}

// eachFused calls f for each fused kernel of each implementation, for Paper and
// Cautious with the settings.
func eachFused(t *testing.T, configs map[string]Config, f func(t *testing.T, im *implementation, st *half.Storage, s Stepper, k half.Kernel, msg string)) {
	var names []string
	for name := range configs {
		names = append(names, name)
	}
	sort.Strings(names)
	eachImplementation(t, func(t *testing.T, impl int) {
		im := &implementations[impl]
		if im.name == "generic" {
			return // has none: it steps them in tiles
		}
		for id := range half.NumStorages {
			st := &half.Storages[id]
			for _, rule := range []Rule{Paper, Cautious} {
				for _, name := range names {
					cfg := configs[name]
					cfg.Rule, cfg.Implementation = rule, im.name
					s, err := New(cfg)
					require.NoError(t, err, name)
					k := s.plan.fused(&im.half.Fused, id, false)
					require.NotNil(t, k)
					f(t, im, st, s, k, fmt.Sprintf("%s %v, %s", st.Name, rule, name))
				}
			}
		}
	})
}

// TestFusedBits compares the fused kernels with the tiles of the same
// implementation and of generic, over bits that are hard on them.
func TestFusedBits(t *testing.T) {
	tries, n := 4, 3*half.TileSize+half.Unit
	if !prove.Whole() {
		tries = 1
	}
	r := prove.NewRand(1)
	eachFused(t, valueConfigs(), func(t *testing.T, im *implementation, st *half.Storage, s Stepper, k half.Kernel, msg string) {
		for range tries {
			in := newFusedSlices(r, st, n)
			got, tiled, want := in.clone(), in.clone(), in.clone()
			stepFused(&s, im, st, k, got.args(n, &s), 1)
			stepTiles(&s, im, st, tiled.args(n, &s), 1)
			stepTiles(&s, &implementations[genericIndex()], st, want.args(n, &s), 1)
			require.NoError(t, sameFused(st, false, n, &in, &want, &tiled), "%s: tiles", msg)
			require.NoError(t, sameFused(st, false, n, &in, &want, &got), msg)
		}
	})
}

var payloadNaN = math.Float32frombits(0x7fc01234)

// nanPlusOne returns the bits of a sum, which depend on how the CPU is set up to
// deal with NaNs: what NEON's kernels change, and must restore.
func nanPlusOne() uint32 { return math.Float32bits(payloadNaN + 1) }
