package config

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Value is a setting with its value as text.
type Value struct{ Name, Text string }

// Values lists the settings as the YAML file names them (phases by their numbers from 1), without those that are empty.
func (c *Config) Values() ([]Value, error) {
	text, err := c.YAML()
	if err != nil {
		return nil, err
	}
	var tree yaml.MapSlice
	if err := yaml.UnmarshalWithOptions(text, &tree, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	var list []Value
	for _, item := range tree {
		list = flatten(list, fmt.Sprint(item.Key), item.Value)
	}
	return list, nil
}

// flatten appends what value holds under name.
func flatten(list []Value, name string, value any) []Value {
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
	if text == "" {
		return list
	}
	return append(list, Value{Name: name, Text: text})
}

// Difference is a setting that has two values; "not set" stands for one that is empty.
type Difference struct{ Name, Before, Now string }

// Differences lists the settings of now that are not as in before.
func Differences(before, now []Value) []Difference {
	var all []Difference
	was := map[string]string{}
	for _, v := range before {
		was[v.Name] = v.Text
	}
	is := map[string]bool{}
	for _, v := range now {
		is[v.Name] = true
		if was[v.Name] != v.Text {
			all = append(all, Difference{v.Name, cmp.Or(was[v.Name], "not set"), v.Text})
		}
	}
	for _, v := range before {
		if !is[v.Name] {
			all = append(all, Difference{v.Name, v.Text, "not set"})
		}
	}
	return all
}
