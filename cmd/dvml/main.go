// Command dvml prepares photographs, trains a deep variational metric learning model on them and uses it. `dvml --help` lists its commands.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/dvml/dvml/experiment"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/internal/version"
	"github.com/dvml/dvml/train"
)

// cli is the program's commands, a file each.
type cli struct {
	Quickstart quickstartCmd `cmd:"" help:"No data needed: draw a small image set, train on it, evaluate, search, and say what to open."`
	Prepare    prepareCmd    `cmd:"" help:"Turn a folder or an archive of labelled photographs into one HDF5 file."`
	Merge      mergeCmd      `cmd:"" help:"Put the shards of prepare or embed together."`
	Info       infoCmd       `cmd:"" help:"Say what an HDF5 file holds and draw a contact sheet of it."`
	Import     importCmd     `cmd:"" help:"Make a backbone of published weights (ONNX, torchvision .pth, safetensors)."`
	Export     exportCmd     `cmd:"" help:"Write a model for other programs: ONNX, or safetensors with the published names."`
	Train      trainCmd      `cmd:"" help:"Train a model, or resume a run."`
	Tune       tuneCmd       `cmd:"" help:"Choose how to train on a data set, by cross-validation over its training classes."`
	Experiment experimentCmd `cmd:"" help:"Train a list of runs over seeds and write a report: the report's and the paper's experiments, six losses, or your own."`
	Eval       evalCmd       `cmd:"" help:"Measure NMI, F1, Recall@K and MAP@R of a model on held-out classes."`
	Index      indexCmd      `cmd:"" help:"Make an index of folders of photographs, or bring one in line with them."`
	Search     searchCmd     `cmd:"" help:"Find the photographs in an index that are nearest to others."`
	Classify   classifyCmd   `cmd:"" help:"Name photographs by their neighbours in an index, or call them unknown."`
	Review     reviewCmd     `cmd:"" help:"Find near-duplicates, likely wrong labels, odd ones, confused classes and leaks in an index."`
	Serve      serveCmd      `cmd:"" help:"Show an index, or a folder of photographs, as a page, and answer programs over HTTP."`
	Cluster    clusterCmd    `cmd:"" help:"Put the photographs of an index into groups of what shows the same thing."`
	Map        mapCmd        `cmd:"" help:"Lay the photographs of an index out in the plane: a map of what looks alike."`
	Embed      embedCmd      `cmd:"" help:"Write the embeddings of photographs to a file, or print them."`
	Calibrate  calibrateCmd  `cmd:"" help:"Fit the probability that two photographs show the same thing, and keep it in the checkpoint."`
	Compare    compareCmd    `cmd:"" help:"Say whether two photographs show the same thing, with the probability."`
	Diagnose   diagnoseCmd   `cmd:"" help:"Look into models: how their embeddings of held-out classes lie and vary, as a page."`
	Presets    presetsCmd    `cmd:"" help:"List the presets of train."`
	Bench      benchCmd      `cmd:"" help:"Measure the speed of this machine on networks and layers."`
	Backends   backendsCmd   `cmd:"" help:"List what can run the computations here."`
	Version    versionCmd    `cmd:"" help:"Say which build of dvml this is."`

	Completion completionCmd `cmd:"" help:"Print a shell's completion of commands, flags and their values."`
	Complete   completeCmd   `cmd:"" hidden:""`

	ShowVersion kong.VersionFlag `name:"version" help:"Say which build of dvml this is."`
}

func main() {
	os.Exit(execute(os.Args[1:]))
}

// program is how this program was called, for commands that users are told to type.
func program() string {
	switch name := os.Args[0]; {
	case strings.Contains(name, string(filepath.Separator)+"go-build"):
		return "go run ./cmd/dvml"
	case strings.ContainsRune(name, filepath.Separator):
		return quoted(name)
	}
	return "dvml"
}

// exit carries the status of --help and --version out of kong.
type exit int

// execute is main with its exit status as a value.
func execute(args []string) (status int) {
	defer func() {
		if s, ended := recover().(exit); ended {
			status = int(s)
		}
		if err := stdout.failed(); err != nil && status == 0 {
			fmt.Fprintln(os.Stderr, "dvml:", err)
			status = 1
		}
	}()
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		return complain(err, args, 2)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(withNegatives(args))
	if err != nil {
		return complain(misread(parser.Model, args, err), args, 2)
	}
	if err := checkValues(command); err != nil {
		return complain(err, args, 1)
	}
	if err := checkLimit(command.Selected(), addressLimit()); err != nil {
		return complain(err, args, 1)
	}
	ctx, stop := untilSignal()
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run()
	interrupted := errors.Is(err, train.ErrInterrupted)
	switch status := statusOf(ctx); {
	case err == nil:
		return 0
	case status != 0 && interrupted: // the command has said so
		return status
	case status != 0 && errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "dvml: interrupted")
		return status
	}
	var m mistaken
	if errors.As(err, &m) {
		err = fmt.Errorf("%w\nUsage: %s %s", err, program(), command.Selected().Summary())
	}
	return complain(err, args, 1)
}

// complain prints an error and returns the status: 2 where the program was called wrongly, else other.
func complain(err error, args []string, other int) int {
	fmt.Fprintln(os.Stderr, "dvml:", plain(err.Error(), args[min(1, len(args)):]))
	var parse *kong.ParseError
	if errors.As(err, &parse) {
		fmt.Fprintf(os.Stderr, "`%s --help` shows how it is used.\n", strings.TrimSpace(program()+" "+commandOf(parse.Context)))
	}
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return other
}

// commandOf is the name of the command that was called, as far as it was understood.
func commandOf(c *kong.Context) string {
	if node := c.Selected(); node != nil {
		return node.Path()
	}
	return ""
}

func newParser(c *cli) (*kong.Kong, error) {
	return kong.New(c, kong.Name("dvml"), kong.Writers(stdout, os.Stderr), kong.Exit(func(status int) { panic(exit(status)) }),
		kong.Vars{"formats": strings.Join(imageset.Formats(), ", "), "plans": strings.Join(experiment.Names(), ", "), "version": "dvml " + version.Get().String()},
		kong.Description("Deep metric learning: teach a machine which of your photographs show the same thing."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}
