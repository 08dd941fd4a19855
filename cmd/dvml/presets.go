package main

import (
	"github.com/dvml/dvml/config"
)

type presetsCmd struct {
	Name string `arg:"" optional:"" help:"Print all settings of this preset, with their reasons." values:"presets"`
}

// Run lists the presets, or prints one.
func (c *presetsCmd) Run() error {
	if c.Name != "" {
		cfg, err := config.Preset(c.Name)
		if err != nil {
			return err
		}
		text, err := cfg.YAML()
		if err != nil {
			return err
		}
		printf("%s", string(text))
		return nil
	}
	names, about := config.Presets()
	for i, n := range names {
		printf("%-14s %s\n", n, about[i])
	}
	printf("\n`%s presets NAME` prints every setting with its reason; `%s train --preset NAME` trains with them.\n", program(), program())
	return nil
}
