package main

import (
	"fmt"

	"github.com/dvml/dvml/backend/cpu"
	"github.com/dvml/dvml/engine"
)

type backendsCmd struct {
	Ops bool `help:"List which operations backend cpu has kernels for, and which run on GoMLX's portable backend."`
}

// Run lists the backends, with what each says of itself.
func (c *backendsCmd) Run() error {
	if c.Ops {
		for _, op := range cpu.Ops() {
			fmt.Printf("%-26s %s\n", op.Name, first(op.Native, "portable"))
		}
		return nil
	}
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
