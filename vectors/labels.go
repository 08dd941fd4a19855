package vectors

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Number gives each class a number, in order of the names. A row without a class is a class of its own, which nothing else belongs to.
func Number(classes []string) (labels []int32, names []string) {
	names = slices.Clone(classes)
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) > 0 && names[0] == "" {
		names = names[1:]
	}
	labels = make([]int32, len(classes))
	alone := int32(len(names))
	for i, c := range classes {
		if c == "" {
			labels[i] = alone
			alone++
			continue
		}
		at, _ := slices.BinarySearch(names, c)
		labels[i] = int32(at)
	}
	return labels, names
}

// ReadLabels reads the classes of rows, in their order: the class, label or target column of a .csv or .parquet file (or its last column), the lines of a
// .txt file, a vector of integers or text in an .npy file, the classes of an .h5 or .safetensors file.
func ReadLabels(path string) ([]string, error) {
	var classes []string
	var err error
	switch strings.ToLower(filepath.Ext(path)) {
	case ".txt":
		classes, err = readLines(path)
	case ".csv":
		classes, err = readClassColumn(path)
	case ".npy":
		classes, err = readNumpyLabels(path)
	case ".parquet":
		classes, err = readParquetLabels(path)
	case ".h5", ".safetensors":
		var s *Set
		if s, err = Read(path); err != nil {
			return nil, err
		}
		classes = s.Classes
	default:
		return nil, fmt.Errorf("%s: expected labels in a file that ends in .csv, .txt, .npy, .parquet, .h5 or .safetensors", path)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("%s: it holds no labels", path)
	}
	return classes, nil
}

func readLines(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines, nil
}

// Names of columns, lower case.
var (
	classNames = []string{"class", "classes", "label", "labels", "target", "targets"}
	pathNames  = []string{"path", "paths", "file", "filename", "image"}
	hashNames  = []string{"hash", "hashes", "sha256"}
	rowNames   = []string{"embedding", "embeddings", "vector", "vectors", "feature", "features", "x"}
)

func named(name string, names []string) bool {
	return slices.Contains(names, strings.ToLower(strings.TrimSpace(name)))
}
