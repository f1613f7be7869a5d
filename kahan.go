package lion

import (
	"unsafe"

	"github.com/lionkernel/lion/internal/mem"
)

// StepBF16Kahan is StepBF16 with Kahan's compensation: the weight is
// param + compensation, added in float32; what rounding the new weight to
// bfloat16 leaves over goes to compensation, itself rounded to bfloat16. Start
// it with zeros, or from float32 weights with KahanBF16.
//
// The two hold 17 bits of a weight or more, 8 in param and 9 beside it: at LR 1e-4
// a weight moves where it is smaller than 16, against 1/32 for bfloat16 alone.
// What is smaller than half of the 17th bit is lost at each step, always the same
// way. StepSplit moves as many bytes and loses nothing; compensation is for those
// whose checkpoints or other tools have it. Slices and errors are as for StepF32.
func (s Stepper) StepBF16Kahan(param, grad, momentum, compensation []BF16) error {
	return mixed(&s, storeKahan, part(param, "param"), part(grad, "grad"), part(momentum, "momentum"), part(compensation, "compensation"))
}

// KahanBF16 rounds weight to param, as ToBF16 does, and puts what is left over,
// rounded too, into compensation: the sum is the weight to 17 bits, or to 2⁻¹³⁴.
// Beside an infinity or NaN nothing is left over. Slices and errors are as for
// NarrowBF16.
func KahanBF16(param, compensation []BF16, weight []float32) error {
	n := len(param)
	if err := checkSlices(part(param, "param"), part(compensation, "compensation"), part(weight, "weight")); err != nil {
		return err
	}
	mem.Writes(param)
	mem.Writes(compensation)
	mem.Reads(weight)
	for i := 0; i < n; i += chunk {
		halves(current().splitKahan, unsafe.Add(mem.Data(param), 2*i), unsafe.Add(mem.Data(compensation), 2*i), unsafe.Add(mem.Data(weight), 4*i), min(n-i, chunk))
	}
	return nil
}

// splitKahan rounds w to a BF16 and the rest to another.
func splitKahan(w float32) (p, compensation BF16) {
	p = ToBF16(w)
	rest := w - p.Float32()
	if rest-rest != 0 { // w or p is infinite or NaN: nothing is left over
		rest = 0
	}
	return p, ToBF16(rest)
}

func splitKahanGeneric(param, compensation, weight unsafe.Pointer, n int) {
	ps, cs := unsafe.Slice((*BF16)(param), n), unsafe.Slice((*BF16)(compensation), n)
	for i, w := range unsafe.Slice((*float32)(weight), n) {
		ps[i], cs[i] = splitKahan(w)
	}
}

// joinKahanGeneric adds what splitKahan made; a NaN is the canonical one.
func joinKahanGeneric(weight, param, compensation unsafe.Pointer, n int) {
	ps, cs := unsafe.Slice((*BF16)(param), n), unsafe.Slice((*BF16)(compensation), n)
	ws := unsafe.Slice((*float32)(weight), n)
	for i := range ws {
		w := ps[i].Float32() + cs[i].Float32()
		if w != w {
			w = canonicalNaN[float32]()
		}
		ws[i] = w
	}
}
