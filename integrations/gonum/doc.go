// Package gonum shows how a model of gonum's matrices is trained with optim: a
// mat.Dense holds its elements in one slice, RawMatrix().Data, which is all that optim
// wants. There is nothing to adapt.
package gonum
