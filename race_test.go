//go:build race || asan || msan

package lion

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
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
	if mem.Sanitizer != "race" {
		t.Skip("TestPoisonSeen is for this build")
	}
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
				words := make([]uint64, 64)
				bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
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

// onlyWrites says whether c writes a slice whatever it held.
func (c sliceCall) onlyWrites(slice string) bool {
	return slice == "dst" || slice == "shadow" || !c.steps() && !c.onlyReads(slice)
}

// TestPoisonSeen: the address and the memory sanitizer see what each call reads and
// writes. One report ends a process.
func TestPoisonSeen(t *testing.T) {
	report := map[string]string{"asan": "ERROR: AddressSanitizer", "msan": "MemorySanitizer: use-of-uninitialized-value"}[mem.Sanitizer]
	if report == "" {
		t.Skip("TestRaceSeen is for this build")
	}
	for _, c := range raceVictims(t) {
		for _, slice := range c.names {
			out, status := prove.Rerun(t, "TestPoisonVictim", "LION_VICTIM="+c.name+" "+slice)
			bad := mem.Sanitizer == "asan" || !c.onlyWrites(slice)
			assert.Equal(t, bad, status != 0, "%s: %s: %s", c.name, slice, out)
			assert.Equal(t, bad, strings.Contains(out, report), "%s: %s: %s", c.name, slice, out)
		}
	}
}

// TestPoisonVictim is for TestPoisonSeen, which runs it in another process: a call with
// a slice whose last element is poisoned.
func TestPoisonVictim(t *testing.T) {
	victim := os.Getenv("LION_VICTIM")
	if victim == "" {
		t.Skip("only for TestPoisonSeen, which runs it")
	}
	const n = callRows
	for _, c := range raceVictims(t) {
		for i, slice := range c.names {
			if c.name+" "+slice != victim {
				continue
			}
			words := make([]uint64, 64)
			bytes := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
			at := c.apart(n)
			size := int(c.elems[i].Size())
			last := at[i].at + (n-1)*size
			if mem.Sanitizer == "asan" { // which poisons whole words, but for their beginning
				size = 8 - last%8
			}
			prove.Poison(unsafe.Pointer(&bytes[last]), uintptr(size))
			require.NoError(t, c.call(stepper(decaying()), bytes, at))
		}
	}
}
