// Command asm writes the kernel package's assembly: go generate in that package runs it. Each file of instructions has a generator of its own here.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

func main() {
	dir := flag.String("dir", ".", "folder to write to")
	flag.Parse()
	for _, f := range []struct {
		name string
		gen  func(c *build.Context)
	}{
		{"product_amd64.s", products},
		{"elementwise_amd64.s", elementwise},
		{"reduce_amd64.s", reductions},
		{"winograd_amd64.s", winograd},
		{"transpose_amd64.s", transposition},
		{"bfloat16_amd64.s", bfloat16},
	} {
		if err := write(filepath.Join(*dir, f.name), f.gen); err != nil {
			fmt.Fprintf(os.Stderr, "asm: %s: %v\n", f.name, err)
			os.Exit(1)
		}
	}
}

// write runs one generator and prints its functions as Go assembly.
func write(path string, gen func(c *build.Context)) error {
	c := build.NewContext()
	gen(c)
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	if err := encode(file); err != nil {
		return err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "avo, by the program in folder asm", Pkg: "kernel"}).Print(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}
