package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/weights"
)

// describeModel prints what a checkpoint or a file of weights holds.
func describeModel(path string, all bool) error {
	m, err := dvml.Open(path)
	if errors.Is(err, backbone.ErrOther) {
		return describeTensors(path, all)
	}
	if err != nil {
		return err
	}
	defer m.Close()
	info, err := m.Info()
	if err != nil {
		return err
	}
	what := "a trained model"
	switch {
	case info.Headless:
		what = "the weights of a network alone"
	case info.Step == 0:
		what = "a model before its first step"
	}
	printf("%s: %s\n", path, what)
	net, side := m.Network().Backbone, info.Crop
	line("network", fmt.Sprintf("%s, %.2f million parameters, %.2f billion multiply-adds per image of %d px", info.Backbone, float64(net.Parameters())/1e6,
		float64(net.FLOPs(side))/2e9, side))
	if info.Headless {
		line("embedding", fmt.Sprintf("the network's pooled features, %s", plural.Of(info.Dim, "dimension")))
	} else {
		line("embedding", fmt.Sprintf("z_I, %s", plural.Of(info.Dim, "dimension")))
		line("trained", fmt.Sprintf("%d of %s, objective %s, loss %s, on %s of %s", info.Step, plural.Of(m.Config().Steps(), "step"), info.Objective, info.Loss,
			plural.Of(m.Checkpoint().Classes, "class"), cmp.Or(m.Config().Data, "a data file")))
	}
	line("photographs", fmt.Sprintf("%s to %d x %d px; the network reads %d x %d of them", fits[info.Fit], info.Size, info.Size, side, side))
	if len(info.Metrics) > 0 {
		delete(info.Metrics, run.HeldOutSpread)
		line("held out", metricLine(info.Metrics, 1<<30))
	}
	if c := info.Calibration; c != nil {
		line("calibrated", fmt.Sprintf("on %s of %s", plural.Of(c.Images, "image"), plural.Of(c.Classes, "class")))
	} else if !info.Headless {
		line("calibrated", fmt.Sprintf("not yet: %s", commandLine("calibrate", path)))
	}
	line("written by", m.Checkpoint().Program)
	line("fingerprint", info.Fingerprint[:16])
	if all && len(info.Classes) > 0 {
		printf("\ntrained on\n  %s\n", strings.Join(info.Classes, "\n  "))
	}
	return nil
}

// fits say in words how a photograph becomes a square.
var fits = map[string]string{"stretch": "stretched", "crop": "cut from the middle and scaled", "pad": "padded and scaled"}

// line prints one property; nothing where it is not known.
func line(name, value string) {
	if value != "" {
		printf("  %-12s %s\n", name, value)
	}
}

// describeTensors prints what weights hold that are of no network that is known here.
func describeTensors(path string, all bool) error {
	file, err := weights.Read(path)
	if err != nil {
		return err
	}
	names, total := file.Names(), 0
	for _, t := range file.Tensors {
		total += len(t.Data)
	}
	printf("%s: weights of a network that is not known here: %s, %.2f million numbers\n", path, plural.Of(len(names), "tensor"), float64(total)/1e6)
	const few = 8
	for i, name := range names {
		if i == few && !all {
			printf("  ... and %d more (--all lists them)\n", len(names)-few)
			break
		}
		printf("  %s %v\n", name, file.Tensors[name].Shape)
	}
	println("As an ONNX file, which holds the network too, it can be imported: dvml import NETWORK.onnx")
	return nil
}

// describeRun prints how far a run is, and its best model.
func describeRun(f run.Folder, all bool) error {
	cfg, err := config.Read(f.Config())
	if err != nil {
		return err
	}
	states, err := f.Checkpoints()
	if err != nil {
		return err
	}
	printf("%s: the folder of a run\n", f)
	line("data", cfg.Data)
	if len(states) == 0 {
		line("states", "none yet")
		return nil
	}
	var step int
	if _, err := fmt.Sscanf(filepath.Base(states[0]), "step-%d.safetensors", &step); err != nil {
		return fmt.Errorf("%s: the name of a state is step-NUMBER.safetensors", states[0])
	}
	line("steps", fmt.Sprintf("%d of %d", step, cfg.Steps()))
	if step < cfg.Steps() {
		line("to resume", commandLine("train", "--resume", string(f)))
	}
	m, err := dvml.Open(string(f))
	if err != nil {
		return err
	}
	path := m.Path()
	if err := m.Close(); err != nil {
		return err
	}
	println("\nIts best model, or its newest state where none was evaluated:")
	return describeModel(path, all)
}

// describeIndex prints what an index holds.
func describeIndex(ctx context.Context, path string) error {
	x, err := dvml.OpenIndex(path)
	if err != nil {
		return err
	}
	defer x.Close()
	classes, err := x.Classes(ctx)
	if err != nil {
		return err
	}
	failures, err := x.Failures(ctx)
	if err != nil {
		return err
	}
	roots, err := x.Roots(ctx)
	if err != nil {
		return err
	}
	m := x.Model()
	printf("%s: an index of %s of %s, %s each\n", path, plural.Of(x.Len(), "photograph"), plural.Of(len(classes), "class"), plural.Of(m.Dim, "dimension"))
	for _, root := range roots {
		line("folder", root)
	}
	if len(failures) > 0 {
		line("failed", plural.Of(len(failures), "photograph")+" could not be read")
	}
	line("model", m.Checkpoint)
	line("fingerprint", m.Fingerprint[:16])
	printf("\nBring it up to date: %s\n", commandLine("index", m.Checkpoint, "-o", path))
	return nil
}
