package optim_test

import (
	"fmt"
	"log"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
)

// A loop with groups, clipping and a schedule. The model is y = w·x + b for the points of
// y = 3·x + 1; the bias doesn't decay.
func Example() {
	weight, bias := []float32{0}, []float32{0}
	gradW, gradB := make([]float32, 1), make([]float32, 1)
	config := lion.DefaultConfig()
	config.LR, config.WeightDecay = 0.02, 0.01
	groups := optim.SplitVectors(optim.Group{
		Config:   config,
		Schedule: optim.Warmup(20, optim.Cosine(380, 0)),
		Params: []*optim.Param{
			optim.F32("weight", weight, gradW, 1, 1),
			optim.F32("bias", bias, gradB),
		},
	})
	optimizer, err := optim.New(optim.Options{MaxNorm: 1}, groups...)
	if err != nil {
		log.Fatal(err)
	}
	for step := 1; step <= 400; step++ {
		gradW[0], gradB[0] = 0, 0
		for x := float32(-1); x <= 1; x += 0.5 {
			d := weight[0]*x + bias[0] - (3*x + 1)
			gradW[0] += d * x
			gradB[0] += d
		}
		report, err := optimizer.Step()
		if err != nil {
			log.Fatal(err)
		}
		if step%100 == 0 {
			fmt.Printf("step %d: rate %.4f\n", report.Step, report.Rates[0])
		}
	}
	fmt.Printf("y = %.0f·x + %.0f\n", weight[0], bias[0])
	// Output:
	// step 100: rate 0.0179
	// step 200: rate 0.0109
	// step 300: rate 0.0033
	// step 400: rate 0.0000
	// y = 3·x + 1
}

// A model in IEEE halves, with masters in float32: the loss is scaled, so that small
// gradients don't vanish, and a scale that makes one overflow costs a step.
func Example_lossScaling() {
	weights, grad := make([]lion.F16, 1), make([]lion.F16, 1)
	config := lion.DefaultConfig()
	config.LR = 1e-3
	optimizer, err := optim.New(optim.Options{LossScaling: optim.DefaultLossScaling()},
		optim.Group{Config: config, Params: []*optim.Param{optim.MasterF16("w", weights, grad)}})
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		// The loss (w − 0.5)², times LossScale; its gradient in halves, of at most 65504.
		w := weights[0].Float32()
		grad[0] = lion.ToF16(2 * (w - 0.5) * float32(optimizer.LossScale()))
		report, err := optimizer.Step()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("scale %v, skipped %v, w = %.3f\n", report.LossScale, report.Skipped, weights[0].Float32())
	}
	// Output:
	// scale 65536, skipped true, w = 0.000
	// scale 32768, skipped false, w = 0.001
	// scale 32768, skipped false, w = 0.002
}

// Save and resume: a State is names and slices. Package checkpoint, a module of its own,
// has the files.
func ExampleOptimizer_Restore() {
	grad := []float32{1, -1}
	begin := func() *optim.Optimizer {
		o, err := optim.New(optim.Options{}, optim.Group{Config: lion.DefaultConfig(), Params: []*optim.Param{
			optim.F32("w", make([]float32, 2), grad),
		}})
		if err != nil {
			log.Fatal(err)
		}
		return o
	}
	first := begin()
	if _, err := first.Step(); err != nil {
		log.Fatal(err)
	}
	saved := first.State()
	for _, t := range append(saved.Weights, saved.Tensors...) {
		fmt.Println(t.Name, t.Shape, t.Data)
	}

	second := begin()
	if err := second.Restore(saved); err != nil {
		log.Fatal(err)
	}
	report, err := second.Step()
	fmt.Println("step", report.Step, err)

	saved.Tensors = nil
	fmt.Println(second.Restore(saved))
	// Output:
	// w [2] [-0.0001 0.0001]
	// w.exp_avg [2] [0.01 -0.01]
	// step 2 <nil>
	// optim: state doesn't fit: w.exp_avg is missing
}

// Several processes train one model, of which each has a part, and leave a step out
// together: between the two halves of a step they agree.
func ExampleOptimizer_Check() {
	var processes []*optim.Optimizer
	for rank, grad := range [][]float32{{3}, {4}} {
		o, err := optim.New(optim.Options{MaxNorm: 1, NonFinite: optim.Skip}, optim.Group{Config: lion.DefaultConfig(), Params: []*optim.Param{
			optim.F32(fmt.Sprintf("part %d", rank), make([]float32, 1), grad),
		}})
		if err != nil {
			log.Fatal(err)
		}
		processes = append(processes, o)
	}
	// What each found is summed up, by whatever they talk to each other with.
	var sum optim.Report
	reports := make([]optim.Report, len(processes))
	for i, o := range processes {
		r, err := o.Check()
		if err != nil {
			log.Fatal(err)
		}
		reports[i] = r
		sum.SumSquares += r.SumSquares
		sum.NaNs += r.NaNs
		sum.Infs += r.Infs
		sum.Skipped = sum.Skipped || r.Skipped
	}
	for i, o := range processes {
		r := reports[i]
		r.SumSquares, r.NaNs, r.Infs, r.Skipped = sum.SumSquares, sum.NaNs, sum.Infs, sum.Skipped
		r, err := o.StepWith(r)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("process %d: step %d, norm %v, clipped by %v, skipped %v\n", i, r.Step, r.Norm, r.Clip, r.Skipped)
	}
	// Output:
	// process 0: step 1, norm 5, clipped by 0.2, skipped false
	// process 1: step 1, norm 5, clipped by 0.2, skipped false
}

// The embedding of a language model: a batch's gradient is of few rows.
func ExampleSetRows() {
	table := make([]float32, 4*2)
	config := lion.DefaultConfig()
	config.LR = 0.5
	p := optim.F32("embedding", table, nil, 4, 2)
	optimizer, err := optim.New(optim.Options{}, optim.Group{Config: config, Params: []*optim.Param{p}})
	if err != nil {
		log.Fatal(err)
	}
	if err := optim.SetRows(p, []int{3, 1}, []float32{1, -1, 2, 2}); err != nil {
		log.Fatal(err)
	}
	if _, err := optimizer.Step(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(table)
	// Output: [0 0 -0.5 -0.5 0 0 -0.5 0.5]
}
