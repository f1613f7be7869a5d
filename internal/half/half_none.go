//go:build !(amd64 || arm64) || purego || noasm

package half

// assembly is the implementations in assembly: none.
func assembly() []*Implementation { return nil }
