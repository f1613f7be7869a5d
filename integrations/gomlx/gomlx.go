// Package gomlx steps the trainable variables of a gomlx context with optim, on the host.
package gomlx

import (
	"errors"

	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/lionkernel/lion/optim"
)

// Gradients returns, in a graph, those of a loss by each trainable variable of ctx.
func Gradients(ctx *context.Context, loss *graph.Node) []*graph.Node {
	var values []*graph.Node
	for _, v := range trainable(ctx) {
		values = append(values, v.ValueGraph(loss.Graph()))
	}
	return graph.Gradient(loss, values...)
}

// Params returns the variables, in the same order, as parameters for optim. Their weights
// are those that Step finds.
func Params(ctx *context.Context) (params []*optim.Param) {
	for _, v := range trainable(ctx) {
		params = append(params, optim.F32(v.ScopeAndName(), make([]float32, v.Shape().Size()), nil, v.Shape().Dimensions...))
	}
	return params
}

func trainable(ctx *context.Context) (variables []*context.Variable) {
	for v := range ctx.IterVariables() {
		if v.Trainable {
			variables = append(variables, v)
		}
	}
	return variables
}

// Step makes a step of o, whose parameters are Params(ctx), by what Gradients gave.
func Step(o *optim.Optimizer, ctx *context.Context, grads []*tensors.Tensor) (optim.Report, error) {
	return within(o, o.Params(), trainable(ctx), grads)
}

// within steps where the flat data of all may be used.
func within(o *optim.Optimizer, ps []*optim.Param, vs []*context.Variable, grads []*tensors.Tensor) (r optim.Report, err error) {
	if len(ps) == 0 {
		return o.Step()
	}
	outer := tensors.MutableFlatData(vs[0].MustValue(), func(w []float32) {
		inner := tensors.ConstFlatData(grads[0], func(g []float32) {
			if err = errors.Join(optim.SetWeights(ps[0], w), optim.SetGrad(ps[0], g)); err == nil {
				r, err = within(o, ps[1:], vs[1:], grads[1:])
			}
		})
		err = errors.Join(err, inner)
	})
	return r, errors.Join(err, outer)
}
