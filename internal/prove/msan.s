//go:build msan

// Nothing: see msan.go.
