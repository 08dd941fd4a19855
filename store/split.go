package store

import "fmt"

// Split says what a row is for.
type Split uint8

// The splits.
const (
	Train   Split = iota
	Test          // held out; its images search one another, unless some are the gallery
	Gallery       // held out and searched by the rest of Test, asking nothing itself (In-Shop's protocol); part of Test
)

// splits in the order in which files name them.
var splits = [...]Split{Train, Test, Gallery}

// String returns the name that files use: "train", "test" or "gallery".
func (s Split) String() string {
	switch s {
	case Train:
		return "train"
	case Test:
		return "test"
	case Gallery:
		return "gallery"
	}
	return fmt.Sprintf("Split(%d)", uint8(s))
}

// ClassDisjoint returns the split of a class where the source has none: the first half of the classes (rounded down, at least one) train.
func ClassDisjoint(class, classes int) Split {
	if class < max(1, classes/2) {
		return Train
	}
	return Test
}
