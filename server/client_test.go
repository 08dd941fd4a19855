package server

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A Python client that openapi-python-client generates from the document embeds, searches and writes
// a decision, and takes problems for what they are.
func TestGeneratedClient(t *testing.T) {
	python := os.Getenv("DVML_PYTHON")
	if python == "" {
		t.Skip("DVML_PYTHON names no Python with openapi-python-client; scripts/install-test-tools installs one")
	}
	m := &colours{}
	x := served(t, m, 10)
	dir := t.TempDir()
	described := filepath.Join(dir, "openapi.json")
	must(t, os.WriteFile(described, x.get("/openapi.json").expect(t, 200).body, 0o644))
	photograph := filepath.Join(dir, "a.jpg")
	must(t, os.WriteFile(photograph, picture(7), 0o644))
	python3 := func(args ...string) []byte {
		t.Helper()
		var said bytes.Buffer
		c := exec.Command(python, args...)
		c.Env = append(os.Environ(), "PYTHONPATH="+dir, "PYTHONDONTWRITEBYTECODE=1")
		c.Stderr = &said
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, said.Bytes())
		}
		return out
	}
	python3("-m", "openapi_python_client", "generate", "--path", described, "--meta", "none", "--output-path", filepath.Join(dir, "dvml_client"))
	var got struct {
		Items, Two int
		Embedding  []float32
		Found      []int64
		Like       []int64
		Decided    string
	}
	must(t, json.Unmarshal(python3("testdata/client.py", x.http.URL, photograph, testToken), &got))
	want, err := m.EmbedPrepared(t.Context(), mustPrepare(t, m, picture(7)))
	must(t, err)
	if got.Items != 10 || got.Two != 2 || !equal(got.Embedding, want) || len(got.Found) != 3 || got.Found[0] != 6 || len(got.Like) != 3 || got.Decided != "odd" {
		t.Errorf("%+v", got)
	}
}
