package diagnose

import (
	"fmt"
	"strings"

	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/variation"
)

// Probe is what a linear probe reads off one kind of vector of the held-out images, see [variation.Sample.Readout].
type Probe struct {
	Of      string    `json:"of"`
	Class   float64   `json:"class"`   // share of the images whose class it reads
	Factors []float64 `json:"factors"` // R^2 of each of Diagnosis.Factors
}

// probe reads the class and the factors off what the model makes of the images, x being their pooled features [N,F].
func (d *Diagnosis) probe(s *subject, h embed.Heads, x []float32, o Options) error {
	targets, err := o.Factors.of(s.indices)
	if err != nil {
		return err
	}
	d.Factors = o.Factors.Names
	read := func(of string, rows []float32) (Probe, error) {
		r, err := variation.Sample{Rows: rows, Dim: len(rows) / len(s.labels), Labels: s.labels}.Readout(targets, o.Seed)
		if err != nil {
			return Probe{}, fmt.Errorf("probe of %s: %w", of, err)
		}
		return Probe{of, r.Accuracy, r.R2}, nil
	}
	features, err := o.Memory.probed(func() (Probe, error) { return read("features", x) })
	if err != nil {
		return err
	}
	d.Probes = []Probe{features}
	kinds := []struct {
		of   string
		rows []float32
	}{{"z_I", h.ZI}}
	if h.Mu != nil {
		zv := draws(h, o.Seed)
		kinds = append(kinds, []struct {
			of   string
			rows []float32
		}{{"μ", h.Mu}, {"μ, log σ²", beside(h.Mu, h.LogVar, h.Dim)}, {"z_V", zv}, {"z_I + z_V", plus(h.ZI, zv)}}...)
	}
	for _, k := range kinds {
		p, err := read(k.of, k.rows)
		if err != nil {
			return err
		}
		d.Probes = append(d.Probes, p)
	}
	return nil
}

// beside puts the rows of a and b, [N,dim], beside each other: [N,2 dim].
func beside(a, b []float32, dim int) []float32 {
	both := make([]float32, 0, 2*len(a))
	for i := 0; i < len(a); i += dim {
		both = append(append(both, a[i:i+dim]...), b[i:i+dim]...)
	}
	return both
}

func plus(a, b []float32) []float32 {
	sum := make([]float32, len(a))
	for i := range a {
		sum[i] = a[i] + b[i]
	}
	return sum
}

// ReadoutTable says what the probes of d read: names of the columns, and a row for each kind of vector. Factors called group.factor are summed up by their
// group's mean, where grouped is asked for.
func (d *Diagnosis) ReadoutTable(grouped bool) (header []string, rows [][]string) {
	names, columns := []string{}, map[string][]int{}
	for k, name := range d.Factors {
		if group, _, has := strings.Cut(name, "."); has && grouped {
			name = group
		}
		if columns[name] == nil {
			names = append(names, name)
		}
		columns[name] = append(columns[name], k)
	}
	for _, p := range d.Probes {
		row := []string{p.Of, fmt.Sprintf("%.3f", p.Class)}
		for _, name := range names {
			mean := 0.0
			for _, k := range columns[name] {
				mean += p.Factors[k] / float64(len(columns[name]))
			}
			row = append(row, fmt.Sprintf("%.3f", mean+0)) // no -0
		}
		rows = append(rows, row)
	}
	return append([]string{"vectors", "class"}, names...), rows
}
