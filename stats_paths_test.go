package lion

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// A gradKind is an element type of a gradient.
type gradKind struct {
	name string
	elem *prove.Element
	part func(index int, grad unsafe.Pointer, n int) (StatsPart, error)
}

var gradKinds = []gradKind{
	{"f32", prove.Float32, partAt[float32]},
	{"f64", prove.Float64, partAt[float64]},
	{"bf16", prove.BF16, partAt[BF16]},
	{"f16", prove.F16, partAt[F16]},
}

func partAt[T Gradient](index int, grad unsafe.Pointer, n int) (StatsPart, error) {
	return GradStatsPart(index, unsafe.Slice((*T)(grad), n))
}

// number is an element as float64, by the formats' definitions.
func (k *gradKind) number(b uint64) float64 {
	if k.elem == prove.Float64 {
		return math.Float64frombits(b)
	}
	return k.elem.Value(b)
}

// plainStats is what GradStats is to give, from its description.
func plainStats(k *gradKind, grad unsafe.Pointer, n int) (s Stats) {
	var blocks []float64
	for lo := 0; lo < n; lo += StatsBlock {
		lanes := make([]float64, 16)
		for i := lo; i < min(n, lo+StatsBlock); i++ {
			switch x := math.Abs(k.number(k.elem.Get(grad, i))); {
			case isNaN(x):
				s.NaNs++
			case isInf(x):
				s.Infs++
			default:
				lanes[(i-lo)%16] += float64(x * x)
				s.MaxAbs = max(s.MaxAbs, x)
			}
		}
		for len(lanes) > 1 {
			half := len(lanes) / 2
			for i := range half {
				lanes[i] += lanes[half+i]
			}
			lanes = lanes[:half]
		}
		blocks = append(blocks, lanes[0])
	}
	if len(blocks) > 0 {
		s.SumSquares = treeSum(blocks)
	}
	return s
}

// treeSum adds the leaves of a binary tree.
func treeSum(leaves []float64) float64 {
	if len(leaves) == 1 {
		return leaves[0]
	}
	left := 1
	for 2*left < len(leaves) {
		left *= 2
	}
	return treeSum(leaves[:left]) + treeSum(leaves[left:])
}

// sameStats compares statistics by their bits.
func sameStats(a, b Stats) bool {
	return math.Float64bits(a.SumSquares) == math.Float64bits(b.SumSquares) && math.Float64bits(a.MaxAbs) == math.Float64bits(b.MaxAbs) &&
		a.NaNs == b.NaNs && a.Infs == b.Infs
}

// checkStats compares the preferred implementation with the description, for n
// elements that lie off elements past alignment, whole and cut after one of the
// blocks.
func checkStats(k *gradKind, slab *prove.Slab, content []byte, off int) error {
	n := len(content) / k.elem.Size
	slab.Load(off*k.elem.Size, content)
	grad := slab.Pointer()
	want := plainStats(k, grad, n)
	for cut := 0; cut == 0 || cut < n; cut += StatsBlock {
		a, err := k.part(0, grad, cut)
		if err != nil {
			return err
		}
		b, err := k.part(cut, unsafe.Add(grad, cut*k.elem.Size), n-cut)
		if err != nil {
			return err
		}
		if a, err = a.Join(b); err != nil {
			return err
		}
		if got := a.Stats(); !sameStats(got, want) {
			return fmt.Errorf("%s n=%d off=%d cut=%d: %+v, want %+v", k.name, n, off, cut, got, want)
		}
	}
	if !slab.Intact() {
		return fmt.Errorf("%s n=%d off=%d: wrote to memory", k.name, n, off)
	}
	return nil
}

// TestGradStatsLengths: every short length and those about the blocks' edges, at
// every alignment, with numbers that are not finite and without: assembly is only
// used without.
func TestGradStatsLengths(t *testing.T) {
	const most = 4*StatsBlock + 100
	lengths := []int{}
	for n := range 4*unrolled + 4 {
		lengths = append(lengths, n)
	}
	for _, edge := range []int{tile, StatsBlock, 2 * StatsBlock, 3 * StatsBlock} {
		lengths = append(lengths, edge-17, edge-16, edge-1, edge, edge+1, edge+15, edge+16, edge+33)
	}
	lengths = append(lengths, most)
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for i := range gradKinds {
			k := &gradKinds[i]
			slab := prove.NewSlab(most * k.elem.Size)
			for _, f := range []func(*prove.Element, *prove.Rand) uint64{(*prove.Element).Ordinary, (*prove.Element).Random} {
				all := k.elem.Elements(prove.NewRand(41), most, f)
				for j, n := range lengths {
					for off := range 16 {
						if n > 4*unrolled+4 && (off+j)%5 != 0 {
							continue
						}
						assert.NoError(t, checkStats(k, slab, all[:n*k.elem.Size], off))
					}
				}
			}
		}
	})
}

// TestGradStatsLanes puts each class of value into every lane of ordinary ones, and
// into the rest that is no vector.
func TestGradStatsLanes(t *testing.T) {
	const n = 4*unrolled + 5
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for i := range gradKinds {
			k := &gradKinds[i]
			slab := prove.NewSlab(n * k.elem.Size)
			content := k.elem.Elements(prove.NewRand(43), n, (*prove.Element).Ordinary)
			p := unsafe.Pointer(&content[0])
			for lane := range n {
				old := k.elem.Get(p, lane)
				for _, b := range k.elem.Classes() {
					k.elem.Put(p, lane, b)
					assert.NoError(t, checkStats(k, slab, content, 0))
				}
				k.elem.Put(p, lane, old)
			}
		}
	})
}

// TestGradStatsAlone gives every 16-bit number, alone among zeros, among its like, and
// among the smallest of which AVX2 takes a shorter way: nothing hides what its square
// loses there, and no zeros keep the kernel from that way.
func TestGradStatsAlone(t *testing.T) {
	const n = 32
	eachImplementation(t, func(t *testing.T, impl int) {
		prefer(t, impl)
		for i := range gradKinds {
			k := &gradKinds[i]
			if k.elem.Size != 2 {
				continue
			}
			var grad [n]uint16
			p := unsafe.Pointer(&grad)
			for x := range 1 << 16 {
				for _, other := range []uint16{0, uint16(x), 0x2000} {
					for i := range grad {
						grad[i] = other
					}
					grad[x%n] = uint16(x)
					got, err := k.part(0, p, n)
					if want := plainStats(k, p, n); err != nil || !sameStats(got.Stats(), want) {
						t.Fatalf("%s %#04x among %#04x: %+v, want %+v, %v", k.name, x, other, got.Stats(), want, err)
					}
				}
			}
		}
	})
}

// TestGradStatsSees: what the checker compares with is not blind.
func TestGradStatsSees(t *testing.T) {
	k := &gradKinds[0]
	slab := prove.NewSlab(4 * 2 * StatsBlock)
	content := k.elem.Elements(prove.NewRand(47), StatsBlock+40, (*prove.Element).Ordinary)
	for name, spoil := range map[string]func(b *blockStats){
		"nothing":  func(*blockStats) {},
		"a sum":    func(b *blockStats) { b.sums[11] += 0x1p-40 },
		"lanes":    func(b *blockStats) { b.sums[0], b.sums[1] = b.sums[1], b.sums[0] },
		"maximum":  func(b *blockStats) { b.maxAbs *= 1 + 0x1p-52 },
		"NaNs":     func(b *blockStats) { b.nans++ },
		"infinite": func(b *blockStats) { b.infs++ },
	} {
		old := implementations
		im := implementations[genericIndex()]
		im.stats.f32 = func(b *blockStats, grad unsafe.Pointer, n int) { sumGeneric[float32](b, grad, n); spoil(b) }
		implementations = append(slices.Clone(old), im)
		t.Run(name, func(t *testing.T) {
			prefer(t, len(old))
			if err := checkStats(k, slab, content, 0); name == "nothing" {
				assert.NoError(t, err)
			} else {
				assert.Error(t, err)
			}
		})
		implementations = old
	}
}

// FuzzGradStats: any bytes, as any kind of gradient, repeated to any length: the
// bits that the description gives, on every implementation, whole and in parts.
func FuzzGradStats(f *testing.F) {
	for i, k := range gradKinds {
		data := []byte{byte(i), byte(3 * i), byte(7 * i), byte(16 * i)}
		f.Add(append(data, k.elem.Elements(prove.NewRand(uint64(i)), 50, (*prove.Element).Random)...))
		f.Add(append(data, k.elem.Elements(prove.NewRand(uint64(i)), 33, (*prove.Element).Ordinary)...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tape := tape(data)
		k := &gradKinds[tape.take(1)%uint64(len(gradKinds))]
		off := int(tape.take(1) % 16)
		n := int(tape.take(2)) % (2*StatsBlock + 100)
		content := make([]byte, n*k.elem.Size)
		for i := 0; len(tape) > 0 && i < len(content); i += len(tape) {
			copy(content[i:], tape)
		}
		slab := prove.NewSlab(len(content))
		for impl := range implementations {
			if implementations[impl].missing != "" {
				continue
			}
			old := preferred
			preferred = impl
			err := checkStats(k, slab, content, off)
			preferred = old
			if err != nil {
				t.Errorf("%s: %v", implementations[impl].name, err)
			}
		}
	})
}
