package lion

import (
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// table makes a table of n rows, and gradient rows for some of them.
func table(n, width int, rows []int) (param, momentum, grad []float32) {
	r := rand.New(rand.NewSource(int64(n*width + len(rows))))
	fill := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = r.Float32() - 0.5
		}
		return s
	}
	return fill(n * width), fill(n * width), fill(len(rows) * width)
}

// TestRows compares listed rows with the dense step of each, and the others with
// what they were, for every rule and decay on every implementation.
func TestRows(t *testing.T) {
	const n, width = 9, 21
	rows := []int{7, 0, 8, 3}
	for _, name := range Implementations() {
		for rule := Paper; rule < numRules; rule++ {
			for decay := Decoupled; decay < numDecays; decay++ {
				cfg := DefaultConfig()
				cfg.Rule, cfg.Decay, cfg.WeightDecay, cfg.Implementation = rule, decay, 0.1, name
				s, err := New(cfg)
				require.NoError(t, err)
				s = s.At(3)
				param, momentum, grad := table(n, width, rows)
				wantP, wantM := append([]float32{}, param...), append([]float32{}, momentum...)
				for i, r := range rows {
					at := r * width
					require.NoError(t, s.StepF32(wantP[at:at+width], grad[i*width:(i+1)*width], wantM[at:at+width]))
				}
				require.NoError(t, s.StepRowsF32(param, momentum, width, rows, grad))
				assert.Equal(t, wantP, param, "%s %v %v", name, rule, decay)
				assert.Equal(t, wantM, momentum, "%s %v %v", name, rule, decay)
			}
		}
	}
}

// TestRowsScale: the tensor of a Cautious scale is the listed rows together.
func TestRowsScale(t *testing.T) {
	const n, width = 6, 5
	rows := []int{4, 1, 2}
	for _, scale := range []CautiousScale{ScaleCount, ScaleMean} {
		cfg := DefaultConfig()
		cfg.Rule, cfg.CautiousScale = Cautious, scale
		s, err := New(cfg)
		require.NoError(t, err)
		param, momentum, grad := table(n, width, rows)
		var denseP, denseM []float32
		for _, r := range rows {
			denseP = append(denseP, param[r*width:(r+1)*width]...)
			denseM = append(denseM, momentum[r*width:(r+1)*width]...)
		}
		require.NoError(t, s.StepF32(denseP, grad, denseM))
		require.NoError(t, s.StepRowsF32(param, momentum, width, rows, grad))
		for i, r := range rows {
			assert.Equal(t, denseP[i*width:(i+1)*width], param[r*width:(r+1)*width])
		}
	}
}

// TestRowsRefused: each error, before the first write.
func TestRowsRefused(t *testing.T) {
	s, err := New(DefaultConfig())
	require.NoError(t, err)
	long := make([]int, 70000)
	for i := range long {
		long[i] = len(long) - 1 - i
	}
	twiceFar := append(append([]int{}, long...), 66000)
	for _, c := range []struct {
		name     string
		n, width int
		rows     []int
		cut      int // from grad
		want     error
		text     string
	}{
		{"negative", 4, 3, []int{1, -1}, 0, ErrRows, "rows[1] = -1, but the table has 4"},
		{"beyond", 4, 3, []int{4}, 0, ErrRows, "rows[0] = 4, but the table has 4"},
		{"twice", 4, 3, []int{2, 0, 2}, 0, ErrRows, "rows[2] = 2 stands there twice"},
		{"twice in turn", 4, 3, []int{1, 1}, 0, ErrRows, "rows[1] = 1 stands there twice"},
		{"twice, far", 70000, 1, twiceFar, 0, ErrRows, "rows[70000] = 66000 stands there twice"},
		{"grad", 4, 3, []int{0, 1}, 1, ErrLength, "len(grad) = 5, but len(rows)·width = 2·3"},
		{"fine", 70000, 1, long, 0, nil, ""},
		{"none", 4, 3, nil, 0, nil, ""},
	} {
		param, momentum, grad := table(c.n, c.width, c.rows)
		was := append([]float32{}, param...)
		err := s.StepRowsF32(param, momentum, c.width, c.rows, grad[:len(grad)-c.cut])
		if c.want == nil {
			assert.NoError(t, err, c.name)
			continue
		}
		require.ErrorIs(t, err, c.want, c.name)
		assert.Contains(t, err.Error(), c.text, c.name)
		assert.Equal(t, was, param, c.name)
	}
	p := make([]float32, 12)
	assert.ErrorIs(t, s.StepRowsF32(p, p[:11], 3, nil, nil), ErrLength)
	assert.ErrorIs(t, s.StepRowsF32(p, make([]float32, 12), 0, nil, nil), ErrLength)
	assert.ErrorIs(t, s.StepRowsF32(p, make([]float32, 12), 5, nil, nil), ErrLength)
	assert.ErrorIs(t, s.StepRowsF32(p, p, 3, []int{0}, make([]float32, 3)), ErrOverlap)
	assert.ErrorIs(t, s.StepRowsF32(p, make([]float32, 12), 3, []int{0}, p[9:]), ErrOverlap)
	assert.ErrorIs(t, Stepper{}.StepRowsF32(nil, nil, 1, nil, nil), ErrConfig)
}

// TestRowsDoNotAllocate, in any order of rows.
func TestRowsDoNotAllocate(t *testing.T) {
	s, err := New(DefaultConfig())
	require.NoError(t, err)
	rows := []int{2, 0}
	param, momentum, grad := table(4, 8, rows)
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		if err := s.StepRowsF32(param, momentum, 8, rows, grad); err != nil {
			t.Fatal(err)
		}
	}))
	p64, m64, g64 := make([]float64, 32), make([]float64, 32), make([]float64, 16)
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		if err := s.StepRowsF64(p64, m64, 8, rows, g64); err != nil {
			t.Fatal(err)
		}
	}))
}
