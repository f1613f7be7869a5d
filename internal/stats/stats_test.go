package stats

import (
	"fmt"
	"math"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

func TestMain(m *testing.M) { prove.Main(m) }

// Every path equals the specification: each implementation has each property, for each
// element.

// A property is checked of an implementation that can run here.
type property struct {
	name  string
	check func(t testing.TB, im *Implementation, e Element) error
}

var properties = []property{
	{"briefly", briefly},
	{"lengths", lengths},
	{"lanes", lanes},
	{"special", special},
	{"alone", alone},
	{"extremes", extremes},
	{"guardPages", guardPages},
	{"finishes", finishes},
}

// eachImplementation runs f for those that can run here, in each form; others are skipped
// aloud.
func eachImplementation(t *testing.T, f func(t *testing.T, im *Implementation)) {
	for _, im := range Implementations {
		for _, form := range forms(im) {
			t.Run("impl="+im.Name+form.name, func(t *testing.T) {
				prove.MustRun(t, im.Name, prove.Missing(im.Name))
				form.plant(t)
				f(t, form.im)
			})
		}
	}
}

func TestPathsAgree(t *testing.T) {
	eachImplementation(t, func(t *testing.T, im *Implementation) {
		for e := range numElements {
			t.Run(elements[e].Name, func(t *testing.T) {
				for _, p := range properties {
					t.Run(p.name, func(t *testing.T) { assert.NoError(t, p.check(t, im, e)) })
				}
			})
		}
	})
}

// unrolled is at least as many elements as a kernel's loop steps at once.
const unrolled = 32

// compare compares an implementation with the description, for the elements of content,
// off of them past alignment, whole and cut after one of the blocks.
func compare(im *Implementation, e Element, slab *prove.Slab, content []byte, off int) error {
	n := len(content) / sizes[e]
	slab.Load(off*sizes[e], content)
	grad := slab.Pointer()
	want := described(e, grad, n)
	if got := Whole(im, e, grad, n); !same(got, want) {
		return fmt.Errorf("%s n=%d off=%d, whole: %+v, want %+v", elements[e].Name, n, off, got, want)
	}
	for cut := 0; cut == 0 || cut < n; cut += Block {
		a, b := At(0), At(cut)
		a.Add(im, e, grad, cut)
		b.Add(im, e, unsafe.Add(grad, cut*sizes[e]), n-cut)
		a.Join(&b)
		if got := a.Summary(); !same(got, want) {
			return fmt.Errorf("%s n=%d off=%d cut=%d: %+v, want %+v", elements[e].Name, n, off, cut, got, want)
		}
	}
	if !slab.Intact() {
		return fmt.Errorf("%s n=%d off=%d: wrote to memory", elements[e].Name, n, off)
	}
	return nil
}

// foul has the kernels of the other elements leave in the registers what they need,
// and large sums: a constant that one forgot to load would be there between two calls
// of the same.
func foul(im *Implementation, e Element) {
	var huge [64]byte
	for i := range huge {
		huge[i] = 0x7f - byte(i&1)<<5 // 0x5f7f as 16 bits
	}
	for other := range numElements {
		if other != e {
			var b block
			im.sum(&b, other, unsafe.Pointer(&huge), 64/sizes[other]&^15)
		}
	}
}

// briefly: a few elements of all kinds, of any size and whatever stood in the registers.
func briefly(_ testing.TB, im *Implementation, e Element) error {
	const most = Block + 4*unrolled + 5
	slab := prove.NewSlab(most * sizes[e])
	for i, f := range []func(*prove.Element, *prove.Rand) uint64{(*prove.Element).Ordinary, (*prove.Element).Random, (*prove.Element).Finite} {
		content := elements[e].Elements(prove.NewRand(uint64(67+i)), most, f)
		for _, n := range []int{16, 47, 4*unrolled + 5, most} {
			foul(im, e)
			if err := compare(im, e, slab, content[:n*sizes[e]], i); err != nil {
				return err
			}
		}
	}
	return nil
}

// lengths: every short length and those about the blocks' edges, at every alignment,
// with numbers that are not finite and without: assembly is only used without.
func lengths(_ testing.TB, im *Implementation, e Element) error {
	const most = 4*Block + 100
	var all []int
	for n := range 8*unrolled + 4 {
		all = append(all, n)
	}
	for _, edge := range []int{Block / 8, Block, 2 * Block, 3 * Block} {
		all = append(all, edge-17, edge-16, edge-1, edge, edge+1, edge+15, edge+16, edge+33)
	}
	all = append(all, most)
	slab := prove.NewSlab(most * sizes[e])
	for _, f := range []func(*prove.Element, *prove.Rand) uint64{(*prove.Element).Ordinary, (*prove.Element).Random} {
		content := elements[e].Elements(prove.NewRand(41), most, f)
		for j, n := range all {
			for off := range 16 {
				if n > 8*unrolled+4 && (off+j)%5 != 0 {
					continue
				}
				if err := compare(im, e, slab, content[:n*sizes[e]], off); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// lanes: each class of value in every lane of ordinary ones, and in the rest that is no
// vector.
func lanes(_ testing.TB, im *Implementation, e Element) error {
	const n = 8*unrolled + 5
	slab := prove.NewSlab(n * sizes[e])
	content := elements[e].Elements(prove.NewRand(43), n, (*prove.Element).Ordinary)
	p := unsafe.Pointer(&content[0])
	for lane := range n {
		if testing.Short() && lane%3 != 1 {
			continue
		}
		old := elements[e].Get(p, lane)
		for _, b := range elements[e].Classes() {
			elements[e].Put(p, lane, b)
			if err := compare(im, e, slab, content, 0); err != nil {
				return fmt.Errorf("%x at %d: %w", b, lane, err)
			}
		}
		elements[e].Put(p, lane, old)
	}
	return nil
}

// special: every fifth element is of a class, which all come by.
func special(_ testing.TB, im *Implementation, e Element) error {
	const most = 150
	classes := elements[e].Classes()
	slab := prove.NewSlab(most * sizes[e])
	for n := 1; n < most; n++ {
		content := elements[e].Elements(prove.NewRand(uint64(n)), n, (*prove.Element).Ordinary)
		for j := range n {
			if (j+n)%5 == 0 {
				elements[e].Put(unsafe.Pointer(&content[0]), j, classes[(j*7+n)%len(classes)])
			}
		}
		if err := compare(im, e, slab, content, 0); err != nil {
			return err
		}
	}
	return nil
}

// alone: every 16-bit number, alone among zeros, among its like, and among the
// smallest of which bfloat16's kernels take a shorter way: nothing hides what its
// square loses there, and no zeros keep the kernel from that way. Then a smaller one, in
// each place among several vectors of those.
func alone(_ testing.TB, im *Implementation, e Element) error {
	if sizes[e] != 2 {
		return nil
	}
	const n = 32
	var grad [n]uint16
	p := unsafe.Pointer(&grad)
	step := 1
	if prove.Sanitized { // which makes it ten times as slow
		step = 7
	}
	for x := 0; x < 1<<16; x += step {
		for _, other := range []uint16{0, uint16(x), 0x2000} {
			for i := range grad {
				grad[i] = other
			}
			grad[x%n] = uint16(x)
			var part Part
			part.Add(im, e, p, n)
			if got, want := part.Summary(), described(e, p, n); !same(got, want) {
				return fmt.Errorf("%s %#04x among %#04x: %+v, want %+v", elements[e].Name, x, other, got, want)
			}
		}
	}
	const vectors = 3*unrolled + 16
	slab := prove.NewSlab(2 * vectors)
	content := elements[e].Elements(nil, vectors, func(*prove.Element, *prove.Rand) uint64 { return 0x2000 })
	for at := range vectors {
		elements[e].Put(unsafe.Pointer(&content[0]), at, 0x1800)
		if err := compare(im, e, slab, content, 0); err != nil {
			return fmt.Errorf("one smaller at %d: %w", at, err)
		}
		elements[e].Put(unsafe.Pointer(&content[0]), at, 0x2000)
	}
	return nil
}

// extremes: finite elements whose squares aren't, or the sum of these, and those whose
// squares are subnormal or 0, which don't tell what they are of. Only float64 has them.
func extremes(_ testing.TB, im *Implementation, e Element) error {
	if e != F64 {
		return nil
	}
	slab := prove.NewSlab(8 * (Block + 17))
	expect := func(grad ...float64) error {
		return compare(im, e, slab, unsafe.Slice((*byte)(unsafe.Pointer(&grad[0])), 8*len(grad)), 1)
	}
	var all []float64
	for _, x := range []float64{1.35e154, math.MaxFloat64, 1e150, 0x1p-511, 0x1p-537, 0x1p-538, 0x1p-1074, 0} {
		all = append(all, x, math.Nextafter(x, 1), math.Nextafter(x, 0))
	}
	for _, n := range []int{1, 16, 32, 100, Block, Block + 17} {
		for i, x := range all {
			grad := make([]float64, n)
			grad[n-1] = -x
			if err := expect(grad...); err != nil {
				return err
			}
			grad[i*7%n] = x * 0.75
			if err := expect(grad...); err != nil {
				return err
			}
		}
	}
	for at := range 5*16 + 3 { // the largest of the small, wherever it is
		grad := make([]float64, 5*16+3)
		for i := range grad {
			grad[i] = 0x1p-600
		}
		grad[at] *= -2
		if err := expect(grad...); err != nil {
			return err
		}
	}
	for _, n := range []int{4, 16, 33} {
		grad := make([]float64, n)
		grad[0], grad[1], grad[3] = 1.3e154, 1.3e154, 1
		if err := expect(grad...); err != nil {
			return err
		}
	}
	return nil
}

// guardPages: nothing is read outside of the gradient, which may be read-only.
func guardPages(t testing.TB, im *Implementation, e Element) error {
	const most = Block + 70
	f := prove.NewFences(t, most*sizes[e])[0]
	all := []int{Block/8 - 1, Block / 8, Block/8 + 1, Block - 1, Block, Block + 1, most}
	for n := range 70 {
		all = append(all, n)
	}
	for _, n := range all {
		content := elements[e].Elements(prove.NewRand(uint64(n)), n+1, (*prove.Element).Ordinary)
		for _, atEnd := range []bool{false, true} {
			f.ReadOnly(false)
			grad := f.Place(n*sizes[e], atEnd)
			copy(unsafe.Slice((*byte)(grad), n*sizes[e]), content)
			f.ReadOnly(true)
			var part Part
			if err := prove.Faults(func() { part.Add(im, e, grad, n) }); err != nil {
				return fmt.Errorf("n=%d atEnd=%v: %w", n, atEnd, err)
			}
			if got, want := part.Summary(), described(e, grad, n); !same(got, want) {
				return fmt.Errorf("n=%d atEnd=%v: %+v, want %+v", n, atEnd, got, want)
			}
		}
	}
	return nil
}

// finishes: the kernels don't leave finite numbers to plain Go, whose bits are the same,
// so that no other test would notice: ordinary ones, and those for which a loop is run
// again, of any size, or of float64 so small that their squares are 0.
func finishes(_ testing.TB, im *Implementation, e Element) error {
	if im.kernels[e] == nil {
		return nil
	}
	tiny := func(el *prove.Element, r *prove.Rand) uint64 {
		if e != F64 {
			return el.Finite(r)
		}
		return math.Float64bits(math.Float64frombits(el.Ordinary(r)) * 0x1p-700)
	}
	const most = 16*3 + 16*unrolled
	for _, f := range []func(*prove.Element, *prove.Rand) uint64{(*prove.Element).Ordinary, tiny} {
		content := elements[e].Elements(prove.NewRand(53), most, f)
		p := unsafe.Pointer(&content[0])
		for _, n := range []int{16, 32, 48, most} {
			var b, want block
			for i := range n {
				x := math.Abs(value(e, p, i))
				want.sums[i%16] += float64(x * x)
				want.maxAbs = max(want.maxAbs, x)
			}
			if im.kernels[e](&b, p, n, 0); b != want {
				return fmt.Errorf("n=%d: %+v, want %+v", n, b, want)
			}
		}
	}
	return nil
}
