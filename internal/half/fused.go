package half

import (
	"runtime"
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// Unit is how many elements a fused kernel steps at once.
const Unit = 32

// A Kernel steps the elements that its Args name, one or more, or where its Implementation
// wants Units a multiple of a Unit, and reports whether a NaN other than the canonical one may stand in what it wrote: the caller
// then calls Mend. Kernels keep no pointer.
type Kernel func(a *Args) (nan uint32)

// Rules are the kernels of a storage: for Paper and Cautious with a factor on param.
type Rules struct{ Paper, Cautious Kernel }

// Fused are an implementation's kernels, which step a storage in one pass: param is
// rounded to nearest, or at random, where the storage Rounds.
type Fused struct{ Nearest, Random [NumStorages]Rules }

// Args are the slices of a step; assembly reads them by the offsets in go_asm.h.
type Args struct {
	Param, Grad, Momentum unsafe.Pointer
	N                     int
	C                     *Constants
	Shadow                unsafe.Pointer // where the storage has one
	Low                   unsafe.Pointer // where it has something beside param
	Draws                 Draws          // of the first, where param is rounded at random
	Ahead                 int            // how many bytes ahead to prefetch: see tune.Ahead
}

// Constants begin those of a step as the caller lays them out; assembly finds them by
// go_asm.h.
type Constants struct {
	B1, O1 float32 // β1, (1−β1)·s, which has the sign of s
	B2, O2 float32 // β2, (1−β2)·s
	LR     float32 // η
	Decay  float32 // the factor on param
}

// From are the args of n elements of a, which begin at the i-th.
func (a *Args) From(st *Storage, i, n int) Args {
	t := *a
	t.Param = unsafe.Add(t.Param, i*st.Param.Size())
	t.Grad = unsafe.Add(t.Grad, i*st.Grad.Size())
	t.Momentum = unsafe.Add(t.Momentum, i*st.Momentum.Size())
	if st.Shadow != None {
		t.Shadow = unsafe.Add(t.Shadow, i*st.Shadow.Size())
	}
	if st.Low != None {
		t.Low = unsafe.Add(t.Low, i*st.Low.Size())
	}
	t.Draws = t.Draws.After(uint32(i))
	t.N = n
	return t
}

// Step steps all of a by a kernel of im, whatever a.N.
func (im *Implementation) Step(k Kernel, st *Storage, a *Args) {
	rest := 0
	if im.Units {
		rest = a.N % Unit
	}
	im.stepUnits(k, st, a, a.N-rest)
	if rest != 0 {
		im.stepRest(k, st, a, a.N-rest)
	}
}

// stepUnits steps the first whole elements of a, as many as k can, in chunks.
func (im *Implementation) stepUnits(k Kernel, st *Storage, a *Args, whole int) {
	for t := *a; whole > 0; t = t.From(st, chunk, 0) {
		t.N = min(whole, chunk)
		if k.chunk(&t) != 0 {
			im.Mend(st, &t)
		}
		if whole -= t.N; whole == 0 {
			return // or else t would point behind the slices
		}
	}
}

// chunk is not inlined so that each chunk passes a stack check.
//
//go:noinline
func (k Kernel) chunk(a *Args) uint32 {
	nan := k((*Args)(mem.Noescape(unsafe.Pointer(a))))
	runtime.KeepAlive(a) // Noescape hides it
	return nan
}

// stepRest steps the elements of a from the i-th on, fewer than Unit, in copies that
// zeros make up to one: a zero makes no NaN. It is not inlined: clearing the copies takes
// time.
//
//go:noinline
func (im *Implementation) stepRest(k Kernel, st *Storage, a *Args, i int) {
	var buf [4][Unit]float32
	t := a.From(st, i, a.N-i)
	b := t
	b.N = Unit
	b.Param = mem.Noescape(unsafe.Pointer(&buf[0]))
	b.Grad = mem.Noescape(unsafe.Pointer(&buf[1]))
	b.Momentum = mem.Noescape(unsafe.Pointer(&buf[2]))
	b.Shadow = mem.Noescape(unsafe.Pointer(&buf[3])) // no storage has both
	b.Low = b.Shadow
	st.Param.copy(b.Param, t.Param, t.N)
	st.Grad.copy(b.Grad, t.Grad, t.N)
	st.Momentum.copy(b.Momentum, t.Momentum, t.N)
	st.Low.copy(b.Low, t.Low, t.N)
	im.stepUnits(k, st, &b, Unit)
	st.Param.copy(t.Param, b.Param, t.N)
	st.Momentum.copy(t.Momentum, b.Momentum, t.N)
	st.Low.copy(t.Low, b.Low, t.N)
	st.Shadow.copy(t.Shadow, b.Shadow, t.N)
	runtime.KeepAlive(&buf)
}

// copy copies n elements.
func (e Element) copy(to, from unsafe.Pointer, n int) {
	copy(unsafe.Slice((*byte)(to), n*e.Size()), unsafe.Slice((*byte)(from), n*e.Size()))
}

// Mend makes the NaNs canonical that a fused kernel wrote to all of a. Each is still a NaN, except a
// momentum whose NaN came from a float32 gradient: rounding may have carried it out of
// the NaN range, so it is restored from grad. Of Kahan's weights only param is mended:
// the kernel stores no compensation beside a NaN, and rounding the others again could
// change them.
//
//go:noinline
func (im *Implementation) Mend(st *Storage, a *Args) {
	var p, m Tile
	for i := 0; i < a.N; i += TileSize {
		t := a.From(st, i, min(a.N-i, TileSize))
		im.mendTile(st, &t, &p, &m)
	}
}

// mendTile mends a tile, widened in p and m.
func (im *Implementation) mendTile(st *Storage, a *Args, p, m *Tile) {
	param := st.Param
	if param == Kahan {
		param = BF16
	}
	wide := im.Widen(param, a.Param, a.Low, a.N, p)
	momentum := im.Widen(st.Momentum, a.Momentum, nil, a.N, m)
	ps, ms := unsafe.Slice((*float32)(wide), a.N), unsafe.Slice((*float32)(momentum), a.N)
	if st.Grad == F32 && st.Momentum != F32 {
		for j, g := range unsafe.Slice((*float32)(a.Grad), a.N) {
			if g != g {
				ms[j] = g
			}
		}
	}
	canonicalize(ps)
	canonicalize(ms)
	im.Narrow(param, a.Param, a.Low, wide, a.N)
	im.Narrow(st.Momentum, a.Momentum, nil, momentum, a.N)
	im.Narrow(st.Shadow, a.Shadow, nil, wide, a.N)
	runtime.KeepAlive(p)
	runtime.KeepAlive(m)
}
