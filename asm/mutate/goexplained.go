//go:build unix

package main

import "regexp"

// goExplained are the mutants of Go that no test can notice.
var goExplained = explanations{
	{regexp.MustCompile(`^mem\.go (Reads|Writes|Updates): `),
		"without a sanitizer they do nothing; the tests of builds with one see them"},
	{regexp.MustCompile(`^config\.go checkNumbers: {"Kappa", .* cfg\.Kappa > 0, .* → .* cfg\.Kappa >= 0, `),
		"New has made 0 into 1"},
	{regexp.MustCompile(`^config\.go inRange: .* → .*( < most| > -most)`),
		"what it doesn't let pass, checkNumbers looks at, which does"},
	{regexp.MustCompile(`^kernel_generic\.go \w+: grad(, momentum)? = grad\[:len\(param\)\](, momentum\[:len\(param\)\])? → deleted$`),
		"it spares the loop checks of bounds"},
	{regexp.MustCompile(`^plan\.go \w+: runChunk\[T\]\(.*\) → runKernel\[T\]\(`),
		"a tile is less than a chunk"},
	{regexp.MustCompile(`^step\.go StepF(32|64): if .*short\(p, g, m, n, [48]\) { → .*short\((p, m, g|g, p, m|m, g, p), n, [48]\) {$`),
		"it asks the same of each two of the three"},
	{regexp.MustCompile(`^kernel_generic\.go \w+: sum \+= p \+ m → sum -= p \+ m$`),
		"sums are there for NaN alone, which sticks to a difference as to a sum"},
}
