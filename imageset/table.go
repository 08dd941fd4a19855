package imageset

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm" // files that come from a Mac spell é as e and an accent

	"github.com/dvml/dvml/imageset/archive"
	"github.com/dvml/dvml/internal/plural"
)

// csvRow is a row of a table.
type csvRow struct {
	path, label, split string
	query, gallery     string // of open-metric-learning's tables
	columns            columns
}

// columns are the places of a row's fields in the table; -1 is a column that it has not.
type columns struct {
	path, label, split, query, gallery int
	unread                             []string // what the header names beside these
}

// headings are what the columns are called in a header, the likeliest first.
var headings = struct{ path, label, split []string }{
	[]string{"path", "filepath", "file_path", "file", "filename", "file_name", "image", "image_path", "img", "img_path", "image_name",
		"image_id", "imageid", "photo", "picture", "fname"},
	[]string{"label", "class", "class_name", "category", "breed", "species", "name", "identity", "label_group", "landmark_id",
		"individual_id", "target", "id"},
	[]string{"split", "subset", "set", "part", "partition"},
}

// columnsOf says where the fields stand by the table's first row. A row that names an image is one of path,label[,split]; any
// other is a header, of columns in any order, also others than these.
func columnsOf(row []string) (c columns, header bool, err error) {
	c = columns{path: 0, label: 1, split: -1, query: -1, gallery: -1}
	for i, field := range row {
		if !isImage(slashed(field)) {
			continue
		}
		switch {
		case len(row) != 2 && len(row) != 3:
			return c, false, fmt.Errorf("%s, expected path,label[,split]; a first row of these names lets them stand anywhere", plural.Of(len(row), "field"))
		case i > 0 && !isImage(slashed(row[0])):
			return c, false, fmt.Errorf("%q, which names an image, stands in column %d: the columns are swapped, expected path,label[,split]; "+
				"a first row of these names lets them stand anywhere", field, i+1)
		case len(row) == 3 && row[2] != "":
			c.split = 2
		}
		return c, false, nil
	}
	find := func(not int, names ...string) int {
		for _, name := range names {
			for i, field := range row {
				if i != not && strings.EqualFold(field, name) {
					return i
				}
			}
		}
		return -1
	}
	c.path = find(-1, headings.path...)
	if c.path < 0 {
		c.path = find(-1, "id")
	}
	c.label, c.split = find(c.path, headings.label...), find(-1, headings.split...)
	c.query, c.gallery = find(-1, "is_query"), find(-1, "is_gallery")
	if c.label < 0 && c.path >= 0 && len(row) == 2 { // whatever it is called: nothing else can be meant
		c.label = 1 - c.path
	}
	if c.path < 0 || c.label < 0 {
		return c, true, fmt.Errorf("the first row, %.80q, neither names an image (%s) nor the columns path,label[,split]",
			strings.Join(row, ","), strings.Join(extensions, " "))
	}
	for i, name := range row {
		if i != c.path && i != c.label && i != c.split && i != c.query && i != c.gallery && name != "" && !strings.HasPrefix(name, "Unnamed") {
			c.unread = append(c.unread, name)
		}
	}
	return c, true, nil
}

// slashed takes backslashes in a path for slashes, where it has no others: tables come from Windows too.
func slashed(name string) string {
	if strings.Contains(name, "/") {
		return name
	}
	return strings.ReplaceAll(name, `\`, "/")
}

// rows calls f with each row but the header. Fields are separated by commas, semicolons, tabs or bars, whichever makes sense of the
// first two rows, or by what a first line such as sep=; says.
func (s source) rows(table string, f func(csvRow) error) error {
	text, err := s.text(table)
	if err != nil {
		return fmt.Errorf("%s %w", table, err)
	}
	r, skipped := reader(text)
	var c columns
	headed := false
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad) && errors.Is(err, csv.ErrFieldCount):
			return fmt.Errorf("%s line %d: %s, the rows above have %d: a text that holds what separates the fields needs double quotes around it",
				table, bad.StartLine+skipped, plural.Of(len(row), "field"), r.FieldsPerRecord)
		case errors.As(err, &bad):
			return fmt.Errorf(`%s line %d: a double quote that does not belong there (%w): write "" for one within a field, and quotes around the field`,
				table, bad.StartLine+skipped, bad.Err)
		case err != nil:
			return fmt.Errorf("%s: %w", table, err)
		}
		line, _ := r.FieldPos(0)
		err = trim(row)
		header := false
		if first && err == nil {
			c, header, err = columnsOf(row)
		}
		if err == nil && !header {
			if c.split < 0 && !headed && len(row) == 3 && row[2] != "" {
				err = fmt.Errorf("a third field, %q, where the rows above have none: expected path,label or path,label,split throughout", row[2])
			} else {
				err = f(c.of(row))
			}
		}
		headed = headed || header
		if err != nil {
			return fmt.Errorf("%s line %d: %w", table, line+skipped, err)
		}
	}
}

// of picks a row's fields.
func (c columns) of(row []string) csvRow {
	field := func(i int) string {
		if i < 0 {
			return ""
		}
		return row[i]
	}
	return csvRow{row[c.path], norm.NFC.String(row[c.label]), field(c.split), field(c.query), field(c.gallery), c}
}

// trim takes white space off both sides of the fields, and refuses control characters.
func trim(row []string) error {
	for i, field := range row {
		row[i] = strings.TrimFunc(field, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' })
		if at := strings.IndexFunc(row[i], unicode.IsControl); at >= 0 {
			c, _ := utf8.DecodeRuneInString(row[i][at:])
			return fmt.Errorf("field %d holds a control character, %U", i+1, c)
		}
	}
	return nil
}

// reader finds out what separates the fields. skipped is the number of lines before the table.
func reader(text string) (r *csv.Reader, skipped int) {
	with := func(comma rune) *csv.Reader {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.TrimLeadingSpace = comma, comma != '\t'
		return r
	}
	first, rest, _ := strings.Cut(text, "\n")
	if said, ok := strings.CutPrefix(strings.ToLower(strings.Trim(strings.TrimSpace(first), `"`)), "sep="); ok && len(said) == 1 && strings.Contains(",;|\t", said) {
		text = rest
		return with(rune(said[0])), 1
	}
	found := ','
	for _, comma := range "|\t;," { // the first of them in the line, if none makes sense
		if strings.ContainsRune(first, comma) {
			found = comma
		}
	}
	for _, comma := range ",;\t|" {
		r := with(comma)
		head, err := r.Read()
		if err != nil || len(head) < 2 || trim(head) != nil {
			continue
		}
		_, _, err = columnsOf(head)
		if _, next := r.Read(); err == nil && (next == nil || next == io.EOF) {
			return with(comma), 0
		}
	}
	return with(found), 0
}

// text reads a table as UTF-8: also from UTF-16 that begins with its mark, and with the line ends of old Macs.
func (s source) text(table string) (string, error) {
	file, err := s.Open(table)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxList+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxList {
		return "", fmt.Errorf("is larger than %d MiB", maxList>>20)
	}
	for mark, order := range map[string]binary.ByteOrder{"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian} {
		if !bytes.HasPrefix(data, []byte(mark)) {
			continue
		}
		units := make([]uint16, len(data)/2)
		for i := range units {
			units[i] = order.Uint16(data[2*i:])
		}
		data = []byte(string(utf16.Decode(units)))
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch head := bytes.TrimSpace(data[:min(len(data), 512)]); {
	case bytes.IndexByte(head, 0) >= 0 && bytes.IndexByte(head, 0) < 4:
		return "", errors.New(`is UTF-16 or UTF-32 without its mark: save it as UTF-8 ("CSV UTF-8" in spreadsheets)`)
	case archive.Kind(head) != "" || bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return "", errors.New(`is not text but an archive or a spreadsheet: save it as CSV (UTF-8)`)
	case bytes.HasPrefix(head, []byte("<")):
		return "", errors.New("is a web page, or XML, not a table: what was fetched is an answer of the site")
	}
	if !utf8.Valid(data) {
		return "", notUTF8(data)
	}
	if !bytes.ContainsRune(data, '\n') {
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return string(data), nil
}

// notUTF8 says where the first byte is that is not UTF-8.
func notUTF8(data []byte) error {
	line, start := 1, 0
	for at := 0; at < len(data); {
		r, n := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && n == 1 {
			return fmt.Errorf(`line %d: byte %d of the line, 0x%02x, is not UTF-8: save the table as UTF-8 ("CSV UTF-8" in spreadsheets)`,
				line, at-start+1, data[at])
		}
		at += n
		if r == '\n' {
			line, start = line+1, at
		}
	}
	return nil
}

// stem is a file's name without folders and ending.
func stem(name string) string { return strings.TrimSuffix(path.Base(name), path.Ext(name)) }
