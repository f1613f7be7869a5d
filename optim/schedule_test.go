package optim

import (
	"fmt"
	"hash/fnv"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSchedules: values at the steps where something begins or ends.
func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name string
		s    Schedule
		want map[int]float64
	}{
		{"constant", Constant(), map[int]float64{1: 1, 1000: 1}},
		{"linear", Linear(4, 0), map[int]float64{1: 1, 2: 0.75, 3: 0.5, 4: 0.25, 5: 0, 6: 0, 1 << 30: 0}},
		{"linear up", Linear(4, 3), map[int]float64{1: 1, 2: 1.5, 5: 3, 9: 3}},
		{"linear at once", Linear(0, 0.5), map[int]float64{1: 0.5}},
		{"cosine", Cosine(4, 0), map[int]float64{1: 1, 2: (1 + math.Sqrt2/2) / 2, 3: 0.5, 4: (1 - math.Sqrt2/2) / 2, 5: 0, 6: 0}},
		{"cosine to", Cosine(2, 0.2), map[int]float64{1: 1, 2: 0.6, 3: 0.2, 4: 0.2}},
		{"warm-up", Warmup(4, Linear(2, 0)), map[int]float64{1: 0.25, 2: 0.5, 3: 0.75, 4: 1, 5: 1, 6: 0.5, 7: 0}},
		{"no warm-up", Warmup(0, Linear(2, 0)), map[int]float64{1: 1, 2: 0.5}},
		{"warm-up, stable, decay", WarmupStableDecay(2, 3, 2, 0.5), map[int]float64{1: 0.5, 2: 1, 3: 1, 5: 1, 6: 1, 7: 0.75, 8: 0.5, 99: 0.5}},
	} {
		for step, want := range c.want {
			assert.InDelta(t, want, c.s(step), 1e-15, "%s, step %d", c.name, step)
		}
	}
}

// TestHalfCosine: as close as it says, and the same bits on every machine.
func TestHalfCosine(t *testing.T) {
	h := fnv.New64a()
	for i := 0; i <= 100_000; i++ {
		x := float64(i) / 100_000
		got := halfCosine(x)
		if want := (1 + math.Cos(math.Pi*x)) / 2; math.Abs(got-want) > 4e-16 {
			t.Fatalf("halfCosine(%v) = %v, want %v", x, got, want)
		}
		fmt.Fprintf(h, "%x", math.Float64bits(got))
	}
	assert.Equal(t, [2]float64{1, 0}, [2]float64{halfCosine(0), halfCosine(1)})
	assert.Equal(t, uint64(0x9540fe5ac497b016), h.Sum64())
}
