package lion_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What Go's runtime sees of a call, in code of another package, into which the compiler
// inlines what it can: nothing is allocated, arrays on the stack stay there, and the
// stack may move at any place inside of the call. One table of all calls.

// A stackCall is a call of the API on arrays in its frame, with a NaN in each or
// without, which returns a number that depends on all results. The arrays are of most
// elements, so that kernels are run and leave a rest.
type stackCall struct {
	name string
	run  func(s lion.Stepper, nan bool) (uint64, error)
}

const most = 84

var stackCalls = []stackCall{
	{"StepF32", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]float32
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepF32(p[:], g[:], m[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"StepF64", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]float64
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepF64(p[:], g[:], m[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"StepBF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]lion.BF16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepBF16(p[:], g[:], m[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"StepF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]lion.F16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepF16(p[:], g[:], m[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"StepMasterBF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, m [most]float32
		var g, x [most]lion.BF16
		fill(p[:], 0, nan)
		fill(m[:], 1, nan)
		fill(g[:], 2, nan)
		fill(x[:], 3, nan)
		err := s.StepMasterBF16(p[:], g[:], m[:], x[:])
		return sum(p[:]) + 3*sum(m[:]) + 5*sum(x[:]), err
	}},
	{"StepMasterBF16M16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]float32
		var g, m, x [most]lion.BF16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		fill(x[:], 3, nan)
		err := s.StepMasterBF16M16(p[:], g[:], m[:], x[:])
		return sum(p[:]) + 3*sum(m[:]) + 5*sum(x[:]), err
	}},
	{"StepMasterF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, m [most]float32
		var g, x [most]lion.F16
		fill(p[:], 0, nan)
		fill(m[:], 1, nan)
		fill(g[:], 2, nan)
		fill(x[:], 3, nan)
		err := s.StepMasterF16(p[:], g[:], m[:], x[:])
		return sum(p[:]) + 3*sum(m[:]) + 5*sum(x[:]), err
	}},
	{"StepF32M16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g [most]float32
		var m [most]lion.BF16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepF32M16(p[:], g[:], m[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"StepSplit", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]lion.BF16
		var x [most]uint16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		fill(x[:], 3, nan)
		err := s.StepSplit(p[:], x[:], g[:], m[:])
		return sum(p[:]) + 3*sum(m[:]) + 5*sum(x[:]), err
	}},
	{"StepBF16Kahan", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m, x [most]lion.BF16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		fill(x[:], 3, nan)
		err := s.StepBF16Kahan(p[:], g[:], m[:], x[:])
		return sum(p[:]) + 3*sum(m[:]) + 5*sum(x[:]), err
	}},
	{"StepRowsF32", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]float32
		rows := [...]int{3, 1, 0, 2}
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepRowsF32(p[:], m[:], most/4, rows[:], g[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"StepRowsF64", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, g, m [most]float64
		rows := [...]int{3, 1, 0, 2}
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(m[:], 2, nan)
		err := s.StepRowsF64(p[:], m[:], most/4, rows[:], g[:])
		return sum(p[:]) + 3*sum(m[:]), err
	}},
	{"NarrowBF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]lion.BF16
		var g [most]float32
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		err := lion.NarrowBF16(p[:], g[:])
		return sum(p[:]), err
	}},
	{"NarrowF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]lion.F16
		var g [most]float32
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		err := lion.NarrowF16(p[:], g[:])
		return sum(p[:]), err
	}},
	{"WidenBF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]float32
		var g [most]lion.BF16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		err := lion.WidenBF16(p[:], g[:])
		return sum(p[:]), err
	}},
	{"WidenF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]float32
		var g [most]lion.F16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		err := lion.WidenF16(p[:], g[:])
		return sum(p[:]), err
	}},
	{"Split", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]lion.BF16
		var x [most]uint16
		var g [most]float32
		fill(p[:], 0, nan)
		fill(x[:], 1, nan)
		fill(g[:], 2, nan)
		err := lion.Split(p[:], x[:], g[:])
		return sum(p[:]) + 3*sum(x[:]), err
	}},
	{"Join", func(s lion.Stepper, nan bool) (uint64, error) {
		var p [most]float32
		var g [most]lion.BF16
		var x [most]uint16
		fill(p[:], 0, nan)
		fill(g[:], 1, nan)
		fill(x[:], 2, nan)
		err := lion.Join(p[:], g[:], x[:])
		return sum(p[:]), err
	}},
	{"KahanBF16", func(s lion.Stepper, nan bool) (uint64, error) {
		var p, x [most]lion.BF16
		var g [most]float32
		fill(p[:], 0, nan)
		fill(x[:], 1, nan)
		fill(g[:], 2, nan)
		err := lion.KahanBF16(p[:], x[:], g[:])
		return sum(p[:]) + 3*sum(x[:]), err
	}},
	{"GradStats", func(_ lion.Stepper, nan bool) (uint64, error) {
		var f32 [most]float32
		var f64 [most]float64
		var bf16 [most]lion.BF16
		var f16 [most]lion.F16
		fill(f32[:], 0, nan)
		fill(f64[:], 1, nan)
		fill(bf16[:], 2, nan)
		fill(f16[:], 3, nan)
		return statsSum(lion.GradStats(f32[:])) + 3*statsSum(lion.GradStats(f64[:])) +
			5*statsSum(lion.GradStats(bf16[:])) + 7*statsSum(lion.GradStats(f16[:])), nil
	}},
	{"GradStatsPart and Join", func(_ lion.Stepper, nan bool) (uint64, error) {
		var grad [most]float32
		fill(grad[:], 0, nan)
		p, err := lion.GradStatsPart(0, grad[:0])
		if err != nil {
			return 0, err
		}
		q, err := lion.GradStatsPart(0, grad[:])
		if err != nil {
			return 0, err
		}
		p, err = p.Join(q)
		return statsSum(p.Stats()), err
	}},
}

// fill makes x the bits of ordinary numbers, and a NaN if one is wanted.
func fill[T float32 | float64 | lion.BF16 | lion.F16 | uint16](x []T, seed int, nan bool) {
	r := prove.NewRand(uint64(seed))
	for i := range x {
		b := r.Next()
		if nan && i == 33+7*seed {
			b = math.MaxUint64 >> (b & 1)
		} else if size := unsafe.Sizeof(x[0]); size == 2 {
			b = b&0x83ff | 0x3c00
		} else if size == 4 {
			b = b&0x807fffff | 0x3f000000
		} else {
			b = b&(1<<63|1<<52-1) | 0x3fe<<52
		}
		switch p := unsafe.Pointer(&x[i]); unsafe.Sizeof(x[0]) {
		case 2:
			*(*uint16)(p) = uint16(b)
		case 4:
			*(*uint32)(p) = uint32(b)
		default:
			*(*uint64)(p) = b
		}
	}
}

// sum depends on each bit of x.
func sum[T any](x []T) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := range x {
		for _, b := range unsafe.Slice((*byte)(unsafe.Pointer(&x[i])), unsafe.Sizeof(x[i])) {
			h = (h ^ uint64(b)) * 0x100000001b3
		}
	}
	return h
}

func statsSum(s lion.Stats) uint64 {
	return math.Float64bits(s.SumSquares) ^ 3*math.Float64bits(s.MaxAbs) ^ uint64(5*s.NaNs+7*s.Infs)
}

// eachStackCall runs f for each implementation and each call, with the settings that
// may make a difference to it.
func eachStackCall(t *testing.T, f func(t *testing.T, c stackCall, s lion.Stepper, nan bool)) {
	lion.EachImplementation(t, func(t *testing.T, impl string) {
		for _, c := range stackCalls {
			var settings []lion.Config
			for _, cfg := range lion.Variants() {
				settings = append(settings, cfg)
				if cfg.Rounding = lion.StochasticRounding; c.name == "StepBF16" || c.name == "StepF16" {
					settings = append(settings, cfg)
				}
			}
			if len(c.name) < 4 || c.name[:4] != "Step" {
				settings = settings[:1]
			}
			t.Run(c.name, func(t *testing.T) {
				for _, cfg := range settings {
					cfg.Implementation = impl
					s, err := lion.New(cfg)
					require.NoError(t, err)
					for _, nan := range []bool{false, true} {
						f(t, c, s.At(3), nan)
					}
				}
			})
		}
	})
}

// TestNoAllocation: nothing allocates, under any rule, decay, scale and rounding,
// though kernels are called through a table.
func TestNoAllocation(t *testing.T) {
	if prove.Sanitized {
		prove.Skip(t, "the race detector's instrumentation allocates")
	}
	eachStackCall(t, func(t *testing.T, c stackCall, s lion.Stepper, nan bool) {
		var err error
		assert.Zero(t, testing.AllocsPerRun(2, func() { _, err = c.run(s, nan) }), "%+v", s)
		assert.NoError(t, err)
	})
	cfg := lion.DefaultConfig()
	var s lion.Stepper
	var err error
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		if s, err = lion.New(cfg); err == nil {
			s = s.At(2).From(5)
		}
	}), "New, At and From")
	assert.NoError(t, err)
	// So many rows, in no order, that they are hashed.
	const many = 1 << 18
	rows, grad, param, momentum := []int{many - 1, 5, 70000, 0}, make([]float32, 4), make([]float32, many), make([]float32, many)
	assert.Zero(t, testing.AllocsPerRun(10, func() { err = s.StepRowsF32(param, momentum, 1, rows, grad) }), "rows of a large table")
	assert.NoError(t, err)
	long := make([]float32, 1<<16+9) // of several chunks
	assert.Zero(t, testing.AllocsPerRun(2, func() { err = s.StepF32(param[:len(long)], long, momentum[:len(long)]) }), "a long step")
	assert.NoError(t, err)
}

// TestStackGrowth runs each call on a goroutine's fresh stack, in frames ever deeper,
// so that the stack has to grow, and so to move, at any place inside of it.
func TestStackGrowth(t *testing.T) {
	const depths = 1000
	every := 61 // but from another depth on each time, so that together they are at each
	if prove.Whole() {
		every = 5
	} else if testing.Short() {
		every = 191
	}
	if prove.Sanitized { // whose frames are larger
		every *= 4
	}
	from := 0
	eachStackCall(t, func(t *testing.T, c stackCall, s lion.Stepper, nan bool) {
		want, err := c.run(s, nan)
		require.NoError(t, err)
		from = (from + 17) % every
		for depth := from; depth < depths; depth += every {
			got := make(chan uint64)
			go func() { got <- deeper(depth, c, s, nan) }()
			require.Equal(t, want, <-got, "at depth %d", depth)
		}
	})
}

// deeper runs a call so many frames deeper, each of a few words.
//
//go:noinline
func deeper(depth int, c stackCall, s lion.Stepper, nan bool) uint64 {
	if depth > 0 {
		return deeper(depth-1, c, s, nan)
	}
	sum, err := c.run(s, nan)
	if err != nil {
		panic(fmt.Sprint(c.name, err))
	}
	return sum
}

// TestStackCallsAreAll: each call of the API is in the table.
func TestStackCallsAreAll(t *testing.T) {
	var names []string
	for _, c := range stackCalls {
		names = append(names, c.name)
	}
	for _, name := range lion.CallsOfSlices(t) {
		assert.True(t, slices.Contains(names, name), name)
	}
}

// Alloc's slices lie where it says: at the begin of a line, of a page, and never a
// multiple of 64 KiB apart.
func TestAlloc(t *testing.T) {
	at := func(i, n int) uintptr { return uintptr(unsafe.Pointer(&lion.Alloc[float32](n, i)[0])) }
	for n, multiple := range map[int]uintptr{1: 64, 255: 64, 256: 4 << 10, 16<<10 - 1: 4 << 10, 16 << 10: 16 << 10, 3 << 20: 16 << 10} {
		for i := range 4 {
			if begin := at(i, n); begin%multiple != 0 {
				t.Errorf("n = %d, i = %d: at %#x, not at a multiple of %d", n, i, begin, multiple)
			}
		}
	}
	for _, n := range []int{16 << 10, 256 << 10, 1 << 20, 3 << 20} {
		for i := range 4 {
			for j := range i {
				if at(i, n)%(64<<10) == at(j, n)%(64<<10) {
					t.Errorf("n = %d: the slices %d and %d are a multiple of 64 KiB apart", n, i, j)
				}
			}
		}
	}
}
