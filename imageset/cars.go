package imageset

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/dvml/dvml/imageset/matfile"
	"github.com/dvml/dvml/store"
)

// carsDevkits are where the .mat files of Cars196 lie in the archives that circulate.
var carsDevkits = []string{".", "devkit", "car_devkit", "car_devkit/devkit"}

const (
	carsFolder = "car_ims"        // of the layout in one piece
	carsWhole  = "cars_annos.mat" // of the same
	carsNames  = "cars_meta.mat"  // of the layout in two halves
)

// carsHalves are the two halves of the layout with a devkit: halves of the images of each class, no use as a split here.
var carsHalves = []struct {
	folders []string
	annos   string
	missing string // what to do if annos is not there
}{
	{[]string{"cars_train/cars_train", "cars_train"}, "cars_train_annos.mat", "it is in car_devkit.tgz"},
	{[]string{"cars_test/cars_test", "cars_test"}, "cars_test_annos_withlabels.mat",
		"the devkit's cars_test_annos.mat has no classes; bring that file, or take the folder away to use the other half alone"},
}

func (s source) carsFile(name string) string {
	var places []string
	for _, dir := range carsDevkits {
		places = append(places, path.Join(dir, name))
	}
	return s.first(places...)
}

func isCars(s source) bool {
	if s.table != "" {
		return false
	}
	for _, name := range []string{carsWhole, carsNames, carsHalves[0].annos, carsHalves[1].annos} {
		if s.carsFile(name) != "" {
			return true
		}
	}
	return false
}

// readCars reads Cars196 (Krause, Stark, Deng, Fei-Fei, "3D Object Representations for Fine-Grained Categorization", 2013).
func readCars(s source) (*Set, error) {
	set := &Set{}
	read := set.carsHalves
	if s.carsFile(carsWhole) != "" && s.has(carsFolder) {
		read = set.carsWhole
	}
	if err := read(s); err != nil {
		return nil, err
	}
	set.classDisjoint()
	return set, nil
}

func (s *Set) carsWhole(src source) error {
	annos := src.carsFile(carsWhole)
	file, err := src.mat(annos)
	if err != nil {
		return err
	}
	if err := s.carsClasses(file, annos); err != nil {
		return err
	}
	return s.carsImages(src, file, annos, "relative_im_path", ".", carsFolder)
}

func (s *Set) carsHalves(src source) error {
	names := src.carsFile(carsNames)
	switch {
	case names == "" && src.carsFile(carsWhole) != "":
		return fmt.Errorf("%s is there, its images are not: unpack car_ims.tgz beside it", carsWhole)
	case names == "":
		return fmt.Errorf("%s, which names the classes, is missing: it is in car_devkit.tgz", carsNames)
	}
	file, err := src.mat(names)
	if err != nil {
		return err
	}
	if err := s.carsClasses(file, names); err != nil {
		return err
	}
	for _, half := range carsHalves {
		folder := src.first(half.folders...)
		if folder == "" {
			continue
		}
		annos := src.carsFile(half.annos)
		if annos == "" {
			return fmt.Errorf("%s, which has the classes of the images in %s, is missing: %s", half.annos, folder, half.missing)
		}
		file, err := src.mat(annos)
		if err != nil {
			return err
		}
		if err := s.carsImages(src, file, annos, "fname", folder, folder); err != nil {
			return err
		}
	}
	if len(s.Images) == 0 {
		return errors.New("neither cars_train nor cars_test is there: unpack cars_train.tgz or cars_test.tgz beside the devkit")
	}
	return nil
}

// mat reads a MAT-file.
func (s source) mat(name string) (*matfile.File, error) {
	file, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, err := matfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// carsClasses reads the variable class_names, a cell array of text.
func (s *Set) carsClasses(file *matfile.File, name string) error {
	classes, err := file.Var("class_names")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if classes.Class != matfile.Cell || len(classes.Cells) == 0 {
		return fmt.Errorf("%s: class_names is not a list of names", name)
	}
	for i, c := range classes.Cells {
		if c.Class != matfile.Char {
			return fmt.Errorf("%s: name of class %d is not text", name, i+1)
		}
		s.Classes = append(s.Classes, c.Text)
	}
	return nil
}

// carsImages reads the variable annotations, a struct array whose given field names each image, relative to base. Images that are listed and absent
// are left to whoever opens them; images in folder without a label are a mistake.
func (s *Set) carsImages(src source, file *matfile.File, name, field, base, folder string) error {
	annos, err := file.Var("annotations")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if annos.Class != matfile.Struct {
		return fmt.Errorf("%s: annotations is not a list of structs", name)
	}
	listed := map[string]bool{}
	for i := range annos.Len() {
		im, err := s.carsImage(src, annos, i, field, base)
		if err != nil {
			return fmt.Errorf("%s: annotation %d: %w", name, i+1, err)
		}
		s.Images = append(s.Images, im)
		listed[im.Path] = true
	}
	found, err := src.images(folder)
	if err != nil {
		return err
	}
	for _, file := range found {
		if !listed[src.path(file)] {
			return fmt.Errorf("%s has no annotation: %s labels %d images, %s holds %d, they do not belong together", file, name, annos.Len(), folder, len(found))
		}
	}
	return nil
}

func (s *Set) carsImage(src source, annos *matfile.Array, i int, field, folder string) (Image, error) {
	file, err := annos.Field(i, field)
	if err != nil {
		return Image{}, err
	}
	class, err := annos.Field(i, "class")
	if err != nil {
		return Image{}, err
	}
	n, err := class.Int()
	if err != nil {
		return Image{}, fmt.Errorf("class: %w", err)
	}
	if n < 1 || n > len(s.Classes) {
		return Image{}, fmt.Errorf("class %d, there are names of %d", n, len(s.Classes))
	}
	if file.Class != matfile.Char || !fs.ValidPath(file.Text) {
		return Image{}, fmt.Errorf("%s: %q is not the name of a file", field, file.String())
	}
	return src.image(path.Join(folder, file.Text), n-1, store.Train)
}
