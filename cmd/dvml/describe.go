package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/dvml/dvml/internal/hdf5"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/store"
)

// openData opens the data file at path, which a user has named.
func openData(path string) (*store.Reader, error) {
	if path == "" {
		return nil, errors.New("no data: name the HDF5 file that `dvml prepare` wrote by --data FILE.h5")
	}
	const aDataFile = "a data file, which `dvml prepare PHOTOGRAPHS FILE.h5` makes"
	switch is := whatIs(path); is {
	case nothing:
		_, err := os.Stat(path)
		return nil, fmt.Errorf("%w: expected %s", err, aDataFile)
	case folder, archived:
		return nil, fmt.Errorf("%s is %s; make a data file of the photographs in it: `%s`", path, is, commandLine("prepare", path, dataName(path)))
	case dataFile, other:
		r, err := store.Open(path)
		if errors.Is(err, hdf5.ErrFormat) {
			return nil, fmt.Errorf("%w; expected %s", err, aDataFile)
		}
		return r, err
	default:
		return nil, fmt.Errorf("%s is %s; expected %s", path, is, aDataFile)
	}
}

// dataName is a name for the data file of a folder or an archive.
func dataName(path string) string {
	path = strings.TrimRight(path, `/\`)
	for _, ending := range []string{".zip", ".gz", ".tgz", ".tar"} {
		path = strings.TrimSuffix(path, ending)
	}
	return path + ".h5"
}

// counts are the numbers of images of each class, in training and in the test.
type counts struct{ train, test []int }

func count(r *store.Reader) counts {
	c := counts{make([]int, len(r.Classes())), make([]int, len(r.Classes()))}
	labels := r.Labels()
	for _, i := range r.Indices(store.Train) {
		c.train[labels[i]]++
	}
	for _, i := range r.Indices(store.Test) {
		c.test[labels[i]]++
	}
	return c
}

// describe prints what the data file at path holds, and reports whether it is enough to train on.
func describe(path string) (trainable bool, err error) {
	r, err := openData(path)
	if err != nil {
		return false, err
	}
	defer r.Close()
	c := count(r)
	trainClasses, testClasses, both, lone, classes := 0, 0, 0, 0, 0
	for i := range c.train {
		trainClasses += min(c.train[i], 1)
		testClasses += min(c.test[i], 1)
		both += min(c.train[i], c.test[i], 1)
		classes += min(c.train[i]+c.test[i], 1)
		if c.train[i]+c.test[i] == 1 {
			lone++
		}
	}
	never := ", none of them trained on"
	if both > 0 {
		never = fmt.Sprintf(", %d of them trained on", both)
	}
	printf("%s: %s of %s, %d x %d px\n", path, plural.Of(r.N(), "image"), plural.Of(classes, "class"), r.Size(), r.Size())
	printf("  to train on   %s of %s\n", plural.Of(len(r.Indices(store.Train)), "image"), plural.Of(trainClasses, "class"))
	printf("  to test with  %s of %s%s\n", plural.Of(len(r.Indices(store.Test)), "image"), plural.Of(testClasses, "class"), never)
	if gallery := len(r.Indices(store.Gallery)); gallery > 0 {
		printf("    of these    %d are queries, the other %d the gallery that they search\n", len(r.Indices(store.Test))-gallery, gallery)
	}
	if lone > 0 {
		printf("in %s there is a single image: nothing alike to learn from, or to find\n", plural.Of(lone, "class"))
	}
	switch {
	case trainClasses < 2 || testClasses < 2:
		println("This is too little to train: at least two classes to train on and two to test with are needed, four in all.")
		return false, nil
	case !slices.ContainsFunc(c.train, several) || !slices.ContainsFunc(c.test, several):
		println("This is too little to train: training and test each need a class with two images; ten and more of each are good.")
		return false, nil
	}
	return true, nil
}

func several(images int) bool { return images > 1 }
