package store

import (
	"errors"
	"fmt"
	"os"

	"github.com/dvml/dvml/internal/hdf5"
)

// Most files made elsewhere keep their values in chunks, often compressed. Training reads single images in any order, for each of which whole chunks would
// have to be unpacked; so they are unpacked once, at opening, into a file of their own in the folder for temporary files, which goes with the Reader.

// slabBytes is about how much is unpacked at a time.
const slabBytes = 64 << 20

// repack is what to do where a layout cannot be read here.
func repack(name string) string {
	return fmt.Sprintf("`h5repack -l %s:CONTI -f %s:NONE IN OUT` lays it out in one block", name, name)
}

// unpack writes a dataset of bytes to a temporary file, from which images are then read.
func (r *Reader) unpack(f *hdf5.File, name string, d *hdf5.Dataset) error {
	out, err := os.CreateTemp("", "dvml-unpacked-*")
	if err != nil {
		return fmt.Errorf("dataset %q: a place to unpack it: %w", name, err)
	}
	r.closers = append(r.closers, func() error {
		out.Close() // what it held goes with it
		return os.Remove(out.Name())
	})
	err = f.EachSlab(d, slabBytes, func(b []byte) error {
		if _, err := out.Write(b); err != nil {
			return fmt.Errorf("unpack it to %s: %w; set TMPDIR to a folder with more room", out.Name(), err)
		}
		return nil
	})
	if errors.Is(err, hdf5.ErrUnsupported) {
		return fmt.Errorf("dataset %q: %w; %s", name, err, repack(name))
	}
	if err != nil {
		return fmt.Errorf("dataset %q: %w", name, err)
	}
	r.f, r.at = out, 0
	return nil
}
