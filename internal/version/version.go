// Package version says which build of dvml this is: what Go recorded when it was built, or what the
// linker was told. A run's settings, checkpoints, reports and indexes keep it.
package version

import (
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// Set by the linker for builds that Go records nothing of, such as from an archive of the source:
//
//	go build -ldflags "-X github.com/dvml/dvml/internal/version.number=v0.1.0 -X github.com/dvml/dvml/internal/version.commit=HASH"
var number, commit string

// current is the version that the source is of.
const current = "v0.1.0"

// Info is what is known of a build.
type Info struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"` // of git; empty where the build does not know it
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// release is a version that was tagged; others are made up by Go of a commit and its time.
var release = regexp.MustCompile(`^v\d+\.\d+\.\d+(-(alpha|beta|rc)[.\d]*)?$`)

// Get returns what is known of this program.
func Get() Info {
	i := Info{Version: current, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok {
		i.read(build)
	}
	if number != "" {
		i.Version = number
	}
	if commit != "" {
		i.Commit = commit
	}
	return i
}

func (i *Info) read(build *debug.BuildInfo) {
	if v := strings.TrimSuffix(build.Main.Version, "+dirty"); release.MatchString(v) {
		i.Version = v
	}
	for _, s := range build.Settings {
		switch s.Key {
		case "vcs.revision":
			i.Commit = s.Value
		case "vcs.modified":
			i.Modified = s.Value == "true"
		}
	}
}

// Build is version and commit: v0.1.0 (0123456789ab, modified).
func (i Info) Build() string {
	var parts []string
	if i.Commit != "" {
		parts = append(parts, fmt.Sprintf("%.12s", i.Commit))
	}
	if i.Modified {
		parts = append(parts, "modified")
	}
	if len(parts) == 0 {
		return i.Version
	}
	return fmt.Sprintf("%s (%s)", i.Version, strings.Join(parts, ", "))
}

// String is all of it on one line.
func (i Info) String() string { return fmt.Sprintf("%s, %s, %s", i.Build(), i.Go, i.Platform) }
