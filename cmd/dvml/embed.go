package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/shard"
	"github.com/dvml/dvml/vectors"
)

type embedCmd struct {
	Checkpoint string   `arg:"" name:"model" help:"A state of a run, the folder of a run, or weights of a network alone."`
	Inputs     []string `arg:"" optional:"" name:"photographs-then-out" help:"Photographs: files, folders, archives, CSV files, data files, or - for a list of paths on standard input. The last one is the file to write: .npy, .csv, .parquet, .h5 or .safetensors; - prints one vector a line."`
	Half       bool     `name:"float16" help:"Write float16 (.npy, .h5, .safetensors)."`
	Mirror     bool     `help:"Add the embedding of the mirror image: twice the work, slightly steadier."`
	Dims       int      `placeholder:"N" help:"Write the first N dimensions alone, for models trained with method.loss.prefixes. Default: all." min:"0"`
	Strict     bool     `help:"End at the first photograph that cannot be read; by default it is left out and named."`
	Force      bool     `help:"Overwrite OUT."`
	Batch      int      `default:"32" help:"Photographs that go through the network at once; a kill loses at most so many." min:"1"`
	Backend    string   `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
	shardFlag
}

// Run embeds.
func (c *embedCmd) Run(ctx context.Context) error {
	if len(c.Inputs) < 2 {
		return mistaken{errors.New("name what to embed and the file to write")}
	}
	inputs, out := c.Inputs[:len(c.Inputs)-1], c.Inputs[len(c.Inputs)-1]
	kind := vectors.Float32
	if c.Half {
		kind = vectors.Float16
	}
	if out == "-" && c.Shard != "" {
		return errors.New("--shard writes a part of a file: it cannot be combined with -")
	}
	if out != "-" {
		if err := checkOutput(out, "any"); err != nil {
			return err
		}
		if err := vectors.Check(out, kind); err != nil {
			return err
		}
		if _, err := os.Stat(out); err == nil && !c.Force {
			return fmt.Errorf("%s already exists; use --force to overwrite", out)
		}
	}
	options := []dvml.Option{dvml.Backend(c.Backend), dvml.Dims(c.Dims)}
	if c.Mirror {
		options = append(options, dvml.Mirror())
	}
	m, err := openModel(c.Checkpoint, options...)
	if err != nil {
		return err
	}
	defer m.Close()
	all, shut, err := photographs(inputs, os.Stdin)
	if err != nil {
		return err
	}
	defer shut()
	switch {
	case out == "-":
		return c.lines(ctx, m, all, stdout)
	case c.Shard != "":
		return c.shard(ctx, m, all, out)
	}
	return c.file(ctx, m, all, out, kind)
}

// broken counts photographs that cannot be read, and names them on standard error.
type broken struct {
	strict bool
	screen *screen
	left   []shard.Left
}

func (b *broken) take(e embedded) error {
	if e.err == nil {
		return nil
	}
	if b.strict {
		return fmt.Errorf("%s: %w", e.path, e.err)
	}
	b.left = append(b.left, shard.Left{Input: e.path, Why: e.err.Error()})
	b.screen.Say(fmt.Sprintf("left out: %s: %v", e.path, e.err))
	return nil
}

// file embeds into a journal beside out, and makes out of it at the end.
func (c *embedCmd) file(ctx context.Context, m *dvml.Model, all []photograph, out string, kind vectors.Type) error {
	print, err := m.Fingerprint()
	if err != nil {
		return err
	}
	j, bad, err := c.rows(ctx, m, all, out+".partial", vectors.Header{Dim: m.Dim(), Model: print})
	if err != nil {
		return err
	}
	if j.Len() == 0 {
		err = errors.New("no photograph could be read")
	}
	if err == nil {
		err = vectors.Write(out, j, kind)
	}
	if err != nil {
		return errors.Join(err, j.Close())
	}
	printf("%s: %s of %s", out, plural.Of(j.Len(), "embedding"), plural.Of(m.Dim(), "dimension"))
	if n := len(bad.left); n > 0 {
		printf("; %s could not be read", plural.Of(n, "photograph"))
	}
	println()
	return j.Remove()
}

// rows embeds into the journal at path, which is opened again where an earlier process was stopped; it is closed after an error.
func (c *embedCmd) rows(ctx context.Context, m *dvml.Model, all []photograph, path string, header vectors.Header) (_ *vectors.Journal, _ broken, err error) {
	screen := newScreen(os.Stderr)
	defer screen.close()
	bad := broken{strict: c.Strict, screen: screen}
	j, err := vectors.OpenJournal(path, header)
	if err != nil {
		return nil, bad, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.Close())
		}
	}()
	hashes := map[string]string{} // of the photographs that are done
	if err := j.Each(func(_ int, r vectors.Row) error {
		hashes[r.Path] = r.Hash
		return nil
	}); err != nil {
		return nil, bad, err
	}
	if len(hashes) > 0 {
		screen.Say(fmt.Sprintf("resuming: %s already embedded in %s", plural.Of(len(hashes), "photograph"), path))
	}
	progress, done := screen.count("embedding"), 0
	skip := func(path, hash string) bool { return hashes[path] == hash }
	err = embedAll(ctx, m, all, c.Batch, skip, func(batch []embedded) error {
		var rows []vectors.Row
		for _, e := range batch {
			if err := bad.take(e); err != nil {
				return err
			}
			if e.vector == nil {
				continue
			}
			if _, was := hashes[e.path]; was {
				return fmt.Errorf("%s has changed, or stands twice in the input, since %s was begun; remove that file to begin again", e.path, path)
			}
			rows = append(rows, vectors.Row{Path: e.path, Class: e.class, Hash: e.hash, Vector: e.vector})
		}
		done += len(batch)
		progress(done, len(all))
		if len(rows) == 0 {
			return nil
		}
		return j.Append(rows)
	})
	return j, bad, err
}

// lines prints one vector a line: the path, the class and the numbers, with tabs between them.
func (c *embedCmd) lines(ctx context.Context, m *dvml.Model, all []photograph, w io.Writer) error {
	out := bufio.NewWriter(w)
	screen := newScreen(os.Stderr)
	defer screen.close()
	bad := broken{strict: c.Strict, screen: screen}
	err := embedAll(ctx, m, all, c.Batch, nil, func(batch []embedded) error {
		for _, e := range batch {
			if err := bad.take(e); err != nil {
				return err
			}
			if e.vector == nil {
				continue
			}
			fmt.Fprintf(out, "%s\t%s", e.path, e.class)
			for _, v := range e.vector {
				out.WriteByte('\t')
				out.WriteString(strconv.FormatFloat(float64(v), 'g', -1, 32))
			}
			out.WriteByte('\n')
		}
		return out.Flush()
	})
	return errors.Join(err, out.Flush())
}
