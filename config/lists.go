package config

import (
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/method"
)

// checkLists reports a list in the YAML text of settings that has not as many items as its setting takes. The decoder would fill a short one
// with zeros, and panics at a long one. Text that is not YAML is left to the decoder.
func checkLists(text []byte) error {
	var all any
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil
	}
	return checkListsIn(all, reflect.TypeFor[Config](), "")
}

// checkListsIn is checkLists for the value of the setting at path, which is of type kind.
func checkListsIn(value any, kind reflect.Type, path string) error {
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch v := value.(type) {
	case map[string]any:
		if kind.Kind() != reflect.Struct {
			return nil
		}
		for _, s := range settings(kind) {
			if err := checkListsIn(v[s.name], s.kind, path+"."+s.name); err != nil {
				return err
			}
		}
	case []any:
		if kind == reflect.TypeFor[method.Lambda]() && len(v) != kind.NumField() { // the losses' weights may be a list too
			return fmt.Errorf("%s is %v; it takes a list [...] of %d numbers, or %s", path[1:], v, kind.NumField(), describe(kind))
		}
		switch kind.Kind() {
		case reflect.Array:
			if len(v) != kind.Len() {
				return fmt.Errorf("%s is %v; it takes %s", path[1:], v, describe(kind))
			}
		case reflect.Slice:
			for i, item := range v {
				if err := checkListsIn(item, kind.Elem(), fmt.Sprintf("%s[%d]", path, i)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
