package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/index/gather"
	"github.com/dvml/dvml/internal/plural"
)

type indexCmd struct {
	Checkpoint string   `arg:"" name:"model" help:"A model: a checkpoint, the folder of a run, or published weights. With --check or --compact: the index."`
	Folders    []string `arg:"" optional:"" help:"Folders of photographs. Default: those that the index was made of."`
	Out        string   `short:"o" default:"photos.dvml" help:"The index, a folder."`
	Neighbours int      `default:"30" help:"How many neighbours of each photograph are kept, for clusters, maps and reviews; 0: none." min:"0"`
	Rebuild    bool     `help:"Embed everything anew, as with another model, beside the old index, which is replaced when all is done."`
	Check      bool     `help:"Read the whole index and name what is damaged."`
	Compact    bool     `help:"Forget photographs that are gone, and free their room."`
	All        bool     `help:"List every photograph, not the first of each kind alone."`
	Backend    string   `help:"The engine. Default: as the model was trained." values:"engines"`
}

// Run brings the index in line with the folders.
func (c *indexCmd) Run(ctx context.Context) error {
	switch {
	case c.Check:
		return checkIndex(c.Checkpoint, stdout)
	case c.Compact:
		return compactIndex(ctx, c.Checkpoint, c.Neighbours, stdout)
	}
	for _, path := range c.Folders {
		switch whatIs(path) {
		case folder, runFolder:
		default:
			return expected(path, "a folder of photographs")
		}
	}
	m, err := openModel(c.Checkpoint, dvml.Backend(c.Backend))
	if err != nil {
		return err
	}
	defer m.Close()
	model, err := m.ForIndex()
	if err != nil {
		return err
	}
	if err := recoverSwap(c.Out); err != nil {
		return err
	}
	if c.Rebuild && index.Exists(c.Out) {
		return c.rebuild(ctx, m, model)
	}
	w, err := c.open(model)
	if err != nil {
		return err
	}
	return errors.Join(c.update(ctx, w, m), w.Close())
}

// open opens the index, or makes it.
func (c *indexCmd) open(model index.Model) (*index.Writer, error) {
	if !index.Exists(c.Out) {
		if entries, err := os.ReadDir(c.Out); err == nil && len(entries) > 0 {
			if _, err := index.Open(c.Out); err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err // one that is damaged
			}
			return nil, fmt.Errorf("%s holds other files; name another folder with -o", c.Out)
		}
		return index.Create(c.Out, model)
	}
	w, err := index.OpenWriter(c.Out)
	if err != nil {
		return nil, err
	}
	if had := w.Model(); had.Fingerprint != model.Fingerprint {
		return nil, errors.Join(fmt.Errorf("%s was made with %s (fingerprint %.12s), and %s is another model (fingerprint %.12s), whose vectors cannot be compared "+
			"with its own; use --rebuild to embed all photographs anew, or -o for another index", c.Out, had.Checkpoint, had.Fingerprint, c.Checkpoint,
			model.Fingerprint), w.Close())
	}
	return w, nil
}

func (c *indexCmd) update(ctx context.Context, w *index.Writer, m *dvml.Model) error {
	folders := c.Folders
	if len(folders) == 0 {
		var err error
		if folders, err = w.Roots(); err != nil {
			return err
		}
		if len(folders) == 0 {
			return errors.New("name a folder of photographs to index")
		}
	}
	if err := carryCalibration(w, m); err != nil {
		return err
	}
	screen := newScreen(os.Stderr)
	defer screen.close()
	s, err := gather.Update(ctx, w, m, folders, gather.Options{Fit: m.Fit(), Progress: screen.count("indexing")})
	screen.close()
	if s != nil {
		printSummary(stdout, s, c.All)
	}
	if err != nil {
		return err
	}
	if c.Neighbours > 0 && !w.HasGraph(c.Neighbours) {
		if err := w.BuildGraph(ctx, c.Neighbours, screen.count("neighbours")); err != nil {
			return err
		}
	}
	screen.close()
	files, err := w.Files()
	if err != nil {
		return err
	}
	copies := ""
	if files > w.Live() {
		copies = fmt.Sprintf(", of %s: the others are copies", plural.Of(files, "file"))
	}
	printf("%s in %s%s\n", plural.Of(w.Live(), "photograph"), c.Out, copies)
	return nil
}

// carryCalibration keeps in the index what the model says of scores.
func carryCalibration(w *index.Writer, m *dvml.Model) error {
	info, err := m.Info()
	if err != nil {
		return err
	}
	changed, err := w.Calibrate(info.Calibration)
	if err != nil || !changed {
		return err
	}
	return w.Commit()
}

// printSummary prints what was found, a line for each kind and its first photographs.
func printSummary(out io.Writer, s *gather.Summary, all bool) {
	const most = 10
	list := func(what string, n int, line func(i int) string) {
		if n == 0 {
			return
		}
		fmt.Fprintf(out, "%s: %d\n", what, n)
		for i := range n {
			if i == most && !all {
				fmt.Fprintf(out, "  ... and %d more (--all lists them)\n", n-most)
				return
			}
			fmt.Fprintf(out, "  %s\n", line(i))
		}
	}
	paths := func(what string, p []string) { list(what, len(p), func(i int) string { return p[i] }) }
	counted := func(what string, n int) {
		if n > 0 {
			fmt.Fprintf(out, "%s: %d\n", what, n)
		}
	}
	counted("unchanged", s.Unchanged)
	if all {
		paths("indexed", s.Indexed)
	} else {
		counted("indexed", len(s.Indexed))
	}
	paths("of these changed", s.Changed)
	list("moved", len(s.Moved), func(i int) string { return s.Moved[i].Of + " -> " + s.Moved[i].Path })
	list("copies", len(s.Copies), func(i int) string { return s.Copies[i].Path + " = " + s.Copies[i].Of })
	paths("back", s.Back)
	moved := map[string]bool{}
	for _, c := range s.Moved {
		moved[c.Of] = true
	}
	var gone []string
	for _, p := range s.Gone {
		if !moved[p] {
			gone = append(gone, p)
		}
	}
	paths("gone", gone)
	list("failed", len(s.Failed), func(i int) string { return s.Failed[i].Path + ": " + s.Failed[i].Reason })
	list("left out", len(s.Left), func(i int) string { return s.Left[i].Path + ": " + s.Left[i].Reason })
}

// The names of an index that is rebuilt: beside the old one, and what that is called while they change places.
func newName(out string) string { return strings.TrimSuffix(out, string(filepath.Separator)) + ".new" }
func oldName(out string) string { return strings.TrimSuffix(out, string(filepath.Separator)) + ".old" }

// recoverSwap ends a replacement that was stopped between its two renames.
func recoverSwap(out string) error {
	if index.Exists(out) || !index.Exists(oldName(out)) {
		return nil
	}
	return os.Rename(oldName(out), out)
}

// rebuild makes a new index of the same folders beside the old one, takes the decisions over, and puts it in the old one's place.
func (c *indexCmd) rebuild(ctx context.Context, m *dvml.Model, model index.Model) error {
	old, err := index.OpenWriter(c.Out) // nobody else writes meanwhile
	if err != nil {
		return err
	}
	roots, err := old.Roots()
	if err == nil && len(c.Folders) == 0 {
		c.Folders = roots
	}
	var decisions []index.Decision
	if err == nil {
		var x *index.Index
		if x, err = index.Open(c.Out); err == nil {
			decisions, err = x.Decisions(ctx, "")
			err = errors.Join(err, x.Close())
		}
	}
	if err != nil {
		return errors.Join(err, old.Close())
	}
	out := c.Out
	c.Out = newName(out)
	defer func() { c.Out = out }()
	if index.Exists(c.Out) { // one that was stopped goes on, if it is of the same model
		if w, err := c.open(model); err == nil {
			return errors.Join(c.finish(ctx, w, m, decisions, out, old))
		}
	}
	if err := os.RemoveAll(c.Out); err != nil {
		return errors.Join(err, old.Close())
	}
	w, err := index.Create(c.Out, model)
	if err != nil {
		return errors.Join(err, old.Close())
	}
	return c.finish(ctx, w, m, decisions, out, old)
}

// finish fills the new index and swaps it with the old one at out.
func (c *indexCmd) finish(ctx context.Context, w *index.Writer, m *dvml.Model, decisions []index.Decision, out string, old *index.Writer) error {
	err := c.update(ctx, w, m)
	for _, d := range decisions {
		if err == nil {
			err = w.Decide(d)
		}
	}
	if err == nil {
		err = w.Commit()
	}
	if err = errors.Join(err, w.Close(), old.Close()); err != nil {
		return err
	}
	if err := os.RemoveAll(oldName(out)); err != nil {
		return err
	}
	if err := os.Rename(out, oldName(out)); err != nil {
		return err
	}
	if err := os.Rename(c.Out, out); err != nil {
		return err
	}
	println("replaces", out)
	return os.RemoveAll(oldName(out))
}

// checkIndex names what is damaged.
func checkIndex(folder string, out io.Writer) error {
	bad, err := index.Check(folder)
	for _, d := range bad {
		fmt.Fprintln(out, d)
	}
	switch {
	case err != nil:
		return err
	case len(bad) > 0:
		return fmt.Errorf("%s: %s damaged; take the folder from a backup, or remove it and index the photographs again", folder, plural.Of(len(bad), "block"))
	}
	fmt.Fprintf(out, "%s: every block is whole\n", folder)
	return nil
}

// compactIndex frees the room of what is gone.
func compactIndex(ctx context.Context, folder string, neighbours int, out io.Writer) error {
	w, err := index.OpenWriter(folder)
	if err != nil {
		return err
	}
	err = w.Compact()
	if err == nil && neighbours > 0 {
		screen := newScreen(os.Stderr)
		err = w.BuildGraph(ctx, neighbours, screen.count("neighbours"))
		screen.close()
	}
	if err == nil {
		fmt.Fprintf(out, "%s in %s\n", plural.Of(w.Live(), "photograph"), folder)
	}
	return errors.Join(err, w.Close())
}
