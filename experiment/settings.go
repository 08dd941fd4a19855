package experiment

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/report"
)

// Settings lists a run's settings as its YAML file names them (phases by their numbers from 1), without those that are empty and those that differ by
// place or seed.
func Settings(c *config.Config) []report.Setting {
	text, err := c.YAML()
	if err != nil {
		return nil
	}
	var tree yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &tree, yaml.UseOrderedMap()); err != nil {
		return nil
	}
	var list []report.Setting
	for _, item := range tree {
		list = flatten(list, fmt.Sprint(item.Key), item.Value)
	}
	return list
}

// flatten appends what value holds under name.
func flatten(list []report.Setting, name string, value any) []report.Setting {
	switch v := value.(type) {
	case nil:
		return list
	case yaml.MapSlice:
		for _, item := range v {
			list = flatten(list, name+"."+fmt.Sprint(item.Key), item.Value)
		}
		return list
	case []any:
		var plain []string
		for i, item := range v {
			if m, ok := item.(yaml.MapSlice); ok {
				list = flatten(list, fmt.Sprintf("%s.%d", name, i+1), m)
			} else {
				plain = append(plain, fmt.Sprint(item))
			}
		}
		value = strings.Join(plain, ", ")
	}
	text := fmt.Sprint(value)
	if text == "" || name == "data" || name == "seed" || name == "backbone.weights" {
		return list
	}
	return append(list, report.Setting{Name: name, Value: text})
}
