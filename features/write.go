package features

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/internal/hdf5"
)

// partEnding is the ending of a cache that is not whole yet.
const partEnding = ".part"

// write computes the cache at path, whole or not at all: rows go to a file beside it whose name no other process has, which becomes a file of HDF5 with its
// last bytes and then takes the name.
func write(ctx context.Context, path string, s Source, progress func(done, total int)) (err error) {
	if err := enough(filepath.Dir(path), s); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+partEnding)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := f.Chmod(0o644); err != nil { // CreateTemp gives 0600
		return err
	}
	if err := rows(ctx, f, s, progress); err != nil {
		return err
	}
	if err := structure(f, s.Key(), s.set()); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// structure makes a file of HDF5 of the rows in f.
func structure(f *os.File, key string, set Set) error {
	centre := int64(len(set.centre.images)) * set.row
	crops := int64(set.Crops*len(set.crops.images)) * set.row
	b := hdf5.NewBuilder(f, hdf5.SuperblockSize+centre+crops)
	b.Attribute(hdf5.Word("key", key))
	b.Dataset("centre", hdf5.Float32, set.dims(len(set.centre.images)), hdf5.SuperblockSize)
	if set.Crops > 0 {
		b.Dataset("crops", hdf5.Float32, set.dims(set.Crops, len(set.crops.images)), hdf5.SuperblockSize+centre)
	}
	end, err := b.Close()
	if err != nil {
		return err
	}
	return f.Truncate(end)
}

// dims are the dimensions of a dataset whose first are counts.
func (s *Set) dims(counts ...int) []uint64 {
	var dims []uint64
	for _, d := range append(counts, s.Shape...) {
		dims = append(dims, uint64(d))
	}
	return dims
}

// rows computes the values of all images, crop after crop, and writes them behind the superblock.
func rows(ctx context.Context, f *os.File, s Source, progress func(done, total int)) error {
	centre, crops := s.images()
	at, row := int64(hdf5.SuperblockSize), s.row()
	done, total := 0, len(centre)+s.Crops*len(crops)
	pass := func(images []int, plan augment.Plan, seed uint64) error {
		err := s.Embedder.Each(ctx, s.Reader, images, plan, seed, func(_ int, values []float32) error {
			memory := bytesOf(values)
			if _, err := f.WriteAt(memory, at); err != nil {
				return err
			}
			at += int64(len(memory))
			done += int(int64(len(memory)) / row)
			if progress != nil {
				progress(done, total)
			}
			return nil
		})
		return err
	}
	if err := pass(centre, s.Test, 0); err != nil {
		return err
	}
	for k := range s.Crops {
		if err := pass(crops, s.Train, s.Seed+uint64(k+1)<<32); err != nil {
			return err
		}
	}
	return nil
}

// freeSpace is how many bytes can be written in a folder; ok is false where the system does not tell.
var freeSpace = available

// enough reports a disk that the cache does not fit on.
func enough(dir string, s Source) error {
	free, ok := freeSpace(dir)
	if want := uint64(s.Bytes()); ok && free < want {
		return fmt.Errorf("the cache holds %s, and %s has %s free: make room there (caches are *.features-*, killed runs leave *.part), "+
			"name another folder by --cache, or freeze until a later stage or with fewer crops, which is smaller", s, dir, inBytes(free))
	}
	return nil
}

// bytesOf is the memory of values, little-endian as the processors that this runs on are.
func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
