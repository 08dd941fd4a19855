package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/vectors"
)

type evalCmd struct {
	Checkpoint string `arg:"" name:"model" optional:"" help:"A state of a run, the folder of a run, or a backbone: what dvml import wrote, or a file it reads (then its pooled features are measured)."`
	Data       string `help:"The HDF5 file. Default: the one the run was trained on."`
	Split      string `enum:"test,train" default:"test" help:"Which images: test (held-out classes) or train."`
	Queries    string `help:"Photographs that search those of --gallery: folders of class folders, archives, data files; without a checkpoint, files of embeddings."`
	Gallery    string `help:"Photographs that --queries search."`
	Embeddings string `help:"Measure embeddings made elsewhere: .npy, .csv, .parquet, .h5 or .safetensors."`
	Labels     string `help:"Their classes, where that file does not hold them: .csv, .txt, .npy, .parquet, .h5 or .safetensors."`
	Features   bool   `help:"Measure the backbone's pooled features instead of z_I."`
	Mirror     bool   `help:"Add the embedding of the mirror image, as embed --mirror does."`
	Dims       int    `placeholder:"N" help:"Cut embeddings to their first N dimensions, for models trained with method.loss.prefixes. Default: all." min:"0"`
	Precision  string `enum:"float32,int8,bit" default:"float32" help:"Measure embeddings as they are worth in ${enum}."`
	K          []int  `help:"The K of Recall@K. Default: the run's." min:"1"`
	Clusters   int    `help:"Clusters of k-means. Default: as many as there are classes." min:"0"`
	NoClusters bool   `help:"Leave out k-means, NMI and F1: with very many rows it takes the longest."`
	Restarts   int    `default:"1" help:"Restarts of k-means." min:"1"`
	Bootstrap  int    `help:"Resamples for 95% confidence intervals, of classes with all their images; 0: none." min:"0"`
	ByQuery    bool   `help:"Resample single queries instead: how far the figures depend on the photographs, not on the classes."`
	PerClass   int    `help:"List so many classes, those found worst first." min:"0"`
	Curves     string `help:"Draw the CMC curve and the error rates of verification into this PNG file." output:".png"`
	Seed       uint64 `default:"1" help:"Seed of k-means, of the bootstrap and of samples."`
	Batch      int    `default:"32" help:"Images that go through the network at once." min:"1"`
	Backend    string `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND." values:"engines"`
	Neighbours string `help:"Draw some queries and what is found nearest to each into this PNG file." output:".png"`
	networkFlags
	JSON bool `help:"Print JSON."`
}

// judged is what eval measures.
type judged struct {
	Images, Dim, Gallery int
	Note                 string
	Features             map[string]float64 // of the untrained features on the same images; nil: not known
	evaluate.Result
	Verification *evaluate.Verification
	PerClass     []classFigures
}

// classFigures are a class's, by name.
type classFigures struct {
	Class    string         `json:"class"`
	Queries  int            `json:"queries"`
	Recall1  float64        `json:"recall_at_1"`
	MAPR     float64        `json:"map_at_r"`
	AP       float64        `json:"ap"`
	Confused []confusedWith `json:"confused"`
}

type confusedWith struct {
	Class string  `json:"class"`
	Share float64 `json:"share"` // of the rows looked at
}

// Run evaluates.
func (c *evalCmd) Run(ctx context.Context) error {
	screen := newScreen(os.Stderr)
	defer screen.close()
	m, err := c.gather(ctx, screen)
	if err != nil {
		return err
	}
	if m.data != nil {
		defer m.data.Close()
	} else if c.Neighbours != "" {
		return errors.New("--neighbours draws images of a data file: it cannot be combined with --queries and --embeddings")
	}
	if c.Dims > m.dim {
		return fmt.Errorf("--dims: the embeddings have %d dimensions and cannot be cut to %d", m.dim, c.Dims)
	}
	if c.Dims > 0 {
		m.rows, m.dim = vectors.Shorten(m.rows, m.dim, c.Dims), c.Dims
	}
	if err := vectors.Round(m.rows, m.dim, vectors.Precision(c.Precision)); err != nil {
		return err
	}
	j, err := c.judge(m, screen)
	if err != nil {
		return err
	}
	screen.close()
	if c.JSON {
		err = printJSON(stdout, j.json())
	} else {
		err = c.print(stdout, j)
	}
	if err != nil {
		return err
	}
	if c.Curves != "" {
		if err := drawCurves(c.Curves, j); err != nil {
			return err
		}
	}
	if c.Neighbours == "" {
		return nil
	}
	if err := drawNeighbours(m.data, m.indices, m.rows, m.dim, c.Neighbours, 8, 6); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "queries and what is found nearest:", c.Neighbours)
	return nil
}

func printJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(v)
}

// judge takes all figures.
func (c *evalCmd) judge(m *measured, screen *screen) (*judged, error) {
	if len(c.K) == 0 {
		c.K = evaluate.DefaultK
	}
	if c.NoClusters {
		c.Clusters = evaluate.NoClusters
	}
	stages := map[string]func(done, total int){}
	options := evaluate.Options{
		K: c.K, Clusters: c.Clusters, Seed: c.Seed, Restarts: c.Restarts, Bootstrap: c.Bootstrap, ByClass: !c.ByQuery,
		Progress: func(stage string, done, total int) {
			if stages[stage] == nil {
				stages[stage] = screen.long(stage)
			}
			stages[stage](done, total)
		},
	}
	result, err := evaluate.EvaluateMarked(m.rows, m.dim, m.labels, m.gallery, options)
	if err != nil {
		return nil, err
	}
	j := &judged{Images: len(m.labels), Dim: m.dim, Result: result, Note: m.note, Features: m.features}
	for _, is := range m.gallery {
		if is {
			j.Gallery++
		}
	}
	v, err := evaluate.VerifyMarked(m.rows, m.dim, m.labels, m.gallery, evaluate.VerifyOptions{
		Resamples: c.Bootstrap, PairOptions: evaluate.PairOptions{Seed: c.Seed, Progress: screen.long("pairs")}})
	if err == nil {
		j.Verification = &v
	} else if !errors.Is(err, evaluate.ErrNoPairs) {
		return nil, err
	}
	if c.PerClass > 0 {
		const depth = 10
		classes, err := evaluate.ByClass(result.Retrieval, m.rows, m.dim, m.labels, m.gallery, depth, evaluate.RetrieveOptions{})
		if err != nil {
			return nil, err
		}
		j.PerClass = m.named(classes[:min(c.PerClass, len(classes))])
	}
	return j, nil
}

func (m *measured) named(classes []evaluate.ClassResult) (out []classFigures) {
	for _, r := range classes {
		f := classFigures{m.name(r.Class), r.Queries, r.Recall1, r.MAPR, r.AP, nil}
		for _, other := range r.Confused {
			f.Confused = append(f.Confused, confusedWith{m.name(other.Class), other.Share})
		}
		out = append(out, f)
	}
	return out
}

// print shows the figures as text.
func (c *evalCmd) print(w io.Writer, j *judged) error {
	out := &strings.Builder{}
	what := "image"
	if c.Embeddings != "" {
		what = "embedding"
	}
	fmt.Fprintf(out, "%s, %s each", plural.Of(j.Images, what), plural.Of(j.Dim, "dimension"))
	if j.Clusters > 0 {
		fmt.Fprintf(out, ", %s", plural.Of(j.Clusters, "class"))
	}
	out.WriteString("\n\n")
	if j.Note != "" {
		fmt.Fprintf(out, "%s\n\n", j.Note)
	}
	if j.Gallery > 0 {
		fmt.Fprintf(out, "%s search a gallery of %d\n\n", plural.Of(j.Images-j.Gallery, what), j.Gallery)
	}
	j.retrieval(out)
	if j.Verification != nil {
		verification(out, j.Verification)
	}
	perClass(out, j.PerClass)
	if says := verdict(j.Named(), j.Features); says != "" {
		fmt.Fprintf(out, "\n%s\n", says)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// retrieval prints the metrics of clusters and neighbours.
func (j *judged) retrieval(out io.Writer) {
	values, between := j.Named(), intervals(j.Result)
	if j.Clusters == 0 {
		delete(values, "NMI")
		delete(values, "F1")
	}
	if j.Queries == 0 {
		for name := range values {
			if name != "NMI" && name != "F1" {
				delete(values, name)
			}
		}
	}
	width := 0 // of the intervals
	for _, text := range between {
		width = max(width, len("  ")+len(text))
	}
	for _, name := range metricOrder(values) {
		fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("  %-6s %6.3f%*s   %s", name, values[name], width, between[name], meanings[name]), " "))
	}
	if j.Queries == 0 {
		fmt.Fprintln(out, "nothing to find: no image has another of its class, so that Recall@K and MAP@R say nothing")
	} else if j.Lone > 0 {
		fmt.Fprintf(out, "%s without another of its class: counted in NMI and F1 alone\n", plural.Of(j.Lone, "image"))
	}
}

// verification prints how well a threshold tells same from different.
func verification(out io.Writer, v *evaluate.Verification) {
	fmt.Fprintf(out, "\nsame or not, over %d pairs of one class and %d of two", v.Genuine, v.Impostors)
	if v.Sampled > 0 {
		fmt.Fprintf(out, " (those of %d queries drawn at random; ± is one standard error of that)", v.Sampled)
	}
	fmt.Fprintln(out, ":")
	line := func(name string, value float64, se *float64, in *evaluate.Interval, meaning string) {
		text := fmt.Sprintf("  %-12s %6.3f", name, value)
		if se != nil {
			text += fmt.Sprintf(" ± %.4f", *se)
		}
		if in != nil {
			text += fmt.Sprintf("  %.3f to %.3f", in.Low, in.High)
		}
		fmt.Fprintf(out, "%s   %s\n", text, meaning)
	}
	s := scatterOf(v)
	line("ROC AUC", v.AUC, s.auc, s.aucs, "chance that a pair of one class is more similar than one of two")
	line("EER", v.EER, s.eer, s.eers, fmt.Sprintf("equal error rate, at similarity %.3f", v.Threshold))
	for i, at := range v.FNMR {
		in, se := s.fnmr(i)
		meaning := fmt.Sprintf("of one class are rejected where %g of two are accepted, at similarity %.3f", at.FMR, at.Threshold)
		line(fmt.Sprintf("FNMR@%g", at.FMR), at.FNMR, se, in, meaning)
	}
}

// perClass prints a table, a line for each class.
func perClass(out io.Writer, classes []classFigures) {
	if len(classes) == 0 {
		return
	}
	width := len("class")
	for _, f := range classes {
		width = max(width, min(40, len([]rune(f.Class))))
	}
	fmt.Fprintf(out, "\n  %-*s %7s %6s %6s %6s   %s\n", width, "class", "images", "R@1", "MAP@R", "AP", "other classes among the 10 nearest")
	for _, f := range classes {
		var others []string
		for _, o := range f.Confused {
			others = append(others, fmt.Sprintf("%s %.0f %%", o.Class, 100*o.Share))
		}
		fmt.Fprintf(out, "  %-*.*s %7d %6.3f %6.3f %6.3f   %s\n", width, width, f.Class, f.Queries, f.Recall1, f.MAPR, f.AP, strings.Join(others, ", "))
	}
}

// drawCurves draws Recall@K for every K to 100, and the error rates.
func drawCurves(path string, j *judged) error {
	var panels []figure.Panel
	if curve := j.Retrieval.CMC(100); curve != nil {
		ranks := make([]float64, len(curve))
		for i := range ranks {
			ranks[i] = float64(i + 1)
		}
		panels = append(panels, figure.Panel{Title: "CMC", XLabel: "rank K", YLabel: "Recall@K", Series: []figure.Series{{X: ranks, Y: curve}}})
	}
	if v := j.Verification; v != nil {
		var x, y []float64
		for _, p := range v.ROC {
			x, y = append(x, p.FMR), append(y, 1-p.FNMR)
		}
		panels = append(panels, figure.Panel{Title: fmt.Sprintf("ROC (area %.3f)", v.AUC), XLabel: "false match rate", YLabel: "true match rate", Series: []figure.Series{{X: x, Y: y}}})
	}
	img, err := figure.Curves(panels)
	if err != nil {
		return err
	}
	return figure.WritePNG(path, img)
}

// intervals writes the confidence intervals of r, by the names of the metrics.
func intervals(r evaluate.Result) map[string]string {
	texts := map[string]string{}
	if r.Intervals == nil {
		return texts
	}
	add := func(name string, i evaluate.Interval) { texts[name] = fmt.Sprintf("%.3f to %.3f", i.Low, i.High) }
	add("RP", r.Intervals.RPrecision)
	add("MAP@R", r.Intervals.MAPR)
	for i, k := range r.K {
		add(fmt.Sprintf("R@%d", k), r.Intervals.Recall[i])
	}
	return texts
}
