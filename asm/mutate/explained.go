//go:build unix

package main

import "regexp"

// explanations are the mutants that no test can notice, by their names, and why.
var explanations = []struct {
	mutants *regexp.Regexp
	why     string
}{
	{regexp.MustCompile(`AVX2: JGE loop → (deleted|JGT loop)$|AVX2: JLT tail → JLE tail$`),
		"the loop over pairs of vectors ends early, and the loop over single elements does the rest: slower, to the same bits"},
}

// explanation returns the index of what explains m, or -1.
func explanation(m mutant) int {
	for i, e := range explanations {
		if e.mutants.MatchString(m.String()) {
			return i
		}
	}
	return -1
}

// why says why no test can notice m, "" if one should.
func why(m mutant) string {
	if i := explanation(m); i >= 0 {
		return explanations[i].why
	}
	return ""
}
