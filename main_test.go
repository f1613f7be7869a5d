package lion

import (
	"testing"

	"github.com/lionkernel/lion/internal/prove"
)

func TestMain(m *testing.M) { prove.Main(m) }
