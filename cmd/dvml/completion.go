package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/dvml/dvml/bench"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/experiment"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/weights/download"
)

// Completion is written here: github.com/jotaen/kong-completion brings five modules, writes the
// program's absolute path into the user's settings and knows no values of flags, and
// willabides/kongplete stands on the same posener/complete.

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish. bash: eval \"$$(dvml completion bash)\" in ~/.bashrc; zsh: the same in ~/.zshrc after compinit; fish: dvml completion fish | source, in ~/.config/fish/config.fish"`
}

// scripts ask the program itself for the words that may follow; where it gives none, the shell
// completes names of files.
var scripts = map[string]string{
	"bash": `_dvml() {
  local IFS=$'\n'
  COMPREPLY=($("$1" complete bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}
complete -o bashdefault -o default -F _dvml dvml
`,
	"zsh": `#compdef dvml
_dvml() {
  local -a found
  found=("${(@f)$("$words[1]" complete zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$found[1]" ]]; then compadd -Q -- "${found[@]}"; else _files; fi
}
compdef _dvml dvml
`,
	"fish": `function __dvml_complete
  set -l before (commandline -opc)
  $before[1] complete fish -- $before[2..-1] (commandline -ct)
end
complete -c dvml -a '(__dvml_complete)'
`,
}

// Run prints the shell's script.
func (c *completionCmd) Run() error {
	printf("%s", scripts[c.Shell])
	return nil
}

// completeCmd is what the scripts call.
type completeCmd struct {
	Shell string   `arg:""`
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints the words that may stand in the place of the last one, a line each.
func (c *completeCmd) Run(app *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	broken := ""
	if c.Shell == "bash" {
		words, broken = glued(words)
	}
	for _, word := range completions(app.Model, words) {
		printf("%s\n", strings.TrimPrefix(word, broken))
	}
	return nil
}

// glued joins words that bash has broken at = and :, and returns what of the last one stands before
// its last break: bash replaces only what follows.
func glued(words []string) (whole []string, broken string) {
	join := false
	for _, w := range words {
		isBreak := w == "=" || w == ":"
		if len(whole) > 0 && (isBreak || join) {
			whole[len(whole)-1] += w
		} else {
			whole = append(whole, w)
		}
		join = isBreak
	}
	if len(whole) > 0 {
		last := whole[len(whole)-1]
		broken = last[:strings.LastIndexAny(last, "=:")+1]
	}
	return whole, broken
}

// completions are the words that may stand in the place of the last of words, which the user has begun.
func completions(app *kong.Application, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last, node := words[len(words)-1], app.Node
	if len(words) > 1 {
		for _, c := range app.Children {
			if c.Name == words[0] {
				node = c
			}
		}
		if node == app.Node {
			return nil
		}
	}
	name, value, hasValue := strings.Cut(last, "=")
	switch {
	case strings.HasPrefix(last, "--") && hasValue:
		if flag := flagOf(app, node, name); flag != nil {
			return withPrefix(name+"=", begun(value, valuesOf(flag.Value)))
		}
		return nil
	case strings.HasPrefix(last, "-"):
		return begun(last, flagNames(app, node))
	case node == app.Node:
		return begun(last, commandNames(app))
	}
	if flag := flagOf(app, node, words[len(words)-2]); flag != nil && !flag.IsBool() {
		return begun(last, valuesOf(flag.Value))
	}
	if n := positionalsBefore(app, node, words[1:len(words)-1]); n < len(node.Positional) {
		return begun(last, valuesOf(node.Positional[n]))
	}
	return nil
}

func begun(with string, words []string) (out []string) {
	for _, w := range words {
		if strings.HasPrefix(w, with) {
			out = append(out, w)
		}
	}
	return out
}

func withPrefix(prefix string, words []string) []string {
	for i := range words {
		words[i] = prefix + words[i]
	}
	return words
}

func commandNames(app *kong.Application) (names []string) {
	for _, c := range app.Children {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// flagNames are those of the command and of the program, for the program's --version only where no command is named.
func flagNames(app *kong.Application, node *kong.Node) (names []string) {
	for _, f := range node.Flags {
		names = append(names, "--"+f.Name)
	}
	if node != app.Node {
		names = append(names, "--help")
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func flagOf(app *kong.Application, node *kong.Node, word string) *kong.Flag {
	for _, f := range slices.Concat(node.Flags, app.Flags) {
		if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

// positionalsBefore counts the arguments among words: what is neither a flag nor a flag's value.
func positionalsBefore(app *kong.Application, node *kong.Node, words []string) (n int) {
	for i, w := range words {
		if strings.HasPrefix(w, "-") {
			continue
		}
		if i > 0 {
			if flag := flagOf(app, node, words[i-1]); flag != nil && !flag.IsBool() {
				continue
			}
		}
		n++
	}
	return n
}

// known are the values that tag values names.
var known = map[string]func() []string{
	"presets": func() []string { names, _ := config.Presets(); return names },
	"engines": func() []string { return append(engine.Names(), "cpu:bfloat16") },
	"formats": imageset.Formats,
	"plans":   experiment.Names,
	"parts":   func() []string { return bench.Parts },
	"sources": download.Names,
	"set":     settingNames,
}

// valuesOf lists what a flag or an argument takes, where that is a list: of its enum, or of what tag values names.
func valuesOf(v *kong.Value) []string {
	if v.Tag.Enum != "" {
		return strings.Split(v.Tag.Enum, ",")
	}
	if list, ok := known[v.Tag.Get("values")]; ok {
		return list()
	}
	return nil
}

// settingNames lists the settings of --set, ready for a value.
func settingNames() (names []string) {
	cfg, err := config.Preset("laptop")
	if err != nil {
		return nil
	}
	values, err := cfg.Values()
	if err != nil {
		return nil
	}
	for _, v := range values {
		if !strings.HasPrefix(v.Name, "phases.") { // a list is set as a whole
			names = append(names, v.Name+"=")
		}
	}
	return append(names, "phases=")
}
