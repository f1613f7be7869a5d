//go:build unix

package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// each calls f for the numbers below n, several jobs at a time.
func each(jobs, n int, f func(job, i int)) {
	work := make(chan int)
	var wg sync.WaitGroup
	for job := range min(jobs, n) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range work {
				f(job, i)
			}
		}()
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

// progress says how many mutants have been tried. It is used by one at a time.
type progress struct {
	done, all int
	started   time.Time
}

func newProgress(all int) *progress { return &progress{all: all, started: time.Now()} }

func (p *progress) add(n int) {
	p.done += n
	fmt.Fprintf(os.Stderr, "\r%d of %d, %v ", p.done, p.all, time.Since(p.started).Round(time.Second))
	if p.done == p.all {
		fmt.Fprintln(os.Stderr)
	}
}
