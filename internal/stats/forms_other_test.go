//go:build !amd64 || purego || noasm

package stats

// forms are the ways in which an implementation runs: one.
func forms(im *Implementation) []form { return []form{{im: im}} }

// borrowed are the kernels of an implementation that don't bear its name: none.
func borrowed(*Implementation) map[Element]string { return nil }
