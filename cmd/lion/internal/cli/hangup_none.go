//go:build wasm

package cli

// hangup is a signal that wasm doesn't know.
var hangup []Signal
