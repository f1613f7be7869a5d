//go:build race

package lion

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const raceEnabled = true

// TestRaceSeen: the race detector sees what a step reads and writes, even in
// assembly, which it can't look into.
func TestRaceSeen(t *testing.T) {
	for _, impl := range Implementations() {
		for _, what := range []string{"writes param", "reads param", "writes grad", "reads momentum"} {
			out, status := prove.Rerun(t, "TestRaceVictim", "LION_RACE="+what, "LION_IMPL="+impl, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
			assert.Contains(t, out, "WARNING: DATA RACE", "%s: a goroutine %s during a step", impl, what)
			assert.NotZero(t, status)
		}
		// The gradient may be read by others.
		out, status := prove.Rerun(t, "TestRaceVictim", "LION_RACE=reads grad", "LION_IMPL="+impl, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
		assert.Zero(t, status, out)
	}
	for what := range races16() {
		for _, does := range []string{"reads", "writes"} {
			out, status := prove.Rerun(t, "TestRaceVictim16", "LION_RACE="+does+" "+what, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
			if does == "reads" && readOnly[what] {
				assert.Zero(t, status, out)
				continue
			}
			assert.Contains(t, out, "WARNING: DATA RACE", "a goroutine %s %s meanwhile", does, what)
			assert.NotZero(t, status)
		}
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

// readOnly are those of races16 that others may read meanwhile.
var readOnly = map[string]bool{"StepBF16: grad": true, "StepF32M16: grad": true, "NarrowF16: src": true, "Split: weight": true,
	"Join: lo": true, "GradStats: grad": true, "KahanBF16: weight": true}

// races16 are calls on slices of 16-bit formats, and an element of one of the
// slices to read or to write beside them.
func races16() map[string]func() (call func() error, at any) {
	f := func() []float32 { return make([]float32, 100) }
	b := func() []BF16 { return make([]BF16, 100) }
	h := func() []F16 { return make([]F16, 100) }
	u := func() []uint16 { return make([]uint16, 100) }
	s := stepper(decaying())
	return map[string]func() (func() error, any){
		"StepBF16: param":   func() (func() error, any) { x := b(); return func() error { return s.StepBF16(x, b(), b()) }, &x[57] },
		"StepBF16: grad":    func() (func() error, any) { x := b(); return func() error { return s.StepBF16(b(), x, b()) }, &x[99] },
		"StepF16: momentum": func() (func() error, any) { x := h(); return func() error { return s.StepF16(h(), h(), x) }, &x[0] },
		"StepMasterBF16: shadow": func() (func() error, any) {
			x := b()
			return func() error { return s.StepMasterBF16(f(), b(), f(), x) }, &x[99]
		},
		"StepMasterF16: master": func() (func() error, any) {
			x := f()
			return func() error { return s.StepMasterF16(x, h(), f(), h()) }, &x[99]
		},
		"StepMasterBF16M16: shadow": func() (func() error, any) {
			x := b()
			return func() error { return s.StepMasterBF16M16(f(), b(), b(), x) }, &x[3]
		},
		"StepF32M16: grad": func() (func() error, any) { x := f(); return func() error { return s.StepF32M16(f(), x, b()) }, &x[99] },
		"StepSplit: lo": func() (func() error, any) {
			x := u()
			return func() error { return s.StepSplit(b(), x, b(), b()) }, &x[99]
		},
		"StepBF16Kahan: compensation": func() (func() error, any) {
			x := b()
			return func() error { return s.StepBF16Kahan(b(), b(), b(), x) }, &x[99]
		},
		"NarrowF16: dst":    func() (func() error, any) { x := h(); return func() error { return NarrowF16(x, f()) }, &x[99] },
		"NarrowF16: src":    func() (func() error, any) { x := f(); return func() error { return NarrowF16(h(), x) }, &x[99] },
		"WidenBF16: dst":    func() (func() error, any) { x := f(); return func() error { return WidenBF16(x, b()) }, &x[99] },
		"Split: hi":         func() (func() error, any) { x := b(); return func() error { return Split(x, u(), f()) }, &x[99] },
		"Split: weight":     func() (func() error, any) { x := f(); return func() error { return Split(b(), u(), x) }, &x[99] },
		"Join: weight":      func() (func() error, any) { x := f(); return func() error { return Join(x, b(), u()) }, &x[99] },
		"Join: lo":          func() (func() error, any) { x := u(); return func() error { return Join(f(), b(), x) }, &x[99] },
		"KahanBF16: weight": func() (func() error, any) { x := f(); return func() error { return KahanBF16(b(), b(), x) }, &x[99] },
		"GradStats: grad":   func() (func() error, any) { x := h(); return func() error { GradStats(x); return nil }, &x[99] },
	}
}

// TestRaceVictim16 is for reruns, like TestRaceVictim.
func TestRaceVictim16(t *testing.T) {
	does, what, ok := strings.Cut(os.Getenv("LION_RACE"), " ")
	if !ok {
		t.Skip("only for TestRaceSeen, which runs it")
	}
	call, at := races16()[what]()
	done := make(chan uint64, 1)
	go func() {
		switch p := at.(type) {
		case *float32:
			done <- beside(does, p)
		case *BF16:
			done <- beside(does, p)
		case *F16:
			done <- beside(does, p)
		case *uint16:
			done <- beside(does, p)
		}
	}()
	require.NoError(t, call())
	fmt.Println(<-done)
}

// beside reads or writes an element.
func beside[T float32 | BF16 | F16 | uint16](does string, p *T) uint64 {
	if does == "writes" {
		*p = 1
		return 0
	}
	return uint64(*p)
}
