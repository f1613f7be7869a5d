//go:build !race && !asan && !msan

package mem_test

const report = ""
