package docs

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/dvml/dvml"

// Imports go the way that architecture.md's list of layers says: a package imports only what stands before it there. Files of every build tag are read, those of
// tests are not: a test may look at its package from above.
func TestArrows(t *testing.T) {
	places := layers(t)
	place := func(pkg string) int {
		for i, p := range places {
			if ok, _ := path.Match(p, pkg); ok {
				return i
			}
		}
		return -1
	}
	found := make([]bool, len(places))
	arrows := 0
	for pkg, imports := range imported(t) {
		from := place(pkg)
		if from < 0 {
			t.Errorf("package %s has no place in the layers of docs/architecture.md", pkg)
			continue
		}
		found[from] = true
		for of, file := range imports {
			if to := place(of); to >= from && of != pkg {
				t.Errorf("%s (layer list, place %d) imports %s (place %d): an arrow that runs up", file, from+1, of, to+1)
			}
			arrows++
		}
	}
	for i, ok := range found {
		if !ok {
			t.Errorf("docs/architecture.md lists %s, which is no package", places[i])
		}
	}
	if arrows < 100 {
		t.Errorf("%d imports were read, expected some hundreds", arrows)
	}
}

// layers reads the packages of architecture.md's list, in order.
func layers(t *testing.T) (packages []string) {
	t.Helper()
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(page), "## Layers\n")
	if !ok {
		t.Fatal("architecture.md has no layers")
	}
	for line := range strings.Lines(strings.Split(list, "\n\n")[1]) {
		packages = append(packages, strings.Fields(line[len("    front door  "):])...)
	}
	return packages
}

// imported returns the packages of the module, by their paths in it, the root as dvml, each with the packages of the module that its files import, and
// the file that does.
func imported(t *testing.T) map[string]map[string]string {
	t.Helper()
	name := func(dir string) string {
		if dir == "." {
			return "dvml"
		}
		return filepath.ToSlash(dir)
	}
	all := map[string]map[string]string{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := path.Base(file); d.IsDir() && file != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || nested(file) {
			return nil
		}
		pkg := name(path.Dir(file))
		if all[pkg] == nil {
			all[pkg] = map[string]string{}
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range parsed.Imports {
			of, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if of == module {
				all[pkg]["dvml"] = file
			} else if of, ok := strings.CutPrefix(of, module+"/"); ok {
				all[pkg][of] = file
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// nested reports a file of another module.
func nested(file string) bool {
	for dir := path.Dir(file); dir != "."; dir = path.Dir(dir) {
		if _, err := os.Stat(filepath.Join("..", dir, "go.mod")); err == nil {
			return true
		}
	}
	return false
}
