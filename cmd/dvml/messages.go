package main

import (
	"regexp"
	"slices"
	"strings"
)

// A library's errors begin with the name of their package, as Go's habit is; who uses the program
// knows of no packages, and reads them without.

// packages are the names that the errors of this module's packages, and of those it stands on, begin with.
var packages = strings.Fields(`store evaluate cpu tensorboard kernel checkpoint experiment embed diagnose backbone matfile features download report
	sampler figure augment weights sprite metrics events drawn variation loss decode prepare mine engine settings projector loader bench imageset archive hdf5
	index vectors export config train run method onnx dvml calibrate safetensors pickle kong open create`) // the last two: what such a package was doing

// plain is the text of an error for a user: without names of packages, without the names of system
// calls that failed, and nothing twice. given are the program's arguments, which are no names of
// packages even where they read so.
func plain(text string, given []string) string {
	first, rest, lines := strings.Cut(text, "\n") // a further line is a list or an excerpt
	var parts []string
	for i, part := range strings.Split(first, ": ") {
		switch {
		case slices.Contains(packages, part) && !slices.Contains(given, part):
		case i > 0 && len(parts) > 0 && part == parts[len(parts)-1]:
		default:
			parts = append(parts, part)
		}
	}
	first = systemCall.ReplaceAllString(strings.Join(parts, ": "), "$1$2: $3")
	if path, found := strings.CutPrefix(first, "open "); found && slices.ContainsFunc(given, func(a string) bool { return a != "" && strings.HasPrefix(path, a+": ") }) {
		first = path
	}
	if lines {
		return first + "\n" + rest
	}
	return first
}

// systemCall is an error of one, as Go writes it: "stat x: no such file or directory".
var systemCall = regexp.MustCompile(`(^|: )(?:open|stat|lstat|read|mkdir|lock|readlink) ([^:]+): ` +
	`(no such file or directory|file does not exist|permission denied|not a directory|is a directory|file name too long|The system cannot find .*)`)
