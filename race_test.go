//go:build race

package lion

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// raceVictims are the calls that use slices: those of several, and the statistics.
func raceVictims(t *testing.T) []sliceCall {
	all := sliceCalls(t)
	for name, fn := range map[string]any{
		"GradStats":     func(grad []F16) error { GradStats(grad); return nil },
		"GradStatsPart": func(grad []float32) error { _, err := GradStatsPart(0, grad); return err },
	} {
		all = append(all, sliceCall{name: name, fn: func(Stepper) reflect.Value { return reflect.ValueOf(fn) },
			names: []string{"grad"}, elems: []reflect.Type{reflect.TypeOf(fn).In(0).Elem()}})
	}
	return all
}

// onlyReads says whether c leaves a slice as it is, so that others may read it meanwhile.
func (c sliceCall) onlyReads(slice string) bool {
	switch slice {
	case "grad", "src":
		return true
	case "weight":
		return c.name != "Join"
	case "hi", "lo":
		return c.name == "Join"
	}
	return false
}

// TestRaceSeen: the race detector sees what each call reads and writes, even in
// assembly, which it can't look into.
func TestRaceSeen(t *testing.T) {
	calls := raceVictims(t)
	eachImplementation(t, func(t *testing.T, impl int) {
		out, status := prove.Rerun(t, "TestRaceVictims", "LION_RACE=1", "LION_IMPL="+implementations[impl].name,
			"GORACE=atexit_sleep_ms=0 suppress_equal_stacks=0 suppress_equal_addresses=0")
		assert.NotZero(t, status)
		seen := map[string]bool{}
		cases := strings.Split(out, "\ncase ")[1:]
		for _, text := range cases {
			name, report, _ := strings.Cut(text, "\n")
			seen[name] = strings.Contains(report, "WARNING: DATA RACE")
		}
		for _, c := range calls {
			for _, slice := range c.names {
				assert.True(t, seen[raceCase(c, slice, true)], "a goroutine writes %s during %s", slice, c.name)
				assert.Equal(t, !c.onlyReads(slice), seen[raceCase(c, slice, false)], "a goroutine reads %s during %s", slice, c.name)
			}
		}
		assert.Len(t, cases, len(seen), "each once")
	})
}

func raceCase(c sliceCall, slice string, writes bool) string {
	return fmt.Sprintf("%s %s writes=%v", c.name, slice, writes)
}

// TestRaceVictims is for TestRaceSeen, which runs it in another process: beside each
// call a goroutine reads or writes an element of a slice, with nothing that orders the
// two.
func TestRaceVictims(t *testing.T) {
	if os.Getenv("LION_RACE") == "" {
		t.Skip("only for TestRaceSeen, which runs it")
	}
	const n = callRows
	s := stepper(decaying())
	for k, c := range raceVictims(t) {
		for i, slice := range c.names {
			for _, writes := range []bool{false, true} {
				fmt.Printf("\ncase %s\n", raceCase(c, slice, writes))
				mem := make([]uint64, 64)
				bytes := unsafe.Slice((*byte)(unsafe.Pointer(&mem[0])), 8*len(mem))
				at := c.apart(n)
				which := (k + i) % n
				if writes {
					which = n - 1
				}
				element := &bytes[at[i].at+which*int(c.elems[i].Size())]
				done := make(chan byte, 1)
				go func() {
					if writes {
						*element = 1
					}
					done <- *element
				}()
				require.NoError(t, c.call(s, bytes, at))
				<-done
			}
		}
	}
}
