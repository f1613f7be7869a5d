package verify

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// digestShown is how many hexadecimal digits of a SHA-256 are printed and
// published.
const digestShown = 16

// published are the digests of the fixed part, by subject. They don't depend on
// the machine: one that gets others computes something else.
var published = map[string]string{
	"f32 paper":                "a0351b325df9f780",
	"f32 momentum-first":       "2af876f5c2bfb4f0",
	"f32 bias-corrected":       "2cbd9ebf054d719c",
	"f32 cautious":             "78afd2fc19036e8f",
	"f32 refined":              "5a3dc8cbfc97cfcd",
	"f32 smooth":               "95e9e27c7ee74138",
	"f64 paper":                "fad08824581af5b1",
	"f64 momentum-first":       "d6cfd09ec7111ec8",
	"f64 bias-corrected":       "45fcff6d64cc7282",
	"f64 cautious":             "f3f4d8d8d270bb2d",
	"f64 refined":              "402a0bc1db57d353",
	"f64 smooth":               "f34513db82fb96cb",
	"bf16 paper":               "321c2671395b5ea2",
	"bf16 cautious":            "a418fe7c7f31c877",
	"bf16 others":              "4f5ce6c5e9b05a44",
	"bf16 stochastic":          "567d78ac07402a59",
	"f16 paper":                "38a8280e1b0429ab",
	"f16 cautious":             "755078ce8339e8f3",
	"f16 others":               "57abbf8de70f8a05",
	"f16 stochastic":           "eaea09b8f69d703e",
	"master-bf16 paper":        "c2d32fca8cec2dda",
	"master-bf16 cautious":     "28b8387ceb44b919",
	"master-bf16 others":       "0684b009c39bea30",
	"master-bf16-m16 paper":    "72536d2665a60929",
	"master-bf16-m16 cautious": "7e57052214d8f9ff",
	"master-bf16-m16 others":   "973130fbfe3c7743",
	"master-f16 paper":         "def890bedbec302c",
	"master-f16 cautious":      "9f894e5bd2231b64",
	"master-f16 others":        "25153072cb038f0d",
	"f32m16 paper":             "feae365477d9cf76",
	"f32m16 cautious":          "c0aac929cbeaf827",
	"f32m16 others":            "d1b4c5fc44ab6208",
	"split paper":              "2f339346c7973fc1",
	"split cautious":           "f20e1f6c56b25d81",
	"split others":             "c8ef387455afa15c",
	"kahan paper":              "9ae70b88c6d4a5be",
	"kahan cautious":           "6ca4aa009d2d4b91",
	"kahan others":             "a79c9ee763f1848b",
	"f32 rows all":             "0c30cf3069845a0a",
	"f64 rows all":             "d66b3e3068a2ded5",
	"bf16 NarrowBF16":          "97324e6d200f7410",
	"bf16 WidenBF16":           "13d243bd55e8bf59",
	"f16 NarrowF16":            "094caf205a555de1",
	"f16 WidenF16":             "5fecb8a265ddc77e",
	"bf16 ToBF16":              "97324e6d200f7410",
	"bf16 BF16.Float32":        "13d243bd55e8bf59",
	"f16 ToF16":                "094caf205a555de1",
	"f16 F16.Float32":          "5fecb8a265ddc77e",
	"kahan KahanBF16":          "4c96ff70802f011d",
	"split Split":              "63e60639e36ff8e4",
	"split Join":               "2445b771f77e543e",
	"f32 GradStats":            "037f0a3340acd3d3",
	"f64 GradStats":            "3914232d18eb26ba",
	"bf16 GradStats":           "cfee3a1c9a5f6a8d",
	"f16 GradStats":            "cba5275d3b7e4975",
}

// print writes a line for each subject and implementation, and returns an error
// if anything was wrong, else stopped. With that some subjects may have no digest.
func (v *verifier) print(stopped error) error {
	interrupted := stopped != nil
	w := tabwriter.NewWriter(v.stdout, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "implementation\tformat\trule or function\telements\tmismatches\tdigest\t")
	var faults []string
	for _, s := range v.subjects {
		for _, x := range v.contenders(s) {
			t := v.tallies[s.String()][x.name]
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", x.name, s.routine.name, s.rule.name, cli.Thousands(t.elements), cli.Thousands(t.mismatches), cmp.Or(t.digest, "interrupted"))
			if t.mismatches > 0 {
				faults = append(faults, fmt.Sprintf("%s, %v: %s mismatches", x.name, s, cli.Thousands(t.mismatches)))
			}
			if want := published[s.String()]; t.digest != want && (t.digest != "" || !interrupted) {
				faults = append(faults, fmt.Sprintf("%s, %v: digest %s, published %s", x.name, s, t.digest, want))
			}
		}
	}
	w.Flush()
	if len(faults) > 0 {
		when := ""
		if interrupted {
			when = ", even before the interrupt"
		}
		return fmt.Errorf("this machine fails%s:\n  %s", when, strings.Join(faults, "\n  "))
	}
	if interrupted {
		fmt.Fprintln(v.stdout, "\nInterrupted; until then all gave the same bits.")
		return stopped
	}
	what := "Every implementation"
	if v.partial {
		what = "What was compared"
	}
	fmt.Fprintf(v.stdout, "\n%s gives the same bits, and they are those published.\n", what)
	return nil
}
