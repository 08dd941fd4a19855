package imageset

import (
	"fmt"
	"path"
	"strconv"

	"github.com/dvml/dvml/store"
)

func isCUB(s source) bool {
	return s.table == "" && s.has("images.txt") && s.has("image_class_labels.txt")
}

// readCUB reads CUB-200-2011 (Wah, Branson, Welinder, Perona, Belongie, "The Caltech-UCSD Birds-200-2011 Dataset", 2011). train_test_split.txt is a
// split of the images within each class, of no use here.
func readCUB(s source) (*Set, error) {
	set := &Set{}
	classOf := map[int]int{} // from the file's numbers
	err := s.pairs("classes.txt", func(id int, name string) error {
		if _, twice := classOf[id]; twice {
			return fmt.Errorf("class %d is named twice", id)
		}
		classOf[id] = len(set.Classes)
		set.Classes = append(set.Classes, name)
		return nil
	})
	if err != nil {
		return nil, err
	}
	labels := map[int]int{}
	err = s.pairs("image_class_labels.txt", func(id int, value string) error {
		number, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("class %q is not a number", value)
		}
		class, ok := classOf[number]
		if !ok {
			return fmt.Errorf("class %d has no name in classes.txt", number)
		}
		if _, twice := labels[id]; twice {
			return fmt.Errorf("image %d is labelled twice", id)
		}
		labels[id] = class
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = s.pairs("images.txt", func(id int, name string) error {
		label, ok := labels[id]
		if !ok {
			return fmt.Errorf("image %d has no label in image_class_labels.txt, or is listed twice", id)
		}
		delete(labels, id)
		im, err := s.image(path.Join("images", name), label, store.Train)
		set.Images = append(set.Images, im)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(labels) > 0 {
		return nil, fmt.Errorf("image_class_labels.txt labels %d images that images.txt does not list: the files do not belong together", len(labels))
	}
	set.classDisjoint()
	return set, nil
}

// pairs calls f for each line of a number and a word.
func (s source) pairs(name string, f func(id int, value string) error) error {
	return s.lines(name, func(_ int, fields []string) error {
		if len(fields) != 2 {
			return fmt.Errorf("%d fields, expected a number and a value", len(fields))
		}
		id, err := strconv.Atoi(fields[0])
		if err != nil {
			return fmt.Errorf("%q is not a number", fields[0])
		}
		return f(id, fields[1])
	})
}
