// Package optim steps a whole model by the Lion optimizer: many tensors in any of lion's
// storages, in one call, on as many cores as pay, to the bits of a call of lion's for
// each.
//
//	optimizer, err := optim.New(optim.Options{MaxNorm: 1}, optim.Group{Config: cfg, Params: params})
//	for … {
//		…                                // gradients into the slices
//		report, err := optimizer.Step()  // all tensors, all workers
//	}
//
// Parameters refer to the caller's slices of weights and gradients; the optimizer owns the
// rest: momenta, float32 masters, compensations. Groups have their own hyperparameters
// and schedule. Around the step there are the global norm, clipping by it, steps left out
// because a gradient isn't finite, loss scaling, and a state that can be saved and
// restored.
//
// # A step
//
// Step t is counted from 1 and belongs to the state; one that is skipped isn't counted.
// Group i steps by the learning rate η = LR·Schedule(t), and by the gradient scale
// s = (GradScale/LossScale)·clip, in float64 and in this order, which goes into lion's
// constants and costs no pass. clip is 1 unless clipping makes it less: MaxNorm/Norm,
// or MaxTensorNorm over the parameter's own norm, √((s·s)·SumSquares) with clip 1.
//
// All is checked before the first write: lengths, rows, learning rates, and that no two
// slices of any two parameters share memory. The slices are checked again only after one
// was set anew. A step allocates nothing and leaves no goroutine behind.
//
// Work is cut between and within tensors, at multiples of lion.StatsBlock. The bits
// depend neither on the cuts nor on the number of workers, nor on the implementation. For a
// lion.CautiousScale, which looks at whole tensors, a pass before the step counts.
package optim
