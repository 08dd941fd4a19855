// Command train trains a model from Go and prints what it measures: go run ./examples/train DATA.h5
// FOLDER [SETTING...]. `dvml prepare` makes the data file; settings are written as `dvml train
// --set` takes them, for instance phases="[{steps: 20, ...}]".
package main

import (
	"context"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: train DATA.h5 FOLDER [SETTING...]")
	}
	if err := start(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}

func start(ctx context.Context, data, folder string, settings []string) error {
	c, err := config.Preset("laptop")
	if err != nil {
		return err
	}
	c.Data = data
	for _, s := range settings {
		if err := c.Set(s); err != nil {
			return err
		}
	}
	backend, err := engine.New("cpu")
	if err != nil {
		return err
	}
	t, err := train.New(c, run.Folder(folder), backend, watcher{})
	if err != nil {
		return err
	}
	defer t.Close()
	return t.Run(ctx)
}

// watcher prints evaluations and passes over the rest of what a run tells.
type watcher struct{}

func (watcher) Say(text string)                     { fmt.Println(text) }
func (watcher) Step(train.Progress)                 {}
func (watcher) Embedding(done, total int)           {}
func (watcher) Features(metrics map[string]float64) { show("features", metrics) }

func (watcher) Evaluation(step int, metrics map[string]float64) {
	show(fmt.Sprint("step ", step), metrics)
}

func show(what string, metrics map[string]float64) {
	fmt.Print(what)
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		fmt.Printf("  %s %.3f", name, metrics[name])
	}
	fmt.Println()
}
