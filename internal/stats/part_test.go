package stats

import (
	"strconv"
	"testing"
	"unsafe"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// subtree is a made-up Part: a full subtree of 2^level blocks, from a block on.
func subtree(first, level int, sum float64) Part {
	p := Part{first: first * Block, n: Block << level, used: 1}
	p.nodes[0] = node{sum, uint8(level)}
	return p
}

// TestParts: any split into parts, joined in any order of neighbours, gives the same
// bits.
func TestParts(t *testing.T) {
	const blocks, n = 29, 29*Block + 77
	content := elements[F32].Elements(prove.NewRand(7), n, (*prove.Element).Random)
	at := func(i int) unsafe.Pointer { return unsafe.Pointer(&content[4*i]) }
	want := described(F32, at(0), n)
	r := prove.NewRand(1)
	im := Named("generic")
	leaves := make([]Part, blocks+1)
	for i := range leaves {
		leaves[i] = At(i * Block)
		leaves[i].Add(im, F32, at(i*Block), min(Block, n-i*Block))
	}
	for try := range 200 {
		var parts []Part
		for i := 0; i <= blocks; {
			p := At(i * Block)
			for k := r.Below(9); k > 0 && i <= blocks; k-- {
				p.Join(&leaves[i])
				i++
			}
			parts = append(parts, p) // some are empty
		}
		for len(parts) > 1 {
			i := r.Below(len(parts) - 1)
			require.Equal(t, parts[i].End(), parts[i+1].First())
			parts[i].Join(&parts[i+1])
			parts = append(parts[:i+1], parts[i+2:]...)
		}
		require.Equal(t, want, parts[0].Summary(), "try %d", try)
		require.Equal(t, [3]int{0, n, n}, [3]int{parts[0].First(), parts[0].Len(), parts[0].End()})
	}
}

// TestAnyTree: subtrees of any levels, from any block on, come to what treeSum makes of
// the leaves that lie behind the first multiple of each power.
func TestAnyTree(t *testing.T) {
	r := prove.NewRand(11)
	for range 300 {
		first, count := r.Below(200), 1+r.Below(200)
		leaves := make([]float64, count)
		for i := range leaves {
			leaves[i] = float64(r.Next()>>40) * 0x1p-20
		}
		p := At(first * Block)
		for i := 0; i < count; {
			level := r.Below(4)
			for (first+i)%(1<<level) != 0 || i+1<<level > count {
				level--
			}
			next := subtree(first+i, level, treeSum(leaves[i:i+1<<level]))
			p.Join(&next)
			i += 1 << level
		}
		require.Equal(t, joined(leaves, first), p.Summary().SumSquares, "%d blocks from %d", count, first)
	}
}

// joined adds the blocks of a part that begins at a block: while there are two
// neighbours that are siblings in the whole tensor's tree, level by level, then from
// the right.
func joined(leaves []float64, first int) float64 {
	type subtree struct {
		at, size int
		sum      float64
	}
	var all []subtree
	for i, x := range leaves {
		all = append(all, subtree{first + i, 1, x})
	}
	for size := 1; size <= len(leaves); size *= 2 {
		var next []subtree
		for i := 0; i < len(all); i++ {
			x := all[i]
			if x.size == size && x.at%(2*size) == 0 && i+1 < len(all) && all[i+1].size == size {
				next = append(next, subtree{x.at, 2 * size, x.sum + all[i+1].sum})
				i++
			} else {
				next = append(next, x)
			}
		}
		all = next
	}
	sum := 0.0
	for i := len(all) - 1; i >= 0; i-- {
		sum = all[i].sum + sum
	}
	return sum
}

// TestLargest: parts of as many blocks as any address space holds, from a first block
// that leaves the most subtrees on both sides, are joined as the documentation adds
// them. No memory holds them, so they are made up.
func TestLargest(t *testing.T) {
	levels := 57 - 1 - 12 // of addresses, elements and blocks
	if strconv.IntSize == 32 {
		levels = 31 - 12
	}
	p := At(Block)
	var sums []float64
	join := func(k int) {
		first := p.End() / Block
		next := subtree(first, k, 1+float64(first%(1<<20))*0x1p-30)
		p.Join(&next)
		sums = append(sums, next.nodes[0].sum)
		require.Equal(t, len(sums), p.used, "no two are siblings")
		require.Equal(t, uint8(k), p.nodes[p.used-1].level)
	}
	for k := 0; k < levels-1; k++ { // from block 1 to 2^(levels−1)
		join(k)
	}
	for k := levels - 3; k >= 0; k-- { // and on, as large a one as leaves one to come
		join(k)
	}
	want := 0.0
	for i := len(sums) - 1; i >= 0; i-- {
		want = sums[i] + want
	}
	assert.Equal(t, want, p.Summary().SumSquares)
	// One block more, and all those behind the middle are one subtree.
	last := subtree(p.End()/Block, 0, 1.5)
	all := p
	all.Join(&last)
	assert.Equal(t, levels, all.used)
	right := 1.5
	for i := len(sums) - 1; i >= levels-1; i-- {
		right = sums[i] + right
	}
	assert.Equal(t, node{right, uint8(levels - 2)}, all.nodes[all.used-1])
	assert.Equal(t, (1<<(levels-1)+1<<(levels-2)-1)*Block, all.n)
	assert.Equal(t, p.n+Block, all.n)
}
