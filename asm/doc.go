// Package asm is the workshop of the module's assembly: README.md says how to
// read and extend the .s files, and the tests check what was assembled. It
// exports nothing.
package asm
