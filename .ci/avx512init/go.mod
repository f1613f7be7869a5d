module github.com/lionkernel/lion/ci/avx512init

go 1.24
