package config

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/internal/spelling"
	"github.com/dvml/dvml/internal/yamltext"
)

//go:embed presets/*.yaml
var presets embed.FS

// Presets lists the names that Preset knows, with the first line of each one's comment.
func Presets() (names, about []string) {
	files, err := fs.Glob(presets, "presets/*.yaml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for _, f := range files {
		name := strings.TrimSuffix(path.Base(f), ".yaml")
		if name == "base" {
			continue
		}
		text, err := presets.ReadFile(f)
		if err != nil {
			panic(err) // an embedded file
		}
		first, _, _ := strings.Cut(string(text), "\n")
		names, about = append(names, name), append(about, strings.TrimPrefix(first, "# "))
	}
	return names, about
}

// Preset returns the named preset over the base settings. An unknown name's error lists the known ones.
func Preset(name string) (*Config, error) {
	c, err := base()
	if err != nil {
		return nil, err
	}
	text, err := presets.ReadFile("presets/" + name + ".yaml")
	if err != nil || name == "base" {
		names, _ := Presets()
		return nil, fmt.Errorf("there is no preset %q; known are %s%s", name, strings.Join(names, ", "), spelling.Hint(name, names))
	}
	if err := c.decode(text); err != nil {
		return nil, fmt.Errorf("preset %s: %w", name, err)
	}
	return c, nil
}

// Read reads a YAML file over the base settings. A name that no setting has is an error with its line.
func Read(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	c, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads YAML over the base settings.
func Parse(text []byte) (*Config, error) {
	c, err := base()
	if err != nil {
		return nil, err
	}
	return c, c.decode(text)
}

func base() (*Config, error) {
	text, err := presets.ReadFile("presets/base.yaml")
	if err != nil {
		return nil, err
	}
	var c Config
	if err := c.decode(text); err != nil {
		return nil, fmt.Errorf("base settings: %w", err)
	}
	return &c, nil
}

// decode lays the YAML text over c: what the text does not name stays.
func (c *Config) decode(text []byte) error {
	text, err := yamltext.Clean(text)
	if err != nil || len(text) == 0 {
		return err
	}
	if err := checkLists(text); err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil {
		return errors.New(yaml.FormatError(err, false, true))
	}
	return nil
}

// YAML writes every setting, with the comments of base.yaml.
func (c *Config) YAML() ([]byte, error) {
	text, err := presets.ReadFile("presets/base.yaml")
	if err != nil {
		return nil, err
	}
	comments := yaml.CommentMap{}
	var ignored Config
	if err := yaml.UnmarshalWithOptions(text, &ignored, yaml.CommentToMap(comments)); err != nil {
		return nil, err
	}
	for path := range comments {
		if strings.Contains(path, "phases[") {
			delete(comments, path) // a run may have fewer phases than the base
		}
	}
	return yaml.MarshalWithOptions(c, yaml.WithComment(comments))
}
