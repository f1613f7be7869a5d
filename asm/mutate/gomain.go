//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"sync"
	"time"
)

// mutateGo tries mutants of the Go around the kernels and says whether all that
// survived are explained.
func mutateGo(c choice, files []string, jobs int, short, list bool) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	r, err := newGoRun(dir, files)
	if err != nil {
		return false, err
	}
	all, err := choose(c, r.all)
	if err != nil {
		return false, err
	}
	if list {
		for _, m := range all {
			fmt.Println(m)
		}
		return true, nil
	}
	if err := r.prepare(all); err != nil {
		return false, err
	}
	results, err := r.tryAll(all, jobs, short)
	if err != nil {
		return false, err
	}
	return report(all, results, goExplained, []result{nearTests, shortTests, allTests, tooLong}, c.whole() && len(files) == 0), nil
}

// tryAll tries the mutants, several at a time, and returns what became of each.
func (r *goRun) tryAll(all []*goMutant, jobs int, short bool) ([]result, error) {
	var (
		mu      sync.Mutex
		wg      sync.WaitGroup
		work    = make(chan int)
		results = make([]result, len(all))
		failed  error
		done    int
		started = time.Now()
	)
	for j := range min(jobs, len(all)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range work {
				res, err := r.try(all[i], j, short)
				mu.Lock()
				failed = cmp.Or(failed, err)
				results[i] = res
				if done++; res == survived && goExplained.of(all[i]) < 0 {
					fmt.Println("survived:", all[i])
				}
				fmt.Fprintf(os.Stderr, "\r%d of %d, %v ", done, len(all), time.Since(started).Round(time.Second))
				mu.Unlock()
			}
		}()
	}
	for i := range all {
		work <- i
	}
	close(work)
	wg.Wait()
	fmt.Fprintln(os.Stderr)
	return results, failed
}
