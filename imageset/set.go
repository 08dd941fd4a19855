package imageset

import (
	"io"

	"github.com/dvml/dvml/store"
)

// Set is a data set: labelled photographs that can be opened, none of them in memory. An opened Set holds its archive open until Close.
type Set struct {
	Name    string   // of the format that was read
	Classes []string // names; labels index them
	Images  []Image
	Stray   int // images that lie beside the class folders and belong to no class; they are not among Images

	close func() error
}

// Image is a photograph of a Set.
type Image struct {
	Path  string // for messages: where it lies on disk, archives like folders
	Label int    // index into Classes
	Split store.Split
	Open  func() (io.ReadCloser, error) // may be called from several goroutines
}

// Close closes the archive that the images lie in; they cannot be opened any more.
func (s *Set) Close() error {
	if s.close == nil {
		return nil
	}
	err := s.close()
	s.close = nil
	return err
}
