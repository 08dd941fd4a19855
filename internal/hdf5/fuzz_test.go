package hdf5

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// FuzzOpen holds that no bytes make the reader panic, hang or ask for memory beyond the file's size. Checksums are made right where the
// superblock leads to a header, so that what they guard is reached too.
func FuzzOpen(f *testing.F) {
	f.Add(sample(f))
	var files []string
	for _, pattern := range []string{"testdata/*.h5", "../../store/testdata/*.h5"} { // other programs' layouts
		some, err := filepath.Glob(pattern)
		if err != nil || len(some) == 0 {
			f.Fatal(pattern, err)
		}
		files = append(files, some...)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		seal(b)
		walk(b) // an error or none, both are right
	})
}

// seal corrects the checksums of the heads of indices of chunks, of a superblock of version 2 and of all object headers with a size of four bytes.
func seal(b []byte) {
	for mark, size := range map[string]int{"FAHD": 28, "EAHD": 72, "BTHD": 38} { // of indices of chunks
		if at := bytes.Index(b, []byte(mark)); at >= 0 && len(b)-at >= size {
			binary.LittleEndian.PutUint32(b[at+size-4:], checksum(b[at:at+size-4]))
		}
	}
	if len(b) < SuperblockSize || string(b[:8]) != signature || b[8] < 2 {
		return
	}
	binary.LittleEndian.PutUint32(b[44:], checksum(b[:44]))
	for i := range b {
		if i+10 > len(b) || string(b[i:i+4]) != "OHDR" {
			continue
		}
		n := 10 + int64(binary.LittleEndian.Uint32(b[i+6:]))
		if end := int64(i) + n; end+4 <= int64(len(b)) {
			binary.LittleEndian.PutUint32(b[end:], checksum(b[i:end]))
		}
	}
}
