package half

// An Element is how one number is stored.
type Element uint8

const (
	None  Element = iota // there is no such slice
	F32                  // float32
	BF16                 // bfloat16
	F16                  // IEEE half
	Split                // the upper half of a float32, rounded; Low16 is beside it
	Low16                // the lower half
	Kahan                // bfloat16; its compensation, another, is beside it
	numElements
)

var sizes = [numElements]uint8{F32: 4, BF16: 2, F16: 2, Split: 2, Low16: 2, Kahan: 2}

// Size is the bytes of an element.
func (e Element) Size() int { return int(sizes[e]) }

// A Storage says how the slices of a step are stored.
type Storage struct {
	Name   string
	Method string // of lion.Stepper

	Param    Element
	Low      Element // what Param has beside it, or None
	Grad     Element
	Momentum Element
	Shadow   Element // a copy of the weights that is written alone, or None
}

// Rounds says whether weights are of an element that can be rounded at random.
func (st *Storage) Rounds() bool { return st.Param == BF16 || st.Param == F16 }

// An ID is the index of a storage.
type ID uint8

const (
	StoreBF16 ID = iota
	StoreF16
	StoreMasterBF16
	StoreMasterBF16M16
	StoreMasterF16
	StoreF32M16
	StoreSplit
	StoreKahan
	NumStorages
)

// Storages are all that there are of 16 bits: the one list of them.
var Storages = [NumStorages]Storage{
	StoreBF16:          {Name: "bf16", Method: "StepBF16", Param: BF16, Grad: BF16, Momentum: BF16},
	StoreF16:           {Name: "f16", Method: "StepF16", Param: F16, Grad: F16, Momentum: F16},
	StoreMasterBF16:    {Name: "master-bf16", Method: "StepMasterBF16", Param: F32, Grad: BF16, Momentum: F32, Shadow: BF16},
	StoreMasterBF16M16: {Name: "master-bf16-m16", Method: "StepMasterBF16M16", Param: F32, Grad: BF16, Momentum: BF16, Shadow: BF16},
	StoreMasterF16:     {Name: "master-f16", Method: "StepMasterF16", Param: F32, Grad: F16, Momentum: F32, Shadow: F16},
	StoreF32M16:        {Name: "f32m16", Method: "StepF32M16", Param: F32, Grad: F32, Momentum: BF16},
	StoreSplit:         {Name: "split", Method: "StepSplit", Param: Split, Low: Low16, Grad: BF16, Momentum: BF16},
	StoreKahan:         {Name: "kahan", Method: "StepBF16Kahan", Param: Kahan, Low: BF16, Grad: BF16, Momentum: BF16},
}
