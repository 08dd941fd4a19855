package index

import (
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"

	_ "modernc.org/sqlite" // SQLite in Go: chosen over bbolt by a trial, see the package's documentation

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/index/rows"
	"github.com/dvml/dvml/index/scan"
	"github.com/dvml/dvml/internal/version"
)

// Format is the version of the layout that this program writes and reads.
const Format = 1

const catalogueName = "catalogue.db"

// schema of the catalogue. Times are seconds since 1970, hashes SHA-256.
const schema = `
create table meta(key text primary key, value text not null) without rowid;
create table items(id integer primary key autoincrement, hash blob not null unique, width int not null, height int not null, bytes int not null,
	thumb_at int not null, thumb_bytes int not null, added int not null);
create table places(path text primary key, item int not null, class text not null, root text not null, bytes int not null, modified int not null,
	gone int not null) without rowid;
create index places_item on places(item);
create index places_class on places(class, item);
create table failures(path text primary key, reason text not null, bytes int not null, modified int not null) without rowid;
create table decisions(a blob not null, b blob not null, kind text not null, value text not null, at int not null, primary key(a, b, kind)) without rowid;
create table files(name text primary key, size int not null) without rowid;
create table sums(name text not null, chunk int not null, sums blob not null, primary key(name, chunk)) without rowid;
create table live(chunk integer primary key, bits blob not null);
`

// liveChunk is the rows of a row of table live, sumChunk the blocks of one of table sums: pieces small enough to write anew for every commit.
const (
	liveChunk = 32768
	sumChunk  = 1024
)

// openCatalogue opens the SQLite file in folder. Readers may follow while another process writes, and see the state of its last commit.
func openCatalogue(folder string, write bool) (*sql.DB, error) {
	path := filepath.Join(folder, catalogueName)
	query := url.Values{"_pragma": {"busy_timeout(10000)"}}
	if write {
		query["_pragma"] = append(query["_pragma"], "journal_mode(wal)", "synchronous(full)")
		query.Set("_txlock", "immediate")
	} else {
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		query.Set("mode", "ro")
		if !writable(folder) { // a medium that cannot be written has no other processes that write
			query.Set("immutable", "1")
		}
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	if write {
		db.SetMaxOpenConns(1)
	}
	return db, nil
}

// writable reports whether files can be made in folder: SQLite needs a small one beside a catalogue that is read.
func writable(folder string) bool {
	f, err := os.CreateTemp(folder, ".try")
	if err != nil {
		return false
	}
	f.Close()
	os.Remove(f.Name()) //nolint:errcheck // made just now
	return true
}

// queryer is a transaction or a database.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls use for every row of a query's answer.
func each(q queryer, use func(*sql.Rows) error, query string, args ...any) error {
	found, err := q.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := use(found); err != nil {
			return err
		}
	}
	return found.Err()
}

// Model is what a query has to be embedded with.
type Model struct {
	Fingerprint string // of the weights and of how an image is shown to them: vectors of two models never mix
	Dim         int
	Checkpoint  string // path of the checkpoint that the index was made with
	Digest      string // SHA-256 of that file, in hexadecimal
}

// head is what table meta holds.
type head struct {
	model      Model
	version    int64 // counts commits
	generation int   // counts compactions
	rows       int
	reach      float32
	graph      graphHead

	calibration *calibrate.Calibration // what scores mean; nil: not known
}

// graphHead says of what the graph of neighbours was made. K 0: there is none.
type graphHead struct {
	number int // in the file's name
	k      int
	rows   int // the rows that it covers
}

func readHead(q queryer) (head, error) {
	values := map[string]string{}
	err := each(q, func(r *sql.Rows) error {
		var key, value string
		err := r.Scan(&key, &value)
		values[key] = value
		return err
	}, "select key, value from meta")
	if err != nil {
		return head{}, err
	}
	var bad error
	number := func(key string) int64 {
		n, err := strconv.ParseInt(values[key], 10, 64)
		if err != nil || n < 0 {
			bad = fmt.Errorf("the catalogue's %s is %q; expected a number", key, values[key])
		}
		return n
	}
	if format := number("format"); bad == nil && format != Format {
		return head{}, fmt.Errorf("format %d; this program reads format %d", format, Format)
	}
	h := head{
		model:   Model{values["fingerprint"], int(number("dim")), values["checkpoint"], values["digest"]},
		version: number("version"), generation: int(number("generation")), rows: int(number("rows")),
		graph: graphHead{int(number("graph")), int(number("graph_k")), int(number("graph_rows"))},
	}
	reach, err := strconv.ParseFloat(values["reach"], 32)
	h.reach = float32(reach)
	var calibrationErr error
	h.calibration, calibrationErr = readCalibration(values["calibration"])
	switch {
	case bad != nil:
		return head{}, bad
	case err != nil:
		return head{}, fmt.Errorf("the catalogue's reach is %q; expected a number", values["reach"])
	case calibrationErr != nil:
		return head{}, calibrationErr
	case h.model.Dim < 1 || h.model.Dim > scan.MaxDim:
		return head{}, fmt.Errorf("vectors of %d dimensions; expected 1 to %d", h.model.Dim, scan.MaxDim)
	case h.graph.k < 0 || h.graph.rows > h.rows:
		return head{}, errors.New("the graph covers rows that are not there")
	}
	return h, nil
}

func (h head) write(tx *sql.Tx) error {
	values := map[string]string{
		"format": strconv.Itoa(Format), "fingerprint": h.model.Fingerprint, "dim": strconv.Itoa(h.model.Dim), "checkpoint": h.model.Checkpoint,
		"digest": h.model.Digest, "version": strconv.FormatInt(h.version, 10), "generation": strconv.Itoa(h.generation), "rows": strconv.Itoa(h.rows),
		"reach": strconv.FormatFloat(float64(h.reach), 'g', -1, 32), "graph": strconv.Itoa(h.graph.number), "graph_k": strconv.Itoa(h.graph.k),
		"graph_rows": strconv.Itoa(h.graph.rows), "program": version.Get().Build(),
	}
	if h.calibration != nil {
		text, err := json.Marshal(h.calibration)
		if err != nil {
			return err
		}
		values["calibration"] = string(text)
	}
	for key, value := range values {
		if _, err := tx.Exec("insert or replace into meta values(?, ?)", key, value); err != nil {
			return err
		}
	}
	return nil
}

// readState returns what the catalogue keeps of a file of rows.
func readState(q queryer, name string) (rows.State, error) {
	var s rows.State
	known := false
	err := each(q, func(r *sql.Rows) error { known = true; return r.Scan(&s.Size) }, "select size from files where name = ?", name)
	if err != nil || !known {
		return s, errors.Join(err, unless(known, "the catalogue does not know file %s", name))
	}
	err = each(q, func(r *sql.Rows) error {
		var b []byte
		if err := r.Scan(&b); err != nil {
			return err
		}
		for ; len(b) >= 4; b = b[4:] {
			s.Sums = append(s.Sums, binary.LittleEndian.Uint32(b))
		}
		return nil
	}, "select sums from sums where name = ? order by chunk", name)
	return s, err
}

// writeState keeps what changed of a file since before.
func writeState(tx *sql.Tx, name string, before, s rows.State) error {
	if _, err := tx.Exec("insert or replace into files values(?, ?)", name, s.Size); err != nil {
		return err
	}
	for chunk := int(before.Size/rows.BlockBytes) / sumChunk; chunk*sumChunk < len(s.Sums); chunk++ {
		var b []byte
		for _, sum := range s.Sums[chunk*sumChunk : min((chunk+1)*sumChunk, len(s.Sums))] {
			b = binary.LittleEndian.AppendUint32(b, sum)
		}
		if _, err := tx.Exec("insert or replace into sums values(?, ?, ?)", name, chunk, b); err != nil {
			return err
		}
	}
	return nil
}

// readLive returns the rows that can be found.
func readLive(q queryer, n int) (scan.Bitmap, error) {
	live := scan.NewBitmap(n)
	err := each(q, func(r *sql.Rows) error {
		var chunk int
		var b []byte
		if err := r.Scan(&chunk, &b); err != nil {
			return err
		}
		for i := chunk * liveChunk / 64; len(b) >= 8 && i >= 0 && i < len(live); i, b = i+1, b[8:] {
			live[i] = binary.LittleEndian.Uint64(b)
		}
		return nil
	}, "select chunk, bits from live order by chunk")
	if n%64 != 0 && len(live) > 0 {
		live[len(live)-1] &= 1<<(n%64) - 1
	}
	return live, err
}

func writeLive(tx *sql.Tx, live scan.Bitmap, chunk int) error {
	first := chunk * liveChunk / 64
	var b []byte
	for _, w := range live[first:min(first+liveChunk/64, len(live))] {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	_, err := tx.Exec("insert or replace into live values(?, ?)", chunk, b)
	return err
}

// unless is an error where ok does not hold.
func unless(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}
