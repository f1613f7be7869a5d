package checkpoint

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/lionkernel/lion/optim"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errCut = errors.New("cut")

// A cutFile is one whose disk is full after so many bytes, or that fails otherwise.
type cutFile struct {
	*os.File
	left                           int
	failChmod, failSync, failClose bool
}

func (f *cutFile) Write(b []byte) (int, error) {
	n := min(len(b), f.left)
	f.left -= n
	if n < len(b) {
		f.File.Write(b[:n])
		return n, errCut
	}
	return f.File.Write(b)
}

func (f *cutFile) Chmod(m fs.FileMode) error {
	if f.failChmod {
		return errCut
	}
	return f.File.Chmod(m)
}

func (f *cutFile) Sync() error {
	if f.failSync {
		return errCut
	}
	return f.File.Sync()
}

func (f *cutFile) Close() error {
	err := f.File.Close()
	if f.failClose {
		return errCut
	}
	return err
}

func state(step, n int) optim.State {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(step)
	}
	return optim.State{Step: step, LossScale: 1, Weights: []optim.Tensor{{Name: "w", Data: w}}}
}

// stepOf is the step of a file that is whole, with all weights of that.
func stepOf(t *testing.T, path string) int {
	f, err := Read(path)
	require.NoError(t, err)
	step, err := f.count(keyStep)
	require.NoError(t, err)
	require.Len(t, f.Tensors, 1)
	for _, w := range f.Tensors[0].Data.([]float32) {
		require.Equal(t, float32(step), w)
	}
	return step
}

// TestErrorsLeaveTheOldFile: wherever writing fails, the old file stays and no other.
func TestErrorsLeaveTheOldFile(t *testing.T) {
	realCreate, realRename := create, rename
	defer func() { create, rename = realCreate, realRename }()
	path := filepath.Join(t.TempDir(), "x")
	require.NoError(t, Save(path, state(1, 1000), nil))
	info, err := os.Stat(path)
	require.NoError(t, err)
	whole := int(info.Size())
	try := func(f cutFile) {
		create = func(dir, pattern string) (file, error) {
			var err error
			f.File, err = os.CreateTemp(dir, pattern)
			return &f, err
		}
		assert.ErrorIs(t, Save(path, state(2, 1000), nil), errCut)
		assert.Equal(t, 1, stepOf(t, path))
		left, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		assert.Len(t, left, 1)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, left := range append([]int{0, 1, 7, 8, 9, whole - 1}, r.Perm(whole)[:30]...) {
		try(cutFile{left: left})
	}
	try(cutFile{left: whole, failChmod: true})
	try(cutFile{left: whole, failSync: true})
	try(cutFile{left: whole, failClose: true})
	create = func(string, string) (file, error) { return nil, errCut }
	assert.ErrorIs(t, Save(path, state(2, 1000), nil), errCut)
	create = realCreate
	rename = func(string, string) error { return errCut }
	assert.ErrorIs(t, Save(path, state(2, 1000), nil), errCut)
	assert.Equal(t, 1, stepOf(t, path))
	rename = realRename
	require.NoError(t, Save(path, state(2, 1000), nil))
	assert.Equal(t, 2, stepOf(t, path))
}

// saveForEver saves one state after the other.
func saveForEver(path string) {
	for step := 1; ; step++ {
		if err := Save(path, state(step, 100_000), nil); err != nil {
			panic(err)
		}
	}
}

// TestKilled: whoever is killed while saving leaves a whole file.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	require.NoError(t, Save(path, state(0, 100_000), nil))
	r := rand.New(rand.NewPCG(3, 4))
	kills, last := 8, 0
	if testing.Short() {
		kills = 3
	}
	for range kills {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), "LION_SAVE_FOR_EVER="+path)
		require.NoError(t, child.Start())
		for first := stepOf(t, path); stepOf(t, path) == first; { // it is at work
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(r.IntN(20_000)) * time.Microsecond)
		require.NoError(t, child.Process.Kill())
		_ = child.Wait()
		last = stepOf(t, path)
		require.NoError(t, Save(path, state(0, 100_000), nil), "and can go on")
	}
	assert.Positive(t, last)
}

// TestPlace: permissions stay, and a link stays a link.
func TestPlace(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has neither")
	}
	dir := t.TempDir()
	path, link := filepath.Join(dir, "x"), filepath.Join(dir, "link")
	require.NoError(t, Save(path, state(1, 1), nil))
	require.NoError(t, os.Chmod(path, 0o640))
	require.NoError(t, os.Symlink("x", link))
	require.NoError(t, Save(link, state(2, 1), nil))
	assert.Equal(t, 2, stepOf(t, path))
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&fs.ModeSymlink)
	info, err = os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o640), info.Mode())
	old, err := os.Getwd()
	require.NoError(t, err)
	require.NoError(t, os.Chdir(dir))
	defer os.Chdir(old)
	require.NoError(t, Save("here", state(3, 1), nil))
	assert.Equal(t, 3, stepOf(t, "here"))
}
