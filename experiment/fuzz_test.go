package experiment

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzLoad reads foreign plans; the runs of one that is accepted have settings.
func FuzzLoad(f *testing.F) {
	for _, name := range Names() {
		text, err := plans.ReadFile("plans/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add("runs: [{name: a, set: [method.dim=3]}]\nseeds: [1, 2]")
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "plan.yaml")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p, err := Load(path)
		if err != nil {
			return
		}
		for _, r := range p.Runs {
			if _, err := p.Config(r, p.Seeds[0], nil); err != nil {
				t.Fatal(err)
			}
		}
	})
}
