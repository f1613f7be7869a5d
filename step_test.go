package lion

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a call refuses, in which order, and that it does so before it writes: one table
// of calls, which reflection fills, and the checks that range over it.

// severalSlices are the functions that take several slices; the methods of Stepper
// are found by reflection. TestCallsAreListed sees that none is missing.
var severalSlices = map[string]any{
	"NarrowBF16": NarrowBF16, "WidenBF16": WidenBF16, "NarrowF16": NarrowF16, "WidenF16": WidenF16,
	"Split": Split, "Join": Join, "KahanBF16": KahanBF16,
	"TensorF32": TensorF32, "TensorF64": TensorF64, "TensorBF16": TensorBF16, "TensorF16": TensorF16,
	"TensorMasterBF16": TensorMasterBF16, "TensorMasterBF16M16": TensorMasterBF16M16, "TensorMasterF16": TensorMasterF16,
	"TensorF32M16": TensorF32M16, "TensorSplit": TensorSplit, "TensorBF16Kahan": TensorBF16Kahan,
}

// A sliceCall is a function that takes several slices of numbers, and perhaps rows of
// a table whose width is one.
type sliceCall struct {
	name  string
	fn    func(s Stepper) reflect.Value
	names []string       // of the slices of numbers
	elems []reflect.Type // theirs
}

func (c sliceCall) steps() bool  { return strings.HasPrefix(c.name, "Step") }
func (c sliceCall) tensor() bool { return strings.HasPrefix(c.name, "Tensor") } // whose step follows
func (c sliceCall) rows() bool   { return strings.HasPrefix(c.name, "StepRows") }
func (c sliceCall) rounds() bool { return c.name == "StepBF16" || c.name == "StepF16" } // by Config.Rounding

// sliceCalls are all of the API.
func sliceCalls(t *testing.T) (all []sliceCall) {
	names := sliceNamesOf(t)
	add := func(name string, fn func(s Stepper) reflect.Value) {
		c := sliceCall{name: name, fn: fn, names: names[name]}
		typ := fn(Stepper{}).Type()
		for i := range typ.NumIn() {
			if in := typ.In(i); in.Kind() == reflect.Slice && in.Elem().Kind() != reflect.Int {
				c.elems = append(c.elems, in.Elem())
			}
		}
		if len(c.elems) > 1 {
			all = append(all, c)
		}
	}
	for name, fn := range severalSlices {
		add(name, func(Stepper) reflect.Value { return reflect.ValueOf(fn) })
	}
	typ := reflect.TypeFor[Stepper]()
	for i := range typ.NumMethod() {
		add(typ.Method(i).Name, func(s Stepper) reflect.Value { return reflect.ValueOf(s).Method(i) })
	}
	return all
}

// sliceNamesOf are the names of slices of numbers, of all that is exported and takes
// several, as the sources have them.
func sliceNamesOf(t *testing.T) map[string][]string {
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	names := map[string][]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		require.NoError(t, err)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() {
				var slices []string
				for _, p := range fn.Type.Params.List {
					array, ok := p.Type.(*ast.ArrayType)
					for _, param := range p.Names {
						if ok && array.Len == nil && param.Name != "rows" {
							slices = append(slices, param.Name)
						}
					}
				}
				if len(slices) > 1 {
					names[fn.Name.Name] = slices
				}
			}
		}
	}
	return names
}

// TestCallsAreListed: what is exported and takes several slices is in the table.
func TestCallsAreListed(t *testing.T) {
	names := sliceNamesOf(t)
	calls := sliceCalls(t)
	for _, c := range calls {
		assert.Len(t, names[c.name], len(c.elems), c.name)
		delete(names, c.name)
	}
	assert.Empty(t, names)
	assert.NotEmpty(t, calls)
}

// A place is where a slice lies: its first byte, and its length; −1 stands for nil.
type place struct{ at, n int }

// apart are places for slices of n elements with gaps in between.
func (c sliceCall) apart(n int) (out []place) {
	for i := range c.elems {
		out = append(out, place{64 * i, n})
	}
	return out
}

// callRows is as many elements as a call on rows has, of width 1.
const callRows = 5

// call runs c by s on slices at places in mem.
func (c sliceCall) call(s Stepper, mem []byte, at []place) error {
	var in []reflect.Value
	fn, k := c.fn(s), 0
	for i := range fn.Type().NumIn() {
		switch t := fn.Type().In(i); {
		case t.Kind() == reflect.Int:
			in = append(in, reflect.ValueOf(1))
		case t.Elem().Kind() == reflect.Int:
			rows := []int{0, 4, 2, 1, 3}
			if at[0].n <= 0 {
				rows = nil
			}
			in = append(in, reflect.ValueOf(rows))
		case at[k].n < 0:
			in = append(in, reflect.Zero(t))
			k++
		default:
			whole := reflect.NewAt(reflect.ArrayOf(at[k].n, t.Elem()), unsafe.Pointer(&mem[at[k].at])).Elem()
			in = append(in, whole.Slice(0, at[k].n).Convert(t))
			k++
		}
	}
	out := fn.Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	if err == nil && c.tensor() {
		err = s.StepTensors([]Tensor{out[0].Interface().(Tensor)})
	}
	return err
}

// checkRefused says what is wrong with how c refuses slices at places: the error must
// wrap want and say what it should, and nothing be written. Without want there must be
// no error.
func (c sliceCall) checkRefused(s Stepper, at []place, want error, says ...string) error {
	words := make([]uint64, 64)
	for i := range words {
		words[i] = uint64(i+1) * 0x0102030405060708
	}
	mem := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), 8*len(words))
	before := bytes.Clone(mem)
	err := c.call(s, mem, at)
	if want == nil {
		return err
	}
	if !errors.Is(err, want) {
		return fmt.Errorf("%s: %v gives %v, not %v", c.name, at, err, want)
	}
	for _, part := range says {
		if !strings.Contains(err.Error(), part) {
			return fmt.Errorf("%s: %v gives %q, which doesn't say %q", c.name, at, err, part)
		}
	}
	if !bytes.Equal(before, mem) {
		return fmt.Errorf("%s: %v: refused, but written", c.name, at)
	}
	return nil
}

// refusing are Steppers of which one calls kernels at once, the others through what is
// composed around them.
func refusing() []Stepper {
	return []Stepper{stepper(decaying()), stepper(Config{Rule: Smooth, Decay: DecoupledPaper, WeightDecay: 0.1, LR: 0.1}),
		stepper(Config{Rule: Cautious, Decay: Coupled, WeightDecay: 0.1, LR: 0.1, CautiousScale: ScaleCount})}
}

// TestCallsRefuseLengths: each call refuses slices of which any has another length, names all of
// them, and takes none, be they nil or at one place.
func TestCallsRefuseLengths(t *testing.T) {
	for _, c := range sliceCalls(t) {
		for _, s := range refusing() {
			assert.NoError(t, c.checkRefused(s, c.apart(callRows), nil))
			for i := range c.elems {
				for _, other := range []int{-1, 0, callRows - 1, callRows + 1} {
					at := c.apart(callRows)
					at[i].n = other
					var says []string
					for j, name := range c.names {
						if !c.rows() { // which speak of the first two, or of the width
							says = append(says, fmt.Sprintf("len(%s) = %d", name, max(at[j].n, 0)))
						}
					}
					assert.NoError(t, c.checkRefused(s, at, ErrLength, says...))
				}
			}
			for i := range c.elems {
				empty := make([]place, len(c.elems))
				assert.NoError(t, c.checkRefused(s, empty, nil), "at one place")
				empty[i].n = -1
				assert.NoError(t, c.checkRefused(s, empty, nil), "one is nil")
			}
			assert.NoError(t, c.checkRefused(s, c.apart(-1), nil), "nil")
		}
	}
	for _, cfg := range variants(decaying()) {
		assert.NoError(t, stepper(cfg).StepF32(nil, []float32{}, nil))
		assert.NoError(t, stepper(cfg).StepF64(nil, []float64{}, nil))
	}
}

// TestCallsRefuseOverlaps: each call refuses any two slices that share memory, an
// element of it even, names the two and how much it is, and takes neighbours.
func TestCallsRefuseOverlaps(t *testing.T) {
	for _, c := range sliceCalls(t) {
		for _, s := range refusing() {
			for i := range c.elems {
				for j := range c.elems {
					if i != j {
						assert.NoError(t, c.checkOverlaps(s, i, j))
					}
				}
			}
		}
	}
}

// checkOverlaps puts slice j at and behind the start of slice i.
func (c sliceCall) checkOverlaps(s Stepper, i, j int) error {
	const n, base = callRows, 256
	unit, size := int(c.elems[i].Size()), int(c.elems[j].Size())
	for offset := 0; offset <= n*unit; offset += 2 {
		if offset%size != 0 {
			continue // no pointer of its type
		}
		at := c.apart(n)
		at[i].at, at[j].at = base, base+offset
		var want error
		says, shares := "", min(n*unit, offset+n*size)-offset
		if shares > 0 {
			want, says = ErrOverlap, fmt.Sprintf(" share %d bytes", shares)
		}
		if err := c.checkRefused(s, at, want, says); err != nil {
			return err
		}
		if want == nil {
			continue
		}
		pair := [2]string{ErrOverlap.Error() + ": " + c.names[i] + " and " + c.names[j] + says, ErrOverlap.Error() + ": " + c.names[j] + " and " + c.names[i] + says}
		if err := c.call(s, make([]byte, 1024), at); err.Error() != pair[0] && err.Error() != pair[1] {
			return fmt.Errorf("%s: %v gives %q, not %q", c.name, at, err, pair[0])
		}
	}
	return nil
}

// TestCallsRefuseInOrder: each call that steps says what is wrong in one order,
// whatever else is: a Stepper that can't step, lengths, overlaps.
func TestCallsRefuseInOrder(t *testing.T) {
	with := func(change func(*Config)) Stepper {
		cfg := DefaultConfig()
		change(&cfg)
		s, err := New(cfg)
		require.NoError(t, err)
		return s
	}
	corrected := with(func(c *Config) { c.Rule = BiasCorrected })
	composed := with(func(c *Config) { c.Rule, c.Decay, c.WeightDecay = BiasCorrected, Coupled, 0.1 })
	random := with(func(c *Config) { c.Rounding = StochasticRounding })
	both := with(func(c *Config) { c.Rule, c.Rounding = BiasCorrected, StochasticRounding })
	const (
		zero    = "lion: bad config: zero Stepper; make one with New"
		noTime  = "lion: bad config: BiasCorrected needs Stepper.At(t) with t ≥ 1 for each step"
		noPlace = "lion: bad config: StochasticRounding needs Stepper.From(index) with index ≥ 0"
		noTime2 = "lion: bad config: StochasticRounding needs Stepper.At(t) with t ≥ 1 for each step"
	)
	calls := sliceCalls(t)
	for _, c := range []struct {
		name string
		s    Stepper
		want string
		all  bool // or else calls that round
	}{
		{"zero", Stepper{}, zero, true},
		{"zero, At", Stepper{}.At(1), zero, true},
		{"zero, From", Stepper{}.From(1), zero, true},
		{"no At", corrected, noTime, true},
		{"At(0)", corrected.At(0), noTime, true},
		{"At(-1)", corrected.At(-1), noTime, true},
		{"At(1).At(0)", corrected.At(1).At(0), noTime, true},
		{"At(min)", corrected.At(math.MinInt), noTime, true},
		{"composed, no At", composed, noTime, true},
		{"composed, At(0)", composed.At(0), noTime, true},
		{"both, no At", both, noTime, true},
		{"random, no At", random, noTime2, false},
		{"random, At(0)", random.At(3).At(0), noTime2, false},
		{"random, At(-1)", random.At(-1), noTime2, false},
		{"random, At(min)", random.At(math.MinInt), noTime2, false},
		{"both, At(-1)", both.At(-1), noTime, true},
		{"random, At(0), From(-1)", random.At(0).From(-1), noTime2, false},
		{"random, From(-1)", random.At(1).From(-1), noPlace, false},
		{"random, From(min)", random.From(math.MinInt).At(1), noPlace, false},
	} {
		for _, call := range calls {
			if !call.steps() {
				continue
			}
			ok := call.apart(callRows)
			if !c.all && !call.rounds() {
				assert.NoError(t, call.checkRefused(c.s, ok, nil), "%s %s", c.name, call.name)
				continue
			}
			for _, at := range [][]place{ok, call.apart(0), call.longer(), call.together(ok), call.together(call.longer())} {
				assert.NoError(t, call.checkRefused(c.s, at, ErrConfig, c.want), c.name)
			}
		}
	}
	for _, s := range []Stepper{stepper(DefaultConfig()), corrected.At(1), composed.At(9), random.At(1), both.At(2).From(5), random.At(1).From(-1).From(math.MaxInt - 1), composed.At(1).From(-1)} {
		for _, call := range calls {
			ok := call.apart(callRows)
			assert.NoError(t, call.checkRefused(s, ok, nil))
			assert.NoError(t, call.checkRefused(s, call.longer(), ErrLength))
			assert.NoError(t, call.checkRefused(s, call.together(call.longer()), ErrLength), "before overlaps")
			assert.NoError(t, call.checkRefused(s, call.together(ok), ErrOverlap))
		}
	}
}

// longer are places of which each has another length.
func (c sliceCall) longer() []place {
	at := c.apart(callRows - 1)
	for i := range at {
		at[i].n += i
	}
	return at
}

// together has all slices of at begin at one place.
func (c sliceCall) together(at []place) []place {
	at = append([]place(nil), at...)
	for i := range at {
		at[i].at = 256
	}
	return at
}

// TestShared: spans anywhere in memory, however far apart, share what they share.
func TestShared(t *testing.T) {
	at := func(p uintptr, n int) span { return span{at: unsafe.Add(unsafe.Pointer(nil), p), n: n, size: 1} }
	top := ^uintptr(0) - 4096
	for _, c := range []struct {
		a, b span
		want int
	}{
		{at(4096, 100), at(4196, 100), 0},
		{at(4096, 100), at(4195, 100), 1},
		{at(4096, 100), at(4100, 10), 10},
		{at(4096, 0), at(4096, 10), 0},
		{at(4096, 100), at(top, 100), 0},
		{at(4096, 100), at(top/2+1, 100), 0},
		{at(top, 100), at(0, 0), 0},
		{at(top, 100), at(top+50, 100), 50},
	} {
		for _, pair := range [][2]span{{c.a, c.b}, {c.b, c.a}} {
			err := checkApart(pair[:]...)
			if c.want == 0 {
				assert.NoError(t, err, "%v", pair)
				continue
			}
			assert.ErrorIs(t, err, ErrOverlap, "%v", pair)
			assert.ErrorContains(t, err, fmt.Sprintf(" share %d bytes", c.want), "%v", pair)
		}
	}
}

// TestErrorsAreApart: no error passes for another, and each says where it is from.
func TestErrorsAreApart(t *testing.T) {
	all := []error{ErrConfig, ErrLength, ErrOverlap, ErrRows, ErrPart, ErrImplementation}
	for i, a := range all {
		assert.True(t, strings.HasPrefix(a.Error(), "lion: "))
		for j, b := range all {
			if i != j {
				assert.NotErrorIs(t, a, b)
			}
		}
	}
}

// TestZeroStepperImplementation: what can't step runs on nothing.
func TestZeroStepperImplementation(t *testing.T) {
	assert.Equal(t, "", Stepper{}.Implementation())
	assert.Equal(t, "", Stepper{}.At(1).From(1).Implementation())
	s, err := New(Config{LR: -1})
	assert.Error(t, err)
	assert.Equal(t, "", s.Implementation())
	cfg := DefaultConfig()
	cfg.Rule = BiasCorrected
	s, err = New(cfg)
	assert.NoError(t, err)
	assert.Equal(t, stepper(DefaultConfig()).Implementation(), s.Implementation(), "made, though it still needs its step")
}

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
	return slice == "dst" || slice == "shadow" || !c.steps() && !c.tensor() && !c.onlyReads(slice)
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
