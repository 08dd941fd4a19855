package imageset

import (
	"fmt"
	"path"
	"slices"

	"github.com/dvml/dvml/store"
)

// productLists are Stanford Online Products' own, class-disjoint, split.
var productLists = []struct {
	name  string
	split store.Split
}{{"Ebay_train.txt", store.Train}, {"Ebay_test.txt", store.Test}}

func isProducts(s source) bool {
	return s.table == "" && (s.has(productLists[0].name) || s.has(productLists[1].name))
}

// readProducts reads Stanford Online Products (Oh Song, Xiang, Jegelka, Savarese, "Deep Metric Learning via Lifted Structured Feature Embedding", 2016),
// or one of its halves. A class is one product, named by its kind and number.
func readProducts(s source) (*Set, error) {
	set := &Set{}
	labels := map[string]int{}
	header := []string{"image_id", "class_id", "super_class_id", "path"}
	for _, list := range productLists {
		if !s.has(list.name) {
			continue
		}
		err := s.lines(list.name, func(_ int, fields []string) error {
			if slices.Equal(fields, header) {
				return nil
			}
			if len(fields) != len(header) {
				return fmt.Errorf("%d fields, expected %q", len(fields), header)
			}
			name := fields[3]
			label := set.label(labels, fields[1], path.Dir(name)+"/"+fields[1])
			im, err := s.image(path.Clean(name), label, list.split)
			set.Images = append(set.Images, im)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return set, nil
}

// label returns the label of a class by its id in the source, naming a new one.
func (s *Set) label(labels map[string]int, id, name string) int {
	label, ok := labels[id]
	if !ok {
		label = len(s.Classes)
		labels[id] = label
		s.Classes = append(s.Classes, name)
	}
	return label
}
