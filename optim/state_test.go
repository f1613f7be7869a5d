package optim

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// digest is the SHA-256 of all of a state's tensors.
func digest(s State) (sum [32]byte) {
	h := sha256.New()
	for _, ts := range [][]Tensor{s.Weights, s.Tensors} {
		for _, t := range ts {
			h.Write(fromAny(t.Data).memory())
		}
	}
	h.Sum(sum[:0])
	return sum
}

// copyOf returns a state that the next steps don't change.
func copyOf(s State) State {
	for _, ts := range []*[]Tensor{&s.Weights, &s.Tensors} {
		*ts = append([]Tensor(nil), *ts...)
		for i := range *ts {
			a := fromAny((*ts)[i].Data)
			b := newArray(a.kind, a.n, 0)
			copy(b.memory(), a.memory())
			(*ts)[i].Data = b.any()
		}
	}
	return s
}

// resumable is a model with all that a state holds.
func resumable(t *testing.T, storage int, impl string, workers int) *model {
	cs := []lion.Config{configs()[9], configs()[7]}
	for i := range cs {
		cs[i].Implementation = impl
	}
	return newModel(t, Options{Workers: workers, MaxNorm: 3, LossScaling: LossScaling{64, 2, 0.5, 2}}, groupsOf(cs...), []int{storage}, []int{100, 3*leastUnit + 5, 0, 17}, []int{0, 1})
}

// TestResume: a run that is broken off after any step and goes on elsewhere, on another
// implementation and with other workers, ends with the bits of the unbroken one.
func TestResume(t *testing.T) {
	const steps = 6
	impls := lion.Implementations()
	run := func(m *model, from, to int) State {
		for k := from; k < to; k++ {
			m.setGrads(func(param, i int) float32 {
				if k == 2 && param == 1 && i == 7 {
					return float32(inf) // a step that is skipped
				}
				return wave(k, param, i) * 64
			})
			_, err := m.opt.Step()
			require.NoError(t, err)
		}
		return copyOf(m.opt.State())
	}
	for s := range makers {
		want := run(resumable(t, s, impls[0], 1), 0, steps)
		assert.Equal(t, 1, want.Skipped)
		for stop := range steps {
			saved := run(resumable(t, s, impls[0], 2), 0, stop)
			other := resumable(t, s, impls[len(impls)-1-stop%len(impls)], 1+stop%3)
			require.NoError(t, other.opt.Restore(saved))
			got := run(other, stop, steps)
			require.Equal(t, digest(want), digest(got), "%s, broken off after %d", makers[s].name, stop)
			require.Equal(t, [4]any{want.Step, want.Skipped, want.LossScale, want.Good}, [4]any{got.Step, got.Skipped, got.LossScale, got.Good})
		}
	}
}

// TestRestoreWithoutWeights: the model's weights are restored by other means, or follow
// from the masters.
func TestRestoreWithoutWeights(t *testing.T) {
	for s := range makers {
		m := resumable(t, s, "", 1)
		m.setGrads(func(param, i int) float32 { return wave(1, param, i) })
		_, err := m.opt.Step()
		require.NoError(t, err)
		saved := copyOf(m.opt.State())
		saved.Weights = nil
		other := resumable(t, s, "", 1)
		before := copyOf(other.opt.State())
		require.NoError(t, other.opt.Restore(saved))
		after := other.opt.State()
		assert.Equal(t, m.opt.State().Tensors, after.Tensors)
		if strings.HasPrefix(makers[s].name, "Master") {
			assert.Equal(t, m.opt.State().Weights, after.Weights)
		} else {
			assert.Equal(t, before.Weights, after.Weights)
		}
	}
}

// TestRestoreRefuses: each difference is named, and nothing changes.
func TestRestoreRefuses(t *testing.T) {
	for _, c := range []struct {
		spoil func(s *State)
		names []string
	}{
		{func(s *State) { s.Tensors = s.Tensors[1:] }, []string{"p0.MasterBF16.exp_avg is missing"}},
		{func(s *State) { s.Weights = s.Weights[:1] }, []string{"p2.MasterBF16 is missing", "p3.MasterBF16 is missing"}},
		{func(s *State) { s.Weights = []Tensor{} }, []string{"p0.MasterBF16 is missing"}},
		{func(s *State) { s.Tensors = append(s.Tensors, Tensor{Name: "x"}, Tensor{Name: "y"}) }, []string{"x is unknown", "y is unknown"}},
		{func(s *State) { s.Tensors = append(s.Tensors, s.Tensors[0]) }, []string{"p0.MasterBF16.exp_avg stands twice"}},
		{func(s *State) { s.Tensors[0].Data = make([]float32, 99) }, []string{"p0.MasterBF16.exp_avg has 99 elements, want 100"}},
		{func(s *State) { s.Tensors[0].Data = make([]float64, 100) }, []string{"p0.MasterBF16.exp_avg is of []float64, want []float32"}},
		{func(s *State) { s.Tensors[0].Data = nil }, []string{"p0.MasterBF16.exp_avg is of <nil>"}},
		{func(s *State) { s.Tensors[0].Shape = []int{10, 10} }, []string{"p0.MasterBF16.exp_avg has the shape [10 10], want [100]"}},
		{func(s *State) { s.Step = -1 }, []string{"Step = -1"}},
		{func(s *State) { s.LossScale = nan }, []string{"LossScale = NaN"}},
		{func(s *State) { s.LossScale = 0; s.Weights[1].Name = "z" }, []string{"LossScale = 0", "z is unknown", "p2.MasterBF16 is missing"}},
	} {
		m := resumable(t, 7, "", 1)
		s := copyOf(m.opt.State())
		c.spoil(&s)
		before := copyOf(m.opt.State())
		for _, w := range s.Weights { // else nothing would show
			for i, a := range fromAny(w.Data).memory() {
				fromAny(w.Data).memory()[i] = a + 1
			}
		}
		err := m.opt.Restore(s)
		assert.ErrorIs(t, err, ErrState)
		for _, name := range c.names {
			assert.ErrorContains(t, err, name)
		}
		assert.Equal(t, before, copyOf(m.opt.State()))
	}
	m := newModel(t, Options{}, groupsOf(configs()[0]), []int{0}, []int{5}, []int{0})
	s := copyOf(m.opt.State())
	s.LossScale = 2
	assert.ErrorContains(t, m.opt.Restore(s), "no LossScaling")
	s.LossScale, s.Tensors[0].Shape = 0, nil // as of a file that doesn't tell
	assert.NoError(t, m.opt.Restore(s))
}
