package optim

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/lionkernel/lion"
)

// A plan is how the next steps are cut. It holds until slices change.
type plan struct {
	// pieces are the dense gradients' tensors, whole or cut, group by group and in the
	// order of the parameters; about has the same order.
	pieces []lion.Tensor
	about  []piece
	jobs   []job
	parts  []lion.StatsPart // of the pieces of tensors that are cut
	stats  []lion.Stats     // of the parameters
	agree  []atomic.Int64   // of the parameters: how many elements agree, for a CautiousScale
	spans  []span           // for the search for overlaps
	bytes  int              // that a step moves
	scaled bool             // a group has a CautiousScale
	grads  int              // bytes of the gradients
}

// A piece is what part of which parameter one of the pieces is.
type piece struct {
	param int
	from  int // its first element
	part  int // its index in parts; -1 if it is the whole tensor
}

// A job is what a worker does at once: some pieces of one group, or the sparse rows of a
// parameter.
type job struct {
	group    int
	from, to int // of the pieces
	rows     *Param
}

// A span is memory that a step works on.
type span struct {
	begin, end uintptr
	param      int
	name       string
}

// What a job is at most, in elements, for each worker to have some: from 16 Ki on, where
// a step takes a microsecond or so, to what takes 100 µs in memory. All are multiples of
// lion.StatsBlock, as cuts must be.
const (
	leastUnit = 4 * lion.StatsBlock
	mostUnit  = 64 * lion.StatsBlock
	perWorker = 8
)

// unit is how many elements a job has.
func (o *Optimizer) unit() int {
	if o.workers == 1 {
		return o.elements + 1
	}
	u := o.elements / (o.workers * perWorker)
	return max(leastUnit, min(u/lion.StatsBlock*lion.StatsBlock, mostUnit))
}

// prepare checks the slices and cuts the work. It allocates only the first time.
func (o *Optimizer) prepare() error {
	o.stale = true
	pl := &o.plan
	pl.pieces, pl.about, pl.jobs, pl.spans = pl.pieces[:0], pl.about[:0], pl.jobs[:0], pl.spans[:0]
	pl.bytes, pl.grads, pl.scaled = 0, 0, false
	c := cutter{plan: pl, unit: o.unit()}
	for group := range o.groups {
		c.begin(group)
		pl.scaled = pl.scaled || o.counts(group)
		for _, p := range o.groups[group].Params {
			o.claim(p)
			if p.missing() {
				continue
			}
			pl.bytes += p.storage.bytes * p.grad.n
			pl.grads += p.grad.bytes()
			if err := c.add(p); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
		c.end()
	}
	if cap(pl.parts) < c.parts {
		pl.parts = make([]lion.StatsPart, c.parts)
	}
	pl.parts = pl.parts[:c.parts]
	if pl.stats == nil {
		pl.stats, pl.agree = make([]lion.Stats, len(o.params)), make([]atomic.Int64, len(o.params))
	}
	if err := o.checkApart(); err != nil {
		return err
	}
	o.stale = false
	return nil
}

// A cutter cuts parameters into pieces, and makes jobs of these.
type cutter struct {
	*plan
	unit  int // elements of a job, at most
	parts int // of tensors that are cut
	open  job
	size  int // of open
}

// begin begins a job.
func (c *cutter) begin(group int) {
	c.open, c.size = job{group: group, from: len(c.pieces), to: len(c.pieces)}, 0
}

// end ends a job.
func (c *cutter) end() {
	if c.size > 0 {
		c.jobs = append(c.jobs, c.open)
	}
	c.begin(c.open.group)
}

// add adds a parameter that has a gradient.
func (c *cutter) add(p *Param) error {
	if p.rows != nil {
		c.jobs = append(c.jobs, job{group: p.group, rows: p})
		return p.checkRows()
	}
	t, err := p.storage.tensor(p)
	if err != nil {
		return err
	}
	for from := 0; from < t.Len(); {
		n := min(t.Len()-from, c.unit)
		about := piece{p.index, from, -1}
		if n < t.Len() {
			about.part = c.parts
			c.parts++
		}
		if c.size+n > c.unit {
			c.end()
		}
		c.pieces, c.about = append(c.pieces, t.Slice(from, from+n)), append(c.about, about)
		c.open.to++
		c.size += n
		from += n
	}
	return nil
}

// checkRows refuses rows out of range and rows listed twice, and a table that isn't as
// long as its momentum can't be.
func (p *Param) checkRows() error {
	n := p.shape[0]
	words := (n + 63) / 64
	if len(p.seen) < words {
		p.seen = make([]uint64, words)
	}
	var err error
	checked := len(p.rows)
	for i, r := range p.rows {
		if r < 0 || r >= n {
			err = fmt.Errorf("%w: rows[%d] = %d, but the table has %d rows", lion.ErrRows, i, r, n)
			checked = i
			break
		}
		if p.seen[r/64]&(1<<(r%64)) != 0 {
			err = fmt.Errorf("%w: rows[%d] and rows[%d] are both %d", lion.ErrRows, slices.Index(p.rows, r), i, r)
			checked = i
			break
		}
		p.seen[r/64] |= 1 << (r % 64)
	}
	for _, r := range p.rows[:checked] {
		p.seen[r/64] = 0
	}
	return err
}

// claim notes the memory of p.
func (o *Optimizer) claim(p *Param) {
	for _, x := range [...]struct {
		array
		name string
	}{{p.weights, "weights"}, {p.grad, "grad"}, {p.momentum, momentumName}, {p.extra, p.storage.extraName}} {
		if x.n > 0 {
			at := uintptr(x.at)
			o.spans = append(o.spans, span{at, at + uintptr(x.bytes()), p.index, x.name})
		}
	}
}

// checkApart refuses memory that is claimed twice: sorted, it is that of neighbours.
func (o *Optimizer) checkApart() error {
	slices.SortFunc(o.spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	for i := 1; i < len(o.spans); i++ {
		a, b := o.spans[i-1], o.spans[i]
		if a.end > b.begin {
			return fmt.Errorf("%w: %s of %s and %s of %s share %d bytes", lion.ErrOverlap,
				a.name, o.params[a.param].name, b.name, o.params[b.param].name, min(a.end, b.end)-b.begin)
		}
	}
	return nil
}
