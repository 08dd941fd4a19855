package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/cluster"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/internal/plural"
)

type clusterCmd struct {
	Index       string   `arg:"" help:"The index, a folder that dvml index made."`
	K           int      `short:"k" help:"Make so many groups, by k-means. Without it their number is found." min:"0"`
	Probability float64  `default:"0.5" help:"Groups join while they are so likely to show the same thing, by the model's calibration." min:"0" max:"1"`
	Similarity  *float64 `placeholder:"COSINE" help:"The least average similarity of groups that join, in place of a probability, -1 to 1." min:"-1" max:"1"`
	Seed        uint64   `default:"1" help:"Of k-means."`
	CSV         string   `name:"csv" placeholder:"FILE.csv" help:"Write id, path, class and group of each photograph." output:".csv"`
	Sheets      string   `placeholder:"FOLDER" help:"Draw a contact sheet of each group of at least --least photographs into a new folder."`
	Link        string   `placeholder:"FOLDER" help:"Make a new folder with a folder of links to the photographs for each such group."`
	Least       int      `default:"2" help:"The smallest group that is drawn, linked and listed." min:"1"`
	JSON        bool     `help:"Print the figures and the groups as JSON."`
}

// Help is the long text of --help.
func (clusterCmd) Help() string {
	return "Photographs are put into groups of what shows the same thing: groups join, the most alike first, while the average similarity of their photographs means " +
		"more likely the same thing than not."
}

// grouping is what the command prints.
type grouping struct {
	Photographs int           `json:"photographs"`
	Groups      int           `json:"groups"`
	Alone       int           `json:"alone"` // photographs in a group of their own
	Similarity  *float64      `json:"similarity,omitempty"`
	NMI         *float64      `json:"nmi,omitempty"` // against the classes that the index knows
	PairF1      *float64      `json:"pair_f1,omitempty"`
	Members     []groupMember `json:"members"`
}

type groupMember struct {
	ID    int64  `json:"id"`
	Path  string `json:"path"`
	Class string `json:"class,omitempty"`
	Group int    `json:"group"`
}

// Run groups the photographs and writes what is asked for.
func (c *clusterCmd) Run(ctx context.Context) error {
	for _, folder := range []string{c.Sheets, c.Link} {
		if err := absentOrEmpty(folder); err != nil {
			return err
		}
	}
	x, err := openIndex(c.Index)
	if err != nil {
		return err
	}
	defer x.Close()
	g, similarity, err := c.groups(ctx, x)
	if err != nil {
		return err
	}
	items, err := itemsOf(ctx, x, g.IDs)
	if err != nil {
		return err
	}
	out, err := describeGroups(g, items)
	if err != nil {
		return err
	}
	if c.K == 0 {
		out.Similarity = &similarity
	}
	if err := c.write(x, out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(stdout, out)
	}
	c.print(stdout, out)
	return nil
}

// groups are found by average linkage or, where their number is given, by k-means.
func (c *clusterCmd) groups(ctx context.Context, x *dvml.Index) (cluster.Groups, float64, error) {
	if c.K > 0 {
		if n := x.Len(); c.K > n {
			return cluster.Groups{}, 0, fmt.Errorf("-k %d: %s holds %s", c.K, c.Index, plural.Of(n, "photograph"))
		}
		g, err := cluster.KMeans(ctx, x.Index, c.K, c.Seed)
		return g, 0, err
	}
	var similarity float64
	if fitted := x.Calibration(); c.Similarity != nil {
		similarity = *c.Similarity
	} else if fitted == nil {
		return cluster.Groups{}, 0, fmt.Errorf("%w; or name the least average similarity by --similarity, or the number of groups by -k", uncalibrated(x))
	} else {
		similarity = fitted.Curve.Least(c.Probability)
	}
	g, err := cluster.Index(ctx, x.Index, similarity)
	return g, similarity, err
}

// describeGroups says what is in the groups and, where classes are known, how well they agree with these.
func describeGroups(g cluster.Groups, items []index.Item) (*grouping, error) {
	out := &grouping{Photographs: len(items), Groups: g.Groups, Members: make([]groupMember, len(items))}
	size := make([]int, g.Groups)
	number, names := classesOf(items)
	var classes, groups []int32
	for i, item := range items {
		out.Members[i] = groupMember{item.ID, item.Path(), item.Class(), g.Group[i]}
		size[g.Group[i]]++
		if number[i] != noClass {
			classes, groups = append(classes, int32(number[i])), append(groups, int32(g.Group[i]))
		}
	}
	for _, n := range size {
		if n == 1 {
			out.Alone++
		}
	}
	if len(names) < 2 {
		return out, nil
	}
	nmi, err := evaluate.NMI(classes, groups)
	if err != nil {
		return nil, err
	}
	score, err := evaluate.PairF1(classes, groups)
	if err != nil {
		return nil, err
	}
	out.NMI, out.PairF1 = &nmi, &score.F1
	return out, nil
}

// byGroup lists the members of each group.
func (g *grouping) byGroup() [][]groupMember {
	lists := make([][]groupMember, g.Groups)
	for _, m := range g.Members {
		lists[m.Group] = append(lists[m.Group], m)
	}
	return lists
}

func (c *clusterCmd) print(out io.Writer, g *grouping) {
	fmt.Fprintf(out, "%s in %s", plural.Of(g.Photographs, "photograph"), plural.Of(g.Groups, "group"))
	if g.Alone > 0 {
		fmt.Fprintf(out, ", %d of them alone", g.Alone)
	}
	if g.Similarity != nil {
		fmt.Fprintf(out, "; groups join from an average similarity of %.3f on", *g.Similarity)
	}
	fmt.Fprintln(out)
	if g.NMI != nil {
		fmt.Fprintf(out, "beside the classes in the index: NMI %.3f, pair F1 %.3f\n", *g.NMI, *g.PairF1)
	}
	const most, shown = 10, 3
	for i, members := range g.byGroup() {
		if len(members) < c.Least || i == most {
			break
		}
		fmt.Fprintf(out, "  group %d: %s", i+1, plural.Of(len(members), "photograph"))
		for _, m := range members[:min(shown, len(members))] {
			fmt.Fprintf(out, "  %s", filepath.Base(m.Path))
		}
		fmt.Fprintln(out)
	}
	for _, path := range []string{c.CSV, c.Sheets, c.Link} {
		if path != "" {
			fmt.Fprintln(out, path)
		}
	}
}

// write writes the files and folders that the flags name.
func (c *clusterCmd) write(x *dvml.Index, g *grouping) error {
	if c.CSV != "" {
		if err := atomicfile.Write(c.CSV, func(out io.Writer) error { return writeGroups(out, g) }); err != nil {
			return err
		}
	}
	for i, members := range g.byGroup() {
		if len(members) < c.Least {
			break
		}
		name := fmt.Sprintf("group-%04d", i+1)
		if c.Sheets != "" {
			if err := drawGroup(x, name, members, filepath.Join(c.Sheets, name+".png")); err != nil {
				return err
			}
		}
		if c.Link != "" {
			if err := linkGroup(filepath.Join(c.Link, name), members); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeGroups(out io.Writer, g *grouping) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"id", "path", "class", "group"}); err != nil {
		return err
	}
	for _, m := range g.Members {
		if err := w.Write([]string{strconv.FormatInt(m.ID, 10), m.Path, m.Class, strconv.Itoa(m.Group + 1)}); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// drawGroup draws a contact sheet of a group, its first hundred photographs.
func drawGroup(x *dvml.Index, name string, members []groupMember, path string) error {
	const columns, most = 10, 100
	shown := members[:min(most, len(members))]
	var rows []figure.Row
	for from := 0; from < len(shown); from += columns {
		var row figure.Row
		if from == 0 {
			row.Caption = fmt.Sprintf("%s: %s", name, plural.Of(len(members), "photograph"))
		}
		for _, m := range shown[from:min(from+columns, len(shown))] {
			row.Images = append(row.Images, thumbnailOrNone(x, m.ID))
		}
		rows = append(rows, row)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return figure.WritePNG(path, figure.ContactSheet(rows))
}

// linkGroup makes a folder of links to the photographs of a group, of those with one name by their ids.
func linkGroup(folder string, members []groupMember) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, m := range members {
		name := filepath.Base(m.Path)
		if taken[name] {
			name = strconv.FormatInt(m.ID, 10) + "-" + name
		}
		taken[name] = true
		if err := os.Symlink(m.Path, filepath.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// absentOrEmpty refuses a folder that holds something: what is made in it would be mixed with that.
func absentOrEmpty(folder string) error {
	if folder == "" {
		return nil
	}
	entries, err := os.ReadDir(folder)
	if err == nil && len(entries) > 0 {
		return fmt.Errorf("%s already exists and holds files; name a new folder", folder)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
