package optim

import (
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAgreementSees plants faults in the plan of a model's steps, which the comparison
// with single calls must see. By one worker: some make two step one tensor at once.
func TestAgreementSees(t *testing.T) {
	random := configs()[9]
	for _, c := range []struct {
		name   string
		config lion.Config
		spoil  func(o *Optimizer)
	}{
		{"", random, func(*Optimizer) {}},
		{"a job is lost", random, func(o *Optimizer) { o.jobs = o.jobs[:len(o.jobs)-1] }},
		{"a job is done twice", random, func(o *Optimizer) { o.jobs = append(o.jobs, o.jobs[0]) }},
		{"a job leaves a piece out", random, func(o *Optimizer) { o.jobs[0].to-- }},
		{"a job has a piece too many", random, func(o *Optimizer) { o.jobs[0].to++ }},
		{"a job is of another group", random, func(o *Optimizer) { o.jobs[0].group = 1 }},
		{"a piece lacks an element", random, func(o *Optimizer) {
			p := &o.pieces[len(o.pieces)-1]
			*p = p.Slice(0, p.Len()-1)
		}},
		{"a piece draws as another", random, func(o *Optimizer) { o.pieces[0] = o.pieces[0].From(1) }},
		{"a part is another's", random, func(o *Optimizer) { o.about[0].param++ }},
		{"a part stands for the whole", random, func(o *Optimizer) { o.about[1].part = -1 }},
		{"a state is another's", random, func(o *Optimizer) { o.step++ }},
		{"the rate isn't the schedule's", random, func(o *Optimizer) { o.groups[1].Schedule = nil }},
		{"a scale is forgotten", random, func(o *Optimizer) { o.groups[0].Config.GradScale = 1 }},
		{"the norm doesn't clip", random, func(o *Optimizer) { o.options.MaxNorm = 1e9 }},
		{"a cautious tensor's count is another's", configs()[4], func(o *Optimizer) { o.about[0].param++ }},
		{"a cautious tensor isn't counted", configs()[4], func(o *Optimizer) { o.scaled = false }},
	} {
		c.config.GradScale = 0.5
		workers := 1
		if c.name == "a part stands for the whole" { // which shows where there are several
			workers = 2
		}
		m := newModel(t, Options{Workers: workers, MaxNorm: 0.01}, groupsOf(c.config, random), []int{3, 3, 0}, []int{2*leastUnit + 100, 300, 700}, []int{0, 1})
		require.False(t, m.opt.stale)
		c.spoil(m.opt)
		err := m.agree(3, wave)
		assert.Equal(t, c.name != "", err != nil, "%s: %v", c.name, err)
	}
}
