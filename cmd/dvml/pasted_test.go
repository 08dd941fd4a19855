package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	// blockCommand is a line of a code block that calls dvml, inlineCommand a call within a sentence.
	blockCommand  = regexp.MustCompile(`(?m)^(?:    |)(?:\$ )?((?:[A-Z_]+=\S+ )*(?:go run \./cmd/)?dvml(?: .*)?)$`)
	inlineCommand = regexp.MustCompile("`((?:go run \\./cmd/)?dvml (?:[^`])+)`")
	verb          = regexp.MustCompile(`%(?:\[\d+\])?[-+#\d.*]*[a-zA-Z]`)
	optional      = regexp.MustCompile(`\[[^][]*\]|\{[^{}]*\|[^{}]*\}`)
	unwritten     = regexp.MustCompile(` (\.\.\.|…)( |$)`)
)

// Each command that the documentation and the program's messages show goes through sh and is then read by the program's own parser, as far as that goes
// without doing anything: commands and flags exist, their values are of the right kind, and no quote or parenthesis is left for the shell to stumble over.
func TestShownCommandsParse(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no sh")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	dir, blocks, inline := t.TempDir(), 0, 0
	for file, text := range pagesAndMessages(t) {
		var lines []string
		if strings.HasSuffix(file, ".md") {
			for _, m := range blockCommand.FindAllStringSubmatch(joined(text), -1) {
				if strings.HasPrefix(m[1], "dvml / ") || strings.Contains(m[1], " -- ") {
					continue // a line of a page that begins with the name
				}
				lines = append(lines, m[1])
				blocks++
			}
		}
		for _, line := range lines {
			check(t, sh, dir, file, line, true)
		}
		for _, m := range inlineCommand.FindAllStringSubmatch(text, -1) {
			check(t, sh, dir, file, strings.Join(strings.Fields(m[1]), " "), false)
			inline++
		}
	}
	if blocks < 50 || inline < 50 {
		t.Errorf("%d commands in blocks and %d in sentences were found", blocks, inline)
	}
}

// joined is a page with each command on one line: one goes on behind a backslash, and while a quote is open.
func joined(page string) string {
	var out strings.Builder
	open := false
	for line := range strings.Lines(strings.ReplaceAll(page, "\\\n", " ")) {
		if !open && !blockCommand.MatchString(strings.TrimSuffix(line, "\n")) {
			out.WriteString(line)
			continue
		}
		command, _, _ := strings.Cut(line, " #")
		if strings.Count(command, "'")%2 == 1 {
			open = !open
		}
		if open {
			line = strings.TrimSuffix(line, "\n") + " "
		}
		out.WriteString(line)
	}
	return out.String()
}

// pagesAndMessages are the Markdown pages, and the texts in the program's sources, by file.
func pagesAndMessages(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (name[0] == '.' || name == "testdata" || name == "node_modules" || name == "results") {
			return fs.SkipDir
		}
		switch {
		case strings.HasSuffix(name, ".md") && name != "CHANGELOG.md":
			text, err := os.ReadFile(path)
			all[path] = string(text)
			return err
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			var texts []string
			ast.Inspect(file, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					if text, err := strconv.Unquote(l.Value); err == nil {
						texts = append(texts, verb.ReplaceAllString(text, "X"))
					}
				}
				return true
			})
			all[path] = strings.Join(texts, "\n\n")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// check gives a line to sh, where dvml is a function that writes its arguments down, and then to the parser. A call within a sentence may leave arguments out.
func check(t *testing.T, sh, dir, file, line string, whole bool) {
	t.Helper()
	typed := optional.ReplaceAllString(line, "")
	partial := !whole || unwritten.MatchString(typed)
	typed = unwritten.ReplaceAllString(typed, " ")
	typed = strings.ReplaceAll(typed, "go run ./cmd/dvml", "dvml")
	log := filepath.Join(dir, "arguments")
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	script := `dvml() { for a; do printf '%s\0' "$a"; done >> ` + quoted(log) + `; printf '\n\0' >> ` + quoted(log) + "; }\n" + typed
	cmd := exec.Command(sh, "-c", script)
	cmd.Dir, cmd.Env = dir, []string{"PATH=/nonexistent", "HOME=" + dir} // no other program of the line runs
	out, _ := cmd.CombinedOutput()
	if regexp.MustCompile(`(?i)syntax|unterminated|unexpected`).Match(out) {
		t.Errorf("%s: %s: sh says %s", file, line, out)
		return
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) == 0 {
		t.Errorf("%s: %s: sh does not call dvml: %s", file, line, out)
	}
	for call := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n\x00"), "\n\x00") {
		args := strings.Split(strings.TrimSuffix(call, "\x00"), "\x00")
		if slices.Contains(args, "--help") || slices.Contains(args, "--version") || args[0] == "" {
			continue
		}
		var c cli
		p, err := newParser(&c)
		if err != nil {
			t.Fatal(err)
		}
		command, err := p.Parse(withNegatives(args))
		if err == nil {
			err = checkValues(command)
		}
		if err == nil || partial && (strings.HasPrefix(err.Error(), "expected ") || strings.HasPrefix(err.Error(), "missing ")) {
			continue
		}
		// A placeholder in capitals stands for what it is named after, a number among them.
		if strings.HasSuffix(err.Error(), "no such file or directory") { // the page's files are not here
			continue
		}
		if holdsPlaceholder(args) && regexp.MustCompile(`expected (an? )?(int|float|valid)|cannot parse|ends in`).MatchString(err.Error()) {
			continue
		}
		t.Errorf("%s: %s: %v", file, line, err)
	}
}

func holdsPlaceholder(args []string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return regexp.MustCompile(`\b[A-Z]{1,}\b`).MatchString(a) })
}
