package imageset

import (
	"io"
	"strings"
	"testing"
	"testing/fstest"
)

// FuzzListings feeds foreign bytes to the readers of lists, in the place of each list of each layout: whatever is accepted must be consistent.
func FuzzListings(f *testing.F) {
	var lists []func(data string) source
	for _, l := range layouts(f) {
		for name, data := range l.files {
			if !strings.HasSuffix(name, ".txt") && !strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, ".mat") {
				continue
			}
			lists = append(lists, func(data string) source {
				fsys := fstest.MapFS{}
				for other, content := range l.files {
					fsys[other] = &fstest.MapFile{Data: []byte(content)}
				}
				fsys[name].Data = []byte(data)
				return source{FS: fsys, place: "set"}
			})
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data string) {
		for _, list := range lists {
			set, err := read(list(data), "")
			if err != nil {
				continue
			}
			for _, im := range set.Images {
				if im.Label < 0 || im.Label >= len(set.Classes) {
					t.Fatalf("%s has label %d of %d", im.Path, im.Label, len(set.Classes))
				}
				if r, err := im.Open(); err == nil {
					_, _ = io.Copy(io.Discard, r)
					r.Close()
				}
			}
		}
	})
}
