package train

import (
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTrainPlot(t *testing.T) {
	for _, epochs := range []string{"1", "3", "12"} {
		t.Run(epochs, func(t *testing.T) { testTrainPlot(t, epochs) })
	}
}

func testTrainPlot(t *testing.T, epochs string) {
	file := filepath.Join(t.TempDir(), "run.svg")
	code, stdout, stderr := command("train", "-epochs", epochs, "-plot", file)
	require.Equal(t, cli.OK, code, stderr)
	assert.Contains(t, stdout, file)
	assert.Regexp(t, `\nSHA-256 +[0-9a-f]{64} [^\n]*\n$`, stdout, "it is the last line, plot or not")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	// A line for each of the four curves and its name, of one epoch too.
	assert.Len(t, regexp.MustCompile(`<path d="M[^"]*L[^"]*" style="[^"]*stroke:#(1F77B4|D65F0E)`).FindAllString(string(text), -1), 8)
	for _, word := range []string{"<svg", "cross-entropy loss", "accuracy, %", "held out", "epoch"} {
		assert.Contains(t, string(text), word)
	}
	for d := xml.NewDecoder(strings.NewReader(string(text))); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
	}
}

// A plot that can't be written is told before the training, and a training that
// fails leaves no trace where the plot would have gone.
func TestTrainPlotFile(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder.svg")
	require.NoError(t, os.Mkdir(folder, 0o777))
	for _, bad := range []string{folder, filepath.Join(dir, "no", "such.svg"), filepath.Join(dir, "name.png")} {
		code, stdout, stderr := command("train", "-epochs", "1", "-plot", bad)
		assert.Equal(t, cli.Misuse, code, bad)
		assert.Empty(t, stdout, bad)
		assert.Contains(t, stderr, bad)
	}
	old, fresh := filepath.Join(dir, "old.svg"), filepath.Join(dir, "fresh.svg")
	long := strings.Repeat("an older and longer plot\n", 10_000)
	require.NoError(t, os.WriteFile(old, []byte(long), 0o666))
	for _, file := range []string{old, fresh} {
		code, _, _ := command("train", "-lr", "1e30", "-weight-decay", "0", "-epochs", "1", "-plot", file)
		require.Equal(t, cli.Failed, code)
	}
	assert.NoFileExists(t, fresh)
	text, err := os.ReadFile(old)
	require.NoError(t, err)
	assert.Equal(t, long, string(text))

	trainOK(t, "-epochs", "1", "-plot", old)
	text, err = os.ReadFile(old)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(text), "</svg>\n"), "nothing is left of the older one")
}

// A disk that fills up costs the plot, not the digest.
func TestTrainPlotLost(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		prove.Skip(t, "there is no /dev/full")
	}
	file := filepath.Join(t.TempDir(), "full.svg")
	require.NoError(t, os.Symlink("/dev/full", file))
	code, stdout, stderr := command("train", "-epochs", "1", "-plot", file)
	assert.Equal(t, cli.Failed, code)
	assert.Contains(t, stderr, file)
	assert.Regexp(t, digestLine, stdout)
}

// An older plot is replaced as a whole, through a link too; its permissions stay,
// and nothing lies beside it.
func TestTrainPlotReplaces(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "run.svg"), filepath.Join(dir, "link.svg")
	require.NoError(t, os.WriteFile(file, []byte("old"), 0o640))
	before, err := os.Stat(file)
	require.NoError(t, err)
	if err := os.Symlink("run.svg", link); err != nil {
		link = file // Windows may refuse
	}
	trainOK(t, "-epochs", "1", "-plot", link)
	after, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, before.Mode(), after.Mode())
	assert.False(t, os.SameFile(before, after), "whoever has the old one open reads all of it")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(string(text), "</svg>\n"))
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.ElementsMatch(t, slices.Compact([]string{file, link}), names)
}

// What can't be replaced is refused before the training.
func TestTrainPlotRefused(t *testing.T) {
	dir := t.TempDir()
	dangling := filepath.Join(dir, "dangling.svg")
	require.NoError(t, os.Symlink("nothing.svg", dangling))
	refused := []string{dangling}
	if os.Geteuid() > 0 {
		locked, old := filepath.Join(dir, "locked"), filepath.Join(dir, "old.svg")
		require.NoError(t, os.Mkdir(locked, 0o555))
		require.NoError(t, os.WriteFile(old, nil, 0o444))
		refused = append(refused, filepath.Join(locked, "a.svg"), old)
	} else {
		t.Log("NOT TESTED: this user may write every file")
	}
	for _, file := range refused {
		code, stdout, stderr := command("train", "-epochs", "1", "-plot", file)
		assert.Equal(t, cli.Misuse, code, file)
		assert.Empty(t, stdout, file)
		assert.Contains(t, stderr, file)
	}
}

// A curve has the same points however the batches fall, and the same mean.
func TestRecorder(t *testing.T) {
	for _, c := range []struct{ epochs, batches, points int }{{1, 90, 30}, {1, 7, 7}, {2, 90, 30}, {7, 10, 35}, {100, 3, 100}} {
		r := newRecorder(c.epochs, c.batches)
		for e := range c.epochs {
			for i := range c.batches {
				r.batch(e, i, 2, 3, 1)
			}
		}
		require.Len(t, r.train, c.points, "%+v", c)
		assert.Zero(t, r.samples, "%+v", c)
		for i, p := range r.train {
			assert.Equal(t, score{1.5, 0.5}, p.score)
			assert.InDelta(t, (float64(i)+0.5)*float64(c.epochs)/float64(c.points), p.epochs, 1e-9, "%+v", c)
		}
	}
}

func TestWholeTicks(t *testing.T) {
	for high, want := range map[float64]string{1: "0 1", 10: "0 1 2 3 4 5 6 7 8 9 10", 25: "0 5 10 15 20 25", 1e6: "0 100000 200000 300000 400000 500000 600000 700000 800000 900000 1000000"} {
		var labels []string
		for _, tick := range wholeTicks(0, high) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
		}
		assert.Equal(t, want, strings.Join(labels, " "))
	}
}
