package run

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
)

// Table is a run's metrics.csv: a row for each logged step, a row for each evaluation, one column a
// value; what a row does not have is empty.
type Table struct {
	path    string
	columns []string
	file    *os.File
}

// aside is the ending of a table that is being written anew.
const aside = ".new"

// Row is one line of metrics.csv: the number of steps taken and the values by column.
type Row struct {
	Step   int
	Values map[string]float64
}

// OpenTable opens the table at path for rows after step. Rows of later steps, and a torn last line, which a killed run left, are dropped.
func OpenTable(path string, columns []string, step int) (*Table, error) {
	rows, err := ReadRows(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.Create(path + aside)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	t := &Table{path, columns, f}
	err = t.header()
	for _, r := range rows {
		if r.Step <= step && err == nil {
			err = t.Add(r)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(path+aside, path)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return t, nil
}

func (t *Table) header() error {
	return t.write(append([]string{"step"}, t.columns...))
}

// Add writes a row; values that have no column are left out.
func (t *Table) Add(r Row) error {
	fields := []string{strconv.Itoa(r.Step)}
	for _, c := range t.columns {
		if v, ok := r.Values[c]; ok {
			fields = append(fields, strconv.FormatFloat(v, 'g', 7, 64))
		} else {
			fields = append(fields, "")
		}
	}
	return t.write(fields)
}

// write puts one line in one call, so that a kill leaves whole lines and at most one torn one.
func (t *Table) write(fields []string) error {
	w := csv.NewWriter(t.file)
	if err := w.Write(fields); err != nil {
		return err
	}
	w.Flush()
	return w.Error()
}

// Sync makes sure that what was added is on the disk.
func (t *Table) Sync() error { return t.file.Sync() }

// Close closes the file.
func (t *Table) Close() error { return t.file.Close() }

// ReadRows reads a metrics.csv. A torn last line is left out.
func ReadRows(path string) ([]Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err == io.EOF {
		return nil, nil
	}
	if err != nil || len(header) == 0 || header[0] != "step" {
		return nil, fmt.Errorf("%s is not a table of metrics: its first line does not start with step", path)
	}
	var rows []Row
	for {
		fields, err := r.Read()
		if err == io.EOF || err == nil && len(fields) != len(header) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		row := Row{Values: map[string]float64{}}
		if row.Step, err = strconv.Atoi(fields[0]); err != nil {
			return nil, fmt.Errorf("%s: step %q: %w", path, fields[0], err)
		}
		for i, text := range fields[1:] {
			if text == "" {
				continue
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: step %d, %s: %w", path, row.Step, header[i+1], err)
			}
			row.Values[header[i+1]] = v
		}
		rows = append(rows, row)
	}
}

// Series returns the points of one column.
func Series(rows []Row, column string) (x, y []float64) {
	for _, r := range rows {
		if v, ok := r.Values[column]; ok {
			x, y = append(x, float64(r.Step)), append(y, v)
		}
	}
	return slices.Clip(x), slices.Clip(y)
}
