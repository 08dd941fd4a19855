package imageset

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A whole photograph, prepared, has the pixels that Decode prepares of its file, in every orientation, and the size that Size says.
func TestWholeAgreesWithDecode(t *testing.T) {
	plain := asJPEG(t, made(48, 32))
	for o := range uint16(10) {
		file := withEXIF(plain, o, binary.LittleEndian, "II")
		whole, err := DecodeWhole(file)
		if err != nil {
			t.Fatal(err)
		}
		w, h, err := Size(file)
		if err != nil || whole.Rect.Dx() != w || whole.Rect.Dy() != h {
			t.Errorf("orientation %d: size %d x %d, %v; decoded %v", o, w, h, err, whole.Rect)
		}
		got, err := Planes(whole, 16, Stretch)
		if err != nil {
			t.Fatal(err)
		}
		want, err := Decode(bytes.NewReader(file), 16, Stretch)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if d := int(got[i]) - int(want[i]); d < -1 || d > 1 { // the scaler takes columns before rows
				t.Fatalf("orientation %d: pixel %d is %d, by Decode %d", o, i, got[i], want[i])
			}
		}
	}
	if _, err := DecodeWhole([]byte("no image")); err == nil {
		t.Error("text is decoded")
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string][]byte{"a.jpg": nil, "in/deep/b.PNG": nil, "in/c": asJPEG(t, made(4, 4)), "in/notes.txt": []byte("text"), ".hidden.jpg": nil} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	images, left, err := List(dir)
	if err != nil || !slices.Equal(images, []string{"a.jpg", "in/c", "in/deep/b.PNG"}) || len(left) != 2 {
		t.Errorf("%v, left %v, %v", images, left, err)
	}
	if _, _, err := List(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there is listed")
	}
}
