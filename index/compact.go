package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/dvml/dvml/index/rows"
	"github.com/dvml/dvml/index/scan"
	"github.com/dvml/dvml/kernel"
)

// Compact takes away items without a place that is not gone, the places that are gone, and the room that they took: it writes new files, and readers change
// over to them at their next search. Ids stay. The graph of neighbours has to be built anew. What is not committed yet is committed before.
func (w *Writer) Compact() error {
	if w.tx != nil {
		if err := w.Commit(); err != nil {
			return err
		}
	}
	s, err := load(context.Background(), w.folder, w.db, nil)
	if err == nil {
		err = w.rewrite(s)
		for _, m := range s.files {
			err = errors.Join(err, m.Close())
		}
	}
	if err == nil {
		err = w.sweep() // the files of before
	}
	if err != nil {
		return fmt.Errorf("index %s: compact: %w", w.folder, err)
	}
	return nil
}

// rewrite copies what can be found of s into files of the next generation and commits them.
func (w *Writer) rewrite(s *state) error {
	next := w.head
	next.generation++
	next.rows, next.reach, next.graph = 0, 0, graphHead{number: next.graph.number}
	fresh, err := w.create(next)
	if err != nil {
		return err
	}
	if err := w.begin(); err != nil {
		return errors.Join(err, closeAll(fresh))
	}
	old := w.writers
	w.head, w.writers, w.live, w.ids, w.tail = next, fresh, nil, nil, nil
	for row, id := range s.ids {
		if s.live.Has(row) {
			if err := w.copyItem(s, row, id); err != nil {
				return errors.Join(err, w.rollback(), closeAll(old))
			}
		}
	}
	for row := range w.rows {
		w.live.Set(row)
	}
	for _, statement := range []string{"delete from live", "delete from files", "delete from sums", "delete from places where gone = 1",
		"delete from items where id not in (select item from places)"} {
		if _, err := w.tx.Exec(statement); err != nil {
			return errors.Join(err, w.rollback(), closeAll(old))
		}
	}
	for chunk := 0; chunk*liveChunk < w.rows; chunk++ {
		if err := writeLive(w.tx, w.live, chunk); err != nil {
			return errors.Join(err, w.rollback(), closeAll(old))
		}
	}
	return errors.Join(w.Commit(), closeAll(old))
}

// copyItem appends a row of s and its thumbnail.
func (w *Writer) copyItem(s *state, row int, id int64) error {
	var at int64
	var n int
	if err := w.tx.QueryRow("select thumb_at, thumb_bytes from items where id = ?", id).Scan(&at, &n); err != nil {
		return fmt.Errorf("item %d: %w", id, err)
	}
	thumb, err := s.files[thumbsKind].Bytes(at, n)
	if err != nil {
		return err
	}
	if _, err := w.tx.Exec("update items set thumb_at = ? where id = ?", w.writers[thumbsKind].Size(), id); err != nil {
		return err
	}
	if err := w.writers[thumbsKind].Append(thumb); err != nil {
		return err
	}
	v, err := s.Row(row)
	if err != nil {
		return err
	}
	return w.appendRow(id, v)
}

// DefaultNeighbours is how many neighbours of each item the graph keeps.
const DefaultNeighbours = 30

// BuildGraph finds the k nearest others of every item and keeps them: see Index.Neighbours and Index.Graph. What is not committed yet is committed before.
func (w *Writer) BuildGraph(ctx context.Context, k int, progress func(done, total int)) error {
	if w.tx != nil {
		if err := w.Commit(); err != nil {
			return err
		}
	}
	s, err := load(ctx, w.folder, w.db, nil)
	if err == nil {
		err = w.buildGraph(ctx, s, k, progress)
		for _, m := range s.files {
			err = errors.Join(err, m.Close())
		}
	}
	if err == nil {
		err = w.sweep()
	}
	if err != nil {
		return fmt.Errorf("index %s: graph: %w", w.folder, err)
	}
	return nil
}

func (w *Writer) buildGraph(ctx context.Context, s *state, k int, progress func(done, total int)) error {
	hits, err := scan.Graph(ctx, s, k, kernel.Default(), progress)
	if err != nil {
		return err
	}
	before := w.head
	w.graph = graphHead{number: before.graph.number + 1, k: k, rows: s.rows}
	f, err := rows.Create(w.files, w.path(w.name(graphKind)), w.header(graphKind))
	if err != nil {
		return err
	}
	for len(hits) > 0 && err == nil {
		n := min(len(hits), 1<<16)
		err = f.Append(hitBytes(hits[:n]))
		hits = hits[n:]
	}
	var kept rows.State
	if err == nil {
		kept, err = f.Sync()
	}
	if err = errors.Join(err, f.Close(), w.files.SyncFolder(w.folder)); err == nil {
		err = w.begin()
	}
	if err == nil {
		err = writeState(w.tx, w.name(graphKind), rows.State{}, kept)
	}
	for _, table := range []string{"files", "sums"} {
		if err == nil {
			_, err = w.tx.Exec("delete from "+table+" where name = ?", before.name(graphKind))
		}
	}
	if err != nil {
		w.head = before
		return errors.Join(err, w.rollback())
	}
	return w.Commit()
}
