package run

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzReadRows reads foreign metrics tables; what is accepted can be opened to go on from, and keeps its rows then.
func FuzzReadRows(f *testing.F) {
	for _, text := range []string{"step,loss,R@1\n1,2.5,\n2,,0.5\n", "step\n", "step,a\n1,NaN\n2,1e400\n", "step,a\n1,\"x\n", "step,a,a\n-1,1,2\n3", ""} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "metrics.csv")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		rows, err := ReadRows(path)
		if err != nil {
			return
		}
		last := 0
		for _, r := range rows {
			last = max(last, r.Step)
		}
		table, err := OpenTable(path, []string{"a"}, last)
		if err != nil {
			t.Fatal(err)
		}
		defer table.Close()
		if kept, err := ReadRows(path); err != nil || len(kept) != len(rows) {
			t.Fatalf("%d rows of %d are left: %v", len(kept), len(rows), err)
		}
	})
}
