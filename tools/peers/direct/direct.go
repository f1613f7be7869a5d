// Package direct calls a C loop as Go calls assembly: on the goroutine's stack,
// with nothing in between. cgo's calls are something else to time. They tell the
// scheduler, which after some 20 µs gives the processor away and wakes a thread that
// looks for work. On one core that thread takes turns with the loop, and whichever
// side of a comparison is running then is up to 1.6 times too slow.
package direct

import "unsafe"

// Call runs the C function at f, which has the type of repeat in c/loop.c and needs
// less than 60 KiB of stack.
func Call(f, param, grad, momentum unsafe.Pointer, n int, k unsafe.Pointer, times int)
