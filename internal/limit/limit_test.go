package limit

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patterns are those of the storage formats, each at the narrowest width and
// wider.
var patterns = []Pattern{
	{Param: 2, Grad: 2, Momentum: 2},
	{Param: 4, Grad: 4, Momentum: 4},
	{Param: 8, Grad: 8, Momentum: 8},
	{Param: 2, Grad: 2, Momentum: 2, Low: 2},
	{Param: 4, Grad: 4, Momentum: 2},
	{Param: 4, Grad: 2, Momentum: 4, Shadow: 2},
	{Param: 4, Grad: 2, Momentum: 2, Shadow: 2},
	{Grad: 2},
	{Grad: 4},
}

// guarded returns n random bytes at the given offset from alignment, inside an
// array with 256 more on each side, and the whole array.
func guarded(n, offset int) (b, whole []byte) {
	whole = make([]byte, 256+offset+n+256)
	rand.New(rand.NewSource(int64(n + offset))).Read(whole)
	return whole[256+offset : 256+offset+n : 256+offset+n], whole
}

// want computes the package's contract on one array: block by block,
// x ^= g or x = g.
func want(x, grad []byte, block, gradBlock int, copied bool) []byte {
	y := bytes.Clone(x)
	for i := range y {
		g := grad[i/block*gradBlock+i%block%gradBlock]
		if copied {
			y[i] = g
		} else {
			y[i] ^= g
		}
	}
	return y
}

// mustHaveLoops skips where there is nothing to test, and fails where LION_REQUIRE
// names an instruction set whose loops can't be tested.
func mustHaveLoops(t *testing.T) {
	for _, name := range strings.FieldsFunc(os.Getenv("LION_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' }) {
		if name != "generic" && !slices.ContainsFunc(isas, func(i isa) bool { return i.name == name }) {
			t.Fatalf("LION_REQUIRE names %s, whose loops can't run here", name)
		}
	}
	if len(isas) == 0 {
		t.Skipf("NOT TESTED: no assembly on %s with these build tags and this CPU", runtime.GOARCH)
	}
}

// Every loop does what the package says, at any alignment, for one block and
// more, and touches nothing beside its arrays.
func TestLoops(t *testing.T) {
	mustHaveLoops(t)
	for _, p := range patterns {
		for _, l := range Loops(p) {
			t.Run(fmt.Sprintf("%s/%v", l.Name(), p), func(t *testing.T) {
				for _, n := range []int{1, 2, 3, 5, 40} {
					for shift := range 4 {
						b := blocks[l.shape]
						param, param0 := guarded(n*b[0], shift)
						grad, grad0 := guarded(n*b[1], 3*shift)
						momentum, momentum0 := guarded(n*b[2], 5*shift)
						extra, extra0 := guarded(n*b[3], 7*shift)
						a := Arrays{Param: param, Grad: grad, Momentum: momentum}
						if p.Shadow != 0 {
							a.Shadow = extra
						} else {
							a.Low = extra
						}

						wantGrad := bytes.Clone(grad0)
						wholes := [][]byte{param0, momentum0, extra0}
						var wants [][]byte
						for i, x := range [][]byte{param, momentum, extra} {
							w := bytes.Clone(wholes[i])
							y := want(x, grad, b[[]int{0, 2, 3}[i]], b[1], i == 2 && p.Shadow != 0)
							copy(w[len(w)-256-len(x):], y)
							wants = append(wants, w)
						}
						c, err := l.Bind(a)
						require.NoError(t, err)
						c.Repeat(1)
						require.Equal(t, wants, wholes, "blocks %d, shift %d", n, shift)
						require.Equal(t, wantGrad, grad0, "blocks %d, shift %d: grad", n, shift)
					}
				}
			})
		}
	}
}

// Bind refuses arrays that a loop would run past.
func TestBindRefuses(t *testing.T) {
	mustHaveLoops(t)
	for _, p := range patterns {
		for _, l := range Loops(p) {
			array := func(i, n int) []byte { return make([]byte, n*blocks[l.shape][i]) }
			good := func() [4][]byte { return [4][]byte{array(0, 2), array(1, 2), array(2, 2), array(3, 2)} }
			bind := func(a [4][]byte) error {
				_, err := l.Bind(Arrays{a[0], a[1], a[2], a[3], a[3]})
				return err
			}
			require.NoError(t, bind(good()))
			present := 0
			for i := range 4 {
				if blocks[l.shape][i] == 0 {
					continue
				}
				present++
				a := good()
				a[i] = a[i][1:]
				require.ErrorContains(t, bind(a), "multiple of its block", "%s array %d", l.Name(), i)
				a[i] = nil
				require.ErrorContains(t, bind(a), "multiple of its block", "%s array %d", l.Name(), i)
			}
			if present < 2 {
				continue
			}
			for i := range 4 {
				if blocks[l.shape][i] != 0 {
					a := good()
					a[i] = array(i, 1)
					require.ErrorContains(t, bind(a), "blocks", "%s array %d", l.Name(), i)
				}
			}
		}
	}
}

// Every storage format has its loops, two for each instruction set, and a
// pattern that no loop serves has none.
func TestPatterns(t *testing.T) {
	mustHaveLoops(t)
	for _, p := range patterns {
		require.Len(t, Loops(p), 2*len(isas), "%+v", p)
	}
	require.Empty(t, Loops(Pattern{}))
	require.Empty(t, Loops(Pattern{Param: 4, Grad: 4, Momentum: 1}))
	require.Empty(t, Loops(Pattern{Param: 4, Grad: 4, Momentum: 4, Shadow: 2}))
	require.Equal(t, 20, Pattern{Param: 4, Grad: 4, Momentum: 4}.Bytes())
	require.Equal(t, 20, Pattern{Param: 4, Grad: 2, Momentum: 4, Shadow: 2}.Bytes())
	require.Equal(t, 14, Pattern{Param: 2, Grad: 2, Momentum: 2, Low: 2}.Bytes())
}

// The measuring tools give what they are named for.
func TestTiming(t *testing.T) {
	require.Equal(t, 2.0, Median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, Median([]float64{4, 1, 3, 2}))
	require.Equal(t, 3.0, Ratio([]float64{3, 10, 60}, []float64{1, 5, 10}))

	counts := [3]int{}
	spend := func(i int, d time.Duration) Timer {
		return Time(func(k int) {
			counts[i] += k
			time.Sleep(time.Duration(k) * d)
		})
	}
	timers := []Timer{spend(0, 20*time.Millisecond), spend(1, 5*time.Millisecond), spend(2, 40*time.Millisecond)}
	times := Turns(4, timers)
	require.Equal(t, [3]int{7, 7, 7}, counts) // 4 rounds and 3 trials each
	for _, x := range times {
		require.Len(t, x, 4)
	}
	require.GreaterOrEqual(t, Median(times[0]), 20e6)
	require.Equal(t, 1, Fastest(timers))

	require.InDelta(t, 3, ClockGHz(), 2.9)
}

// A batch fills its time though some trials were disturbed.
func TestBatch(t *testing.T) {
	calls := 0
	disturbed := func(ns float64) Timer {
		return func(int) float64 {
			if calls++; calls%3 != 0 {
				return 100 * ns
			}
			return ns
		}
	}
	for _, ns := range []float64{100, 10e3, 49e3, 50e3, 1e6} {
		require.Equal(t, max(1, int(50e3/ns)), batch(disturbed(ns), 50*time.Microsecond), ns)
	}
}
