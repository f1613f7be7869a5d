package train

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// digitsCSV holds the 8×8 handwritten digits; data/README.md names the source
// and the licence.
//
//go:embed data/digits.csv.gz
var digitsCSV []byte

// dataset is a classification task.
type dataset struct {
	name    string
	inputs  int // numbers in a sample
	classes int
	train   split
	test    split // held out: never trained on
}

// split is one part of a dataset.
type split struct {
	pixels []float32 // sample after sample, each in [0, 1]
	labels []uint8
}

// loadDigits returns the embedded digits. Every fifth image is held out.
func loadDigits() (*dataset, error) {
	z, err := gzip.NewReader(bytes.NewReader(digitsCSV))
	if err != nil {
		return nil, fmt.Errorf("embedded digits: %w", err)
	}
	d := &dataset{name: "8×8 handwritten digits (Alpaydin & Kaynak, UCI, CC BY 4.0)", inputs: 64, classes: 10}
	lines := csv.NewReader(z)
	lines.FieldsPerRecord = d.inputs + 1
	lines.ReuseRecord = true
	for i := 0; ; i++ {
		fields, err := lines.Read()
		if err == io.EOF {
			return d, nil
		}
		if err != nil {
			return nil, fmt.Errorf("embedded digits: %w", err)
		}
		part := &d.train
		if i%5 == 4 {
			part = &d.test
		}
		for j, f := range fields {
			v, err := strconv.ParseUint(f, 10, 8)
			if err != nil {
				return nil, fmt.Errorf("embedded digits, line %d: %w", i+1, err)
			}
			if j == d.inputs {
				part.labels = append(part.labels, uint8(v))
			} else {
				part.pixels = append(part.pixels, float32(v)/16)
			}
		}
	}
}
