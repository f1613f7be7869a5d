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

// accesses are the calls, each with what it does to its arguments in turn: r for what
// is read, w for what is written whatever it held, u for what is read and written
// anew.
func accesses() map[string]struct {
	call any
	uses string
} {
	type access = struct {
		call any
		uses string
	}
	s := stepper(decaying())
	return map[string]access{
		"StepF32":           {s.StepF32, "uru"},
		"StepF64":           {s.StepF64, "uru"},
		"StepBF16":          {s.StepBF16, "uru"},
		"StepF16":           {s.StepF16, "uru"},
		"StepMasterBF16":    {s.StepMasterBF16, "uruw"},
		"StepMasterBF16M16": {s.StepMasterBF16M16, "uruw"},
		"StepMasterF16":     {s.StepMasterF16, "uruw"},
		"StepF32M16":        {s.StepF32M16, "uru"},
		"StepSplit":         {s.StepSplit, "uuru"},
		"StepBF16Kahan":     {s.StepBF16Kahan, "uruu"},
		"StepRowsF32":       {s.StepRowsF32, "uu..r"},
		"StepRowsF64":       {s.StepRowsF64, "uu..r"},
		"NarrowBF16":        {NarrowBF16, "wr"},
		"WidenBF16":         {WidenBF16, "wr"},
		"NarrowF16":         {NarrowF16, "wr"},
		"WidenF16":          {WidenF16, "wr"},
		"Split":             {Split, "wwr"},
		"Join":              {Join, "wrr"},
		"KahanBF16":         {KahanBF16, "wwr"},
		"GradStats f32":     {GradStats[float32], "r"},
		"GradStats f64":     {GradStats[float64], "r"},
		"GradStats bf16":    {GradStats[BF16], "r"},
		"GradStats f16":     {GradStats[F16], "r"},
	}
}

// TestAccessesAreAll: no step is missing.
func TestAccessesAreAll(t *testing.T) {
	all := accesses()
	for i := range reflect.TypeOf(Stepper{}).NumMethod() {
		if name := reflect.TypeOf(Stepper{}).Method(i).Name; strings.HasPrefix(name, "Step") {
			assert.Contains(t, all, name)
		}
	}
	for name, a := range all {
		assert.Equal(t, reflect.TypeOf(a.call).NumIn(), len(a.uses), name)
	}
}

// TestSanitizerSees: the race detector and the other sanitizers see what a call reads
// and writes, even in assembly, which they can't look into.
func TestSanitizerSees(t *testing.T) {
	report, besides := map[string]string{
		"race": "WARNING: DATA RACE",
		"asan": "ERROR: AddressSanitizer",
		"msan": "MemorySanitizer: use-of-uninitialized-value",
	}[mem.Sanitizer], []string{""}
	if mem.Sanitizer == "race" {
		besides = []string{"read", "write"}
	}
	for name, a := range accesses() {
		impls := []string{""}
		if name == "StepF32" {
			impls = Implementations()
		}
		for i, use := range a.uses {
			if use == '.' {
				continue
			}
			for _, beside := range besides {
				bad := map[string]bool{"race": use != 'r' || beside == "write", "asan": true, "msan": use != 'w'}[mem.Sanitizer]
				for _, impl := range impls {
					out, status := prove.Rerun(t, "TestVictim", fmt.Sprintf("LION_VICTIM=%s/%d/%s", name, i, beside),
						"LION_IMPL="+impl, "GORACE=halt_on_error=1 atexit_sleep_ms=0")
					assert.Equal(t, bad, status != 0, "%s: argument %d %s: %s", name, i, beside, out)
					assert.Equal(t, bad, strings.Contains(out, report), "%s: argument %d %s: %s", name, i, beside, out)
				}
			}
		}
	}
}

// TestVictim is for TestSanitizerSees, which runs it by itself: it does what
// LION_VICTIM says.
func TestVictim(t *testing.T) {
	victim := strings.Split(os.Getenv("LION_VICTIM"), "/")
	if len(victim) != 3 {
		t.Skip("only for TestSanitizerSees, which runs it")
	}
	call := reflect.ValueOf(accesses()[victim[0]].call)
	var in []reflect.Value
	var other func(write bool) uint64
	for i := range call.Type().NumIn() {
		argument, touch := suspect(call.Type().In(i), fmt.Sprint(i) == victim[1])
		if touch != nil {
			other = touch
		}
		in = append(in, argument)
	}
	done := make(chan uint64, 1)
	if victim[2] != "" {
		go func() { done <- other(victim[2] == "write") }() // which nothing orders
	} else {
		done <- 0
	}
	if out := call.Call(in); out[0].Kind() == reflect.Interface {
		require.True(t, out[0].IsNil(), "%v", out[0])
	}
	fmt.Println(<-done)
}

// suspect makes an argument of a call, for slices of 100 elements. If it is bad, touch
// accesses the last; the address sanitizer has it behind the end of its memory, and
// the memory sanitizer takes it for unwritten.
func suspect(typ reflect.Type, bad bool) (argument reflect.Value, touch func(write bool) uint64) {
	var x any
	switch reflect.Zero(typ).Interface().(type) {
	case int: // the width of a table
		return reflect.ValueOf(20), nil
	case []int: // all its rows, in an order that isn't increasing
		return reflect.ValueOf([]int{1, 0, 3, 2, 4}), nil
	case []float32:
		x, touch = suspectOf[float32](bad)
	case []float64:
		x, touch = suspectOf[float64](bad)
	case []BF16:
		x, touch = suspectOf[BF16](bad)
	case []F16:
		x, touch = suspectOf[F16](bad)
	case []uint16:
		x, touch = suspectOf[uint16](bad)
	default:
		panic(typ)
	}
	return reflect.ValueOf(x), touch
}

func suspectOf[T float32 | float64 | BF16 | F16 | uint16](bad bool) ([]T, func(write bool) uint64) {
	s := make([]T, 100)
	if !bad {
		return s, nil
	}
	switch mem.Sanitizer {
	case "asan":
		s = unsafe.Slice(&make([]T, 99)[0], 100)
	case "msan":
		prove.Unwrite(unsafe.Pointer(&s[99]), unsafe.Sizeof(s[0]))
	}
	return s, func(write bool) uint64 {
		if write {
			s[99] = 1
			return 0
		}
		return uint64(s[99])
	}
}
