//go:build unix

package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"strconv"
	"strings"
)

// A goMutant is a change of a few bytes of a Go file. Its name holds the changed
// line, but no line number.
type goMutant struct {
	file     string // from the module's root
	from, to int    // what is replaced
	text     string // by what
	fn       *goFunc
	name     string
}

func (m *goMutant) String() string { return m.name }

// A goFunc is a function that copies can be made of; for all else, as constants and
// tables, fn is nil.
type goFunc struct {
	file *goFile
	decl *ast.FuncDecl
}

// A goFile is a file of a package, as it stands.
type goFile struct {
	name string // from the module's root
	src  []byte
	tree *ast.File
	fset *token.FileSet
	info *types.Info
	pkg  *types.Package
}

func (f *goFile) at(p token.Pos) int            { return f.fset.Position(p).Offset }
func (f *goFile) code(n ast.Node) string        { return string(f.src[f.at(n.Pos()):f.at(n.End())]) }
func (f *goFile) pos(offset int) (at token.Pos) { return f.fset.File(f.tree.Pos()).Pos(offset) }

// parsePackage reads the files of a package, which are given by their paths from
// root, and what can be had of their types.
func parsePackage(root string, names []string, read func(string) ([]byte, error)) ([]*goFile, error) {
	fset := token.NewFileSet()
	var files []*goFile
	var trees []*ast.File
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	for _, name := range names {
		src, err := read(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files, trees = append(files, &goFile{name: name, src: src, tree: tree, fset: fset, info: info}), append(trees, tree)
	}
	// What other modules declare stays unknown, which costs a few mutants.
	conf := types.Config{Importer: importer.Default(), Error: func(error) {}}
	pkg, _ := conf.Check(filepath.Dir(names[0]), fset, trees, info)
	for _, f := range files {
		f.pkg = pkg
	}
	return files, nil
}

// goMutants lists the changes to a file.
func goMutants(f *goFile) []*goMutant {
	w := &walker{file: f, seen: map[string]int{}, edits: map[string]bool{}}
	for _, d := range f.tree.Decls {
		w.fn, w.where = nil, ""
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Body == nil {
				continue // assembly
			}
			w.where = " " + d.Name.Name
			if d.Name.Name != "init" && !pinned(d) {
				w.fn = &goFunc{f, d}
			}
			w.results = d.Type.Results
			ast.Inspect(d.Body, w.visit)
		case *ast.GenDecl:
			if d.Tok != token.IMPORT {
				w.results = nil
				ast.Inspect(d, w.visit)
			}
		}
	}
	return w.out
}

// pinned functions can't call a copy of themselves, or its arguments would escape.
func pinned(d *ast.FuncDecl) bool {
	for _, c := range directives(d) {
		if c == "//go:nosplit" {
			return true
		}
	}
	return false
}

func directives(d *ast.FuncDecl) (out []string) {
	if d.Doc != nil {
		for _, c := range d.Doc.List {
			if strings.HasPrefix(c.Text, "//go:") {
				out = append(out, c.Text)
			}
		}
	}
	return out
}

// A walker finds the mutants of a file.
type walker struct {
	file    *goFile
	fn      *goFunc
	where   string
	results *ast.FieldList // of the function that a return ends
	seen    map[string]int
	edits   map[string]bool
	out     []*goMutant
}

// replace adds the mutant that has text for a node.
func (w *walker) replace(n ast.Node, text string) { w.span(n.Pos(), n.End(), text) }

// instead is replace where % stands for the node.
func (w *walker) instead(n ast.Node, text string) {
	w.replace(n, strings.ReplaceAll(text, "%", w.file.code(n)))
}

func (w *walker) span(a, b token.Pos, text string) {
	f := w.file
	from, to := f.at(a), f.at(b)
	if k := fmt.Sprint(from, to, text); w.edits[k] || string(f.src[from:to]) == text {
		return
	} else {
		w.edits[k] = true
	}
	m := &goMutant{file: f.name, from: from, to: to, text: text, fn: w.fn}
	m.name = f.name + w.where + ": " + describe(f.src, from, to, text)
	if w.seen[m.name]++; w.seen[m.name] > 1 {
		m.name += fmt.Sprintf(" (%d)", w.seen[m.name])
	}
	w.out = append(w.out, m)
}

// describe says what a change does to its line, or to the first of its lines.
func describe(src []byte, from, to int, text string) string {
	start, end := from, to
	for start > 0 && src[start-1] != '\n' {
		start--
	}
	for end < len(src) && src[end] != '\n' {
		end++
	}
	brief := func(s string) string {
		s, _, more := strings.Cut(strings.TrimSpace(s), "\n")
		if code, _, ok := strings.Cut(s, " // "); ok {
			s = code
		}
		if more && !strings.HasSuffix(s, "{") {
			s += " …"
		}
		return strings.TrimSpace(s)
	}
	old := brief(string(src[start:end]))
	if text == "" && strings.TrimSpace(string(src[start:from])) == "" {
		return old + " → deleted"
	}
	return old + " → " + brief(string(src[start:from])+text+string(src[to:end]))
}

var swaps = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR, token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.ADD, token.QUO: token.MUL, token.REM: token.MUL,
	token.AND: token.OR, token.OR: token.AND, token.XOR: token.OR, token.SHL: token.SHR, token.SHR: token.SHL, token.AND_NOT: token.AND,
	token.LAND: token.LOR, token.LOR: token.LAND,
	token.ADD_ASSIGN: token.SUB_ASSIGN, token.SUB_ASSIGN: token.ADD_ASSIGN, token.MUL_ASSIGN: token.ADD_ASSIGN, token.QUO_ASSIGN: token.MUL_ASSIGN,
	token.AND_ASSIGN: token.OR_ASSIGN, token.OR_ASSIGN: token.AND_ASSIGN, token.XOR_ASSIGN: token.OR_ASSIGN,
	token.SHL_ASSIGN: token.SHR_ASSIGN, token.SHR_ASSIGN: token.SHL_ASSIGN, token.REM_ASSIGN: token.ADD_ASSIGN,
	token.INC: token.DEC, token.DEC: token.INC,
}

// narrower are the conversions that a conversion's operand is put through.
var narrower = map[string]string{"uint64": "uint32", "int64": "int32", "int": "int32", "uint": "uint32", "uintptr": "uint32", "uint32": "uint16", "int32": "int16"}

// visit adds the changes to a node. What the compiler refuses is weeded out later.
func (w *walker) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.FuncLit: // its returns have its own results
		old := w.results
		w.results = n.Type.Results
		ast.Inspect(n.Body, w.visit)
		w.results = old
		return false
	case *ast.KeyValueExpr: // a key is a field, or fits no other
		ast.Inspect(n.Value, w.visit)
		return false
	case *ast.CompositeLit:
		w.elements(n)
	case *ast.BasicLit:
		w.literal(n)
	case *ast.BinaryExpr:
		w.binary(n)
	case *ast.UnaryExpr:
		if n.Op == token.SUB || n.Op == token.NOT || n.Op == token.XOR {
			w.span(n.Pos(), n.X.Pos(), "")
		}
	case *ast.CallExpr:
		w.call(n)
	case *ast.Ident:
		w.ident(n)
	case *ast.SelectorExpr:
		w.selector(n)
		ast.Inspect(n.X, w.visit)
		return false
	case *ast.IfStmt:
		w.instead(n.Cond, "true || (%)")
		w.instead(n.Cond, "false && (%)")
	case *ast.BlockStmt:
		w.deletions(n.List)
	case *ast.CaseClause:
		w.clause(n)
	case *ast.AssignStmt:
		w.operator(n.TokPos, n.Tok)
	case *ast.IncDecStmt:
		w.operator(n.TokPos, n.Tok)
	case *ast.ReturnStmt:
		w.returned(n)
	}
	return true
}

func (w *walker) operator(at token.Pos, op token.Token) {
	if to, ok := swaps[op]; ok {
		w.span(at, at+token.Pos(len(op.String())), to.String())
	}
}

func (w *walker) elements(n *ast.CompositeLit) {
	for _, e := range n.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			end := kv.End()
			if rest := w.file.src[w.file.at(end):]; len(rest) > 0 && rest[0] == ',' {
				end++
			}
			w.span(kv.Pos(), end, "")
		}
	}
}

func (w *walker) literal(n *ast.BasicLit) {
	switch n.Kind {
	case token.INT:
		v, err := strconv.ParseUint(n.Value, 0, 64)
		if err != nil {
			return
		}
		form := "%d"
		if strings.HasPrefix(n.Value, "0x") {
			form = "%#x"
		}
		w.replace(n, fmt.Sprintf(form, v+1))
		if v > 0 {
			w.replace(n, fmt.Sprintf(form, v-1))
		}
	case token.FLOAT:
		w.instead(n, "(2*%)")
	}
}

func (w *walker) binary(n *ast.BinaryExpr) {
	if isText(n.X) || isText(n.Y) {
		return
	}
	w.operator(n.OpPos, n.Op)
	switch n.Op {
	case token.LAND, token.LOR:
		w.replace(n, w.file.code(n.X))
		w.replace(n, w.file.code(n.Y))
	case token.AND, token.OR, token.XOR, token.AND_NOT, token.SHL, token.SHR, token.REM:
		w.replace(n, w.file.code(n.X))
	}
}

func isText(e ast.Expr) bool {
	l, ok := e.(*ast.BasicLit)
	return ok && l.Kind == token.STRING
}

func (w *walker) call(n *ast.CallExpr) {
	f := w.file
	name := f.code(n.Fun)
	if len(n.Args) == 1 && narrower[name] != "" {
		if tv := f.info.Types[n.Args[0]]; tv.Value == nil && !strings.HasPrefix(f.code(n.Args[0]), "unsafe.Sizeof") {
			w.instead(n.Args[0], narrower[name]+"(%)")
		}
	}
	for from, to := range map[string]string{"min": "max", "math.Min": "math.Max"} {
		if name == from || name == to {
			if name == to {
				to = from
			}
			w.replace(n.Fun, to)
			for _, a := range n.Args {
				w.replace(n, f.code(a))
			}
			return // which is first matters to neither
		}
	}
	for i, a := range n.Args[:max(len(n.Args)-1, 0)] {
		b := n.Args[i+1]
		if w.same(a, b) {
			between := string(f.src[f.at(a.End()):f.at(b.Pos())])
			w.span(a.Pos(), b.End(), f.code(b)+between+f.code(a))
		}
	}
}

// same says whether two expressions are of one known type.
func (w *walker) same(a, b ast.Expr) bool {
	t, u := w.file.info.TypeOf(a), w.file.info.TypeOf(b)
	return t != nil && u != nil && types.Identical(t, u) && !isText(a) && !isText(b)
}

// ident exchanges a parameter, a constant of an enumeration or a function for the
// next one of its type.
func (w *walker) ident(n *ast.Ident) {
	var all []types.Object
	obj := w.file.info.Uses[n]
	switch o := obj.(type) {
	case *types.Var:
		all = w.parameters(o)
	case *types.Const:
		if _, ok := o.Type().(*types.Named); !ok || o.Parent() != w.file.pkg.Scope() {
			return
		}
		all = w.siblings(o)
	case *types.Func:
		if o.Parent() != w.file.pkg.Scope() {
			return
		}
		all = w.siblings(o)
	}
	if next := following(all, obj); next != nil {
		w.replace(n, next.Name())
	}
}

// parameters are those of the function whose parameter v is.
func (w *walker) parameters(v *types.Var) (all []types.Object) {
	if w.fn == nil {
		return nil
	}
	scope := v.Parent()
	for _, list := range []*ast.FieldList{w.fn.decl.Recv, w.fn.decl.Type.Params} {
		if list == nil {
			continue
		}
		for _, field := range list.List {
			for _, name := range field.Names {
				if o := scope.Lookup(name.Name); o != nil && o.Pos() == name.Pos() {
					all = append(all, o)
				}
			}
		}
	}
	return all
}

func (w *walker) siblings(o types.Object) (all []types.Object) {
	scope := w.file.pkg.Scope()
	for _, name := range scope.Names() {
		x := scope.Lookup(name)
		_, isFunc := x.(*types.Func)
		_, wantFunc := o.(*types.Func)
		_, isConst := x.(*types.Const)
		if isFunc == wantFunc && isConst == !wantFunc {
			all = append(all, x)
		}
	}
	return all
}

// following is the next of all after o that has its type, from the first on after
// the last.
func following(all []types.Object, o types.Object) types.Object {
	found, first := false, types.Object(nil)
	for _, x := range all {
		switch {
		case x == o:
			found = true
		case !types.Identical(x.Type(), o.Type()):
		case found:
			return x
		case first == nil:
			first = x
		}
	}
	if found {
		return first
	}
	return nil
}

// selector exchanges a field for the struct's next one of its type.
func (w *walker) selector(n *ast.SelectorExpr) {
	s := w.file.info.Selections[n]
	if s == nil || s.Kind() != types.FieldVal {
		return
	}
	t := s.Recv()
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, ok := t.Underlying().(*types.Struct)
	if !ok {
		return
	}
	var all []types.Object
	for i := 0; i < st.NumFields(); i++ {
		all = append(all, st.Field(i))
	}
	if next := following(all, s.Obj()); next != nil {
		w.replace(n.Sel, next.Name())
	}
}

// deletions deletes each statement that isn't a declaration.
func (w *walker) deletions(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				w.replace(s, "")
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.BranchStmt, *ast.DeferStmt, *ast.GoStmt, *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt:
			w.replace(s, "")
		case *ast.ReturnStmt:
			if s.Results == nil {
				w.replace(s, "")
			}
		}
	}
}

func (w *walker) clause(n *ast.CaseClause) {
	w.deletions(n.Body)
	w.replace(n, "")
	for i, e := range n.List {
		if len(n.List) == 1 {
			break
		}
		if i == 0 {
			w.span(e.Pos(), n.List[1].Pos(), "")
		} else {
			w.span(n.List[i-1].End(), e.End(), "")
		}
	}
}

// returned replaces each result by the zero of its type, or a truth by either.
func (w *walker) returned(n *ast.ReturnStmt) {
	if w.results == nil {
		return
	}
	var of []ast.Expr
	for _, field := range w.results.List {
		for range max(len(field.Names), 1) {
			of = append(of, field.Type)
		}
	}
	if len(of) != len(n.Results) {
		return
	}
	for i, r := range n.Results {
		v := w.file.info.Types[r].Value
		switch t, old := w.file.code(of[i]), w.file.code(r); {
		case v != nil && v.Kind() == constant.Int && constant.Sign(v) == 0:
		case t == "bool":
			w.replace(r, "true")
			w.replace(r, "false")
		case old != "nil" && old != "0" && old != `""` && old != t+"{}":
			w.replace(r, "*new("+t+")")
		}
	}
}
