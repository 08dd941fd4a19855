package experiment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dvml/dvml/report"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

// difference is a setting that was changed.
type difference struct{ name, before, now string }

// differences lists the settings of now that are not as in before.
func differences(before, now []report.Setting) []difference {
	var all []difference
	value := func(list []report.Setting, name string) string {
		if i := slices.IndexFunc(list, func(s report.Setting) bool { return s.Name == name }); i >= 0 {
			return list[i].Value
		}
		return "not there"
	}
	for _, s := range now {
		if was := value(before, s.Name); was != s.Value {
			all = append(all, difference{s.Name, was, s.Value})
		}
	}
	for _, s := range before {
		if value(now, s.Name) == "not there" {
			all = append(all, difference{s.Name, s.Value, "not there"})
		}
	}
	return all
}

// changes says in what the runs are not as the plan has them: what was scaled down, and what was set otherwise.
func (p *Plan) changes(results []Result) ([]string, error) {
	var notes []string
	add := func(note string) {
		if !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
	}
	seeds := []uint64{}
	for _, r := range results {
		if !slices.Contains(seeds, r.Seed) {
			seeds = append(seeds, r.Seed)
		}
		planned, err := p.Config(r.Run, r.Seed, nil)
		if err != nil {
			return nil, fmt.Errorf("experiment: %s: %w", r.Run.Name, err)
		}
		if a, b := planned.Steps(), r.Config.Steps(); a != b {
			add(fmt.Sprintf("Scaled: %s took %d steps of the plan's %d.", r.Run.Name, b, a))
		}
		if n := r.Config.Steps(); r.Step < n {
			add(fmt.Sprintf("Stopped early: %s, seed %d, after step %d of %d.", r.Run.Name, r.Seed, r.Step, n))
		}
		if a, b := planned.Batch.Size(), r.Config.Batch.Size(); a != b {
			add(fmt.Sprintf("Scaled: batches of %s held %d images of the plan's %d.", r.Run.Name, b, a))
		}
		for _, d := range differences(Settings(planned), Settings(r.Config)) {
			if !scaled(d.name) {
				add(fmt.Sprintf("Set otherwise than in the plan: %s of %s is %s, not %s.", d.name, r.Run.Name, d.now, d.before))
			}
		}
	}
	notes = p.together(results, notes)
	if !slices.Equal(slices.Sorted(slices.Values(seeds)), slices.Sorted(slices.Values(p.Seeds))) {
		notes = append(notes, fmt.Sprintf("Seeds %s, the plan's are %s.", list(seeds), list(p.Seeds)))
	}
	return notes, nil
}

// scaled reports whether a setting follows from the number of steps, the batch or the backbone's weights, which are told apart from other changes.
func scaled(name string) bool {
	return strings.HasPrefix(name, "phases.") && strings.HasSuffix(name, ".steps") || strings.HasSuffix(name, "batch.classes") || name == "freeze.unfreeze_at" ||
		strings.HasPrefix(name, "backbone.") || strings.HasPrefix(name, "image.normalisation.")
}

// together joins notes that are the same but for the run's name, where all runs have them.
func (p *Plan) together(results []Result, notes []string) []string {
	var names []string
	for _, r := range results {
		if !slices.Contains(names, r.Run.Name) {
			names = append(names, r.Run.Name)
		}
	}
	var out []string
	for _, note := range notes {
		name := named(note, names)
		all := strings.Replace(note, name, "each run", 1)
		if slices.Contains(out, all) {
			continue
		}
		if !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(notes, strings.Replace(note, name, n, 1)) }) {
			note = all
		}
		out = append(out, note)
	}
	return out
}

// named is the name that note holds, the longest where it holds several.
func named(note string, names []string) string {
	longest := ""
	for _, n := range names {
		if len(n) > len(longest) && strings.Contains(note, n) {
			longest = n
		}
	}
	return longest
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
func protocol(c *train.Config, f *facts) string {
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
