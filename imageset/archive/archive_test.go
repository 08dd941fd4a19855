package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

type entry struct {
	header tar.Header
	data   string
}

func text(name, data string) entry {
	return entry{tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}, data}
}

func packTar(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&e.header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packZip(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.header.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packGzip(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "archive")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestFileSystem holds archives to the contract of fs.FS; unpacking leaves nothing behind.
func TestFileSystem(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	long := strings.Repeat("long/", 40) + "name.txt" // takes a PAX header
	entries := []entry{text("a/1.txt", "one"), text("./b.txt", strings.Repeat("two", 1000)), text(long, "three"), text("empty", "")}
	for kind, data := range map[string][]byte{"tar": packTar(t, entries...), "tgz": packGzip(t, packTar(t, entries...)), "zip": packZip(t, entries...)} {
		a, err := Open(write(t, data))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if err := fstest.TestFS(a, "a/1.txt", "b.txt", long, "empty"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if got, err := fs.ReadFile(a, "b.txt"); err != nil || string(got) != entries[1].data {
			t.Errorf("%s: b.txt has %d bytes: %v", kind, len(got), err)
		}
		if err := a.Close(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func TestTarLinks(t *testing.T) {
	a, err := Open(write(t, packTar(t, text("a", "one"), text("a", "two"),
		entry{tar.Header{Name: "hard", Typeflag: tar.TypeLink, Linkname: "a"}, ""},
		entry{tar.Header{Name: "soft", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, ""})))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, name := range []string{"a", "hard"} {
		if got, err := fs.ReadFile(a, name); err != nil || string(got) != "two" {
			t.Errorf("%s: %q, %v; want the later file", name, got, err)
		}
	}
	if _, err := a.Stat("soft"); err == nil || len(a.Passed) != 1 || a.Passed[0] != (Passed{"soft", "a link"}) {
		t.Errorf("a symbolic link is followed, or not named: %v", a.Passed)
	}
}

// Names that lead out of the archive are passed over and named; the other files are shown.
func TestHostile(t *testing.T) {
	for _, name := range []string{"../evil", "a/../../evil", "/etc/passwd", `..\evil`, `C:\evil`, "C:/evil", "a/../b", "a//../b", "a\x00b"} {
		packed := map[string][]byte{"zip": packZip(t, text(name, "x"), text("good", "y"))}
		if !strings.Contains(name, "\x00") { // which Go writes into no tar
			packed["tar"] = packTar(t, text(name, "x"), text("good", "y"))
			packed["tgz"] = packGzip(t, packed["tar"])
		}
		for kind, data := range packed {
			a, err := Open(write(t, data))
			if err != nil {
				t.Errorf("%s: %q: %v", kind, name, err)
				continue
			}
			if len(a.Passed) != 1 || a.Passed[0].Name != Spell(name) || len(a.nodes) != 2 {
				t.Errorf("%s: %q: passed %v of %d nodes", kind, name, a.Passed, len(a.nodes))
			}
			if _, err := a.Stat("good"); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			a.Close()
		}
	}
	for kind, data := range map[string][]byte{
		"a file that is a folder": packTar(t, text("a", "x"), text("a/b/c", "y")),
		"a folder that is a file": packTar(t, text("a/b", "y"), text("a", "x")),
	} {
		a, err := Open(write(t, data))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if len(a.Passed) != 1 || !strings.Contains(a.Passed[0].Reason, "both a file's and a folder's") {
			t.Errorf("%s: passed %v", kind, a.Passed)
		}
		if err := fstest.TestFS(a, "a"); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		a.Close()
	}
}

// field is the Unicode path field of a zip, made for a name.
func field(name, unicode string) []byte {
	body := binary.LittleEndian.AppendUint32([]byte{1}, crc32.ChecksumIEEE([]byte(name)))
	head := binary.LittleEndian.AppendUint16(nil, 0x7075)
	head = binary.LittleEndian.AppendUint16(head, uint16(len(body)+len(unicode)))
	return append(append(head, body...), unicode...)
}

// Names that are not UTF-8, or hold backslashes, are shown.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		header    zip.FileHeader
		zip, tape string // what the name becomes in a zip, and in a tar
	}{
		{zip.FileHeader{Name: "be\xe9/0.png"}, "beΘ/0.png", `be\xe9/0.png`},
		{zip.FileHeader{Name: "M\x81ller/0.png"}, "Müller/0.png", `M\x81ller/0.png`},
		{zip.FileHeader{Name: "Müller/0.png"}, "Müller/0.png", "Müller/0.png"},
		{zip.FileHeader{Name: "M\x81ller/0.png", Extra: field("M\x81ller/0.png", "Mueller/0.png")}, "Mueller/0.png", `M\x81ller/0.png`},
		{zip.FileHeader{Name: "M\x81ller/0.png", Extra: field("another", "Mueller/0.png")}, "Müller/0.png", `M\x81ller/0.png`},
		{zip.FileHeader{Name: "x/0.png", Extra: field("x/0.png", "../evil")}, "", "x/0.png"},
		{zip.FileHeader{Name: `ant\sub\0.png`}, "ant/sub/0.png", "ant/sub/0.png"},
		{zip.FileHeader{Name: `AC\DC/0.png`}, `AC\DC/0.png`, `AC\DC/0.png`},
		{zip.FileHeader{Name: "two\nlines/0.png"}, `two\x0alines/0.png`, `two\x0alines/0.png`},
	} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		h := c.header
		h.NonUTF8 = true
		if _, err := w.CreateHeader(&h); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var tape bytes.Buffer
		tw := tar.NewWriter(&tape)
		if err := tw.WriteHeader(&tar.Header{Name: c.header.Name, Format: tar.FormatGNU, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if err := tw.Close(); err != nil {
			t.Fatal(err)
		}
		for want, data := range map[string][]byte{"zip " + c.zip: b.Bytes(), "tar " + c.tape: tape.Bytes()} {
			a, err := Open(write(t, data))
			kind, name, _ := strings.Cut(want, " ")
			if name == "" {
				if err == nil || !strings.Contains(err.Error(), "leads out of the archive") {
					t.Errorf("%s: %q: error %v", kind, c.header.Name, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("%q: %v", c.header.Name, err)
			}
			if _, err := a.Stat(name); err != nil {
				t.Errorf("%s: %q: %v", kind, c.header.Name, err)
			}
			a.Close()
		}
	}
}

func TestEncrypted(t *testing.T) {
	pack := func(flags ...uint16) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for i, f := range flags {
			if _, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("a/%d.png", i), Flags: f}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return write(t, b.Bytes())
	}
	if _, err := Open(pack(1, 1)); !errors.Is(err, ErrEncrypted) {
		t.Errorf("error %v", err)
	}
	a, err := Open(pack(0, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if len(a.Passed) != 1 || a.Passed[0] != (Passed{"a/1.png", "encrypted"}) {
		t.Errorf("passed %v", a.Passed)
	}
}

func TestTruncated(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	whole := packTar(t, text("a", strings.Repeat("x", 3000)), text("b", strings.Repeat("y", 3000)))
	zipped, packed := packZip(t, text("a", "xyz")), packGzip(t, whole)
	for kind, data := range map[string][]byte{
		"empty": nil, "text": []byte("404: not found"), "tar": whole[:2000], "tar, second file": whole[:5500],
		"tgz": packed[:len(packed)-9], "gzip of text": packGzip(t, []byte("hello")), "zip": zipped[:len(zipped)-10],
	} {
		if a, err := Open(write(t, data)); err == nil {
			a.Close()
			t.Errorf("%s: a damaged archive opens", kind)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary folder: %v, %v", left, err)
	}
}

func TestOverlay(t *testing.T) {
	base := fstest.MapFS{"in/x.txt": {Data: []byte("base x")}, "list.txt": {Data: []byte("list")}}
	top, err := Open(write(t, packTar(t, text("images/1.txt", "one"), text("list.txt", "hidden"))))
	if err != nil {
		t.Fatal(err)
	}
	deep, err := Open(write(t, packZip(t, text("y.txt", "deep y"), text("sub/z.txt", "deep z"))))
	if err != nil {
		t.Fatal(err)
	}
	o := &Overlay{FS: base}
	o.Add(".", top)
	o.Add("in", deep)
	for name, want := range map[string]string{"in/x.txt": "base x", "in/y.txt": "deep y", "in/sub/z.txt": "deep z", "images/1.txt": "one", "list.txt": "list"} {
		if got, err := fs.ReadFile(o, name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	for dir, want := range map[string]string{".": "images in list.txt", "in": "sub x.txt y.txt", "in/sub": "z.txt"} {
		entries, err := o.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s holds %s, want %s", dir, got, want)
		}
	}
	if _, err := o.Stat("absent"); !os.IsNotExist(err) {
		t.Errorf("error %v", err)
	}
	if _, err := o.ReadDir("absent"); err == nil {
		t.Error("an absent folder is listed")
	}
	if err := o.Close(); err != nil {
		t.Error(err)
	}
}

// FuzzOpen feeds foreign bytes to the readers of archives.
func FuzzOpen(f *testing.F) {
	f.Add(packTar(f, text("a/b", "x"), text("c", "")))
	f.Add(packZip(f, text("a/b", "x")))
	f.Add(packGzip(f, packTar(f, text("a/b", "x"))))
	path := filepath.Join(f.TempDir(), "archive")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		a, err := Open(path)
		if err != nil {
			return
		}
		defer a.Close()
		_ = fs.WalkDir(a, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if r, err := a.Open(name); err == nil {
				_, _ = io.Copy(io.Discard, io.LimitReader(r, 1<<20))
				r.Close()
			}
			return nil
		})
	})
}

// What is no archive that is read is called what it is.
func TestOtherArchives(t *testing.T) {
	for name, want := range map[string]string{
		"":                                    "the file is empty",
		"<!DOCTYPE html>":                     "it is a web page",
		"\n <?xml":                            "it is a web page, or XML",
		"7z\xbc\xaf\x27\x1c more":             "a 7-Zip archive, which is not read: unpack it first",
		"Rar!\x1a\x07\x01\x00":                "a RAR archive, which",
		"\xfd7zXZ\x00":                        "an xz file, which",
		"\x28\xb5\x2f\xfd":                    "a Zstandard file, which",
		string(packGzip(t, []byte("a text"))): "not a tar archive: unpack it first",
		"a text":                              "neither tar, compressed tar nor zip",
	} {
		a, err := Open(write(t, []byte(name)))
		if err == nil {
			a.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", name, err, want)
		}
	}
}

// testdata holds one text, a/b, in each.
func TestBzip2(t *testing.T) {
	for _, name := range []string{"x.tar.bz2", "bzip2.zip"} {
		a, err := Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := fs.ReadFile(a, "a/b")
		if err != nil || string(got) != "hello\n" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		a.Close()
	}
	data, err := os.ReadFile("testdata/x.tar.bz2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(write(t, data[:len(data)/2])); err == nil {
		t.Error("half a file is read")
	}
}

func TestZipOfWhatIsNotRead(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	if _, err := w.CreateRaw(&zip.FileHeader{Name: "a/0.png", Method: 14}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(write(t, b.Bytes())); err == nil || !strings.Contains(err.Error(), "the first is a/0.png: compressed by method 14") {
		t.Errorf("error %v", err)
	}
}
