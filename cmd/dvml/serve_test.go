package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Every command line of `dvml serve` that the documents have is one that the program takes.
func TestServeDocumented(t *testing.T) {
	n := 0
	for _, name := range []string{"serve.md", "deploy/dvml.service", "deploy/Containerfile", "deploy/kubernetes.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if !regexp.MustCompile(`^    dvml serve|ExecStart=|^CMD|args:`).MatchString(line) {
				continue
			}
			line, _, _ = strings.Cut(line, " #")
			_, line, _ = strings.Cut(line, "serve")
			args := append([]string{"serve"}, strings.Fields(strings.NewReplacer(`"`, "", "]", "", ",", " ").Replace(line))...)
			var c cli
			parser, err := kong.New(&c, kong.Vars{"formats": "", "plans": ""})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.Parse(args); err != nil {
				t.Errorf("%s: %v: %v", name, args, err)
			}
			n++
		}
	}
	if n < 6 {
		t.Errorf("%d command lines", n)
	}
}

// systemd takes the unit, but for the program, which is not installed here.
func TestServeUnit(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	text, err := os.ReadFile("../../docs/deploy/dvml.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "dvml.service")
	if err := os.WriteFile(unit, []byte(strings.Replace(string(text), "/usr/local/bin/dvml", "/bin/true", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput()
	if strings.Contains(string(out), "dvml.service:") || err != nil && len(out) == 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestServeRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{filepath.Join(dir, "none")}, "no such file"},
		{[]string{file}, "expected an index or a folder"},
		{[]string{dir}, "--model"},
		{[]string{dir, "--model", "m", "--max-batch", "0"}, "--max-batch"},
		{[]string{dir, "--model", "m", "--tls-cert", file}, "--tls-key"},
		{[]string{dir, "--model", "m", "--tls-cert", file, "--tls-key", file}, "--tls-cert"},
		{[]string{dir, "--model", "m", "--compare", dir}, "--compare"},
	} {
		var all cli
		parser, err := kong.New(&all, kong.Vars{"formats": "", "plans": ""})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(append([]string{"serve"}, c.args...)); err != nil {
			t.Fatal(err)
		}
		if err := all.Serve.Run(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v; want %s", c.args, err, c.want)
		}
	}
}
