package peers

/*
#cgo linux LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdlib.h>
*/
import "C"

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/tools/peers/direct"
)

//go:embed c/loop.c
var source []byte

// A build is one way to compile the loop.
type build struct {
	name  string
	isa   string // compare with our implementation of that name; "" means with the best
	exact bool   // nothing fused or reassociated: the bits must be ours
	flags []string
}

// builds lists the flags tried with each compiler on this architecture.
func builds() []build {
	native := "-march=native"
	if runtime.GOARCH == "arm64" {
		native = "-mcpu=native"
	}
	list := []build{
		{"native", "", true, []string{native, "-ffp-contract=off"}},
		{"native,fma", "", false, []string{native}},
		{"native,fastmath", "", false, []string{native, "-ffast-math"}},
	}
	if runtime.GOARCH == "amd64" {
		list = append(list,
			build{"avx2", "avx2", true, []string{"-mavx2", "-mfma", "-ffp-contract=off"}},
			build{"avx2,fma", "avx2", false, []string{"-mavx2", "-mfma"}},
		)
	}
	// Compilers prefer narrower vectors than AVX-512's unless they are told.
	if slices.Contains(lion.Implementations(), "avx512") {
		list = append(list,
			build{"native,512", "avx512", true, []string{native, "-ffp-contract=off", "-mprefer-vector-width=512"}},
			build{"native,512,fma", "avx512", false, []string{native, "-mprefer-vector-width=512"}},
		)
	}
	return list
}

// phrases are the values of PHRASE.
var phrases = []string{"arithmetic", "select", "copysign"}

// compilers returns CC, or those of the usual names that are installed.
func compilers() []string {
	if cc := os.Getenv("CC"); cc != "" {
		return []string{cc}
	}
	var found []string
	for _, name := range []string{"clang-22", "clang-19", "clang-16", "clang", "gcc"} {
		if _, err := exec.LookPath(name); err == nil {
			found = append(found, name)
		}
	}
	return found
}

// A loop is the compiled C loop.
type loop struct{ symbol unsafe.Pointer }

// repeat runs the loop over the slices so many times.
func repeat[T float32 | float64](l loop, param, grad, momentum []T, k *[6]T, times int) {
	direct.Call(l.symbol, unsafe.Pointer(&param[0]), unsafe.Pointer(&grad[0]), unsafe.Pointer(&momentum[0]),
		len(param), unsafe.Pointer(k), times)
}

// compile makes a shared object in dir and loads it; it stays loaded.
func compile(dir, cc string, b build, phrase int, ctype string, decay bool) (loop, error) {
	d := 0
	if decay {
		d = 1
	}
	name := fmt.Sprintf("%s-%s-%d-%s-%d", strings.ReplaceAll(cc, "/", "_"), b.name, phrase, ctype, d)
	src, so := filepath.Join(dir, "loop.c"), filepath.Join(dir, name+".so")
	if err := os.WriteFile(src, source, 0o644); err != nil {
		return loop{}, err
	}
	args := append([]string{"-O3", "-fPIC", "-c"}, b.flags...)
	args = append(args, "-DT="+ctype, fmt.Sprintf("-DPHRASE=%d", phrase), fmt.Sprintf("-DDECAY=%d", d), "-o", so+".o", src)
	// Linked apart, without the flags: with -ffast-math the linker would add
	// start-up code that switches the process to flush-to-zero.
	for _, args := range [][]string{args, {"-shared", "-o", so, so + ".o"}} {
		if out, err := exec.Command(cc, args...).CombinedOutput(); err != nil {
			return loop{}, fmt.Errorf("%s %s: %w\n%s", cc, strings.Join(args, " "), err, out)
		}
	}
	path := C.CString(so)
	defer C.free(unsafe.Pointer(path))
	handle := C.dlopen(path, C.RTLD_NOW|C.RTLD_LOCAL)
	if handle == nil {
		return loop{}, fmt.Errorf("dlopen: %s", C.GoString(C.dlerror()))
	}
	symbol := C.CString("repeat")
	defer C.free(unsafe.Pointer(symbol))
	f := C.dlsym(handle, symbol)
	if f == nil {
		return loop{}, fmt.Errorf("dlsym: %s", C.GoString(C.dlerror()))
	}
	return loop{f}, nil
}
