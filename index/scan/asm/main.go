// Command asm writes the scan package's assembly: go generate in that package runs it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	to := flag.String("to", "kernel_amd64.s", "file to write")
	flag.Parse()
	if err := write(*to); err != nil {
		fmt.Fprintf(os.Stderr, "asm: %v\n", err)
		os.Exit(1)
	}
}

func write(path string) error {
	c := build.NewContext()
	c.ConstraintExpr("amd64")
	for _, wide := range []bool{false, true} {
		for _, k := range []kind{{name: "scanOne", queries: 1}, {name: "scanFour", queries: 4}, {name: "pairFour", queries: 4, both: true}} {
			bounds(c, k, wide)
		}
		dot(c, wide, false)
		dot(c, wide, true)
	}
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "avo, by the program in folder asm", Pkg: "scan"}).Print(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

func suffix(wide bool) string {
	if wide {
		return "AVX512"
	}
	return "AVX2"
}

// vector returns a free register of the width.
func vector(c *build.Context, wide bool) reg.VecVirtual {
	if wide {
		return c.ZMM()
	}
	return c.YMM()
}

func function(c *build.Context, name, signature string) {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
}
