package version

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestRead(t *testing.T) {
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef"}
	for _, c := range []struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"(devel)", nil, "v0.1.0"},
		{"v0.0.0-20261127210000-0123456789ab", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "false"}}, "v0.1.0 (0123456789ab)"},
		{"v0.0.0-20261127210000-0123456789ab+dirty", []debug.BuildSetting{revision, {Key: "vcs.modified", Value: "true"}}, "v0.1.0 (0123456789ab, modified)"},
		{"v0.2.3", nil, "v0.2.3"}, // go install ...@v0.2.3
		{"v0.2.4-0.20261127210000-0123456789ab", nil, "v0.1.0"},
		{"v0.3.0-rc.1", nil, "v0.3.0-rc.1"},
	} {
		i := Info{Version: current}
		i.read(&debug.BuildInfo{Main: debug.Module{Version: c.version}, Settings: c.settings})
		if got := i.Build(); got != c.want {
			t.Errorf("%s: %s, expected %s", c.version, got, c.want)
		}
	}
}

func TestLinked(t *testing.T) {
	number, commit = "v9.8.7", "fedcba9876543210"
	defer func() { number, commit = "", "" }()
	if got, want := Get().String(), "v9.8.7 (fedcba987654), "+runtime.Version()+", "+runtime.GOOS+"/"+runtime.GOARCH; got != want {
		t.Errorf("%s, expected %s", got, want)
	}
}
