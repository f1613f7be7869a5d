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
	{regexp.MustCompile(`^avx2\.h (FINISH|INTERP|STEP|PLAINSTEP|FIRST): ADD (Y[02], )?(MSUM, )?(Y7, Y7|MSUM) → SUB `),
		"sums of what was written are there for NaN alone, which sticks to a difference as to a sum"},
	{regexp.MustCompile(`^avx2\.h FINISH: CMP \$3, Y7, Y7, Y7 → CMP \$3, Y6, Y7, Y7$`),
		"where Y6 is NaN, Y7 is, to which it was added; the 16-bit formats hold no NaN in it"},
	{regexp.MustCompile(`^avx2\.h SETUP: VXORPS Y15, Y15, Y15 → (deleted|VORPS )`),
		"Go's own calls leave X15 zero; kernels don't rely on it, since their convention doesn't promise it"},
	{regexp.MustCompile(`^avx2\.h SETUP: VXORPS Y12, Y14, Y14 → VORPS `),
		"LR is never negative, so that setting its sign and flipping it are the same"},
	{regexp.MustCompile(`^avx2\.h AGREE: CMP \$12, g, Y15, Y4 → CMP \$4, `),
		"only a NaN gradient makes a difference, and there c is NaN too, whose own comparison gives no step"},
	{regexp.MustCompile(`^kahan_amd64\.s UP: VPSRLD \$16, x, a → VPSRAD `),
		"only the lowest bit is kept"},
	{regexp.MustCompile(`^kahan_amd64\.s JOINKAHAN: VPMOVZXWD (p, Y0|c, Y1) → VPMOVSXWD `),
		"the upper halves are shifted out"},
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
