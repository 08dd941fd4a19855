package main

import (
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/classify"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/plural"
)

type classifyCmd struct {
	Index       string   `arg:"" help:"An index that 'dvml index' made of folders of classes."`
	Photographs []string `arg:"" optional:"" help:"What is named: files, folders, archives, data files, or - for a list of paths on standard input."`
	LeaveOneOut bool     `help:"Name each photograph of the index by the others, and say how often that is right."`
	By          string   `default:"neighbours" enum:"neighbours,means" help:"What names them: neighbours (the votes of the nearest photographs), or means (the nearest mean of a class)."`
	K           int      `short:"k" default:"20" help:"How many neighbours vote." min:"1"`
	Model       string   `help:"Where the index's model lies, if it has moved."`
	Strict      bool     `help:"End at the first photograph that cannot be read. Without it such are named and left out."`
	JSON        bool     `name:"json" help:"Print JSON."`
	CSV         bool     `name:"csv" help:"Print CSV."`
	Batch       int      `default:"32" help:"Photographs embedded at once." min:"1"`
	Backend     string   `help:"The engine. Default: as the model was trained." values:"engines"`
}

// Help is the long text of --help.
func (classifyCmd) Help() string {
	return "Each photograph gets the class that its nearest neighbours in the index have, weighted by how near they are, or is called unknown where the nearest is not " +
		"similar enough, for an index of a calibrated model. New classes need no training: index their folders. Of photographs in folders of classes it is also said " +
		"how many were named right."
}

// oneNamed is a photograph and its name.
type oneNamed struct {
	Photograph string        `json:"photograph"`
	Class      *string       `json:"class"` // null: unknown
	Known      *bool         `json:"known"` // whether the index holds its class; null: the index is not calibrated
	Nearest    *nearestNamed `json:"nearest"`
	Candidates []candidate   `json:"candidates"`
	Of         string        `json:"of_class,omitempty"`   // the class that its folder says
	Held       *bool         `json:"class_held,omitempty"` // whether the index has other photographs of that
}

type nearestNamed struct {
	ID    int64   `json:"id"`
	Score float32 `json:"score"`
	Class string  `json:"class"`
	Path  string  `json:"path"`
}

type candidate struct {
	Class       string   `json:"class"`
	Share       float64  `json:"share"`
	Score       float32  `json:"score"`
	Probability *float64 `json:"probability"`
	Photographs int      `json:"photographs"`
}

// Run names photographs.
func (c *classifyCmd) Run(ctx context.Context) error {
	switch {
	case c.JSON && c.CSV:
		return errors.New("--json and --csv cannot be combined")
	case c.LeaveOneOut && len(c.Photographs) > 0:
		return errors.New("--leave-one-out names the photographs of the index itself: it cannot be combined with others")
	case !c.LeaveOneOut && len(c.Photographs) == 0:
		return errors.New("name photographs to classify, or try the index by --leave-one-out")
	}
	x, err := openIndex(c.Index, dvml.Backend(c.Backend))
	if err != nil {
		return err
	}
	defer x.Close()
	if c.Model != "" {
		x.ModelAt(c.Model)
	}
	by, err := classify.New(ctx, x.Index, classify.Options{K: c.K, Means: c.By == "means"})
	if err != nil {
		return err
	}
	n := &naming{x: x, by: by, size: map[string]int{}}
	if err := n.classes(ctx); err != nil {
		return err
	}
	if c.LeaveOneOut {
		err = n.indexed(ctx)
	} else {
		err = c.name(ctx, n)
	}
	if err != nil {
		return err
	}
	switch {
	case c.JSON:
		return printJSON(stdout, n.answers())
	case c.CSV:
		return n.csv(stdout)
	case c.LeaveOneOut:
		return n.summary(stdout)
	}
	return n.table(stdout)
}

// naming is what has been named.
type naming struct {
	x    *dvml.Index
	by   *classify.Classifier
	size map[string]int // of each class
	all  []oneNamed
}

func (n *naming) classes(ctx context.Context) error {
	classes, err := n.x.Classes(ctx)
	for _, c := range classes {
		n.size[c.Name] = c.Items
	}
	return err
}

// toName is a photograph that is to be named: its vector, its id where the index has it, and its class where it is known.
type toName struct {
	path, class string
	id          int64
	vector      []float32
}

// name names the photographs that the user gave.
func (c *classifyCmd) name(ctx context.Context, n *naming) error {
	all, shut, err := photographs(c.Photographs, os.Stdin)
	if err != nil {
		return err
	}
	defer shut() //nolint:errcheck // they were only read
	held := func(hash string) (index.Item, bool) {
		var h index.Hash
		if raw, err := hex.DecodeString(hash); err != nil || copy(h[:], raw) != len(h) {
			return index.Item{}, false
		}
		item, err := n.x.ByHash(ctx, h)
		return item, err == nil
	}
	m, err := n.x.Embedder()
	if err != nil {
		return fmt.Errorf("%w (--model)", err)
	}
	screen := newScreen(os.Stderr)
	defer screen.close()
	progress, done, bad := screen.count("naming"), 0, broken{strict: c.Strict, screen: screen}
	skip := func(_, hash string) bool {
		_, is := held(hash)
		return is
	}
	err = embedAll(ctx, m, all, c.Batch, skip, func(batch []embedded) error {
		var some []toName
		for _, e := range batch {
			if err := bad.take(e); err != nil {
				return err
			}
			t := toName{path: e.path, class: e.class, vector: e.vector}
			if e.err != nil {
				continue
			}
			if e.skip {
				item, is := held(e.hash)
				if !is {
					return errors.New("photographs went from the index in the meantime; try again")
				}
				if t.vector, err = n.x.Vector(item.ID); err != nil {
					return err
				}
				t.id = item.ID
			}
			some = append(some, t)
		}
		done += len(batch)
		progress(done, len(all))
		return n.add(ctx, some)
	})
	if err == nil && len(n.all) == 0 {
		err = errors.New("no photograph could be read")
	}
	return err
}

// indexed names all photographs of the index that have a class.
func (n *naming) indexed(ctx context.Context) error {
	var some []toName
	for item, err := range n.x.Items(ctx) {
		if err != nil {
			return err
		}
		class := item.Class()
		if class == "" {
			continue
		}
		v, err := n.x.Vector(item.ID)
		if err != nil {
			return err
		}
		if some = append(some, toName{item.Path(), class, item.ID, v}); len(some) == 256 {
			if err := n.add(ctx, some); err != nil {
				return err
			}
			some = some[:0]
		}
	}
	return n.add(ctx, some)
}

// add names photographs.
func (n *naming) add(ctx context.Context, some []toName) error {
	var vectors []float32
	var own []int64
	for _, t := range some {
		vectors, own = append(vectors, t.vector...), append(own, t.id)
	}
	answers, err := n.by.Name(ctx, vectors, own)
	if err != nil {
		return err
	}
	for i, a := range answers {
		one, err := n.describe(ctx, some[i], a)
		if err != nil {
			return err
		}
		n.all = append(n.all, one)
	}
	return nil
}

func (n *naming) describe(ctx context.Context, t toName, a classify.Answer) (oneNamed, error) {
	out := oneNamed{Photograph: t.path, Known: a.Known, Of: t.class, Candidates: []candidate{}}
	if class := a.Class(); class != "" {
		out.Class = &class
	}
	if t.class != "" {
		others := n.size[t.class]
		if t.id != 0 {
			others--
		}
		held := others > 0
		out.Held = &held
	}
	if a.Nearest.ID != 0 {
		item, err := n.x.Item(ctx, a.Nearest.ID)
		if err != nil {
			return out, err
		}
		out.Nearest = &nearestNamed{item.ID, a.Nearest.Score, item.Class(), item.Path()}
	}
	for _, c := range a.Candidates {
		out.Candidates = append(out.Candidates, candidate{c.Class, c.Share, c.Score, c.Probability, c.Photographs})
	}
	return out, nil
}

// name is what a table says.
func (o oneNamed) name() string {
	switch {
	case o.Class != nil:
		return *o.Class
	case o.Known != nil && !*o.Known:
		return "unknown"
	}
	return ""
}

func (n *naming) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "class\tshare\tprobability\tnearest\tphotograph")
	for _, o := range n.all {
		share, likely, nearest := "", "", ""
		if len(o.Candidates) > 0 {
			best := o.Candidates[0]
			share = fmt.Sprintf("%.2f", best.Share)
			if o.Class == nil {
				share = fmt.Sprintf("(%s %s)", best.Class, share)
			}
			if best.Probability != nil {
				likely = fmt.Sprintf("%.3f", *best.Probability)
			}
		}
		if o.Nearest != nil {
			nearest = fmt.Sprintf("%.3f %s", o.Nearest.Score, filepath.Base(o.Nearest.Path))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", o.name(), share, likely, nearest, o.Photograph)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return n.summary(out)
}

// namings is the command's answer as JSON.
type namings struct {
	Photographs []oneNamed      `json:"photographs"`
	Summary     right           `json:"summary"`
	Open        *calibrate.Open `json:"open"` // how often known is wrong on held-out classes; null: the index is not calibrated
}

func (n *naming) answers() namings {
	out := namings{Photographs: n.all, Summary: n.right()}
	if fitted := n.x.Calibration(); fitted != nil {
		out.Open = &fitted.Open
	}
	return out
}

// right counts what was named right and wrong, of photographs whose class is known.
type right struct {
	There   int `json:"held"` // of classes that the index has other photographs of
	Right   int `json:"right"`
	Wrong   int `json:"wrong"`
	Missed  int `json:"unknown"`  // of these, called unknown
	Foreign int `json:"not_held"` // of other classes
	Named   int `json:"named"`    // of these, given a name nevertheless
}

func (n *naming) right() (r right) {
	for _, o := range n.all {
		switch {
		case o.Held == nil:
		case !*o.Held && o.Class != nil:
			r.Foreign++
			r.Named++
		case !*o.Held:
			r.Foreign++
		case o.Class == nil:
			r.There++
			r.Missed++
		case *o.Class == o.Of:
			r.There++
			r.Right++
		default:
			r.There++
			r.Wrong++
		}
	}
	return r
}

// summary says how much was right, and how often names and unknowns are wrong elsewhere.
func (n *naming) summary(out io.Writer) error {
	percent := func(a, b int) string { return fmt.Sprintf("%d (%.1f %%)", a, 100*float64(a)/float64(b)) }
	r := n.right()
	if r.There > 0 {
		fmt.Fprintf(out, "%s of classes in the index: %s named right, %s wrong, %s called unknown\n", plural.Of(r.There, "photograph"), percent(r.Right, r.There),
			percent(r.Wrong, r.There), percent(r.Missed, r.There))
	}
	if r.Foreign > 0 {
		fmt.Fprintf(out, "%s of classes that it has no other photograph of: %s given a name\n", plural.Of(r.Foreign, "photograph"), percent(r.Named, r.Foreign))
	}
	fitted := n.x.Calibration()
	if fitted == nil {
		fmt.Fprintf(out, "Whether a photograph shows something that the index does not hold is not told: %v\n", uncalibrated(n.x))
		return nil
	}
	o := fitted.Open
	fmt.Fprintf(out, "On held-out classes \"unknown\" was wrong for %.1f %% of photographs of a thing that was there, and a name was given to %.1f %% of those of one that was not "+
		"(nearest cosine %.3f or more; %s of %s)\n", 100*o.Missed, 100*o.False, o.Threshold, plural.Of(o.Gallery, "photograph"), plural.Of(o.Things, "class"))
	return nil
}

func (n *naming) csv(out io.Writer) error {
	w := csv.NewWriter(out)
	rows := [][]string{{"photograph", "class", "known", "share", "probability", "nearest_class", "nearest_score", "nearest_path", "of_class"}}
	for _, o := range n.all {
		row := []string{o.Photograph, "", "", "", "", "", "", "", o.Of}
		if o.Class != nil {
			row[1] = *o.Class
		}
		if o.Known != nil {
			row[2] = strconv.FormatBool(*o.Known)
		}
		if len(o.Candidates) > 0 {
			best := o.Candidates[0]
			row[3] = strconv.FormatFloat(best.Share, 'g', -1, 64)
			if best.Probability != nil {
				row[4] = strconv.FormatFloat(*best.Probability, 'g', -1, 64)
			}
		}
		if o.Nearest != nil {
			row[5], row[6], row[7] = o.Nearest.Class, strconv.FormatFloat(float64(o.Nearest.Score), 'g', -1, 32), o.Nearest.Path
		}
		rows = append(rows, slices.Clone(row))
	}
	return w.WriteAll(rows)
}
