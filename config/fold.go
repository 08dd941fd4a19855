package config

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Fold makes a run judge itself by part of the training classes, so that choices are made without a
// look at the held-out ones: the training classes are dealt at random into Of folds, those of fold
// Held are held out in place of the data's held-out classes, and the others are trained on.
type Fold struct {
	// Of is the number of folds; 0: none, the data's own split holds.
	Of int `yaml:"of"`
	// Held is the fold that is held out, from 1.
	Held int `yaml:"held"`
}

// ParseFold reads "2/5": fold 2 of 5.
func ParseFold(s string) (Fold, error) {
	held, of, ok := strings.Cut(s, "/")
	f := Fold{}
	var bad error
	if f.Held, bad = strconv.Atoi(held); bad != nil {
		ok = false
	}
	if f.Of, bad = strconv.Atoi(of); bad != nil {
		ok = false
	}
	if !ok {
		return Fold{}, fmt.Errorf("a fold is written as 2/5, the second of five; got %q", s)
	}
	return f, f.check()
}

func (f Fold) check() error {
	if f != (Fold{}) && (f.Of < 2 || f.Held < 1 || f.Held > f.Of) {
		return fmt.Errorf("fold %d of %d: there are at least 2 folds, and the one held out is from 1 to their number", f.Held, f.Of)
	}
	return nil
}

// Deal returns which of classes training classes the fold holds out, at least two; an error where
// there are too few to train on and to hold out. Folds of one number differ by one class at most,
// and every class is in one of them.
func (f Fold) Deal(classes int) ([]bool, error) {
	if classes < 2*f.Of || classes < 4 {
		return nil, fmt.Errorf("%d folds of %d training classes: each needs two classes at least, and so does what is trained on", f.Of, classes)
	}
	held := make([]bool, classes)
	order := rand.New(rand.NewPCG(0, uint64(f.Of))).Perm(classes)
	for i, c := range order {
		held[c] = i%f.Of == f.Held-1
	}
	return held, nil
}
