package optim

// parallel does all jobs, on as many goroutines as there are workers, of which the
// caller's is one. All are done when it returns.
func (o *Optimizer) parallel(phase func(o *Optimizer, job int)) error {
	o.phase = phase
	o.next.Store(0)
	others := min(o.workers, len(o.jobs)) - 1
	if others > 0 {
		o.wait.Add(others)
	}
	for range others {
		go o.work() // a func value: a method's receiver would be allocated
	}
	o.drain()
	o.wait.Wait()
	if err := o.failed.Swap(nil); err != nil {
		return *err
	}
	return nil
}

// drain does jobs until there are none.
func (o *Optimizer) drain() {
	for {
		i := int(o.next.Add(1)) - 1
		if i >= len(o.jobs) {
			return
		}
		o.phase(o, i)
	}
}

// fail keeps an error of a job.
func (o *Optimizer) fail(err error) {
	if err != nil {
		o.keep(err)
	}
}

// keep is not inlined: where it is, each error would be on the heap, nil too.
//
//go:noinline
func (o *Optimizer) keep(err error) { o.failed.Store(&err) }
