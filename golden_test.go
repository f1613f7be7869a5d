package lion_test

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/big"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The golden vectors are what published implementations of Lion gave for
// inputs made of integers, which goldenInit and goldenGrad make again:
// tools/golden describes both, and docs/agreement.md what is found here.

var updateGolden = flag.Bool("update-golden", false, "write the figures of docs/agreement.md again")

type goldenFloat interface{ float32 | float64 }

type goldenCase struct {
	Variant, Setting, Dtype, Rule, Decay, Family string

	N, Steps         int
	LR, Beta1, Beta2 float64
	Lambda, Ratio    float64
	Gamma, Epsilon   float64
	Kappa            float64
	Xor              bool // param and momentum are XORed with NumPy's for the same Setting
	Param, Momentum  []byte
}

type goldenFile struct {
	Worker   string
	Versions map[string]string
	Cases    []goldenCase
}

func readGolden(t *testing.T, worker string) goldenFile {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "golden", worker+".json.gz"))
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var g goldenFile
	require.NoError(t, json.NewDecoder(z).Decode(&g))
	require.NotEmpty(t, g.Cases)
	return g
}

// config is the case's Config.
func (c *goldenCase) config(t *testing.T, impl string) lion.Config {
	cfg := lion.Config{
		LR: c.LR, Beta1: c.Beta1, Beta2: c.Beta2, WeightDecay: c.Lambda,
		Gamma: c.Gamma, Epsilon: c.Epsilon, Kappa: c.Kappa, Implementation: impl,
	}
	rule, scale, _ := strings.Cut(c.Rule, "-")
	switch {
	case rule == "cautious" && scale == "mean":
		cfg.Rule, cfg.CautiousScale = lion.Cautious, lion.ScaleMean
	case rule == "cautious" && scale == "count":
		cfg.Rule, cfg.CautiousScale = lion.Cautious, lion.ScaleCount
	default:
		var err error
		cfg.Rule, err = lion.ParseRule(c.Rule)
		require.NoError(t, err)
	}
	if c.Decay != "none" {
		var err error
		cfg.Decay, err = lion.ParseDecay(c.Decay)
		require.NoError(t, err)
	}
	return cfg
}

// goldenDraw is the output at a position of splitmix64 seeded with 0.
func goldenDraw(stream, step, i int) uint64 {
	z := (uint64(stream)<<40 | uint64(step)<<20 | uint64(i)) + 1
	z *= 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

func goldenSingle[T goldenFloat]() bool { return unsafe.Sizeof(T(0)) == 4 }

func goldenInteger[T goldenFloat](u uint64) int64 {
	if goldenSingle[T]() {
		return int64(u>>40) - 1<<23
	}
	return int64(u>>11) - 1<<52
}

func goldenRegular[T goldenFloat](u uint64) T {
	exp := 52
	if goldenSingle[T]() {
		exp = 23
	}
	return T(math.Ldexp(float64(goldenInteger[T](u)), -exp-int(u&7)))
}

func goldenTiny[T goldenFloat](u uint64) T {
	exp := 1074
	if goldenSingle[T]() {
		exp = 149
	}
	return T(math.Ldexp(float64(goldenInteger[T](u)), -exp))
}

// goldenUnit is the distance from 1 to the next number.
func goldenUnit[T goldenFloat]() float64 {
	if goldenSingle[T]() {
		return 0x1p-23
	}
	return 0x1p-52
}

func goldenLeastNormal[T goldenFloat]() float64 {
	if goldenSingle[T]() {
		return 0x1p-126
	}
	return 0x1p-1022
}

func goldenSpecial[T goldenFloat](i int) T {
	least, normal, most := T(math.SmallestNonzeroFloat64), T(goldenLeastNormal[T]()), math.MaxFloat64
	if goldenSingle[T]() {
		least, most = T(math.SmallestNonzeroFloat32), math.MaxFloat32
	}
	return [12]T{
		0, T(math.Copysign(0, -1)), least, least - normal, normal, -1, 1.5, T(most), -T(most),
		T(math.Inf(1)), T(math.Inf(-1)), T(math.NaN()),
	}[i%12]
}

const goldenParam, goldenMomentum, goldenGradient = 1, 2, 3

func goldenInit[T goldenFloat](c *goldenCase) (param, momentum []T) {
	param, momentum = make([]T, c.N), make([]T, c.N)
	for i := range param {
		if c.Family == "special" {
			param[i], momentum[i] = goldenSpecial[T](i), goldenSpecial[T](i/12)
			continue
		}
		param[i] = goldenRegular[T](goldenDraw(goldenParam, 0, i))
		if c.Family == "step" {
			momentum[i] = goldenStepMomentum[T](i)
		}
	}
	return param, momentum
}

func goldenStepMomentum[T goldenFloat](i int) T {
	u := goldenDraw(goldenMomentum, 0, i)
	if i%8 == 5 {
		return goldenTiny[T](u)
	}
	return goldenRegular[T](u)
}

// goldenGrad is the gradient of step t, counted from 0.
func goldenGrad[T goldenFloat](c *goldenCase, t int) []T {
	g := make([]T, c.N)
	for i := range g {
		if c.Family == "special" {
			g[i] = goldenSpecial[T](i / 144)
			continue
		}
		u := goldenDraw(goldenGradient, t, i)
		switch class := i % 8; {
		case class == 4:
		case class == 5:
			g[i] = goldenTiny[T](u)
		case class == 6 && c.Family == "step":
			g[i] = goldenStepMomentum[T](i)
		case class == 7 && c.Family == "step":
			back := float64(float64(goldenStepMomentum[T](i)) * c.Ratio)
			if c.Decay == "coupled" {
				back -= float64(c.Lambda * float64(goldenRegular[T](goldenDraw(goldenParam, 0, i))))
			}
			g[i] = T(back)
		case class == 6 && t%8 != i/8%8:
		case class == 7 && t%2 == 1:
			back := -(float64(c.Beta1*float64(1-c.Beta2)) / (1 - c.Beta1))
			g[i] = T(float64(goldenRegular[T](goldenDraw(goldenGradient, t-1, i))) * back)
		default:
			g[i] = goldenRegular[T](u)
		}
	}
	return g
}

// goldenWant decodes the case's arrays; base is NumPy's case of the setting.
func goldenWant[T goldenFloat](t *testing.T, c, base *goldenCase) (param, momentum []T) {
	decode := func(b, x []byte) []T {
		size := int(unsafe.Sizeof(T(0)))
		require.Len(t, b, c.N*size)
		b = slices.Clone(b)
		if c.Xor {
			require.Len(t, x, len(b))
			for i := range b {
				b[i] ^= x[i]
			}
		}
		out := make([]T, c.N)
		for i := range out {
			if size == 4 {
				out[i] = T(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
			} else {
				out[i] = T(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
			}
		}
		return out
	}
	if !c.Xor {
		return decode(c.Param, nil), decode(c.Momentum, nil)
	}
	require.NotNil(t, base, c.Setting)
	return decode(c.Param, base.Param), decode(c.Momentum, base.Momentum)
}

// goldenStep runs the case through the module.
func goldenStep[T goldenFloat](t *testing.T, c *goldenCase, impl string) (param, momentum []T) {
	s, err := lion.New(c.config(t, impl))
	require.NoError(t, err)
	param, momentum = goldenInit[T](c)
	for step := range c.Steps {
		at := s.At(step + 1)
		switch p := any(param).(type) {
		case []float32:
			err = at.StepF32(p, any(goldenGrad[T](c, step)).([]float32), any(momentum).([]float32))
		case []float64:
			err = at.StepF64(p, any(goldenGrad[T](c, step)).([]float64), any(momentum).([]float64))
		}
		require.NoError(t, err)
	}
	return param, momentum
}

func goldenSame[T goldenFloat](a, b T) bool {
	if goldenSingle[T]() {
		return math.Float32bits(float32(a)) == math.Float32bits(float32(b))
	}
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b))
}

func requireGolden[T goldenFloat](t *testing.T, what string, want, got []T) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if !goldenSame(want[i], got[i]) {
			require.Failf(t, "bits differ", "%s[%d]: want %x (%v), got %x (%v)", what, i, want[i], want[i], got[i], got[i])
		}
	}
}

// TestGoldenNumPy holds every implementation to the contract as NumPy
// evaluates it, bit for bit.
func TestGoldenNumPy(t *testing.T) {
	golden := readGolden(t, "numpy")
	lion.EachImplementation(t, func(t *testing.T, impl string) {
		for i := range golden.Cases {
			c := &golden.Cases[i]
			t.Run(c.Setting, func(t *testing.T) {
				if c.Dtype == "float32" {
					goldenExact[float32](t, c, impl)
				} else {
					goldenExact[float64](t, c, impl)
				}
			})
		}
	})
}

func goldenExact[T goldenFloat](t *testing.T, c *goldenCase, impl string) {
	wantP, wantM := goldenWant[T](t, c, nil)
	p, m := goldenStep[T](t, c, impl)
	requireGolden(t, "param", wantP, p)
	requireGolden(t, "momentum", wantM, m)
}

// goldenFigures sums up how a package compares with this module in some cases.
type goldenFigures struct {
	elements        int
	param, momentum int     // elements whose bits differ
	paramMax        float64 // greatest difference
	momentumMax     float64 // greatest difference over greatest momentum involved
	flips           int     // elements of one-step cases whose sign differs
	flipMax         float64 // and their |c|, in units in the last place of its terms
}

// row is the part of a table's row that the figures fill.
func (f *goldenFigures) row() string {
	show := func(n int, x float64) string {
		if n == 0 {
			return "0"
		}
		return fmt.Sprintf("%d (%.1e)", n, x)
	}
	return fmt.Sprintf("%d | %s | %s | %s |", f.elements,
		show(f.param, f.paramMax), show(f.momentum, f.momentumMax), show(f.flips, f.flipMax))
}

type goldenKey struct{ worker, variant, decay, dtype string }

// A goldenTable holds the figures of each key, in the order first asked for.
type goldenTable struct {
	keys []goldenKey
	sums map[goldenKey]*goldenFigures
}

func (ft *goldenTable) of(k goldenKey) *goldenFigures {
	if ft.sums == nil {
		ft.sums = map[goldenKey]*goldenFigures{}
	}
	if ft.sums[k] == nil {
		ft.sums[k] = &goldenFigures{}
		ft.keys = append(ft.keys, k)
	}
	return ft.sums[k]
}

// String is the table in Markdown. Variants and decays with the same figures
// share a row.
func (ft *goldenTable) String() string {
	type group struct {
		head, row string
		variants  []string
		decays    map[string][]string
	}
	var groups []*group
	for _, k := range ft.keys {
		head, row := k.worker+" | "+k.dtype, ft.sums[k].row()
		i := slices.IndexFunc(groups, func(g *group) bool { return g.head == head && g.row == row })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{head: head, row: row, decays: map[string][]string{}})
		}
		g := groups[i]
		if g.decays[k.variant] == nil {
			g.variants = append(g.variants, k.variant)
		}
		g.decays[k.variant] = append(g.decays[k.variant], k.decay)
	}
	var b strings.Builder
	b.WriteString("| run with | type | package: decay | elements | param differs (by at most) | momentum differs (over the largest) | sign flips (ulps of c) |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for _, g := range groups {
		var who []string
		for _, v := range g.variants {
			who = append(who, v+": "+strings.Join(g.decays[v], ", "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s\n", g.head, strings.Join(who, "; "), g.row)
	}
	return b.String()
}

// TestGoldenOutsiders compares every implementation with the published
// packages. The figures stand in docs/agreement.md, to the last element, and
// each package's bits must be those of a model of its arithmetic, so that
// nothing that differs is left unexplained.
func TestGoldenOutsiders(t *testing.T) {
	numpy := readGolden(t, "numpy")
	base := map[string]*goldenCase{}
	for i := range numpy.Cases {
		base[numpy.Cases[i].Setting] = &numpy.Cases[i]
	}
	lion.EachImplementation(t, func(t *testing.T, impl string) {
		if !testing.Short() || impl == lion.Implementations()[0] { // all have the same bits
			var table goldenTable
			for _, worker := range []string{"torch-default", "torch-avx2", "optax-float32", "optax-float64"} {
				golden := readGolden(t, worker)
				for i := range golden.Cases {
					c := &golden.Cases[i]
					f := table.of(goldenKey{worker, c.Variant, c.Decay, c.Dtype})
					t.Run(worker+"/"+c.Variant+"/"+c.Setting, func(t *testing.T) {
						if c.Dtype == "float32" {
							goldenCompare[float32](t, worker, c, base[c.Setting], impl, f)
						} else {
							goldenCompare[float64](t, worker, c, base[c.Setting], impl, f)
						}
					})
				}
			}
			checkFigures(t, table.String())
		}
	})
}

// goldenCompare adds the case to the figures.
func goldenCompare[T goldenFloat](t *testing.T, worker string, c, base *goldenCase, impl string, f *goldenFigures) {
	theirP, theirM := goldenWant[T](t, c, base)
	model := goldenModel(worker, c.Variant)
	modelP, modelM := runModel[T](model, c)
	if !model.tanh {
		requireGolden(t, "param of the package, by its model", theirP, modelP)
	}
	requireGolden(t, "momentum of the package, by its model", theirM, modelM)
	ourP, ourM := goldenStep[T](t, c, impl)
	largest := 0.0
	for i := range ourM {
		if m := math.Abs(float64(ourM[i])); m > largest && !math.IsInf(m, 0) {
			largest = m
		}
	}
	firstP, firstM := goldenInit[T](c)
	grad := goldenGrad[T](c, 0)
	f.elements += c.N
	for i := range ourP {
		if !goldenSame(ourP[i], theirP[i]) {
			f.param++
			d := math.Abs(float64(ourP[i]) - float64(theirP[i]))
			f.paramMax = max(f.paramMax, d)
			if model.tanh {
				// JAX's tanh is up to 4 or 5 ulps off, ours up to 3; param rounds.
				require.LessOrEqual(t, d, float64(c.Steps)*(8*c.LR+max(1, math.Abs(float64(ourP[i]))))*goldenUnit[T]())
			}
			if c.Family == "step" && d > c.LR/2 {
				// The sign differs: c must be lost in the rounding of its
				// terms, or its terms be subnormal where those are flushed.
				f.flips++
				if math.Abs(float64(grad[i])) < goldenLeastNormal[T]() && math.Abs(float64(firstM[i])) < goldenLeastNormal[T]() {
					require.Contains(t, worker, "optax", "param[%d]: subnormal terms", i)
					continue
				}
				ulps := goldenCancelled(c, firstP[i], grad[i], firstM[i])
				require.LessOrEqualf(t, ulps, 2.0, "param[%d]: sign differs with |c| = %v units in the last place", i, ulps)
				f.flipMax = max(f.flipMax, ulps)
			}
		}
		if !goldenSame(ourM[i], theirM[i]) {
			f.momentum++
			f.momentumMax = max(f.momentumMax, math.Abs(float64(ourM[i])-float64(theirM[i]))/largest)
		}
	}
}

// goldenCancelled returns |c| of a step, exact, in units in the last place of the
// greatest term that was rounded on the way to it.
func goldenCancelled[T goldenFloat](c *goldenCase, param, grad, momentum T) float64 {
	exact := func(x float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(x) }
	mul := func(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(400).Mul(x, y) }
	add := func(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(400).Add(x, y) }
	k := func(x float64) *big.Float { return exact(float64(T(x))) }
	terms := []*big.Float{}
	term := func(x *big.Float) *big.Float { terms = append(terms, x); return x }

	g, m := exact(float64(grad)), exact(float64(momentum))
	if c.Decay == "coupled" {
		g = term(add(g, term(mul(k(c.Lambda), exact(float64(param))))))
	}
	b, o := k(c.Beta1), k(1-c.Beta1)
	if c.Rule == "momentum-first" {
		m = term(add(term(mul(b, m)), term(mul(o, g))))
		b, o = k(c.Beta2), k(1-c.Beta2)
	}
	sum := add(term(mul(b, m)), term(mul(o, g)))
	largest := new(big.Float)
	for _, x := range terms {
		if x.Abs(x).Cmp(largest) > 0 {
			largest = x
		}
	}
	exp := largest.MantExp(nil)
	ratio, _ := sum.Abs(sum).Float64()
	return math.Ldexp(ratio, 1-exp) / goldenUnit[T]()
}

const figuresStart, figuresEnd = "<!-- figures: go test -run Golden . -update-golden -->\n", "<!-- end of figures -->\n"

// checkFigures holds the table of docs/agreement.md to what was measured.
func checkFigures(t *testing.T, table string) {
	t.Helper()
	const file = "docs/agreement.md"
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(b), figuresStart)
	require.True(t, ok, "%s has no figures", file)
	_, after, ok := strings.Cut(rest, figuresEnd)
	require.True(t, ok, "%s has no end of figures", file)
	if *updateGolden {
		require.NoError(t, os.WriteFile(file, []byte(before+figuresStart+table+figuresEnd+after), 0o644))
		return
	}
	require.Equal(t, strings.TrimSuffix(rest, figuresEnd+after), table, "%s: run go test -run Golden . -update-golden", file)
}

// A goldenArithmetic is how a package rounds, measured and read. The rules are
// the same as here; what is fused, the form of the averages, and what happens
// to subnormals differ.
type goldenArithmetic struct {
	lerp   bool    // averages are m + (1−β)·(g−m), not β·m + (1−β)·g
	fused  bool    // the second product of an goldenAverage, and the step, are fused with their sum
	plainC bool    // but the interpolation is not
	flush  bool    // subnormals are zero, read or written
	least  float64 // the least mean that the scale of Cautious divides by
	tanh   bool    // the step uses the package's own tanh, so that only momentum is modelled
}

// goldenModel returns a package's arithmetic.
func goldenModel(worker, variant string) *goldenArithmetic {
	a := goldenArithmetic{least: 1e-3}
	switch worker {
	case "torch-avx2":
		a.fused = true
	case "optax-float32", "optax-float64":
		a.tanh = strings.Contains(variant, "smooth")
		a.fused = strings.HasSuffix(variant, " jit")
		a.flush = true
	}
	switch {
	case strings.HasPrefix(variant, "timm"), strings.HasPrefix(variant, "pytorch-optimizer"), variant == "lion-pytorch foreach":
		a.lerp = true
	case variant == "google/automl":
		a.plainC = true
	case variant == "lion-pytorch cautious_factor=0":
		a.least = 1e-5
	}
	return &a
}

// goldenMulAdd returns x·y + z.
func goldenMulAdd[T goldenFloat](a *goldenArithmetic, fused bool, x, y, z T) T {
	x, y, z = goldenFlushed(a, x), goldenFlushed(a, y), goldenFlushed(a, z)
	if fused {
		return goldenFlushed(a, goldenFMA(x, y, z))
	}
	return goldenFlushed(a, T(goldenFlushed(a, T(x*y))+z))
}

// goldenAverage is the moving average of m and g with weight b on m.
func goldenAverage[T goldenFloat](a *goldenArithmetic, fused bool, b float64, m, g T) T {
	m, g = goldenFlushed(a, m), goldenFlushed(a, g)
	if a.lerp {
		return goldenMulAdd(a, fused, T(1-b), T(g-m), m)
	}
	return goldenMulAdd(a, fused, T(1-b), g, goldenFlushed(a, T(T(b)*m)))
}

// goldenFlushed is x as flush-to-zero hardware has it.
func goldenFlushed[T goldenFloat](a *goldenArithmetic, x T) T {
	if a.flush && math.Abs(float64(x)) < goldenLeastNormal[T]() {
		return T(math.Copysign(0, float64(x)))
	}
	return x
}

func goldenSign[T goldenFloat](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// runModel runs a case as the package does.
func runModel[T goldenFloat](a *goldenArithmetic, c *goldenCase) (param, momentum []T) {
	param, momentum = goldenInit[T](c)
	for t := range c.Steps {
		modelStep(a, c, param, goldenGrad[T](c, t), momentum)
	}
	for i := range param {
		param[i], momentum[i] = goldenCanonical(param[i]), goldenCanonical(momentum[i])
	}
	return param, momentum
}

func modelStep[T goldenFloat](a *goldenArithmetic, c *goldenCase, param, grad, momentum []T) {
	u := make([]T, c.N) // the step before η
	agreeing := 0
	for i, p := range param {
		if c.Decay == "coupled" && c.Lambda != 0 {
			grad[i] = goldenMulAdd(a, a.fused, T(c.Lambda), p, grad[i])
		}
		g, m := grad[i], momentum[i]
		if c.Rule == "momentum-first" {
			momentum[i] = goldenAverage(a, a.fused, c.Beta1, m, g)
			u[i] = goldenSign(goldenAverage(a, a.fused, c.Beta2, momentum[i], g))
			continue
		}
		x := goldenAverage(a, a.fused && !a.plainC, c.Beta1, m, g)
		momentum[i] = goldenAverage(a, a.fused, c.Beta2, m, g)
		u[i] = goldenSign(x)
		if c.Rule == "refined" && math.Abs(float64(x)) < 1 {
			u[i] = x
		}
		if strings.HasPrefix(c.Rule, "cautious") {
			if u[i]*goldenSign(g) > 0 {
				agreeing++
			} else {
				u[i] *= 0
			}
		}
	}
	scale := T(1)
	switch c.Rule {
	case "cautious-mean":
		scale = 1 / max(T(agreeing)/T(c.N), T(a.least))
	case "cautious-count":
		scale = T(T(1/T(agreeing+1)) * T(c.N))
	}
	for i, p := range param {
		switch {
		case c.Lambda == 0:
		case c.Decay == "decoupled":
			p = T(p * T(1-float64(c.LR*c.Lambda)))
		case c.Decay == "independent":
			p = T(p * T(1-c.Lambda))
		case c.Decay == "decoupled-paper":
			u[i] = goldenMulAdd(a, a.fused, T(c.Lambda), p, u[i])
		}
		param[i] = goldenMulAdd(a, a.fused, -T(c.LR), T(u[i]*scale), p)
	}
}

func goldenCanonical[T goldenFloat](x T) T {
	if x != x {
		return T(math.Float64frombits(0x7ff8000000000000)) // math.NaN has a payload
	}
	return x
}

// goldenFMA is x·y + z, rounded once.
func goldenFMA[T goldenFloat](x, y, z T) T {
	if !goldenSingle[T]() {
		return T(math.FMA(float64(x), float64(y), float64(z)))
	}
	// The product is exact in float64. Rounding the sum to odd there keeps
	// what rounding to float32 needs.
	p, c := float64(float64(x)*float64(y)), float64(z)
	s := p + c
	if math.IsInf(s, 0) || s != s {
		return T(s)
	}
	b := s - p
	e := (p - (s - b)) + (c - b)
	if bits := math.Float64bits(s); e != 0 && bits&1 == 0 {
		if (e > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return T(s)
}

// A half is a 16-bit element type, as lion-pytorch is modelled with it.
type half[T lion.BF16 | lion.F16] struct {
	round func(float32) T
	step  func(s lion.Stepper, param, grad, momentum []T) error
	value func(T) float32
}

// lionPytorch is a step as it stores 16 bits: each operation of the script computes
// in float32 and rounds its result.
func (h half[T]) lionPytorch(cfg lion.Config, p, g, m T) (param, momentum T) {
	f := func(x float32) float32 { return h.value(h.round(x)) }
	c := f(f(h.value(m)*float32(cfg.Beta1)) + float32(float32(1-cfg.Beta1)*h.value(g)))
	w := f(h.value(p) * float32(1-float64(cfg.LR*cfg.WeightDecay)))
	w -= float32(float32(cfg.LR) * goldenSign(c))
	next := f(h.value(m)*float32(cfg.Beta2)) + float32(float32(1-cfg.Beta2)*h.value(g))
	return h.round(w), h.round(next)
}

// differing are the shares of weights and momenta, in percent, that differ from
// lion-pytorch's after one step, of normally distributed numbers.
func (h half[T]) differing(t *testing.T, lr, weightDecay float64) (param, momentum float64) {
	const n = 1 << 17
	cfg := lion.Config{LR: lr, Beta1: 0.9, Beta2: 0.99, WeightDecay: weightDecay}
	s, err := lion.New(cfg)
	require.NoError(t, err)
	r := rand.New(rand.NewSource(1))
	var ps, gs, ms []T
	for range n {
		ps, gs, ms = append(ps, h.round(float32(r.NormFloat64()))), append(gs, h.round(float32(r.NormFloat64()))), append(ms, h.round(float32(0.3*r.NormFloat64())))
	}
	wantP, wantM := make([]T, n), make([]T, n)
	for i := range ps {
		wantP[i], wantM[i] = h.lionPytorch(cfg, ps[i], gs[i], ms[i])
	}
	require.NoError(t, h.step(s, ps, gs, ms))
	for i := range ps {
		if ps[i] != wantP[i] {
			param++
		}
		if ms[i] != wantM[i] {
			momentum++
		}
	}
	return 100 * param / n, 100 * momentum / n
}

// TestAgreement16 holds docs/agreement.md to the model.
func TestAgreement16(t *testing.T) {
	bf16 := half[lion.BF16]{lion.ToBF16, lion.Stepper.StepBF16, lion.BF16.Float32}
	f16 := half[lion.F16]{lion.ToF16, lion.Stepper.StepF16, lion.F16.Float32}
	for _, c := range []struct{ lr, weightDecay, bf16, f16 float64 }{
		{1e-4, 0, 0, 0},
		{1e-4, 0.1, 0, 0},
		{1e-3, 0.1, 9, 5},
		{1e-3, 1, 11, 11},
		{1e-2, 0.1, 22, 25},
	} {
		p, m := bf16.differing(t, c.lr, c.weightDecay)
		assert.InDelta(t, c.bf16, p, 0.6, "bf16 %+v", c)
		assert.InDelta(t, 30, m, 0.6)
		p, m = f16.differing(t, c.lr, c.weightDecay)
		assert.InDelta(t, c.f16, p, 0.6, "f16 %+v", c)
		assert.InDelta(t, 27, m, 0.6)
	}
}
