package imageset

import (
	"io"

	"github.com/dvml/dvml/store"
)

// Set is a data set: labelled photographs that can be opened, none of them in memory. An opened Set holds its archive open
// until Close.
type Set struct {
	Name    string   // of the format that was read
	Classes []string // names; labels index them
	Images  []Image
	Left    []Left   // what was met and is not among Images
	Notes   []string // how the source was understood, where that is not plain: which folders are which part
	Dealt   bool     // the source has no split: Prepare deals one, and that of Images holds out the second half of the classes

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
