package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/index/rows"
	"github.com/dvml/dvml/internal/atomicfile"
)

// A seal guards the catalogue while nobody writes: the checksums of its blocks, which SQLite does not keep itself. catalogue.sum holds "dvmlseal", the
// catalogue's version (int64), its size (int64), the CRC-32C of each block of 64 KiB, and the CRC-32C of all that; little-endian. A writer seals when it
// closes. While one is at work, or after one was killed, the version differs from the catalogue's, and the seal does not count.

const sealName = "catalogue.sum"

const sealMagic = "dvmlseal"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal writes the checksums of the catalogue in folder, whose version is that.
func seal(folder string, version int64) error {
	size, sums, err := blockSums(filepath.Join(folder, catalogueName))
	if err != nil {
		return err
	}
	b := []byte(sealMagic)
	b = binary.LittleEndian.AppendUint64(b, uint64(version))
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	for _, sum := range sums {
		b = binary.LittleEndian.AppendUint32(b, sum)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return atomicfile.Write(filepath.Join(folder, sealName), func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// readSeal returns the version that is sealed, and the blocks that differ. ErrNotExist: nothing was sealed yet.
func readSeal(folder string) (version int64, bad []*rows.Damage, err error) {
	b, err := os.ReadFile(filepath.Join(folder, sealName))
	if err != nil {
		return 0, nil, err
	}
	const start = len(sealMagic) + 16
	if len(b) < start+4 || string(b[:len(sealMagic)]) != sealMagic || len(b)%4 != 0 ||
		crc32.Checksum(b[:len(b)-4], castagnoli) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return 0, nil, fmt.Errorf("%s is damaged: its checksum differs", sealName)
	}
	version, size := int64(binary.LittleEndian.Uint64(b[8:])), int64(binary.LittleEndian.Uint64(b[16:]))
	nowSize, now, err := blockSums(filepath.Join(folder, catalogueName))
	if err != nil {
		return 0, nil, err
	}
	b = b[start : len(b)-4]
	for i := range max(len(now), len(b)/4) {
		if i >= len(now) || i >= len(b)/4 || now[i] != binary.LittleEndian.Uint32(b[4*i:]) {
			bad = append(bad, &rows.Damage{File: catalogueName, Block: i, At: int64(i) * rows.BlockBytes})
		}
	}
	if len(bad) == 0 && size != nowSize {
		bad = append(bad, &rows.Damage{File: catalogueName, Block: len(now) - 1, At: int64(len(now)-1) * rows.BlockBytes})
	}
	return version, bad, nil
}

// blockSums reads a file and returns its size and the checksum of each block.
func blockSums(path string) (size int64, sums []uint32, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, nil, err
	}
	defer f.Close()
	block := make([]byte, rows.BlockBytes)
	for {
		n, err := io.ReadFull(f, block)
		if n > 0 {
			sums = append(sums, crc32.Checksum(block[:n], castagnoli))
			size += int64(n)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return size, sums, nil
		case err != nil:
			return 0, nil, err
		}
	}
}

// checkSeal returns the damage to a catalogue that is sealed at that version; none where it is not sealed, for a writer is at work or was killed.
func checkSeal(folder string, version int64) ([]*rows.Damage, error) {
	if info, err := os.Stat(filepath.Join(folder, catalogueName+"-wal")); err == nil && info.Size() > 0 {
		return nil, nil
	}
	sealed, bad, err := readSeal(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && sealed != version {
		return nil, nil
	}
	return bad, err
}
