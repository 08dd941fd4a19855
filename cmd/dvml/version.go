package main

import "github.com/dvml/dvml/internal/version"

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run prints which build of dvml this is.
func (c *versionCmd) Run() error {
	if c.JSON {
		return printJSON(stdout, version.Get())
	}
	printf("dvml %s\n", version.Get())
	return nil
}
