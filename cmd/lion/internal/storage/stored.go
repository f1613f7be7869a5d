package storage

import "github.com/lionkernel/lion"

// Stored are weights in a storage, with a gradient and a momentum. Who trains
// them computes in float32, with the weights that Load gives.
type Stored struct {
	storage Storage
	values  Values
	grad    any
	model   any // the weights that the model computes with
}

// Store returns weight in storage s, with a momentum of zero.
func Store(s Storage, weight []float32) (*Stored, error) {
	x := &Stored{storage: s}
	for i, slice := range s.Slices {
		v := slice.Element.slice(len(weight), i)
		x.values = append(x.values, v)
		if slice.Role == Grad {
			x.grad = v
		}
		if slice.Role == Copy || slice.Role == Weight && x.model == nil {
			x.model = v
		}
		if slice.Role == Copy || slice.Role == Weight && s.store == nil {
			if err := put(v, weight); err != nil {
				return nil, err
			}
		}
	}
	if s.store != nil {
		return x, s.store(x.values, weight)
	}
	return x, nil
}

// Load writes the model's weights to param.
func (x *Stored) Load(param []float32) error { return get(param, x.model) }

// SetGrad rounds grad to the storage's gradient.
func (x *Stored) SetGrad(grad []float32) error { return put(x.grad, grad) }

// HalfGrad returns the gradient if it is of IEEE halves, else nil. Halves overflow
// where float32 doesn't: such a gradient wants a loss scale.
func (x *Stored) HalfGrad() []lion.F16 {
	half, _ := x.grad.([]lion.F16)
	return half
}

// Values returns the slices that Step steps.
func (x *Stored) Values() Values { return x.values }

// Memory returns the bytes of each of the slices.
func (x Values) Memory() [][]byte {
	var all [][]byte
	for _, v := range x {
		all = append(all, memory(v))
	}
	return all
}
