// Package docs holds the tests of the documentation.
package docs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The code blocks of extending.md are laid over the tree, and the tests below run against it.
func TestExtending(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles three packages")
	}
	page, err := os.ReadFile("extending.md")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	lay := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, filepath.FromSlash(name))] = path
	}
	blocks := regexp.MustCompile("(?s)```go\n// ([a-z]+/[a-z]+\\.go)\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 3 {
		t.Fatalf("%d blocks with a file's name, expected 3", len(blocks))
	}
	for _, b := range blocks {
		lay(b[1], b[2])
	}
	for name, text := range uses {
		lay(name, text)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-overlay", file, "-run", "TestOfThePage", "-v", "./loss", "./mine", "./imageset")
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Count(string(out), "--- PASS: TestOfThePage") != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
}

// uses are tests of what the page adds.
var uses = map[string]string{
	"loss/page_test.go": `package loss

import (
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

func TestOfThePage(t *testing.T) {
	l, err := New(Config{Name: "quadratic"})
	if err != nil {
		t.Fatal(err)
	}
	backend, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	out, err := model.MustNewExec(backend, model.NewStore(), func(scope *model.Scope, x, labels *Node) *Node {
		return l.Graph(scope, Batch{Embeddings: x, Labels: labels}).Loss
	}).Call1([][]float32{{1, 0}, {0, 2}, {3, 0}}, []int32{0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	// Cosines: 0 of one class, 1 and 0 of two: (1 + 1 + 0) / 3.
	if got := out.Value().(float32); got < .66666 || got > .66667 {
		t.Errorf("the loss is %v", got)
	}
}
`,
	"mine/page_test.go": `package mine

import "testing"

func TestOfThePage(t *testing.T) {
	got := run(t, Config{Name: "everything"}, [][]float32{{1, 0}, {0, 1}, {1, 1}}, []int32{0, 0, 1}, nil, 2)
	if len(got.triplets) != 2 {
		t.Errorf("%v", got.triplets)
	}
}
`,
	"imageset/page_test.go": `package imageset

import (
	"os"
	"path/filepath"
	"testing"
)

func TestOfThePage(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"TAGGED", "cat_1.jpg", "cat_2.jpg", "dog_1.jpg"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if set.Name != "tagged" || len(set.Classes) != 2 || len(set.Images) != 3 {
		t.Errorf("%+v", set)
	}
}
`,
}
