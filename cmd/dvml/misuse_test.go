package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/imageset/drawn"
)

// What is named wrongly, or out of range, is said before any work, in words that say what to do; 1
// where a file is the matter, 2 where the words are.
func TestMisuse(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := drawn.Draw("pictures", drawn.Options{Classes: 4, PerClass: 2, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if status, _, messages := printed(t, "prepare", "pictures", "x.h5", "--size", "40"); status != 0 {
		t.Fatal(messages)
	}
	if err := os.MkdirAll("run", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"run/config.yaml": "seed: 1\n", "p.jpg": "\xff\xd8\xff", "torn.safetensors": "torn", "list.csv": "a,b\n"} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		status int
		args   string
		says   string
	}{
		{2, "tran", `there is no command "tran"; did you mean "train"?`},
		{2, "classifies x", `there is no command "classifies"`},
		{2, "train x.h5", "unexpected argument x.h5, a data file: did you mean --data x.h5?"},
		{2, "train run", "did you mean --resume run?"},
		{2, "train --backbon x.h5", `unknown flag --backbon, did you mean "--backbone"?`},
		{2, "prepare pictures y.h5 --size 0", "--size 0: expected 1 to 8192"},
		{2, "prepare pictures y.h5 --size -5", "--size -5: expected 1 to 8192"},
		{2, "prepare pictures y.h5 --size many", "--size"},
		{2, "eval run --k 1,0", "--k 0: expected at least 1"},
		{2, "eval run --bootstrap -1", "--bootstrap -1: expected at least 0"},
		{2, "search x.dvml p.jpg --radius 5", "--radius 5: expected 0 to 2"},
		{2, "search x.dvml p.jpg --radius NaN", "--radius NaN: expected 0 to 2"},
		{2, "bench --batch 0", "--batch 0: expected at least 1"},
		{2, "import p.jpg --size 0", "--size 0: expected at least 1"},
		{1, "search x.dvml p.jpg --picture q.jpg", "--picture q.jpg: what is written is PNG: expected a name that ends in .png"},
		{1, "eval run --neighbours n.txt", "--neighbours n.txt: what is written is PNG"},
		{1, "eval run --curves absent/c.png", "--curves absent/c.png: there is no folder absent; make it first"},
		{1, "calibrate run --picture pictures.png/c.png", "there is no folder pictures.png"},
		{1, "info x.h5 --sheet sheet.jpg", "--sheet sheet.jpg: what is written is PNG"},
		{1, "prepare pictures absent/y.h5", "there is no folder absent"},
		{1, "prepare pictures run", "run is a folder"},
		{1, "embed run p.jpg absent/y.npy", "there is no folder absent"},
		{1, "embed run p.jpg", "name what to embed and the file to write\nUsage: "},
		{1, "import torn.safetensors p.jpg --force", "p.jpg: what is written is SAFETENSORS: expected a name that ends in .safetensors"},
		{1, "export run out.pt", "out.pt: expected a name that ends in one of .onnx, .safetensors"},
		{1, "eval x.h5", "x.h5 is a data file: expected a model"},
		{1, "index x.h5 pictures", "x.h5 is a data file: expected a model"},
		{1, "index p.jpg pictures", "p.jpg is a photograph: expected a model"},
		{1, "eval absent", "absent does not exist: expected a model, which is"},
		{1, "compare p.jpg p.jpg run", "p.jpg is a photograph: expected a model, which is a checkpoint, the folder of a run, or weights of a network\nUsage: "},
		{1, "search p.jpg x.dvml", "p.jpg is a photograph: expected an index, which `"},
		{1, "search absent p.jpg", "absent does not exist: expected an index"},
		{1, "search run p.jpg", "run is the folder of a run: expected an index"},
		{1, "prepare x.h5 y.h5", "x.h5 is a data file: expected a folder or an archive of photographs"},
		{1, "prepare p.jpg y.h5", "p.jpg is a photograph: expected a folder or an archive"},
		{1, "prepare pictures y.h5 --format cars196", "pictures: not in the format cars196"},
		{1, "prepare pictures y.h5 --format car196", `did you mean "cars196"?`},
		{1, "info p.jpg", "p.jpg is a photograph; expected a data file"},
		{1, "info absent.h5", "absent.h5: no such file or directory: expected a data file"},
		{1, "info torn.safetensors", "torn.safetensors"},
		{1, "info pictures", "pictures is a folder; make a data file of the photographs in it: `"},
		{1, "train --data pictures", "pictures is a folder; make a data file"},
		{1, "train --data run", "run is the folder of a run; expected a data file"},
		{1, "train --data x.h5 --preset lptop", `did you mean "laptop"?`},
		{1, "train --data x.h5 --preset laptop --set optimiser.name=sgd", `did you mean "optimizer"?`},
		{1, "train --data x.h5 --preset laptop --set rates.heads=1", `did you mean "optimizer.rates"?`},
		{1, "train --data x.h5 --preset laptop --set image.crop=32 --set method.loss.name=proxy_anchor", `did you mean "proxy-anchor"?`},
		{1, "train --data x.h5 --preset laptop --backend cpuu", `did you mean "cpu"?`},
		{1, "experiment reprt", `did you mean "report"?`},
		{1, "bench --only layer", `did you mean "layers"?`},
		{1, "presets laptp", `did you mean "laptop"?`},
		{1, "diagnose absent", "absent does not exist: expected a model"},
	} {
		status, out, messages := printed(t, strings.Fields(c.args)...)
		if status != c.status || !strings.Contains(messages, c.says) {
			t.Errorf("dvml %s: status %d, %q\nexpected %d, %q", c.args, status, messages, c.status, c.says)
		}
		for _, name := range packages {
			if strings.HasPrefix(messages, "dvml: "+name+": ") || strings.Contains(messages, ": "+name+": ") {
				t.Errorf("dvml %s names a package: %q", c.args, messages)
			}
		}
		if strings.Contains(out, "images of") {
			t.Errorf("dvml %s works before it fails: %q", c.args, out)
		}
	}
	if entries, _ := filepath.Glob("absent*"); len(entries) > 0 {
		t.Errorf("made %v", entries)
	}
}

func TestPlain(t *testing.T) {
	for _, c := range []struct{ text, given, want string }{
		{"store: open: open nosuch.h5: no such file or directory", "", "nosuch.h5: no such file or directory"},
		{"prepare: store: create: lock nodir/x.h5.lock: open nodir/x.h5.lock: no such file or directory", "", "lock nodir/x.h5.lock: nodir/x.h5.lock: no such file or directory"},
		{"bench: foo: there is no part \"foo\"", "", "foo: there is no part \"foo\""},
		{"weights: is a folder", "weights", "weights: is a folder"},
		{"experiment: plan.yaml:\n[1:1] store: x", "", "plan.yaml:\n[1:1] store: x"},
		{"decode: jpeg: the file is cut short", "", "jpeg: the file is cut short"},
		{"stat absent: no such file or directory", "", "absent: no such file or directory"},
	} {
		if got := plain(c.text, strings.Fields(c.given)); got != c.want {
			t.Errorf("%q: %q, expected %q", c.text, got, c.want)
		}
	}
}

// What was not measured is null.
func TestEvalJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	text := "1,0,a\n0.9,0.1,a\n0,1,b\n0.1,0.9,b\n"
	if err := os.WriteFile("e.csv", []byte("x0,x1,class\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	status, out, messages := printed(t, "eval", "--embeddings", "e.csv", "--no-clusters", "--json", "--k", "1", "--bootstrap", "3")
	if status != 0 {
		t.Fatal(messages)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nmi", "f1", "clusters", "inertia"} {
		if v, there := got[name]; !there || v != nil {
			t.Errorf("%s is %v, expected null", name, v)
		}
	}
	recall := got["recall"].(map[string]any)["1"].(map[string]any)
	if recall["value"] != 1.0 || recall["low"] != 1.0 || recall["high"] != 1.0 {
		t.Errorf("recall at 1: %v", recall)
	}
	if err := os.WriteFile("lone.csv", []byte("x0,x1,class\n1,0,a\n0,1,b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out, messages = printed(t, "eval", "--embeddings", "lone.csv", "--json", "--k", "1"); status != 0 {
		t.Fatal(messages)
	}
	got = nil
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got["map_at_r"] != nil || got["recall"].(map[string]any)["1"] != nil || got["verification"] != nil || got["nmi"] == nil {
		t.Errorf("nothing to find: %s", out)
	}
}

// What cannot be written is an error, not silence.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this system has no /dev/full")
	}
	defer full.Close()
	old := os.Stdout
	defer func() { os.Stdout = old }()
	os.Stdout = full
	for _, args := range [][]string{{"presets"}, {"--help"}, {"version"}, {"version", "--json"}, {"backends"}} {
		if status := execute(args); status == 0 {
			t.Errorf("dvml %v: status 0 with a full disk", args)
		}
	}
}
