package server

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/index"
)

func TestInfo(t *testing.T) {
	x := served(t, &colours{}, 20)
	var v infoView
	x.get("/v1/info").expect(t, 200).json(t, &v)
	if v.Index.Items != 20 || v.Index.Classes != 5 || !v.Index.HasGraph || v.Index.FolderName != "photos" {
		t.Errorf("index: %+v", v.Index)
	}
	if v.Model == nil || v.Model.Name != "run" || v.Model.Dim != 48 || !v.Index.Calibrated || v.Indexing != nil || !v.TokenNeeded || v.ReadOnly {
		t.Errorf("%+v %+v", v, v.Model)
	}
}

func TestListing(t *testing.T) {
	x := served(t, &colours{}, 23)
	var page struct {
		Total int
		Items []itemView
	}
	x.get("/v1/items?class=class1&order=path&offset=1&limit=2").expect(t, 200).json(t, &page)
	if page.Total != 5 || len(page.Items) != 2 || !strings.HasSuffix(page.Items[0].Path, "006.jpg") || page.Items[1].Class != "class1" {
		t.Errorf("%+v", page)
	}
	if x.get("/v1/items?limit=5000").expect(t, 400); !strings.Contains(string(x.get("/v1/items?order=x").expect(t, 400).body), "expected id, path or class") {
		t.Error("the reason is not told")
	}
	raw := x.get("/v1/items/ids?order=class").expect(t, 200)
	if len(raw.body) != 4*23 {
		t.Fatalf("%d bytes", len(raw.body))
	}
	first := binary.LittleEndian.Uint32(raw.body)
	x.postJSON("/v1/items/batch", fmt.Sprintf(`{"ids":[%d,999999]}`, first)).expect(t, 200).json(t, &page)
	if len(page.Items) != 1 || page.Items[0].ID != int64(first) || page.Items[0].Class != "class0" {
		t.Errorf("%+v", page.Items)
	}
	x.get("/v1/items?after=2999-01-01").expect(t, 200).json(t, &page)
	if page.Total != 0 {
		t.Errorf("%d from the future", page.Total)
	}
	x.get("/v1/items?after=soon").expect(t, 400)

	var classes struct{ Classes []index.Class }
	x.get("/v1/classes").expect(t, 200).json(t, &classes)
	if len(classes.Classes) != 5 || classes.Classes[0] != (index.Class{Name: "class0", Items: 5}) {
		t.Errorf("%+v", classes)
	}
	var folders struct{ Folders []folderView }
	x.get("/v1/folders").expect(t, 200).json(t, &folders)
	if len(folders.Folders) != 1 || folders.Folders[0].Path != x.folder || folders.Folders[0].Items != 23 {
		t.Fatalf("%+v", folders)
	}
	x.get("/v1/folders?under="+x.folder).expect(t, 200).json(t, &folders)
	if len(folders.Folders) != 5 || folders.Folders[4] != (folderView{"class4", filepath.Join(x.folder, "class4"), 4}) {
		t.Fatalf("%+v", folders)
	}
	x.get("/v1/items?folder="+folders.Folders[4].Path).expect(t, 200).json(t, &page)
	if page.Total != 4 {
		t.Errorf("%d in the folder", page.Total)
	}
}

// Where others reach the server, answers name files from the folder that was indexed on, and take such names back.
func TestNamesForOthers(t *testing.T) {
	x := served(t, &colours{}, 10, func(o *Options) { o.Loopback = false })
	for _, path := range []string{"/v1/info", "/v1/items", "/v1/items/1", "/v1/folders", "/v1/folders?under=photos", "/v1/items?folder=photos/class1", "/v1/items?folder=/etc"} {
		a := x.get(path)
		if strings.Contains(string(a.body), filepath.Dir(x.folder)) || strings.Contains(string(a.body), "/models") {
			t.Errorf("%s tells a path of the machine: %s", path, a.body)
		}
	}
	var page struct {
		Total int
		Items []itemView
	}
	x.get("/v1/items?folder=photos/class1").expect(t, 200).json(t, &page)
	if page.Total != 2 || page.Items[0].Path != "photos/class1/001.jpg" || page.Items[0].Places[0].Root != "photos" {
		t.Errorf("%+v", page)
	}
	x.get("/v1/items?folder=/etc").expect(t, 400)
}

func TestItem(t *testing.T) {
	x := served(t, &colours{}, 20)
	var page itemPage
	x.get("/v1/items/3?k=4").expect(t, 200).json(t, &page)
	if page.ID != 3 || len(page.Neighbours) != 4 || page.Neighbours[0].Item.Class != page.Class || page.Neighbours[0].Probability == nil || *page.Neighbours[0].Word != "same" {
		t.Errorf("%+v", page)
	}
	if s := page.Spread; s == nil || s.Items != 4 || s.Rank < 1 || s.Rank > 4 || s.Min > s.Mean {
		t.Errorf("spread %+v", page.Spread)
	}
	x.get("/v1/items/77").expect(t, 404)
	x.get("/v1/items/x").expect(t, 404)

	thumb := x.get(page.Thumb).expect(t, 200)
	if thumb.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(thumb.Header.Get("Cache-Control"), "immutable") || len(thumb.body) < 100 {
		t.Errorf("thumbnail: %v, %d bytes", thumb.Header, len(thumb.body))
	}
	x.get(page.Thumb, "If-None-Match", thumb.Header.Get("ETag")).expect(t, 304)
	x.get("/v1/thumb/3?h=0000").expect(t, 404)
	original := x.get(page.Original).expect(t, 200)
	want, err := os.ReadFile(page.Path)
	must(t, err)
	if string(original.body) != string(want) || original.Header.Get("Content-Type") != "image/jpeg" {
		t.Error("the original is another file")
	}
	if head := x.do(x.request("HEAD", page.Original, nil)); head.StatusCode != 200 || len(head.body) != 0 || head.ContentLength != int64(len(want)) {
		t.Errorf("HEAD: %d, %d bytes", head.StatusCode, head.ContentLength)
	}
}

func TestSearch(t *testing.T) {
	x := served(t, &colours{}, 30)
	form, body := formOf(t, field{"image", picture(31)}, field{"query", []byte(`{"k":3,"filter":{"classes":["class1"]}}`)})
	some := func(a searchAnswer, class string, n int) {
		t.Helper()
		if len(a.Hits) != n {
			t.Fatalf("%d hits, want %d", len(a.Hits), n)
		}
		for _, h := range a.Hits {
			if h.Item.Class != class {
				t.Errorf("a hit of class %s", h.Item.Class)
			}
		}
	}
	var a searchAnswer
	x.postJSON("/v1/search", `{"like":[8],"k":5}`).expect(t, 200).json(t, &a)
	some(a, "class1", 5)
	if a.Known == nil || !*a.Known || a.Hits[0].Item.ID == 8 || a.Searched != 30 || a.Hits[0].Score < a.Hits[4].Score {
		t.Errorf("%+v", a)
	}
	x.postJSON("/v1/search", `{"like":[8]}`).expect(t, 200).json(t, &a)
	some(a, "class1", 5) // they end where nothing is likely
	x.post("/v1/search", form, body).expect(t, 200).json(t, &a)
	some(a, "class1", 3)
	if a.Searched != 6 {
		t.Errorf("%d searched under a filter", a.Searched)
	}
	got := x.post("/v1/search?k=2&crop=0,0,.5,.5", "image/jpeg", picture(33)).expect(t, 200)
	got.json(t, &a)
	some(a, "class3", 2)
	for _, part := range []string{"decode;dur=", "queue;dur=", "embed;dur=", "search;dur=", "total;dur="} {
		if !strings.Contains(got.Header.Get("Server-Timing"), part) {
			t.Errorf("Server-Timing %q lacks %s", got.Header.Get("Server-Timing"), part)
		}
	}
	x.post("/v1/search?k=1", "image/jpeg", picture(7)).expect(t, 200).json(t, &a) // of the index
	if a.Hits[0].Score < .9999 {
		t.Errorf("the photograph itself has score %v", a.Hits[0].Score)
	}
	for _, wrong := range []string{`{"k":3}`, `{"like":[1],"k":-1}`, `{"like":[1],"radius":3}`, `{"like":[1],"speed":3}`, `{"like":1}`, `{"vector":[1,2]}`, `{"like":[1]} x`, ``,
		`{"like":[1],"filter":{"after":"now"}}`, `{"vector":[0` + strings.Repeat(",0", 47) + `]}`} {
		x.postJSON("/v1/search", wrong).expect(t, 400)
	}
	x.postJSON("/v1/search", `{"like":[4711]}`).expect(t, 404)
	x.post("/v1/search?crop=.5,.5,.6,.1", "image/jpeg", picture(7)).expect(t, 400)
}

// Without a calibration nothing is said about probabilities.
func TestSearchUncalibrated(t *testing.T) {
	x := served(t, &colours{unfitted: true}, 10)
	var a searchAnswer
	x.postJSON("/v1/search", `{"like":[2]}`).expect(t, 200).json(t, &a)
	if len(a.Hits) != 9 || a.Known != nil || a.Hits[0].Probability != nil || a.Hits[0].Word != nil {
		t.Errorf("%+v", a)
	}
	x.postJSON("/v1/search", `{"like":[2],"min_probability":0.5}`).expect(t, 400)
}

// What scores mean is the index's to say: neither a model that was calibrated since, nor one that
// cannot be opened, nor another model changes it.
func TestIndexCalibrates(t *testing.T) {
	folder, photos := indexed(t, &colours{unfitted: true}, 10)
	var a searchAnswer
	serve(t, &colours{}, folder, photos).postJSON("/v1/search", `{"like":[2]}`).expect(t, 200).json(t, &a)
	if a.Known != nil || a.Hits[0].Probability != nil {
		t.Errorf("an index without a calibration: %+v", a)
	}
	folder, photos = indexed(t, &colours{}, 10)
	for name, open := range map[string]func(string) (Model, error){
		"the model is not calibrated": func(string) (Model, error) { return &colours{unfitted: true}, nil },
		"there is no model":           func(string) (Model, error) { return nil, os.ErrNotExist },
		"another model":               func(string) (Model, error) { return &colours{name: "B", unfitted: true}, nil },
	} {
		x := serve(t, &colours{}, folder, photos, func(o *Options) { o.Open = open })
		a = searchAnswer{}
		x.postJSON("/v1/search", `{"like":[2]}`).expect(t, 200).json(t, &a)
		if a.Known == nil || !*a.Known || a.Hits[0].Probability == nil || *a.Hits[0].Word != "same" {
			t.Errorf("%s: %+v", name, a)
		}
		var v infoView
		if x.get("/v1/info").expect(t, 200).json(t, &v); !v.Index.Calibrated || v.Index.RateAtKnown == nil {
			t.Errorf("%s: %+v", name, v.Index)
		}
	}
}

// A folder that is served has the calibration of the model that embeds it.
func TestFolderIsCalibrated(t *testing.T) {
	dir := t.TempDir()
	photographs(t, filepath.Join(dir, "photos"), 5)
	x := serve(t, &colours{}, filepath.Join(dir, "photos.dvml"), dir, func(o *Options) { o.Folders = []string{filepath.Join(dir, "photos")} })
	x.wait("the folder is indexed", func() bool {
		var v infoView
		x.get("/v1/info").expect(t, 200).json(t, &v)
		return v.Indexing == nil && v.Index.Items == 5 && v.Index.Calibrated
	})
}

func TestEmbed(t *testing.T) {
	m := &colours{}
	x := served(t, m, 5)
	want, err := m.EmbedPrepared(t.Context(), mustPrepare(t, m, picture(9)))
	must(t, err)
	var one embedded
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 200).json(t, &one)
	if len(one.Embeddings) != 1 || one.Dim != 48 || !equal(one.Embeddings[0], want) {
		t.Errorf("%+v", one)
	}
	form, body := formOf(t, field{"image", picture(8)}, field{"image", picture(9)})
	raw := x.post("/v1/embed", form, body, "Accept", "application/octet-stream").expect(t, 200)
	if raw.Header.Get("X-Dvml-Rows") != "2" || raw.Header.Get("X-Dvml-Dim") != "48" || !equal(fromBytes(raw.body[4*48:]), want) {
		t.Error("raw embeddings differ")
	}
	data := "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(picture(9))
	for format, read := range map[string]func(any) []float32{
		"float": func(v any) (row []float32) {
			for _, f := range v.([]any) {
				row = append(row, float32(f.(float64)))
			}
			return row
		},
		"base64": func(v any) []float32 {
			b, err := base64.StdEncoding.DecodeString(v.(string))
			must(t, err)
			return fromBytes(b)
		}} {
		ask, err := json.Marshal(map[string]any{"input": []string{data, data}, "model": "any", "encoding_format": format, "some_new_field": 1})
		must(t, err)
		var a openAIAnswer
		x.postJSON("/v1/embeddings", string(ask)).expect(t, 200).json(t, &a)
		if len(a.Data) != 2 || a.Data[1].Index != 1 || !equal(read(a.Data[1].Embedding), want) {
			t.Errorf("%s: %+v", format, a)
		}
	}
	problem := x.postJSON("/v1/embeddings", `{"input":"a cat"}`).expect(t, 400)
	if !strings.Contains(string(problem.body), `"message":"input 0: expected data:image`) {
		t.Errorf("%s", problem.body)
	}
	x.postJSON("/v1/embeddings", `{"input":[]}`).expect(t, 400)
	x.postJSON("/v1/embeddings", `{"input":"`+data+`","dimensions":7}`).expect(t, 400)
}

func mustPrepare(t *testing.T, m *colours, data []byte) []byte {
	t.Helper()
	pixels, err := m.Prepare(data)
	must(t, err)
	return pixels
}

func equal(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-6 {
			return false
		}
	}
	return true
}

func fromBytes(b []byte) (row []float32) {
	for ; len(b) >= 4; b = b[4:] {
		row = append(row, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return row
}

func TestCompare(t *testing.T) {
	x := served(t, &colours{}, 12)
	var a compareAnswer
	x.postJSON("/v1/compare", `{"a":1,"b":2}`).expect(t, 200).json(t, &a)
	if a.Same == nil || !*a.Same || *a.Probability < .9 || !strings.Contains(a.RestsOn, "40 images") {
		t.Errorf("%+v", a)
	}
	form, body := formOf(t, field{"image", picture(20)}, field{"image", picture(21)})
	x.post("/v1/compare", form, body).expect(t, 200).json(t, &a)
	if a.Same == nil || *a.Same || a.Distance <= 0 {
		t.Errorf("%+v", a)
	}
	x.postJSON("/v1/compare", `{"a":1}`).expect(t, 400)
	x.postJSON("/v1/compare", `{"a":1,"b":77}`).expect(t, 404)
	form, body = formOf(t, field{"image", picture(20)})
	x.post("/v1/compare", form, body).expect(t, 400)
}

// A folder is indexed while the server answers already, and what is new is found.
func TestIndexesAFolder(t *testing.T) {
	m := &colours{}
	dir := t.TempDir()
	folder := filepath.Join(dir, "photos")
	photographs(t, folder, 40)
	must(t, os.WriteFile(filepath.Join(folder, "broken.jpg"), []byte("no photograph"), 0o644))
	x := serve(t, m, filepath.Join(dir, "photos.dvml"), folder, func(o *Options) { o.Folders, o.Neighbours = []string{folder}, 5 })
	var v infoView
	x.wait("the folder is indexed", func() bool {
		v = infoView{}
		x.get("/v1/info").expect(t, 200).json(t, &v)
		return v.Indexing == nil && v.Index.Items == 40 && v.Index.HasGraph
	})
	if v.Index.Failed != 1 {
		t.Errorf("%d failed", v.Index.Failed)
	}
	var a searchAnswer
	x.post("/v1/search?k=1", "image/jpeg", picture(2)).expect(t, 200).json(t, &a)
	if len(a.Hits) != 1 || a.Hits[0].Score < .9999 {
		t.Errorf("%+v", a)
	}
}

func TestEvents(t *testing.T) {
	x := served(t, &colours{}, 3)
	got, err := http.Get(x.http.URL + "/v1/events")
	must(t, err)
	defer got.Body.Close()
	lines := bufio.NewScanner(got.Body)
	expect := func(want ...string) {
		t.Helper()
		for _, w := range append(want, "") {
			if !lines.Scan() || lines.Text() != w {
				t.Fatalf("%q, want %q", lines.Text(), w)
			}
		}
	}
	expect("event: indexing", "data: null")
	x.s.events.progress(&progress{Done: 3, Total: 9, Phase: "indexing"})
	expect("event: indexing", `data: {"done":3,"total":9,"failed":0,"rate":0,"eta_s":null,"phase":"indexing"}`)
	x.s.events.close()
	if lines.Scan() {
		t.Errorf("after the end: %q", lines.Text())
	}
}

func TestPageAndRoutes(t *testing.T) {
	x := served(t, &colours{}, 3)
	index := x.get("/").expect(t, 200)
	if !strings.Contains(string(index.body), "<html") || !strings.Contains(index.Header.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("%v %.200s", index.Header, index.body)
	}
	if view := x.get("/photo/3").expect(t, 200); string(view.body) != string(index.body) {
		t.Error("a view is not the page")
	}
	x.get("/", "If-None-Match", index.Header.Get("ETag")).expect(t, 304)
	x.get("/js/none.js").expect(t, 404)
	x.get("/v1/nothing").expect(t, 404)
	if a := x.get("/v1/search").expect(t, 405); a.Header.Get("Allow") != "POST" {
		t.Errorf("Allow %q", a.Header.Get("Allow"))
	}
	x.postJSON("/", "{}").expect(t, 405)
	x.get("/openapi.json").expect(t, 200)
	doc, err := document()
	must(t, err)
	for _, r := range x.s.table() {
		if path, item := described(doc, r.path); path != r.path || item.GetOperation(r.method) == nil {
			t.Errorf("%s %s is not in openapi.json", r.method, r.path)
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			found := false
			for _, r := range x.s.table() {
				found = found || r.path == path && r.method == method
			}
			if !found {
				t.Errorf("openapi.json has %s %s, the server has not", method, path)
			}
		}
	}
}
