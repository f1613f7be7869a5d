package main

import (
	"runtime/debug"
	"testing"

	"github.com/lionkernel/lion"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVersion(t *testing.T) {
	of := func(version string, settings ...debug.BuildSetting) string {
		return versionText(&debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings})
	}
	revision, time := debug.BuildSetting{Key: "vcs.revision", Value: "abc"}, debug.BuildSetting{Key: "vcs.time", Value: "2026-01-01T00:00:00Z"}
	assert.Equal(t, "of unknown version", versionText(nil))
	assert.Equal(t, "(devel)", of(""))
	assert.Equal(t, "v1.2.3", of("v1.2.3", time))
	assert.Equal(t, "(devel), revision abc", of("(devel)", revision, debug.BuildSetting{Key: "vcs.modified", Value: "false"}))
	assert.Equal(t, "v1, revision abc of 2026-01-01T00:00:00Z, modified", of("v1", revision, time, debug.BuildSetting{Key: "vcs.modified", Value: "true"}))

	s, err := lion.New(lion.DefaultConfig())
	require.NoError(t, err)
	_, stdout, _ := lionCommand("version")
	assert.Contains(t, stdout, "\nimplementation   "+s.Implementation()+"\n")
}
