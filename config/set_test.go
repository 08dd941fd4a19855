package config

import (
	"fmt"
	"reflect"
	"slices"
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

// A list of phases without lambda changes the phases in their places; one with it is all phases.
func TestSetPhases(t *testing.T) {
	for _, c := range []struct {
		set, err string
		steps    []int
		unfreeze int
		check    func(was, is []Phase) bool
	}{
		{"phases=[{steps: 40}]", "", []int{40, 1200}, 40, func(was, is []Phase) bool {
			return is[0].Lambda == was[0].Lambda && is[0].TrainDecoder && is[1].Rates.Backbone == 1e-4
		}},
		{"phases=[{}, {steps: 30, batch: {classes: 5}}]", "", []int{1500, 30}, 1500, func(was, is []Phase) bool { return *is[1].Batch == Batch{"pxk", 5, 2} && was[1].Batch.Classes == 32 }},
		{"phases=[{steps: 4, lambda: [1, 1, 1, 1]}]", "", []int{4}, 1500, func(was, is []Phase) bool { return !is[0].TrainDecoder && is[0].Samples == 0 }},
		{"phases=[{}, {}, {steps: 1}]", "there is no phase 3 to be changed", nil, 0, nil},
		{"phases=[{stepps: 1}]", "stepps", nil, 0, nil},
		{"phases=[{steps: [1, 2]}]", "phases takes", nil, 0, nil},
		{"phases=3", "phases takes", nil, 0, nil},
	} {
		cfg, err := Preset("cars-best")
		if err != nil {
			t.Fatal(err)
		}
		was, _ := Preset("cars-best")
		err = cfg.Set(c.set)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || !reflect.DeepEqual(cfg, was) {
				t.Errorf("%s: %v, or the settings changed", c.set, err)
			}
			continue
		}
		var steps []int
		for _, p := range cfg.Phases {
			steps = append(steps, p.Steps)
		}
		if err != nil || !slices.Equal(steps, c.steps) || cfg.Freeze.UnfreezeAt != c.unfreeze || !c.check(was.Phases, cfg.Phases) {
			t.Errorf("%s: %v, steps %v, end to end from %d: %+v", c.set, err, steps, cfg.Freeze.UnfreezeAt, cfg.Phases)
		}
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
