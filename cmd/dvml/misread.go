package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/dvml/dvml/internal/spelling"
)

var (
	longFlag = regexp.MustCompile(`^--[a-z][a-z0-9-]*$`)
	negative = regexp.MustCompile(`^-\.?\d`)
)

// withNegatives joins a flag and a negative number, which would be read as another flag: --size -5 becomes --size=-5.
func withNegatives(args []string) (joined []string) {
	for i := 0; i < len(args); i++ {
		if longFlag.MatchString(args[i]) && i+1 < len(args) && negative.MatchString(args[i+1]) {
			joined = append(joined, args[i]+"="+args[i+1])
			i++
			continue
		}
		joined = append(joined, args[i])
	}
	return joined
}

// misread says better than the parser what is wrong with the arguments, where it knows better.
func misread(app *kong.Application, args []string, err error) error {
	var commands []string
	for _, c := range app.Children {
		commands = append(commands, c.Name)
	}
	if name := args[0]; !strings.HasPrefix(name, "-") && !slices.Contains(commands, name) {
		return fmt.Errorf("there is no command %q%s\n`%s --help` lists the commands", name, spelling.Hint(name, commands), program())
	}
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context.Selected() == nil {
		return err
	}
	argument, found := strings.CutPrefix(err.Error(), "unexpected argument ")
	if !found {
		return err
	}
	argument, _, _ = strings.Cut(argument, ", did you mean")
	flags := map[thing]string{dataFile: "data", weightFile: "backbone", runFolder: "resume"}
	flag := flags[whatIs(argument)]
	for _, f := range parse.Context.Selected().Flags {
		if flag != "" && f.Name == flag {
			return fmt.Errorf("unexpected argument %s, %s: did you mean --%s %s?\nUsage: %s %s", argument, whatIs(argument), flag, quoted(argument), program(), parse.Context.Selected().Summary())
		}
	}
	return err
}
