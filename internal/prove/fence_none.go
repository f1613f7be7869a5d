//go:build !unix

package prove

import (
	"runtime"
	"testing"
)

const noFences = runtime.GOOS + " has no memory protection that this knows"

func fenced(testing.TB, int) []byte { panic(noFences) }

func protect([]byte, bool) error { panic(noFences) }
