package review

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
)

// split finds the side of each photograph, and its class without the name of a part.
func (v *reviewing) split() error {
	v.class, v.side = make([]string, len(v.items)), make([]string, len(v.items))
	v.o.Halves = slices.Clone(v.o.Halves)
	for i, half := range v.o.Halves {
		folder, err := filepath.Abs(half)
		if err != nil {
			return err
		}
		v.o.Halves[i] = folder
	}
	sides := map[string]bool{}
	for _, item := range v.items {
		for _, p := range placesOf(item) {
			if s := v.sideOf(p); s != "" {
				sides[s] = true
			}
		}
	}
	for _, half := range v.o.Halves {
		if !sides[half] {
			return fmt.Errorf("index %s has no photographs in %s or below it", v.x.Folder(), half)
		}
	}
	if len(sides) > 1 { // one alone is a class that happens to have the name: bus, car, train
		for s := range sides {
			v.r.Sides = append(v.r.Sides, s)
		}
		slices.Sort(v.r.Sides)
	}
	for i, item := range v.items {
		v.class[i] = item.Class()
		if v.r.Sides == nil {
			continue
		}
		for _, p := range item.Places {
			if p.Path == item.Path() {
				v.side[i] = v.sideOf(p)
			}
		}
		if v.o.Halves == nil {
			v.class[i] = withoutPart(v.class[i])
		}
	}
	return nil
}

// sideOf is the part of the split that a place lies in, "": none.
func (v *reviewing) sideOf(p index.Place) string {
	if v.o.Halves != nil {
		longest := ""
		for _, half := range v.o.Halves {
			if len(half) > len(longest) && strings.HasPrefix(p.Path, strings.TrimSuffix(half, string(filepath.Separator))+string(filepath.Separator)) {
				longest = half
			}
		}
		return longest
	}
	for _, folder := range append([]string{filepath.Base(p.Root)}, strings.Split(p.Class, "/")...) {
		if imageset.Part(folder) {
			return folder
		}
	}
	return ""
}

// withoutPart is a class without the folders of it that are parts: "train/rose" and "rose/test" are both "rose".
func withoutPart(class string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(class, "/"), imageset.Part), "/")
}
