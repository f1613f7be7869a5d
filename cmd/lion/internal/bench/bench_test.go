package bench

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/cmd/lion/internal/storage"
	"github.com/lionkernel/lion/internal/limit"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// command runs a command line and returns what it printed.
func command(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = cli.Program{Commands: []cli.Command{Command}}.Run(context.Background(), args, &out, &errs)
	return code, out.String(), errs.String()
}

// Every storage is timed in every implementation, beside the limits of those that
// have some.
func TestMeasure(t *testing.T) {
	for _, s := range storage.All {
		t.Run(s.Name, func(t *testing.T) {
			r, err := meter{s, []int{64, 256}, 2, 1}.run(context.Background(), io.Discard)
			require.NoError(t, err)
			assert.Equal(t, s.Bytes(), r.bytes)
			want := lion.Implementations()
			pattern, _ := meter{storage: s}.traffic(values(t, s, 64))
			assert.Equal(t, s.Bytes(), pattern.Bytes())
			for _, l := range limit.Loops(pattern) {
				if !l.Prefetch {
					want = append(want, limitName(l.ISA))
				}
			}
			if len(lion.Implementations()) > 1 {
				assert.Greater(t, len(want), len(lion.Implementations()), "no limit for what has assembly")
			}
			var got []string
			for _, c := range r.curves {
				got = append(got, c.name)
				require.Len(t, c.points, 2, c.name)
				for i, n := range []int{64, 256} {
					assert.Equal(t, n, c.points[i].n)
					assert.Positive(t, c.points[i].ns)
				}
			}
			assert.Equal(t, want, got)
		})
	}
}

func values(t *testing.T, s storage.Storage, n int) storage.Values {
	t.Helper()
	x, err := meter{storage: s}.arrays(n)
	require.NoError(t, err)
	return x
}

// What is timed is the storage's step.
func TestCalls(t *testing.T) {
	require.Len(t, calls, len(storage.All))
	s, err := lion.New(lion.Config{LR: 1e-2, Beta1: 0.9, Beta2: 0.99, WeightDecay: 0.1})
	require.NoError(t, err)
	for _, st := range storage.All {
		x, y := values(t, st, 100), values(t, st, 100)
		require.NoError(t, calls[st.Name](s, x, 3))
		before := bytes.Join(y.Memory(), nil)
		for range 3 {
			require.NoError(t, st.Step(s, y))
		}
		assert.Equal(t, bytes.Join(y.Memory(), nil), bytes.Join(x.Memory(), nil), st.Name)
		assert.NotEqual(t, before, bytes.Join(y.Memory(), nil), st.Name)
	}
}

func TestMeasureStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := meter{storage.All[0], []int{64}, 1, 1}.run(ctx, io.Discard)
	assert.ErrorIs(t, err, cli.Stopped(ctx))
}

// some are measurements that a test can know.
func some() *results {
	r := &results{cpu: "Abacus 3", format: "f32", caches: [3]int{32 << 10, 1 << 20, 0}, bytes: 20, held: 12, ghz: 2.5}
	for _, n := range []int{64, 1 << 10, 16 << 20} {
		r.add("avx512", n, 0.25)
		r.add("limit avx512", n, 0.2)
		r.add("best C loop", n, 0.3)
	}
	r.add("avx512", 64, 0.5) // worse: doesn't count
	r.add("avx512", 128, 0.125)
	return r
}

func TestResultsAsText(t *testing.T) {
	var text bytes.Buffer
	n, err := some().WriteTo(&text)
	require.NoError(t, err)
	assert.EqualValues(t, text.Len(), n)
	assert.Contains(t, text.String(), "# GHz: 2.5\navx512\t64\t0.25\navx512\t128\t0.125\navx512\t1024\t0.25\n")
	r, err := read(&text)
	require.NoError(t, err)
	assert.Equal(t, some(), r)
}

func TestReadRefuses(t *testing.T) {
	const head = "# bytes: 20\n# held: 12\n"
	for _, bad := range []string{"", head, "avx2\t64\t1\n", head + "avx2\t64\n", head + "avx2\t0\t1\n", head + "avx2\tx\t1\n",
		head + "\t64\t1\n", head + "avx2\t64\t0\n", head + "avx2\t64\t-1\n", head + "avx2\t64\tNaN\n", head + "avx2\t64\tInf\n",
		head + "# caches: 1 2\navx2\t64\t1\n", head + "# GHz: fast\navx2\t64\t1\n", "# bytes: 20\n# held: 0\navx2\t64\t1\n"} {
		_, err := read(strings.NewReader(bad))
		assert.Error(t, err, "%q", bad)
	}
	_, err := read(strings.NewReader(head + "# a comment\n\navx2\t64\t1\n"))
	assert.NoError(t, err)
}

func TestReport(t *testing.T) {
	var b strings.Builder
	report(&b, some())
	assert.Equal(t, `cpu              Abacus 3, 2.50 GHz
format           f32: a step moves 20 bytes for each element

ns an element               64          1 Ki         64 Ki          1 Mi         16 Mi
avx512            0.250 (1.25)  0.250 (1.25)             -             -  0.250 (1.25)
limit avx512             0.200         0.200             -             -         0.200
best C loop              0.300         0.300             -             -         0.300

In brackets: times the limit of the instruction set.
avx512 moves 80.0 GB/s at 16 Mi elements.
`, b.String())
}

func TestPicture(t *testing.T) {
	p, err := picture(some())
	require.NoError(t, err)
	var svg bytes.Buffer
	_, err = p.WriteTo(&svg)
	require.NoError(t, err)
	for d := xml.NewDecoder(bytes.NewReader(svg.Bytes())); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
	for _, word := range []string{">avx512<", ">limit avx512<", ">best C loop<", ">64<", ">16 Mi<", ">0.2<", ">L1<", ">L2<", "Abacus 3", "f32", "nanoseconds an element"} {
		assert.Contains(t, svg.String(), word)
	}
	assert.NotContains(t, svg.String(), ">L3<", "of unknown size")
	// A line for each curve, and one beside its name; the limit's are dashed.
	assert.Equal(t, 4, strings.Count(svg.String(), "stroke:#1F77B4"))
}

// A picture of the documentation is what the command draws of the measurements
// beside it.
func TestCommittedPictures(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		prove.Skip(t, "on %s the compiler fuses operations: coordinates may differ in their last digit", runtime.GOARCH)
	}
	docs := filepath.Join("..", "..", "..", "..", "docs")
	files, err := filepath.Glob(filepath.Join(docs, "measurements", "*.tsv"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := "speed-" + strings.TrimSuffix(filepath.Base(file), ".tsv") + ".svg"
		fresh := filepath.Join(t.TempDir(), name)
		code, _, stderr := command("bench", "-from", file, "-plot", fresh)
		require.Equal(t, cli.OK, code, stderr)
		want, err := os.ReadFile(fresh)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(docs, name))
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got), "%s is stale: lion bench -from docs/measurements/%s -plot docs/%s", name, filepath.Base(file), name)
	}
}

func TestCommand(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.tsv")
	f, err := os.Create(in)
	require.NoError(t, err)
	_, err = some().WriteTo(f)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	broken := filepath.Join(dir, "broken.tsv")
	require.NoError(t, os.WriteFile(broken, []byte("avx2\t64\n"), 0o666))
	for _, c := range []struct {
		args   []string
		code   int
		stderr string
	}{
		{[]string{"bench", "-h"}, cli.OK, ""},
		{[]string{"bench", "-format", "f33"}, cli.Misuse, `-format "f33"`},
		{[]string{"bench", "-plot", "a.png"}, cli.Misuse, ".svg"},
		{[]string{"bench", "-from", filepath.Join(dir, "none")}, cli.Misuse, "none"},
		{[]string{"bench", "-from", in, "-save", filepath.Join(dir, "out")}, cli.Misuse, "-save"},
		{[]string{"bench", "-from", broken}, cli.Failed, "line 1"},
		{[]string{"bench", "-from", in}, cli.OK, ""},
		{[]string{"bench", "-from", in, "-plot", filepath.Join(dir, "a.svg")}, cli.OK, ""},
	} {
		code, stdout, stderr := command(c.args...)
		assert.Equal(t, c.code, code, c.args)
		assert.Contains(t, stderr, c.stderr, c.args)
		assert.Equal(t, code == cli.OK, stdout != "", c.args)
	}
	svg, err := os.ReadFile(filepath.Join(dir, "a.svg"))
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(svg), "</svg>\n"))
}

// What is saved can be shown again.
func TestKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out.tsv")
	require.NoError(t, keep(some(), file))
	r, err := obtain(context.Background(), meter{}, file, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, some(), r)
	assert.Error(t, keep(some(), filepath.Join(file, "in", "a", "file")))
	assert.NoError(t, keep(some(), ""))
}
