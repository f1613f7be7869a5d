package checkpoint_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"github.com/lionkernel/lion/optim/checkpoint"
)

// A run is saved after its first step, and goes on in another process.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "run.safetensors")
	begin := func(weights []float32) *optim.Optimizer {
		config := lion.DefaultConfig()
		config.LR = 0.5
		o, err := optim.New(optim.Options{}, optim.Group{Config: config, Params: []*optim.Param{
			optim.F32("layer.weight", weights, []float32{1, -1}, 2, 1),
		}})
		if err != nil {
			log.Fatal(err)
		}
		return o
	}
	first := begin([]float32{3, 4})
	if _, err := first.Step(); err != nil {
		log.Fatal(err)
	}
	if err := checkpoint.Save(path, first.State(), nil); err != nil {
		log.Fatal(err)
	}

	weights := make([]float32, 2)
	second := begin(weights)
	if err := checkpoint.Load(path, second); err != nil {
		log.Fatal(err)
	}
	fmt.Println("loaded", weights)
	report, err := second.Step()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("step", report.Step, weights)
	file, err := checkpoint.Read(path)
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range file.Tensors {
		fmt.Println(t.Name, t.Shape, t.Data)
	}
	// Output:
	// loaded [2.5 4.5]
	// step 2 [2 5]
	// layer.weight [2 1] [2.5 4.5]
	// layer.weight.exp_avg [2 1] [0.01 -0.01]
}
