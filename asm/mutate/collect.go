//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// packages are the folders of those, of which the root one is made, that have
// assembly.
func packages(arch string) ([]string, error) {
	cmd := exec.Command("go", "list", "-deps", "-f", `{{if and .Module .SFiles}}{{if .Module.Main}}{{.ImportPath}}{{end}}{{end}}`, ".")
	cmd.Env = environ(arch)
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var dirs []string
	for _, p := range strings.Fields(string(out)) {
		dirs = append(dirs, filepath.Join(".", strings.TrimPrefix(p, module)))
	}
	slices.Sort(dirs)
	return dirs, nil
}

// collect lists the mutants of the files, which are given by their paths, or of all.
func collect(p *plan, files []string) (all []mutant, speed int, err error) {
	dirs, err := packages(p.arch)
	if err != nil {
		return nil, 0, err
	}
	for _, dir := range dirs {
		sources, err := readPackage(dir, p.arch)
		if err != nil {
			return nil, 0, err
		}
		in := reached(sources, p.runs)
		for _, s := range sources {
			if len(files) > 0 && !slices.Contains(files, filepath.Join(dir, s.name)) {
				continue
			}
			ms, sp := mutants(s, in)
			all, speed = append(all, ms...), speed+sp
		}
	}
	if len(all) == 0 {
		return nil, 0, errors.New("no mutants: run it from the module's root")
	}
	return all, speed, nil
}

// readPackage reads a folder's assembly, and what that includes.
func readPackage(dir, arch string) (sources []*source, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*_"+arch+".s"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	for i := 0; i < len(names); i++ { // grows by what is included
		s, err := readSource(dir, names[i])
		if err != nil {
			return nil, err
		}
		sources = append(sources, s)
		for _, l := range s.lines {
			h := between(l, `#include "`, `"`)
			if _, err := os.Stat(filepath.Join(dir, h)); h != "" && err == nil && !slices.Contains(names, h) { // else it is the assembler's
				names = append(names, h)
			}
		}
	}
	return sources, nil
}
