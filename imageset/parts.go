package imageset

import (
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/dvml/dvml/store"
)

// role is what a part of a set is for.
type role int

const (
	noPart role = iota
	trains
	heldOut
	asks     // held out, and asks the gallery
	searched // held out, and searched
	unlabelled
)

// partNames are words by which parts of sets go.
var partNames = map[string]role{
	"train": trains, "training": trains, "trn": trains, "trainval": trains,
	"val": heldOut, "valid": heldOut, "validation": heldOut, "dev": heldOut,
	"test": heldOut, "testing": heldOut, "tst": heldOut, "eval": heldOut, "evaluation": heldOut, "holdout": heldOut,
	"query": asks, "queries": asks, "probe": asks, "gallery": searched,
	"pred": unlabelled, "prediction": unlabelled, "unlabeled": unlabelled, "unlabelled": unlabelled,
}

// fillers are words that say nothing of what a folder holds.
var fillers = []string{"set", "sets", "data", "dataset", "datasets", "image", "images", "img", "imgs", "jpegimages",
	"photo", "photos", "picture", "pictures", "pics", "split", "folder", "classes"}

// partOf reads a folder's name, in any case: "train", "Training_Set", "TrainSet" and "val2017" name parts. rest is what else
// the name says: "seg" of "seg_train", "a" of "trainA".
func partOf(name string) (r role, rest string) {
	words := strings.FieldsFunc(strings.ToLower(apart(name)), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
	var others []string
	for _, word := range words {
		letters := strings.TrimRightFunc(word, unicode.IsDigit)
		if year := word[len(letters):]; len(year) == 4 {
			word = letters
		}
		found := partNames[word]
		switch {
		case word == "" || slices.Contains(fillers, word):
		case found != noPart && r == noPart:
			r = found
		default:
			others = append(others, word)
		}
	}
	return r, strings.Join(others, " ")
}

// apart puts a space between a small letter and the capital after it.
func apart(name string) string {
	var b strings.Builder
	var before rune
	for _, c := range name {
		if unicode.IsLower(before) && unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
		before = c
	}
	return b.String()
}

// sameAs reports a folder whose name says no more than that of the part it lies in: nothing, or the same part again.
func (p part) sameAs(name string) bool {
	r, rest := partOf(name)
	_, own := partOf(p.name())
	return rest == "" && r == noPart || rest == own && r == p.role
}

// isPart reports a name that says nothing but a part.
func isPart(name string) bool {
	r, rest := partOf(name)
	return r != noPart && rest == ""
}

func isFiller(name string) bool {
	r, rest := partOf(name)
	return r == noPart && rest == ""
}

// part is a folder that holds a part of the set.
type part struct {
	*dir
	role role
}

// partsAmong returns the folders whose names say that they are parts: by a part's name alone, or by several parts' names
// beside the same word.
func partsAmong(dirs []*dir) []part {
	roles := map[string]map[role]bool{} // by the rest of the name
	for _, d := range dirs {
		if r, rest := partOf(d.name()); r != noPart {
			if roles[rest] == nil {
				roles[rest] = map[role]bool{}
			}
			roles[rest][r] = true
		}
	}
	var out []part
	for _, d := range dirs {
		if r, rest := partOf(d.name()); r != noPart && (rest == "" || len(roles[rest]) > 1) {
			out = append(out, part{d, r})
		}
	}
	return out
}

// split says what a part's images are for. A gallery that nothing asks is held out like any other part.
func (p part) split(parts []part) store.Split {
	questions := slices.ContainsFunc(parts, func(o part) bool { return o.role == asks || o.role == heldOut })
	switch {
	case p.role == trains:
		return store.Train
	case p.role == searched && questions:
		return store.Gallery
	}
	return store.Test
}

// unwrap enters a folder that only repeats a part's name or says nothing, as in training_set/training_set/cats.
func (d *dir) unwrap() *dir {
	for len(d.images) == 0 && len(d.dirs) == 1 && len(d.dirs[0].dirs) > 0 {
		inner := d.dirs[0]
		if !isFiller(inner.name()) && !isPart(inner.name()) && !strings.EqualFold(inner.name(), d.name()) {
			break
		}
		d = inner
	}
	return d
}

// partsBelow splits classes whose images lie in CLASS/train, CLASS/test and the like; ok is false where they do not all.
func partsBelow(classes map[string][]string) (split map[string]map[role][]string, ok bool) {
	split, roles := map[string]map[role][]string{}, map[role]bool{}
	for class, images := range classes {
		parent, leaf := path.Split(class)
		r, rest := partOf(leaf)
		if parent == "" || r == noPart || rest != "" {
			return nil, false
		}
		parent = path.Clean(parent)
		if split[parent] == nil {
			split[parent] = map[role][]string{}
		}
		split[parent][r] = append(split[parent][r], images...)
		roles[r] = true
	}
	return split, len(roles) > 1
}

// Part reports whether a folder's name is that of a part of a set: "train", "Test_Images", "val2017", "query", "gallery" and the like.
func Part(folder string) bool {
	r, rest := partOf(folder)
	return r != noPart && rest == ""
}
