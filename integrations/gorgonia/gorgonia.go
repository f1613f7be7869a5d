// Package gorgonia steps the nodes of a gorgonia graph with optim: all of them in one call.
package gorgonia

import (
	"errors"
	"fmt"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	_ "go4.org/unsafe/assume-no-moving-gc" // a version that doesn't stop programs of later Go
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Solver is a gorgonia.Solver of the model that its first step gets. The Optimizer is made then.
type Solver struct {
	Options optim.Options
	Config  lion.Config
	Report  optim.Report // of the last step
	*optim.Optimizer
}

// Step makes a step of the model and zeroes the gradients, as gorgonia's solvers do.
func (s *Solver) Step(model []gorgonia.ValueGrad) (err error) {
	if s.Optimizer == nil {
		group := optim.Group{Config: s.Config}
		for i, n := range model {
			switch w := n.Value().Data().(type) {
			case []float32:
				group.Params = append(group.Params, optim.F32(fmt.Sprint(i), w, nil, n.Value().Shape()...))
			case []float64:
				group.Params = append(group.Params, optim.F64(fmt.Sprint(i), w, nil, n.Value().Shape()...))
			default:
				return fmt.Errorf("%w: node %d is of %T", optim.ErrParam, i, w)
			}
		}
		if s.Optimizer, err = optim.New(s.Options, group); err != nil {
			return err
		}
	}
	for i, n := range model {
		grad, err := n.Grad()
		if err == nil {
			err = set(s.Optimizer.Params()[i], n.Value().Data(), grad.Data())
		}
		if err != nil {
			return err
		}
		defer grad.(*tensor.Dense).Zero()
	}
	s.Report, err = s.Optimizer.Step()
	return err
}

func set(p *optim.Param, weights, grad any) error {
	if w, ok := weights.([]float32); ok {
		return errors.Join(optim.SetWeights(p, w), optim.SetGrad(p, grad.([]float32)))
	}
	return errors.Join(optim.SetWeights(p, weights.([]float64)), optim.SetGrad(p, grad.([]float64)))
}
