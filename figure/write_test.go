package figure

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestWritePNG(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(folder, "sheet.png")
	for _, side := range []int{30, 12} { // the second replaces the first
		if err := WritePNG(path, plain(side, 5, sample)); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(f)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if img.Bounds().Dx() != side || at(img, 3, 3) != sample {
			t.Errorf("read back %v with %v", img.Bounds(), at(img, 3, 3))
		}
	}
	onlyFile(t, folder, "sheet.png")
}

func TestWritePNGFailureLeavesWhatWas(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "sheet.png")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WritePNG(path, plain(0, 0, sample)); err == nil { // PNG has no empty pictures
		t.Error("an empty picture was written")
	}
	if err := WritePNG(path, nil); err == nil {
		t.Error("a nil picture was written")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "before" {
		t.Errorf("the file now holds %q (%v)", got, err)
	}
	onlyFile(t, folder, "sheet.png")
	if err := WritePNG(filepath.Join(path, "below.png"), plain(1, 1, sample)); err == nil {
		t.Error("a file served as a folder")
	}
}

func onlyFile(t *testing.T, folder, name string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != name {
		t.Errorf("the folder holds %v, want only %s", entries, name)
	}
}
