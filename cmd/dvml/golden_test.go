package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/dvml/dvml/imageset/drawn"
)

var update = flag.Bool("update", false, "write the golden texts anew")

// masks hide what differs between machines and runs.
var masks = []struct {
	what *regexp.Regexp
	by   string
}{
	{regexp.MustCompile(`\([0-9a-f]{12}(, modified)?\), `), ""},
	{regexp.MustCompile(`go1\.[\w.]+(-\S+)?, \w+/\w+`), "GO, PLATFORM"},
	{regexp.MustCompile(`\d+\.\d+ [kMG]B`), "SIZE"},
}

// masked hides what differs from one processor, or one minute, to the next: figures with decimals, times, speeds, the engine; and then the widths of columns.
func masked(text string) string {
	for _, m := range []struct{ what, by string }{
		{`(?m)^(engine|memory|time)( +).*$`, "$1$2..."},
		{`(?m)^(\* |  )(cpu|go|cpu:bfloat16)( +).*$`, "$1$2$3..."},
		{`about \d+ [kMG]B`, "about SIZE"},
		{`-?\d+\.\d+(e-\d+)?|\d+ img/s|\b(\d+m)?\d+s\b`, "N"},
		{`\b[0-9a-f]{16}\b`, "HASH"},
		{`(after step|trained) \d+`, "$1 STEP"},
		{`(kl|reconstruction|synthetic|invariant|loss) \d+\b`, "$1 N"},
		{`  +`, "  "},
	} {
		text = regexp.MustCompile(m.what).ReplaceAllString(text, m.by)
	}
	return text
}

// golden holds text against testdata/golden/NAME.txt.
func golden(t *testing.T, name, text string) {
	t.Helper()
	for _, m := range masks {
		text = m.what.ReplaceAllString(text, m.by)
	}
	path := filepath.Join(goldenFolder, name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s (go test ./cmd/dvml -run Golden -update writes it anew):\n%s\nexpected\n%s", name, text, want)
	}
}

var goldenFolder = func() string {
	path, err := filepath.Abs("testdata/golden")
	if err != nil {
		panic(err)
	}
	return path
}()

// What the commands print, to the letter.
func TestGoldenTexts(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("COLUMNS", "80")
	if err := drawn.Draw("pictures", drawn.Options{Classes: 4, PerClass: 3, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"e.csv":                  "x0,x1,class\n1,0,oak\n0.9,0.1,oak\n0,1,elm\n0.1,0.9,elm\n0.8,0.3,elm\n-1,0,ash\n",
		"pictures/broken.jpg":    "\xff\xd8\xff",
		"pictures/notes/why.txt": "none",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, args string }{
		{"version", "version"},
		{"presets", "presets"},
		{"eval", "eval --embeddings e.csv --k 1,2 --per-class 2"},
		{"eval-no-clusters", "eval --embeddings e.csv --k 1 --no-clusters"},
		{"prepare", "prepare pictures x.h5 --size 40"},
		{"info", "info x.h5"},
		{"help-search", "search --help"},
	} {
		status, out, messages := printed(t, strings.Fields(c.args)...)
		if status != 0 {
			t.Errorf("dvml %s: status %d: %s", c.args, status, messages)
		}
		golden(t, c.name, out)
	}
}

// Every line of a walk from photographs to a measured model, and what the program says of what then lies there. Figures are hidden where they depend on the
// processor, see masked.
func TestGoldenWalk(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("COLUMNS", "80")
	t.Setenv("DVML_BACKEND", "cpu")
	if err := drawn.Draw("pictures", drawn.Options{Classes: 12, PerClass: 4, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"walk-1-prepare", strings.Fields("prepare pictures data.h5 --size 40")},
		{"walk-2-train", append(strings.Fields("train --preset quickstart --data data.h5 -o run --batch 12 --steps 12"), "--set", "image.crop=32", "--set", "backbone.width=0.125",
			"--set", "evaluate={every: 6, k: [1, 2]}", "--set", "log.every=6")},
		{"walk-3-eval", strings.Fields("eval run")},
		{"walk-4-info-run", strings.Fields("info run")},
		{"walk-5-info-model", strings.Fields("info run/best.safetensors")},
		{"walk-6-index", strings.Fields("index run pictures -o photos.dvml")},
		{"walk-7-info-index", strings.Fields("info photos.dvml")},
		{"backends", strings.Fields("backends")},
	} {
		status, out, messages := printed(t, c.args...)
		if status != 0 {
			t.Fatalf("dvml %v: status %d: %s", c.args, status, messages)
		}
		golden(t, c.name, masked(strings.ReplaceAll(out, dir, "DIR")))
	}
	for _, picture := range []string{"run/curves.png", "run/metrics.csv", "run/config.yaml"} {
		if _, err := os.Stat(picture); err != nil {
			t.Error(err)
		}
	}
}

// Commands that the program prints survive being pasted into a shell, in a folder whose name has a
// space and a quote, where the program's own has a space.
func TestPrintedCommandsRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	t.Setenv("DVML_TEST_MAIN", "1")
	dir := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dvml, pictures, data := filepath.Join(dir, "my dvml"), filepath.Join(dir, "pictures"), filepath.Join(dir, "x.h5")
	if err := os.Symlink(self, dvml); err != nil {
		t.Fatal(err)
	}
	if err := drawn.Draw(pictures, drawn.Options{Classes: 6, PerClass: 3, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(dvml, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("dvml %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	// after returns the command that stands behind a heading.
	after := func(out, heading string) string {
		t.Helper()
		_, rest, found := strings.Cut(out, heading)
		line, _, _ := strings.Cut(rest, "\n")
		if !found || strings.TrimSpace(line) == "" {
			t.Fatalf("%q is not in\n%s", heading, out)
		}
		return strings.TrimSpace(line)
	}
	paste := func(command, more string) string {
		t.Helper()
		out, err := exec.Command("sh", "-c", command+more).CombinedOutput()
		if err != nil {
			t.Fatalf("%s%s: %v\n%s", command, more, err, out)
		}
		return string(out)
	}
	next := after(call("prepare", pictures, data, "--size", "40"), "Next: ")
	trained := paste(next, " --preset laptop --set backbone.width=0.125 --set image.crop=32 --set 'batch={sampler: pxk, classes: 3, per_class: 2}' --set 'evaluate.k=[1]'"+
		" --set 'phases=[{steps: 2, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]' -o "+quoted(filepath.Join(dir, "run")))
	paste(after(trained, "What it finds nearest "), " --k 1")
	if _, err := os.Stat(filepath.Join(dir, "run", "neighbours.png")); err != nil {
		t.Error(err)
	}
	imported := call("import", filepath.Join(dir, "run"), filepath.Join(dir, "b.safetensors"))
	if next := after(imported, "Next: "); !strings.HasSuffix(next, quoted(filepath.Join(dir, "b.safetensors"))) {
		t.Error(next)
	}
}

func TestQuoted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("another shell")
	}
	for _, word := range []string{"plain", "with space", "it's", `"`, "$HOME", "a;b", "*", "", "new\nline", `back\slash`, "ümlaut", "-x"} {
		out, err := exec.Command("sh", "-c", "printf %s "+quoted(word)).Output()
		if word == "-x" {
			out, err = exec.Command("sh", "-c", "printf %s -- "+quoted(word)).Output()
			out = []byte(strings.TrimPrefix(string(out), "--"))
		}
		if err != nil || string(out) != word {
			t.Errorf("%q comes back as %q (%v)", word, out, err)
		}
	}
}

func TestSpread(t *testing.T) {
	seen := map[int]bool{}
	for i := range 10 {
		at := spread(i, 10, 60)
		seen[at%6] = true
		if at < 6*i || at >= 6*(i+1) {
			t.Errorf("place %d is %d", i, at)
		}
	}
	if len(seen) != 6 {
		t.Errorf("of six kinds %d are shown", len(seen))
	}
	for i := range 3 {
		if spread(i, 3, 3) != i {
			t.Error("not every one of three")
		}
	}
}
