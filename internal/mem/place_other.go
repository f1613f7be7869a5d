//go:build !linux

package mem

// large does nothing: pages are what the system makes of them.
func large([]byte) {}
