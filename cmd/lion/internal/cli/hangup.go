//go:build !wasm

package cli

import "syscall"

// hangup is the end of the terminal.
var hangup = []Signal{{syscall.SIGHUP, 129, "interrupted by SIGHUP"}}
