//go:build unix

package main

// goExplained are the mutants of Go that no test can notice.
var goExplained = explanations{}
