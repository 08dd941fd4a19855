package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/index/gather"
)

// colours is a model whose embedding is the colours of 4 x 4 squares: fast, and like a trained one
// in all that the server sees.
type colours struct {
	name      string
	slow      time.Duration // that a batch takes
	faults    atomic.Bool   // the next batch panics
	batches   atomic.Int64
	images    atomic.Int64
	unfitted  bool
	preparing func() // called by Prepare
}

const coloursSize = 16

func (m *colours) Dim() int          { return 48 }
func (m *colours) Size() int         { return coloursSize }
func (m *colours) Fit() imageset.Fit { return imageset.Stretch }
func (m *colours) Close() error      { return nil }

func (m *colours) Prepare(photograph []byte) ([]byte, error) {
	if m.preparing != nil {
		m.preparing()
	}
	return imageset.Decode(bytes.NewReader(photograph), coloursSize, imageset.Stretch)
}

func (m *colours) PrepareImage(img image.Image) ([]byte, error) {
	return imageset.Planes(img, coloursSize, imageset.Stretch)
}

func (m *colours) ForIndex() (index.Model, error) {
	return index.Model{Fingerprint: "colours" + m.name, Dim: m.Dim(), Checkpoint: "/models/" + m.name, Digest: "12"}, nil
}

func (m *colours) Info() (dvml.Info, error) {
	i := dvml.Info{Path: "/models/run" + m.name + "/best.safetensors", Fingerprint: "colours" + m.name, Dim: m.Dim(), Classes: []string{"a", "b"}}
	if !m.unfitted {
		i.Calibration = &calibrate.Calibration{Curve: calibrate.Curve{Form: calibrate.Logistic, Slope: 60, Offset: -57}, Share: .5, Images: 40, Classes: 10,
			Open: calibrate.Open{Threshold: .97, Missed: .1, False: .1}}
	}
	return i, nil
}

func (m *colours) EmbedPrepared(_ context.Context, pixels []byte) ([]float32, error) {
	if m.faults.Swap(false) {
		panic("a fault of the network")
	}
	time.Sleep(m.slow)
	const square = 3 * coloursSize * coloursSize
	var rows []float32
	m.batches.Add(1)
	for ; len(pixels) >= square; pixels = pixels[square:] {
		m.images.Add(1)
		row := make([]float32, m.Dim())
		for at, v := range pixels[:square] {
			plane, y, x := at/(coloursSize*coloursSize), at/coloursSize%coloursSize, at%coloursSize
			row[plane*16+y/4*4+x/4] += float32(v) + 1
		}
		rows = append(rows, row...)
	}
	dvml.Normalise(rows, m.Dim())
	return rows, nil
}

// picture is photograph number n, of one of 5 colours.
func picture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 40, 30))
	base := []color.RGBA{{200, 30, 30, 255}, {30, 200, 30, 255}, {30, 30, 200, 255}, {200, 200, 30, 255}, {30, 200, 200, 255}}[n%5]
	for y := range 30 {
		for x := range 40 {
			c := base
			c.R += uint8((n*7 + x) % 32)
			c.G += uint8((n*3 + y) % 32)
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// photographs writes n pictures into folders of their classes.
func photographs(t testing.TB, folder string, n int) {
	t.Helper()
	for i := range n {
		path := filepath.Join(folder, fmt.Sprintf("class%d", i%5), fmt.Sprintf("%03d.jpg", i))
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, picture(i), 0o644))
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// indexed makes an index of n photographs in a new folder and returns both.
func indexed(t testing.TB, m *colours, n int) (index_, folder string) {
	t.Helper()
	dir := t.TempDir()
	folder, index_ = filepath.Join(dir, "photos"), filepath.Join(dir, "photos.dvml")
	photographs(t, folder, n)
	makeIndex(t, m, index_, folder)
	return index_, folder
}

func makeIndex(t testing.TB, m *colours, index_, folder string) {
	t.Helper()
	made, err := m.ForIndex()
	must(t, err)
	w, err := index.Create(index_, made)
	must(t, err)
	about, err := m.Info()
	must(t, err)
	_, err = w.Calibrate(about.Calibration)
	must(t, err)
	_, err = gather.Update(context.Background(), w, m, []string{folder}, gather.Options{Fit: m.Fit()})
	must(t, err)
	must(t, w.BuildGraph(context.Background(), 5, nil))
	must(t, w.Close())
}

// site is a server under test.
type site struct {
	t      testing.TB
	s      *Server
	http   *httptest.Server
	folder string // of the photographs
	log    *safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

const testToken = "the-token"

// served starts a server over an index of n photographs and waits until it is ready.
func served(t testing.TB, m *colours, n int, change ...func(*Options)) *site {
	t.Helper()
	index_, folder := indexed(t, m, n)
	return serve(t, m, index_, folder, change...)
}

func serve(t testing.TB, m *colours, index_, folder string, change ...func(*Options)) *site {
	t.Helper()
	log := &safeBuffer{}
	o := Options{Index: index_, Checkpoint: "model", Loopback: true, Token: testToken, Version: "test", Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Open: func(string) (Model, error) { return m, nil }}
	for _, c := range change {
		c(&o)
	}
	s := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	h := httptest.NewUnstartedServer(s)
	h.Config = s.HTTP()
	h.Start()
	s.Start(ctx)
	t.Cleanup(func() { cancel(); h.Close(); s.Close() })
	x := &site{t, s, h, folder, log}
	x.wait("the server is ready", func() bool { return x.get("/healthz/ready").StatusCode == http.StatusOK })
	return x
}

// wait waits until something holds.
func (x *site) wait(what string, holds func() bool) {
	x.t.Helper()
	for until := time.Now().Add(20 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			x.t.Fatalf("waited for long: %s\n%s", what, x.log)
		}
	}
}

// answer is a response whose body was read.
type answer struct {
	*http.Response
	body []byte
}

func (a answer) json(t testing.TB, to any) {
	t.Helper()
	if err := json.Unmarshal(a.body, to); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

func (x *site) request(method, path string, body io.Reader, headers ...string) *http.Request {
	x.t.Helper()
	r, err := http.NewRequest(method, x.http.URL+path, body)
	must(x.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// do sends a request and validates the answer against the OpenAPI document.
func (x *site) do(r *http.Request) answer {
	x.t.Helper()
	got, err := http.DefaultClient.Do(r)
	must(x.t, err)
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	must(x.t, err)
	if err := valid(r, got, body); err != nil {
		x.t.Errorf("%s %s: the answer is not what openapi.json says: %v\n%.500s", r.Method, r.URL.Path, err, body)
	}
	return answer{got, body}
}

func (x *site) get(path string, headers ...string) answer {
	x.t.Helper()
	return x.do(x.request("GET", path, nil, headers...))
}

func (x *site) post(path, contentType string, body []byte, headers ...string) answer {
	x.t.Helper()
	return x.do(x.request("POST", path, bytes.NewReader(body), append([]string{"Content-Type", contentType}, headers...)...))
}

func (x *site) postJSON(path, body string, headers ...string) answer {
	x.t.Helper()
	return x.post(path, "application/json", []byte(body), headers...)
}

// field is a part of a form.
type field struct {
	name string
	data []byte
}

func formOf(t testing.TB, fields ...field) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		var part io.Writer
		var err error
		if f.name == "image" {
			part, err = w.CreateFormFile("image", "photograph.jpg")
		} else {
			part, err = w.CreateFormField(f.name)
		}
		must(t, err)
		_, err = part.Write(f.data)
		must(t, err)
	}
	must(t, w.Close())
	return w.FormDataContentType(), b.Bytes()
}

// expect checks a status, and that an error is a problem.
func (a answer) expect(t testing.TB, status int) answer {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s: status %d, want %d: %.500s", a.Request.URL, a.StatusCode, status, a.body)
	}
	if status >= 400 && a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s: content type %q of an error", a.Request.URL, a.Header.Get("Content-Type"))
	}
	return a
}

var document = sync.OnceValues(func() (*openapi3.T, error) {
	for _, t := range []string{"image/jpeg", "image/png", "image/*", "application/octet-stream", "text/plain", "text/csv"} {
		openapi3filter.RegisterBodyDecoder(t, openapi3filter.FileBodyDecoder)
	}
	doc, err := openapi3.NewLoader().LoadFromData(openapi)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	return doc, err
})

// valid holds an answer against the document. The page's files are not in it.
func valid(r *http.Request, got *http.Response, body []byte) error {
	doc, err := document()
	if err != nil {
		return err
	}
	path, item := described(doc, r.URL.Path)
	if item == nil || item.GetOperation(r.Method) == nil {
		if got.StatusCode < 400 && r.Method != http.MethodHead && strings.HasPrefix(r.URL.Path, "/v1/") {
			return errors.New("the route is not in the document")
		}
		return nil
	}
	in := &openapi3filter.RequestValidationInput{Request: r, Route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method)}}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.StatusCode, Header: got.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true}}
	out.SetBodyBytes(body)
	return openapi3filter.ValidateResponse(context.Background(), out)
}

// described finds a path of the document, of which one without a parameter comes first.
func described(doc *openapi3.T, path string) (string, *openapi3.PathItem) {
	if item := doc.Paths.Value(path); item != nil {
		return path, item
	}
	parts := strings.Split(path, "/")
	for template, item := range doc.Paths.Map() {
		of := strings.Split(template, "/")
		same := len(of) == len(parts)
		for i := 0; same && i < len(of); i++ {
			same = of[i] == parts[i] || strings.HasPrefix(of[i], "{")
		}
		if same {
			return template, item
		}
	}
	return "", nil
}
