package vectors

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go" // Parquet is how pandas, DuckDB and Spark exchange tables
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/dvml/dvml/internal/atomicfile"
)

// parquetRow is a row of the files that are written.
type parquetRow struct {
	Path      string    `parquet:"path"`
	Class     *string   `parquet:"class,dict"`
	Hash      string    `parquet:"hash"`
	Embedding []float32 `parquet:"embedding,list"`
}

func writeParquet(path string, s Source, _ Type) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		const group = 4096 // rows handed over at a time
		out := parquet.NewGenericWriter[parquetRow](w, parquet.Compression(&zstd.Codec{}), parquet.MaxRowsPerRowGroup(1<<16))
		rows := make([]parquetRow, 0, group)
		flush := func() error {
			_, err := out.Write(rows)
			rows = rows[:0]
			return err
		}
		err := s.Each(func(_ int, r Row) error {
			p := parquetRow{Path: r.Path, Hash: r.Hash, Embedding: slices.Clone(r.Vector)}
			if r.Class != "" {
				p.Class = &r.Class
			}
			if rows = append(rows, p); len(rows) == group {
				return flush()
			}
			return nil
		})
		return errors.Join(err, flush(), out.Close())
	})
}

// parquetFile is an open file with its leaf columns.
type parquetFile struct {
	f *os.File
	*parquet.File
	leaves []*parquet.Column
}

// openParquet opens a file; a panic of the library over a damaged one is an error.
func openParquet(path string) (_ *parquetFile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it is damaged: %v", p)
		}
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return nil, err
	}
	p := &parquetFile{f: f, File: file}
	var walk func(c *parquet.Column)
	walk = func(c *parquet.Column) {
		if c.Leaf() {
			p.leaves = append(p.leaves, c)
		}
		for _, child := range c.Columns() {
			walk(child)
		}
	}
	walk(file.Root())
	return p, nil
}

// name is that of the top column which a leaf belongs to.
func (p *parquetFile) name(leaf *parquet.Column) string { return leaf.Path()[0] }

// find returns the leaf of a column with one of the names.
func (p *parquetFile) find(names []string) *parquet.Column {
	for _, leaf := range p.leaves {
		if named(p.name(leaf), names) {
			return leaf
		}
	}
	return nil
}

func isFloat(leaf *parquet.Column) bool {
	kind := leaf.Type().Kind()
	return kind == parquet.Float || kind == parquet.Double
}

func readParquet(path string) (_ *Set, err error) {
	p, err := openParquet(path)
	if err != nil {
		return nil, err
	}
	defer p.f.Close()
	defer damaged(&err)
	s := &Set{}
	if err := p.vectors(s); err != nil {
		return nil, err
	}
	for _, c := range []struct {
		names []string
		into  *[]string
	}{{pathNames, &s.Paths}, {classNames, &s.Classes}, {hashNames, &s.Hashes}} {
		if leaf := p.find(c.names); leaf != nil {
			if *c.into, err = p.texts(leaf); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func damaged(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("it is damaged: %v", p)
	}
}

func readParquetLabels(path string) (_ []string, err error) {
	p, err := openParquet(path)
	if err != nil {
		return nil, err
	}
	defer p.f.Close()
	defer damaged(&err)
	leaf := p.find(classNames)
	if leaf == nil && len(p.leaves) == 1 {
		leaf = p.leaves[0]
	}
	if leaf == nil {
		return nil, errors.New("no column is named class, label or target")
	}
	return p.texts(leaf)
}

// vectors reads the column of lists, or the columns of single numbers.
func (p *parquetFile) vectors(s *Set) error {
	var lists, single []*parquet.Column
	for _, leaf := range p.leaves {
		switch {
		case !isFloat(leaf):
		case leaf.MaxRepetitionLevel() == 1:
			lists = append(lists, leaf)
		case leaf.MaxRepetitionLevel() == 0:
			single = append(single, leaf)
		}
	}
	if len(lists) > 1 {
		named := slices.DeleteFunc(slices.Clone(lists), func(leaf *parquet.Column) bool { return !named(p.name(leaf), rowNames) })
		if len(named) != 1 {
			return fmt.Errorf("%d columns are lists of numbers: name one of them embedding", len(lists))
		}
		lists = named
	}
	if len(lists) == 1 {
		return p.list(lists[0], s)
	}
	if len(single) == 0 {
		return errors.New("it has no column of lists of numbers, and no columns of numbers")
	}
	s.Dim = len(single)
	for d, leaf := range single {
		row := 0
		err := p.each(leaf, func(v parquet.Value) error {
			if d == 0 {
				s.Rows = append(s.Rows, make([]float32, s.Dim)...)
			}
			if v.IsNull() || (row+1)*s.Dim > len(s.Rows) {
				return fmt.Errorf("row %d has no value in column %s", row, p.name(leaf))
			}
			s.Rows[row*s.Dim+d] = number(v)
			row++
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// list reads one list of numbers a row, all of one length.
func (p *parquetFile) list(leaf *parquet.Column, s *Set) error {
	row, length := -1, 0
	end := func() error {
		if row == 0 {
			s.Dim = length
		}
		if row >= 0 && length != s.Dim {
			return fmt.Errorf("row %d holds %d numbers, the first row %d", row, length, s.Dim)
		}
		return nil
	}
	err := p.each(leaf, func(v parquet.Value) error {
		if v.RepetitionLevel() == 0 {
			if err := end(); err != nil {
				return err
			}
			row, length = row+1, 0
		}
		if v.IsNull() {
			return fmt.Errorf("row %d has no vector, or one with a gap", row)
		}
		s.Rows = append(s.Rows, number(v))
		length++
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}

func number(v parquet.Value) float32 {
	if v.Kind() == parquet.Double {
		return float32(v.Double())
	}
	return v.Float()
}

// texts reads a column as text; what is missing is "".
func (p *parquetFile) texts(leaf *parquet.Column) ([]string, error) {
	var texts []string
	err := p.each(leaf, func(v parquet.Value) error {
		switch {
		case v.IsNull():
			texts = append(texts, "")
		case v.Kind() == parquet.ByteArray:
			texts = append(texts, string(v.ByteArray()))
		default:
			texts = append(texts, v.String())
		}
		return nil
	})
	return texts, err
}

// each hands use the values of a leaf in order.
func (p *parquetFile) each(leaf *parquet.Column, use func(parquet.Value) error) error {
	for _, group := range p.RowGroups() {
		if err := eachPage(group.ColumnChunks()[leaf.Index()], use); err != nil {
			return fmt.Errorf("column %s: %w", p.name(leaf), err)
		}
	}
	return nil
}

func eachPage(chunk parquet.ColumnChunk, use func(parquet.Value) error) (err error) {
	pages := chunk.Pages()
	defer func() { err = errors.Join(err, pages.Close()) }()
	values := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		in := page.Values()
		for {
			n, err := in.ReadValues(values)
			for _, v := range values[:n] {
				if err := use(v); err != nil {
					return err
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
		}
		parquet.Release(page)
	}
}
