package imageset

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// tree makes files of paths; those that end in .txt are text, others images.
func tree(t testing.TB, paths ...string) files {
	f := files{}
	for i, name := range paths {
		switch path.Ext(name) {
		case ".txt", ".svg":
			f[name] = "text"
		case ".zip":
			f[name] = "PK\x03\x04"
		default:
			f[name] = photo(t, byte(i))
		}
	}
	return f
}

// pairs lists one image of each of two classes in each part.
func classesIn(parts ...string) []string {
	var out []string
	for _, p := range parts {
		out = append(out, p+"/ant/0.png", p+"/bee/0.png")
	}
	return out
}

// What folders are taken for. want lists the classes and how many images train, are held out and in the gallery; or is part
// of the error. left counts the files that are left out.
func TestFolders(t *testing.T) {
	with := func(paths []string, more ...string) []string { return append(paths, more...) }
	for _, c := range []struct {
		name  string
		paths []string
		want  string
		left  int
	}{
		{"classes", classesIn("."), "ant bee: 1 1 0", 0},
		{"train and test", classesIn("train", "test"), "ant bee: 2 2 0", 0},
		{"train and val", classesIn("Train", "VAL"), "ant bee: 2 2 0", 0},
		{"three parts", classesIn("training", "validation", "testing"), "ant bee: 2 4 0", 0},
		{"valid and dev", classesIn("train", "valid", "dev"), "ant bee: 2 4 0", 0},
		{"query and gallery", classesIn("query", "gallery"), "ant bee: 0 2 2", 0},
		{"a gallery that nothing asks", classesIn("train", "gallery"), "ant bee: 2 2 0", 0},
		{"with words and years", classesIn("train_set", "val2017 images"), "ant bee: 2 2 0", 0},
		{"with a common word", with(classesIn("seg_train", "seg_test"), "seg_pred/1.png", "seg_pred/2.png"), "ant bee: 2 2 0", 2},
		{"repeated folders", classesIn("training_set/training_set", "test_set/test_set"), "ant bee: 2 2 0", 0},
		{"in a wrapper", with(classesIn("a/b/train", "a/b/val"), "a/readme.txt", "cover.png"), "ant bee: 2 2 0", 2},
		{"beside a folder without images", with(classesIn("train", "test"), "notes/x.txt"), "ant bee: 2 2 0", 1},
		{"beside a folder with images", with(classesIn("train", "test"), "extra/ant/0.png"), "of the folders, test, train look like parts of a set, and extra does not", 0},
		{"one part beside classes", with(classesIn("train"), "cat/0.png"), "train looks like a part of a set, and cat does not", 0},
		{"a class named train", []string{"bus/0.png", "car/0.png", "train/0.png"}, "bus car train: 1 2 0", 0},
		{"one part alone", classesIn("train"), "ant bee: 1 1 0", 0},
		{"a flat test part", with(classesIn("train"), "test/0.png", "test/1.png"), "ant bee: 1 1 0", 2},
		{"images beside a part's classes", with(classesIn("train", "test"), "test/0.png"), "ant bee: 2 2 0", 1},
		{"a flat test part in a folder of its name", with(classesIn("x_train/x_train"), "x_test/x_test/0.png", "x_test/x_test/1.png"), "ant bee: 1 1 0", 2},
		{"words run together, of two kinds", classesIn("TrainSet", "myTestImages"), "TrainSet looks like a part of a set, and myTestImages does not", 0},
		{"words run together, of one kind", classesIn("TrainSet", "TestSet"), "ant bee: 2 2 0", 0},
		{"two sides of a translation", []string{"trainA/0.png", "trainB/1.png", "testA/0.png", "testB/1.png"}, "which look like parts of a set", 0},
		{"a name spelled in two ways", []string{"train/\u00e9/0.png", "train/bee/0.png", "test/e\u0301/0.png"}, "bee \u00e9: 2 1 0", 0},
		{"a name of two folders", []string{"\u00e9/0.png", "e\u0301/1.png", "bee/0.png"}, "bee \u00e9: 1 2 0", 0},
		{"an archive among classes", with(classesIn("."), "more.zip", "ant/logo.svg"), "ant bee: 1 1 0", 2},
		{"flat parts", []string{"train/0.png", "test/1.png"}, "the images lie directly in test, train", 0},
		{"parts below classes", []string{"ant/train/0.png", "ant/test/1.png", "bee/train/0.png", "bee/test/0.png"}, "ant bee: 2 2 0", 0},
		{"parts in the middle", []string{"x/train/ant/0.png", "x/test/ant/0.png", "y/train/bee/0.png", "z/0.png"}, "look like parts of a set, and do not all", 0},
		{"the same classes twice", classesIn("day", "night"), "the same 2 classes stand below several folders", 0},
		{"folds", classesIn("fold1", "fold2", "fold3"), "below several folders", 0},
		{"families", []string{"vw/golf/0.png", "vw/polo/0.png", "audi/a4/0.png"}, "audi/a4 vw/golf vw/polo: 1 2 0", 0},
		{"folders below a class", []string{"Leek/0.png", "Leek/sub/1.png", "Leek/sub/deep/2.png", "Kale/0.png"}, "Kale Leek: 1 3 0", 0},
		{"folders that say nothing", []string{"train/ant/images/0.png", "train/bee/images/0.png", "val/images/0.png", "val/images/1.png"}, "ant bee: 1 1 0", 2},
		{"class and images", []string{"ant/images/0.png", "bee/images/0.png"}, "ant bee: 1 1 0", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := tree(t, c.paths...)
			for kind, place := range map[string]string{"folder": f.folder(t), "zip": write(t, "set.zip", f.zip(t, ""))} {
				set, err := Open(place, Options{})
				if err != nil {
					if !strings.Contains(err.Error(), c.want) {
						t.Errorf("%s: %v, want %s", kind, err, c.want)
					}
					if _, err := Open(place, Options{Format: "folders"}); err != nil && strings.Contains(err.Error(), errUnclear.Error()) {
						t.Errorf("%s: %v", kind, err)
					}
					continue
				}
				var n [3]int
				for _, im := range set.Images {
					n[im.Split]++
				}
				got := fmt.Sprintf("%s: %d %d %d", strings.Join(set.Classes, " "), n[0], n[1], n[2])
				if got != c.want || len(set.Left) != c.left || len(set.Images)+len(set.Left) != len(c.paths) {
					t.Errorf("%s: %s and %d left out (%v), want %s and %d", kind, got, len(set.Left), set.Left, c.want, c.left)
				}
				if err := set.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// What is unclear is read as folders where the user insists.
func TestFoldersInsist(t *testing.T) {
	set, err := Open(tree(t, classesIn("day", "night")...).folder(t), Options{Format: "folders"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(set.Classes, " "); got != "day/ant day/bee night/ant night/bee" {
		t.Error(got)
	}
}

// Random trees: every file is either an image of the set or left out by name, once, or lies in a folder that is.
func TestNothingIsPassedOver(t *testing.T) {
	names := []string{"train", "test", "val", "ant", "bee", "images", "Leek", ".git", "__MACOSX", "extra", "query", "sub"}
	endings := []string{".png", ".JPG", "", ".txt", ".jpg_large", ".heic", ".csv~"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := files{}
		for range 2 + r.IntN(25) {
			name := ""
			for range r.IntN(5) {
				name = path.Join(name, names[r.IntN(len(names))])
			}
			name = path.Join(name, fmt.Sprintf("%d%s", r.IntN(4), endings[r.IntN(len(endings))]))
			f[name] = []string{photo(t, byte(seed)), "text", ""}[r.IntN(3)]
		}
		place := f.folder(t)
		set, err := Open(place, Options{Format: "folders"})
		if err != nil {
			continue // one class, or none
		}
		met := map[string]int{}
		for _, im := range set.Images {
			met[im.Path]++
		}
		for _, l := range set.Left {
			met[l.Path]++
		}
		for name := range f {
			at := filepath.Join(place, filepath.FromSlash(name))
			for at != place && met[at] == 0 {
				at = filepath.Dir(at)
			}
			if met[at] != 1 {
				t.Errorf("seed %d: %s is met %d times", seed, name, met[at])
			}
		}
		for at, n := range met {
			if _, err := os.Lstat(at); err != nil || n != 1 {
				t.Errorf("seed %d: %s is met %d times: %v", seed, at, n, err)
			}
		}
		set.Close()
	}
}

// Links, names that are not UTF-8, and what is no file.
func TestOnDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("names of any bytes are Linux's")
	}
	dir := tree(t, "ant/0.png", "bee\xe9/0.png", "bee\xe9/1", "pool/cat/0.png").folder(t)
	in := func(name string) string { return filepath.Join(dir, name) }
	for link, target := range map[string]string{"ant/loop": "..", "ant/gone": "nowhere", "dog": "pool/cat", "ant/device": "/dev/null"} {
		if err := os.Symlink(target, in(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, pipe := range []string{"ant/x.jpg", "y.png", "images.txt"} {
		makePipe(t, in(pipe))
	}
	set, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if got, want := strings.Join(set.Classes, " "), `ant bee\xe9 dog pool/cat`; got != want {
		t.Errorf("classes %s, want %s", got, want)
	}
	for _, im := range set.Images {
		if _, err := pixelsOf(im); err != nil {
			t.Error(err)
		}
	}
	left := map[string]string{}
	for _, l := range set.Left {
		left[strings.TrimPrefix(l.Path, dir+"/")] = l.Reason
	}
	want := map[string]string{"ant/loop": "a link to a folder above it", "ant/gone": "a link that leads nowhere",
		"ant/device": "not a file but a device", "ant/x.jpg": "not a file but a named pipe", "y.png": "not a file but a named pipe",
		"images.txt": "not a file but a named pipe"}
	if !maps.Equal(left, want) {
		t.Errorf("left out %v, want %v", left, want)
	}
	if _, err := Open(in("y.png"), Options{}); err == nil || !strings.Contains(err.Error(), "it is a named pipe") {
		t.Errorf("error %v", err)
	}
	list := write(t, "list.csv", []byte(in("ant/0.png")+",a\n"+in("ant/x.jpg")+",b\n"))
	listed, err := Open(list, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pixelsOf(listed.Images[1]); err == nil || !strings.Contains(err.Error(), "named pipe") {
		t.Errorf("error %v", err)
	}
}

// Any or no ending: the content tells.
func TestSniffed(t *testing.T) {
	jpg, err := os.ReadFile("testdata/grey.jpg")
	if err != nil {
		t.Fatal(err)
	}
	f := files{"a/noending": photo(t, 1), "a/x.jpg_large": string(jpg), "a/y.png ": photo(t, 2), "b/z.jpg?w=200": string(jpg),
		"b/1.ppm": "P6 1 1 255\n\x01\x02\x03", "b/BM": "BMW M3 is the name of a car", "b/P1": "P1 in a text", "b/empty": "",
		"b/II": "II*\x00\x08\x00\x00\x00"}
	set, err := Open(write(t, "set.tar", f.tar(t, "")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var left []string
	for _, l := range set.Left {
		left = append(left, path.Base(filepath.ToSlash(l.Path))+" "+l.Reason)
	}
	slices.Sort(left)
	want := []string{"BM not an image", "P1 not an image", "empty not an image"}
	if len(set.Images) != 6 || !slices.Equal(left, want) {
		t.Errorf("%d images, left out %q, want 6 and %q", len(set.Images), left, want)
	}
}
