package train

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// matmul computes the two matrix products that a network needs. Matrices lie
// row by row, without gaps.
//
// There is no product with a transposed right side: gonum computes that one
// with a dot product whose order of summation depends on the alignment of the
// memory, so that two runs of one program could differ.
type matmul interface {
	// mul adds A·B to C: A is m×k, B is k×n, C is m×n.
	mul(c, a, b []float32, m, k, n int)
	// mulTransA adds Aᵀ·B to C: A is k×m, B is k×n, C is m×n.
	mulTransA(c, a, b []float32, m, k, n int)
}

// plain is matmul in plain Go. Each product is converted before it is added:
// no compiler may fuse the two, and the result is the same bits on every
// architecture.
type plain struct{}

func (plain) mul(c, a, b []float32, m, k, n int) {
	for i := range m {
		row := c[i*n : i*n+n]
		for l, x := range a[i*k : i*k+k] {
			axpy(x, b[l*n:l*n+n], row)
		}
	}
}

func (plain) mulTransA(c, a, b []float32, m, k, n int) {
	for l := range k {
		row := b[l*n : l*n+n]
		for i, x := range a[l*m : l*m+m] {
			axpy(x, row, c[i*n:i*n+n])
		}
	}
}

// axpy adds x times each element of b to that of c. It skips x = 0: half of
// what a ReLU lets through is zero.
func axpy(x float32, b, c []float32) {
	if x == 0 {
		return
	}
	c = c[:len(b)]
	for j, y := range b {
		c[j] += float32(x * y)
	}
}

// gonum is matmul through gonum's blas32, faster for large matrices. It gives
// each block of C to one goroutine, which sums in a fixed order: the bits
// don't depend on the number of cores. They may depend on the architecture,
// since gonum's Go code, unlike its amd64 assembly, can be fused.
type gonum struct{}

func (gonum) mul(c, a, b []float32, m, k, n int) {
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, general(a, m, k), general(b, k, n), 1, general(c, m, n))
}

func (gonum) mulTransA(c, a, b []float32, m, k, n int) {
	blas32.Gemm(blas.Trans, blas.NoTrans, 1, general(a, k, m), general(b, k, n), 1, general(c, m, n))
}

func general(x []float32, rows, cols int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: x}
}
