//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const module = "github.com/lionkernel/lion"

// A recipe is how the go command built the tests: which programs it ran, so that
// a mutant costs an assembly and a link, not the compilation of the package.
type recipe struct {
	arch     string
	pkg      string            // the package's folder, from the module's root
	pristine string            // a copy of the module
	work     string            // the go command's folder
	asm      map[string]string // of each .s, the command
	order    []string          // of the .s in the archive
	archive  string            // of the package
	compiled []byte            // the part of it that isn't assembled
	link     string
	linkcfg  string
}

// newRecipe builds the tests of a package in a copy of the module, in dir.
func newRecipe(dir, arch, pkg string) (*recipe, error) {
	r := &recipe{arch: arch, pkg: pkg, pristine: filepath.Join(dir, "pristine"), asm: map[string]string{}}
	if err := copyTree(r.pristine); err != nil {
		return nil, err
	}
	// The commands are listed for what the build cache hasn't got.
	name := path.Base(path.Join(module, pkg))
	stamp := "package " + name + "\n\n// " + dir + "\n"
	if err := os.WriteFile(filepath.Join(r.pristine, pkg, "mutate_stamp_test.go"), []byte(stamp), 0o666); err != nil {
		return nil, err
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-work", "-x", "-ldflags=-s -w", "-o", filepath.Join(dir, "lion.test"), ".")
	cmd.Dir = filepath.Join(r.pristine, pkg)
	cmd.Env = append(environ(arch), "GOTMPDIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test -c: %w\n%s", err, out)
	}
	for _, l := range strings.Split(string(out), "\n") {
		switch {
		case strings.HasPrefix(l, "WORK="):
			r.work = strings.TrimPrefix(l, "WORK=")
		case strings.Contains(l, "/asm -p "+path.Join(module, pkg)+" ") && !strings.Contains(l, "-gensymabis"):
			name := strings.TrimPrefix(l[strings.LastIndexByte(l, ' ')+1:], "./")
			r.asm[name] = l
			r.order = append(r.order, name)
			r.archive = filepath.Join(filepath.Dir(between(l, " -o $WORK", " ")), "_pkg_.a")
		case strings.Contains(l, "/link -o $WORK"):
			r.link = l
		}
	}
	if r.work == "" || r.link == "" || len(r.asm) == 0 {
		return nil, errors.New("go test -c -x doesn't list what it runs as expected")
	}
	archive, err := os.ReadFile(filepath.Join(r.work, r.archive))
	if err != nil {
		return nil, err
	}
	if r.compiled, err = compiledPart(archive); err != nil {
		return nil, err
	}
	cfg, err := os.ReadFile(filepath.Join(r.work, between(r.link, "-importcfg $WORK", " ")))
	r.linkcfg = string(cfg)
	return r, err
}

func between(s, a, b string) string {
	_, s, _ = strings.Cut(s, a)
	s, _, _ = strings.Cut(s, b)
	return s
}

// compiledPart is what the compiler wrote of an archive: the entries before
// those that were assembled. An entry is a header of 60 bytes, with the name in
// 16 and the size in the last 10 of 58, and as many bytes, padded to be even.
func compiledPart(a []byte) ([]byte, error) {
	at := len("!<arch>\n")
	for at+60 <= len(a) {
		name := strings.TrimSpace(string(a[at : at+16]))
		size, err := strconv.Atoi(strings.TrimSpace(string(a[at+48 : at+58])))
		if err != nil {
			return nil, fmt.Errorf("archive: %w", err)
		}
		if name != "__.PKGDEF" && name != "_go_.o" {
			return a[:at], nil
		}
		at += 60 + size + size&1
	}
	return nil, errors.New("archive: nothing assembled in it")
}

func environ(arch string) []string {
	return append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0", "GOFLAGS=", "GOARCH="+arch, "GOTRACEBACK=none",
		"LION_TEST=whole") // but for what is run with -short
}

// A bench is where one mutant at a time is built and tried.
type bench struct {
	*recipe
	home string // the package in a copy of the module
	out  string // what was built
}

func newBench(r *recipe, dir string) (*bench, error) {
	tree := filepath.Join(dir, "home")
	b := &bench{r, filepath.Join(tree, r.pkg), filepath.Join(dir, "out")}
	if err := os.MkdirAll(b.out, 0o777); err != nil {
		return nil, err
	}
	if err := copyTree(tree); err != nil {
		return nil, err
	}
	cfg := strings.Replace(r.linkcfg, r.work+r.archive, filepath.Join(b.out, "_pkg_.a"), 1)
	if cfg == r.linkcfg {
		return nil, errors.New("importcfg.link doesn't name the package as expected")
	}
	return b, os.WriteFile(filepath.Join(b.out, "importcfg.link"), []byte(cfg), 0o666)
}

// errNotBuilt is for what the assembler or the linker refuses.
var errNotBuilt = errors.New("can't be built")

// build assembles and links the tests as they are in home, where file was
// changed; "" stands for all.
func (b *bench) build(file string) error {
	archive := bytes.Clone(b.compiled)
	for _, name := range b.order {
		object := filepath.Join(b.work, filepath.Dir(b.archive), strings.TrimSuffix(name, ".s")+".o")
		if affected, err := b.uses(name, file); err != nil {
			return err
		} else if affected {
			c := strings.Replace(b.asm[name], "-o $WORK"+filepath.Dir(b.archive), "-o "+b.out, 1)
			if err := b.sh(c); err != nil {
				return err
			}
			object = filepath.Join(b.out, filepath.Base(object))
		}
		o, err := os.ReadFile(object)
		if err != nil {
			return err
		}
		archive = fmt.Appendf(archive, "%-16.16s%-12d%-6d%-6d%-8o%-10d`\n", filepath.Base(object), 0, 0, 0, 0o644, len(o))
		archive = append(archive, o...)
		if len(o)&1 == 1 {
			archive = append(archive, 0)
		}
	}
	if err := os.WriteFile(filepath.Join(b.out, "_pkg_.a"), archive, 0o666); err != nil {
		return err
	}
	c := strings.Replace(b.link, "-o $WORK"+between(b.link, "-o $WORK", " "), "-o "+b.binary(), 1)
	c = strings.Replace(c, "-importcfg $WORK"+between(b.link, "-importcfg $WORK", " "), "-importcfg "+filepath.Join(b.out, "importcfg.link"), 1)
	return b.sh(c)
}

func (b *bench) binary() string { return filepath.Join(b.out, "lion.test") }

// uses says whether a .s is, or includes, a file.
func (b *bench) uses(name, file string) (bool, error) {
	if name == file || file == "" {
		return true, nil
	}
	text, err := os.ReadFile(filepath.Join(b.home, name))
	return strings.Contains(string(text), `#include "`+file+`"`), err
}

// sh runs a command that the go command listed.
func (b *bench) sh(command string) error {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir = b.home
	cmd.Env = append(environ(b.arch), "WORK="+b.work)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", errNotBuilt, out)
	}
	return err
}

// run runs a program in home and says whether it succeeded.
func (b *bench) run(limit time.Duration, env []string, args ...string) (ok bool, output []byte, err error) {
	return runIn(b.home, limit, append(environ(b.arch), env...), args...)
}

// runIn runs a program and says whether it succeeded; one that takes too long has
// not.
func runIn(dir string, limit time.Duration, env []string, args ...string) (ok bool, output []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = env
	// Tests start processes of their own.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) || ctx.Err() != nil {
		return false, out, nil
	}
	return err == nil, out, err
}

// copyTree copies the root module's files, but no hidden folder and no nested
// module.
func copyTree(to string) error {
	return filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, nested := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (nested == nil || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, path), 0o777)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), b, 0o666)
	})
}
