package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/dvml/dvml/method"
)

func TestPresetsAreWholeAndValid(t *testing.T) {
	names, about := Presets()
	if len(names) < 6 {
		t.Fatalf("presets are %v", names)
	}
	for i, name := range names {
		c, err := Preset(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if about[i] == "" || strings.Contains(about[i], ":\n") {
			t.Errorf("%s does not say what it is in its first line", name)
		}
		c.Data = "x.h5"
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPresetKeepsWhatItDoesNotName(t *testing.T) {
	c, err := Preset("laptop")
	if err != nil {
		t.Fatal(err)
	}
	b, err := base()
	if err != nil {
		t.Fatal(err)
	}
	if c.Method.Decoder.Activation != b.Method.Decoder.Activation || c.Method.Decoder.Activation == "" {
		t.Errorf("decoder.activation is %q; the base says %q", c.Method.Decoder.Activation, b.Method.Decoder.Activation)
	}
	if c.Method.Decoder.Hidden == b.Method.Decoder.Hidden || c.Optimizer.Beta2 != 0.999 || !c.Image.RandomCrop || c.Optimizer.Name != "adam" {
		t.Errorf("decoder %+v, beta2 %g, random crop %t, optimiser %q", c.Method.Decoder, c.Optimizer.Beta2, c.Image.RandomCrop, c.Optimizer.Name)
	}
}

// The report's experiments, as the method's page gives them.
func TestReportPresets(t *testing.T) {
	for name, want := range map[string][]struct {
		steps  int
		lambda method.Lambda
		train  bool
	}{
		"report-1": {{1600, method.Lambda{KL: 1, Reconstruction: .5, Synthetic: .5, Invariant: 1}, false}, {1600, method.Lambda{KL: .8, Reconstruction: 1, Synthetic: .4, Invariant: .8}, true}},
		"report-2": {{1600, method.Lambda{KL: 1, Reconstruction: 1, Synthetic: .1, Invariant: 1}, false}, {1600, method.Lambda{KL: .8, Reconstruction: 1, Synthetic: .2, Invariant: .8}, true}},
		"report-3": {{3000, method.Lambda{KL: 1, Reconstruction: 1, Synthetic: 1, Invariant: 1}, true}},
	} {
		c, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Phases) != len(want) {
			t.Errorf("%s has %d phases", name, len(c.Phases))
			continue
		}
		for i, p := range c.Phases {
			if p.Steps != want[i].steps || p.Lambda != want[i].lambda || p.TrainDecoder != want[i].train || p.Samples != 1 {
				t.Errorf("%s, phase %d: %+v", name, i+1, p)
			}
		}
		r := c.Optimizer.Rates
		if c.Batch.Size() != 128 || c.Method.Dim != 128 || c.Image.Crop != 227 || r.Backbone != 7e-5 || r.Heads != 7e-5 || r.Decoder != 1e-2 || r.Classifier != 1e-3 {
			t.Errorf("%s: batch %d, D %d, crop %d, rates %+v", name, c.Batch.Size(), c.Method.Dim, c.Image.Crop, r)
		}
	}
}

func TestSet(t *testing.T) {
	c, err := base()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"optimizer.rates.heads=3e-4", "method.loss.name=n-pair", "evaluate.k=[1, 5]", "seed=9", "method.loss.margin=0.5"} {
		if err := c.Set(s); err != nil {
			t.Error(err)
		}
	}
	if c.Optimizer.Rates.Heads != 3e-4 || c.Optimizer.Rates.Backbone != 7e-5 || c.Method.Loss.Name != "n-pair" || !reflect.DeepEqual(c.Evaluate.K, []int{1, 5}) || c.Seed != 9 || *c.Method.Loss.Margin != 0.5 {
		t.Errorf("%+v", c)
	}
	before := *c
	for set, want := range map[string]string{
		"optimiser.name=sgd":       "there is no setting optimiser; the settings are data, seed,",
		"optimizer.rates.head=1":   "there is no setting optimizer.rates.head; optimizer.rates has backbone, heads, decoder, classifier, loss",
		"seed":                     "not of the form a.b=value",
		"=3":                       "not of the form a.b=value",
		"seed=":                    "not of the form a.b=value",
		"seed=many":                "seed takes a whole number from 0",
		"ema=high":                 "ema takes a number",
		"image.mirror=maybe":       "image.mirror takes true or false",
		"evaluate.k=3":             "evaluate.k takes a list [...] whose items are each a whole number",
		"phases.0.steps=5":         "phases has no part 0 to be set alone; it takes a list [...] whose items are each a group of settings {steps,",
		"method.loss={nam: x}":     `unknown field "nam" inside it; method.loss takes a group of settings {name,`,
		"method.loss.memory.big=1": "method.loss.memory has size, weight, start",
		"batch={a: [}":             "the value is not YAML",
	} {
		err := c.Set(set)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", set, err)
		}
	}
	if !reflect.DeepEqual(*c, before) {
		t.Error("what was refused has changed the settings")
	}
}

func TestYAMLRoundTripKeepsEverySetting(t *testing.T) {
	c, err := Preset("paper-npair")
	if err != nil {
		t.Fatal(err)
	}
	c.Data = "a: b.h5"
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "# fixes every bit of a run") {
		t.Errorf("the settings have lost their reasons:\n%s", text)
	}
	back, err := Parse(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if !reflect.DeepEqual(c, back) {
		t.Errorf("got %+v, want %+v", back, c)
	}
}
