package main

import (
	"fmt"

	"github.com/dvml/dvml/engine"
)

type backendsCmd struct{}

// Run lists the backends, with what each says of itself.
func (c *backendsCmd) Run() error {
	for _, name := range engine.Names() {
		mark := " "
		if name == engine.Default {
			mark = "*"
		}
		b, err := engine.New(name)
		if err != nil {
			fmt.Printf("%s %-5s not usable: %v\n", mark, name, err)
			continue
		}
		fmt.Printf("%s %-5s %s (%d device(s))\n", mark, name, b.Description(), b.NumDevices())
		b.Finalize()
	}
	fmt.Println("* is the default; --backend or $DVML_BACKEND chooses another.")
	return nil
}
