package imageset

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dvml/dvml/store"
)

// maxDepth bounds how deep class folders may lie.
const maxDepth = 8

// isFolders wants two folders at the top, or one that holds images and no folders: into any other lone folder, read goes first.
func isFolders(s source) bool {
	if s.table != "" {
		return false
	}
	top, err := s.folders(".")
	if err != nil || len(top) != 1 {
		return err == nil && len(top) > 1
	}
	inner, err := s.folders(top[0])
	if err != nil || len(inner) > 0 {
		return false
	}
	found, err := s.images(top[0])
	return err == nil && len(found) > 0
}

// folders lists the folders in dir, sorted.
func (s source) folders(dir string) ([]string, error) {
	entries, err := fs.ReadDir(s, dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !hidden(e.Name()) && s.isFolder(dir, e) {
			out = append(out, path.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// images lists the images that lie directly in dir, sorted.
func (s source) images(dir string) ([]string, error) {
	entries, err := fs.ReadDir(s, dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && isImage(e.Name()) {
			out = append(out, path.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// readFolders takes every folder that holds images for a class, whose name is the folder's path ("Audi", or "Audi/A4" where they nest), sorted by
// name. Images beside the class folders belong to no class and are only counted. Two folders at the top named train and test, or three named train,
// query and gallery, are the split.
func readFolders(s source) (*Set, error) {
	top, err := s.folders(".")
	if err != nil {
		return nil, err
	}
	if parts := splitFolders[strings.Join(top, "/")]; parts != nil {
		return readSplitFolders(s, parts)
	}
	found := map[string][]string{}
	for _, folder := range top {
		if err := s.classFolders(folder, folder, 1, found); err != nil {
			return nil, err
		}
	}
	stray, err := s.images(".")
	if err != nil {
		return nil, err
	}
	set := &Set{Classes: slices.Sorted(maps.Keys(found)), Stray: len(stray)}
	for label, class := range set.Classes {
		if err := set.add(s, found[class], label, store.Train); err != nil {
			return nil, err
		}
	}
	set.classDisjoint()
	return set, nil
}

// part is a folder at the top that holds the class folders of a split.
type part struct {
	folder string
	split  store.Split
}

// splitFolders are the parts where the folders at the top, joined by /, have these names and no others.
var splitFolders = map[string][]part{
	"test/train":          {{"train", store.Train}, {"test", store.Test}},
	"gallery/query/train": {{"train", store.Train}, {"query", store.Test}, {"gallery", store.Gallery}},
}

// readSplitFolders reads PART/CLASS of the parts.
func readSplitFolders(s source, parts []part) (*Set, error) {
	found, all := make([]map[string][]string, len(parts)), map[string]bool{}
	for i, p := range parts {
		found[i] = map[string][]string{}
		if err := s.classFolders(p.folder, "", 1, found[i]); err != nil {
			return nil, err
		}
		for class := range found[i] {
			all[class] = true
		}
	}
	set := &Set{Classes: slices.Sorted(maps.Keys(all))}
	for label, class := range set.Classes {
		for i, p := range parts {
			if err := set.add(s, found[i][class], label, p.split); err != nil {
				return nil, err
			}
		}
	}
	return set, nil
}

// classFolders collects the images of each folder from dir on down. class is the class of the images in dir, empty for none.
func (s source) classFolders(dir, class string, depth int, found map[string][]string) error {
	if depth > maxDepth {
		return fmt.Errorf("folders are nested deeper than %d at %s", maxDepth, dir)
	}
	if class != "" {
		images, err := s.images(dir)
		if err != nil {
			return err
		}
		if len(images) > 0 {
			found[class] = images
		}
	}
	inner, err := s.folders(dir)
	if err != nil {
		return err
	}
	for _, folder := range inner {
		if err := s.classFolders(folder, path.Join(class, path.Base(folder)), depth+1, found); err != nil {
			return err
		}
	}
	return nil
}

// add appends images of one class.
func (s *Set) add(src source, names []string, label int, split store.Split) error {
	for _, name := range names {
		im, err := src.image(name, label, split)
		if err != nil {
			return err
		}
		s.Images = append(s.Images, im)
	}
	return nil
}
