package experiment

import (
	"strings"
	"testing"
)

func TestPlansAreValid(t *testing.T) {
	for _, name := range Names() {
		p, err := Load(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, r := range p.Runs {
			c, err := p.Config(r, 1, nil)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			c.Data = "x.h5"
			if err := c.Validate(); err != nil {
				t.Errorf("%s, %s: %v", name, r.Name, err)
			}
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	if _, err := Load("no-such-plan"); err == nil || !strings.Contains(err.Error(), "report") {
		t.Errorf("an unknown plan: %v", err)
	}
}

func TestScaleSharesStepsOut(t *testing.T) {
	p, err := Load("report")
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Config(p.Runs[0], 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.ScaleSteps(101)
	if c.Steps() != 101 || c.Phases[0].Steps != 50 {
		t.Errorf("phases of %d and %d steps", c.Phases[0].Steps, c.Phases[1].Steps)
	}
}
