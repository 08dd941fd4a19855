package yamltext

import (
	"strings"
	"testing"
)

func TestClean(t *testing.T) {
	for _, c := range []struct {
		name, text, want, problem string
	}{
		{name: "nothing"},
		{name: "blanks", text: " \n\t\r\n"},
		{name: "comments", text: "# seed: 1\n\n  # more\n"},
		{name: "a document's head", text: "---\n# seed\n"},
		{name: "a byte order mark", text: "\ufeffseed: 1\n", want: "seed: 1\n"},
		{name: "a mark alone", text: "\ufeff"},
		{name: "settings", text: "a:\n  - {b: [1, 2], c: \"[[[\"}\n", want: "a:\n  - {b: [1, 2], c: \"[[[\"}\n"},
		{name: "brackets", text: strings.Repeat("[", 50000), problem: "50000"},
		{name: "braces", text: strings.Repeat("{a: ", 100), problem: "nested"},
		{name: "entries", text: strings.Repeat("- ", 100000) + "a\n", problem: "nested"},
		{name: "keys", text: strings.Repeat("? ", 100000) + "a\n", problem: "nested"},
		{name: "an alias", text: "a: &x [1]\nb: *x\n", problem: "alias"},
		{name: "a second document", text: "---\na: 1\n---\na: 2\n", problem: "line 3 of the YAML begins a second document"},
		{name: "an end and nothing more", text: "a: 1\n...\n", want: "a: 1\n...\n"},
		{name: "UTF-16", text: "\xff\xfea\x00:\x00", problem: "is UTF-16: save it as UTF-8"},
		{name: "length", text: strings.Repeat("# a comment\n", 100000), problem: "bytes"},
	} {
		got, err := Clean([]byte(c.text))
		switch {
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%s: %v, want %q in it", c.name, err, c.problem)
		case c.problem == "" && (err != nil || string(got) != c.want):
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}
