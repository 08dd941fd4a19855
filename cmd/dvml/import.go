package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/weights/download"
)

type importCmd struct {
	Source string `arg:"" help:"A file (ONNX, torchvision .pth, safetensors, a checkpoint of dvml or the folder of a run), or a name to download: torchvision:googlenet, or hf:OWNER/REPO[@REVISION][/FILE.onnx] of the Hugging Face hub." values:"sources"`
	Out    string `arg:"" optional:"" help:"Where to write the backbone. Default: googlenet-FORM.safetensors, or the name of the file or the repository." output:".safetensors"`
	networkFlags
	Force bool `help:"Replace OUT where it exists."`
}

// Run imports.
func (c *importCmd) Run(ctx context.Context) error {
	path := c.Source
	if _, err := os.Stat(c.Source); err != nil && publishedName.MatchString(c.Source) {
		screen := newScreen(os.Stdout)
		defer screen.close()
		if path, err = fetch(ctx, c.Source, screen); err != nil {
			return err
		}
		screen.close()
	}
	if whatIs(path) == runFolder {
		m, err := openModel(path)
		if err != nil {
			return err
		}
		path = m.Path()
		if err := m.Close(); err != nil {
			return err
		}
	}
	b, err := c.read(path)
	if err != nil {
		return err
	}
	out := first(c.Out, named(b.Network.Spec(), c.Source)+".safetensors")
	if _, err := os.Stat(out); err == nil && !c.Force {
		return fmt.Errorf("%s already exists; name another file, or use --force to overwrite it", out)
	}
	variables, info, err := b.Alone()
	if err != nil {
		return err
	}
	if err := checkpoint.Save(out, variables, info); err != nil {
		return err
	}
	order := "RGB"
	if b.Normalisation.BGR {
		order = "BGR"
	}
	printf("%s: %s, from weights named as %s; its images are %s, less %v, divided by %v\n", out, b.Network, b.Naming, order, b.Normalisation.Mean, b.Normalisation.Std)
	printf("%.2f million parameters, %.2f billion multiply-adds per image of %d pixels\n", float64(b.Network.Parameters())/1e6, float64(b.Network.FLOPs(cmp.Or(b.Size, 224)))/2e9, cmp.Or(b.Size, 224))
	printf("\nNext: %s\n", commandLine("train", "--data", "YOUR.h5", "--backbone", out))
	return nil
}

// named is the name of a network's file: googlenet-bn, or that of the file that it was read from.
func named(s backbone.Spec, source string) string {
	if s.Form != "" {
		return cmp.Or(s.Network, backbone.Default) + "-" + s.Form
	}
	if h, err := download.ParseHub(source); err == nil {
		return h.Name
	}
	return strings.TrimSuffix(filepath.Base(source), filepath.Ext(source))
}

// publishedName is what names of published weights look like; not a path, and no drive of Windows.
var publishedName = regexp.MustCompile(`^(hf:.*|[a-z0-9]{2,}:[^/\\]*)$`)

// fetch downloads published weights, or finds them in the cache, and returns the file's path.
func fetch(ctx context.Context, name string, s *screen) (string, error) {
	progress := s.count("downloading, MB")
	return download.Fetch(ctx, name, download.Options{
		Progress: func(done, total int64) { progress(int(done>>20), int(max(total, done)>>20)) },
		Failed: func(err error, wait time.Duration) {
			s.Say(fmt.Sprintf("%s: %v; trying again in %s", name, err, wait))
		},
		Waiting: func() { s.Say("waiting for another process that downloads " + name) },
	})
}
