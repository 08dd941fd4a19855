package experiment

import (
	"slices"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/report"
)

// values lists a run's settings without those that differ by place or seed.
func values(c *config.Config) []config.Value {
	all, err := c.Values()
	if err != nil {
		panic(err) // settings that were read can be written
	}
	return slices.DeleteFunc(all, func(v config.Value) bool {
		return v.Name == "data" || v.Name == "seed" || v.Name == "backbone.weights"
	})
}

// Settings lists a run's settings for a report.
func Settings(c *config.Config) []report.Setting {
	var list []report.Setting
	for _, v := range values(c) {
		list = append(list, report.Setting{Name: v.Name, Value: v.Text})
	}
	return list
}
