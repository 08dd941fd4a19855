package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/backend/cpu"
	"github.com/dvml/dvml/bench"
	"github.com/dvml/dvml/engine"
)

type benchCmd struct {
	Only    []string `default:"caffe,bn,layers,matmul" help:"Parts: caffe (original GoogLeNet, DVML's losses), bn (batch norm form), layers (single convolutions), matmul (a product of matrices), or the path of a network's file." values:"parts"`
	Batch   int      `default:"32" help:"Images of a batch." min:"1"`
	Size    int      `default:"227" help:"Side of an image in pixels." min:"32"`
	Repeat  int      `default:"5" help:"Runs of which the best counts." min:"1"`
	Against string   `type:"existingfile" help:"A JSON file with the same keys, from another program or machine: adds the ratios to it."`
	Beside  string   `help:"A second engine, as cpu:bfloat16: training steps alone (parts caffe and bn), both engines' in turn, with their ratio." values:"engines"`
	Backend string   `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
	Profile bool     `help:"Say where the time goes, by kind of operation (backend cpu)."`
	JSON    bool     `help:"Print JSON."`
}

// Run measures.
func (c *benchCmd) Run() error {
	backend, err := engine.New(c.Backend)
	if err != nil {
		return err
	}
	options := bench.Options{Batch: c.Batch, Size: c.Size, Repeat: c.Repeat, Only: c.Only, Say: func(what string) { fmt.Fprintln(os.Stderr, "measuring", what) }}
	if c.Beside != "" {
		return c.beside(backend, options)
	}
	var other *bench.Result
	if c.Against != "" {
		text, err := os.ReadFile(c.Against)
		if err != nil {
			return err
		}
		other = &bench.Result{}
		if err := json.Unmarshal(text, other); err != nil {
			return fmt.Errorf("%s: %w", c.Against, err)
		}
	}
	if c.Profile {
		cpu.StartProfile()
	}
	r, err := bench.Run(backend, options)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(r)
	}
	printf("%s\n\n", r.Engine)
	if other != nil {
		printf("%-34s %9s %17s\n", "", "here", "there")
	}
	for _, row := range bench.Table(r, other) {
		println(strings.TrimRight(row, " "))
	}
	profile(cpu.StopProfile())
	return nil
}

// beside measures training steps in turn with another engine's.
func (c *benchCmd) beside(here compute.Backend, o bench.Options) error {
	there, err := engine.New(c.Beside)
	if err != nil {
		return err
	}
	pairs, err := bench.Beside(there, here, o)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(stdout).Encode(pairs)
	}
	printf("%s, beside %s\n\n", there.Description(), here.Description())
	for _, row := range bench.PairsTable(pairs) {
		println(row)
	}
	return nil
}

// profile prints where the time of all that was measured went.
func profile(shares []cpu.Share) {
	if len(shares) == 0 {
		return
	}
	println("\nWhere the time went, by kind of operation:")
	var all time.Duration
	for _, s := range shares {
		all += s.Time
	}
	for _, s := range shares {
		printf("  %5.1f %%  %-28s %d steps\n", 100*s.Time.Seconds()/all.Seconds(), s.Kind, s.Steps)
	}
}
