package main

import (
	"regexp"
	"runtime"
	"strings"
)

// plainWord is what no shell changes.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,^-]+$`)

// quoted writes one argument so that it survives being pasted into a shell: sh, or on Windows the
// two that are used there.
func quoted(arg string) string {
	switch {
	case runtime.GOOS == "windows" && plainWord.MatchString(strings.ReplaceAll(arg, `\`, "/")), plainWord.MatchString(arg):
		return arg
	case runtime.GOOS == "windows":
		return `"` + arg + `"` // a name there holds no double quotes
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// commandLine is a command of this program to be pasted: its words, quoted where that is needed.
func commandLine(args ...string) string {
	words := []string{program()}
	for _, a := range args {
		words = append(words, quoted(a))
	}
	return strings.Join(words, " ")
}
