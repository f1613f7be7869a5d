//go:build race

package lion

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const raceEnabled = true

// TestRaceSeen: the race detector sees what a step reads and writes, even in
// assembly, which it can't look into.
func TestRaceSeen(t *testing.T) {
	for _, impl := range Implementations() {
		for _, what := range []string{"writes param", "reads param", "writes grad", "reads momentum"} {
			out, status := rerun(t, "TestRaceVictim", "LION_RACE="+what, "LION_IMPL="+impl, "GORACE=halt_on_error=1")
			assert.Contains(t, out, "WARNING: DATA RACE", "%s: a goroutine %s during a step", impl, what)
			assert.NotZero(t, status)
		}
		// The gradient may be read by others.
		out, status := rerun(t, "TestRaceVictim", "LION_RACE=reads grad", "LION_IMPL="+impl, "GORACE=halt_on_error=1")
		assert.Zero(t, status, out)
	}
}

// TestRaceVictim is for reruns: it does what LION_RACE says beside a step, with
// nothing that orders the two.
func TestRaceVictim(t *testing.T) {
	what := os.Getenv("LION_RACE")
	if what == "" {
		t.Skip("only for TestRaceSeen, which runs it")
	}
	param, grad, momentum := make([]float32, 100), make([]float32, 100), make([]float32, 100)
	s := stepper(decaying())
	done := make(chan float32, 2)
	go func() {
		switch what {
		case "writes param":
			param[57] = 1
		case "reads param":
			done <- param[99]
		case "writes grad":
			grad[0] = 1
		case "reads grad":
			done <- grad[50]
		case "reads momentum":
			done <- momentum[1]
		default:
			panic(what)
		}
		done <- 0
	}()
	require.NoError(t, s.StepF32(param, grad, momentum))
	fmt.Println(<-done)
}
