package optim

import (
	"fmt"
	"math"

	"github.com/lionkernel/lion"
)

// LossScaling keeps gradients of few bits, of halves above all, from underflowing: the
// model multiplies its loss, and with it each gradient, by Optimizer.LossScale, which
// steps divide by again. As in PyTorch's GradScaler that scale begins with Init. A
// step whose gradient isn't finite is skipped, and the scale multiplied by Backoff; after
// Interval steps in a row that weren't, it is multiplied by Growth. It stays between
// 2⁻⁶⁴ and 2⁶⁴. The zero LossScaling is none.
type LossScaling struct {
	Init     float64 // > 0
	Growth   float64 // ≥ 1
	Backoff  float64 // in (0, 1]
	Interval int     // ≥ 1
}

// DefaultLossScaling returns GradScaler's defaults: 65536, 2, 0.5 and 2000.
func DefaultLossScaling() LossScaling { return LossScaling{1 << 16, 2, 0.5, 2000} }

// The bounds of the scale.
const (
	leastScale = 0x1p-64
	mostScale  = 0x1p64
)

func (l LossScaling) check() error {
	if l == (LossScaling{}) {
		return nil
	}
	switch {
	case !(l.Init >= leastScale && l.Init <= mostScale):
		return fmt.Errorf("%w: LossScaling.Init = %v must be between 2⁻⁶⁴ and 2⁶⁴", lion.ErrConfig, l.Init)
	case !(l.Growth >= 1) || math.IsInf(l.Growth, 0):
		return fmt.Errorf("%w: LossScaling.Growth = %v must be finite and ≥ 1", lion.ErrConfig, l.Growth)
	case !(l.Backoff > 0 && l.Backoff <= 1):
		return fmt.Errorf("%w: LossScaling.Backoff = %v must be in (0, 1]", lion.ErrConfig, l.Backoff)
	case l.Interval < 1:
		return fmt.Errorf("%w: LossScaling.Interval = %d must be at least 1", lion.ErrConfig, l.Interval)
	}
	return nil
}

// A scaler is loss scaling at work.
type scaler struct {
	LossScaling
	scale float64
	good  int // steps in a row that weren't skipped since scale changed
}

func newScaler(l LossScaling) scaler {
	s := scaler{LossScaling: l, scale: 1}
	if s.on() {
		s.scale = l.Init
	}
	return s
}

func (s *scaler) on() bool { return s.Init != 0 }

// after adapts the scale to a step.
func (s *scaler) after(skipped bool) {
	if !s.on() {
		return
	}
	if skipped {
		s.scale, s.good = max(s.scale*s.Backoff, leastScale), 0
		return
	}
	if s.good++; s.good >= s.Interval {
		s.scale, s.good = min(s.scale*s.Growth, mostScale), 0
	}
}
