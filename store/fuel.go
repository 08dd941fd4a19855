package store

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/dvml/dvml/internal/hdf5"
)

// The root attribute "split" of the Fuel library: one compound for each split and source,
//
//	split text, source text, start int64, stop int64, indices object reference, available bool, comment text
//
// The rows of a split are start to stop-1, or those that the dataset behind indices lists.

// splitAttribute returns the attribute for the rows of each split and writes the datasets that it refers to.
func splitAttribute(b *hdf5.Builder, rows [len(splits)][]int, sources []string) hdf5.Attribute {
	longest := 0
	for _, s := range splits {
		if len(rows[s]) > 0 {
			longest = max(longest, len(s.String()))
		}
	}
	record := hdf5.Record(
		hdf5.Member{Name: "split", Type: hdf5.Text(longest)},
		hdf5.Member{Name: "source", Type: hdf5.Text(7)},
		hdf5.Member{Name: "start", Type: hdf5.Int64},
		hdf5.Member{Name: "stop", Type: hdf5.Int64},
		hdf5.Member{Name: "indices", Type: hdf5.Object},
		hdf5.Member{Name: "available", Type: hdf5.Bool},
		hdf5.Member{Name: "comment", Type: hdf5.Text(1)},
	)
	field := func(of []byte, name string) []byte {
		m, _ := record.Field(name)
		return of[m.Offset : m.Offset+m.Type.Size]
	}
	a := hdf5.Attribute{Name: "split", Value: hdf5.Value{Type: record}}
	for _, s := range splits {
		if len(rows[s]) == 0 {
			continue
		}
		start, stop, indices := int64(rows[s][0]), int64(rows[s][len(rows[s])-1]+1), uint64(0)
		if stop-start != int64(len(rows[s])) { // not side by side
			list := make([]int64, len(rows[s]))
			for j, r := range rows[s] {
				list[j] = int64(r)
			}
			n := uint64(len(list))
			indices = b.Dataset("indices_"+s.String(), hdf5.Int64, []uint64{n}, b.Block(int64s(list)))
			start, stop = 0, int64(n)
		}
		for _, source := range sources {
			r := make([]byte, record.Size)
			copy(field(r, "split"), s.String())
			copy(field(r, "source"), source)
			binary.LittleEndian.PutUint64(field(r, "start"), uint64(start))
			binary.LittleEndian.PutUint64(field(r, "stop"), uint64(stop))
			binary.LittleEndian.PutUint64(field(r, "indices"), indices)
			field(r, "available")[0] = 1
			a.Data = append(a.Data, r...)
		}
	}
	a.Dims = []uint64{uint64(len(a.Data) / record.Size)}
	return a
}

// readSplit returns the rows of each split that the attribute gives for a source, of n rows. Other splits, such as a validation split, are
// passed over.
func readSplit(f *hdf5.File, a hdf5.Attribute, source string, n int) (rows [len(splits)][]int, err error) {
	var c struct{ split, source, start, stop, indices, available hdf5.Value }
	for name, to := range map[string]*hdf5.Value{
		"split": &c.split, "source": &c.source, "start": &c.start, "stop": &c.stop, "indices": &c.indices, "available": &c.available,
	} {
		if *to, err = a.Field(name); err != nil {
			return rows, err
		}
	}
	names, err := f.Strings(c.split)
	if err != nil {
		return rows, err
	}
	sources, err := f.Strings(c.source)
	if err != nil {
		return rows, err
	}
	for i, name := range names {
		for _, s := range splits {
			if name != s.String() || sources[i] != source {
				continue
			}
			var v [4]int64
			for j, column := range []hdf5.Value{c.start, c.stop, c.indices, c.available} {
				if v[j], err = column.Type.Int(column.At(i)); err != nil {
					return rows, err
				}
			}
			if v[3] == 0 {
				continue
			}
			if rows[s], err = splitRows(f, v[0], v[1], uint64(v[2]), n); err != nil {
				return rows, fmt.Errorf("%s: %w", s, err)
			}
		}
	}
	return rows, nil
}

// splitRows returns start to stop-1, or the rows that indices refers to where it does.
func splitRows(f *hdf5.File, start, stop int64, indices uint64, n int) ([]int, error) {
	if indices == 0 || indices == math.MaxUint64 {
		if start < 0 || stop < start || stop > int64(n) {
			return nil, fmt.Errorf("rows %d to %d of %d", start, stop, n)
		}
		rows := make([]int, stop-start)
		for j := range rows {
			rows[j] = int(start) + j
		}
		return rows, nil
	}
	node, err := f.Node(indices)
	if err != nil {
		return nil, fmt.Errorf("indices: %w", err)
	}
	if node.Data == nil {
		return nil, fmt.Errorf("indices refer to something that is not a dataset")
	}
	v, err := f.Read(node.Data)
	if err != nil {
		return nil, fmt.Errorf("indices: %w", err)
	}
	list, err := v.Ints()
	if err != nil {
		return nil, fmt.Errorf("indices: %w", err)
	}
	rows := make([]int, len(list))
	for j, r := range list {
		if r < 0 || r >= int64(n) {
			return nil, fmt.Errorf("row %d of %d", r, n)
		}
		rows[j] = int(r)
	}
	return rows, nil
}
