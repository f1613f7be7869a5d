//go:build asan || msan

// Nothing: see poison_asan.go.
