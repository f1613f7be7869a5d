package optim

import (
	"fmt"
	"math"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lengths at which cuts, blocks, chunks and lines begin or end.
var edges = []int{0, 1, 2, 15, 16, 17, 31, 32, 33, 255, 256, 1000, lion.StatsBlock - 1, lion.StatsBlock, lion.StatsBlock + 1,
	leastUnit - 1, leastUnit, leastUnit + 1, 3*leastUnit + 77}

// agree steps a model and its twins, and compares all bits after each step.
func (m *model) agree(steps int, grads func(step, param, i int) float32) error {
	for k := 1; k <= steps; k++ {
		m.setGrads(func(param, i int) float32 { return grads(k, param, i) })
		norm, skipped, err := m.plainStep()
		if err != nil {
			return err
		}
		r, err := m.opt.Step()
		if err != nil {
			return err
		}
		if r.Measured && math.Float64bits(r.Norm) != math.Float64bits(norm) {
			return fmt.Errorf("step %d: norm %v, want %v", k, r.Norm, norm)
		}
		if r.Skipped != skipped || m.opt.step != m.step || m.opt.skipped != m.skipped || m.opt.LossScale() != m.scale {
			return fmt.Errorf("step %d: skipped %v after %d and %d, scale %v; want %v, %d, %d, %v", k, r.Skipped, m.opt.step, m.opt.skipped, m.opt.LossScale(), skipped, m.step, m.skipped, m.scale)
		}
		if err := m.differences(); err != nil {
			return fmt.Errorf("step %d: %w", k, err)
		}
	}
	return nil
}

// wave is a gradient whose elements all differ.
func wave(step, param, i int) float32 {
	h := uint32(step*7919+param*104729+i) * 0x9e3779b9
	h = (h ^ h>>15) * 0x85ebca6b
	return float32(int32(h)) * 0x1p-30 // from −2 to 2
}

// TestStepsAreSingleCalls: any tensors, of any storages, in any groups, on any number of
// workers, get the bits of a loop of single calls.
func TestStepsAreSingleCalls(t *testing.T) {
	for _, workers := range []int{1, 2, 3, 7} {
		for s := range makers {
			m := newModel(t, Options{Workers: workers, Measure: true}, groupsOf(configs()[:2]...), []int{s}, edges, []int{0, 1})
			assert.NoError(t, m.agree(2, wave), "%s, %d workers", makers[s].name, workers)
		}
		for i, c := range configs() {
			m := newModel(t, Options{Workers: workers}, groupsOf(c, configs()[0]), []int{i, 0, 5, 3, 9, 1, 4, 8, 2, 6, 7}, edges, []int{0, 0, 1})
			assert.NoError(t, m.agree(2, wave), "config %d, %d workers", i, workers)
		}
	}
}

func groupsOf(cs ...lion.Config) (groups []Group) {
	for i, c := range cs {
		g := Group{Config: c}
		if i%2 == 1 {
			g.Schedule = Warmup(2, Cosine(5, 0.1))
		}
		groups = append(groups, g)
	}
	return groups
}

// numbers are what a random model is made from.
type numbers interface{ IntN(n int) int }

// randomModel is a model that a stream of numbers describes.
func randomModel(t *testing.T, r numbers) *model {
	options := Options{Workers: 1 + r.IntN(5)}
	switch r.IntN(5) {
	case 0:
		options.MaxNorm = float64(1+r.IntN(1000)) / 64
	case 1:
		options.MaxTensorNorm = float64(1+r.IntN(1000)) / 64
	case 2:
		options.Measure = true
	}
	options.NonFinite = NonFinite(r.IntN(2)) // Proceed, Skip
	if r.IntN(3) == 0 {
		options.LossScaling = LossScaling{1024, 2, 0.5, 2}
	}
	all := configs()
	groups := groupsOf(all[r.IntN(len(all))], all[r.IntN(len(all))], all[r.IntN(len(all))])
	var lengths, storages, inGroup []int
	for range r.IntN(12) {
		n := edges[r.IntN(len(edges))]
		if r.IntN(2) == 0 {
			n = r.IntN(6 * leastUnit)
		}
		lengths, storages, inGroup = append(lengths, n), append(storages, r.IntN(len(makers))), append(inGroup, r.IntN(3))
	}
	if lengths == nil {
		lengths, storages, inGroup = []int{}, []int{0}, []int{0}
	}
	return newModel(t, options, groups, storages, lengths, inGroup)
}

// TestRandomModels: as TestStepsAreSingleCalls, for whatever comes.
func TestRandomModels(t *testing.T) {
	tries := 60
	if testing.Short() {
		tries = 15
	}
	for seed := range uint64(tries) {
		require.NoError(t, agreeOdd(t, newRand(seed)), "seed %d", seed)
	}
}

// agreeOdd compares a random model, whose gradient may have a NaN or an infinity.
func agreeOdd(t *testing.T, r numbers) error {
	m := randomModel(t, r)
	odd := r.IntN(3)
	return m.agree(4, func(step, param, i int) float32 {
		if odd == 0 && step == 2 && param == 1 && i == 5 {
			return float32(math.Inf(1))
		}
		if odd == 1 && step == 3 && param == 0 && i == 0 {
			return float32(math.NaN())
		}
		return wave(step, param, i)
	})
}

// bytesOf makes numbers of bytes, and zeros when there are no more.
type bytesOf struct{ data []byte }

func (b *bytesOf) IntN(n int) int {
	var x [3]byte
	b.data = b.data[copy(x[:], b.data):]
	return (int(x[0])<<16 | int(x[1])<<8 | int(x[2])) % n
}

// FuzzModels: any tensors, cut for any workers, with any options.
//
//	go test -run NONE -fuzz FuzzModels -fuzzminimizetime 10x ./optim
func FuzzModels(f *testing.F) {
	for seed := range uint64(8) {
		r := newRand(seed)
		data := make([]byte, 90)
		for i := range data {
			data[i] = byte(r.IntN(256))
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := agreeOdd(t, &bytesOf{data}); err != nil {
			t.Error(err)
		}
	})
}

// TestMissing: what has no gradient stays, and comes back.
func TestMissing(t *testing.T) {
	for _, workers := range []int{1, 2} {
		m := newModel(t, Options{Workers: workers, MaxNorm: 1}, groupsOf(configs()[9], configs()[1]), []int{0, 3, 4, 1}, []int{100, 20000, 33, 4097, 1}, []int{0, 1})
		require.NoError(t, m.agree(1, wave))
		m.twins[1].missing = true
		grad := of[lion.BF16](m.params[1].grad)
		m.params[1].ClearGrad()
		require.NoError(t, SetGrad(m.params[1], []lion.BF16{}), "as much")
		require.NoError(t, m.agree(2, wave))
		m.twins[1].missing = false
		require.NoError(t, SetGrad(m.params[1], grad))
		require.NoError(t, m.agree(2, wave))
	}
}

// TestRows: sparse rows get the bits of StepRows.
func TestRows(t *testing.T) {
	for _, config := range []int{1, 4} {
		m := newModel(t, Options{Workers: 2, MaxNorm: 1}, groupsOf(configs()[config]), []int{0, 1}, []int{7 * 30, 7 * 40, 50000}, []int{0})
		for i, rows := range [][]int{{29, 3, 7}, {0, 39}} {
			p, tw := m.params[i], m.twins[i]
			p.shape = []int{p.Len() / 7, 7}
			tw.rows, tw.width = rows, 7
			if i == 0 {
				tw.grad = make([]float32, 7*len(rows))
				require.NoError(t, SetRows(p, rows, make([]float32, 7*len(rows))))
			} else {
				tw.grad = make([]float64, 7*len(rows))
				require.NoError(t, SetRows(p, rows, make([]float64, 7*len(rows))))
			}
		}
		require.NoError(t, m.agree(3, wave))
		assert.Equal(t, 3*7*20+2*7*40+50000*20+4*(21+50000)+8*14, mustStep(t, m).Bytes)
	}
}

func mustStep(t *testing.T, m *model) Report {
	r, err := m.opt.Step()
	require.NoError(t, err)
	return r
}
