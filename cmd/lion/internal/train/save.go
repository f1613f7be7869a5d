package train

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lionkernel/lion/cmd/lion/internal/cli"
	"github.com/lionkernel/lion/optim/checkpoint"
)

// runKey is what a file's metadata has the flags under that a run can't go on without.
const runKey = "train"

// text is all that decides what the weights become.
func (o options) text(data string) string {
	c := o.config
	return strings.Join([]string{
		"data " + strconv.Quote(data), "epochs " + strconv.Itoa(o.epochs), "batch " + strconv.Itoa(o.batch),
		"hidden " + o.hiddenText(), "seed " + strconv.FormatUint(o.seed, 10), "format " + o.format.Name,
		fmt.Sprintf("lr %v beta1 %v beta2 %v weight-decay %v rule %v decay %v", c.LR, c.Beta1, c.Beta2, c.WeightDecay, c.Rule, c.Decay),
		fmt.Sprintf("clip %v schedule %s", o.clip, o.schedule.name),
	}, "; ")
}

// saveRun writes the state of the run to its file, if it is to have one.
func (t *trainer) saveRun() error {
	if t.save == "" {
		return nil
	}
	err := checkpoint.Save(t.save, t.opt.State(), map[string]string{runKey: t.text(t.data.name)})
	if err != nil {
		return fmt.Errorf("-save: %w", err)
	}
	return nil
}

// restore makes the state that of a file, and the order of the samples that of the epochs
// that have been made.
func (t *trainer) restore() error {
	f, err := checkpoint.Read(t.resume)
	if err != nil {
		return fmt.Errorf("-resume: %w", err)
	}
	if got, want := f.Metadata[runKey], t.text(t.data.name); got != want {
		return cli.Misusef("-resume %s: it was trained with other flags, or by another program:\n\t%s\nnot with\n\t%s", t.resume, got, want)
	}
	if err := checkpoint.Load(t.resume, t.opt.Optimizer); err != nil {
		return fmt.Errorf("-resume: %w", err)
	}
	if t.opt.done() > t.opt.steps {
		return fmt.Errorf("-resume: %s: %d steps, but the run has %d", t.resume, t.opt.done(), t.opt.steps)
	}
	for range t.opt.done() / t.batches() {
		t.random.Shuffle(t.order)
	}
	return nil
}
