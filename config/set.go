package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/internal/spelling"
	"github.com/dvml/dvml/internal/yamltext"
)

// Set changes one setting, written as path=value with the names of the YAML file: optimizer.rates.heads=1e-4. The value is YAML. An error says which
// settings there are where the path goes wrong, or what the setting takes.
func (c *Config) Set(assignment string) error {
	name, value, ok := strings.Cut(assignment, "=")
	if !ok || name == "" || strings.TrimSpace(value) == "" { // YAML would take no value for "leave it as it is"
		return fmt.Errorf("--set %q is not of the form a.b=value", assignment)
	}
	keys := strings.Split(name, ".")
	kind, err := settingAt(keys)
	if err != nil {
		return fmt.Errorf("--set %s: %w", assignment, err)
	}
	var doc strings.Builder
	for i, k := range keys[:len(keys)-1] {
		fmt.Fprintf(&doc, "%s%s:\n", strings.Repeat("  ", i), k)
	}
	fmt.Fprintf(&doc, "%s%s: %s\n", strings.Repeat("  ", len(keys)-1), keys[len(keys)-1], value)
	if _, err := yamltext.Clean([]byte(doc.String())); err != nil {
		return fmt.Errorf("--set %s: %w", name, err)
	}
	if err := checkLists([]byte(doc.String())); err != nil {
		return fmt.Errorf("--set %s: %w", assignment, err)
	}
	if err = errNotPartial; name == "phases" {
		err = c.setPhases(value)
	}
	if err == errNotPartial {
		err = yaml.UnmarshalWithOptions([]byte(doc.String()), c, yaml.Strict())
	}
	var new *newPhaseError
	var unknown *yaml.UnknownFieldError
	var syntax *yaml.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &new):
		return fmt.Errorf("--set %s: %w", assignment, err)
	case errors.As(err, &unknown):
		return fmt.Errorf("--set %s: %s inside it; %s takes %s", assignment, unknown.Message, name, describe(kind))
	case errors.As(err, &syntax):
		return fmt.Errorf("--set %s: the value is not YAML: %s", assignment, syntax.Message)
	}
	return fmt.Errorf("--set %s: %s takes %s", assignment, name, describe(kind))
}

// errNotPartial says that a list of phases holds whole phases, or is not such a list: the decoder takes it as it is.
var errNotPartial = errors.New("not a list of changes to phases")

// newPhaseError is a change to a phase that there is not.
type newPhaseError struct{ phase, phases int }

func (e *newPhaseError) Error() string {
	return fmt.Sprintf("there is no phase %d to be changed, only %d; where an item has lambda, the list is all phases of the run", e.phase, e.phases)
}

// settingAt returns the type of the setting whose path is keys.
func settingAt(keys []string) (reflect.Type, error) {
	kind := reflect.TypeFor[Config]()
	for i, key := range keys {
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		at := strings.Join(keys[:i], ".")
		if kind.Kind() != reflect.Struct {
			return nil, fmt.Errorf("%s has no part %s to be set alone; it takes %s", at, key, describe(kind))
		}
		fields := settings(kind)
		found := false
		for _, f := range fields {
			if f.name == key {
				kind, found = f.kind, true
				break
			}
		}
		if !found {
			where := "the settings are"
			if at != "" {
				where = at + " has"
			}
			return nil, fmt.Errorf("there is no setting %s; %s %s%s", strings.Join(keys[:i+1], "."), where, strings.Join(names(fields), ", "), meant(keys, i, fields))
		}
	}
	return kind, nil
}

// setting is a field of a group of settings.
type setting struct {
	name string
	kind reflect.Type
}

// settings lists the fields of a struct by their names in YAML, those of inlined structs among them.
func settings(group reflect.Type) []setting {
	var list []setting
	for i := range group.NumField() {
		f := group.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			list = append(list, settings(f.Type)...)
		case name != "" && name != "-":
			list = append(list, setting{name, f.Type})
		}
	}
	return list
}

func names(list []setting) []string {
	var all []string
	for _, s := range list {
		all = append(all, s.name)
	}
	return all
}

// meant guesses which setting the path keys means, whose part i is not among fields: one of a similar name there, or that name in another group.
func meant(keys []string, i int, fields []setting) string {
	if near := spelling.Nearest(keys[i], names(fields)); near != "" {
		return fmt.Sprintf("; did you mean %q?", strings.Join(append(slices.Clone(keys[:i]), near), "."))
	}
	for _, group := range settings(reflect.TypeFor[Config]()) {
		if kind := group.kind; kind.Kind() == reflect.Struct && slices.Contains(names(settings(kind)), keys[i]) {
			return fmt.Sprintf("; did you mean %q?", group.name+"."+keys[i])
		}
	}
	return ""
}

// describe says in words what a setting of a type takes.
func describe(kind reflect.Type) string {
	switch kind.Kind() {
	case reflect.Pointer:
		return describe(kind.Elem())
	case reflect.Struct:
		return "a group of settings {" + strings.Join(names(settings(kind)), ", ") + "}"
	case reflect.Slice:
		return "a list [...] whose items are each " + describe(kind.Elem())
	case reflect.Array:
		return fmt.Sprintf("a list [...] of %d items, each %s", kind.Len(), describe(kind.Elem()))
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Uint64:
		return "a whole number from 0"
	case reflect.Int:
		return "a whole number"
	}
	return "a number"
}
