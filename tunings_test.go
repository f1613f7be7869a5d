//go:build !amd64 || purego || noasm

package lion

// tunings: there are none.
func tunings(int) []tuning { return nil }
