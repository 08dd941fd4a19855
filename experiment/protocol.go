package experiment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/store"
)

// remarks are notes that hold for some runs, in the order in which they were made.
type remarks struct {
	notes []string
	runs  map[string][]string // by note
}

// add makes note of run.
func (r *remarks) add(run, note string) {
	if r.runs == nil {
		r.runs = map[string][]string{}
	}
	if r.runs[note] == nil {
		r.notes = append(r.notes, note)
	}
	if !slices.Contains(r.runs[note], run) {
		r.runs[note] = append(r.runs[note], run)
	}
}

// lines writes the notes, each with its runs unless it holds for all.
func (r *remarks) lines(all int) []string {
	var lines []string
	for _, note := range r.notes {
		if runs := r.runs[note]; len(runs) < all {
			note += " (" + strings.Join(runs, ", ") + ")"
		}
		lines = append(lines, note+".")
	}
	return lines
}

// changes says in what the runs are not as the plan has them: what was scaled down, and what was set otherwise. With what the published results were
// measured comes first.
func (p *Plan) changes(results []Result, about *facts) ([]string, error) {
	var published, scaled, set remarks
	var names []string
	var seeds []uint64
	withPublished := 0
	for i, r := range results {
		name := r.Run.Name
		if i == 0 || results[i-1].Run.Name != name {
			names = append(names, name)
			if pub := r.Run.Published; pub != nil {
				withPublished++
				if with := cmp.Or(pub.Protocol, p.Protocol); with != "" {
					published.add(name, fmt.Sprintf("The published figures (%s) were measured with %s; these with %s", pub.Source, with, protocol(r.Config, about)))
				}
			}
		}
		if !slices.Contains(seeds, r.Seed) {
			seeds = append(seeds, r.Seed)
		}
		planned, err := p.Config(r.Run, r.Seed, nil)
		if err != nil {
			return nil, fmt.Errorf("experiment: %s: %w", name, err)
		}
		if a, b := planned.Steps(), r.Config.Steps(); a != b {
			scaled.add(name, fmt.Sprintf("Scaled: %s steps of the plan's %s", thousands(b), thousands(a)))
		}
		if n := r.Config.Steps(); r.Step < n {
			scaled.add(fmt.Sprintf("%s, seed %d", name, r.Seed), fmt.Sprintf("Stopped early after step %s of %s", thousands(r.Step), thousands(n)))
		}
		if a, b := planned.Batch.Size(), r.Config.Batch.Size(); a != b {
			scaled.add(name, fmt.Sprintf("Scaled: batches of %d images, the plan's hold %d", b, a))
		}
		for _, d := range config.Differences(values(planned), values(r.Config)) {
			if !follows(d.Name) {
				set.add(name, fmt.Sprintf("Set otherwise than in the plan: %s is %s, in the plan %s", d.Name, d.Now, d.Before))
			}
		}
	}
	notes := slices.Concat(published.lines(withPublished), scaled.lines(len(names)), set.lines(len(names)))
	if !slices.Equal(slices.Sorted(slices.Values(seeds)), slices.Sorted(slices.Values(p.Seeds))) {
		notes = append(notes, fmt.Sprintf("Seeds: %s, the plan's are %s.", list(seeds), list(p.Seeds)))
	}
	return notes, nil
}

// follows reports whether a setting follows from the number of steps, the batch or the backbone's weights, which are said by themselves.
func follows(name string) bool {
	return strings.HasPrefix(name, "phases.") && strings.HasSuffix(name, ".steps") || strings.HasSuffix(name, "batch.classes") || name == "freeze.unfreeze_at" || name == "photographs" ||
		strings.HasPrefix(name, "backbone.") || strings.HasPrefix(name, "image.normalisation.")
}

func list(seeds []uint64) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(seeds), " ", ", "), "[]")
}

// facts are what a page says of a data file.
type facts struct {
	images, classes [2]int // by store.Train and store.Test
	size            int
}

// readFacts looks into the data file, nil where it is not to be had.
func readFacts(path string) *facts {
	r, err := store.Open(path)
	if err != nil {
		return nil
	}
	defer r.Close()
	f, labels := &facts{size: r.Size()}, r.Labels()
	for i, split := range []store.Split{store.Train, store.Test} {
		seen := map[int32]bool{}
		for _, n := range r.Indices(split) {
			seen[labels[n]] = true
			f.images[i]++
		}
		f.classes[i] = len(seen)
	}
	return f
}

func (f *facts) String() string {
	return fmt.Sprintf("%s photographs of %d classes to train on, %s of %d others to test", thousands(f.images[0]), f.classes[0], thousands(f.images[1]), f.classes[1])
}

// thousands writes n with a comma at the thousands.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}

// protocol says with what data and how a run was measured.
func protocol(c *config.Config, f *facts) string {
	var parts []string
	if f != nil {
		parts = append(parts, f.String())
	}
	parts = append(parts, fmt.Sprintf("%d px", c.Image.Crop), fmt.Sprintf("D = %d", c.Method.Dim), fmt.Sprintf("batches of %d", c.Batch.Size()),
		fmt.Sprintf("%s steps", thousands(c.Steps())))
	if c.Method.Objective == "dvml" {
		parts = append(parts, fmt.Sprintf("T = %d", c.Phases[0].Samples))
	}
	if c.Freeze.Part != "" && c.Freeze.UnfreezeAt == 0 {
		parts = append(parts, "heads alone on cached features")
	}
	return strings.Join(parts, ", ")
}
