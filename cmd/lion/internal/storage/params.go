package storage

import (
	"reflect"
	"strings"

	"github.com/lionkernel/lion/optim"
)

// A Part is some of the weights, with a name and a shape.
type Part struct {
	Name     string
	From, To int
	Shape    []int
}

// Params returns the parts as parameters for optim, which is to step them: their weights
// and gradients are x's.
func (x *Stored) Params(parts []Part) []*optim.Param {
	var params []*optim.Param
	for _, p := range parts {
		var part Values
		for _, v := range x.values {
			part = append(part, reflect.ValueOf(v).Slice3(p.From, p.To, p.To).Interface())
		}
		params = append(params, x.storage.param(p.Name, part, p.Shape...))
	}
	return params
}

// Begin gives the optimizer of x's parameters, of which the parts have all, what x has of
// the weights beside what the model computes with.
func (x *Stored) Begin(o *optim.Optimizer) {
	for i, slice := range x.storage.Slices {
		if x.storage.own == "" || slice.Name != x.storage.own {
			continue
		}
		from := reflect.ValueOf(x.values[i])
		for _, v := range x.owned(o) {
			to := reflect.ValueOf(v)
			reflect.Copy(to, from)
			from = from.Slice(to.Len(), from.Len())
		}
	}
}

// owned are the slices that o has of the parameters' weights, in their order.
func (x *Stored) owned(o *optim.Optimizer) []any {
	var all []any
	for _, t := range o.State().Tensors {
		if strings.HasSuffix(t.Name, "."+x.storage.own) {
			all = append(all, t.Data)
		}
	}
	return all
}

// Weights returns the slices that hold the weights, o's too, for a digest.
func (x *Stored) Weights(o *optim.Optimizer) []any {
	var weights []any
	for i, slice := range x.storage.Slices {
		switch {
		case slice.Role != Weight:
		case slice.Name == x.storage.own:
			weights = append(weights, x.owned(o)...)
		default:
			weights = append(weights, x.values[i])
		}
	}
	return weights
}
