package stats

import (
	"testing"

	"github.com/lionkernel/lion/internal/tune"
)

// A form is a way in which an implementation runs, depending on the CPU's model.
type form struct {
	name  string
	im    *Implementation
	ahead int // of tune
}

// plant has kernels prefetch as they do in this form, while t runs.
func (f *form) plant(t testing.TB) {
	old := tune.Ahead
	t.Cleanup(func() { tune.Ahead = old })
	tune.Ahead = f.ahead
}
