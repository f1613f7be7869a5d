//go:build !(amd64 || arm64) || purego || noasm

package lion

// assembly is the implementations in assembly: none.
func assembly() []implementation { return nil }
