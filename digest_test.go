package lion

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"testing"

	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
)

// The digests: SHA-256 of what fixed runs end with, the same on every path and
// architecture. A run starts from weights and takes gradients that integer
// arithmetic makes (SplitMix64, above), special values among them. Elements are
// hashed as little-endian bits, all of param and then all of momentum.
const (
	digestPaperF32 = "aa3955df96c281209067019030c5f8a37eb55267fd210ef2bea377e55c081bec"
	digestPaperF64 = "7f558e854354528847479f19bfcdd9e621189e2cb085ec87e416d97e1065e098"
)

// digestsOfRules are the first eight bytes of the digests of 50 steps over
// 1,009 elements, float32 and float64, by rule, decay and scale.
var digestsOfRules = map[string][2]string{
	"paper decoupled 0.1 none":                {"17004caea218daca", "75697249626caed8"},
	"paper decoupled 0 none":                  {"a0b4db8987d7db27", "0b9cc981eed86139"},
	"paper decoupled-paper 0.1 none":          {"54223febdfd45ebd", "a67519fc00bfdf5d"},
	"paper independent 0.1 none":              {"76e8a9f6a09a746f", "b66f8a60eaf74f35"},
	"paper coupled 0.1 none":                  {"0c4b390270d66bc1", "1c1665034e7ab202"},
	"momentum-first decoupled 0.1 none":       {"8e6ce38d307fa33b", "8ec54a290a7a3b11"},
	"momentum-first decoupled 0 none":         {"c87c732e34a2f96d", "a537b9828412c40e"},
	"momentum-first decoupled-paper 0.1 none": {"d0764d77323ba657", "09d61ebca03ce780"},
	"momentum-first independent 0.1 none":     {"7b9fbd216fa32cb9", "927dd18ee8353e9c"},
	"momentum-first coupled 0.1 none":         {"ea4bead36ed3d548", "91cf3bb450702e38"},
	"bias-corrected decoupled 0.1 none":       {"617940e4b03cc957", "f1bed3dd92349180"},
	"bias-corrected decoupled 0 none":         {"90bf83f8b4eb3e8c", "8982c37dce0bcc92"},
	"bias-corrected decoupled-paper 0.1 none": {"b1c1f70c0a9e5b31", "9a542bc6938821f0"},
	"bias-corrected independent 0.1 none":     {"5cddb4ff85aac9f3", "dbeefd63463705b0"},
	"bias-corrected coupled 0.1 none":         {"0fe46a988276b1b9", "62ab8b592fd6ee8e"},
	"cautious decoupled 0.1 none":             {"d0d35532aa9aca00", "fbe690e4dccda6c4"},
	"cautious decoupled 0 none":               {"491ae0a00db55d5b", "9fb810aa69d8ae17"},
	"cautious decoupled 0.1 count":            {"639380f78de35f69", "a9824dc66d039411"},
	"cautious decoupled 0 count":              {"0093c71d7089bdd4", "6f60243072579bb9"},
	"cautious decoupled 0.1 mean":             {"a217909440a9e0ed", "bde09c3166274a0d"},
	"cautious decoupled 0 mean":               {"f79402c261f80b8d", "1b0fc61953e7e271"},
	"cautious decoupled-paper 0.1 none":       {"675a34865bffee14", "66504e9ce614b09d"},
	"cautious decoupled-paper 0.1 count":      {"6de9a603a14535e3", "05c9d69c49419439"},
	"cautious decoupled-paper 0.1 mean":       {"34c11a3891747e44", "aff945cd03b7ea3a"},
	"cautious independent 0.1 none":           {"a53fd695413fca29", "6af95e48defa6922"},
	"cautious independent 0.1 count":          {"15237f27b36e20b2", "27c44bf25872e5b9"},
	"cautious independent 0.1 mean":           {"511b6535046b8623", "c64dfb640ee8aeaa"},
	"cautious coupled 0.1 none":               {"c491388f7d4178a7", "7bff8d91a77c5757"},
	"cautious coupled 0.1 count":              {"9ede76a8ffde7d1a", "d4a85eb218313074"},
	"cautious coupled 0.1 mean":               {"95471314b2eb2df7", "c4d672f9ed8f1412"},
	"refined decoupled 0.1 none":              {"5a97301fe72738d2", "cb8d5a44197d4321"},
	"refined decoupled 0 none":                {"bb21f4dd8645265d", "73cfbc1338ca2bc3"},
	"refined decoupled-paper 0.1 none":        {"046d0bf4bbbc839f", "83b89224cc3731cc"},
	"refined independent 0.1 none":            {"2ab2157625711581", "563fe067f0acf460"},
	"refined coupled 0.1 none":                {"19d7f23e11970294", "70da4cad361c4002"},
	"smooth decoupled 0.1 none":               {"6dc70239d3cfc77b", "cefb3b788928c9cb"},
	"smooth decoupled 0 none":                 {"41e21183dec67284", "a22e3f7d05bb6c61"},
	"smooth decoupled-paper 0.1 none":         {"d1a69f4ede932cbd", "d2d4904b6310f87b"},
	"smooth independent 0.1 none":             {"b1923b12f9a0e499", "85413d6b7e6c2c52"},
	"smooth coupled 0.1 none":                 {"b036aba9e94b634a", "4cdc32e5e2325168"},
}

// specials are put into a gradient now and then, as float64: those that float32
// lacks round to its own zeros, subnormals and infinities. From lasting on they
// leave a NaN, an infinity or a huge momentum for the rest of the run.
var specials = []float64{
	0, math.Copysign(0, -1), 0x1p-149, -0x1p-149, 0x1.fffffcp-127, -0x1p-126, 0x1p-1074, -0x1p-1022,
	1, -1, math.MaxFloat32, -math.MaxFloat32,
	math.MaxFloat64, math.Inf(1), math.Inf(-1), math.NaN(),
}

const lasting = 10

// number makes a float from 32 random bits: a multiple of 2⁻²⁴ in [−1, 1),
// exact in either format, times 2^−(0…15).
func number(x uint32) float64 {
	return math.Ldexp(float64(int32(x<<4)>>7), -24-int(x>>28))
}

// run makes steps on n elements by s and hashes what they end with.
func digest[T float](s Stepper, n, steps int, step func(Stepper, []T, []T, []T) error) (string, error) {
	r := prove.NewRand(2302_06675)
	param, grad, momentum := make([]T, n), make([]T, n), make([]T, n)
	for i := range param {
		param[i] = T(number(uint32(r.Next())))
	}
	for t := range steps {
		for i := 0; i < n; i += 2 { // one random number makes two
			x := r.Next()
			grad[i] = T(number(uint32(x)))
			if i+1 < n {
				grad[i+1] = T(number(uint32(x >> 32)))
			}
		}
		// Each step, every 64th element meets a special gradient, and every
		// 1,024th one that may last.
		for i := t % 64; i < n; i += 64 {
			kinds := lasting
			if i%1024 == 17 {
				kinds = len(specials)
			}
			grad[i] = T(specials[(i/64+t/64)%kinds])
		}
		if err := step(s.At(t+1), param, grad, momentum); err != nil {
			return "", err
		}
	}
	h := sha256.New()
	hashOf(h, param)
	hashOf(h, momentum)
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashOf[T float](h hash.Hash, x []T) {
	var buf []byte
	for _, x := range x {
		if binary.Size(x) == 4 {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(float32(x)))
		} else {
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(float64(x)))
		}
	}
	h.Write(buf)
}

// TestDigest is the run of the paper's rule, with decay: 1,000 steps over
// 10,007 elements.
func TestDigest(t *testing.T) {
	cfg := DefaultConfig()
	cfg.LR, cfg.WeightDecay = 1e-3, 0.1
	eachImplementation(t, func(t *testing.T, impl int) {
		s := stepper(cfg)
		s.impl = uint8(impl)
		d, err := digest(s, 10007, 1000, Stepper.StepF32)
		assert.NoError(t, err)
		assert.Equal(t, digestPaperF32, d)
		d, err = digest(s, 10007, 1000, Stepper.StepF64)
		assert.NoError(t, err)
		assert.Equal(t, digestPaperF64, d)
	})
}

func TestDigestOfRules(t *testing.T) {
	all := variants(decaying())
	eachImplementation(t, func(t *testing.T, impl int) {
		for _, cfg := range all {
			s := stepper(cfg)
			s.impl = uint8(impl)
			var d [2]string
			var err [2]error
			d[0], err[0] = digest(s, 1009, 50, Stepper.StepF32)
			d[1], err[1] = digest(s, 1009, 50, Stepper.StepF64)
			assert.NoError(t, err[0])
			assert.NoError(t, err[1])
			name := fmt.Sprintf("%v %v %v %v", cfg.Rule, cfg.Decay, cfg.WeightDecay, cfg.CautiousScale)
			assert.Equal(t, digestsOfRules[name], [2]string{d[0][:16], d[1][:16]}, name)
		}
	})
	assert.Len(t, digestsOfRules, len(all))
}
