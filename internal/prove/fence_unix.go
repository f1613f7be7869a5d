//go:build unix

package prove

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const noFences = ""

// fenced is memory between two pages that can't be touched.
func fenced(t testing.TB, size int) []byte {
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	all, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Munmap(all) })
	require.NoError(t, unix.Mprotect(all[:page], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(all[page+size:], unix.PROT_NONE))
	return all[page : page+size : page+size]
}

func protect(b []byte, readOnly bool) error {
	if readOnly {
		return unix.Mprotect(b, unix.PROT_READ)
	}
	return unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE)
}
