package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dvml/dvml/report"
)

// Named is the diagnosis of a run on a page.
type Named struct {
	Run string // its name on the page
	*Diagnosis
}

// Curves are what [Sections] charts of d, to be put among the curves of its run on the page.
func (d *Diagnosis) Curves() []report.Curve {
	const most = 400 // points that a chart shows one by one
	var all []report.Curve
	for _, s := range d.Spreads {
		c := report.Curve{Name: s.Of}
		for i := 0; i < len(s.Variances); i += (len(s.Variances) + most - 1) / most {
			c.X, c.Y = append(c.X, float64(i+1)), append(c.Y, s.Variances[i])
		}
		all = append(all, c)
	}
	return all
}

// Sections are the parts of a page about runs; photographs says whether it may show them.
func Sections(runs []Named, photographs bool) []report.Section {
	if len(runs) == 0 {
		return nil
	}
	var all []report.Section
	if photographs {
		s := report.Section{Title: "Queries and their neighbours", Text: "Photographs of held-out classes, each with those that lie nearest to it by the cosine of z_I. " +
			"The same queries in all runs, spread over the classes."}
		for _, r := range runs {
			s.Pictures = append(s.Pictures, report.Picture{Title: r.Run + ".", Caption: r.when(), Alt: "Queries of " + r.Run + " with their nearest neighbours", Image: r.Neighbours, Photo: true})
		}
		all = append(all, s)
	}
	all = append(all, maps(runs), independence(runs))
	if walk := walks(runs); photographs && len(walk.Pictures) > 0 {
		all = append(all, walk)
	}
	return all
}

// when says which state is shown.
func (d *Diagnosis) when() string { return fmt.Sprintf("After step %d.", d.Step) }

// maps shows where classes lie.
func maps(runs []Named) report.Section {
	s := report.Section{Title: "A map of the embeddings", Text: fmt.Sprintf("z_I of %d held-out classes, at unit length, on the two principal axes of these classes' centres: the plane of all "+
		"in which the centres lie farthest apart, mirrored so that the first class lies to the left and the second above. Distances in the other dimensions do not show, so classes that overlap here may lie apart. The classes: %s.",
		len(runs[0].Shown), strings.Join(runs[0].Shown, ", "))}
	for _, r := range runs {
		s.Pictures = append(s.Pictures, report.Picture{Title: r.Run + ".", Caption: r.when(), Alt: "Map of the embeddings of " + r.Run, Image: r.Map})
	}
	return s
}

// independence asks what the paper's Table 4 asks.
func independence(runs []Named) report.Section {
	s := report.Section{Title: "Is the variation within a class independent of the class?",
		Text: "DVML assumes that images of every class vary about their centre in the same way (Lin et al. 2018, Table 4). " +
			"Here the held-out classes are compared two by two, dimension by dimension: the distance between the distribution functions (Kolmogorov-Smirnov), its p-value, the share of p-values below .05, " +
			"and the relative deviation of the variances (their standard deviation over the classes by their mean). All are means over pairs and dimensions. " +
			"Behind the stroke stands what the same numbers are by chance, where labels are shuffled: the nearer, the less the variation depends on the class. " +
			"Centres taken off a class's own few images, and variances estimated from them, move both numbers alike.\n\n" +
			"z_V is drawn once an image from N(μ, σ²), μ is its mean. As they stand, both their places and their shapes are compared; less their class centres, the shapes alone. " +
			"Effective dimensions are the participation ratio of the variances along the principal axes: how many dimensions hold the variance."}
	s.Tables = []report.Table{variations(runs)}
	if g := generators(runs); len(g.Rows) > 0 {
		s.Tables = append(s.Tables, g)
	}
	if r := readouts(runs); len(r.Rows) > 0 {
		s.Tables = append(s.Tables, r)
	}
	var silent []string
	for _, r := range runs {
		if r.Generator != nil && r.Generator.Active == 0 {
			silent = append(silent, r.Run)
		}
	}
	if len(silent) > 0 {
		s.Notes = []string{fmt.Sprintf("No dimension of z_V says anything of the image in %s: z_V is the same noise for every image, and independent of the class without having learnt any variation.",
			strings.Join(silent, ", "))}
	}
	var wild []string
	for _, r := range runs {
		if g := r.Generator; g != nil && g.MostDivergence > 1000 && g.MostDivergence > 100*g.Divergence {
			wild = append(wild, fmt.Sprintf("%s (KL up to %s nats, %s for the median image)", r.Run, nats(g.MostDivergence), nats(g.Divergence)))
		}
	}
	if len(wild) > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("σ² runs away for some images of held-out classes in %s; their draws rule the variances of z_V.", strings.Join(wild, ", ")))
	}
	for _, of := range []string{SpreadBetween, SpreadWithin, SpreadMu, SpreadSigma} {
		if slices.ContainsFunc(runs, func(r Named) bool { return r.has(of) }) {
			s.Charts = append(s.Charts, report.Chart{Title: strings.ToUpper(of[:1]) + of[1:], XLabel: "dimension, the largest first", Curve: of, Log: true})
		}
	}
	return s
}

// variations is the table of all runs' tests.
func variations(runs []Named) report.Table {
	t := report.Table{Caption: "found / by chance", Header: []string{"run", "vectors", "distance", "p", "p < .05", "relative deviation", "effective dimensions"}}
	for _, r := range runs {
		for i, v := range r.Variations {
			name := r.Run
			if i > 0 {
				name = ""
			}
			both := func(f string, a, b float64) string { return fmt.Sprintf(f+" / "+f, a, b) }
			t.Rows = append(t.Rows, []string{name, strings.ReplaceAll(v.Of, " ", "\u00a0"), both("%.3f", v.Found.Statistic, v.Control.Statistic), both("%.3f", v.Found.P, v.Control.P),
				both("%.3f", v.Found.Rejected, v.Control.Rejected), both("%.2f", v.Found.Deviation, v.Control.Deviation), fmt.Sprintf("%.1f", v.Effective)})
		}
	}
	return t
}

// generators is the table of what z_V became in the runs that have one.
func generators(runs []Named) report.Table {
	t := report.Table{
		Caption: "What z_V holds of the image. Active: dimensions whose μ varies over the images by more than .01. Where σ² is 1 and μ does not vary, z_V is noise. KL: the median image's, and the largest.",
		Header:  []string{"run", "active dimensions", "variance of μ", "median σ²", "KL, nats", "largest KL", "length of z_I"},
	}
	for _, r := range runs {
		if g := r.Generator; g != nil {
			t.Rows = append(t.Rows, []string{r.Run, fmt.Sprintf("%d of %d", g.Active, r.Dim), fmt.Sprintf("%.3g", g.MeanVariance), fmt.Sprintf("%.3f", g.Variance),
				nats(g.Divergence), nats(g.MostDivergence), fmt.Sprintf("%.1f", g.Length)})
		}
	}
	return t
}

// readouts is the table of what probes read, of runs with the factors of the first that has any.
func readouts(runs []Named) report.Table {
	t := report.Table{Caption: "What a linear probe reads off vectors of the held-out images, each predicted by a probe that did not see it: the share of images whose class is right, " +
		"and R² of what is known of an image (1: exactly, 0: not at all). μ and σ² are read at any scale; z_V is one draw, with its noise."}
	var factors []string
	for _, r := range runs {
		if len(r.Probes) == 0 || factors != nil && !slices.Equal(r.Factors, factors) {
			continue
		}
		header, rows := r.ReadoutTable(false)
		factors, t.Header = r.Factors, append([]string{"run"}, header...)
		for i, row := range rows {
			name := r.Run
			if i > 0 {
				name = ""
			}
			t.Rows = append(t.Rows, append([]string{name}, row...))
		}
	}
	return t
}

// nats writes a divergence: three digits, but never an exponent where it is large.
func nats(v float64) string {
	if v >= 100 && v < 1e9 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// walks shows what lies nearest to z_I + t u.
func walks(runs []Named) report.Section {
	s := report.Section{Title: "Along a direction of z_V", Text: "What lies nearest to z_I + t u, the query itself left out. u is the direction of z_V along which its mean μ varies most from image to image; " +
		"t is in standard deviations σ of z_V along u, and goes on each side to half the mean length of z_I. If z_V had learnt a variation such as the view, " +
		"the pictures would change in it from left to right and keep their class."}
	for _, r := range runs {
		if r.Walk != nil {
			caption := fmt.Sprintf("%s σ is %.2f, the mean length of z_I %.1f.", r.when(), r.Generator.Deviation, r.Generator.Length)
			s.Pictures = append(s.Pictures, report.Picture{Title: r.Run + ".", Caption: caption, Alt: "What lies nearest to z_I moved along z_V, " + r.Run, Image: r.Walk, Photo: true})
		}
	}
	return s
}

// has reports whether d holds a spread.
func (d *Diagnosis) has(of string) bool {
	return slices.ContainsFunc(d.Spreads, func(s Spread) bool { return s.Of == of })
}
