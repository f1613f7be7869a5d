package verify

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/rng"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVerifySeesNoFault(t *testing.T) {
	var some []string // else all
	if !prove.Whole() {
		some = []string{"f32 smooth", "kahan cautious", "bf16 stochastic", "f64 rows all", "split Join", "f16 GradStats"}
	}
	code, stdout, stderr := verifyFaulty(noFault, some...)
	assert.Equal(t, cli.OK, code)
	assert.Empty(t, stderr)
	assert.Contains(t, stdout, "faulty")
}

func TestVerifyDetects(t *testing.T) {
	for name, c := range map[string]struct {
		subject string
		fault   fault
	}{
		"a bit of a weight": {"f32 paper", func(_ string, s ...any) {
			if param := s[0].([]float32); len(param) > 100 {
				param[100] = math.Float32frombits(math.Float32bits(param[100]) ^ 1)
			}
		}},
		"the sign of a zero": {"f64 paper", func(_ string, s ...any) {
			momentum := s[2].([]float64)
			for i, v := range momentum {
				if v == 0 {
					momentum[i] = math.Copysign(0, -math.Copysign(1, v))
				}
			}
		}},
		"the payload of a NaN": {"f32 paper", func(_ string, s ...any) {
			momentum := s[2].([]float32)
			for i, v := range momentum {
				if v != v {
					momentum[i] = math.Float32frombits(0xffc00000)
				}
			}
		}},
		"a flushed subnormal": {"f32 paper", func(_ string, s ...any) {
			momentum := s[2].([]float32)
			for i, v := range momentum {
				if math.Abs(float64(v)) < 0x1p-126 {
					momentum[i] = float32(math.Copysign(0, float64(v)))
				}
			}
		}},
		"a flushed half": {"f16 cautious", func(_ string, s ...any) {
			momentum := s[2].([]lion.F16)
			for i, v := range momentum {
				if v&0x7c00 == 0 {
					momentum[i] &= 0x8000
				}
			}
		}},
		"a write to the gradient": {"f64 paper", func(_ string, s ...any) {
			if grad := s[1].([]float64); len(grad) > 0 {
				grad[0]++
			}
		}},
		"the last element of a long slice": {"f32 paper", func(_ string, s ...any) {
			if param := s[0].([]float32); len(param) > 20_000 {
				param[len(param)-1]++
			}
		}},
		"ties away from zero": {"bf16 NarrowBF16", func(_ string, s ...any) {
			for i, x := range s[1].([]float32) {
				if b := math.Float32bits(x); b&0x1ffff == 0x8000 {
					s[0].([]lion.BF16)[i] = lion.BF16(b>>16 + 1)
				}
			}
		}},
		"a NaN that isn't counted": {"f16 GradStats", func(_ string, s ...any) {
			if stats := s[0].([]float64); stats[2] > 0 {
				stats[2]--
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := verifyFaulty(c.fault, c.subject)
			assert.Equal(t, cli.Failed, code)
			assert.Contains(t, stderr, "this machine fails")
			assert.Contains(t, stderr, "faulty, "+c.subject+": ")
			assert.NotContains(t, stderr, "\n  generic, ")
			assert.NotContains(t, stderr, "\n  restated, ")
			assert.Contains(t, stderr, "mismatch: faulty")
			assert.Contains(t, stderr, "before: ")
			assert.LessOrEqual(t, strings.Count(stderr, "mismatch: "), maxShown)
			assert.NotContains(t, stdout, "Every implementation gives the same bits")
		})
	}
}

// A bit that flips in any slice of any call is seen, under every rule.
func TestVerifyDetectsEverywhere(t *testing.T) {
	called := map[string]bool{}
	for _, s := range subjectsOf(routines()) {
		for at, o := range s.routine.operands {
			if s.routine.function && o.access == read {
				continue // statistics aren't given a gradient to write to
			}
			flip := fault(func(name string, slices ...any) {
				called[name] = true
				if x := reflect.ValueOf(slices[at]); x.Len() > 0 {
					flipBit(x.Index(0))
				}
			})
			var told []string
			c := newChecker(s, makeFaulty(flip), []contender{{"faulty", flip.functions()}, {reference, restated}},
				func(text string) { told = append(told, text) })
			tallies := map[string]*tally{"faulty": {}, reference: {}}
			r := rng.Source(1)
			for range 3 {
				require.NoError(t, c.trial(&r, tallies))
			}
			assert.Positive(t, tallies["faulty"].mismatches, "%v, %s", s, o.name)
			require.NotEmpty(t, told, "%v, %s", s, o.name)
			assert.Contains(t, told[0], o.name+"[")
		}
	}
	// Whatever converts or steps is called, but for GradStatsPart, which GradStats calls
	// where there are cuts, and tensors: a list of them is stepped by the kernels of the
	// single calls, and the module's tests compare the two.
	for _, name := range numericFunctions(t) {
		if name != "GradStatsPart" && !strings.HasPrefix(name, "Tensor") {
			assert.True(t, called[name], name)
		}
	}
	steps := reflect.TypeFor[lion.Stepper]()
	for i := range steps.NumMethod() {
		if name := steps.Method(i).Name; strings.HasPrefix(name, "Step") && name != "StepTensors" {
			assert.True(t, called[name], name)
		}
	}
}

// numericFunctions lists what package lion exports for numbers: functions that
// take slices or return 16-bit numbers, and methods of these, as Type.Method.
func numericFunctions(t *testing.T) []string {
	files, err := filepath.Glob(filepath.Join(filepath.Join("..", "..", "..", ".."), "*.go"))
	require.NoError(t, err)
	has := func(list *ast.FieldList, is func(ast.Expr) bool) bool {
		return list != nil && slices.ContainsFunc(list.List, func(f *ast.Field) bool { return is(f.Type) })
	}
	isSlice := func(e ast.Expr) bool { _, ok := e.(*ast.ArrayType); return ok }
	isHalf := func(e ast.Expr) bool { id, ok := e.(*ast.Ident); return ok && strings.HasSuffix(id.Name, "F16") }
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range f.Decls {
			d, ok := d.(*ast.FuncDecl)
			switch {
			case !ok || !d.Name.IsExported():
			case has(d.Recv, isHalf):
				names = append(names, d.Recv.List[0].Type.(*ast.Ident).Name+"."+d.Name.Name)
			case d.Recv == nil && (has(d.Type.Params, isSlice) || has(d.Type.Results, isHalf)):
				names = append(names, d.Name.Name)
			}
		}
	}
	for _, name := range []string{"BF16.Float32", "ToF16", "KahanBF16", "GradStats"} {
		require.Contains(t, names, name)
	}
	return names
}

// flipBit flips the lowest bit of a number.
func flipBit(x reflect.Value) {
	switch {
	case x.CanUint():
		x.SetUint(x.Uint() ^ 1)
	case x.Kind() == reflect.Float32:
		x.SetFloat(float64(math.Float32frombits(math.Float32bits(float32(x.Float())) ^ 1)))
	default:
		x.SetFloat(math.Float64frombits(math.Float64bits(x.Float()) ^ 1))
	}
}
