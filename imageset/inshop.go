package imageset

import (
	"fmt"
	"path"
	"strconv"

	"github.com/dvml/dvml/store"
)

func inShopList(s source) string {
	return s.first("list_eval_partition.txt", "Eval/list_eval_partition.txt", "Anno/list_eval_partition.txt")
}

func isInShop(s source) bool { return s.table == "" && inShopList(s) != "" }

// readInShop reads In-Shop Clothes Retrieval (Liu, Luo, Qiu, Wang, Tang, "DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich
// Annotations", 2016). A class is one item. Its train part trains; its queries are held out and search its gallery.
func readInShop(s source) (*Set, error) {
	list := inShopList(s)
	base := path.Dir(s.first("img", "Img/img"))
	if !s.has(path.Join(base, "img")) {
		return nil, fmt.Errorf("the folder img (or Img/img) is missing: unpack img.zip, which lies inside the archive as it is published")
	}
	set := &Set{}
	labels := map[string]int{}
	announced := -1
	err := s.lines(list, func(_ int, fields []string) error {
		switch {
		case len(fields) == 1 && announced < 0 && len(set.Images) == 0:
			n, err := strconv.Atoi(fields[0])
			if err != nil || n < 0 {
				return fmt.Errorf("%q: expected the number of images", fields[0])
			}
			announced = n
			return nil
		case len(fields) != 3:
			return fmt.Errorf("%d fields, expected image, item and part", len(fields))
		case fields[0] == "image_name":
			return nil
		}
		split := store.Test
		switch fields[2] {
		case "train":
			split = store.Train
		case "query":
		case "gallery":
			split = store.Gallery
		default:
			return fmt.Errorf("part %q, expected train, query or gallery", fields[2])
		}
		im, err := s.image(path.Join(base, fields[0]), set.label(labels, fields[1], fields[1]), split)
		set.Images = append(set.Images, im)
		return err
	})
	if err != nil {
		return nil, err
	}
	if announced >= 0 && announced != len(set.Images) {
		return nil, fmt.Errorf("%s announces %d images and lists %d: it is cut short or damaged", list, announced, len(set.Images))
	}
	return set, nil
}
