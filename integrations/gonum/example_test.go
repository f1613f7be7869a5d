package gonum_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"log"
	"math"
	"os"
	"strconv"

	"github.com/lionkernel/lion"
	"github.com/lionkernel/lion/optim"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Softmax regression on 8×8 handwritten digits: weights, bias and gradients are gonum's
// matrices, and optim steps their elements where they are.
func Example() {
	x, labels := digits()
	n, held := len(labels), len(labels)/5
	weight, bias := mat.NewDense(64, 10, nil), mat.NewVecDense(10, nil)
	gradW, gradB := mat.NewDense(64, 10, nil), mat.NewVecDense(10, nil)
	config := lion.DefaultConfig()
	config.LR, config.WeightDecay = 1e-2, 0.1
	optimizer, err := optim.New(optim.Options{MaxNorm: 1}, optim.SplitVectors(optim.Group{
		Config:   config,
		Schedule: optim.Linear(200, 0),
		Params: []*optim.Param{
			optim.F64("weight", weight.RawMatrix().Data, gradW.RawMatrix().Data, 64, 10),
			optim.F64("bias", bias.RawVector().Data, gradB.RawVector().Data),
		},
	})...)
	if err != nil {
		log.Fatal(err)
	}
	// outputs are the probabilities of each digit, for some of the images.
	outputs := func(from, to int) *mat.Dense {
		y := mat.NewDense(to-from, 10, nil)
		y.Mul(x.Slice(from, to, 0, 64), weight)
		for i := range to - from {
			row := y.RawRowView(i)
			floats.Add(row, bias.RawVector().Data)
			sum := floats.LogSumExp(row)
			for j := range row {
				row[j] = math.Exp(row[j] - sum)
			}
		}
		return y
	}
	for range 200 {
		delta := outputs(held, n)
		for i := range n - held {
			row := delta.RawRowView(i)
			row[labels[held+i]]--
			floats.Scale(1/float64(n-held), row)
		}
		gradW.Mul(x.Slice(held, n, 0, 64).T(), delta)
		for j := range 10 {
			gradB.SetVec(j, mat.Sum(delta.ColView(j)))
		}
		if _, err := optimizer.Step(); err != nil {
			log.Fatal(err)
		}
	}
	right := 0
	y := outputs(0, held)
	for i := range held {
		if floats.MaxIdx(y.RawRowView(i)) == labels[i] {
			right++
		}
	}
	fmt.Println("more than 90 % of the images held out are told right:", float64(right) > 0.9*float64(held))
	// Output: more than 90 % of the images held out are told right: true
}

// digits reads the images that lion train has, 64 numbers each, and what they show.
func digits() (*mat.Dense, []int) {
	file, err := os.Open("../../cmd/lion/internal/train/data/digits.csv.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		log.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		log.Fatal(err)
	}
	x := mat.NewDense(len(rows), 64, nil)
	labels := make([]int, len(rows))
	for i := range len(rows) / 5 { // every fifth is held out, and comes first
		rows[i], rows[5*i] = rows[5*i], rows[i]
	}
	for i, row := range rows {
		for j, text := range row {
			v, err := strconv.Atoi(text)
			if err != nil {
				log.Fatal(err)
			}
			if j == 64 {
				labels[i] = v
			} else {
				x.Set(i, j, float64(v)/16)
			}
		}
	}
	return x, labels
}
