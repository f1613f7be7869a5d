//go:build !race && !asan && !msan

package mem

const report = ""
