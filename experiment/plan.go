// Package experiment trains lists of runs over seeds and gathers what they gave: the experiments of the report and the paper, comparisons of losses,
// or any other that a YAML file lists.
//
// [Plan.Run] carries a plan out: runs that are finished are not repeated, one that was interrupted goes on. [Plan.Collect] reads what is there and
// trains nothing. [Diagnose] looks into the models and keeps what it finds beside each run, and [Plan.Gather] makes a page of it all.
package experiment

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/spelling"
	"github.com/dvml/dvml/internal/yamltext"
)

// Plan is a list of runs.
type Plan struct {
	Title string   `yaml:"title"`
	Notes []string `yaml:"notes"`
	// Protocol says with what data and how the published results of all runs were measured, where a result does not say it itself.
	Protocol string   `yaml:"protocol"`
	Preset   string   `yaml:"preset"` // of all runs that name none
	Set      []string `yaml:"set"`    // settings of all runs, as train's --set
	Seeds    []uint64 `yaml:"seeds,flow"`
	Runs     []Run    `yaml:"runs"`
}

// Run is one setting.
type Run struct {
	Name      string     `yaml:"name"`
	About     string     `yaml:"about"`
	Preset    string     `yaml:"preset"`
	Set       []string   `yaml:"set"`
	Published *Published `yaml:"published"`
}

// Published is a result from the literature beside a run.
type Published struct {
	Source   string             `yaml:"source"`
	Protocol string             `yaml:"protocol"` // with what data and how it was measured; default: the plan's
	Metrics  map[string]float64 `yaml:"metrics"`
}

//go:embed plans/*.yaml
var plans embed.FS

// Names lists the plans that the program holds.
func Names() []string {
	files, err := fs.Glob(plans, "plans/*.yaml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return names
}

// Load reads the plan of a name, or of a YAML file.
func Load(name string) (*Plan, error) {
	text, err := plans.ReadFile("plans/" + name + ".yaml")
	if err != nil {
		if text, err = os.ReadFile(name); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("experiment: %q is neither a file nor one of %s%s", name, strings.Join(Names(), ", "), spelling.Hint(name, Names()))
			}
			return nil, fmt.Errorf("experiment: %w", err)
		}
	}
	if text, err = yamltext.Clean(text); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", name, err)
	}
	p := &Plan{Preset: "report-1", Seeds: []uint64{1}}
	if err := yaml.UnmarshalWithOptions(text, p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("experiment: %s:\n%s", name, yaml.FormatError(err, false, true))
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("experiment: %s: %w", name, err)
	}
	return p, nil
}

// A run's name is a folder's too.
var folderName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._+-]*$`)

func (p *Plan) check() error {
	if len(p.Runs) == 0 || len(p.Seeds) == 0 {
		return errors.New("it lists no runs or no seeds")
	}
	seen := map[string]bool{}
	for _, r := range p.Runs {
		if !folderName.MatchString(r.Name) || seen[r.Name] {
			return fmt.Errorf("run %q: a name is of letters, digits, spaces and . _ + -, and stands once", r.Name)
		}
		seen[r.Name] = true
		if _, err := p.Config(r, p.Seeds[0], nil); err != nil {
			return fmt.Errorf("run %q: %w", r.Name, err)
		}
	}
	return nil
}

// Config returns the settings of a run under a seed, with over laid over them.
func (p *Plan) Config(r Run, seed uint64, over []string) (*config.Config, error) {
	preset := r.Preset
	if preset == "" {
		preset = p.Preset
	}
	c, err := config.Preset(preset)
	if err != nil {
		return nil, err
	}
	for _, list := range [][]string{p.Set, r.Set, over} {
		for _, s := range list {
			if err := c.Set(s); err != nil {
				return nil, err
			}
		}
	}
	c.Seed = seed
	return c, nil
}
