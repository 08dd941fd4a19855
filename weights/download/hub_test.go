package download

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/weights/onnxfile"
)

const (
	head   = "0123456789abcdef0123456789abcdef01234567"
	tagged = "89abcdef0123456789abcdef0123456789abcdef"
)

// hub is a server that answers as the Hugging Face hub does, with the files of one repository.
type hub struct {
	*httptest.Server
	files map[string][]byte
	small map[string]bool // not in LFS
	cut   int             // bytes after which connections break; 0: never
	asked []string
}

func newHub(t *testing.T) *hub {
	h := &hub{files: map[string][]byte{"README.md": []byte("a card")}, small: map[string]bool{"README.md": true}}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	t.Setenv(EndpointVariable, h.URL)
	return h
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.asked = append(h.asked, r.URL.Path)
	commits := map[string]string{"main": head, "v1": tagged, head: head, tagged: tagged}
	if revision, ok := strings.CutPrefix(r.URL.Path, "/api/models/them/net/revision/"); ok && commits[revision] != "" && r.URL.Query().Get("blobs") == "true" {
		l := map[string]any{"sha": commits[revision]}
		var files []any
		for name, content := range h.files {
			f := map[string]any{"rfilename": name, "size": len(content)}
			blob := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(content)), content...))
			f["blobId"] = hex.EncodeToString(blob[:])
			if !h.small[name] {
				sum := sha256.Sum256(content)
				f["blobId"], f["lfs"] = strings.Repeat("a", 40), map[string]any{"sha256": hex.EncodeToString(sum[:]), "size": len(content)}
			}
			files = append(files, f)
		}
		l["siblings"] = files
		json.NewEncoder(w).Encode(l)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, "/them/net/resolve/"); ok { // as the hub does, by way of another address
		http.Redirect(w, r, "/storage/"+rest, http.StatusFound)
		return
	}
	rest, _ := strings.CutPrefix(r.URL.Path, "/storage/")
	_, name, _ := strings.Cut(rest, "/")
	content, ok := h.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if h.cut > 0 {
		w = &breaking{ResponseWriter: w, left: h.cut}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// network is a small ONNX model of a size that tells it from others.
func network(weights int) []byte {
	return (&onnxfile.Model{IR: 8, Opsets: map[string]int{"": 17}, Graph: &onnxfile.Graph{Name: "g",
		Initializers: []*onnxfile.Tensor{onnxfile.NewFloats("w", []int{weights}, make([]float32, weights))}}}).Marshal()
}

func hubbed(t *testing.T, name string, o Options) []byte {
	t.Helper()
	path, err := Fetch(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A file comes whole over broken connections, is checked, and is there the second time; a revision
// that is known needs no network.
func TestHub(t *testing.T) {
	h, o := newHub(t), quick(t)
	h.files["onnx/model.onnx"], h.files["onnx/model fp16.onnx"] = network(30_000), network(10)
	h.cut = 50_000
	var done, total int64
	o.Progress = func(d, all int64) { done, total = d, all }
	for range 2 {
		if got := hubbed(t, "hf:them/net", o); !bytes.Equal(got, h.files["onnx/model.onnx"]) {
			t.Fatalf("%d bytes", len(got))
		}
	}
	if total != int64(len(h.files["onnx/model.onnx"])) || done != total {
		t.Errorf("progress ended at %d of %d", done, total)
	}
	if got := hubbed(t, "hf:them/net/onnx/model fp16.onnx", o); !bytes.Equal(got, network(10)) {
		t.Errorf("%d bytes of another file", len(got))
	}
	h.cut = 0
	if got := hubbed(t, "hf:them/net@v1/onnx/model.onnx", o); !bytes.Equal(got, h.files["onnx/model.onnx"]) {
		t.Errorf("%d bytes of another revision", len(got))
	}
	hubbed(t, "hf:them/net@"+tagged, o)
	before := len(h.asked)
	hubbed(t, "hf:them/net@"+tagged, o)
	if asked := h.asked[before:]; len(asked) > 0 {
		t.Errorf("of a commit that is in the cache the hub was asked %v", asked)
	}
	h.Close()
	hubbed(t, "hf:them/net", o) // without a network, what was there last
}

// Files that hold weights apart come along; one that is not in LFS is checked by git's hash.
func TestHubExternalData(t *testing.T) {
	h, o := newHub(t), quick(t)
	model, err := os.ReadFile("testdata/external.onnx")
	if err != nil {
		t.Fatal(err)
	}
	h.files["model.onnx"], h.files["model.onnx_data"], h.small["model.onnx"] = model, make([]byte, 16), true
	path, err := Fetch(t.Context(), "hf:them/net", o)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(filepath.Dir(path), "model.onnx_data")); err != nil || len(data) != 16 {
		t.Errorf("the weights beside it: %d bytes, %v", len(data), err)
	}
	delete(h.files, "model.onnx_data")
	if _, err := Fetch(t.Context(), "hf:them/net", Options{Folder: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "has no file model.onnx_data") {
		t.Errorf("without the weights: %v", err)
	}
}

// What is wrong is said: other bytes, no such repository, several files, none, names that lead away.
func TestHubRefuses(t *testing.T) {
	h, o := newHub(t), quick(t)
	h.files["a.onnx"], h.files["b.onnx"] = network(1), network(2)
	refused := func(name string, wants ...string) {
		t.Helper()
		_, err := Fetch(t.Context(), name, o)
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
	}
	refused("hf:them/net", "hf:them/net/a.onnx", "hf:them/net/b.onnx")
	refused("hf:them/net/c.onnx", "name one of its files")
	refused("hf:them/other", "404", "not open to all")
	refused("hf:them", "OWNER/REPO")
	refused("hf:them/net/../../x.onnx", "leads out of it")
	refused("hf:../net", "OWNER/REPO")

	l, err := Hub{Owner: "them", Name: "net", Revision: "main"}.list(t.Context(), t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range l.Files {
		if l.Files[i].LFS != nil {
			l.Files[i].LFS.SHA256 = strings.Repeat("0", 64)
		}
	}
	if _, err := (Hub{Owner: "them", Name: "net"}).fetch(t.Context(), t.TempDir(), l, "a.onnx", o); !errors.Is(err, ErrChecksum) {
		t.Errorf("other bytes than the hub's hash says: %v", err)
	}
	delete(h.files, "a.onnx")
	delete(h.files, "b.onnx")
	refused("hf:them/net", "has no ONNX file")
}

// Without a network the error says which file to bring and where; put there, it is used.
func TestHubWithoutNetwork(t *testing.T) {
	o := quick(t)
	t.Setenv(EndpointVariable, "http://127.0.0.1:1")
	_, err := Fetch(context.Background(), "hf:them/net/onnx/model.onnx", o)
	place := filepath.Join(o.Folder, "hf", "them", "net", "main", "onnx", "model.onnx")
	for _, want := range []string{"http://127.0.0.1:1/them/net/resolve/main/onnx/model.onnx", place, "hf:them/net/onnx/model.onnx"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, network(3), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := hubbed(t, "hf:them/net/onnx/model.onnx", o); !bytes.Equal(got, network(3)) {
		t.Errorf("%d bytes", len(got))
	}
}
