package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// checkValues holds the values that a user gave against the tags of their fields, before any work is done:
//
//	min:"1" max:"2"   bounds of a number, or of each in a list
//	output:".png"     the name of a file that is written: its endings, with spaces between them; any: all
func checkValues(c *kong.Context) error {
	for _, p := range c.Path {
		var err error
		switch {
		case p.Flag != nil:
			err = checkValue("--"+p.Flag.Name+" ", p.Flag.Value)
		case p.Positional != nil:
			err = checkValue("", p.Positional)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkValue(name string, v *kong.Value) error {
	for _, item := range items(v.Target) {
		if err := checkBounds(name, v.Tag, item); err != nil {
			return err
		}
		if v.Tag.Has("output") && item.Kind() == reflect.String && item.String() != "" {
			endings := strings.Fields(v.Tag.Get("output"))
			if err := checkOutput(item.String(), endings...); err != nil {
				return fmt.Errorf("%s%w", name, err)
			}
		}
	}
	return nil
}

// items are the values of a list, or the one value.
func items(v reflect.Value) []reflect.Value {
	if v.Kind() != reflect.Slice {
		return []reflect.Value{v}
	}
	var all []reflect.Value
	for i := range v.Len() {
		all = append(all, v.Index(i))
	}
	return all
}

func checkBounds(name string, tag *kong.Tag, v reflect.Value) error {
	if v.Kind() == reflect.Pointer { // a flag that may be left out, and was not
		v = v.Elem()
	}
	var x float64
	switch {
	case v.CanInt():
		x = float64(v.Int())
	case v.CanUint():
		x = float64(v.Uint())
	case v.CanFloat():
		x = v.Float()
	default:
		return nil
	}
	least, most := tag.Get("min"), tag.Get("max")
	low, _ := strconv.ParseFloat(least, 64)
	high, _ := strconv.ParseFloat(most, 64)
	expected := ""
	switch { // written so that NaN fails
	case least != "" && most != "" && !(x >= low && x <= high):
		expected = least + " to " + most
	case least != "" && !(x >= low):
		expected = "at least " + least
	case most != "" && !(x <= high):
		expected = "at most " + most
	}
	if expected == "" {
		return nil
	}
	return usageError{fmt.Errorf("%s%v: expected %s", name, v.Interface(), expected)}
}

// usageError is an error in how the program was called.
type usageError struct{ error }

// checkOutput refuses the name of a file that cannot be written, or whose ending is not that of its content.
func checkOutput(path string, endings ...string) error {
	if ending := strings.ToLower(filepath.Ext(path)); !slices.Contains(endings, "any") && !slices.Contains(endings, ending) {
		expected := strings.Join(endings, ", ")
		if len(endings) == 1 {
			return fmt.Errorf("%s: what is written is %s: expected a name that ends in %s", path, strings.ToUpper(strings.TrimPrefix(expected, ".")), expected)
		}
		return fmt.Errorf("%s: expected a name that ends in one of %s", path, expected)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder: expected the name of a file to write", path)
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: there is no folder %s; make it first", path, folder)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s: %s is not a folder", path, folder)
	}
	return nil
}
