//go:build unix

package main

import (
	"cmp"
	"fmt"
	"os"
	"sync"
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
	var mu sync.Mutex
	results := make([]result, len(all))
	progress := newProgress(len(all))
	var failed error
	each(jobs, len(all), func(job, i int) {
		res, err := r.try(all[i], job, short)
		mu.Lock()
		defer mu.Unlock()
		failed = cmp.Or(failed, err)
		results[i] = res
		if res == survived && goExplained.of(all[i]) < 0 {
			fmt.Println("survived:", all[i])
		}
		progress.add(1)
	})
	return results, failed
}
