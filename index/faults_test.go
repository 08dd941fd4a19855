package index

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/index/rows"
)

// errKilled is what a stopped process's writes come to.
var errKilled = errors.New("killed")

// dying are files whose process is killed at one of its writes, half of which reaches the disk. The disk may be full instead: then what follows goes on.
type dying struct {
	rows.OS
	left     int // writes until then
	full     bool
	died     bool
	finished bool // the commit at which it died was done
}

func (d *dying) step() error {
	if d.died && !d.full {
		return errKilled
	}
	if d.left--; d.left == 0 {
		d.died = true
		return errKilled
	}
	return nil
}

type dyingFile struct {
	rows.File
	d *dying
}

func (d *dying) Open(path string, create bool) (rows.File, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f, err := d.OS.Open(path, create)
	return &dyingFile{f, d}, err
}

func (d *dying) Remove(path string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.OS.Remove(path)
}

func (d *dying) SyncFolder(path string) error { return d.step() }

// Commit dies before the commit, or behind it.
func (d *dying) Commit(transaction func() error) error {
	if err := d.step(); err != nil {
		return err
	}
	if err := transaction(); err != nil {
		return err
	}
	if err := d.step(); err != nil {
		d.finished = true
		return err
	}
	return nil
}

func (f *dyingFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.d.step(); err != nil {
		if f.d.left == 0 {
			f.File.WriteAt(p[:len(p)/2], at) //nolint:errcheck // it is killed
		}
		return 0, err
	}
	return f.File.WriteAt(p, at)
}

func (f *dyingFile) Sync() error {
	if err := f.d.step(); err != nil {
		return err
	}
	return f.File.Sync()
}

// kill ends a writer as the system ends a process: nothing is rolled back, sealed or tidied by it.
func kill(w *Writer) {
	if w.tx != nil {
		w.tx.Rollback() //nolint:errcheck // frames that were not committed do not count
	}
	closeAll(w.writers) //nolint:errcheck // likewise
	w.db.Close()
	w.lock.Release() //nolint:errcheck // likewise
}

// copyFolder copies the files of a folder.
func copyFolder(t testing.TB, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.dvml")
	must(t, os.CopyFS(to, os.DirFS(from)))
	return to
}

// life is what a writer does before it is killed; committed grows with each Commit that returned.
func life(w *Writer, committed *[]int, state *[]int) error {
	commit := func(n []int) error {
		*state = n
		if err := w.Commit(); err != nil {
			return err
		}
		*committed = n
		return nil
	}
	if err := add(w, 20, 41); err != nil {
		return err
	}
	if err := commit(numbers(0, 41)); err != nil {
		return err
	}
	for n := range 10 {
		if err := w.Remove(place(n).Path); err != nil {
			return err
		}
	}
	if err := commit(numbers(10, 41)); err != nil {
		return err
	}
	if err := w.BuildGraph(context.Background(), 5, nil); err != nil {
		return err
	}
	if err := w.Compact(); err != nil {
		return err
	}
	if err := add(w, 41, 44); err != nil {
		return err
	}
	return commit(numbers(10, 44))
}

// A writer that is killed at any write, or finds the disk full, loses nothing that Commit acknowledged; readers see the state of before or of after, and the
// next writer goes on.
func TestKilledAtEveryWrite(t *testing.T) {
	base := filled(t, 20)
	for _, full := range []bool{false, true} {
		deaths := 0
		for at := 1; ; at++ {
			folder := copyFolder(t, base)
			d := &dying{left: at, full: full}
			w, err := openWriter(folder, d)
			committed, state := numbers(0, 20), numbers(0, 20)
			if err == nil {
				err = life(w, &committed, &state)
				if d.died && !full {
					kill(w)
				} else {
					w.Close() //nolint:errcheck // the disk is full
				}
			}
			if !d.died {
				must(t, err)
				break
			}
			deaths++
			old, now := holdsExactly(folder, committed), holdsExactly(folder, state)
			if old != nil && now != nil {
				t.Fatalf("killed at write %d (%v): neither the old state (%v) nor the new (%v)", at, err, old, now)
			}
			if d.finished && now != nil {
				t.Fatalf("killed behind the commit, at write %d: the new state is not there: %v", at, now)
			}
			before := committed
			if old != nil {
				before = state
			}
			next, err := OpenWriter(folder)
			must(t, err)
			must(t, add(next, 50, 70))
			must(t, next.Commit())
			must(t, next.Close())
			if err := holdsExactly(folder, append(slices.Clone(before), numbers(50, 70)...)); err != nil {
				t.Fatalf("killed at write %d: the next writer leaves %v", at, err)
			}
			if bad, err := Check(folder); err != nil || bad != nil {
				t.Fatalf("killed at write %d: check says %v, %v", at, bad, err)
			}
		}
		t.Logf("full disk %v: died at each of %d writes", full, deaths)
		if deaths < 30 {
			t.Errorf("%d writes were tried; expected more", deaths)
		}
	}
}

// The catalogue's own writes: whatever part of SQLite's log reached the disk, the state is the old or the new one.
func TestKilledInsideTheCatalogue(t *testing.T) {
	folder := filled(t, 20)
	w, err := OpenWriter(folder)
	must(t, err)
	must(t, add(w, 20, 41))
	must(t, w.Commit())
	after := copyFolder(t, folder)
	kill(w)
	log, err := os.ReadFile(filepath.Join(after, catalogueName+"-wal"))
	must(t, err)
	const frame = 24 + 4096
	tried := 0
	for n := 0; n < len(log); n += frame / 3 {
		must(t, os.Remove(filepath.Join(after, catalogueName+"-shm")))
		must(t, os.WriteFile(filepath.Join(after, catalogueName+"-wal"), log[:n], 0o644))
		if err := holdsExactly(after, numbers(0, 20)); err != nil { // the frame that commits comes last
			t.Fatalf("with %d of %d bytes of the log: %v", n, len(log), err)
		}
		tried++
	}
	if tried < 20 {
		t.Errorf("%d cuts were tried; expected more", tried)
	}
	must(t, os.WriteFile(filepath.Join(after, catalogueName+"-wal"), log, 0o644))
	must(t, holdsExactly(after, numbers(0, 41)))
}

// A byte that is flipped in any block of any file is found and named, and no answer changes.
func TestFlippedBytes(t *testing.T) {
	folder := filled(t, 300)
	w, err := OpenWriter(folder)
	must(t, err)
	must(t, w.BuildGraph(context.Background(), 5, nil))
	must(t, w.Close())
	want := numbers(0, 300)
	must(t, holdsExactly(folder, want))
	tried := 0
	must(t, filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		must(t, err)
		if e.IsDir() || e.Name() == lockName || strings.HasSuffix(e.Name(), "-shm") || strings.HasSuffix(e.Name(), "-wal") {
			return nil
		}
		file, err := os.ReadFile(path)
		must(t, err)
		for at := 0; at < len(file); at += 4096 * 3 {
			place := min(at+at/7%4096, len(file)-1)
			broken := slices.Clone(file)
			broken[place] ^= 0x20
			must(t, os.WriteFile(path, broken, 0o644))
			tried++
			bad, err := Check(folder)
			inHeader := place >= 36 && place < rows.HeaderBytes && e.Name() != catalogueName && e.Name() != sealName
			switch {
			case err != nil && !strings.Contains(err.Error(), e.Name()):
				t.Errorf("%s, byte %d: the check's error %q does not name the file", e.Name(), place, err)
			case err == nil && (len(bad) != 1 || bad[0].File != e.Name() || int64(place) < bad[0].At || int64(place) >= bad[0].At+rows.BlockBytes):
				t.Errorf("%s, byte %d (header %v): the check says %v", e.Name(), place, inHeader, bad)
			}
			if err := holdsExactly(folder, want); err == nil && e.Name() != sealName && !strings.HasPrefix(e.Name(), graphKind) {
				t.Errorf("%s, byte %d: all is read as if nothing were damaged", e.Name(), place)
			} else if err != nil && (strings.Contains(err.Error(), "should not") || strings.Contains(err.Error(), "another") || strings.Contains(err.Error(), "search finds")) {
				t.Errorf("%s, byte %d: wrong answers: %v", e.Name(), place, err)
			}
		}
		return os.WriteFile(path, file, 0o644)
	}))
	must(t, holdsExactly(folder, want))
	t.Logf("%d flipped bytes", tried)
}

// A folder that is moved is the same index.
func TestMovedFolder(t *testing.T) {
	folder := filled(t, 20)
	to := filepath.Join(t.TempDir(), "elsewhere? 100%.dvml")
	must(t, os.Rename(folder, to))
	must(t, holdsExactly(to, numbers(0, 20)))
}

// A process that reads sees old or new states alone, while another writes.
func TestReadersInAnotherProcess(t *testing.T) {
	const variable = "DVML_TEST_INDEX"
	if folder := os.Getenv(variable); folder != "" {
		x, err := Open(folder)
		must(t, err)
		defer x.Close()
		for last := -1; last < 200; {
			hits, err := x.Search(context.Background(), Query{Like: [][]float32{photograph(0).Vector}, K: 1000})
			must(t, err)
			if len(hits)%20 != 0 || len(hits) < last {
				t.Fatalf("%d items after %d", len(hits), last)
			}
			last = len(hits)
			for _, h := range hits[:5] {
				if _, err := x.Thumbnail(h.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		return
	}
	folder := filled(t, 20)
	child := exec.Command(os.Args[0], "-test.run=^TestReadersInAnotherProcess$", "-test.timeout=2m")
	child.Env = append(os.Environ(), variable+"="+folder)
	out := &strings.Builder{}
	child.Stdout, child.Stderr = out, out
	must(t, child.Start())
	w, err := OpenWriter(folder)
	must(t, err)
	for n := 20; n < 200; n += 20 {
		must(t, add(w, n, n+20))
		must(t, w.Commit())
		if n%60 == 0 {
			must(t, w.Compact())
		}
	}
	must(t, w.Close())
	if err := child.Wait(); err != nil {
		t.Fatalf("the reader: %v\n%s", err, out)
	}
}

// FuzzReader opens an index one of whose files is replaced by foreign bytes: it may refuse, and must not panic, hang or read outside.
func FuzzReader(f *testing.F) {
	folder := filled(f, 40)
	for _, name := range []string{catalogueName, sealName, "vectors.1", "ids.1"} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		must(f, err)
		f.Add(name, b[:min(len(b), 1<<16)], 1)
	}
	f.Add(catalogueName, []byte("SQLite format 3\x00"), 0)
	f.Fuzz(func(t *testing.T, name string, b []byte, keep int) {
		if !slices.Contains([]string{catalogueName, sealName, "vectors.1", "compact.1", "ids.1", "thumbs.1"}, name) {
			return
		}
		dir := copyFolder(t, folder)
		if name == catalogueName { // without a seal the reader has to make do with what SQLite and the catalogue itself say
			must(t, os.Remove(filepath.Join(dir, sealName)))
		}
		whole, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		if keep > 0 && len(whole) > len(b) { // in the middle of what is right
			at := int(binary.LittleEndian.Uint32(append(b, 0, 0, 0, 0))) % (len(whole) - len(b))
			b = append(append(slices.Clone(whole[:at]), b...), whole[at+len(b):]...)
		}
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o644))
		holdsExactly(dir, numbers(0, 40)) //nolint:errcheck // most are refused
		Check(dir)                        //nolint:errcheck // likewise
	})
}
