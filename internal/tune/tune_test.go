package tune

import (
	"os"
	"testing"

	"github.com/klauspost/cpuid/v2"
	"github.com/lionkernel/lion/internal/prove"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFind(t *testing.T) {
	for _, c := range []struct {
		vendor        cpuid.Vendor
		family, model int
		name          string
	}{
		{cpuid.AMD, 0x19, 0x01, "Zen 3"}, // Milan
		{cpuid.AMD, 0x19, 0x0f, "Zen 3"},
		{cpuid.AMD, 0x19, 0x10, "Zen 4"},
		{cpuid.AMD, 0x19, 0x11, "Zen 4"}, // Genoa
		{cpuid.AMD, 0x19, 0x1f, "Zen 4"},
		{cpuid.AMD, 0x19, 0x21, "Zen 3"}, // Vermeer
		{cpuid.AMD, 0x19, 0x50, "Zen 3"}, // Cezanne
		{cpuid.AMD, 0x19, 0x61, "Zen 4"}, // Raphael
		{cpuid.AMD, 0x19, 0x74, "Zen 4"}, // Phoenix
		{cpuid.AMD, 0x19, 0xa0, "Zen 4"}, // Bergamo
		{cpuid.AMD, 0x19, 0xb0, ""},
		{cpuid.AMD, 0x1a, 0x02, "Zen 5"}, // Turin
		{cpuid.AMD, 0x1a, 0x44, "Zen 5"}, // Granite Ridge
		{cpuid.AMD, 0x1a, 0x70, "Zen 5"}, // Strix Halo
		{cpuid.AMD, 0x1a, 0x50, ""},
		{cpuid.AMD, 0x17, 0x31, ""}, // Zen 2
		{cpuid.Intel, 0x19, 0x01, ""},
		{cpuid.Intel, 6, 0x8f, ""}, // Sapphire Rapids
		{cpuid.VendorUnknown, 0, 0, ""},
	} {
		m := find(c.vendor, c.family, c.model)
		assert.Equal(t, c.name, m.name, "%+v", c)
		assert.Equal(t, c.name == "Zen 3" || c.name == "Zen 5", m.prefetch, "%+v", c)
		assert.Equal(t, c.name == "Zen 4", m.sums, "%+v", c)
		assert.Equal(t, c.name == "Zen 4", m.narrow, "%+v", c)
	}
}

func TestChoose(t *testing.T) {
	zen3, zen4 := find(cpuid.AMD, 0x19, 0x01), find(cpuid.AMD, 0x19, 0x11)
	for _, c := range []struct {
		env   string
		model model
		ahead int
		why   string
	}{
		{"", zen3, 1024, "faster on Zen 3"},
		{"", zen4, 0, "slower on Zen 4"},
		{"", model{}, 0, "not measured on this CPU"},
		{"on", zen4, 1024, "LION_PREFETCH=on asks for it"},
		{"off", zen3, 0, "LION_PREFETCH=off asks for it"},
		{"1", zen4, 1, "LION_PREFETCH=1 asks for it"},
		{"1048576", zen4, 1 << 20, "LION_PREFETCH=1048576 asks for it"},
	} {
		ahead, why, err := choose(c.env, c.model)
		require.NoError(t, err)
		assert.Equal(t, c.ahead, ahead, "%+v", c)
		assert.Equal(t, c.why, why, "%+v", c)
	}
	for _, bad := range []string{"0", "-1", "1048577", "On", "yes", " on", "1k", "1e3"} {
		_, _, err := choose(bad, zen4)
		assert.ErrorContains(t, err, bad)
	}
}

// The variable is read when the program starts, and a bad one stops it.
func TestEnvironment(t *testing.T) {
	if os.Getenv("LION_TUNE_CHILD") != "" {
		require.Equal(t, 512, Ahead)
		require.Equal(t, "LION_PREFETCH=512 asks for it", Why())
		return
	}
	out, status := prove.Rerun(t, "TestEnvironment", "LION_TUNE_CHILD=1", "LION_PREFETCH=512")
	assert.Zero(t, status, out)
	out, status = prove.Rerun(t, "TestEnvironment", "LION_TUNE_CHILD=1", "LION_PREFETCH=sometimes")
	assert.Equal(t, 2, status)
	assert.Contains(t, out, `LION_PREFETCH: lion: "sometimes" is neither on nor off`)
}
