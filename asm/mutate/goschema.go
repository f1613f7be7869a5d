//go:build unix

package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// All mutants of functions are built into one program: each is a copy of its function
// with the change in it, which the function calls instead of going on where
// LION_MUTANT is the mutant's number. So a mutant costs its tests, no compilation.

// What a package with mutants is given.
const (
	switchName = "mutant_switch.go"
	switchText = `package %s

import (
	"os"
	"strconv"
)

var mutantOn = func() int {
	n, _ := strconv.Atoi(os.Getenv(%q))
	return n
}()
`
	switchEnv = "LION_MUTANT"
)

// A copyAt is where the copy for a mutant stands in a file of copies.
type copyAt struct{ from, to, number int }

// withCopies returns the text of f with copies for the mutants, which are in the
// order of f and have numbers, and where the copies stand by line.
func withCopies(f *goFile, ms []*goMutant, number map[*goMutant]int) (text string, copies []copyAt) {
	byFunc := map[*goFunc][]*goMutant{}
	var fns []*goFunc
	for _, m := range ms {
		if byFunc[m.fn] == nil {
			fns = append(fns, m.fn)
		}
		byFunc[m.fn] = append(byFunc[m.fn], m)
	}
	slices.SortFunc(fns, func(a, b *goFunc) int { return cmp.Compare(a.decl.Pos(), b.decl.Pos()) })
	var edits []replacement
	var appended strings.Builder
	for _, fn := range fns {
		own := byFunc[fn]
		edits = append(edits, headEdits(fn)...)
		edits = append(edits, replacement{f.at(fn.decl.Body.Lbrace) + 1, f.at(fn.decl.Body.Lbrace) + 1, dispatch(fn, own, number)})
		for _, m := range own {
			appended.WriteString("\n" + copyOf(m, number[m]))
		}
	}
	head := applied(string(f.src), 0, edits) + "\n"
	text = head + appended.String()
	line := 1 + strings.Count(head, "\n")
	for _, fn := range fns {
		for _, m := range byFunc[fn] {
			n := strings.Count("\n"+copyOf(m, number[m]), "\n")
			copies = append(copies, copyAt{line, line + n, number[m]})
			line += n
		}
	}
	return text, copies
}

// A replacement is text for src[from:to].
type replacement struct {
	from, to int
	text     string
}

// applied returns src, which begins at offset base, with edits that don't overlap.
func applied(src string, base int, edits []replacement) string {
	slices.SortStableFunc(edits, func(a, b replacement) int { return cmp.Compare(a.from, b.from) })
	var out strings.Builder
	at := 0
	for _, e := range edits {
		out.WriteString(src[at:e.from-base] + e.text)
		at = e.to - base
	}
	return out.String() + src[at:]
}

func copyName(fn *goFunc, number int) string {
	return fmt.Sprintf("mutant%d%s", number, fn.decl.Name.Name)
}

// headEdits name what a function's parameters leave unnamed, so that they can be
// handed on.
func headEdits(fn *goFunc) (edits []replacement) {
	n := 0
	for _, list := range []*ast.FieldList{fn.decl.Recv, fn.decl.Type.Params} {
		if list == nil {
			continue
		}
		for _, field := range list.List {
			if len(field.Names) == 0 {
				at := fn.file.at(field.Type.Pos())
				edits = append(edits, replacement{at, at, fmt.Sprintf("unnamed%d ", n)})
				n++
			}
			for _, name := range field.Names {
				if name.Name == "_" {
					at := fn.file.at(name.Pos())
					edits = append(edits, replacement{at, at + 1, fmt.Sprintf("unnamed%d", n)})
					n++
				}
			}
		}
	}
	return edits
}

// names are the parameters as arguments; unnamed counts those that headEdits names.
func names(list *ast.FieldList, unnamed *int) (out []string) {
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		dots := ""
		if _, ok := field.Type.(*ast.Ellipsis); ok {
			dots = "..."
		}
		idents := field.Names
		if len(idents) == 0 {
			idents = []*ast.Ident{ast.NewIdent("_")}
		}
		for _, name := range idents {
			s := name.Name
			if s == "_" {
				s = fmt.Sprintf("unnamed%d", *unnamed)
				*unnamed++
			}
			out = append(out, s+dots)
		}
	}
	return out
}

// dispatch is what a function with mutants begins with, on its first line.
func dispatch(fn *goFunc, ms []*goMutant, number map[*goMutant]int) string {
	unnamed := 0
	receiver, args := names(fn.decl.Recv, &unnamed), names(fn.decl.Type.Params, &unnamed)
	var params []string
	if fn.decl.Type.TypeParams != nil {
		for _, field := range fn.decl.Type.TypeParams.List {
			for _, name := range field.Names {
				params = append(params, name.Name)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, " if mutantOn >= %d && mutantOn <= %d { switch mutantOn {", number[ms[0]], number[ms[len(ms)-1]])
	for _, m := range ms {
		call := copyName(fn, number[m])
		if receiver != nil {
			call = receiver[0] + "." + call
		}
		if params != nil {
			call += "[" + strings.Join(params, ", ") + "]"
		}
		call += "(" + strings.Join(args, ", ") + ")"
		if fn.decl.Type.Results == nil {
			call += "; return"
		} else {
			call = "return " + call
		}
		fmt.Fprintf(&b, " case %d: %s;", number[m], call)
	}
	b.WriteString(" } };")
	return b.String()
}

// copyOf is the function of m with m's change, under another name.
func copyOf(m *goMutant, number int) string {
	f, d := m.fn.file, m.fn.decl
	from, to := f.at(d.Pos()), f.at(d.End())
	if d.Doc != nil {
		from = f.at(d.Type.Pos()) // func
	}
	edits := append(headEdits(m.fn),
		replacement{f.at(d.Name.Pos()), f.at(d.Name.End()), copyName(m.fn, number)},
		replacement{m.from, m.to, m.text})
	return strings.Join(append(directives(d), applied(string(f.src[from:to]), from, edits)), "\n") + "\n"
}

var compileError = regexp.MustCompile(`(?m)^(?:\./)?(\S+\.go):(\d+):\d+: `)

// refusedCopies are the numbers of the copies that the compiler's complaints are of;
// elsewhere is the first complaint of anything else.
func refusedCopies(out string, copies map[string][]copyAt) (numbers map[int]bool, elsewhere string) {
	numbers = map[int]bool{}
	for _, m := range compileError.FindAllStringSubmatch(out, -1) {
		line, _ := strconv.Atoi(m[2])
		found := false
		for _, c := range copies[m[1]] {
			if c.from <= line && line < c.to {
				numbers[c.number], found = true, true
			}
		}
		if !found {
			elsewhere = cmp.Or(elsewhere, m[0])
		}
	}
	return numbers, elsewhere
}
