package server

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dvml/dvml/server/batch"
)

// What cannot be embedded is refused, with a status for each reason, before it costs anything.
func TestRefusals(t *testing.T) {
	x := served(t, &colours{}, 3, func(o *Options) {
		o.MaxBytes, o.MaxPixels, o.Batch = 20000, 10000, batch.Options{MaxBatch: 2, Capacity: 3}
	})
	many, four := formOf(t, field{"image", picture(1)}, field{"image", picture(2)}, field{"image", picture(3)}, field{"image", picture(4)})
	long, big := formOf(t, field{"image", make([]byte, 20001)})
	odd, unknown := formOf(t, field{"picture", picture(1)})
	cut, half := formOf(t, field{"image", picture(1)})
	half = half[:len(half)/2]
	for _, c := range []struct {
		name, kind string
		body       []byte
		status     int
		detail     string
	}{
		{"too many bytes", "image/jpeg", make([]byte, 20001), 413, "expected at most 20000"},
		{"too many bytes in a part", long, big, 413, "more than 20000 bytes"},
		{"too many pixels", "image/png", pngHeader(101, 100), 413, "101 x 100 pixels"},
		{"too many pixels for any memory", "image/png", pngHeader(60000, 60000), 413, "60000 x 60000 pixels"},
		{"too many images", many, four, 413, "3 images"},
		{"text", "text/plain", []byte("hello"), 415, "text/plain"},
		{"JSON", "application/json", []byte("{}"), 415, "application/json"},
		{"no type", "", picture(1), 415, "expected image/*"},
		{"text that says it is JPEG", "image/jpeg", []byte("hello"), 422, "not an image: it starts with"},
		{"nothing", "image/jpeg", nil, 422, "empty"},
		{"a photograph that is cut", "image/jpeg", picture(1)[:600], 422, "cut short"},
		{"a damaged photograph", "image/png", append(pngHeader(10, 10), "IEND"...), 422, "png"},
		{"another part", odd, unknown, 400, `picture`},
		{"a form that is cut", cut, half, 400, "cut short"},
		{"a form without a boundary", "multipart/form-data", four, 415, "multipart"},
	} {
		got := x.post("/v1/embed", c.kind, c.body)
		if got.StatusCode != c.status || !strings.Contains(string(got.body), c.detail) {
			t.Errorf("%s: %d %s; want %d, %q", c.name, got.StatusCode, got.body, c.status, c.detail)
		}
	}
	x.post("/v1/embed", "image/jpeg", picture(1)).expect(t, 200)
	if held := x.s.model.Load().queue.Held(); held != 0 {
		t.Errorf("%d permits were not given back", held)
	}
	x.wait("the uploads are forgotten", func() bool { return x.s.reading.Load() == 0 })
}

// pngHeader promises w x h pixels and holds none.
func pngHeader(w, h uint32) []byte {
	head := append([]byte("IHDR"), 0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0)
	binary.BigEndian.PutUint32(head[4:], w)
	binary.BigEndian.PutUint32(head[8:], h)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

// Beyond what the queue holds a request is told at once when to come again; nothing but 200 and 429
// is answered, and what is accepted is right.
func TestOverload(t *testing.T) {
	m := &colours{slow: 20 * time.Millisecond}
	x := served(t, m, 3, func(o *Options) { o.Batch = batch.Options{MaxBatch: 2, Capacity: 4} })
	before := m.images.Load()
	var ok, refused, wrong atomic.Int64
	var slowest atomic.Int64 // of refusals, ns
	var clients sync.WaitGroup
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	defer transport.CloseIdleConnections()
	photograph := picture(9)
	for range 64 {
		clients.Go(func() {
			for range 20 {
				began := time.Now()
				got, err := (&http.Client{Transport: transport}).Post(x.http.URL+"/v1/embed", "image/jpeg", bytes.NewReader(photograph))
				if err != nil {
					wrong.Add(1)
					continue
				}
				io.Copy(io.Discard, got.Body) //nolint:errcheck // only the status counts
				got.Body.Close()
				switch after, _ := strconv.Atoi(got.Header.Get("Retry-After")); {
				case got.StatusCode == 200:
					ok.Add(1)
				case got.StatusCode == 429 && after >= 1:
					refused.Add(1)
					slowest.Store(max(slowest.Load(), int64(time.Since(began))))
				default:
					wrong.Add(1)
				}
			}
		})
	}
	clients.Wait()
	t.Logf("%d answered, %d refused, the slowest refusal took %v", ok.Load(), refused.Load(), time.Duration(slowest.Load()))
	if wrong.Load() != 0 || ok.Load() < 10 || refused.Load() < 10 {
		t.Errorf("%d answered, %d refused, %d something else", ok.Load(), refused.Load(), wrong.Load())
	}
	if done := m.images.Load() - before; done != ok.Load() {
		t.Errorf("%d photographs embedded for %d answers", done, ok.Load())
	}
	if held := x.s.model.Load().queue.Held(); held != 0 {
		t.Errorf("%d permits were not given back", held)
	}
}

// The queue is bounded by what is measured at the start, so that nobody who is accepted waits for
// long; a request that has it to itself may bring many photographs.
func TestPatience(t *testing.T) {
	m := &colours{slow: 20 * time.Millisecond} // a batch of any size: four take a quarter each
	x := served(t, m, 3, func(o *Options) { o.Patience = 3 })
	q := x.s.model.Load().queue
	var fields []field
	for i := range 40 {
		fields = append(fields, field{"image", picture(i)})
	}
	form, body := formOf(t, fields...)
	x.post("/v1/embed", form, body).expect(t, 200)
	one, err := q.Reserve(1)
	must(t, err)
	held := 1
	for ; q.Full() == nil; held++ {
		p, err := q.Reserve(1)
		must(t, err)
		defer p.Release()
	}
	if held < 3 || held > 24 {
		t.Errorf("%d photographs are held; expected about 12", held)
	}
	x.post("/v1/embed", "image/jpeg", picture(1)).expect(t, 429)
	one.Release()
	x.post("/v1/embed", "image/jpeg", picture(1)).expect(t, 200)
}

// A client that does not wait for its answer costs nothing more, and leaves its place to others.
func TestClientGone(t *testing.T) {
	m := &colours{slow: 100 * time.Millisecond}
	x := served(t, m, 3, func(o *Options) { o.Batch = batch.Options{MaxBatch: 1, Capacity: 8} })
	before := m.images.Load()
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			r := x.request("POST", "/v1/embed", bytes.NewReader(picture(9)), "Content-Type", "image/jpeg")
			if got, err := http.DefaultClient.Do(r.WithContext(ctx)); err == nil {
				got.Body.Close()
			}
		})
	}
	clients.Wait()
	x.wait("their permits come back", func() bool { return x.s.model.Load().queue.Held() == 0 })
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 200)
	if n := m.images.Load() - before; n > 4 {
		t.Errorf("%d photographs were embedded of clients that were gone", n)
	}
}

// A fault of the network, or of a route, costs one answer; the log has where it happened, the client is not told.
func TestPanic(t *testing.T) {
	m := &colours{}
	x := served(t, m, 3)
	m.faults.Store(true)
	a := x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 500)
	if strings.Contains(string(a.body), "fault of the network") || !strings.Contains(x.log.String(), "fault of the network") {
		t.Errorf("%s\n%s", a.body, x.log)
	}
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 200)
	m.preparing = func() { panic("a fault of a decoder") }
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 500)
	m.preparing = nil
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 200)
}

// stopped serves with a context of its own and returns how to stop it and what Serve gave.
func stopped(t *testing.T, m *colours, o Options) (address string, stop func() error) {
	t.Helper()
	o.Checkpoint, o.Loopback, o.Open = "model", true, func(string) (Model, error) { return m, nil }
	s := New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	s.Start(ctx)
	ended := make(chan error, 1)
	h := s.HTTP()
	go func() { ended <- s.Serve(ctx, h, l, h.Serve) }()
	t.Cleanup(func() { cancel(); s.Close() })
	address = "http://" + l.Addr().String()
	for until := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if got, err := http.Get(address + "/healthz/ready"); err == nil {
			got.Body.Close()
			if got.StatusCode == 200 {
				break
			}
		}
		if time.Now().After(until) {
			t.Fatal("not ready")
		}
	}
	return address, func() error { cancel(); return <-ended }
}

// A server that is told to stop answers every request that was sent, the last one of each
// connection with word that it is the last.
func TestDrain(t *testing.T) {
	m := &colours{slow: 5 * time.Millisecond}
	folder, _ := indexed(t, m, 3)
	address, stop := stopped(t, m, Options{Index: folder, Drain: 300 * time.Millisecond})
	var answered, lost atomic.Int64
	var first atomic.Value
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for {
				got, err := http.Post(address+"/v1/embed", "image/jpeg", bytes.NewReader(picture(9)))
				if err != nil {
					lost.Add(1)
					first.CompareAndSwap(nil, err.Error())
					return
				}
				io.Copy(io.Discard, got.Body) //nolint:errcheck // only the status counts
				got.Body.Close()
				if got.StatusCode != 200 {
					lost.Add(1)
					first.CompareAndSwap(nil, got.Status)
				}
				answered.Add(1)
				if got.Close { // as whoever balances load does, it asks elsewhere
					return
				}
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	if err := stop(); err != nil {
		t.Error(err)
	}
	clients.Wait()
	if answered.Load() < 20 || lost.Load() != 0 {
		t.Errorf("%d answered, %d lost: %v", answered.Load(), lost.Load(), first.Load())
	}
}

// A server that drains says that it is not ready, but lives.
func TestDrainReadiness(t *testing.T) {
	x := served(t, &colours{}, 3)
	x.s.draining.Store(true)
	x.get("/healthz/ready").expect(t, 503)
	if a := x.get("/healthz/live").expect(t, 200); !a.Close {
		t.Error("the connection was kept")
	}
}

// raw sends bytes over a connection and returns what comes back before it ends or a second is over.
func (x *site) raw(parts ...string) string {
	x.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(x.http.URL, "http://"))
	must(x.t, err)
	defer c.Close()
	for _, p := range parts {
		if _, err := io.WriteString(c, p); err != nil {
			break
		}
	}
	c.SetReadDeadline(time.Now().Add(2 * time.Second)) //nolint:errcheck // it cannot fail
	got, _ := io.ReadAll(c)                            //nolint:errcheck // a reset ends it as well
	return string(got)
}

// Clients that are slow, stop in the middle, or send what is no HTTP, hold nothing up and leave nothing behind.
func TestBadClients(t *testing.T) {
	x := served(t, &colours{}, 3, func(o *Options) { o.Slow = 150 * time.Millisecond })
	head := "POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
	if got := x.raw(head + "Content-Length: 1000\r\n\r\nabc"); !strings.HasPrefix(got, "HTTP/1.1 408") {
		t.Errorf("a body that does not come: %.300s", got)
	}
	if got := x.raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: ", strings.Repeat("x", 40<<10), "\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 431") {
		t.Errorf("a header of 40 KiB: %.300s", got)
	}
	if got := x.raw(head + "Content-Length: 99999999999\r\n\r\nabc"); !strings.HasPrefix(got, "HTTP/1.1 413") {
		t.Errorf("a body that promises 100 GB: %.300s", got)
	}
	if got := x.raw(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400") {
		t.Errorf("broken chunks: %.300s", got)
	}
	if got := x.raw("\x16\x03\x01\x00\xa5\x01\x00\x00\xa1"); !strings.HasPrefix(got, "HTTP/1.1 400") && got != "" {
		t.Errorf("TLS: %.300s", got)
	}
	for range 50 { // connections that are left half open
		c, err := net.Dial("tcp", strings.TrimPrefix(x.http.URL, "http://"))
		must(t, err)
		defer c.Close()
		io.WriteString(c, head+"Content-Length: 100\r\n\r\n") //nolint:errcheck // it may be refused
	}
	x.get("/v1/info").expect(t, 200)
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 200)
	x.wait("no upload is left", func() bool { return x.s.reading.Load() == 0 && x.s.model.Load().queue.Held() == 0 })
}

// Bodies of all requests together are bounded.
func TestUploadsAreBounded(t *testing.T) {
	x := served(t, &colours{}, 3, func(o *Options) { o.Uploads = 1000 })
	a := x.post("/v1/embed", "image/jpeg", make([]byte, 5000)).expect(t, 429)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	x.wait("the bytes are given back", func() bool { return x.s.reading.Load() == 0 })
}

// An index that takes the place of another is served, of another model too, and whoever still reads
// from the old one reads on.
func TestIndexReplaced(t *testing.T) {
	old := &colours{}
	x := served(t, old, 10, func(o *Options) {
		o.Open = func(path string) (Model, error) {
			if path == "model" {
				return old, nil
			}
			return &colours{name: strings.TrimPrefix(path, "/models/")}, nil
		}
	})
	holding, err := x.s.library.acquire()
	must(t, err)
	vector, err := holding.Vector(1)
	must(t, err)
	want := append([]float32{}, vector...)
	photographs(t, x.folder, 25)
	folder := x.s.o.Index
	makeIndex(t, &colours{name: "B"}, folder+".new", x.folder)
	must(t, os.Rename(folder, folder+".old"))
	x.get("/v1/items").expect(t, 200) // nothing lies there: the old one is served
	must(t, os.Rename(folder+".new", folder))
	must(t, os.RemoveAll(folder+".old"))
	var v infoView
	x.wait("the new index, and its model", func() bool {
		x.get("/v1/info").expect(t, 200).json(t, &v)
		return v.Index.Items == 25 && v.Model.Fingerprint == "coloursB"
	})
	x.post("/v1/search?k=3", "image/jpeg", picture(99)).expect(t, 200)
	if !equal(vector, want) {
		t.Error("the vector of the old index changed")
	}
	holding.release()
}

// A server without a model answers what needs none.
func TestNoModel(t *testing.T) {
	m := &colours{}
	folder, photos := indexed(t, m, 10)
	x := serve(t, m, folder, photos, func(o *Options) { o.Open = func(string) (Model, error) { return nil, os.ErrNotExist } })
	var v infoView
	x.get("/v1/info").expect(t, 200).json(t, &v)
	if v.Model != nil {
		t.Error("there is a model")
	}
	x.postJSON("/v1/search", `{"like":[1],"k":3}`).expect(t, 200)
	x.post("/v1/search?k=3", "image/jpeg", picture(2)).expect(t, 200) // the index has its content
	if a := x.post("/v1/search?k=3", "image/jpeg", picture(99)).expect(t, 503); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	x.post("/v1/embed", "image/jpeg", picture(2)).expect(t, 503)
}

// A damaged or vanished index is told of in the log, and nothing of the machine in the answer.
func TestIndexDamaged(t *testing.T) {
	x := served(t, &colours{}, 10)
	names, err := filepath.Glob(filepath.Join(x.s.o.Index, "vectors.*"))
	must(t, err)
	for _, name := range names {
		must(t, os.Truncate(name, 0)) // mapped as it was: the next to open it sees it
	}
	must(t, os.Remove(filepath.Join(x.s.o.Index, "catalogue.db")))
	must(t, os.WriteFile(filepath.Join(x.s.o.Index, "catalogue.db"), []byte("nothing"), 0o644))
	time.Sleep(lookEvery)
	a := x.get("/v1/items?order=class")
	if strings.Contains(string(a.body), filepath.Dir(x.folder)+"/photos.dvml") && a.StatusCode >= 400 {
		t.Errorf("%s", a.body)
	}
	x.get("/healthz/live").expect(t, 200)
}

// Every request counts once, in series that were there before; what clients send makes no series.
func TestMetrics(t *testing.T) {
	x := served(t, &colours{}, 7)
	read := func() map[string]string {
		got := map[string]string{}
		for line := range strings.Lines(string(x.get("/metrics").expect(t, 200).body)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && strings.HasPrefix(name, "dvml_") {
				got[name] = value
			}
		}
		return got
	}
	before := read()
	for _, name := range []string{`dvml_requests_total{code="200",route="/v1/compare"}`, `dvml_request_duration_seconds_count{route="/v1/embed"}`, `dvml_rejected_total{reason="queue"}`,
		"dvml_queue_length", "dvml_search_seconds_count", "dvml_panics_total"} {
		if before[name] != "0" {
			t.Errorf("%s is %q", name, before[name])
		}
	}
	if before["dvml_index_items"] != "7" || before["dvml_index_failed"] != "0" {
		t.Errorf("items %q, failed %q", before["dvml_index_items"], before["dvml_index_failed"])
	}
	x.post("/v1/embed", "image/jpeg", picture(9)).expect(t, 200)
	x.post("/v1/embed", "text/plain", nil).expect(t, 415)
	for i := range 50 {
		x.get(fmt.Sprintf("/view/%d?%d", i, i))
		x.get(fmt.Sprintf("/v1/none%d", i))
	}
	after := read()
	for name, want := range map[string]string{`dvml_requests_total{code="200",route="/v1/embed"}`: "1", `dvml_requests_total{code="415",route="/v1/embed"}`: "1",
		`dvml_rejected_total{reason="type"}`: "1", `dvml_request_duration_seconds_count{route="/v1/embed"}`: "2", "dvml_decode_seconds_count": "1",
		`dvml_requests_total{code="200",route="page"}`: "50", `dvml_requests_total{code="404",route="other"}`: "50"} {
		if after[name] != want {
			t.Errorf("%s is %q, want %s", name, after[name], want)
		}
	}
	if len(after) > len(before)+4 {
		t.Errorf("%d series became %d", len(before), len(after))
	}
}
