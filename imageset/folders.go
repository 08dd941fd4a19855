package imageset

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/store"
)

// errUnclear is returned where folders may be read in more than one way.
var errUnclear = errors.New("--format folders reads every folder that holds images as a class, named by its path")

// readFolders walks the source and takes every folder that holds images for a class, whose name is the folder's path
// ("Audi", or "Audi/A4" where they nest); what lies in folders below a class belongs to it. Folders named train, val, test,
// query, gallery and the like, at the top or below each class, are parts of the set. Where names look like parts and do not
// fit, or classes seem to come twice, it stops, unless insist.
func readFolders(s source, insist bool) (*Set, error) {
	w := &walk{source: s}
	top, err := w.top()
	if err != nil {
		return nil, err
	}
	f := &folders{walk: w, set: &Set{}, insist: insist}
	for len(top.dirs) == 1 && len(top.dirs[0].dirs) > 0 {
		f.outside(top.images, "beside the folders of the classes")
		top = top.dirs[0]
	}
	if len(top.dirs) == 0 {
		return nil, whyNothing(top, w.left)
	}
	f.outside(top.images, "beside the folders of the classes")
	if err := f.read(top); err != nil {
		return nil, err
	}
	f.set.Left = w.left
	return f.set, nil
}

// whyNothing says why there are no classes.
func whyNothing(top *dir, others []Left) error {
	switch {
	case top.count > 0:
		return fmt.Errorf("%s side by side and nothing says what they show: "+
			"put those of each thing into a folder of its own, or list them in a CSV file, path,label", lie(top.count))
	case len(others) == 1:
		return fmt.Errorf("no images: the only file in it is left out: %s: %s", others[0].Path, others[0].Reason)
	case len(others) > 0:
		return fmt.Errorf("no images: none of the %d files in it is an image; the first is %s: %s", len(others), others[0].Path, others[0].Reason)
	}
	return errNoFormat()
}

func lie(images int) string {
	if images == 1 {
		return "1 image lies"
	}
	return fmt.Sprintf("%d images lie", images)
}

// folders reads a tree of folders into a set.
type folders struct {
	*walk
	set    *Set
	insist bool
}

// outside leaves images that belong to no class.
func (f *folders) outside(images []string, reason string) {
	for _, name := range images {
		f.leave(name, reason)
	}
}

func (f *folders) note(format string, args ...any) {
	f.set.Notes = append(f.set.Notes, fmt.Sprintf(format, args...))
}

// read decides what the folders at the top are.
func (f *folders) read(top *dir) error {
	parts := partsAmong(top.dirs)
	lone := len(parts) == 1 && len(parts[0].dirs) == 0 // a class that happens to have the name: bus, car, train
	fit := len(parts) == len(top.dirs) && slices.ContainsFunc(parts, func(p part) bool { return len(p.dirs) > 0 })
	if len(parts) > 0 && !lone {
		if fit {
			return f.parts(parts)
		}
		if !f.insist {
			return f.misfit(top, parts)
		}
	}
	found := f.classes(top)
	if split, ok := partsBelow(found); ok {
		return f.partsOfClasses(split)
	}
	if !f.insist {
		if err := unclear(found); err != nil {
			return err
		}
	}
	f.set.Dealt = true
	return f.fill([]map[string][]string{found}, []store.Split{store.Train})
}

// misfit names the folders that look like parts, and those that do not.
func (f *folders) misfit(top *dir, parts []part) error {
	var like, other []string
	for _, d := range top.dirs {
		if slices.ContainsFunc(parts, func(p part) bool { return p.dir == d }) {
			like = append(like, d.name())
		} else {
			other = append(other, d.name())
		}
	}
	if len(other) == 0 {
		return fmt.Errorf("the images lie directly in %s, which %s of a set: nothing says what the images show; "+
			"put those of each thing into a folder of its own inside each part, or list them in a CSV file, path,label,split; %w",
			some(like), verb(like, "looks like a part", "look like parts"), errUnclear)
	}
	return fmt.Errorf("of the folders, %s %s of a set, and %s %s not: take away what does not belong to the set, "+
		"or put the classes into the parts; %w", some(like), verb(like, "looks like a part", "look like parts"),
		some(other), verb(other, "does", "do"), errUnclear)
}

func verb(names []string, one, more string) string {
	if len(names) == 1 {
		return one
	}
	return more
}

// some joins the first few names.
func some(names []string) string {
	const few = 4
	out := strings.Join(names[:min(few, len(names))], ", ")
	if more := len(names) - few; more > 0 {
		out += fmt.Sprintf(" and %d more", more)
	}
	return out
}

// parts reads PART/CLASS.
func (f *folders) parts(parts []part) error {
	var found []map[string][]string
	var splits []store.Split
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.role, b.role) })
	for _, p := range parts {
		in := p.unwrap()
		if p.role == unlabelled {
			f.outside(all(in), "in a part without labels")
			continue
		}
		f.outside(in.images, "in a part, outside its folders of classes")
		classes := f.classes(in)
		for name, images := range classes {
			if p.sameAs(name) && len(in.dirs) == 1 { // val/images and test/test, which hold no classes
				f.outside(images, "in a part, outside its folders of classes")
				delete(classes, name)
			}
		}
		if len(classes) == 0 {
			f.note("%s/ is a part of the set without folders of classes, left out", p.name())
			continue
		}
		split := p.split(parts)
		found, splits = append(found, classes), append(splits, split)
		f.note("%s/ is a part of the set: %s of %s, %s", p.name(), plural.Of(images(classes), "image"),
			plural.Of(len(classes), "class"), use(split))
	}
	if images(found...) == 0 {
		return errors.New("the parts hold no folders of classes")
	}
	f.set.Dealt = !slices.ContainsFunc(splits, func(s store.Split) bool { return s != store.Train })
	if !f.set.Dealt {
		f.shared(found, splits)
	}
	return f.fill(found, splits)
}

func use(s store.Split) string {
	switch s {
	case store.Train:
		return "to train on"
	case store.Gallery:
		return "held out, searched"
	}
	return "held out"
}

// shared says how many classes are both trained on and held out.
func (f *folders) shared(found []map[string][]string, splits []store.Split) {
	trained, held, both := map[string]bool{}, map[string]bool{}, 0
	for i, classes := range found {
		for name := range classes {
			if splits[i] == store.Train {
				trained[name] = true
			} else {
				held[name] = true
			}
		}
	}
	for name := range held {
		if trained[name] {
			both++
		}
	}
	if both > 0 {
		f.note("%d of the %s held out are trained on too, by other images; --hold-out 0.5 deals by class instead",
			both, plural.Of(len(held), "class"))
	}
}

// partsOfClasses reads CLASS/PART.
func (f *folders) partsOfClasses(split map[string]map[role][]string) error {
	var found []map[string][]string
	var splits []store.Split
	var parts []part
	roles := map[role]bool{}
	for _, images := range split {
		for r := range images {
			roles[r] = true
		}
	}
	for _, r := range slices.Sorted(maps.Keys(roles)) {
		parts = append(parts, part{role: r})
	}
	for _, p := range parts {
		classes := map[string][]string{}
		for class, images := range split {
			if len(images[p.role]) > 0 {
				slices.Sort(images[p.role])
				classes[class] = images[p.role]
			}
		}
		if p.role == unlabelled {
			for _, images := range classes {
				f.outside(images, "in a part without labels")
			}
			continue
		}
		found, splits = append(found, classes), append(splits, p.split(parts))
	}
	f.note("the folders of the classes hold the parts of the set")
	f.shared(found, splits)
	return f.fill(found, splits)
}

// classes collects the images of each class below d.
func (f *folders) classes(d *dir) map[string][]string {
	found := map[string][]string{}
	var joined []string
	var visit func(d *dir, class string)
	visit = func(d *dir, class string) {
		for _, inner := range d.dirs {
			name := path.Join(class, norm.NFC.String(inner.name()))
			if len(inner.images) == 0 {
				visit(inner, name)
				continue
			}
			found[name] = append(found[name], all(inner)...)
			for _, below := range inner.dirs {
				joined = append(joined, path.Join(name, below.name()))
			}
		}
	}
	visit(d, "")
	if len(joined) > 0 {
		f.note("%s below a class belong to it: %s", plural.Of(len(joined), "folder"), some(joined))
	}
	return withoutFiller(found)
}

// withoutFiller drops the last element of the classes' names where all have the same one that says nothing: CLASS/images.
func withoutFiller(found map[string][]string) map[string][]string {
	out := map[string][]string{}
	for name, images := range found {
		parent, leaf := path.Split(name)
		if parent == "" || !isFiller(leaf) {
			return found
		}
		parent = path.Clean(parent)
		if _, twice := out[parent]; twice {
			return found
		}
		out[parent] = images
	}
	return out
}

// all lists the images in d and below, sorted by path within each folder.
func all(d *dir) []string {
	out := slices.Clone(d.images)
	for _, inner := range d.dirs {
		out = append(out, all(inner)...)
	}
	return out
}

func images(found ...map[string][]string) int {
	n := 0
	for _, classes := range found {
		for _, images := range classes {
			n += len(images)
		}
	}
	return n
}

// unclear looks for parts in the middle of paths, and for names that stand below several folders at the top.
func unclear(found map[string][]string) error {
	named, tops := map[string]bool{}, map[string]map[string]bool{}
	for class := range found {
		elements := strings.Split(class, "/")
		if len(elements) == 1 {
			continue
		}
		for _, element := range elements {
			if isPart(element) {
				named[element] = true
			}
		}
		rest := path.Join(elements[1:]...)
		if tops[rest] == nil {
			tops[rest] = map[string]bool{}
		}
		tops[rest][elements[0]] = true
	}
	if len(named) > 1 {
		return fmt.Errorf("folders named %s inside others look like parts of a set, and do not all lie at one level: "+
			"prepare the parts' folder alone; %w", some(slices.Sorted(maps.Keys(named))), errUnclear)
	}
	var twice []string
	for rest, in := range tops {
		if len(in) > 1 {
			twice = append(twice, rest)
		}
	}
	if 2*len(twice) > len(tops) {
		slices.Sort(twice)
		return fmt.Errorf("%s below several folders at the top (%s in %s): if these are parts of the set, "+
			"name them train and test, else put the images of each class into one folder; %w", stands(len(twice)), twice[0],
			some(slices.Sorted(maps.Keys(tops[twice[0]]))), errUnclear)
	}
	return nil
}

func stands(classes int) string {
	if classes == 1 {
		return "the same class stands"
	}
	return fmt.Sprintf("the same %d classes stand", classes)
}

// fill makes the set of the classes' images, of several parts with a split each.
func (f *folders) fill(found []map[string][]string, splits []store.Split) error {
	names := map[string]bool{}
	for _, classes := range found {
		for name := range classes {
			names[name] = true
		}
	}
	f.set.Classes = slices.Sorted(maps.Keys(names))
	for label, class := range f.set.Classes {
		for i, classes := range found {
			for _, name := range classes[class] {
				im, err := f.image(name, label, splits[i])
				if err != nil {
					return err
				}
				f.set.Images = append(f.set.Images, im)
			}
		}
	}
	if f.set.Dealt {
		f.set.classDisjoint()
	}
	return nil
}
