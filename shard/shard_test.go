package shard

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func plan() Plan {
	return Plan{Job: "embed", Shards: 4, Inputs: 10, List: Digest(10, func(i int) string { return string(rune('a' + i)) }), Model: "m", Options: map[string]string{"--size": "96"}}
}

// Shards together have every input once, and their sizes differ by one at most.
func TestRanges(t *testing.T) {
	for inputs := 1; inputs < 40; inputs++ {
		for _, block := range []int{0, 1, 4} {
			for shards := 1; shards <= (Plan{Inputs: inputs, Block: block}).Blocks(); shards++ {
				p, next, each := Plan{Shards: shards, Inputs: inputs, Block: block}, 0, max(block, 1)
				for i := range shards {
					from, to := p.Range(i)
					if from != next || from%each != 0 || to <= from || to-from > (p.Blocks()/shards+1)*each || i < shards-1 && to-from < p.Blocks()/shards*each {
						t.Fatalf("shard %d of %d of %d inputs: %d to %d, after %d", i, shards, inputs, from, to, next)
					}
					next = to
				}
				if next != inputs {
					t.Fatalf("%d shards end at %d of %d", shards, next, inputs)
				}
			}
		}
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		text, slurm, kubernetes string
		i, n                    int
		bad                     string
	}{
		{text: "3/16", slurm: "9", i: 3, n: 16},
		{text: "16", slurm: "9", i: 9, n: 16},
		{text: "16", kubernetes: "0", i: 0, n: 16},
		{text: "16", bad: "SLURM_ARRAY_TASK_ID and JOB_COMPLETION_INDEX"},
		{text: "16", slurm: "16", bad: "--array=0-15"},
		{text: "16/16", bad: "counted from 0 to 15"},
		{text: "-1/4", bad: "counted from 0"},
		{text: "a/4", bad: `is "a"`},
		{text: "1/0", bad: "expected I/N"},
		{text: "", bad: ""},
	} {
		i, n, err := Number(c.text, func(name string) string {
			return map[string]string{"SLURM_ARRAY_TASK_ID": c.slurm, "JOB_COMPLETION_INDEX": c.kubernetes}[name]
		})
		if c.n == 0 {
			if err == nil || !strings.Contains(err.Error(), c.bad) {
				t.Errorf("%q: %v, want %q", c.text, err, c.bad)
			}
		} else if err != nil || i != c.i || n != c.n {
			t.Errorf("%q: %d of %d, %v", c.text, i, n, err)
		}
	}
}

// A plan that is not that of the folder is refused by the name of what differs.
func TestOtherPlansAreRefused(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "x.shards")
	if _, err := Begin(folder, plan()); err != nil {
		t.Fatal(err)
	}
	if _, err := Begin(folder, plan()); err != nil {
		t.Fatalf("the same plan: %v", err)
	}
	for want, change := range map[string]func(p *Plan){
		"the job is prepare, and was embed":        func(p *Plan) { p.Job = "prepare" },
		"the number of shards is 5, and was 4":     func(p *Plan) { p.Shards = 5 },
		"the number of inputs is 11, and was 10":   func(p *Plan) { p.Inputs = 11 },
		"the list of inputs is":                    func(p *Plan) { p.List = Digest(1, func(int) string { return "b" }) },
		"the model is n, and was m":                func(p *Plan) { p.Model = "n" },
		`--size is "97", and was "96"`:             func(p *Plan) { p.Options = map[string]string{"--size": "97"} },
		`--jpeg is "true", and was ""`:             func(p *Plan) { p.Options = map[string]string{"--size": "96", "--jpeg": "true"} },
		"the size of a block is 2, and was 0":      func(p *Plan) { p.Block = 2 },
		"20 shards of 10 inputs":                   func(p *Plan) { p.Shards = 20 },
		"what is known of the output is map[dim:3": func(p *Plan) { p.Out = map[string]string{"dim": "3"} },
	} {
		p := plan()
		change(&p)
		if _, err := Begin(folder, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestMarkers(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "x.shards")
	j, err := Begin(folder, plan())
	if err != nil {
		t.Fatal(err)
	}
	const ending = ".h5"
	finish := func(i, rows int, left ...Left) {
		if rows > 0 {
			if err := os.WriteFile(j.Part(i, ending), []byte{1, 2, byte(i)}, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Finish(i, ending, rows, left); err != nil {
			t.Fatal(err)
		}
	}
	finish(1, 3)
	if _, err := j.All(ending); err == nil || !strings.Contains(err.Error(), "3 of 4 shards are not done: 0,2-3") {
		t.Errorf("missing shards: %v", err)
	}
	finish(0, 1, Left{"b", "broken"})
	finish(2, 2)
	finish(3, 0, Left{"x", "broken"}, Left{"y", "broken"}, Left{"z", "broken"})
	markers, err := j.All(ending)
	if err != nil || markers[0].Left[0].Why != "broken" || markers[3].Rows != 0 {
		t.Fatal(markers, err)
	}
	for i, m := range markers {
		if err := j.Verify(i, ending, m); err != nil {
			t.Error(err)
		}
	}
	change := func(i int, by func(m *Marker)) {
		m := *markers[i]
		by(&m)
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(j.Part(i, ".json"), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for want, by := range map[string]func(m *Marker){
		"belongs to another plan":   func(m *Marker) { m.Plan = "x" },
		"is of shard 1 with inputs": func(m *Marker) { m.Shard = 1 },
		"with inputs 5 to 7":        func(m *Marker) { m.To = 8 },
		"has 3 rows and 0 inputs":   func(m *Marker) { m.Rows = 3 },
		"has 3 bytes, and had 4":    func(m *Marker) { m.Size = 4 },
		"a number is negative":      func(m *Marker) { m.Size = -1 },
	} {
		change(2, by)
		if _, err := j.Done(2, ending); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "part-00002") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	change(2, func(*Marker) {})
	if err := os.WriteFile(j.Part(2, ending), []byte{1, 2, 9}, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := j.Verify(2, ending, markers[2]); err == nil || !strings.Contains(err.Error(), "is not the part that its shard wrote") {
		t.Error(err)
	}
	if err := os.Remove(j.Part(2, ending)); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Done(2, ending); err == nil || !strings.Contains(err.Error(), "its part is missing") {
		t.Error(err)
	}
}

// FuzzPlan holds that no plan and no marker makes their reader panic, and that what it takes is sound.
func FuzzPlan(f *testing.F) {
	p := plan()
	p.Format = format
	text, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"plan": "x", "shard": 1, "from": 2, "to": 3, "rows": 1, "size": 5}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parsePlan(text); err == nil {
			if from, to := p.Range(p.Shards - 1); p.Inputs < 1<<31 && (to != p.Inputs || from >= to) {
				t.Errorf("the last of %d shards has %d to %d of %d inputs", p.Shards, from, to, p.Inputs)
			}
		}
		if m, err := parseMarker(text); err == nil && (m.Rows < 0 || m.Size < 0) {
			t.Error(m)
		}
	})
}
