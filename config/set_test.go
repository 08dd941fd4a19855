package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// Every setting that a run's config.yaml shows can be set by its name, to its own value without changing anything.
func TestSetEverySetting(t *testing.T) {
	c, err := Preset("cars-best")
	if err != nil {
		t.Fatal(err)
	}
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	var shown map[string]any
	if err := yaml.Unmarshal(text, &shown); err != nil {
		t.Fatal(err)
	}
	tried := 0
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if group, ok := v.(map[string]any); ok {
			for name, inner := range group {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
			return
		}
		value, err := yaml.MarshalWithOptions(v, yaml.Flow(true))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Set(fmt.Sprintf("%s=%s", path, value)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		tried++
	}
	walk("", shown)
	after, err := c.YAML()
	if err != nil || string(after) != string(text) {
		t.Errorf("setting all to what they were changed them: %v\n%s", err, after)
	}
	if tried < 50 {
		t.Errorf("only %d settings", tried)
	}
}

// What is accepted as settings can be written and read again, and nothing panics.
func FuzzConfig(f *testing.F) {
	names, _ := Presets()
	for _, name := range append(names, "base") {
		text, err := presets.ReadFile("presets/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), "optimizer.rates.heads=1e-4")
	}
	f.Add("phases: [{steps: 1, batch: {classes: 2}}]", "batch={classes: 3}")
	f.Add("a: &a [*a]", "phases=[{}]")
	f.Fuzz(func(t *testing.T, text, assignment string) {
		c, err := Parse([]byte(text))
		if err != nil {
			return
		}
		_ = c.Set(assignment)
		_ = c.Validate()
		written, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(written)
		if err != nil {
			t.Fatalf("its own settings are refused: %v\n%s", err, written)
		}
		if twice, err := again.YAML(); err != nil || string(twice) != string(written) {
			t.Fatalf("what was written is read as something else: %v\n%s\n%s", err, written, twice)
		}
	})
}
