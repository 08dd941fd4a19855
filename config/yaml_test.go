package config

import (
	"reflect"
	"strings"
	"testing"
)

// A settings file that sets nothing gives the defaults; one that would fill the memory is an error.
func TestParseOfNothingAndOfTooMuch(t *testing.T) {
	want, err := Parse([]byte("seed: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"nothing": "", "comments": "# seed: 2\n\n# data: x\n", "a mark": "\ufeff", "a mark and a setting": "\ufeffseed: 1\n"} {
		got, err := Parse([]byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, or not the defaults", name, err)
		}
	}
	for _, text := range []string{strings.Repeat("[", 50000), strings.Repeat("- ", 100000), "data: " + strings.Repeat("x", 2<<20)} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%.10s... was parsed", text)
		}
	}
}
