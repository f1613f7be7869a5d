// Package spago steps the parameters of a spago model with optim: all of them in one call.
package spago

import (
	"context"
	"fmt"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"github.com/nlpodyssey/spago/mat"
	"github.com/nlpodyssey/spago/nn"
)

// Optimizer takes the place of spago's.
type Optimizer struct {
	*optim.Optimizer
	params []*nn.Param
}

// New returns an optimizer of a model's parameters, as nn.Parameters gives them.
func New(parameters nn.ParamChannelFunc, options optim.Options, config lion.Config) (*Optimizer, error) {
	params, own := Params(parameters)
	o, err := optim.New(options, optim.Group{Config: config, Params: own})
	return &Optimizer{o, params}, err
}

// Params returns a model's parameters, and as parameters for optim, in the same order. The
// weights are shared.
func Params(parameters nn.ParamChannelFunc) (params []*nn.Param, own []*optim.Param) {
	for p := range parameters(context.Background()) {
		name := fmt.Sprint(len(params))
		if d := p.Data(); d.BitSize() == 32 {
			own = append(own, optim.F32(name, d.F32(), nil, p.Shape()...))
		} else {
			own = append(own, optim.F64(name, d.F64(), nil, p.Shape()...))
		}
		params = append(params, p)
	}
	return params, own
}

// Optimize makes a step of all parameters that have a gradient, and drops the gradients.
func (o *Optimizer) Optimize() (optim.Report, error) {
	for i, p := range o.params {
		own, err := o.Params()[i], error(nil)
		if !p.HasGrad() {
			own.ClearGrad()
		} else if g := p.Grad().(mat.Matrix).Data(); g.BitSize() == 32 {
			err = optim.SetGrad(own, g.F32())
		} else {
			err = optim.SetGrad(own, g.F64())
		}
		if err != nil {
			return optim.Report{}, err
		}
		p.ZeroGrad() // optim still refers to what it was
	}
	return o.Step()
}
