package download

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// content is what the server holds.
var content = bytes.Repeat([]byte("weights of a network, "), 5000)

func digits(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:8]
}

// server serves content with ranges, and breaks each connection after cut bytes where cut is positive.
func server(t *testing.T, cut int, ranges bool, asked *[]string) Source {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			*asked = append(*asked, r.Header.Get("Range"))
		}
		if !ranges {
			r.Header.Del("Range")
		}
		if cut > 0 {
			w = &breaking{ResponseWriter: w, left: cut}
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(s.Close)
	return Source{URL: s.URL + "/models/net-" + digits(content) + ".pth", SHA256: digits(content)}
}

// breaking drops the connection after some bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		b.ResponseWriter.Write(p[:b.left])
		http.NewResponseController(b.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

func quick(t *testing.T) Options {
	return Options{Folder: t.TempDir(), Attempts: 3, Wait: time.Millisecond}
}

func checkFile(t *testing.T, path string) {
	t.Helper()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file holds %d bytes, %v", len(got), err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFetchAndCache(t *testing.T) {
	var asked []string
	s, o := server(t, 0, true, &asked), quick(t)
	var done, total int64
	o.Progress = func(d, all int64) { done, total = d, all }
	for range 2 {
		path, err := s.Fetch(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		checkFile(t, path)
	}
	if len(asked) != 1 {
		t.Errorf("the server was asked %d times, the second time the file is in the cache", len(asked))
	}
	if done != int64(len(content)) || total != done {
		t.Errorf("progress ended at %d of %d", done, total)
	}
}

func TestFetchGoesOnAfterCuts(t *testing.T) {
	var asked []string
	s := server(t, 30_000, true, &asked)
	path, err := s.Fetch(t.Context(), quick(t))
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, path)
	if want := "[ bytes=30000- bytes=60000- bytes=90000-]"; fmt.Sprint(asked) != want {
		t.Errorf("ranges asked: %v, want %s", asked, want)
	}
}

func TestFetchGoesOnInAnotherCall(t *testing.T) {
	s, o := server(t, 0, true, nil), quick(t)
	partial := filepath.Join(o.Folder, s.File()) + ".partial"
	for what, have := range map[string][]byte{"half": content[:len(content)/2], "all": content, "too much": append(bytes.Clone(content), 1)} {
		os.Remove(filepath.Join(o.Folder, s.File()))
		if err := os.WriteFile(partial, have, 0o666); err != nil {
			t.Fatal(err)
		}
		path, err := s.Fetch(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		checkFile(t, path)
	}
}

// Of two that fetch a file the second waits and finds it.
func TestTwoFetchAtOnce(t *testing.T) {
	var asked []string
	s, o := server(t, 0, true, &asked), quick(t)
	waits, second := make(chan struct{}), make(chan error, 1)
	begin := sync.OnceFunc(func() {
		go func() {
			other := o
			other.Progress, other.Waiting = nil, func() { close(waits) }
			_, err := s.Fetch(t.Context(), other)
			second <- err
		}()
		<-waits
	})
	o.Progress = func(int64, int64) { begin() }
	path, err := s.Fetch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, path)
	if err := <-second; err != nil || len(asked) != 1 {
		t.Errorf("the second: %v; the server was asked %d times", err, len(asked))
	}
	if left, err := os.ReadDir(o.Folder); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestFetchWithoutRanges(t *testing.T) {
	s, o := server(t, 0, false, nil), quick(t)
	if err := os.WriteFile(filepath.Join(o.Folder, s.File())+".partial", content[100:200], 0o666); err != nil {
		t.Fatal(err)
	}
	path, err := s.Fetch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	checkFile(t, path)

	// A server that knows no ranges and always breaks is given up.
	var asked []string
	s = server(t, 30_000, false, &asked)
	if _, err := s.Fetch(t.Context(), quick(t)); err == nil || len(asked) != 1+3 {
		t.Errorf("%v after %d connections", err, len(asked))
	}
}

func TestFetchRefusesAnotherFile(t *testing.T) {
	s, o := server(t, 0, true, nil), quick(t)
	s.SHA256 = "00000000"
	if _, err := s.Fetch(t.Context(), o); !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), digits(content)) {
		t.Errorf("another file: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(o.Folder, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	s.SHA256 = digits(content)
	path := filepath.Join(o.Folder, s.File())
	if err := os.WriteFile(path, content[1:], 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fetch(t.Context(), o); !errors.Is(err, ErrChecksum) || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("a damaged file in the cache: %v", err)
	}
}

func TestFetchWithoutNetwork(t *testing.T) {
	s, o := server(t, 0, true, nil), quick(t)
	s.URL = "http://127.0.0.1:1/models/" + s.File()
	failed := 0
	o.Failed = func(error, time.Duration) { failed++ }
	_, err := s.Fetch(t.Context(), o)
	if failed != o.Attempts-1 {
		t.Errorf("%d failures told of in %d attempts", failed, o.Attempts)
	}
	if err != nil && strings.Count(err.Error(), s.URL) != 1 {
		t.Errorf("the error names the address more than once: %v", err)
	}
	for _, want := range []string{s.URL, s.SHA256, filepath.Join(o.Folder, s.File())} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not say %q", err, want)
		}
	}
	var answers atomic.Int32
	gone := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answers.Add(1); http.NotFound(w, nil) }))
	defer gone.Close()
	s.URL = gone.URL + "/models/" + s.File()
	if _, err := s.Fetch(t.Context(), o); err == nil || !strings.Contains(err.Error(), "404") || answers.Load() != 1 {
		t.Errorf("a file that is gone: %v after %d attempts", err, answers.Load())
	}
}

func TestFetchStops(t *testing.T) {
	s := server(t, 10, true, nil)
	ctx, cancel := context.WithCancel(t.Context())
	o := quick(t)
	o.Progress = func(int64, int64) { cancel() }
	if _, err := s.Fetch(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

func TestNames(t *testing.T) {
	for _, name := range Names() {
		s, err := Lookup(name)
		if err != nil || !strings.HasSuffix(s.File(), "-"+s.SHA256+".pth") {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	if _, err := Fetch(t.Context(), "torchvision:nothing", Options{}); err == nil || !strings.Contains(err.Error(), "torchvision:googlenet") {
		t.Errorf("an unknown name: %v", err)
	}
	t.Setenv(CacheVariable, "/somewhere")
	if dir, err := CacheFolder(); err != nil || dir != "/somewhere" {
		t.Errorf("cache in %q, %v", dir, err)
	}
}

func ExampleLookup() {
	s, err := Lookup("torchvision:googlenet")
	if err != nil {
		panic(err)
	}
	fmt.Println(s.File())
	// Output: googlenet-1378be20.pth
}
