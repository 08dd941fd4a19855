package index

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Map is where the items lie in the plane, see package layout.
type Map struct {
	Seed   uint64
	IDs    []int64      // ascending
	Places [][2]float32 // of each
	Trust  []float32    // of each: the share of its nearest neighbours that are its nearest in the plane too
	Of     int          // how many neighbours that is a share of
}

// ErrNoMap is returned where an index has no map.
var ErrNoMap = errors.New("the index has no map: `dvml map` makes one")

// mapSchema is made when it is needed: indexes that were made before there were maps open as they are.
const mapSchema = "create table if not exists map(part text primary key, value blob not null) without rowid"

// mapRow is the bytes of an item in the map's one column: id, x, y, trust, little-endian.
const mapRow = 8 + 3*4

// SetMap keeps a map in place of the one before.
func (w *Writer) SetMap(m Map) error {
	if len(m.Places) != len(m.IDs) || len(m.Trust) != len(m.IDs) {
		return fmt.Errorf("a map of %d items has %d places and %d trusts", len(m.IDs), len(m.Places), len(m.Trust))
	}
	if err := w.begin(); err != nil {
		return err
	}
	if _, err := w.tx.Exec(mapSchema); err != nil {
		return err
	}
	head := binary.LittleEndian.AppendUint64(nil, m.Seed)
	head = binary.LittleEndian.AppendUint32(head, uint32(m.Of))
	items := make([]byte, 0, mapRow*len(m.IDs))
	for i, id := range m.IDs {
		items = binary.LittleEndian.AppendUint64(items, uint64(id))
		for _, v := range []float32{m.Places[i][0], m.Places[i][1], m.Trust[i]} {
			items = binary.LittleEndian.AppendUint32(items, math.Float32bits(v))
		}
	}
	for part, value := range map[string][]byte{"head": head, "items": items} {
		if _, err := w.tx.Exec("insert or replace into map values(?, ?)", part, value); err != nil {
			return err
		}
	}
	return nil
}

// Map returns the map that was kept last, without items that are found no more; ErrNoMap where
// there is none. Items that came since have no place in it.
func (x *Index) Map(ctx context.Context) (Map, error) {
	s, err := x.ready(ctx)
	if err != nil {
		return Map{}, err
	}
	head, err := x.mapPart(ctx, "head")
	if err != nil {
		return Map{}, err
	}
	items, err := x.mapPart(ctx, "items")
	if err != nil {
		return Map{}, err
	}
	if len(head) != 12 || len(items)%mapRow != 0 {
		return Map{}, fmt.Errorf("index %s: its map is damaged; `dvml map` makes it anew", x.folder)
	}
	m := Map{Seed: binary.LittleEndian.Uint64(head), Of: int(binary.LittleEndian.Uint32(head[8:]))}
	number := func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }
	for ; len(items) > 0; items = items[mapRow:] {
		id := int64(binary.LittleEndian.Uint64(items))
		if row, ok := s.row(id); !ok || !s.live.Has(row) {
			continue
		}
		m.IDs = append(m.IDs, id)
		m.Places = append(m.Places, [2]float32{number(items[8:]), number(items[12:])})
		m.Trust = append(m.Trust, number(items[16:]))
	}
	return m, nil
}

// HasMap reports whether a map was kept, without reading it.
func (x *Index) HasMap(ctx context.Context) (bool, error) {
	if _, err := x.ready(ctx); err != nil {
		return false, err
	}
	_, err := x.mapPart(ctx, "head")
	if errors.Is(err, ErrNoMap) {
		return false, nil
	}
	return err == nil, err
}

func (x *Index) mapPart(ctx context.Context, part string) ([]byte, error) {
	var value []byte
	err := x.db.QueryRowContext(ctx, "select value from map where part = ?", part).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) || err != nil && strings.Contains(err.Error(), "no such table") {
		return nil, ErrNoMap
	}
	return value, err
}
