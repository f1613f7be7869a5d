//go:build !(amd64 || arm64) || purego || noasm

package stats

// assembly is the implementations in assembly: none.
func assembly() []*Implementation { return nil }
