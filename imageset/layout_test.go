package imageset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/imageset/internal/mattest"
	"github.com/dvml/dvml/store"
)

// photo returns a small PNG whose first pixel's red tells it from others.
func photo(t testing.TB, red byte) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 4, 4))
	for i := range 16 {
		img.Set(i%4, i/4, color.RGBA{red, 20, 30, 255})
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// files is a source's files by name.
type files map[string]string

// folder writes files to a new folder.
func (f files) folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// tar packs files under a folder.
func (f files) tar(t testing.TB, top string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if err := w.WriteHeader(&tar.Header{Name: top + name, Mode: 0o644, Size: int64(len(f[name]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (f files) zip(t testing.TB, top string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(f)) {
		e, err := w.Create(top + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, f[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
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

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// describe lists a set's images as "place class split".
func describe(set *Set, root string) []string {
	var out []string
	for _, im := range set.Images {
		name := strings.TrimPrefix(filepath.ToSlash(im.Path), filepath.ToSlash(root)+"/")
		out = append(out, fmt.Sprintf("%s %s %v", name, set.Classes[im.Label], im.Split))
	}
	return out
}

func annotations(field string, names ...string) mattest.Variable {
	var rows [][]mattest.Value
	for i, name := range names {
		rows = append(rows, []mattest.Value{mattest.Byte(39), mattest.Byte(byte(len(names) - i)), mattest.Text(name)})
	}
	return mattest.Variable{Name: "annotations", Value: mattest.Struct([]string{"bbox_x1", "class", field}, rows...)}
}

func classNames(names ...string) mattest.Variable {
	var v []mattest.Value
	for _, n := range names {
		v = append(v, mattest.Text(n))
	}
	return mattest.Variable{Name: "class_names", Value: mattest.Cell(v...)}
}

func mat(compressed bool, vs ...mattest.Variable) string {
	return string(mattest.File(compressed, vs...))
}

// layouts are small sets in every layout, with what is to be found in them.
func layouts(t testing.TB) []struct {
	name, format string
	files        files
	want         []string
} {
	a, b, c, d := photo(t, 1), photo(t, 2), photo(t, 3), photo(t, 4)
	whole := mat(true, annotations("relative_im_path", "car_ims/000001.jpg", "car_ims/000002.jpg"), classNames("Audi TT", "BMW M3"))
	train := mat(false, annotations("fname", "00001.jpg", "00002.jpg"))
	test := mat(true, annotations("fname", "00001.jpg"))
	meta := mat(true, classNames("Audi TT", "BMW M3"))
	return []struct {
		name, format string
		files        files
		want         []string
	}{
		{"folders", "folders", files{"b/2.png": b, "a/1.jpg": a, "a/.hidden.jpg": "x", "c/3.WEBP": c, "c/notes.txt": "x", "README.jpg": d, "__MACOSX/a/1.jpg": "x"},
			[]string{"a/1.jpg a train", "b/2.png b test", "c/3.WEBP c test"}},
		{"nested folders", "folders", files{"vw/golf/1.jpg": a, "vw/polo/2.jpg": b, "audi/3.jpg": c, "empty/x.txt": ""},
			[]string{"audi/3.jpg audi train", "vw/golf/1.jpg vw/golf test", "vw/polo/2.jpg vw/polo test"}},
		{"split folders", "folders", files{"train/x/1.jpg": a, "train/a/2.jpg": b, "test/m/3.jpg": c},
			[]string{"train/a/2.jpg a train", "test/m/3.jpg m test", "train/x/1.jpg x train"}},
		{"query and gallery folders", "folders", files{"train/x/1.jpg": a, "query/m/2.jpg": b, "gallery/m/3.jpg": c},
			[]string{"query/m/2.jpg m test", "gallery/m/3.jpg m gallery", "train/x/1.jpg x train"}},
		{"Cars196 in one piece", "cars196", files{"car_ims/000001.jpg": a, "car_ims/000002.jpg": b, "cars_annos.mat": whole},
			[]string{"car_ims/000001.jpg BMW M3 test", "car_ims/000002.jpg Audi TT train"}},
		{"Cars196 in halves", "cars196", files{"cars_train/00001.jpg": a, "cars_train/00002.jpg": b, "cars_test/00001.jpg": c, "devkit/cars_train_annos.mat": train,
			"devkit/cars_meta.mat": meta, "cars_test_annos_withlabels.mat": test},
			[]string{"cars_train/00001.jpg BMW M3 test", "cars_train/00002.jpg Audi TT train", "cars_test/00001.jpg Audi TT train"}},
		{"Cars196's training half", "cars196", files{"cars_train/00001.jpg": a, "cars_train/00002.jpg": b, "devkit/cars_train_annos.mat": train, "devkit/cars_meta.mat": meta},
			[]string{"cars_train/00001.jpg BMW M3 test", "cars_train/00002.jpg Audi TT train"}},
		{"Cars196's test half", "cars196", files{"cars_test/cars_test/00001.jpg": a, "car_devkit/devkit/cars_test_annos_withlabels.mat": test, "car_devkit/devkit/cars_meta.mat": meta},
			[]string{"cars_test/cars_test/00001.jpg Audi TT train"}},
		{"CUB-200-2011", "cub200", files{"CUB_200_2011/images.txt": "1 001.Auk/1.jpg\n2 002.Jay/2.jpg\n", "CUB_200_2011/image_class_labels.txt": "1 1\n2 2\n",
			"CUB_200_2011/classes.txt": "1 001.Auk\n2 002.Jay\n", "CUB_200_2011/images/001.Auk/1.jpg": a, "CUB_200_2011/images/002.Jay/2.jpg": b, "attributes.txt": ""},
			[]string{"CUB_200_2011/images/001.Auk/1.jpg 001.Auk train", "CUB_200_2011/images/002.Jay/2.jpg 002.Jay test"}},
		{"Stanford Online Products", "sop", files{"Ebay_train.txt": "image_id class_id super_class_id path\n1 1 1 bicycle_final/1_0.JPG\n2 2 1 bicycle_final/2_0.JPG\n",
			"Ebay_test.txt": "image_id class_id super_class_id path\n3 11319 1 lamp_final/3_0.JPG\n", "bicycle_final/1_0.JPG": a, "bicycle_final/2_0.JPG": b, "lamp_final/3_0.JPG": c},
			[]string{"bicycle_final/1_0.JPG bicycle_final/1 train", "bicycle_final/2_0.JPG bicycle_final/2 train", "lamp_final/3_0.JPG lamp_final/11319 test"}},
		{"In-Shop", "inshop", files{"Eval/list_eval_partition.txt": "3\nimage_name item_id evaluation_status\nimg/M/1.jpg id_1 train\nimg/M/2.jpg id_2 query\nimg/M/3.jpg id_2 gallery\n",
			"Img/img/M/1.jpg": a, "Img/img/M/2.jpg": b, "Img/img/M/3.jpg": c},
			[]string{"Img/img/M/1.jpg id_1 train", "Img/img/M/2.jpg id_2 test", "Img/img/M/3.jpg id_2 gallery"}},
		{"CSV with split", "csv", files{"list.csv": "\ufeffpath,label,split\nx/1.jpg,dog,test\n\"x/2,3.jpg\",cat,train\n", "x/1.jpg": a, "x/2,3.jpg": b},
			[]string{"x/1.jpg dog test", "x/2,3.jpg cat train"}},
		{"CSV with a gallery", "csv", files{"list.csv": "x/1.jpg,dog,Query\nx/2.jpg,dog,gallery\nx/3.jpg,cat,train\n", "x/1.jpg": a, "x/2.jpg": b, "x/3.jpg": c},
			[]string{"x/1.jpg dog test", "x/2.jpg dog gallery", "x/3.jpg cat train"}},
		{"CSV of an office's program", "csv", files{"list.csv": "\ufeffid;Class;Filename\n7;dog;x/1.jpg\n8;cat;x/2.jpg\n", "x/1.jpg": a, "x/2.jpg": b},
			[]string{"x/1.jpg dog test", "x/2.jpg cat train"}},
		{"CSV with numbers", "csv", files{"list.csv": "1.jpg,10\n2.jpg,9\n", "1.jpg": a, "2.jpg": b}, []string{"1.jpg 10 test", "2.jpg 9 train"}},
	}
}

// TestLayouts opens every layout as a folder and packed in every way; every image that is found can be read.
func TestLayouts(t *testing.T) {
	for _, l := range layouts(t) {
		t.Run(l.name, func(t *testing.T) {
			sources := map[string]string{
				"folder":         l.files.folder(t),
				"tar":            write(t, "set.tar", l.files.tar(t, "")),
				"tar with ./":    write(t, "set.tar", l.files.tar(t, "./")),
				"tgz in folders": write(t, "set.tgz", gzipped(t, l.files.tar(t, "Some Set/v1/"))),
				"zip":            write(t, "set.zip", l.files.zip(t, "")),
			}
			for kind, path := range sources {
				set, err := Open(path, Options{})
				if err != nil {
					t.Fatalf("%s: %v", kind, err)
				}
				root := path
				if kind == "tgz in folders" {
					root += "/Some Set/v1"
				}
				if got := describe(set, root); set.Name != l.format || !slices.Equal(got, l.want) {
					t.Errorf("%s: %s\n%q, want %s\n%q", kind, set.Name, got, l.format, l.want)
				}
				for _, im := range set.Images {
					if _, err := pixelsOf(im); err != nil {
						t.Errorf("%s: %s: %v", kind, im.Path, err)
					}
				}
				if err := set.Close(); err != nil {
					t.Error(err)
				}
				if err := set.Close(); err != nil {
					t.Error("closing twice:", err)
				}
				if _, err := Open(path, Options{Format: l.format}); err != nil {
					t.Errorf("%s as %s: %v", kind, l.format, err)
				}
			}
		})
	}
}

func pixelsOf(im Image) ([]byte, error) {
	r, err := im.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return Decode(r, 4, Stretch)
}

// TestPacked opens folders that hold the archives as they are published.
func TestPacked(t *testing.T) {
	for _, l := range layouts(t) {
		packed, loose := map[string]files{}, files{}
		for name, data := range l.files {
			switch top, rest, _ := strings.Cut(name, "/"); {
			case l.format == "cars196" && strings.HasPrefix(rest, "0"):
				if packed[top+".tgz"] == nil {
					packed[top+".tgz"] = files{}
				}
				packed[top+".tgz"][name] = data
			case l.format == "inshop" && top == "Img":
				if packed["Img/img.zip"] == nil {
					packed["Img/img.zip"] = files{}
				}
				packed["Img/img.zip"][rest] = data
			default:
				loose[name] = data
			}
		}
		if len(packed) == 0 {
			continue
		}
		for name, in := range packed {
			if strings.HasSuffix(name, ".zip") {
				loose[name] = string(in.zip(t, ""))
			} else {
				loose[name] = string(gzipped(t, in.tar(t, "")))
			}
		}
		dir := loose.folder(t)
		set, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("%s: %v", l.name, err)
		}
		if got := describe(set, dir); !slices.Equal(got, l.want) {
			t.Errorf("%s: %q, want %q", l.name, got, l.want)
		}
		for _, im := range set.Images {
			if _, err := pixelsOf(im); err != nil {
				t.Error(err)
			}
		}
		if err := set.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestCSVOnDisk(t *testing.T) {
	images := files{"up/1.jpg": photo(t, 1), "2.jpg": photo(t, 2)}.folder(t)
	list := write(t, "list.csv", []byte("path,label\n"+filepath.Join(images, "up", "1.jpg")+",b\n"+filepath.Join(images, "2.jpg")+",a\n"))
	set, err := Open(list, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if got, want := describe(set, images), []string{"up/1.jpg b test", "2.jpg a train"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, im := range set.Images {
		if _, err := pixelsOf(im); err != nil {
			t.Error(err)
		}
	}
}

// A CSV file that was named is never taken for something else: its first row must be understood.
func TestCSVHeader(t *testing.T) {
	for text, want := range map[string]string{
		"thing,kind\n1.jpg,a\n":         `list.csv line 1: the first row, "thing,kind", neither names an image`,
		"path,colour,size\n1.jpg,a,1\n": "nor the columns path,label[,split]",
		"1.jpg,a,train,b\n":             "4 fields, expected path,label[,split]",
		"1.jpg\n":                       "1 field, expected path,label[,split]",
		"label\tpath\na\tx\ty\n":        "3 fields, the rows above have 2",
		"path,label,split\n1.jpg,a,\n":  `line 2: split ""`,
	} {
		if _, err := Open(write(t, "list.csv", []byte(text)), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", text, err, want)
		}
	}
}

// TestDamagedListings wants an error that says what is wrong.
func TestDamagedListings(t *testing.T) {
	a := photo(t, 1)
	meta := mat(true, classNames("Audi TT", "BMW M3"))
	annos := mat(true, annotations("fname", "1.jpg", "2.jpg"))
	cub := func(images, labels, classes string) files {
		return files{"images.txt": images, "image_class_labels.txt": labels, "classes.txt": classes, "images/1.jpg": a}
	}
	for _, c := range []struct {
		name  string
		files files
		want  string
	}{
		{"nothing", files{}, "no known format"},
		{"no folders", files{"1.jpg": a, "2.jpg": a}, "2 images lie side by side and nothing says what they show"},
		{"no images", files{"a/x.txt": "", "b/y.txt": ""}, "none of the 2 files in it is an image"},
		{"a missing .mat", files{"cars_train/1.jpg": a, "devkit/cars_train_annos.mat": annos}, "cars_meta.mat"},
		{"a truncated .mat", files{"cars_train/1.jpg": a, "devkit/cars_train_annos.mat": annos[:len(annos)-20], "devkit/cars_meta.mat": meta}, "cars_train_annos.mat: matfile"},
		{"text named .mat", files{"cars_train/1.jpg": a, "devkit/cars_train_annos.mat": "404: not found", "devkit/cars_meta.mat": meta}, "matfile"},
		{"fewer annotations than images", files{"cars_train/1.jpg": a, "cars_train/2.jpg": a, "cars_train/3.jpg": a, "devkit/cars_train_annos.mat": annos, "devkit/cars_meta.mat": meta},
			"cars_train/3.jpg has no annotation: devkit/cars_train_annos.mat labels 2 images, cars_train holds 3"},
		{"an image of another name", files{"cars_train/1.jpg": a, "cars_train/7.jpg": a, "devkit/cars_train_annos.mat": annos, "devkit/cars_meta.mat": meta}, "cars_train/7.jpg has no annotation"},
		{"one class", files{"a/1.jpg": a, "a/2.jpg": a}, "all 2 images are of one class"},
		{"photographs of a telephone", files{"a/1.heic": a}, "the only image is of one class"},
		{"more classes than names", files{"cars_train/1.jpg": a, "devkit/cars_train_annos.mat": annos, "devkit/cars_meta.mat": mat(true, classNames("Audi"))}, "class 2, there are names of 1"},
		{"a path out of the set", files{"cars_train/1.jpg": a, "devkit/cars_train_annos.mat": mat(true, annotations("fname", "../../1.jpg")), "devkit/cars_meta.mat": meta}, "../../1.jpg"},
		{"a test half without classes", files{"cars_test/1.jpg": a, "devkit/cars_test_annos.mat": annos, "devkit/cars_meta.mat": meta}, "cars_test_annos_withlabels.mat"},
		{"no car_ims", files{"cars_annos.mat": annos}, "car_ims.tgz"},
		{"no half", files{"devkit/cars_meta.mat": meta}, "neither cars_train nor cars_test"},
		{"CUB: an image without label", cub("1 1.jpg\n2 2.jpg\n", "1 1\n", "1 auk\n"), "images.txt line 2: image 2 has no label"},
		{"CUB: a label without image", cub("1 1.jpg\n", "1 1\n2 1\n", "1 auk\n"), "labels 1 images that images.txt does not list"},
		{"CUB: a class without name", cub("1 1.jpg\n", "1 7\n", "1 auk\n"), "class 7 has no name"},
		{"CUB: a line cut short", cub("1 1.jpg\n", "1\n", "1 auk\n"), "image_class_labels.txt line 1"},
		{"SOP: a line cut short", files{"Ebay_train.txt": "1 1 1\n"}, "Ebay_train.txt line 1"},
		{"In-Shop: cut short", files{"list_eval_partition.txt": "2\nimg/1.jpg id_1 train\n", "img/1.jpg": a}, "announces 2 images and lists 1"},
		{"In-Shop: packed", files{"list_eval_partition.txt": "0\n"}, "unpack img.zip"},
		{"In-Shop: an unknown part", files{"list_eval_partition.txt": "img/1.jpg id_1 val\n", "img/1.jpg": a}, `part "val"`},
		{"CSV: an unknown split", files{"x.csv": "1.jpg,a,vla\n", "1.jpg": a}, `x.csv line 1: split "vla"`},
		{"CSV: a field too many", files{"x.csv": "1.jpg,a\n2.jpg,a,b\n", "1.jpg": a}, "3 fields, the rows above have 2"},
		{"CSV: an empty split", files{"x.csv": "path,label,split\n1.jpg,a,\n", "1.jpg": a}, `split ""`},
		{"CSV: no label", files{"x.csv": "1.jpg,\n", "1.jpg": a}, "label is empty"},
	} {
		for kind, path := range map[string]string{"folder": c.files.folder(t), "zip": write(t, "set.zip", c.files.zip(t, ""))} {
			if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s (%s): error %v, want one with %q", c.name, kind, err, c.want)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := files{"a/1.jpg": "", "b/2.jpg": ""}.folder(t)
	if _, err := Open(dir, Options{Format: "imagenet"}); err == nil || !strings.Contains(err.Error(), strings.Join(Formats(), ", ")) {
		t.Errorf("error %v: want the formats", err)
	}
	for _, format := range []string{"cub200", "cars196", "csv"} {
		if _, err := Open(dir, Options{Format: format}); err == nil || !strings.Contains(err.Error(), "not in the format "+format) {
			t.Errorf("%s: error %v", format, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "absent"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v: want one of absence", err)
	}
	if _, err := Open(filepath.Join(dir, "a", "1.jpg"), Options{}); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Errorf("error %v", err)
	}
	outside := write(t, "set.zip", files{"list.csv": "../../1.jpg,a\n"}.zip(t, ""))
	if _, err := Open(outside, Options{}); err == nil || !strings.Contains(err.Error(), "leads out") {
		t.Errorf("error %v", err)
	}
}

// TestOverrideFormat reads a set with tables of its own as plain folders.
func TestOverrideFormat(t *testing.T) {
	dir := files{"list.csv": "a/1.jpg,x\n", "a/1.jpg": photo(t, 1), "b/2.jpg": photo(t, 2)}.folder(t)
	set, err := Open(dir, Options{Format: "folders"})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if len(set.Images) != 2 || set.Images[1].Split != store.Test {
		t.Errorf("%q", describe(set, dir))
	}
}
