package lion

import (
	"bytes"
	"fmt"
	"math"
	"math/rand"
	"sort"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/require"
)

// storages are the schemes that have fused kernels, by name.
var storages = []struct {
	name string
	storage
}{
	{"BF16", storeBF16}, {"F16", storeF16}, {"MasterBF16", storeMasterBF16}, {"MasterBF16M16", storeMasterBF16M16},
	{"MasterF16", storeMasterF16}, {"F32M16", storeF32M16}, {"Split", storeSplit}, {"Kahan", storeKahan},
}

// fusedSlices are the slices of a mixed call: param, low, grad, momentum, shadow.
type fusedSlices [5][]byte

// hardBits draws the bits of an element: what is rare among numbers, and what is
// hard to round, as often as the rest.
func hardBits(r *rand.Rand, k kind) uint32 {
	b := r.Uint32()
	switch r.Intn(8) {
	case 0, 1: // any bits
	case 2: // a tie, or next to one, of what rounds to bfloat16
		b = b&0xffff0000 | 0x7fff + uint32(r.Intn(3))
	case 3: // the same of what rounds to an IEEE half
		b = b&0x8fffe000 | 0x38000000 | 0xfff + uint32(r.Intn(3))
	case 4: // subnormal or zero
		b &= 0x80000000 | 0x7fffff>>r.Intn(24)
	case 5: // infinite, NaN, or large
		b = b&0x80000000 | 0x7f7fffff + uint32(r.Intn(3)) + b>>r.Intn(32)&0x7fffff
	default: // as in training
		b = b&0x80ffffff | 0x3a000000 + uint32(r.Intn(4))<<24
	}
	switch k {
	case kindF32:
		return b
	case kindF16:
		if r.Intn(2) == 0 {
			return b & 0xffff
		}
		return b>>16&0x8000 | b>>13&0x7fff
	}
	return b >> 16
}

func newFusedSlices(r *rand.Rand, sch storage, n int) (s fusedSlices) {
	for i, k := range []kind{sch.param, sch.low(), sch.grad, sch.momentum, sch.shadow} {
		s[i] = make([]byte, n*k.size())
		for j := 0; j < len(s[i]); j += max(1, k.size()) {
			b := hardBits(r, k)
			for at := range k.size() {
				s[i][j+at] = byte(b >> (8 * at))
			}
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

func (s *fusedSlices) args(n int) mixedArgs {
	p := func(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }
	return mixedArgs{p(s[0]), p(s[1]), p(s[2]), p(s[3]), p(s[4]), n, draws{}}
}

// ordinary makes all numbers of s such as training has.
func (s fusedSlices) ordinary(sch storage) fusedSlices {
	low := kindNone // of Split, any bits will do
	if sch.param == kindKahan {
		low = sch.low()
	}
	for i, k := range []kind{sch.param, low, sch.grad, sch.momentum} {
		for j := 0; k != kindNone && j < len(s[i]); j += k.size() {
			top := j + k.size() - 1 // the sign and the exponent's first bits
			s[i][top] = s[i][top]&0x80 | 0x2c | s[i][top]&3
		}
	}
	return s
}

// sameFused compares the slices of a step with what they should be.
func sameFused(sch storage, n int, in, want, got *fusedSlices) error {
	kinds := []kind{sch.param, sch.low(), sch.grad, sch.momentum, sch.shadow}
	for j, what := range []string{"param", "low", "grad", "momentum", "shadow"} {
		if kinds[j] == kindF16 && (j > 0 || !sch.random) { // rounded to nearest
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
func eachFused(t *testing.T, configs map[string]Config, f func(t *testing.T, im *implementation, sch storage, s Stepper, k kernel, msg string)) {
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
		for _, sch := range storages {
			for _, rule := range []Rule{Paper, Cautious} {
				for _, name := range names {
					cfg := configs[name]
					cfg.Rule, cfg.Implementation = rule, im.name
					s, err := New(cfg)
					require.NoError(t, err, name)
					k := im.fused.kernel(sch.storage, &s.plan)
					require.NotNil(t, k)
					f(t, im, sch.storage, s, k, fmt.Sprintf("%s %v, %s", sch.name, rule, name))
				}
			}
		}
	})
}

// TestFusedBits compares the fused kernels with the tiles of the same
// implementation and of generic, over bits that are hard on them.
func TestFusedBits(t *testing.T) {
	tries, n := 4, 3*tile+fusedUnit
	if !prove.Whole() {
		tries = 1
	}
	r := rand.New(rand.NewSource(1))
	eachFused(t, valueConfigs(), func(t *testing.T, im *implementation, sch storage, s Stepper, k kernel, msg string) {
		for range tries {
			in := newFusedSlices(r, sch, n)
			got, tiled, want := in.clone(), in.clone(), in.clone()
			runFused(&s, im, sch, k, got.args(n), 1)
			stepTiles(&s, im, sch, tiled.args(n), 1)
			stepTiles(&s, &implementations[genericIndex()], sch, want.args(n), 1)
			require.NoError(t, sameFused(sch, n, &in, &want, &tiled), "%s: tiles", msg)
			require.NoError(t, sameFused(sch, n, &in, &want, &got), msg)
		}
	})
}

// TestFusedChunks: a step over several chunks, the last of them a part, and a rest.
func TestFusedChunks(t *testing.T) {
	const n = 2*chunk + fusedUnit + 5
	r := rand.New(rand.NewSource(2))
	eachFused(t, map[string]Config{"decaying": decaying()}, func(t *testing.T, im *implementation, sch storage, s Stepper, k kernel, msg string) {
		in := newFusedSlices(r, sch, n)
		got, want := in.clone(), in.clone()
		runFused(&s, im, sch, k, got.args(n), 1)
		stepTiles(&s, im, sch, want.args(n), 1)
		require.NoError(t, sameFused(sch, n, &in, &want, &got), msg)
	})
}

// TestFusedNaN: a single NaN, in whichever lane and slice, comes out canonical, and
// a kernel tells of none where there is none. (NEON's never do: they mend their
// own.)
func TestFusedNaN(t *testing.T) {
	const n = 2 * fusedUnit
	nans := map[kind]uint32{kindF32: 0x7f800001, kindBF16: 0xffc0, kindF16: 0xfc01, kindSplit: 0x7fc0, kindKahan: 0xffc0}
	r := rand.New(rand.NewSource(3))
	eachFused(t, map[string]Config{"decaying": decaying()}, func(t *testing.T, im *implementation, sch storage, s Stepper, k kernel, msg string) {
		clean := newFusedSlices(r, sch, n).ordinary(sch)
		payload := nanPlusOne()
		step := func(in *fusedSlices) (nan uint32) {
			count := func(a *args) uint32 { x := k(a); nan |= x; return x }
			got, want := in.clone(), in.clone()
			runFused(&s, im, sch, count, got.args(n), 1)
			stepTiles(&s, im, sch, want.args(n), 1)
			require.NoError(t, sameFused(sch, n, in, &want, &got), msg)
			require.Equal(t, payload, nanPlusOne(), "%s: NaNs differ after it", msg)
			return nan
		}
		require.Zero(t, step(&clean), "%s: a NaN where there is none", msg)
		for i, e := range []kind{sch.param, sch.low(), sch.grad, sch.momentum} {
			for j := 0; j < n && e != kindNone; j++ {
				in := clean.clone()
				for at := range e.size() {
					in[i][j*e.size()+at] = byte(nans[e] >> (8 * at))
				}
				step(&in)
			}
		}
	})
}

var payloadNaN = math.Float32frombits(0x7fc01234)

// nanPlusOne returns the bits of a sum, which depend on how the CPU is set up to
// deal with NaNs: what NEON's kernels change, and must restore.
func nanPlusOne() uint32 { return math.Float32bits(payloadNaN + 1) }
