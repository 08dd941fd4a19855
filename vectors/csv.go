package vectors

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/atomicfile"
)

func writeCSV(path string, s Source, _ Type) error {
	return atomicfile.Write(path, func(w io.Writer) error { return encodeCSV(w, s, true) })
}

// encodeCSV writes the table, with the vectors' numbers or without.
func encodeCSV(w io.Writer, s Source, numbers bool) error {
	buffer := bufio.NewWriterSize(w, 1<<18)
	out := csv.NewWriter(buffer)
	header := []string{"path", "class", "hash"}
	if numbers {
		for d := range s.Dim() {
			header = append(header, strconv.Itoa(d))
		}
	}
	if err := out.Write(header); err != nil {
		return err
	}
	line := make([]string, 0, len(header))
	err := s.Each(func(_ int, r Row) error {
		line = append(line[:0], r.Path, r.Class, r.Hash)
		if numbers {
			line = appendNumbers(line, r.Vector)
		}
		return out.Write(line)
	})
	out.Flush()
	return errors.Join(err, out.Error(), buffer.Flush())
}

// appendNumbers appends values in as few digits as give the same float32 back.
func appendNumbers(line []string, values []float32) []string {
	for _, v := range values {
		line = append(line, strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	return line
}

func readCSV(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseTable(f, true)
}

// parseTable reads a table, of which numbers says whether it holds vectors.
func parseTable(r io.Reader, numbers bool) (*Set, error) {
	in := csv.NewReader(bufio.NewReaderSize(r, 1<<18))
	in.ReuseRecord = true
	first, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	s := &Set{}
	columns := make([]*[]string, len(first)) // nil: a number of the vector
	if !slices.ContainsFunc(first, notNumber) && numbers {
		if err := s.line(first, columns, 1); err != nil {
			return nil, err
		}
	} else {
		for i, name := range first {
			switch {
			case named(name, pathNames):
				columns[i] = &s.Paths
			case named(name, classNames):
				columns[i] = &s.Classes
			case named(name, hashNames):
				columns[i] = &s.Hashes
			case !numbers:
				columns[i] = new([]string)
			}
		}
	}
	for line := 2; ; line++ {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if err := s.line(fields, columns, line); err != nil {
			return nil, err
		}
	}
	for _, c := range columns {
		if c == nil {
			s.Dim++
		}
	}
	return s, nil
}

func notNumber(field string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
	return err != nil
}

// line takes the fields of a line.
func (s *Set) line(fields []string, columns []*[]string, line int) error {
	for i, field := range fields {
		if columns[i] != nil {
			*columns[i] = append(*columns[i], strings.Clone(field))
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(field), 32)
		if err != nil {
			return fmt.Errorf("line %d, column %d is %q: expected a number (columns of other things are named path, class and hash)", line, i+1, field)
		}
		s.Rows = append(s.Rows, float32(v))
	}
	return nil
}

// readClassColumn reads the column of classes, the last one where none is named so.
func readClassColumn(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseClassColumn(f)
}

func parseClassColumn(r io.Reader) ([]string, error) {
	in := csv.NewReader(bufio.NewReader(r))
	all, err := in.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("it is empty")
	}
	column := slices.IndexFunc(all[0], func(name string) bool { return named(name, classNames) })
	if column >= 0 {
		all = all[1:]
	} else if column = len(all[0]) - 1; column > 0 && named(all[0][0], pathNames) {
		return nil, fmt.Errorf("no column is named class, label or target, among %s", strings.Join(all[0], ", "))
	}
	classes := make([]string, len(all))
	for i, line := range all {
		classes[i] = strings.TrimSpace(line[column])
	}
	return classes, nil
}
