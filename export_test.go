package lion

import "testing"

// For tests outside of the package.

// EachImplementation is eachImplementation, which conversions and statistics use too
// meanwhile.
func EachImplementation(t *testing.T, f func(t *testing.T, impl string)) {
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		f(t, implementations[impl].name)
	})
}

// Variants are all rules, decays and scales.
func Variants() []Config { return variants(decaying()) }

// CallsOfSlices are the names of all that works on several slices. (What makes a Tensor
// keeps them.)
func CallsOfSlices(t *testing.T) (names []string) {
	for _, c := range sliceCalls(t) {
		if !c.tensor() {
			names = append(names, c.name)
		}
	}
	return names
}
