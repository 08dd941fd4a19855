package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCompletions(t *testing.T) {
	for line, want := range map[string]string{
		"tr":                               "train",
		"ex":                               "export experiment",
		"comple":                           "completion",
		"--ver":                            "--version",
		"train --pre":                      "--preset",
		"train --preset cars":              "cars-best",
		"train --preset=cars":              "--preset=cars-best",
		"train --set optimizer.rates.h":    "optimizer.rates.heads=",
		"prepare a b --fit s":              "stretch",
		"prepare --jpeg a b --fit=":        "--fit=stretch --fit=crop --fit=pad",
		"presets lap":                      "laptop",
		"experiment --batch 3 rep":         "report",
		"eval run --split ":                "test train",
		"eval run --backend cpu:":          "cpu:bfloat16",
		"completion ":                      "bash zsh fish",
		"nosuch --":                        "",
		"prepare ":                         "",
		"train -o ":                        "",
		"experiment report --no-photo":     "--no-photographs",
		"experiment --no-photographs care": "care",
	} {
		status, out, messages := printed(t, append([]string{"complete", "zsh", "--"}, strings.Split(line, " ")...)...)
		if got := strings.Join(strings.Fields(out), " "); status != 0 || got != want {
			t.Errorf("%q: %q, expected %q (%s)", line, got, want, messages)
		}
	}
}

// Every list that a tag names is known, and not empty.
func TestValuesOfTags(t *testing.T) {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		for _, f := range command.Flags {
			if f.Tag.Has("values") && len(valuesOf(f.Value)) == 0 {
				t.Errorf("%s --%s: no values %s", command.Name, f.Name, f.Tag.Get("values"))
			}
		}
		for _, p := range command.Positional {
			if p.Tag.Has("values") && len(valuesOf(p)) == 0 {
				t.Errorf("%s %s: no values %s", command.Name, p.Name, p.Tag.Get("values"))
			}
		}
	}
}

// shellOf makes a program that is dvml, and returns its path and the shell's script of completion.
func shellOf(t *testing.T, shell string) (dvml, script string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dvml = filepath.Join(t.TempDir(), "dvml")
	if err := os.WriteFile(dvml, []byte("#!/bin/sh\nDVML_TEST_MAIN=1 exec "+quoted(self)+` "$@"`+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	status, script, messages := printed(t, "completion", shell)
	if status != 0 {
		t.Fatal(messages)
	}
	return dvml, script
}

// zsh runs the function that the script gives it, with the parts of its completion system that need a terminal replaced by ones that print.
func TestZshCompletes(t *testing.T) {
	zsh, err := exec.LookPath("zsh")
	if err != nil {
		t.Skip("there is no zsh here")
	}
	dvml, script := shellOf(t, "zsh")
	for _, c := range []struct {
		words []string // the last one under the cursor
		want  []string
	}{
		{[]string{"pre"}, []string{"-Q", "--", "prepare", "presets"}},
		{[]string{"train", "--preset=cars"}, []string{"-Q", "--", "--preset=cars-best"}},
		{[]string{"eval", "run", "--split", ""}, []string{"-Q", "--", "test", "train"}},
		{[]string{"prepare", "pict"}, []string{"files"}},
	} {
		words := quoted(dvml)
		for _, w := range c.words {
			words += " " + quoted(w)
		}
		program := "compdef() { :; }; compadd() { print -l -- \"$@\"; }; _files() { print files; }\n" + script + "\nwords=(" + words + "); CURRENT=$#words; _dvml\n"
		out, err := exec.Command(zsh, "-f", "-c", program).CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, expected %q (%v)", c.words, got, c.want, err)
		}
	}
}

// fish completes a line by the script that the program prints.
func TestFishCompletes(t *testing.T) {
	fish, err := exec.LookPath("fish")
	if err != nil {
		t.Skip("there is no fish here")
	}
	dvml, script := shellOf(t, "fish")
	for line, want := range map[string][]string{
		"pre":                  {"prepare", "presets"},
		"train --preset paper": {"paper-npair", "paper-triplet"},
		"eval run --split ":    {"test", "train"},
	} {
		program := "set -x PATH " + quoted(filepath.Dir(dvml)) + " $PATH\n" + script + "\ncomplete -C " + quoted("dvml "+line) + "\n"
		cmd := exec.Command(fish, "--no-config", "-c", program)
		cmd.Dir, cmd.Env = t.TempDir(), append(os.Environ(), "HOME="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, expected %q (%v)", line, got, want, err)
		}
	}
}

// bash itself completes what is typed, by the script that the program prints.
func TestBashCompletes(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	dvml, script := shellOf(t, "bash")
	for _, c := range []struct {
		words []string // as bash breaks them, the last one under the cursor
		want  []string
	}{
		{[]string{"dvml", "pre"}, []string{"prepare", "presets"}},
		{[]string{"dvml", "train", "--preset", "paper"}, []string{"paper-npair", "paper-triplet"}},
		{[]string{"dvml", "prepare", "x", "y", "--fit", "=", "p"}, []string{"pad"}},
		{[]string{"dvml", "prepare", "x", "y", "--fit", "="}, []string{"stretch", "crop", "pad"}},
		{[]string{"dvml", "eval", "run", "--backend", "cpu", ":", "b"}, []string{"bfloat16"}},
		{[]string{"dvml", "prepare", "pict"}, nil},
	} {
		var quotedWords []string
		for _, w := range c.words {
			quotedWords = append(quotedWords, quoted(w))
		}
		program := script + "\nCOMP_WORDS=(" + strings.Join(quotedWords, " ") + ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_dvml " + quoted(dvml) +
			"\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n"
		out, err := exec.Command(bash, "-c", program).CombinedOutput()
		if got := strings.Fields(string(out)); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, expected %q (%v)", c.words, got, c.want, err)
		}
	}
}

// The test's own program is dvml where a test asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("DVML_TEST_MAIN") != "" {
		os.Exit(execute(os.Args[1:]))
	}
	os.Exit(m.Run())
}
