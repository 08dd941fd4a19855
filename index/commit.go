package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/dvml/dvml/index/rows"
)

// Commit makes all that was done since the last one last, and visible to readers: first what was appended to the files reaches the disk, then one
// transaction of the catalogue counts it. When it returns nil nothing of it can be lost any more.
func (w *Writer) Commit() error {
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.commit(); err != nil {
		return fmt.Errorf("index %s: %w", w.folder, errors.Join(err, w.rollback()))
	}
	w.tx, w.old, w.wrote = nil, w.head, true
	clear(w.touched)
	return nil
}

func (w *Writer) commit() error {
	states := map[string]rows.State{}
	for kind, f := range w.writers {
		s, err := f.Sync()
		if err != nil {
			return err
		}
		before := w.states[kind]
		if w.name(kind) != w.old.name(kind) {
			before = rows.State{}
		}
		if err := writeState(w.tx, w.name(kind), before, s); err != nil {
			return err
		}
		states[kind] = s
	}
	if err := w.settle(); err != nil {
		return err
	}
	w.version++
	if err := w.head.write(w.tx); err != nil {
		return err
	}
	if err := w.files.Commit(w.tx.Commit); err != nil {
		return err
	}
	w.states = states
	return nil
}

// settle brings the rows that can be found in line with the places of the items that were touched.
func (w *Writer) settle() error {
	chunks := map[int]bool{}
	for row := w.old.rows; row < w.rows; row += liveChunk {
		chunks[row/liveChunk] = true
	}
	if w.rows > 0 {
		chunks[(w.rows-1)/liveChunk] = true
	}
	for id := range w.touched {
		row, ok := slices.BinarySearch(w.ids, id)
		if !ok {
			continue
		}
		var there bool
		if err := w.tx.QueryRow("select exists(select 1 from places where item = ? and gone = 0)", id).Scan(&there); err != nil {
			return err
		}
		if there {
			w.live.Set(row)
		} else {
			w.live.Clear(row)
		}
		chunks[row/liveChunk] = true
	}
	for chunk := range chunks {
		if err := writeLive(w.tx, w.live, chunk); err != nil {
			return err
		}
	}
	return nil
}

// rollback gives up what was not committed. The writer is of no use after.
func (w *Writer) rollback() error {
	if w.tx == nil {
		return nil
	}
	err := w.tx.Rollback()
	w.tx = nil
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// Close gives up what was not committed, seals the catalogue and lets others write.
func (w *Writer) Close() error {
	err := w.rollback()
	err = errors.Join(err, closeAll(w.writers))
	if w.wrote {
		err = errors.Join(err, w.seal())
	}
	return errors.Join(err, w.db.Close(), w.lock.Release())
}

// seal brings the catalogue into one file and keeps its checksums. A reader that holds an old state may stand in the way: the next writer seals then.
func (w *Writer) seal() error {
	var busy, frames, done int
	if err := w.db.QueryRowContext(context.Background(), "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &done); err != nil {
		return fmt.Errorf("index %s: %w", w.folder, err)
	}
	if busy != 0 {
		return nil
	}
	return seal(w.folder, w.old.version)
}

func closeAll(files map[string]*rows.Writer) error {
	var err error
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	return err
}

// cutName parts the name of a file of rows into its kind and number; kind is empty for other files.
func cutName(name string) (kind string, number int, ok bool) {
	kind, rest, _ := strings.Cut(name, ".")
	number, err := strconv.Atoi(rest)
	if err != nil || !slices.Contains([]string{vectorsKind, compactKind, idsKind, thumbsKind, graphKind}, kind) {
		return "", 0, false
	}
	return kind, number, true
}

// floatBytes is v as it lies in memory, which is little-endian: rows.Open refuses other machines.
func floatBytes(v []float32) []byte {
	if len(v) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), 4*len(v))
}
