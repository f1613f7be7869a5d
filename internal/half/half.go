// Package half holds what there is to numbers of 16 bits: their conversions, rounding
// at random, the storages that steps use them in, and the kernels that make a step in
// one pass over such a storage. It checks nothing: slices are pointers here, and the
// caller has seen to their lengths.
package half

// An Implementation is one way to run all of it.
type Implementation struct {
	Name string
	Converters
	Fused Fused // none, of generic
	Units bool  // fused kernels get whole Units; the rest is stepped in a copy
}

// Implementations are those of this build, best first, generic last. Whether one can run
// here is for its user to know.
var Implementations = append(assembly(), &Implementation{Name: "generic", Converters: genericConverters})

// Named returns the implementation of that name, nil if there is none.
func Named(name string) *Implementation {
	for _, im := range Implementations {
		if im.Name == name {
			return im
		}
	}
	return nil
}

// chunk is how many elements assembly gets at once: it can't be preempted, so that a
// stop-the-world waits for one chunk at most.
const chunk = 16 << 10
