// Package vectors reads and writes files of embeddings: one row of float32 or float16 for each photograph, and beside it the photograph's path, the class
// where it is known, and the SHA-256 of the file.
//
// The format goes by the ending:
//
//	.npy          embeddings [N,D]; paths, classes and hashes lie beside it, in a CSV file of the same name with .labels.csv at its end
//	.csv          columns path, class, hash, 0, 1, ..., D-1
//	.parquet      columns path, class, hash (text) and embedding (list of float)
//	.h5           datasets embeddings [N,D], paths, classes and hashes [N]
//	.safetensors  tensors embeddings [N,D], labels I64 [N] (-1: none), hashes U8 [N,32], and paths U8 cut by path_offsets I64 [N+1]; the names of the
//	              classes are JSON in the metadata, key classes
//
// numpy, pandas, pyarrow, h5py and safetensors open them. [Read] also takes files made elsewhere, by the rules that it states.
//
// A [Journal] holds rows as they are computed and survives kill -9; [Write] makes a file of it.
package vectors

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Row is one embedding with what is known of its photograph.
type Row struct {
	Path, Class string // Class "": not known
	Hash        string // SHA-256 of the file, 64 hexadecimal digits; "" where there is none
	Vector      []float32
}

// Set is a file of embeddings that was read.
type Set struct {
	Dim                    int
	Rows                   []float32 // [N, Dim]
	Paths, Classes, Hashes []string  // [N]; nil where the file has none
}

// N is the number of rows.
func (s *Set) N() int { return len(s.Rows) / max(1, s.Dim) }

// Labels numbers the classes in order of their names.
func (s *Set) Labels() (labels []int32, names []string) { return Number(s.Classes) }

// Source is what [Write] writes: a [Journal].
type Source interface {
	Len() int
	Dim() int
	Each(use func(i int, r Row) error) error // in order; may be called several times
}

// Type is how numbers are kept.
type Type int

// The types.
const (
	Float32 Type = iota
	Float16
)

// format is one kind of file.
type format struct {
	ending string
	half   bool // whether it can hold float16
	write  func(path string, s Source, t Type) error
	read   func(path string) (*Set, error)
}

var formats = []format{
	{".npy", true, writeNumpy, readNumpy},
	{".csv", false, writeCSV, readCSV},
	{".parquet", false, writeParquet, readParquet},
	{".h5", true, writeHDF5, readHDF5},
	{".safetensors", true, writeSafetensors, readSafetensors},
}

func formatOf(path string) (format, error) {
	var known []string
	for _, f := range formats {
		if strings.EqualFold(filepath.Ext(path), f.ending) {
			return f, nil
		}
		known = append(known, f.ending)
	}
	return format{}, fmt.Errorf("%s: expected a file that ends in %s", path, strings.Join(known, ", "))
}

// Check reports what would keep [Write] from writing such a file.
func Check(path string, t Type) error {
	f, err := formatOf(path)
	if err != nil {
		return err
	}
	if t == Float16 && !f.half {
		return fmt.Errorf("%s: %s files hold float32; float16 can be had in .npy, .h5 and .safetensors", path, f.ending)
	}
	return nil
}

// Write makes the file at path of all rows of s, whole or not at all.
func Write(path string, s Source, t Type) error {
	if err := Check(path, t); err != nil {
		return err
	}
	f, err := formatOf(path)
	if err != nil {
		return err
	}
	return f.write(path, s, t)
}

// Read reads a file of embeddings. Beside the files that [Write] makes it takes:
//
//	.npy          a matrix of float16, float32 or float64
//	.csv          numbers, with or without a header; columns named path, class (or label, target) and hash are not numbers of the vector
//	.parquet      one column of lists of numbers, or several columns of numbers; class, label or target is the class
//	.h5           one dataset [N,D] of floats, or that named embeddings, features, vectors or x; classes, labels or targets [N]
//	.safetensors  one tensor [N,D] of floats, or that named embeddings; labels
//
// All numbers must be finite.
func Read(path string) (*Set, error) {
	f, err := formatOf(path)
	if err != nil {
		return nil, err
	}
	s, err := f.read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.Dim < 1 || len(s.Rows) == 0 {
		return nil, fmt.Errorf("%s: it holds no embeddings", path)
	}
	for i, v := range s.Rows {
		if v-v != 0 { // NaN or infinite
			return nil, fmt.Errorf("%s: row %d, column %d is %v: embeddings must be finite", path, i/s.Dim, i%s.Dim, v)
		}
	}
	for what, column := range map[string][]string{"paths": s.Paths, "classes": s.Classes, "hashes": s.Hashes} {
		if column != nil && len(column) != s.N() {
			return nil, fmt.Errorf("%s: %d %s for %d embeddings", path, len(column), what, s.N())
		}
	}
	return s, nil
}
