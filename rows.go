package lion

import (
	"fmt"
	"unsafe"
)

// StepRowsF32 steps some rows of a table, such as an embedding, whose gradient
// is sparse. param and momentum hold the whole table, rows of width elements one
// after the other; grad holds a gradient row for each index in rows, in that
// order. The bits are those of StepF32 on each listed row.
//
// This is lazy Lion: a row that isn't listed keeps its weights and its momentum.
// Its decay stands still, and its momentum is as strong when it comes back as
// when it left, where the dense step would have let it fade and would have moved
// the weight by η at each step meanwhile. For CautiousScale the tensor is the
// listed rows together.
//
// The error wraps ErrRows if a row is out of range or listed twice, ErrLength if
// width < 1, if the lengths of param and momentum differ or aren't a multiple of
// width, or if len(grad) is not len(rows)·width, and ErrOverlap if two slices
// share memory; then nothing has been written. It allocates nothing. Rows in
// increasing order are checked fastest.
//
//go:noinline
func (s Stepper) StepRowsF32(param, momentum []float32, width int, rows []int, grad []float32) error {
	return stepRows(&s, f32, &s.f32, param, momentum, width, rows, grad)
}

// StepRowsF64 is StepRowsF32 for float64.
//
//go:noinline
func (s Stepper) StepRowsF64(param, momentum []float64, width int, rows []int, grad []float64) error {
	return stepRows(&s, f64, &s.f64, param, momentum, width, rows, grad)
}

// stepRows checks and steps rows. Its callers are not inlined: see step.
func stepRows[T float](s *Stepper, f format, c *coef[T], param, momentum []T, width int, rows []int, grad []T) error {
	if !s.plan.ready {
		return s.unready()
	}
	if err := checkTable(len(param), len(momentum), width, len(rows), len(grad)); err != nil {
		return err
	}
	if err := checkRows(rows, len(param)/width); err != nil {
		return err
	}
	p, g, m := data(param), data(grad), data(momentum)
	size := int(unsafe.Sizeof(T(0)))
	if err := checkApart(span{"param", p, len(param) * size}, span{"grad", g, len(grad) * size}, span{"momentum", m, len(momentum) * size}); err != nil {
		return err
	}
	row := func(i int) args {
		at := rows[i] * width
		raceWrite(param[at : at+width])
		raceRead(grad[i*width : (i+1)*width])
		raceWrite(momentum[at : at+width])
		return args{param: unsafe.Add(p, at*size), grad: unsafe.Add(g, i*width*size), momentum: unsafe.Add(m, at*size), n: width, c: noescape(unsafe.Pointer(c))}
	}
	ks := &implementations[s.impl].kernels[f]
	unit := 1.0
	if s.plan.scale != ScaleNone {
		k := 0
		for i := range rows {
			k += count[T](ks, s.plan, row(i))
		}
		unit = cautiousScale(s.plan.scale, k, len(rows)*width)
	}
	for i := range rows {
		runScaled(ks, s.plan, c, s.f64.lr, unit, row(i))
	}
	return nil
}

// checkTable checks the lengths of a table and its gradient rows.
func checkTable(param, momentum, width, rows, grad int) error {
	switch {
	case width < 1:
		return fmt.Errorf("%w: width = %d must be at least 1", ErrLength, width)
	case param != momentum:
		return fmt.Errorf("%w: len(param) = %d, len(momentum) = %d", ErrLength, param, momentum)
	case param%width != 0:
		return fmt.Errorf("%w: len(param) = %d is no multiple of width = %d", ErrLength, param, width)
	case grad%width != 0 || grad/width != rows:
		return fmt.Errorf("%w: len(grad) = %d, but len(rows)·width = %d·%d", ErrLength, grad, rows, width)
	}
	return nil
}

// checkRows refuses rows outside of [0, n) and rows listed twice. Where they
// don't increase it marks them in a bitmap on the stack, a stretch of the table
// at a time.
func checkRows(rows []int, n int) error {
	increase := true
	for i, r := range rows {
		if r < 0 || r >= n {
			return fmt.Errorf("%w: rows[%d] = %d, but the table has %d", ErrRows, i, r, n)
		}
		increase = increase && (i == 0 || rows[i-1] < r)
	}
	if increase {
		return nil
	}
	const stretch = 1 << 16
	for lo := 0; lo < n; lo += stretch {
		var seen [stretch / 64]uint64
		for i, r := range rows {
			if r < lo || r-lo >= stretch {
				continue
			}
			word, bit := (r-lo)/64, uint64(1)<<((r-lo)%64)
			if seen[word]&bit != 0 {
				return fmt.Errorf("%w: rows[%d] = %d stands there twice", ErrRows, i, r)
			}
			seen[word] |= bit
		}
	}
	return nil
}

// checkApart refuses spans, counted in bytes, that share memory.
func checkApart(spans ...span) error {
	for i, a := range spans {
		for _, b := range spans[:i] {
			if n := shared(a, b); n > 0 {
				return fmt.Errorf("%w: %s and %s share %d bytes", ErrOverlap, b.name, a.name, n)
			}
		}
	}
	return nil
}

// shared is how many bytes two spans, counted in bytes, have in common.
func shared(a, b span) int {
	from := max(uintptr(a.p), uintptr(b.p))
	to := min(uintptr(a.p)+uintptr(a.n), uintptr(b.p)+uintptr(b.n))
	return int(max(from, to) - from) // on 32 bits they may be further apart than an int holds
}
