package index

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/dvml/dvml/index/rows"
	"github.com/dvml/dvml/index/scan"
)

// Kinds of files of rows; a file's name is its kind and its generation.
const (
	vectorsKind = "vectors" // float32 [dim] a row
	compactKind = "compact" // groups of package scan, one for every 16 rows that are full
	idsKind     = "ids"     // int64 a row, ascending
	thumbsKind  = "thumbs"  // JPEG files, one behind the other
	graphKind   = "graph"   // [k] a row: int32 row and float32 score of each neighbour, nearest first; row -1: none
)

func fileName(kind string, generation int) string { return fmt.Sprintf("%s.%d", kind, generation) }

// header returns the header of a file of that kind.
func (h head) header(kind string) rows.Header {
	size := 1
	switch kind {
	case vectorsKind:
		size = 4 * h.model.Dim
	case compactKind:
		size = scan.GroupBytes(h.model.Dim)
	case idsKind:
		size = 8
	case graphKind:
		size = 8 * h.graph.k
	}
	return rows.Header{Kind: kind, RowBytes: size}
}

// name returns the name of the current file of that kind.
func (h head) name(kind string) string {
	if kind == graphKind {
		return fileName(kind, h.graph.number)
	}
	return fileName(kind, h.generation)
}

// state is the index as one commit left it. It implements scan.Source.
type state struct {
	head
	files map[string]*rows.Mapped // by kind
	live  scan.Bitmap
	ids   []int64 // of each row, ascending; mapped
}

func (s *state) Len() int       { return s.rows }
func (s *state) Dim() int       { return s.model.Dim }
func (s *state) Reach() float32 { return s.reach }

// Groups is scan.Source's.
func (s *state) Groups(first, n int) ([]byte, error) {
	size := scan.GroupBytes(s.model.Dim)
	return s.files[compactKind].Bytes(int64(first)*int64(size), n*size)
}

// Row is scan.Source's.
func (s *state) Row(i int) ([]float32, error) {
	return s.files[vectorsKind].Floats(int64(i)*int64(s.model.Dim), s.model.Dim)
}

// row returns the row of an id.
func (s *state) row(id int64) (int, bool) { return slices.BinarySearch(s.ids, id) }

// load reads the catalogue's state and maps what it counts. Files that before has mapped are shared.
func load(ctx context.Context, folder string, db *sql.DB, before *state) (*state, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	s := &state{files: map[string]*rows.Mapped{}}
	if s.head, err = readHead(tx); err != nil {
		return nil, err
	}
	if s.live, err = readLive(tx, s.rows); err != nil {
		return nil, err
	}
	for _, kind := range []string{vectorsKind, compactKind, idsKind, thumbsKind, graphKind} {
		if kind == graphKind && s.graph.k == 0 {
			continue
		}
		kept, err := readState(tx, s.name(kind))
		if err != nil {
			return nil, err
		}
		if err := s.checkSize(kind, kept); err != nil {
			return nil, err
		}
		if before != nil && before.files[kind] != nil && before.name(kind) == s.name(kind) {
			if m, ok := before.files[kind].Grown(kept); ok {
				s.files[kind] = m
				continue
			}
		}
		if s.files[kind], err = rows.Open(filepath.Join(folder, s.name(kind)), s.header(kind), kept); err != nil {
			return nil, err
		}
	}
	s.ids, err = s.files[idsKind].Int64s(0, s.rows)
	return s, err
}

// checkSize tells where a file does not hold what the head says.
func (s *state) checkSize(kind string, kept rows.State) error {
	want := map[string]int{vectorsKind: s.rows, idsKind: s.rows, compactKind: s.rows / scan.GroupRows, graphKind: s.graph.rows}
	n, ok := want[kind]
	if !ok || kept.Size == int64(n)*int64(s.header(kind).RowBytes) {
		return nil
	}
	return fmt.Errorf("%s holds %d bytes; expected %d rows of %d", s.name(kind), kept.Size, n, s.header(kind).RowBytes)
}
