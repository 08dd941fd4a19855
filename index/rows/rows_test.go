package rows

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written makes a file of n random bytes in pieces, and returns them with its state.
func written(t testing.TB, path string, h Header, n int) ([]byte, State) {
	t.Helper()
	w, err := Create(OS{}, path, h)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	for at := 0; at < n; {
		end := min(n, at+1+rng.IntN(3*BlockBytes))
		if err := w.Append(data[at:end]); err != nil {
			t.Fatal(err)
		}
		at = end
		if rng.IntN(2) == 0 { // as a later run does
			s, err := w.Sync()
			if err != nil {
				t.Fatal(err)
			}
			w.Close()
			if w, err = Reopen(OS{}, path, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := w.Sync()
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	return data, s
}

func TestRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, BlockBytes - 1, BlockBytes, BlockBytes + 1, 5*BlockBytes + 77} {
		path := filepath.Join(t.TempDir(), "bytes")
		h := Header{"bytes", 1}
		data, s := written(t, path, h, n)
		m, err := Open(path, h, s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Bytes(0, n)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes come back as others, %v", n, err)
		}
		if _, err := m.Bytes(1, n); err == nil {
			t.Errorf("%d bytes: one beyond the end is handed out", n)
		}
		if bad := m.Check(); bad != nil {
			t.Errorf("%d bytes: %v", n, bad)
		}
		m.Close()
	}
}

// A flipped byte anywhere is found, named, and its block not handed out, while the others are.
func TestFlippedBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bytes")
	h := Header{"bytes", 1}
	data, s := written(t, path, h, 3*BlockBytes+100)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 9, 20, 33, 4095, HeaderBytes, HeaderBytes + BlockBytes - 1, HeaderBytes + BlockBytes, HeaderBytes + 2*BlockBytes + 5, len(file) - 1} {
		broken := bytes.Clone(file)
		broken[at] ^= 0x10
		if err := os.WriteFile(path, broken, 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := Open(path, h, s)
		if at < HeaderBytes {
			if err == nil {
				t.Errorf("byte %d of the header is flipped and nobody notices", at)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		block := (at - HeaderBytes) / BlockBytes
		for b := range 4 {
			n := min(BlockBytes, len(data)-b*BlockBytes)
			got, err := m.Bytes(int64(b*BlockBytes), n)
			var damage *Damage
			if b == block && (!errors.As(err, &damage) || damage.Block != b) {
				t.Errorf("byte %d: block %d is handed out: %v", at, b, err)
			}
			if b != block && (err != nil || !bytes.Equal(got, data[b*BlockBytes:][:n])) {
				t.Errorf("byte %d: block %d is not handed out: %v", at, b, err)
			}
		}
		if bad := m.Check(); len(bad) != 1 || bad[0].Block != block {
			t.Errorf("byte %d: Check says %v", at, bad)
		}
		m.Close()
	}
}

func TestOpenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bytes")
	h := Header{"bytes", 4}
	_, s := written(t, path, h, 400)
	for _, c := range []struct {
		h    Header
		s    State
		says string
	}{
		{Header{"other", 4}, s, `holds "bytes" in rows of 4 bytes; expected "other" in rows of 4`},
		{Header{"bytes", 8}, s, "expected \"bytes\" in rows of 8"},
		{h, State{404, s.Sums}, "is cut off"},
		{h, State{400, nil}, "do not fit together"},
		{h, State{-4, nil}, "do not fit together"},
	} {
		if _, err := Open(path, c.h, c.s); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: the error %v does not say %q", c.h, err, c.says)
		}
	}
}

// What is read stays as it was while a writer appends, and Grown shows the rest without mapping anew.
func TestGrown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bytes")
	h := Header{"bytes", 1}
	data, s := written(t, path, h, BlockBytes+10)
	m, err := Open(path, h, s)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	w, err := Reopen(OS{}, path, s)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	more := bytes.Repeat([]byte{7}, BlockBytes)
	if err := w.Append(more); err != nil {
		t.Fatal(err)
	}
	after, err := w.Sync()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Bytes(0, len(data)); err != nil || !bytes.Equal(got, data) {
		t.Errorf("the old state changed: %v", err)
	}
	g, ok := m.Grown(after)
	if !ok {
		t.Fatal("the file is mapped anew")
	}
	if got, err := g.Bytes(int64(len(data)), len(more)); err != nil || !bytes.Equal(got, more) {
		t.Errorf("what was appended is not read: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	h := Header{"bytes", 4}
	_, s := written(f, filepath.Join(f.TempDir(), "bytes"), h, 400)
	f.Add(append(h.encode(), make([]byte, 400)...), s.Size, s.Sums[0], 4)
	f.Add([]byte(magic), int64(0), uint32(0), 1)
	f.Fuzz(func(t *testing.T, file []byte, size int64, sum uint32, row int) {
		path := filepath.Join(t.TempDir(), "bytes")
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		m, err := Open(path, Header{"bytes", max(1, row)}, State{size, []uint32{sum}})
		if err != nil {
			return
		}
		defer m.Close()
		if b, err := m.Bytes(0, int(size)); err == nil && len(m.Check()) > 0 {
			t.Errorf("%d bytes of a damaged block are handed out", len(b))
		}
	})
}
