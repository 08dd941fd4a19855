package main

import (
	"github.com/dvml/dvml/backend/cpu"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/internal/plural"
)

type backendsCmd struct {
	Ops bool `help:"List which operations backend cpu has kernels for, and which run on GoMLX's portable backend."`
}

// Run lists the backends, with what each says of itself.
func (c *backendsCmd) Run() error {
	if c.Ops {
		native, width := 0, 0
		for _, op := range cpu.Ops() {
			width = max(width, len(op.Name))
			if op.Native != "" {
				native++
			}
		}
		printf("Backend cpu has kernels for %d of %d operations, for what is named beside them; all else runs on GoMLX's portable backend.\n\n", native, len(cpu.Ops()))
		for _, op := range cpu.Ops() {
			printf("%-*s  %s\n", width, op.Name, first(op.Native, "-"))
		}
		return nil
	}
	for _, name := range append(engine.Names(), "cpu:bfloat16") {
		mark := " "
		if name == engine.Default {
			mark = "*"
		}
		b, err := engine.New(name)
		if err != nil {
			printf("%s %-12s not usable: %s\n", mark, name, plain(err.Error(), nil))
			continue
		}
		printf("%s %-12s %s (%s)\n", mark, name, b.Description(), plural.Of(int(b.NumDevices()), "device"))
		b.Finalize()
	}
	println("* is the default; --backend or $DVML_BACKEND chooses another.")
	return nil
}
