package train

import (
	"fmt"
	"math"
	"strings"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/cmd/lion/internal/cli"
)

// maxMemory is what a training may take beside its data, in bytes: far more than
// it makes sense to train with this command, and little enough for a small
// machine not to die of it.
const maxMemory = 2 << 30

// check refuses what would take too much memory or end in an error later, before
// anything is allocated. inputs and classes are those of the data.
func (o options) check(inputs, classes, samples int) error {
	batch := min(o.batch, samples)
	if need := o.memory(inputs, classes, batch); need > maxMemory {
		return cli.Misusef("-hidden %s in batches of %d takes %.1f GiB of memory: more than %d GiB",
			o.hiddenText(), batch, need/(1<<30), maxMemory>>30)
	}
	batches := (samples + batch - 1) / batch
	if o.epochs > math.MaxInt/batches {
		return cli.Misusef("-epochs %d: too many", o.epochs)
	}
	if least, step := o.schedule.least(o.config, o.epochs*batches); step > 0 {
		if _, err := lion.New(least); err != nil {
			return cli.Misusef("-lr %g falls to %g in step %d: %w", o.config.LR, least.LR, step, err)
		}
	}
	return nil
}

// memory is what the network and its optimizer take, in bytes. It is a float64
// since it may be more than an int holds.
func (o options) memory(inputs, classes, batch int) float64 {
	sum, in := 4*float64(batch)*float64(inputs), float64(inputs)
	for _, out := range append(append([]int(nil), o.hidden...), classes) {
		out := float64(out)
		weights := (in + 1) * out
		sum += weights*float64(4+4+4+o.format.Held()) + // param, grad, weightT
			float64(batch)*out*(4+4) // output, dOutput
		in = out
	}
	return sum
}

// hiddenText writes the sizes of the hidden layers as -hidden has them.
func (o options) hiddenText() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(o.hidden), " ", ","), "[]")
}
