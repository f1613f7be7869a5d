//go:build unix

package main

import "regexp"

// goExplained are the mutants of Go that no test can notice.
var goExplained = explanations{
	{regexp.MustCompile(`^mem\.go (Reads|Writes|Updates): `),
		"without a sanitizer they do nothing; the tests of builds with one see them"},
	{regexp.MustCompile(`^config\.go checkNumbers: {"Kappa", .* cfg\.Kappa > 0, .* → .* cfg\.Kappa >= 0, `),
		"New has made 0 into 1"},
}
