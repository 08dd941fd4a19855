package imageset

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/dvml/dvml/store"
)

// wide encodes text as UTF-16 with its mark.
func wide(text string) string {
	b := []byte("\xff\xfe")
	for _, u := range utf16.Encode([]rune(text)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// Tables as programs write them. want is classes and how many train, are held out and in the gallery, or part of the error;
// i/0.png to i/3.png are there, and train/a.jpg to train/d.jpg.
func TestCSV(t *testing.T) {
	rows := "i/0.png,ant\ni/1.png,bee\ni/2.png,ant\ni/3.png,bee\n"
	for _, c := range []struct{ name, file, text, want string }{
		{"plain", "x.csv", rows, "ant bee: 2 2 0"},
		{"spaces", "x.csv", " i/0.png , ant \ni/1.png\t,bee\u00a0\n\ti/2.png,ant\u200b\ni/3.png ,bee\n", "ant bee: 2 2 0"},
		{"backslashes", "x.csv", strings.ReplaceAll(rows, "/", `\`), "ant bee: 2 2 0"},
		{"sep=;", "x.csv", "sep=;\npath;label\n" + strings.ReplaceAll(rows, ",", ";"), "ant bee: 2 2 0"},
		{"a comma in the header", "x.csv", "path;label;note, more\ni/0.png;ant;x\ni/1.png;bee;y\n", "ant bee: 1 1 0"},
		{"quoted sep=;", "x.csv", "\"sep=;\"\n" + strings.ReplaceAll(rows, ",", ";"), "ant bee: 2 2 0"},
		{"bars", "x.csv", strings.ReplaceAll(rows, ",", "|"), "ant bee: 2 2 0"},
		{"both kinds of slashes", "x.csv", strings.Replace(rows, "i/1", `i\1`, 1), "ant bee: 2 2 0"},
		{"a slash at the front", "x.csv", "/" + strings.ReplaceAll(rows, "\n", "\n/")[:len(rows)+3], "ant bee: 2 2 0"},
		{"a comma at the end", "x.csv", strings.ReplaceAll(rows, "\n", ",\n"), "ant bee: 2 2 0"},
		{"a comma at the end, and then a split", "x.csv", "i/0.png,ant,\ni/1.png,bee,test\n", `x.csv line 2: a third field, "test"`},
		{"a comma in a label", "x.csv", "i/0.png,ant, red\ni/1.png,bee\n", `split "red": expected train`},
		{"a quote in a label", "x.csv", "i/0.png,5\" ant\ni/1.png,bee\n", "x.csv line 1: a double quote that does not belong there"},
		{"another machine's paths", "x.csv", "C:\\i\\0.png,ant\nC:\\i\\1.png,bee\n", "the first is C:/i/0.png: it is a path of another machine"},
		{"addresses", "x.csv", "https://x/0.png,ant\nhttps://x/1.png,bee\n", "it is an address on the web"},
		{"nothing there", "x.csv", "j/0.png,ant\nj/1.png,bee\n", "none of the 2 files that x.csv lists is there, the first is j/0.png: paths are taken from"},
		{"a web page", "x.csv", "<!DOCTYPE html>.png,\n", "is a web page, or XML, not a table"},
		{"a spreadsheet", "x.csv", "PK\x03\x04 .png,\n", "an archive or a spreadsheet: save it as CSV"},
		{"named .tsv", "x.tsv", strings.ReplaceAll(rows, ",", "\t"), "ant bee: 2 2 0"},
		{"tabs", "x.csv", strings.ReplaceAll(rows, ",", "\t"), "ant bee: 2 2 0"},
		{"UTF-16", "x.csv", wide("path,label\r\ni/0.png,Käfer\r\ni/1.png,bee\r\n"), "Käfer bee: 1 1 0"},
		{"an old Mac's line ends", "x.csv", strings.ReplaceAll(rows, "\n", "\r"), "ant bee: 2 2 0"},
		{"é in two spellings", "x.csv", "i/0.png,caf\u00e9\ni/1.png,cafe\u0301\ni/2.png,bee\n", "bee caf\u00e9: 1 2 0"},
		{"Latin-1", "x.csv", "path,label\ni/0.png,ant\ni/1.png,b\xe9\n", "x.csv line 3: byte 10 of the line, 0xe9, is not UTF-8"},
		{"UTF-16 without its mark", "x.csv", wide(rows)[2:], "x.csv is UTF-16 or UTF-32 without its mark"},
		{"a control character", "x.csv", "i/0.png,ant\ni/1.png,be\ae\n", "x.csv line 2: field 2 holds a control character, U+0007"},
		{"a line within a field", "x.csv", "i/0.png,\"a\nb\"\n", "U+000A"},
		{"swapped", "x.csv", "ant,i/0.png\nbee,i/1.png\n", "the columns are swapped, expected path,label"},
		{"swapped under a header", "x.csv", "path,label\nant,i/0.png\nbee,i/1.png\n", "the columns path and label are swapped"},
		{"an error behind sep=", "x.csv", "sep=,\npath,label\ni/0.png,ant\ni/1.png\n", "x.csv line 4: 1 field, the rows above have 2"},
		{"parts' names", "x.csv", "i/0.png,ant,Training\ni/1.png,bee,valid\ni/2.png,ant,dev\ni/3.png,bee,TEST\n", "ant bee: 1 3 0"},
		{"Kaggle", "train.csv", "id,breed\na,ant\nb,bee\nc,bee\n", "ant bee: 1 2 0"},
		{"Kaggle with endings", "train.csv", "Image,Id\na.jpg,w_1\nb.jpg,w_2\n", "w_1 w_2: 1 1 0"},
		{"open-metric-learning", "df.csv", "label,path,split,is_query,is_gallery,category\n1,i/0.png,train,,,x\n2,i/1.png,validation,True,True,x\n" +
			"2,i/2.png,validation,True,True,x\n", "1 2: 1 2 0"},
		{"open-metric-learning's gallery", "df.csv", "label,path,split,is_query,is_gallery\n1,i/0.png,train,,\n2,i/1.png,validation,1.0,0.0\n" +
			"2,i/2.png,validation,0.0,1.0\n", "1 2: 1 1 1"},
		{"open-metric-learning's mixture", "df.csv", "label,path,split,is_query,is_gallery\n1,i/0.png,train,,\n2,i/1.png,validation,True,True\n" +
			"2,i/2.png,validation,False,True\n", "some images are query and gallery at once"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := files{c.file: c.text, "sample_submission.csv": "id,breed\ne,ant\n"}
			for n := range 4 {
				f[fmt.Sprintf("i/%d.png", n)] = photo(t, byte(n))
				f[fmt.Sprintf("train/%c.jpg", 'a'+n)] = photo(t, byte(10+n))
			}
			dir := f.folder(t)
			for kind, place := range map[string]string{"folder": dir, "named": filepath.Join(dir, c.file), "zip": write(t, "s.zip", f.zip(t, ""))} {
				if kind != "named" && filepath.Ext(c.file) != ".csv" { // found only where it is named
					continue
				}
				set, err := Open(place, Options{})
				if err != nil {
					if !strings.Contains(err.Error(), c.want) {
						t.Errorf("%s: %v, want %s", kind, err, c.want)
					}
					continue
				}
				var n [3]int
				for _, im := range set.Images {
					n[im.Split]++
					if _, err := pixelsOf(im); err != nil {
						t.Errorf("%s: %v", kind, err)
					}
				}
				got := fmt.Sprintf("%s: %d %d %d", strings.Join(set.Classes, " "), n[0], n[1], n[2])
				if got != c.want {
					t.Errorf("%s: %s, want %s", kind, got, c.want)
				}
				if total := len(set.Images) + len(set.Left); kind != "named" && total != len(f)-1 && set.Name == "csv" {
					t.Errorf("%s: %d of %d files are told of", kind, total, len(f))
				}
				set.Close()
			}
		})
	}
}

// A table for each part of the set.
func TestCSVOfParts(t *testing.T) {
	set, err := Open(files{"train.csv": "path,label\n1.png,a\n2.png,b\n", "val.csv": "path,label\n3.png,c\n", "1.png": photo(t, 1), "2.png": photo(t, 2),
		"3.png": photo(t, 3)}.folder(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if len(set.Images) != 3 || set.Images[2].Split != store.Test || set.Images[0].Split != store.Train || set.Dealt {
		t.Errorf("%+v", set)
	}
}

// Bare names in the only folder beside the table, and a column that says nothing here.
func TestCSVBesideAFolder(t *testing.T) {
	set, err := Open(files{"x.csv": "file,class,fold\n1.png,a,0\n2.png,b,1\n", "shots/1.png": photo(t, 1), "shots/2.png": photo(t, 2)}.folder(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if len(set.Images) != 2 || len(set.Notes) != 1 || set.Notes[0] != "x.csv: columns that are not read: fold" {
		t.Errorf("%d images, notes %q", len(set.Images), set.Notes)
	}
}

func TestNamesThatLookTheSame(t *testing.T) {
	got := fmt.Sprint(alike([]string{"Ant", "ant ", "bee", "cat  b", "cat b", "dog"}))
	if want := `[the classes ["Ant" "ant "] differ by capitals or spaces alone, and are kept apart the classes ["cat  b" "cat b"] differ by capitals or spaces alone, and are kept apart]`; got != want {
		t.Error(got)
	}
}
